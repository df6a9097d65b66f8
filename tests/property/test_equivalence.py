"""Optimized = unoptimized = an evaluator written here, over hostile documents, on a real server."""

import math
from collections.abc import Iterator
from typing import Any

import pytest
from bson import ObjectId
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from data_bridge import Document, connect
from data_bridge.embedded import Server

NUMBERS = st.sampled_from([0, 1, 2, -1, 1.0, 1.5, -0.0, math.nan, math.inf, 2**40])
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.sampled_from(["", "a", "b", "A", "\U0001f600"]))
STORED = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.fixed_dictionaries({"x": SCALARS}))
DOCUMENTS = st.lists(st.fixed_dictionaries({}, optional={"a": STORED, "b": STORED}), max_size=8)
PATHS = st.sampled_from(["a", "b", "a.x"])

BRACKETS = {bool: "bool", int: "number", float: "number", str: "string", type(None): "null"}


class Thing(Document):
    a: Any = None
    b: Any = None


def comparisons() -> st.SearchStrategy[dict[str, Any]]:
    test = st.one_of(
        st.builds(
            lambda op, value: {op: value}, st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]), SCALARS
        ),
        st.builds(lambda op, values: {op: values}, st.sampled_from(["$in", "$nin"]), st.lists(SCALARS, max_size=3)),
        st.builds(lambda present: {"$exists": present}, st.booleans()),
    )
    negated = st.builds(lambda inner: {"$not": inner}, test)
    return st.builds(lambda path, inner: {path: inner}, PATHS, test | negated)


FILTERS = st.recursive(
    comparisons(),
    lambda inner: st.builds(
        lambda op, terms: {op: terms}, st.sampled_from(["$and", "$or", "$nor"]), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)


def leaves(document: Any, path: str) -> tuple[list[Any], bool]:
    """The values a match path reaches, and whether the field exists somewhere."""
    head, _, rest = path.partition(".")
    if not isinstance(document, dict) or head not in document:
        return [], False
    value = document[head]
    if not rest:
        return ([*value, value] if isinstance(value, list) else [value]), True
    if isinstance(value, list):
        found = [leaves(item, rest) for item in value]
        return [leaf for some, _ in found for leaf in some], any(exists for _, exists in found)
    return leaves(value, rest)


def lacks(document: Any, path: str) -> bool:
    """Whether a test for null holds because something on the way is missing."""
    head, _, rest = path.partition(".")
    if not isinstance(document, dict):
        return False
    if head not in document:
        return True
    value = document[head]
    if not rest:
        return False
    if isinstance(value, list):
        # An element that is no document has no field to miss; an empty list and one of scalars miss it as a whole.
        return any(lacks(item, rest) for item in value if isinstance(item, dict))
    return lacks(value, rest) if isinstance(value, dict) else True


def same(left: Any, right: Any) -> bool:
    if BRACKETS.get(type(left)) != BRACKETS.get(type(right)) or BRACKETS.get(type(left)) is None:
        return False
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left) and math.isnan(right):
        return True
    return bool(left == right)


def ordered(op: str, left: Any, right: Any) -> bool:
    if op in ("$gte", "$lte") and same(left, right):
        return True
    if BRACKETS.get(type(left)) != BRACKETS.get(type(right)) or left is None or type(left) not in BRACKETS:
        return False
    if isinstance(left, str):
        left, right = left.encode(), right.encode()
    return bool(left > right) if op in ("$gt", "$gte") else bool(left < right)


def equals(document: Any, path: str, value: Any) -> bool:
    found, _ = leaves(document, path)
    return any(same(leaf, value) for leaf in found) or (value is None and lacks(document, path))


def test_of(document: Any, path: str, op: str, operand: Any) -> bool:
    match op:
        case "$eq":
            return equals(document, path, operand)
        case "$ne":
            return not equals(document, path, operand)
        case "$in":
            return any(equals(document, path, value) for value in operand)
        case "$nin":
            return not any(equals(document, path, value) for value in operand)
        case "$exists":
            return leaves(document, path)[1] == operand
        case "$not":
            [(inner, value)] = operand.items()
            return not test_of(document, path, inner, value)
        case "$gte" | "$lte" if operand is None:
            return equals(document, path, None)
        case _:
            return any(ordered(op, leaf, operand) for leaf in leaves(document, path)[0])


test_of.__test__ = False  # type: ignore[attr-defined]


def meets(document: Any, query: dict[str, Any]) -> bool:
    [(key, value)] = query.items()
    match key:
        case "$and":
            return all(meets(document, term) for term in value)
        case "$or":
            return any(meets(document, term) for term in value)
        case "$nor":
            return not any(meets(document, term) for term in value)
        case _:
            [(op, operand)] = value.items()
            return test_of(document, key, op, operand)


@pytest.fixture(scope="module")
def collection(mongod: Server) -> Iterator[Any]:
    with connect(mongod.uri, database="equivalence").run_sync(), MongoClient[dict[str, Any]](mongod.uri) as plain:
        yield plain["equivalence"]["Thing"]
        plain.drop_database("equivalence")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents=DOCUMENTS, query=FILTERS)
def test_optimized_equals_unoptimized_equals_evaluated(
    collection: Any, documents: list[dict[str, Any]], query: dict[str, Any]
) -> None:
    collection.delete_many({})
    stored = [{"_id": ObjectId(), **document} for document in documents]
    if stored:
        collection.insert_many(stored)
    expected = [document["_id"] for document in stored if meets(document, query)]
    found = Thing.find(query).sort(Thing.id)
    assert [each.id for each in found.run_sync()] == expected
    assert [each.id for each in found.optimize(False).run_sync()] == expected
    assert found.count().run_sync() == len(expected)
    assert found.exists().run_sync() == bool(expected)
