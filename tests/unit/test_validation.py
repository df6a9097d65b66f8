"""What a document holds when it is written is what its fields take."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

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


class Private(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int]
    _limit: int = PrivateAttr(5)
    number: int = 0

    @model_validator(mode="after")
    def small(self) -> Any:
        assert self.number <= self._limit
        return self


class Guarded(Document):
    inner: Annotated[Private, AfterValidator(lambda value: value)]
    other: Private | None = None


def test_validators_of_a_model_may_ask_for_its_private_attributes() -> None:
    guarded = Guarded(inner=Private(), other=Private())
    check(guarded)
    assert guarded.other is not None
    guarded.inner._limit = guarded.other.number = 6
    with pytest.raises(ValidationError) as refused:
        check(guarded)
    assert [each["loc"] for each in refused.value.errors()] == [("other",)]
    guarded.other.number = 5
    guarded.inner.number = 6
    check(guarded)


def test_a_function_around_a_model_hides_nothing_of_it() -> None:
    guarded = Guarded(inner=Private())
    guarded.inner.number = "x"  # type: ignore[assignment]  # pyright: ignore
    with pytest.raises(ValidationError):
        check(guarded)
    guarded.inner = {"number": 3}  # type: ignore[assignment]  # pyright: ignore
    check(guarded)
    assert guarded.inner == Private(number=3)


def test_typed_extras_are_converted_too() -> None:
    guarded = Guarded(inner=Private())
    guarded.inner.more = "7"  # type: ignore[attr-defined]  # pyright: ignore
    check(guarded)
    assert guarded.inner.__pydantic_extra__ == {"more": 7}


def test_a_strict_field_takes_no_other_type() -> None:
    person = Person()
    person.seen = "3"  # type: ignore[assignment]  # pyright: ignore
    check(person)
    assert person.seen == 3
    person.strict = "7"  # type: ignore[assignment]  # pyright: ignore
    with pytest.raises(ValidationError, match="strict"):
        check(person)
    assert person.strict == "7"
