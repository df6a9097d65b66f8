"""Random pipelines that take lists of documents apart, and documents whose lists hold what nobody expects."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from pipelines import Promise

SCALARS = st.sampled_from([0, 1, 1.0, 2, "a", None, True])
LISTS = st.lists(SCALARS, max_size=2)
#: Fields that are missing, null, lists or documents.
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "x": SCALARS | LISTS,
        "y": SCALARS,
        "tags": LISTS | st.none(),
        "deep": st.fixed_dictionaries({"x": SCALARS}),
    },
)
#: Mostly documents; also null, values, lists of documents, and an empty document.
MIXED = st.lists(MEMBERS | MEMBERS | SCALARS | st.lists(MEMBERS, max_size=2), max_size=3)
ITEMS = MIXED | st.lists(MEMBERS, max_size=3) | MEMBERS | SCALARS
DOCUMENTS = st.lists(
    st.fixed_dictionaries({}, optional={"items": ITEMS, "n": SCALARS, "i": SCALARS}), min_size=1, max_size=6
)

PATHS = ("items", "items.x", "items.y", "items.tags", "items.deep.x", "items.0.x", "items.x.0", "n", "i")


@st.composite
def tests(draw: st.DrawFn) -> dict[str, Any]:
    """One test, of an element more often than not."""
    path = draw(st.sampled_from(PATHS[:5] * 2 + PATHS))
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return {path: {draw(st.sampled_from(["$in", "$nin"])): draw(st.lists(SCALARS, min_size=1, max_size=2))}}
    if kind == 1:
        return {path: {"$exists": draw(st.booleans())}}
    if kind == 2:
        return {path: {"$not": {"$gt": draw(SCALARS)}}}
    if kind == 3:
        return {"items": {"$elemMatch": {draw(st.sampled_from(["x", "y"])): draw(SCALARS)}}}
    return {path: {draw(st.sampled_from(["$eq", "$ne", "$gt", "$lte"])): draw(SCALARS)}}


@st.composite
def matches(draw: st.DrawFn) -> dict[str, Any]:
    """One test or two."""
    terms = draw(st.lists(tests(), min_size=1, max_size=2))
    return {"$match": {draw(st.sampled_from(["$and", "$and", "$or", "$nor"])): terms}}


@st.composite
def unwinds(draw: st.DrawFn) -> dict[str, Any]:
    """Of the list itself, or of one inside its elements."""
    path = draw(st.sampled_from(["$items", "$items", "$items.tags"]))
    body: dict[str, Any] = {"path": path, "preserveNullAndEmptyArrays": draw(st.booleans())}
    if draw(st.booleans()):
        body["includeArrayIndex"] = draw(st.sampled_from(["i", "items.i"])) if path == "$items" else "i"
    return {"$unwind": body}


@st.composite
def changes(draw: st.DrawFn) -> dict[str, Any]:
    """What keeps each document and changes its fields."""
    return draw(
        st.sampled_from(
            [
                {"$set": {"items.z": {"$literal": 1}}},
                {"$set": {"m": "$items.x"}},
                {"$unset": "items.y"},
                {"$project": {"items.x": 1, "i": 1}},
                {"$project": {"items.tags": 0}},
                {"$sort": {"_id": 1}},
            ]
        )
    )


@st.composite
def pipelines(draw: st.DrawFn) -> tuple[list[dict[str, Any]], Promise]:
    """A list taken apart once or twice, with matches before and behind, and maybe grouped in the end."""
    stages = draw(st.lists(matches() | changes(), max_size=2))
    stages.append(draw(unwinds()))
    stages += draw(st.lists(matches() | matches() | changes() | unwinds(), min_size=1, max_size=3))
    joined = draw(st.booleans())
    if joined:
        key = draw(st.sampled_from(["$items.x", "$i", "$n", "$items", {"k": "$items.x", "i": "$i"}]))
        stages.append({"$group": {"_id": key, "m": {"$sum": 1}}})
        if draw(st.booleans()):
            stages.append({"$match": {"m": {"$gte": draw(st.integers(1, 2))}}})
    return stages, Promise(key=None, joined=joined)
