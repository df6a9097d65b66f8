"""Documents checked and encoded in one walk, beside the two steps it stands for: pydantic's check, and the encoder."""

from __future__ import annotations

import copy
import datetime
import enum
import uuid
from collections.abc import Callable
from typing import Any

import bson
import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ConfigDict, Field, ValidationError, field_serializer
from pydantic_core import PydanticSerializationError

from data_bridge import Document, EmbeddedDocument, Link, _core
from data_bridge.errors import EncodeError, SchemaError
from data_bridge.layout import layout_of
from data_bridge.validation import check, fit_of_class
from data_bridge.writing import encoded, encoded_all


class Part(EmbeddedDocument):
    text: str
    number: int | None = None


class Plain(Document):
    flag: bool
    number: int
    real: float
    text: str
    raw: bytes
    at: datetime.datetime
    day: datetime.date
    key: uuid.UUID
    must: int | None
    maybe: int | None = None
    several: list[str]
    part: Part
    parts: list[Part]
    by_name: dict[str, int]
    by_number: dict[int, str]
    either: int | str
    one: Part | None = None
    anything: Any


class KeepingNulls(Plain):
    class Settings:
        keep_nulls = True


class Family(Plain):
    class Settings:
        is_root = True


class Below(Family):
    more: str = "m"


class Open(Plain):
    model_config = ConfigDict(extra="allow")


class Other(Document):
    name: str = "n"


class Written(Plain):
    """Fields that are stored in ways of their own."""

    renamed: int = Field(1, alias="other")
    doubled: int = 2
    linked: Link[Other] | None = None

    @field_serializer("doubled")
    def as_stored(self, value: Any) -> Any:
        return 1 // value if isinstance(value, int) else value


CLASSES = [Plain, KeepingNulls, Family, Below, Open, Written]
GOOD: dict[str, Any] = {
    "id": ObjectId(),
    "flag": True,
    "number": 1,
    "real": 1.5,
    "text": "ä",
    "raw": b"x",
    "at": datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
    "day": datetime.date(2020, 1, 1),
    "key": uuid.UUID(int=1),
    "must": None,
    "maybe": None,
    "several": ["a"] * 12,
    "part": Part(text="x"),
    "parts": [Part(text="y"), Part(text="z", number=3)],
    "by_name": {"a": 1, "": 2},
    "by_number": {},
    "either": "b",
    "one": Part(text="o"),
    "anything": {"a": [1, None]},
}


class Number(int):
    pass


class Colour(enum.Enum):
    RED = "red"


class Opaque:
    """What nobody can store."""

    def __repr__(self) -> str:
        return "opaque"


#: Beside what fits: what pydantic converts, what it refuses, and what only the encoder refuses.
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from(["\ud800", "5", Number(3), Colour.RED, 2**63, {"a\0": 1}, {"\ud800": 1}, {1: "x"}, Opaque()]),
    st.binary(max_size=3),
    st.datetimes(timezones=st.none() | st.timezones()),
    st.dates(),
    st.uuids(),
    st.decimals(),
    st.lists(st.one_of(st.text(max_size=2), st.integers(), st.builds(Part, text=st.text(max_size=2))), max_size=3),
    st.dictionaries(st.one_of(st.text(max_size=2), st.integers()), st.one_of(st.integers(), st.text()), max_size=2),
    st.builds(Part, text=st.text(max_size=2), number=st.none() | st.integers(0, 2**65)),
    st.builds(lambda wrong: Part.model_construct(text=wrong), st.one_of(st.none(), st.integers(), st.text())),
    st.just(Part.model_construct()),
)
CHANGED = st.dictionaries(st.sampled_from([*GOOD, "doubled", "linked", "more"]), VALUES, max_size=2)


def made(cls: type[Document], changed: dict[str, Any], missing: bool = False) -> Any:
    own = {"renamed": 1, "doubled": 1, "linked": None, "more": "x"}
    values = {name: value for name, value in {**own, **GOOD, **changed}.items() if name in cls.model_fields}
    document = cls.model_construct(**values)
    vars(document).update(values)
    if missing and changed:
        vars(document).pop(next(iter(changed)), None)
    return document


def outcome(work: Callable[[], Any]) -> Any:
    """What it gives, or the error that it raises."""
    try:
        return work()
    except (ValidationError, EncodeError, SchemaError, PydanticSerializationError, AttributeError) as error:
        return type(error), str(error)


def two_steps(documents: list[Any]) -> list[bytes]:
    for document in documents:
        check(document)
    return [encoded(document) for document in documents]


@given(st.lists(st.tuples(st.sampled_from(CLASSES), CHANGED, st.booleans()), min_size=1, max_size=3))
def test_one_walk_gives_what_two_steps_give(given_: list[tuple[type[Document], dict[str, Any], bool]]) -> None:
    # An id that is None is another one in each.
    documents = [
        made(cls, {name: value for name, value in changed.items() if name != "id" or value is not None}, missing)
        for cls, changed, missing in given_
    ]
    again = copy.deepcopy(documents)
    assert outcome(lambda: encoded_all(documents, True)) == outcome(lambda: two_steps(again))
    assert repr([vars(each) for each in documents]) == repr([vars(each) for each in again])


@given(st.sampled_from(CLASSES), CHANGED)
def test_without_a_check_one_walk_gives_what_the_encoder_gives(cls: type[Document], changed: dict[str, Any]) -> None:
    document = made(cls, {name: value for name, value in changed.items() if name != "id"})
    again = copy.deepcopy(document)
    assert outcome(lambda: encoded_all([document], False)) == outcome(lambda: [encoded(again)])


@given(st.sampled_from(CLASSES), CHANGED)
def test_what_fits_is_written_in_one_walk(cls: type[Document], changed: dict[str, Any]) -> None:
    document = made(cls, {name: value for name, value in changed.items() if name != "id"})
    fit = fit_of_class(cls)
    assert fit is not None
    whole = outcome(lambda: layout_of(cls).encode(document))

    def slowly(_: Any) -> bytes:
        return b""

    [written] = _core.encode_all([document], fit_of_class, None, slowly)
    if fit.fits(document) and isinstance(whole, bytes) and not document.by_number:
        assert written == whole
    else:
        assert written == b""


@pytest.mark.parametrize("cls", CLASSES)
def test_new_ids_are_in_the_bytes_and_set(cls: type[Document]) -> None:
    documents = [made(cls, {"id": None}) for _ in range(3)]
    images = encoded_all([*documents, documents[0]], True)
    ids = [document.id for document in documents]
    assert all(type(each) is ObjectId for each in ids)
    assert len(set(ids)) == len(ids)
    assert abs(ids[0].generation_time - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(seconds=5)
    assert [bson.decode(image)["_id"] for image in images] == [*ids, ids[0]]
    assert all("id" in document.model_fields_set for document in documents)
    assert all(next(iter(bson.decode(image))) == "_id" for image in images)


def test_nothing_is_given_an_id_before_all_are_checked() -> None:
    documents = [
        made(Plain, {"id": None}),
        made(Plain, {"id": None, "text": "\ud800"}),
        made(Plain, {"flag": "no way"}),
    ]
    with pytest.raises(ValidationError):
        encoded_all(documents, True)
    assert [document.id for document in documents[:2]] == [None, None]


class Numbered(Document):
    id: int | None = None  # type: ignore[assignment]


def test_ids_that_cannot_be_made_are_asked_for() -> None:
    with pytest.raises(SchemaError, match="give one"):
        encoded_all([Numbered()], True)


def test_extra_values_are_written_by_the_encoder() -> None:
    document = Open(**{**GOOD, "more": 1})
    [image] = encoded_all([document], True)
    assert image == layout_of(Open).encode(document)
    assert bson.decode(image)["more"] == 1
