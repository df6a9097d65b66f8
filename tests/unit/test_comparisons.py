"""A comparison that is made in one step is the one that its parts give, and it is refused where they are."""

from __future__ import annotations

import datetime
import decimal
import enum
import re
from typing import Any, Literal

import pytest
from bson import ObjectId

from data_bridge import Document, Link, ir
from data_bridge.errors import CompileError
from data_bridge.fields.nodes import coerce


class Color(enum.StrEnum):
    RED = "red"


class Number(int):
    pass


class Maker(Document):
    name: str


class Thing(Document):
    text: str
    either: str | None
    literal: Literal["a", "b"]
    number: int
    real: float
    flag: bool
    ids: list[ObjectId]
    texts: list[str]
    mixed: int | str
    maybe_id: str | ObjectId
    maker: Link[Maker]
    anything: Any
    when: datetime.datetime
    by_name: dict[str, int]


_FIELDS = [getattr(Thing, name) for name in ("id", *Thing.model_fields) if name != "id"] + [Thing.id]
_ID = "0123456789abcdef01234567"
_VALUES = [
    "a", "", _ID, 1, -(2**70), True, False, None, 1.5, float("nan"), Color.RED, Number(3), b"x",
    ObjectId(_ID), datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), decimal.Decimal("1.5"), ["a"], [1], {"a": 1},
]  # fmt: skip


@pytest.mark.parametrize("value", _VALUES, ids=repr)
@pytest.mark.parametrize("field", _FIELDS, ids=str)
def test_one_step_makes_what_the_parts_give(field: Any, value: Any) -> None:
    try:
        expected = ir.Compare("eq", field.__ir__, ir.Literal(coerce(field.__ir__, value)))
    except CompileError as error:
        with pytest.raises(CompileError, match=re.escape(str(error))):
            field == value  # noqa: B015
    else:
        made = (field == value).__ir__
        assert repr(made) == repr(expected)
        assert type(made.right.value) is type(expected.right.value)


@pytest.mark.parametrize(
    ("ask", "hint"),
    [
        (lambda: Thing.number == [1, 2], r".in_([1, 2]) asks whether it is one of these"),
        (lambda: Thing.number < (1, 2), r".in_([1, 2])"),
        (lambda: Thing.number.in_([[1, 2]]), r".in_([1, 2])"),
        (lambda: Thing.text != ["a"], r".in_(['a'])"),
        (lambda: Thing.find({"number": {"$in": [[1]]}}), r".in_([1])"),
        (lambda: Thing.find({"number": {"gte": 3, "lt": 5}}), "write {'$gte': 3, '$lt': 5}"),
        (lambda: Thing.texts.contains(5), "give a value of type string or array<string>"),
        (lambda: Thing.texts.in_([5]), "give a value of type string or array<string>"),
        (lambda: Thing.texts == [[5]], "give a value of type string or array<string>"),
    ],
)
def test_what_a_field_never_equals_is_refused_with_what_to_write(ask: Any, hint: str) -> None:
    with pytest.raises(CompileError) as raised:
        ask()
    assert raised.value.code == "incomparable"
    assert hint in str(raised.value.hint)


def test_lists_are_compared_with_lists() -> None:
    for predicate in (Thing.texts == ["a"], Thing.texts.in_([["a"], []]), Thing.anything == [1], Thing.texts != []):
        Thing.find(predicate).plan()
