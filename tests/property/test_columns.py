"""Columns made of stored bytes hold what the loaded documents hold."""

from __future__ import annotations

import datetime
import enum
import ipaddress
import math
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import bson
import polars
import pyarrow
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_serializer, field_validator, model_validator

from data_bridge import BackLink, Document, EmbeddedDocument, Link
from data_bridge._core import encode_document
from data_bridge.columns import column_layout
from data_bridge.errors import DecodeError, SchemaError
from data_bridge.layout import family_layout, layout_of
from data_bridge.types import PydanticObjectId


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Part(EmbeddedDocument):
    label: str = Field(alias="partLabel")
    weights: list[float | None] = []


class Row(Document):
    text: str = "default"
    number: int = 1
    maybe: int | None = 5
    ratio: float | None = None
    flag: bool = False
    data: bytes | None = None
    at: datetime.datetime | None = None
    day: datetime.date | None = None
    clock: datetime.time | None = None
    span: datetime.timedelta | None = None
    key: uuid.UUID | None = None
    price: Decimal | None = None
    prices: list[Decimal] = []
    colour: Colour = Colour.RED
    level: Literal[1, 2] | None = None
    part: Part | None = None
    parts: list[Part] = []
    table: dict[str, float] = {}
    tables: dict[str, list[Part]] | None = None
    ids: list[PydanticObjectId] = []
    owner: Link[Row] | None = None
    owned: list[BackLink[Row]] = BackLink(original_field="owner")  # type: ignore[valid-type]


class Own(Row):
    """Values that are not those that are stored."""

    tags: set[int] = set()
    path: Path | None = None
    address: ipaddress.IPv4Address | None = None

    @field_validator("text")
    @classmethod
    def _loud(cls, text: str) -> str:
        if text == "no":
            raise ValueError("no")
        return text.upper()


class Whole(Row):
    @model_validator(mode="after")
    def _more(self) -> Whole:
        self.number = 77
        return self


class Closed(Row):
    model_config = ConfigDict(extra="forbid")


class Root(Row):
    class Settings:
        is_root = True


class Leaf(Root):
    leaf: int = 0


CLASSES = [Row, Row, Row, Own, Whole, Closed, Root]
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=4)
KEYS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=3)
IDS = st.binary(min_size=12, max_size=12).map(bson.ObjectId)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9)
PARTS = st.fixed_dictionaries({"partLabel": TEXTS}, optional={"weights": st.lists(st.none() | st.floats(), max_size=2)})
STORED: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS | st.just("no"),
    "number": st.integers(-(2**63), 2**63 - 1),
    "maybe": st.none() | st.integers(0, 9),
    "ratio": st.none() | st.floats() | st.integers(-(2**60), 2**60),
    "flag": st.booleans(),
    "data": st.binary(max_size=4),
    "at": st.datetimes(timezones=st.just(datetime.UTC)),
    "day": st.dates(),
    "clock": st.times().map(lambda time: time.isoformat()),
    "span": st.timedeltas(datetime.timedelta(days=-5000), datetime.timedelta(days=5000)),
    "key": st.uuids(),
    "price": DECIMALS | st.sampled_from(["1E+20", "1E-9", "-0", "0E+100", "NaN", "1E+40"]).map(bson.Decimal128),
    "prices": st.lists(DECIMALS, max_size=2),
    "colour": st.sampled_from(["red", "blue", "green"]),
    "level": st.sampled_from([1, 2, 3, None]),
    "part": st.none() | PARTS,
    "parts": st.lists(PARTS, max_size=2),
    "table": st.dictionaries(KEYS, st.floats(), max_size=3),
    "tables": st.none() | st.dictionaries(KEYS, st.lists(PARTS, max_size=2), max_size=2),
    "ids": st.lists(IDS, max_size=2),
    "owner": IDS | IDS.map(lambda id: bson.DBRef("rows", id)) | st.none(),
    "tags": st.lists(st.integers(0, 3), max_size=3),
    "path": st.just("/a//b"),
    "address": st.just("1.2.3.4"),
    "leaf": st.integers(0, 5),
    "_class_id": st.sampled_from(["Root", "Root.Leaf"]),
}
ODD = st.none() | st.integers(0, 3) | TEXTS | st.just([1]) | st.just({"x": 1})


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    keys = draw(st.lists(st.sampled_from(sorted(STORED)), unique=True, max_size=8))
    values = {key: draw(ODD if draw(st.integers(0, 60)) == 0 else STORED[key]) for key in keys}
    return encode_document({"_id": draw(IDS), **values})


def held(value: Any) -> Any:
    """A field's value as its column holds it."""
    match value:
        case Link():
            return held(value.id)
        case BaseModel():
            return {name: held(each) for name, each in vars(value).items() if name in type(value).model_fields}
        case dict():
            return [(key, held(each)) for key, each in value.items()]
        case list() | tuple() | set():
            return [held(each) for each in value]
        case enum.Enum():
            return value.value
        case bson.ObjectId() | uuid.UUID() | Path() | ipaddress.IPv4Address():
            return str(value)
    return value


def same(left: Any, right: Any) -> bool:
    match left, right:
        case dict(), dict():
            return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
        case (list(), list()) | (tuple(), tuple()):
            return len(left) == len(right) and all(map(same, left, right))
        case float(), float() if math.isnan(left):
            return math.isnan(right)
    return type(left) is type(right) and left == right


def row(document: Document, cls: type[Document]) -> dict[str, Any]:
    return {name: held(getattr(document, name)) for name in cls.model_fields if name != "owned"}


def outcome(work: Any) -> Any:
    try:
        return work()
    except DecodeError as refused:
        return refused


@settings(max_examples=examples(300))
@given(st.sampled_from(CLASSES), st.lists(documents(), max_size=3))
def test_columns_hold_the_documents(cls: type[Document], stored: list[bytes]) -> None:
    layout = family_layout((Root, Leaf)) if cls is Root else layout_of(cls)
    columns = column_layout(layout, cls, (Root, Leaf) if cls is Root else ())
    loaded = outcome(lambda: [layout.decode(each) for each in stored])
    made = outcome(lambda: columns.decode(stored))
    if isinstance(made, DecodeError):
        # Decimals of 38 digits and more fit in no column, nor does a link that holds no id of the class it leads to,
        # nor a time with a zone, which pydantic makes of a number.
        beyond = any(f"does not fit its columns at '{name}" in str(made) for name in ("price", "owner", "clock"))
        assert beyond or (str(made), made.path) == (str(loaded), loaded.path)
        return
    count, table = made
    assert count == table.num_rows == len(stored)
    arrow = pyarrow.table(table)
    arrow.validate(full=True)
    assert same(arrow.to_pylist(), [row(each, cls) for each in loaded])
    frame = polars.DataFrame(table)
    assert (frame.height, frame.columns) == (count, arrow.column_names)
    assert same(frame["text"].to_list(), [each.text for each in loaded])


def test_what_fits_no_column_is_named() -> None:
    stored = encode_document({"_id": 1, "price": bson.Decimal128("1E+40")})

    class Priced(Document):
        id: int
        price: Decimal

    with pytest.raises(DecodeError) as refused:
        column_layout(layout_of(Priced), Priced).decode([stored])
    assert (refused.value.document_id, refused.value.path) == (1, "price")
    assert "the stored document 1 does not fit its columns at 'price'" in str(refused.value)


def test_a_time_with_a_zone_fits_no_column() -> None:
    """A number is no time of a clock to this library, so that pydantic reads it, as seconds of UTC."""

    class Alarm(Document):
        id: int
        clock: datetime.time

    stored = encode_document({"_id": 1, "clock": 60})
    assert layout_of(Alarm).decode(stored).clock == datetime.time(0, 1, tzinfo=datetime.UTC)
    with pytest.raises(DecodeError, match="the stored document 1 does not fit its columns at 'clock'"):
        column_layout(layout_of(Alarm), Alarm).decode([stored])


def test_types_are_those_of_the_annotations() -> None:
    _, table = column_layout(layout_of(Row), Row).decode([])
    types = {field.name: (str(field.type), field.nullable) for field in pyarrow.table(table).schema}
    assert types["id"] == ("large_string", True)
    assert types["text"] == ("large_string", False)
    assert types["number"] == ("int64", False)
    assert types["maybe"] == ("int64", True)
    assert types["ratio"] == ("double", True)
    assert types["data"] == ("large_binary", True)
    assert types["at"] == ("timestamp[ms, tz=UTC]", True)
    assert types["day"] == ("date32[day]", True)
    assert types["clock"] == ("time64[us]", True)
    assert types["span"] == ("duration[us]", True)
    assert types["price"] == ("decimal128(38, 0)", True)
    assert types["level"] == ("int64", True)
    assert types["owner"] == ("large_string", True)
    assert "owned" not in types


class Tree(EmbeddedDocument):
    children: list[Tree] = []


class Bad(Document):
    anything: Any = None


class Union(Document):
    either: int | str


class Secret(Document):
    secret: SecretStr


class Mixed(Document):
    mixed: Literal["a", 1]


class Grown(Document):
    tree: Tree


class Written(Document):
    text: str

    @field_serializer("text")
    def _loud(self, text: str) -> str:
        return text.upper()


@pytest.mark.parametrize(
    ("cls", "said"),
    [
        (Bad, "Bad.anything may hold anything, and has no Arrow type: project the other fields"),
        (Union, "Union.either is read by pydantic alone"),
        (Secret, "Secret.secret is a secret"),
        (Mixed, "Mixed.mixed holds texts and integers"),
        (Grown, "Tree holds itself"),
        (Written, "Written.text is stored by a serializer"),
    ],
)
def test_what_has_no_type_is_refused(cls: type[Document], said: str) -> None:
    with pytest.raises(SchemaError) as refused:
        column_layout(layout_of(cls), cls)
    assert said in str(refused.value)
