"""Documents are pydantic models, whatever pydantic offers."""

import copy
import pickle
from typing import Annotated, Generic, Literal, TypeVar

import pytest
from bson import ObjectId
from models import Address, User, user
from pydantic import Field, PrivateAttr, ValidationError, computed_field, field_validator

from data_bridge import Document, EmbeddedDocument
from data_bridge.errors import SchemaError
from data_bridge.layout import layout_of

T = TypeVar("T")


class Cat(EmbeddedDocument):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(EmbeddedDocument):
    kind: Literal["dog"] = "dog"
    tricks: list[str] = []


class Box(EmbeddedDocument, Generic[T]):
    content: T


class Everything(Document):
    id: int
    full_name: str = Field(alias="fullName")
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    box: Box[int]
    parent: "Everything | None" = None
    _cache: dict[str, int] = PrivateAttr(default_factory=dict)

    @computed_field
    def loud(self) -> str:
        return self.full_name.upper()

    @field_validator("full_name")
    @classmethod
    def stripped(cls, value: str) -> str:
        return value.strip()


def everything() -> Everything:
    return Everything(id=1, fullName=" Ann ", pet=Dog(tricks=["sit"]), box=Box[int](content=3))


def test_what_pydantic_offers_works() -> None:
    made = everything()
    assert made.full_name == "Ann"
    assert made.loud == "ANN"
    assert made._cache == {}
    assert made.model_dump(by_alias=True)["fullName"] == "Ann"
    assert User.model_json_schema()["properties"]["age"]["type"] == "integer"
    with pytest.raises(ValidationError):
        user(1, age=-1)


def test_aliases_are_stored_names() -> None:
    assert (Everything.full_name == "x").__ir__.to_mql() == {"fullName": "x"}
    assert (Everything.parent.full_name == "x").__ir__.to_mql() == {"parent.fullName": "x"}
    assert (Everything.id == 1).__ir__.to_mql() == {"_id": 1}


def test_a_stored_document_comes_back_as_it_was() -> None:
    layout = layout_of(Everything)
    again = layout.decode(layout.encode(everything()))
    assert again == everything()
    assert again._cache == {}
    assert isinstance(again.pet, Dog)


def test_a_subclass_inherits_and_redeclares_fields() -> None:
    class Admin(User):
        age: float  # type: ignore[assignment]
        level: int = 1

    assert (Admin.age == 1.5).__ir__.to_mql() == {"age": 1.5}
    assert (Admin.level == 1).__ir__.to_mql() == {"level": 1}
    assert (User.age == 1).__ir__.to_mql() == {"age": 1}


def test_copies_and_pickles_are_equal() -> None:
    original = user(1)
    assert copy.deepcopy(original) == original
    assert original.model_copy() == original
    assert pickle.loads(pickle.dumps(original)) == original


def test_ids_are_object_ids_or_their_digits() -> None:
    digits = "5eb7cf5a86d9755df3a6c593"
    assert user(1, id=digits).id == ObjectId(digits)
    assert digits in user(1, id=digits).model_dump_json()
    with pytest.raises(ValidationError):
        user(1, id="short")


def test_a_missing_field_differs_from_a_null_one() -> None:
    layout = layout_of(Address)
    assert layout.decode(layout.encode(Address(street="a", city="b"))).model_fields_set == {"street", "city"}
    from data_bridge._core import encode_document

    stored = {"_id": ObjectId(), "name": "n", "email": "e", "age": 1, "address": {"street": "a", "city": "b"}}
    loaded = layout_of(User).decode(encode_document(stored))
    assert "nickname" not in loaded.model_dump(exclude_unset=True)
    loaded = layout_of(User).decode(encode_document({**stored, "nickname": None}))
    assert loaded.model_dump(exclude_unset=True)["nickname"] is None


def test_unknown_settings_are_refused_where_they_are_written() -> None:
    with pytest.raises(SchemaError, match=r"Odd.Settings has no 'nam'; did you mean 'name'"):

        class Odd(Document):
            class Settings:
                nam = "odd"
