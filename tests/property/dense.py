"""Random pipelines over three fields, so that what one stage writes, drops or unwinds is what another one reads.

Where `pipelines` looks for values that nobody expects, this looks for stages that meet: few paths, few values, short
predicates on keys of groups, and no stage whose answer depends on an order.
"""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st
from pipelines import BAG, COLLECTION, Promise

NAMES = ("a", "b", "n")
VALUE_PATHS = (*NAMES, "a.x", "b.x", "_id")
MATCH_PATHS = (*VALUE_PATHS, "a.0", "a.0.x", "n.x", "_id.x", "_id.y")

#: One of each kind that paths, lists and groups treat differently.
VALUES = st.sampled_from(
    [
        *(None, 1, 1.0, 2, "s", True, math.nan),
        *([], [1], [1, 2], [[1]], [{}], [{"x": 1}, 3], [{"y": 2}, {"x": [1, 2]}], [[{"x": 1}]]),
        *({}, {"x": 1}, {"x": None}, {"y": 1}),
    ]
)
DOCUMENTS = st.lists(st.fixed_dictionaries({}, optional={"a": VALUES, "b": VALUES}), min_size=1, max_size=8)
FIELDS = st.sampled_from(VALUE_PATHS).map(lambda path: f"${path}")
COMPUTED = st.one_of(
    FIELDS,
    FIELDS,
    VALUES.map(lambda value: {"$literal": value}),
    st.builds(lambda name, of: {name: of}, st.sampled_from(["x", "y"]), FIELDS),
    st.builds(lambda one, other: {"$ifNull": [one, other]}, FIELDS, FIELDS),
)
KEYS = st.one_of(
    st.none(),
    FIELDS,
    st.builds(lambda of: {"x": of}, FIELDS),
    st.builds(lambda one, other: {"x": one, "y": other}, FIELDS, FIELDS),
)
#: What an element is asked: the element itself, or the documents among the elements.
ELEMENT_TESTS = st.one_of(
    st.builds(lambda op, values: {op: values}, st.sampled_from(["$in", "$nin"]), st.lists(VALUES, max_size=2)),
    st.builds(lambda one, other: {"$nin": one, "$in": other}, st.lists(VALUES, max_size=1), st.lists(VALUES)),
    st.builds(lambda values: {"x": {"$nin": values}}, st.lists(VALUES, max_size=1)),
    st.builds(lambda value: {"$not": {"$gt": value}}, VALUES),
)


def tests(paths: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """A test of one path, or two of them."""
    compared = st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"])
    one = st.one_of(
        st.builds(lambda path, op, value: {path: {op: value}}, paths, compared, VALUES),
        st.builds(
            lambda path, op, values: {path: {op: values}},
            paths,
            st.sampled_from(["$in", "$nin"]),
            st.lists(VALUES, max_size=2),
        ),
        st.builds(lambda path, there: {path: {"$exists": there}}, paths, st.booleans()),
        st.builds(lambda path, value: {path: {"$not": {"$gt": value}}}, paths, VALUES),
        st.builds(lambda path, test: {path: {"$elemMatch": test}}, paths, ELEMENT_TESTS),
        st.builds(lambda path, test: {path: {"$not": {"$elemMatch": test}}}, paths, ELEMENT_TESTS),
    )
    return one | st.builds(lambda op, *two: {op: [*two]}, st.sampled_from(["$and", "$or", "$nor"]), one, one)


MATCHES = st.lists(tests(st.sampled_from(MATCH_PATHS)), min_size=1, max_size=3).map(lambda terms: {"$and": terms})


def _apart(paths: list[str]) -> list[str]:
    """Those of some paths that share no field: the server takes no others together."""
    return list({path.split(".")[0]: path for path in paths}.values())


def _some(*paths: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(paths), min_size=1, max_size=3, unique=True).map(_apart)


@st.composite
def _projection(draw: st.DrawFn) -> dict[str, Any]:
    if draw(st.integers(0, 2)) == 0:
        return dict.fromkeys(draw(_some(*NAMES, "_id", BAG)), 0)
    body = {name: draw(st.just(1) | COMPUTED) for name in draw(_some(*NAMES))}
    return body | ({"_id": 0} if draw(st.integers(0, 3)) == 0 else {})


@st.composite
def _unwound(draw: st.DrawFn) -> dict[str, Any]:
    path = draw(st.sampled_from(["a", "b", "n", "a.x"]))
    body = {"path": f"${path}", "preserveNullAndEmptyArrays": draw(st.booleans())}
    return body | ({"includeArrayIndex": "n"} if draw(st.booleans()) else {})


@st.composite
def _grouped(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True))
    return {"_id": draw(KEYS)} | {name: {draw(st.sampled_from(["$sum", "$min"])): draw(FIELDS)} for name in names}


STAGES = st.one_of(
    *[MATCHES.map(lambda body: {"$match": body})] * 4,
    *[
        _some(*NAMES, "a.x", "b.x")
        .flatmap(lambda paths: st.fixed_dictionaries(dict.fromkeys(paths, COMPUTED)))
        .map(lambda body: {"$set": body})
    ]
    * 3,
    _some(*NAMES, "a.x", BAG).map(lambda paths: {"$unset": paths}),
    _projection().map(lambda body: {"$project": body}),
    _unwound().map(lambda body: {"$unwind": body}),
    *[_grouped().map(lambda body: {"$group": body})] * 2,
    st.sampled_from(["a", "n", "_id"]).map(
        lambda path: {"$lookup": {"from": COLLECTION, "localField": path, "foreignField": "_id", "as": BAG}}
    ),
    st.sampled_from(NAMES).map(lambda name: {"$sort": {name: 1}}),
    st.just({"$count": "n"}),
)


def pipelines() -> st.SearchStrategy[tuple[list[dict[str, Any]], Promise]]:
    """Stages, and what is promised of their answer: no order, and values of numbers only once a group joined some."""

    def promised(stages: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], Promise]:
        return stages, Promise(key=None, joined=any("$group" in stage for stage in stages))

    return st.lists(STAGES, min_size=2, max_size=6).map(promised)
