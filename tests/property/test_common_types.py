"""Fields of common types are read without pydantic, and come out as pydantic would make them."""

from __future__ import annotations

import datetime
import decimal
import enum
import ipaddress
import math
import pathlib
import uuid
from typing import Any, Literal

import bson
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, model_validator

from data_bridge import Document
from data_bridge._core import encode_document
from data_bridge.errors import DecodeError
from data_bridge.layout import layout_of


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Fast(Document):
    id: int
    key: uuid.UUID | None = None
    day: datetime.date | None = None
    clock: datetime.time | None = None
    span: datetime.timedelta | None = None
    exact: decimal.Decimal | None = None
    decimals: list[decimal.Decimal] = []
    price: decimal.Decimal | str | None = None
    colour: Colour | None = None
    level: Level | None = None
    literal: Literal["a", 1] | None = None
    path: pathlib.Path | None = None
    pure: pathlib.PurePath | None = None
    address: ipaddress.IPv4Address | None = None
    network: ipaddress.IPv6Network | None = None
    secret: SecretStr | None = None
    number: float | None = None


class Slow(Fast):
    """The same fields, read by pydantic."""

    @model_validator(mode="after")
    def _checked(self) -> Slow:
        return self


MOMENTS = st.datetimes(timezones=st.just(datetime.UTC)) | st.dates()
STORED = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([1, 2, 1.0, "a", "red", "blue", "1.2.3.4", "::/8", "12:30:00", "12:30:00.5", "12:30Z", "x\0y"]),
    st.floats(),
    st.floats(-1e6, 1e6),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=5),
    st.times().map(lambda time: time.isoformat()),
    st.binary(max_size=17),
    st.binary(min_size=16, max_size=16).map(lambda data: bson.Binary(data, 3)),
    st.uuids(),
    MOMENTS,
    st.just(bson.DatetimeMS(2**60)),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**20), max_value=10**20),
    st.sampled_from(["NaN", "Infinity", "1E+6111", "0E-6176", "-0", "1E-7"]).map(bson.Decimal128),
    st.builds(lambda number: [number], st.decimals(-5, 5, places=1)),
)


def outcome(cls: type[Fast], stored: bytes) -> Any:
    try:
        found = layout_of(cls).decode(stored)
    except DecodeError as refused:
        return refused.path
    return {name: (type(value), repr(value)) for name, value in vars(found).items()}


# Python's `ipaddress` warns when pydantic gives it a bool.
@pytest.mark.filterwarnings("ignore:__int__ returned non-int:DeprecationWarning")
@settings(max_examples=examples(500))
@given(st.sampled_from(sorted(set(Fast.model_fields) - {"id"})), STORED)
def test_fast_is_as_pydantic(field: str, value: Any) -> None:
    stored = encode_document({"_id": 1, field: value})
    assert outcome(Fast, stored) == outcome(Slow, stored)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**25), max_value=10**25))
def test_decimals_keep_their_digits(value: decimal.Decimal) -> None:
    again = layout_of(Fast).decode(encode_document({"_id": 1, "exact": value, "decimals": [value]}))
    assert (str(again.exact), [str(each) for each in again.decimals]) == (str(value), [str(value)])


@given(st.timedeltas(datetime.timedelta(days=-100_000), datetime.timedelta(days=100_000)))
def test_spans_come_back(value: datetime.timedelta) -> None:
    [fast, slow] = (layout_of(cls).decode(encode_document({"_id": 1, "span": value})) for cls in (Fast, Slow))
    assert fast.span == slow.span
    # A double holds microseconds exactly for some 285 years.
    assert math.isclose(fast.span.total_seconds(), value.total_seconds(), abs_tol=1e-6)


@pytest.mark.parametrize("value", [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.uuid4()])
def test_uuids_are_as_their_constructor_makes_them(value: uuid.UUID) -> None:
    again = layout_of(Fast).decode(encode_document({"_id": 1, "key": value})).key
    assert (again, hash(again), again.is_safe, again.hex) == (value, hash(value), value.is_safe, value.hex)
