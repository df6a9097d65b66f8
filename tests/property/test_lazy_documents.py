"""A lazy document is as the eager one in everything but when it is decoded."""

from __future__ import annotations

import copy
import datetime
import pickle
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

import bson
import pytest
from effort import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BeforeValidator, ConfigDict, Field, PrivateAttr, computed_field, field_validator, model_validator

from data_bridge import Document, EmbeddedDocument, Link
from data_bridge._core import Layout, LazyLayout, encode_document
from data_bridge.errors import DecodeError
from data_bridge.layout import family_layout, layout_of


class Inner(EmbeddedDocument):
    x: int
    y: list[str] = []


class Plain(Document):
    id: int
    name: str
    age: int = 7
    inner: Inner | None = None
    many: list[Inner] = Field(default_factory=list)
    at: datetime.datetime | None = None
    key: uuid.UUID | None = None
    price: Decimal | None = None
    other: Link[Plain] | None = None


class Aliased(Plain):
    model_config = ConfigDict(validate_assignment=True)
    name: str = Field(alias="Name")
    _seen: list[int] = PrivateAttr(default_factory=lambda: [1])

    @computed_field  # type: ignore[prop-decorator]
    @property
    def shout(self) -> str:
        return self.name.upper() + str(self.age)


class Open(Plain):
    model_config = ConfigDict(extra="allow")


class Closed(Plain):
    model_config = ConfigDict(extra="forbid")


class Checked(Plain):
    tags: Annotated[list[str], BeforeValidator(lambda value: value.split() if isinstance(value, str) else value)] = []

    @field_validator("name")
    @classmethod
    def _short(cls, value: str) -> str:
        if len(value) > 3:
            raise ValueError("too long")
        return value


class Whole(Plain):
    @model_validator(mode="after")
    def _checked(self) -> Whole:
        self.age += 1
        return self


class Root(Plain):
    class Settings:
        is_root = True


class Leaf(Root):
    leaf: int = 0


CLASSES = [Plain, Aliased, Open, Closed, Checked, Whole, Root, Leaf]
INNER = st.fixed_dictionaries({"x": st.integers(0, 9)}, optional={"y": st.lists(st.text(max_size=2), max_size=2)})
#: What fits is drawn often, what does not now and then.
ODD = st.sampled_from([None, "5", 1.5, [], {"x": "a"}, b"b", 2**40])
STORED = {
    "name": st.text(max_size=4),
    "Name": st.text(max_size=4),
    "age": st.integers(0, 99),
    "inner": st.none() | INNER,
    "many": st.lists(INNER, max_size=2),
    "at": st.none() | st.datetimes(min_value=datetime.datetime(1900, 1, 1), timezones=st.just(datetime.UTC)),
    "key": st.none() | st.uuids(),
    "price": st.decimals(0, 100, places=2),
    "other": st.integers(0, 5),
    "tags": st.just("a b"),
    "leaf": st.integers(0, 9),
    "unknown": st.integers(0, 9),
    "_class_id": st.sampled_from(["Root", "Root.Leaf"]),
}


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """What may be stored: fields in any order, missing or unknown ones, values that do not fit."""
    keys = draw(st.lists(st.sampled_from(sorted(STORED)), unique=True))
    if draw(st.integers(0, 9)):
        keys = [*keys, *({"name", "Name"} - set(keys))]
    values = {key: draw(ODD if draw(st.integers(0, 15)) == 0 else STORED[key]) for key in keys}
    return encode_document({"_id": draw(st.integers(0, 5)), **values})


def edited(document: Any) -> Any:
    document.age = 50
    document.name = "new"
    return document


def removed(document: Any) -> Any:
    del document.age
    return hasattr(document, "age"), document.model_dump()


def mutated(document: Any) -> Any:
    document.many.append(Inner(x=1))
    return document.changes, document.is_changed


def rolled_back(document: Any) -> Any:
    document.many = []
    document.rollback()
    return document


USES: dict[str, Callable[[Any], Any]] = {
    "repr": repr,
    "str": str,
    "dict": dict,
    "vars": lambda document: list(vars(document).items()),
    "model_dump": lambda document: document.model_dump(exclude={"other"}),
    "exclude_unset": lambda document: document.model_dump(exclude_unset=True, by_alias=True, exclude={"other"}),
    "json": lambda document: document.model_dump_json(),
    "fields_set": lambda document: document.model_fields_set,
    "extra": lambda document: document.model_extra,
    "private": lambda document: document.__pydantic_private__,
    "pickle": lambda document: pickle.loads(pickle.dumps(document)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "model_copy": lambda document: document.model_copy(update={"age": 1}),
    "again": lambda document: type(document).model_validate(document, from_attributes=True),
    "edited": edited,
    "edited changes": lambda document: edited(document).changes,
    "removed": removed,
    "mutated": mutated,
    "rolled back": rolled_back,
    "image": lambda document: document._image,
    "encode": lambda document: layout_of(type(document)).encode(document),
    "class": type,
    "computed": lambda document: document.shout,
    "unknown": lambda document: document.unknown,
    "nothing": lambda document: document.nothing,
    **{name: lambda document, name=name: getattr(document, name) for name in (*Plain.model_fields, "leaf", "tags")},  # type: ignore[misc]
}


def outcome(use: Callable[[Any], Any], document: Any) -> Any:
    try:
        return "gave", use(document)
    except Exception as error:
        return "raised", type(error), str(error)


def loaded(layout: Layout, stored: bytes) -> Any:
    try:
        return layout.decode(stored)
    except DecodeError as refused:
        return refused


@settings(max_examples=examples(400))
@given(st.sampled_from(CLASSES), documents(), st.lists(st.sampled_from(sorted(USES)), max_size=5))
# Stored under the field's name, where its alias is looked for: only pydantic takes that.
@example(Aliased, encode_document({"_id": 0, "name": ""}), ["exclude_unset"])
@example(Aliased, encode_document({"_id": 0, "name": 5}), ["exclude_unset"])
def test_lazy_is_eager(cls: type[Document], stored: bytes, uses: list[str]) -> None:
    layout = family_layout((Root, Leaf)) if cls is Root else layout_of(cls)
    eager = loaded(layout, stored)
    if isinstance(eager, DecodeError):
        with pytest.raises(DecodeError) as later:
            vars(LazyLayout(layout).decode(stored))
        assert str(later.value) == str(eager)
        assert (later.value.document_id, later.value.path) == (eager.document_id, eager.path)
        return
    lazy = LazyLayout(layout).decode(stored)
    assert type(lazy) is type(eager)
    for name in uses:
        assert outcome(USES[name], lazy) == outcome(USES[name], eager), name
    assert lazy == eager
    assert list(vars(lazy)) == list(vars(eager))


def pending(document: Document) -> bool:
    return object.__getattribute__(document, "__pending__") is not None


def test_only_what_is_read_is_decoded() -> None:
    stored = encode_document({"_id": 1, "name": "Ann", "age": "not a number", "inner": {"x": 1}})
    lazy = LazyLayout(layout_of(Plain)).decode(stored)
    assert lazy.name == "Ann"
    assert lazy.inner is lazy.inner
    assert pending(lazy)
    with pytest.raises(DecodeError) as refused:
        _ = lazy.age
    assert (refused.value.document_id, refused.value.path) == (1, "age")
    assert pending(lazy)


def test_what_was_read_stays_the_same_object() -> None:
    lazy = LazyLayout(layout_of(Plain)).decode(encode_document({"_id": 1, "name": "Ann", "many": [{"x": 1}]}))
    many = lazy.many
    many.append(Inner(x=2))
    assert lazy.model_dump()["many"] == [{"x": 1, "y": []}, {"x": 2, "y": []}]
    assert lazy.many is many
    assert lazy.changes == {"many": [{"x": 1, "y": []}, {"x": 2, "y": []}]}


def test_a_value_put_past_the_class_stays() -> None:
    lazy = LazyLayout(layout_of(Plain)).decode(encode_document({"_id": 1, "name": "Ann"}))
    object.__setattr__(lazy, "age", 99)
    assert (lazy.age, lazy.model_dump()["age"], pending(lazy)) == (99, 99, False)


def test_an_id_is_that_of_the_image() -> None:
    key = bson.ObjectId()

    class Keyed(Document):
        name: str

    assert LazyLayout(layout_of(Keyed)).decode(encode_document({"_id": key, "name": "a"})).id == key
