"""Every deterministic expression, accumulator and window function of the table, through its Python form, on a server:
what the server accepts proves the wire shapes."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from bson import ObjectId, Timestamp
from pymongo import MongoClient

from data_bridge import Document, F, Group, Project, SetWindowFields, accumulators, connect, fn, variable, windows
from data_bridge.embedded import Server
from tools.catalog.table import Argument, Operator, load

TABLE = load()
#: The embedded server's.
SERVER = (6, 0, 5)


class Stored(Document):
    number: float
    whole: int
    text: str
    date: datetime.datetime
    stamp: Any
    array: list[int]
    texts: list[str]
    pairs: list[Any]
    record: dict[str, Any]
    binary: bytes
    key: Any

    class Settings:
        name = "stored"


DOCUMENT = {
    "_id": 1,
    "number": 0.5,
    "whole": 3,
    "text": "Abc abc",
    "date": datetime.datetime(2024, 2, 29, 12, 30, 15, 250_000),
    "stamp": Timestamp(1_700_000_000, 2),
    "array": [3, 1, 2],
    "texts": ["a", "b"],
    "pairs": [["a", 1], ["b", 2]],
    "record": {"a": 1},
    "binary": b"ab",
    "key": ObjectId("5eb7cf5a86d9755df3a6c593"),
}

BY_TYPE = {
    "any": Stored.number,
    "bool": True,
    "number": Stored.number,
    "int": Stored.whole,
    "string": Stored.text,
    "date": Stored.date,
    "timestamp": Stored.stamp,
    "array": Stored.array,
    "object": Stored.record,
    "binary": Stored.binary,
    "regex": "b+",
    "list": [Stored.array, Stored.texts],
    "sort": -1,
    "constant": {"plain": "$text"},
    "flag": True,
}

#: Arguments that must be more than of their type.
SPECIAL: dict[str, dict[str, Any]] = {
    "acosh": {"number": 2},
    "array_to_object": {"array": Stored.pairs},
    "convert": {"to": "string", "format": None, "base": None},
    "date_add": {"unit": "day", "timezone": "UTC"},
    "date_subtract": {"unit": "day", "timezone": "UTC"},
    "date_diff": {"unit": "week", "timezone": "UTC", "startOfWeek": "monday"},
    "date_trunc": {"unit": "week", "timezone": "UTC", "startOfWeek": "monday", "binSize": 2},
    "date_from_parts": {"year": 2024, "timezone": "UTC", **dict.fromkeys(("isoWeekYear", "isoWeek", "isoDayOfWeek"))},
    "date_from_string": {"dateString": "2024-02-29", "format": "%Y-%m-%d", "timezone": "UTC"},
    "date_to_string": {"format": "%Y", "timezone": "UTC"},
    "in_": {"value": 3},
    "regex_find": {"options": "i"},
    "regex_find_all": {"options": "i"},
    "regex_match": {"options": "i"},
    "set_field": {"field": "a.b"},
    "get_field": {"field": "$a", "input": Stored.record},
    "unset_field": {"field": "a.b"},
    "replace_one": {"find": "b", "replacement": "c"},
    "replace_all": {"find": "b", "replacement": "c"},
    "substr_bytes": {"start": 0, "length": 1},
    "to_bool": {"value": Stored.whole},
    "to_date": {"value": Stored.key},
    "to_object_id": {"value": Stored.key},
    "to_decimal": {"value": "1.5"},
    "zip": {"defaults": [0, "x"]},
    "range": {"start": 1, "end": 9, "step": 2},
    "date_to_parts": {"timezone": "UTC"},
    "atanh": {"number": 0.2},
}
for _part in ("day_of_month", "day_of_week", "day_of_year", "hour", "iso_day_of_week", "iso_week", "iso_week_year"):
    SPECIAL[_part] = {"timezone": "Europe/Paris"}
for _part in ("millisecond", "minute", "month", "second", "week", "year"):
    SPECIAL[_part] = {"timezone": "+01:00"}

#: Those whose arguments are functions or pairs.
BY_HAND = {
    "cond": lambda: fn.cond(Stored.number > 0, "more", "$less"),
    "filter": lambda: fn.filter(Stored.array, lambda item: item > 1, limit=1),
    "let": lambda: fn.let(lambda a, b: a + b, a=Stored.number, b=Stored.whole),
    "map": lambda: fn.map(Stored.array, lambda item: item * 2),
    "reduce": lambda: fn.reduce(Stored.array, 0, lambda total, item: total + item),
    "switch": lambda: fn.switch((Stored.number > 5, "high"), (Stored.number > 0, "low"), default="none"),
}


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in (*text.split("."), "0", "0")[:3])


def runs_here(row: Operator) -> bool:
    return version(row.since) <= SERVER and row.purity == "pure"


def value_of(row: Operator, argument: Argument) -> Any:
    special = SPECIAL.get(row.key, {})
    if argument.name in special:
        return special[argument.name]
    if argument.words:
        return argument.words[0]
    return BY_TYPE[argument.types[0]]


def written(row: Operator, every: bool) -> Any:
    """The operator's call, with its optional arguments or without."""
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for argument in row.arguments:
        value = value_of(row, argument)
        if argument.stars:
            positional += [value] * max(2, argument.least)
        elif (
            not argument.optional
            or (every and version(argument.since or "0") <= SERVER and value is not None)
            or (row.key == "date_from_parts" and argument.name == "year")
        ):
            named[argument.python] = value
    return getattr(fn, row.key)(*positional, **named)


@pytest.fixture(scope="module")
def stored(mongod: Server) -> Iterator[None]:
    with connect(mongod.uri, database="operators").run_sync(), MongoClient[dict[str, Any]](mongod.uri) as plain:
        plain["operators"]["stored"].drop()
        plain["operators"]["stored"].insert_one(dict(DOCUMENT))
        yield
        plain.drop_database("operators")


def computed(value: Any, **project: Any) -> Any:
    [row] = Stored.aggregate([Project(id=False, x=value)]).to_list().run_sync()
    return row.get("x")


EXPRESSIONS = [row for row in TABLE["expressions"] if runs_here(row)]


@pytest.mark.parametrize("every", [False, True], ids=["required", "every argument"])
@pytest.mark.parametrize("row", EXPRESSIONS, ids=lambda row: row.key)
def test_the_server_accepts_every_expression(stored: None, row: Operator, every: bool) -> None:
    value = BY_HAND[row.key]() if row.key in BY_HAND else written(row, every)
    given = computed(value)
    assert fits(value.__ir__.dtype, given), f"{value.__ir__.dtype} does not hold {given!r}"


def fits(dtype: Any, given: Any) -> bool:
    """Whether the declared type of a result holds what the server gave."""
    from data_bridge._core import dtype_of

    kinds = {member.kind for member in dtype.members}
    found = dtype_of(given).kind
    return bool(kinds & {found, "any"}) or (found == "map" and "document" in kinds) or (found == "null")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Stored.text.upper(), "ABC ABC"),
        (Stored.text.lower().split(" "), ["abc", "abc"]),
        (Stored.date.year(), 2024),
        (F.date.month(), 2),
        (Stored.whole + 1, 4),
        (10 - Stored.whole, 7),
        (Stored.whole // 2, 1),
        (Stored.whole % 2, 1),
        (2**Stored.whole, 8),
        (fn.literal("$text"), "$text"),
        (fn.literal([1, "$x"]), [1, "$x"]),
        (fn.size([1, 2, 3]), 3),
        (fn.slice(Stored.array, 2), [3, 1]),
        (fn.slice(Stored.array, 1, position=-1), [2]),
        (Stored.array.map(lambda item: item + Stored.whole), [6, 4, 5]),
        (Stored.array.filter(lambda item: item > 1), [3, 2]),
        (Stored.array.reduce(0, lambda total, item: total + item), 6),
        (
            Stored.array.reduce(
                0, lambda total, item: total + item * Stored.array.reduce(0, lambda inner, each: inner + each + total)
            ),
            3 * 6 + 1 * (6 + 3 * 18) + 2 * (6 + 3 * (18 + 60)),
        ),
        (Stored.pairs.map(lambda pair: pair.map(lambda item: item)), [["a", 1], ["b", 2]]),
        (fn.get_field("a", Stored.record), 1),
        (fn.cond(Stored.text == "Abc abc", {"a": "$x"}, None), {"a": "$x"}),
        (fn.date_trunc(Stored.date, unit="day"), datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC)),
        (fn.sort_array([{"a": 1}, {"a": 2}], {"a": -1}), [{"a": 2}, {"a": 1}]),
        (fn.first(Stored.array) > 2, True),
        (Stored.array[1], 1),
        (Stored.array[0] + Stored.array[2], 5),
        (variable("ROOT").text, "Abc abc"),
    ],
    ids=str,
)
def test_values_are_what_they_read_like(stored: None, value: Any, expected: Any) -> None:
    assert computed(value) == expected


def output(row: Operator, classes: Any) -> Any:
    from data_bridge import Count

    if row.key == "count":
        return Count()
    named = {}
    for argument in row.arguments:
        if argument.optional and argument.name not in ("alpha",):
            continue
        given = {"sort": -Stored.whole, "int": 2}.get(argument.types[0], value_of(row, argument))
        named[argument.python] = 0.5 if argument.name == "alpha" else given
    return getattr(classes, row.title)(**named)


@pytest.mark.parametrize("row", [row for row in TABLE["accumulators"] if runs_here(row)], ids=lambda row: row.key)
def test_the_server_accepts_every_accumulator(stored: None, row: Operator) -> None:
    made = output(row, accumulators)
    [found] = Stored.aggregate([Group(x=made)]).to_list().run_sync()
    assert "x" in found
    if row.more.get("window"):
        Stored.aggregate([SetWindowFields(sort_by="whole", x=made)]).to_list().run_sync()


@pytest.mark.parametrize("row", [row for row in TABLE["windows"] if runs_here(row)], ids=lambda row: row.key)
def test_the_server_accepts_every_window_function(stored: None, row: Operator) -> None:
    made = output(row, windows)
    if row.key in ("derivative", "integral"):
        made = made.over(documents=(-1, 0))
    Stored.aggregate([SetWindowFields(sort_by="whole", x=made)]).to_list().run_sync()


def test_a_list_in_an_accumulator_is_one_value(stored: None) -> None:
    [found] = Stored.aggregate([Group(x=accumulators.Push([Stored.whole, Stored.text]))]).to_list().run_sync()
    assert found["x"] == [[3, "Abc abc"]]
