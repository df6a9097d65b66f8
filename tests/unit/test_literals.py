"""Literals keep their BSON types, and a regex matches by pattern wherever it stands."""

from __future__ import annotations

import re
from typing import Any

import bson
import pytest

from data_bridge import Document, Project, _core, ir


class Item(Document):
    name: str
    tags: list[str] = []
    number: int = 0


@pytest.mark.parametrize("number", [5, bson.Int64(5), 2**40, bson.Int64(2**40), 5.0])
def test_numbers_keep_their_width(number: Any) -> None:
    command = _core.to_mql(ir.Compare("eq", ir.Field("number", _core.DType.any(), "Item"), ir.Literal(number)))
    assert bson.encode(command) == bson.encode({"number": number})
    nested = _core.to_mql(ir.Literal({"a": [number, {"b": number}]}))
    assert bson.encode({"v": nested.get("$literal", nested)}) == bson.encode({"v": {"a": [number, {"b": number}]}})


def filtered(predicate: Any) -> Any:
    return Item.find(predicate).plan().commands[0]["filter"]


def computed(predicate: Any) -> Any:
    return Item.aggregate([Project(x=predicate)]).plan().commands[0]["projection"]["x"]


PATTERN = re.compile("^a")
BSON_PATTERN = bson.Regex.from_native(PATTERN)
MATCH = {"$regexMatch": {"input": "$name", "regex": BSON_PATTERN}}


def test_a_regex_matches_by_pattern_in_filters() -> None:
    assert filtered(Item.name == PATTERN) == {"name": BSON_PATTERN}
    assert filtered(Item.name != PATTERN) == {"name": {"$not": BSON_PATTERN}}
    assert filtered(Item.name.in_([PATTERN, "b"])) == {"name": {"$in": ["b", BSON_PATTERN]}}
    assert filtered(Item.tags == PATTERN) == {"tags": BSON_PATTERN}


def test_a_regex_matches_by_pattern_as_a_value() -> None:
    assert computed(Item.name == PATTERN) == MATCH
    assert computed(Item.name != PATTERN) == {"$not": [MATCH]}
    assert computed(Item.name.in_([PATTERN, "b"])) == {"$or": [MATCH, {"$in": ["$name", ["b"]]}]}
    upper = {"$regexMatch": {"input": {"$toUpper": "$name"}, "regex": BSON_PATTERN}}
    assert Item.find(Item.name.upper() == PATTERN).plan().commands[0]["filter"] == {"$expr": upper}


def test_a_stored_regex_is_looked_for_in_mql() -> None:
    assert filtered({"name": {"$eq": PATTERN}}) == {"name": {"$eq": BSON_PATTERN}}
