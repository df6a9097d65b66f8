"""Optimized = unoptimized = an evaluator written here, over hostile documents, on a real server."""

import datetime
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from bson import Decimal128, ObjectId
from effort import examples
from hostile import DOCUMENTS, PATHS, filters
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ConfigDict
from pymongo import MongoClient

from data_bridge import Document, connect
from data_bridge.embedded import Server

FILTERS = filters(st.sampled_from(PATHS))

BRACKETS = {
    bool: "bool",
    str: "string",
    type(None): "null",
    datetime.datetime: "date",
    int: "number",
    float: "number",
    Decimal: "number",
}


class Thing(Document):
    model_config = ConfigDict(extra="allow")

    a: Any = None
    b: Any = None


def leaves(document: Any, path: str) -> tuple[list[Any], bool]:
    """The values a match path reaches, and whether the field exists somewhere."""
    head, dot, rest = path.partition(".")
    if not isinstance(document, dict) or head not in document:
        return [], False
    value = document[head]
    if not dot:
        return ([*value, value] if isinstance(value, list) else [value]), True
    if isinstance(value, list):
        found = [leaves(item, rest) for item in value]
        return [leaf for some, _ in found for leaf in some], any(exists for _, exists in found)
    return leaves(value, rest)


def lacks(document: Any, path: str) -> bool:
    """Whether a test for null holds because something on the way is missing."""
    head, dot, rest = path.partition(".")
    if not isinstance(document, dict):
        return False
    if head not in document:
        return True
    value = document[head]
    if not dot:
        return False
    if isinstance(value, list):
        # An element that is no document has no field to miss; an empty list and one of scalars miss it as a whole.
        return any(lacks(item, rest) for item in value if isinstance(item, dict))
    return lacks(value, rest) if isinstance(value, dict) else True


def plain(value: Any) -> Any:
    """A number as one that Python compares exactly with every other number."""
    return value.to_decimal() if isinstance(value, Decimal128) else value


def is_nan(value: Any) -> bool:
    return isinstance(value, (float, Decimal)) and math.isnan(value)


def same(left: Any, right: Any) -> bool:
    left, right = plain(left), plain(right)
    if BRACKETS.get(type(left)) != BRACKETS.get(type(right)) or BRACKETS.get(type(left)) is None:
        return False
    return (is_nan(left) and is_nan(right)) or bool(left == right)


def ordered(op: str, left: Any, right: Any) -> bool:
    if op in ("$gte", "$lte") and same(left, right):
        return True
    left, right = plain(left), plain(right)
    if BRACKETS.get(type(left)) != BRACKETS.get(type(right)) or left is None or type(left) not in BRACKETS:
        return False
    if is_nan(left) or is_nan(right):
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


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
