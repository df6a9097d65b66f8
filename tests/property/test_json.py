"""JSON written from stored bytes is what pydantic writes of the loaded document."""

from __future__ import annotations

import base64
import datetime
import enum
import json
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import bson
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ConfigDict, Field, computed_field, field_serializer

from data_bridge import BackLink, Document, EmbeddedDocument, Link
from data_bridge._core import JsonLayout, encode_document
from data_bridge.errors import DecodeError
from data_bridge.layout import family_layout, layout_of
from data_bridge.types import PydanticObjectId


class Colour(enum.Enum):
    RED = "red"
    BLUE = 'bl"ue'


class Part(EmbeddedDocument):
    label: str = Field(alias="partLabel")
    weights: list[float] = []


class Thing(Document):
    text: str = 'a "default"'
    number: int = 1
    ratio: float | None = None
    flag: bool = False
    data: bytes = b""
    at: datetime.datetime | None = None
    day: datetime.date | None = None
    clock: datetime.time | None = None
    span: datetime.timedelta | None = None
    key: uuid.UUID | None = None
    price: Decimal | None = None
    colour: Colour = Colour.RED
    literal: Literal["a", 1] | None = None
    part: Part | None = None
    parts: list[Part] = []
    pair: tuple[int, ...] = ()
    table: dict[str, float] = {}
    anything: Any = None
    named: str = Field("x", serialization_alias="Named ✓")
    hidden: str = Field("secret", exclude=True)
    made: list[int] = Field(default_factory=lambda: [1, 2])
    owner: Link[Thing] | None = None
    owned: list[BackLink[Thing]] = BackLink(original_field="owner")  # type: ignore[valid-type]


class Own(Thing):
    """What only pydantic writes."""

    tags: set[int] = set()
    path: Path | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def twice(self) -> int:
        return 2 * self.number

    @field_serializer("text")
    def _loud(self, text: str) -> str:
        return text.upper()


class Configured(Thing):
    model_config = ConfigDict(ser_json_timedelta="float", ser_json_bytes="base64", ser_json_inf_nan="constants")


class Open(Thing):
    model_config = ConfigDict(extra="allow")


class Closed(Thing):
    model_config = ConfigDict(extra="forbid")


class Raw(Thing):
    raw: bson.ObjectId | None = None


class Outer(Document):
    inner: Own | None = None
    things: list[PydanticObjectId] = []


class Root(Thing):
    class Settings:
        is_root = True


class Leaf(Root):
    leaf: int = 0


CLASSES = [Thing, Thing, Thing, Own, Configured, Open, Closed, Raw, Outer, Root, Leaf]
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=5)
KEYS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=3)
MOMENTS = st.datetimes(timezones=st.just(datetime.UTC))
PARTS = st.fixed_dictionaries({"partLabel": TEXTS}, optional={"weights": st.lists(st.floats(), max_size=2)})
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    TEXTS,
    st.binary(max_size=3),
    MOMENTS,
    st.uuids(),
)
ANY = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
IDS = st.binary(min_size=12, max_size=12).map(bson.ObjectId)
REFERENCES = IDS.map(lambda id: bson.DBRef("things", id))
STORED: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS,
    "number": st.integers(-(2**63), 2**63 - 1),
    "ratio": st.floats() | st.integers(-(2**60), 2**60),
    "flag": st.booleans(),
    "data": st.binary(max_size=4) | TEXTS.map(str.encode),
    "at": MOMENTS,
    "day": st.dates(),
    "clock": st.times().map(lambda time: time.isoformat()) | st.sampled_from(["01:02:03.000000", "01:02"]),
    "span": st.timedeltas(datetime.timedelta(days=-5000), datetime.timedelta(days=5000)) | st.floats(-100, 100),
    "key": st.uuids(),
    "price": st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9)
    | st.sampled_from(["1E+20", "1E-9", "-0", "NaN"]).map(bson.Decimal128),
    "colour": st.sampled_from(["red", 'bl"ue', "green"]),
    "literal": st.sampled_from(["a", 1, 1.0, True]),
    "partLabel": TEXTS,
    "part": PARTS,
    "parts": st.lists(PARTS, max_size=2),
    "pair": st.lists(st.integers(0, 5), max_size=2),
    "table": st.dictionaries(KEYS, st.floats(), max_size=3),
    "anything": ANY | REFERENCES | IDS | st.just(bson.Regex("x")),
    "named": TEXTS,
    "Named ✓": TEXTS,
    "hidden": TEXTS,
    "made": st.lists(st.integers(0, 5), max_size=2),
    "owner": IDS | REFERENCES | st.integers(0, 5) | st.floats() | TEXTS | st.uuids() | MOMENTS,
    "tags": st.lists(st.integers(0, 3), max_size=3),
    "path": st.just("/a//b"),
    "raw": IDS,
    "inner": st.fixed_dictionaries({"_id": IDS, "number": st.integers(0, 3)}),
    "things": st.lists(IDS, max_size=2),
    "leaf": st.integers(0, 5),
    "_class_id": st.sampled_from(["Root", "Root.Leaf"]),
}
ODD = st.none() | ANY


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """What may be stored: fields in any order, missing or unknown ones, now and then values that do not fit."""
    keys = draw(st.lists(st.sampled_from(sorted(STORED)), unique=True, max_size=8))
    values = {key: draw(ODD if draw(st.integers(0, 30)) == 0 else STORED[key]) for key in keys}
    return encode_document({"_id": draw(IDS), **values})


def outcome(work: Callable[[], bytes]) -> Any:
    try:
        return work()
    except Exception as refused:
        return type(refused), str(refused)


@settings(max_examples=examples(400))
@given(st.sampled_from(CLASSES), documents())
def test_json_is_as_pydantic_writes_it(cls: type[Document], stored: bytes) -> None:
    layout = family_layout((Root, Leaf)) if cls is Root else layout_of(cls)
    expected = outcome(lambda: layout.decode(stored).model_dump_json(by_alias=True).encode())
    assert outcome(lambda: JsonLayout(layout).decode(stored)) == expected


@given(st.dictionaries(KEYS, ANY, max_size=4))
def test_rows_are_their_values(row: dict[str, Any]) -> None:
    written = json.loads(JsonLayout(None).decode(encode_document(row)))
    assert repr(written) == repr({key: in_json(value) for key, value in row.items()})


def in_json(value: Any) -> Any:
    match value:
        case dict():
            return {key: in_json(item) for key, item in value.items()}
        case list():
            return [in_json(item) for item in value]
        case uuid.UUID():
            return str(value)
        case bytes():
            return base64.b64encode(value).decode()
        case datetime.datetime():
            cut = value.replace(microsecond=value.microsecond // 1000 * 1000)
            return cut.isoformat().replace("+00:00", "Z")
        case float() if value != value or value in (float("inf"), -float("inf")):
            return None
    return value


def test_rows_have_forms_of_what_pydantic_does_not_write() -> None:
    id = bson.ObjectId()
    row = {"_id": id, "n": bson.Decimal128("1.50"), "b": b"\xff\x00", "list": [{"x": id}], "d": bson.DBRef("c", id)}
    assert json.loads(JsonLayout(None).decode(encode_document(row))) == {
        "_id": str(id),
        "n": "1.50",
        "b": "/wA=",
        "list": [{"x": str(id)}],
        "d": {"$ref": "c", "$id": str(id)},
    }
    with pytest.raises(DecodeError, match="r: a value of BSON type RegularExpression has no form in JSON"):
        JsonLayout(None).decode(encode_document({"a": {"r": bson.Regex("x")}}))


def test_of_keys_that_are_alike_the_last_counts() -> None:
    twice = encode_document({"a": 1, "b": 2, "c": 3}).replace(b"\x10c\0", b"\x10a\0")
    assert JsonLayout(None).decode(twice) == b'{"a":3,"b":2}'


def test_ordinary_classes_are_written_without_pydantic(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = layout_of(Thing).encode(Thing(id=bson.ObjectId(), part=Part(partLabel="x"), price=Decimal("1.5")))
    before = JsonLayout(layout_of(Thing)).decode(stored)

    def refuse(*_args: Any, **_keywords: Any) -> str:
        raise AssertionError("pydantic was asked")

    monkeypatch.setattr(Thing, "model_dump_json", refuse)
    assert JsonLayout(layout_of(Thing)).decode(stored) == before
