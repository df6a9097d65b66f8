"""Random pipelines, and how much of their answer is promised.

A pipeline's answer is a list only while a sort with a unique key is in force, and a value's number type is only kept
until a group joins what is equal. `Promise` follows both while a pipeline is drawn, so that nothing is drawn whose
answer the server may choose: no limit without an order, no first or push without one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from hostile import POSITIONS, SCALARS, filters
from hypothesis import strategies as st

#: Field paths of the aggregation language, which knows no empty names: even a match loses them behind another stage.
VALUE_PATHS = ("a", "b", "a.x", "\xe9", "m", "n", "n.x", "_id")
#: The part of a key that `_group` makes is missing in every other document.
MATCH_PATHS = (*VALUE_PATHS, *POSITIONS, "_id.k")
#: A field that is a set in no order: it is kept or dropped as a whole and never looked into.
BAG = "bag"
#: What documents are joined with: their own collection.
COLLECTION = "things"

OPERANDS = st.one_of(SCALARS, st.lists(SCALARS, max_size=2), st.fixed_dictionaries({"x": SCALARS}))
LITERALS = st.builds(lambda value: {"$literal": value}, OPERANDS)
DIRECTIONS = st.sampled_from([1, -1])


@dataclass(frozen=True)
class Promise:
    """What is known of the documents between two stages."""

    #: Paths whose values together are different in every document; none when no such paths are known.
    key: tuple[str, ...] | None = ("_id",)
    #: The documents stand in an order without ties.
    ordered: bool = False
    #: Numbers of one value may have been exchanged for each other.
    joined: bool = False
    #: The fields that a later stage may name; none when any may be there.
    fields: frozenset[str] | None = None

    def named(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Those of some paths that a later stage may name."""
        return tuple(path for path in paths if self.fields is None or path.split(".")[0] in self.fields)

    def with_field(self, path: str) -> Promise:
        """After a field was stored at this path."""
        return self if self.fields is None else replace(self, fields=self.fields | {path.split(".")[0]})

    def without(self, *paths: str) -> Promise:
        """After the fields at these paths were dropped or overwritten."""
        touched = any(_within(key, path) or _within(path, key) for key in self.key or () for path in paths)
        return replace(self, key=None) if touched else self


@lru_cache
def arguments(paths: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Fields and literals."""
    return st.sampled_from([f"${path}" for path in paths]) | LITERALS if paths else LITERALS


@lru_cache
def expressions(paths: tuple[str, ...], failing: bool = True) -> st.SearchStrategy[Any]:
    """Values computed from these fields; `failing`, some also of types that an operator refuses."""
    fields = st.sampled_from([f"${path}" for path in paths]) if paths else st.nothing()
    # Of constants they would fail always and at once.
    demanding = st.one_of(
        st.builds(lambda of: {"$cond": [{"$isArray": [of]}, {"$size": of}, None]}, fields),
        st.builds(lambda of: {"$cond": [{"$isNumber": of}, {"$add": [of, 1]}, None]}, fields),
    )
    if failing:
        demanding |= st.builds(lambda left, right: {"$add": [left, right]}, fields, arguments(paths))
        demanding |= st.builds(lambda of: {"$size": of}, fields)
    binary = st.sampled_from(["$eq", "$ne", "$gt", "$lte", "$ifNull", "$and", "$or", "$cmp"])
    return st.recursive(
        arguments(paths),
        lambda inner: st.one_of(
            st.builds(lambda op, left, right: {op: [left, right]}, binary, inner, inner),
            st.builds(lambda op, of: {op: [of]}, st.sampled_from(["$not", "$isArray", "$isNumber"]), inner),
            st.builds(lambda *of: {"$cond": list(of)}, inner, inner, inner),
            demanding,
        ),
        max_leaves=4,
    )


@lru_cache
def stored(paths: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """What a field is computed as; the fields of a document are written one by one, beside those that are there."""
    values = arguments(paths) | expressions(paths)
    return values | st.builds(lambda name, value: {name: value}, st.sampled_from(["k", "x"]), values)


@lru_cache
def predicates(matched: tuple[str, ...], computed: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Filters on some paths, and expressions over others that are true.

    None fails: the server tests the terms of one match, and matches in a row, in an order of its own.
    """
    truths = st.builds(lambda of: {"$expr": of}, expressions(computed, failing=False))
    return filters(st.sampled_from(matched), OPERANDS) | truths if matched else truths


def _within(path: str, outer: str) -> bool:
    return path == outer or path.startswith(outer + ".")


@st.composite
def _match(draw: st.DrawFn, promise: Promise) -> tuple[dict[str, Any], Promise]:
    return {"$match": draw(predicates(promise.named(MATCH_PATHS), promise.named(VALUE_PATHS)))}, promise


@st.composite
def _project(draw: st.DrawFn, promise: Promise) -> tuple[dict[str, Any], Promise]:
    paths = promise.named(VALUE_PATHS)
    names = promise.named(("a", "b", "m", "n", "\xe9", "i", BAG))
    body: dict[str, Any] = {}
    after = promise
    if names and draw(st.booleans()):
        dropped = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
        body = dict.fromkeys(dropped, 0)
        after = promise.without(*dropped)
        if after.fields is not None:
            after = replace(after, fields=after.fields - {*dropped})
    else:
        some = draw(st.lists(st.sampled_from(names), unique=True)) if names else ()
        every = promise.fields is not None and draw(st.booleans())
        body = dict.fromkeys(names if every else some, 1)
        lost = {*(promise.key or ())} - {*body, "_id"}
        most = 0 if every and body else 2
        for name in draw(st.lists(st.sampled_from(["n", "b"]), min_size=not body, max_size=most, unique=True)):
            body[name] = draw(stored(paths))
            lost.add(name)
        after = replace(promise.without(*lost), fields=frozenset({*body, *promise.named(["_id"])}))
    if promise.named(["_id"]) and draw(st.integers(0, 2)) == 0:
        body["_id"] = 0
        after = after.without("_id")
        if after.fields is not None:
            after = replace(after, fields=after.fields - {"_id"})
    return {"$project": body}, after


@st.composite
def _set(draw: st.DrawFn, promise: Promise) -> tuple[dict[str, Any], Promise]:
    paths = draw(st.lists(st.sampled_from(["n", "b", "m", "n.x", "a"]), min_size=1, max_size=2, unique=True))
    if "n" in paths:
        paths = [path for path in paths if path != "n.x"]
    name = draw(st.sampled_from(["$set", "$addFields"]))
    values = stored(promise.named(VALUE_PATHS))
    after = promise.without(*paths)
    for path in paths:
        after = after.with_field(path)
    return {name: {path: draw(values) for path in paths}}, after


@st.composite
def _unset(draw: st.DrawFn, promise: Promise) -> tuple[dict[str, Any], Promise]:
    known = promise.named(["a.x", "b", "n", BAG])
    if not known:
        return draw(_match(promise))
    names = draw(st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True))
    after = promise.without(*names)
    if after.fields is not None:
        after = replace(after, fields=after.fields - {*names})
    return {"$unset": names if len(names) > 1 or draw(st.booleans()) else names[0]}, after


@st.composite
def _sort(draw: st.DrawFn, promise: Promise) -> tuple[dict[str, Any], Promise]:
    # MongoDB cannot sort by two paths that are both lists, and says so only when it meets such a document.
    names = promise.named(["a", "n", "\xe9", "a.x"])
    keys = dict.fromkeys(draw(st.lists(st.sampled_from(names), max_size=1)) if names else (), draw(DIRECTIONS))
    total = promise.key is not None and (not keys or draw(st.integers(0, 4)) > 0)
    for path in (promise.key or ()) if total else ():
        keys[path] = draw(DIRECTIONS)
    if not keys:
        return draw(_match(promise))
    return {"$sort": keys}, replace(promise, ordered=total)


@st.composite
def _skip(draw: st.DrawFn, promise: Promise) -> tuple[dict[str, Any], Promise]:
    return {"$skip": draw(st.integers(0, 4))}, promise


@st.composite
def _limit(draw: st.DrawFn, promise: Promise) -> tuple[dict[str, Any], Promise]:
    return {"$limit": draw(st.integers(1, 5))}, promise


@st.composite
def _unwind(draw: st.DrawFn, promise: Promise) -> tuple[dict[str, Any], Promise]:
    paths = promise.named(["a", "b", "n", "a.x"])
    if not paths:
        return draw(_match(promise))
    path = draw(st.sampled_from(paths))
    form = draw(st.integers(0, 2))
    after = replace(promise.without(path), key=None)
    if form == 0:
        return {"$unwind": f"${path}"}, after
    body: dict[str, Any] = {"path": f"${path}", "preserveNullAndEmptyArrays": draw(st.booleans())}
    if form == 2:
        body["includeArrayIndex"] = "i"
        # A second index overwrites the first.
        known = promise.without(path, "i").key
        after = replace(after, key=known and (*known, "i")).with_field("i")
    return {"$unwind": body}, after


@st.composite
def _group(draw: st.DrawFn, promise: Promise) -> tuple[dict[str, Any], Promise]:
    values = arguments(promise.named(VALUE_PATHS))
    # A list as the id would be sorted by its least element, which is no unique key; inside a document it is whole.
    wrapped = draw(st.booleans())
    by = {"k": draw(values)} if wrapped else draw(st.none() | values)
    body: dict[str, Any] = {"_id": by}
    names = ["$sum", "$avg", "$min", "$max"] + (["$first", "$last", "$push"] if promise.ordered else [])
    for field in draw(st.lists(st.sampled_from(["a", "b", "n"]), max_size=2, unique=True)):
        body[field] = {draw(st.sampled_from(names)): draw(values)}
    if draw(st.booleans()):
        body["m"] = draw(st.sampled_from([{"$count": {}}, {"$sum": 1}]))
    if draw(st.booleans()):
        body[BAG] = {"$addToSet": draw(values)}
    key = ("_id",) if wrapped or by is None else None
    return {"$group": body}, Promise(key, joined=True, fields=frozenset(body))


@st.composite
def _lookup(draw: st.DrawFn, promise: Promise) -> tuple[dict[str, Any], Promise]:
    known = promise.named(["a", "a.x", "n", "_id"])
    if not known:
        return draw(_match(promise))
    local = draw(st.sampled_from(known))
    foreign = draw(st.sampled_from(["a", "b", "a.x", "_id"]))
    body = {"from": COLLECTION, "localField": local, "foreignField": foreign, "as": BAG}
    if draw(st.integers(0, 3)) == 0:
        body["pipeline"] = draw(_inner())
    return {"$lookup": body}, promise.with_field(BAG)


def _inner(*first: dict[str, Any], ordered: bool = False) -> st.SearchStrategy[list[dict[str, Any]]]:
    """A pipeline inside a stage: of all stored documents, so that it may be cut where it is in an order."""
    matches = st.builds(lambda where: {"$match": where}, predicates(MATCH_PATHS, VALUE_PATHS))
    sets = st.builds(lambda value: {"$set": {"n": value}}, stored(VALUE_PATHS))
    some = st.lists(matches | matches | sets, max_size=3)
    cut = st.builds(lambda way, count: [{"$sort": {"_id": way}}, {"$limit": count}], DIRECTIONS, st.integers(1, 3))
    ends = st.just([]) | cut if ordered else st.just([])
    return st.builds(lambda stages, end: [*first, *stages, *end], some, ends)


@st.composite
def _union(draw: st.DrawFn, promise: Promise) -> tuple[dict[str, Any], Promise]:
    """Not behind what only a group or a projection makes: a later stage may name a field of either side."""
    if promise.fields is not None:
        return draw(_match(promise))
    body = {"coll": COLLECTION, "pipeline": draw(_inner(ordered=True))}
    return {"$unionWith": body}, replace(promise, key=None, ordered=False)


@st.composite
def _facet(draw: st.DrawFn, promise: Promise) -> tuple[dict[str, Any], Promise]:
    """Each output a bag: in no order, and kept or dropped as a whole."""
    if promise.fields is not None:
        return draw(_match(promise))
    shared = draw(st.lists(st.builds(lambda where: {"$match": where}, filters(st.sampled_from(MATCH_PATHS), OPERANDS))))
    names = draw(st.sampled_from([(BAG,), (BAG, "n"), ("n", BAG)]))
    body = {}
    for name in names:
        stages = draw(_inner(*shared[:1]))
        body[name] = stages if name == BAG else [*stages, {"$count": "n"}]
    return {"$facet": body}, Promise(key=None, joined=promise.joined, fields=frozenset(body))


def _count(promise: Promise) -> st.SearchStrategy[tuple[dict[str, Any], Promise]]:
    return st.just(({"$count": "n"}, replace(promise, key=("n",), fields=frozenset({"n"}))))


ALWAYS = [*[_match, _project, _set, _set, _unset, _sort, _unwind, _group, _lookup] * 3, _count, _union, _facet]
#: What rules look for behind a stage, beside a second one of its kind.
NEXT: dict[Any, list[Any]] = {
    _set: [_set, _match, _limit, _skip, _unset, _project, _group],
    _unset: [_set, _match, _limit, _skip, _unset, _group],
    _project: [_match, _limit, _skip, _project, _group],
    _sort: [_match, _sort, _group, _limit, _set, _set, _project, _lookup],
    _unwind: [_match, _group],
    _group: [_match, _match, _project, _project, _sort],
    _lookup: [_match, _limit, _unset, _group, _unwind],
    _union: [_match, _match, _sort, _group],
    _facet: [_project, _project, _unset],
    _limit: [_skip, _limit, _match],
    _skip: [_limit, _skip, _match],
    _match: [_set, _unset, _project, _unwind, _group, _sort, _lookup],
    _count: [_project, _sort],
}


@st.composite
def pipelines(draw: st.DrawFn, most: int = 6) -> tuple[list[dict[str, Any]], Promise]:
    """Stages, and what is promised of their answer."""
    stages: list[dict[str, Any]] = []
    promise = Promise()
    kind = draw(st.sampled_from([_match, _sort]))
    for _ in range(draw(st.integers(1, most))):
        stage, promise = draw(kind(promise))
        stages.append(stage)
        counting = [_skip, _limit] if promise.ordered else []
        kinds = ALWAYS + counting * 6
        likely = [kind, *NEXT[kind]] if kind in kinds else NEXT[kind]
        kind = draw(st.sampled_from(kinds + [each for each in likely if each in kinds] * 5))
    return stages, promise
