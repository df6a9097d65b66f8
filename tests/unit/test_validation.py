"""What a document holds when it is written is what its fields take."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from data_bridge import Document, EmbeddedDocument
from data_bridge.validation import check


class Address(EmbeddedDocument):
    number: int = Field(0, alias="Number")
    street: str = "?"


class Far(Address):
    country: str = "x"


class Plain(BaseModel):
    text: str = ""

    @field_validator("text")
    @classmethod
    def shout(cls, value: str) -> str:
        return value.upper()


class Person(Document):
    address: Address = Address()
    either: Address | Plain | None = None
    several: list[Address] = []
    by_name: dict[str, Plain] = {}
    strict: int = Field(1, strict=True)
    seen: int = 0

    @model_validator(mode="after")
    def count(self) -> Any:
        assert self.address.number < 100
        return self


def test_values_given_for_a_model_become_one() -> None:
    person, kept = Person(), Far(country="y")
    person.address = {"number": 9}  # type: ignore[assignment]  # pyright: ignore
    person.several = [kept, {"Number": 1, "junk": 2}]  # type: ignore[list-item]  # pyright: ignore
    person.by_name["a"] = {"text": "b"}  # type: ignore[assignment]  # pyright: ignore
    check(person)
    assert person.address == Address(number=9)
    assert person.several == [kept, Address(number=1)]
    assert person.several[0] is kept
    assert person.by_name == {"a": Plain(text="B")}


def test_what_is_no_model_is_refused_at_its_place() -> None:
    person = Person()
    person.several.append({"Number": "x"})  # type: ignore[arg-type]  # pyright: ignore
    with pytest.raises(ValidationError) as refused:
        check(person)
    assert [each["loc"] for each in refused.value.errors()] == [("several", 0, "Number")]
    person.several = []
    person.address = Plain()  # type: ignore[assignment]  # pyright: ignore
    with pytest.raises(ValidationError, match="Address"):
        check(person)


def test_values_that_several_models_could_take_are_refused() -> None:
    person = Person()
    person.either = {"text": "a"}  # type: ignore[assignment]  # pyright: ignore
    with pytest.raises(ValidationError, match="instance of Plain"):
        check(person)
    person.either = Plain(text="a")
    check(person)


def test_values_inside_an_instance_are_converted_in_it() -> None:
    person, address = Person(), Address()
    person.address = address
    address.number = "7"  # type: ignore[assignment]  # pyright: ignore
    person.several = [address]
    check(person)
    assert person.address is address
    assert address.number == 7


def test_a_strict_field_takes_no_other_type() -> None:
    person = Person()
    person.seen = "3"  # type: ignore[assignment]  # pyright: ignore
    check(person)
    assert person.seen == 3
    person.strict = "7"  # type: ignore[assignment]  # pyright: ignore
    with pytest.raises(ValidationError, match="strict"):
        check(person)
    assert person.strict == "7"
