"""What classes say about their own instances is heeded: where it has to be, construction leaves them to pydantic."""

from __future__ import annotations

import itertools
import json
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bson import ObjectId
from constructing import Inner, document_of, native, outcome, seen, slowly
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    create_model,
    field_validator,
    model_validator,
)

from data_bridge import Document, EmbeddedDocument, Link
from data_bridge.layout import layout_of

NUMBERS = itertools.count()


class Numbered(EmbeddedDocument):
    number: int = Field(default_factory=NUMBERS.__next__)


class Holding(Document):
    inner: Numbered
    number: int = Field(default_factory=NUMBERS.__next__)


def test_a_factory_is_called_as_often_as_pydantic_calls_it() -> None:
    def calls(make: Callable[..., Any], *args: Any, **keywords: Any) -> int:
        before = next(NUMBERS)
        outcome(make, *args, **keywords)
        return next(NUMBERS) - before - 1

    for cls, values in [
        (Numbered, {}),
        (Numbered, {"number": "x"}),
        (Holding, {"inner": {}}),
        (Holding, {"inner": {}, "id": "x"}),
    ]:
        assert calls(cls, **values) == calls(slowly, cls, values)


class Hooked(Document):
    number: int
    steps: list[str] = []

    def model_post_init(self, context: Any) -> None:
        self.steps.append("post")


class Checked(Document):
    number: int

    @model_validator(mode="after")
    def small(self) -> Checked:
        assert self.number < 10
        return self


class Doubled(Document):
    number: int

    @field_validator("number")
    @classmethod
    def double(cls, value: int) -> int:
        return 2 * value


class Own(Document):
    number: int

    def __init__(self, number: int) -> None:
        super().__init__(number=number + 1)


class Marked(Document):
    number: int

    def __new__(cls, **_values: Any) -> Any:
        made = super().__new__(cls)
        object.__setattr__(made, "__previous__", "new")
        return made


class CheckedDefaults(Document):
    model_config = ConfigDict(validate_default=True)

    number: int = "3"  # type: ignore[assignment]  # pyright: ignore


class OneChecked(Document):
    number: int = Field("3", validate_default=True)  # type: ignore[assignment]  # pyright: ignore


class Stripped(Document):
    model_config = ConfigDict(str_strip_whitespace=True)

    text: str


class Again(Document):
    model_config = ConfigDict(revalidate_instances="always")

    inner: Inner


class Several(Document):
    number: int = Field(validation_alias=AliasChoices("a", "b"))


class FromOthers(Document):
    number: int
    twice: int = Field(default_factory=lambda data: data["number"] * 2)


@pytest.mark.parametrize(
    ("cls", "values"),
    [
        (Hooked, {"number": 1}),
        (Checked, {"number": 1}),
        (Checked, {"number": 11}),
        (Doubled, {"number": 1}),
        (Own, {"number": 1}),
        (Marked, {"number": 1}),
        (CheckedDefaults, {}),
        (OneChecked, {}),
        (Stripped, {"text": " a "}),
        (Again, {"inner": Inner.model_construct(text=1)}),
        (Several, {"b": 1}),
        (FromOthers, {"number": 1}),
    ],
)
def test_code_and_settings_of_the_users_are_heeded(cls: Any, values: dict[str, Any]) -> None:
    assert native(cls, values) is None
    assert outcome(cls, **values) == outcome(slowly, cls, values)


def test_a_class_of_the_users_inside_another_makes_its_instances() -> None:
    holder = document_of(Hooked)
    assert holder(first={"number": 1}).first.steps == ["post"]


class Parent(Document):
    child: Child  # defined below


def test_a_class_may_name_one_that_is_defined_later() -> None:
    assert Parent(child={"number": 1}).child == Child(number=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert native(Parent, {"child": {"number": 1}}) is not None


class Child(EmbeddedDocument):
    number: int


def test_a_class_may_be_defined_in_a_function_with_those_it_names() -> None:
    class Part(EmbeddedDocument):
        number: int

    class Whole(Document):
        part: Part

    assert Whole(part=Part(number=1)).part.number == 1
    assert native(Whole, {"part": {"number": 1}}) is not None


class Older(BaseModel):
    x: int = Field(deprecated="it has another name")


class Crossed(Document):
    model_config = ConfigDict(extra="forbid")

    first: int = Field(validation_alias="second")
    second: int


class Doubly(Document):
    model_config = ConfigDict(extra="allow")

    first: int = Field(validation_alias="one")
    second: int = Field(validation_alias="one")


class Hidden(Document):
    number: int
    _module: Any = PrivateAttr(default=json)
    _list: list[int] = PrivateAttr(default=[])


class HiddenMade(Document):
    number: int
    _twice: int = PrivateAttr(default_factory=lambda data: data["number"] * 2)


@pytest.mark.parametrize(
    ("cls", "values"),
    [
        (Crossed, {"second": 1, "other": 1}),
        (Crossed, {"second": 1}),
        (Doubly, {"one": 1, "other": 1}),
        (Hidden, {"number": 1}),
        (HiddenMade, {"number": 1}),
        (document_of(Older), {"first": {"x": 1}}),
        (document_of(HiddenMade), {"first": {"number": 1}}),
    ],
)
def test_unusual_classes_are_pydantics(cls: Any, values: dict[str, Any]) -> None:
    assert outcome(cls, **values) == outcome(slowly, cls, values)


def test_private_attributes_are_made_for_each() -> None:
    first, second = Hidden(number=1), Hidden(number=1)
    first._list.append(1)
    assert (first._list, second._list, second._module) == ([1], [], json)


def test_a_class_that_was_built_anew_is_another() -> None:
    rebuilt: Any = create_model("Rebuilt", __base__=Document, number=(int, 1))
    assert rebuilt().number == 1
    rebuilt.model_fields["number"].default = 2
    rebuilt.model_rebuild(force=True)
    assert rebuilt().number == 2


def test_a_link_may_lead_to_a_class_that_is_defined_later() -> None:
    class Letter(Document):
        sender: Link["Sender"] | None = None  # type: ignore[name-defined]  # noqa: UP037  # pyright: ignore

        class Settings:
            link_storage = "dbref"

    assert Letter().sender is None

    class Sender(Document):
        name: str

    letter = Letter(sender=Sender(id=ObjectId(), name="Ann"))
    assert layout_of(Letter).decode(layout_of(Letter).encode(letter)).sender.id == letter.sender.id


def test_models_may_refer_to_one_another_in_many_ways() -> None:
    names = [f"Mutual{number}" for number in range(12)]
    fields: dict[str, Any] = {name.lower(): (f"{name} | None", None) for name in names}
    made = {name: create_model(name, __base__=EmbeddedDocument, **fields) for name in names}
    for cls in made.values():
        cls.model_rebuild(_types_namespace=made)
    first: Any = made["Mutual0"]
    assert first(mutual3={"mutual4": {}}).mutual3.mutual4 == made["Mutual4"]()


def test_threads_may_make_the_first_instances_of_a_class_together() -> None:
    def make(cls: Any, start: threading.Barrier) -> Any:
        start.wait()
        return layout_of(cls).decode(layout_of(cls).encode(cls(first=[{"text": "x"}])))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            for _ in range(30):
                inner = create_model("Part", __base__=Inner, more=(int, 1))
                cls, start = document_of(list[inner]), threading.Barrier(4)
                for made in threads.map(make, [cls] * 4, [start] * 4):
                    assert made.first == [inner(text="x")]
    finally:
        sys.setswitchinterval(before)


class Counted(BaseModel):
    number: int

    def __init__(self, number: int) -> None:
        super().__init__(number=number + 1)


class Inherits(Document, Counted):
    text: str = "x"


class Mixed(Counted, EmbeddedDocument):
    text: str = "x"


@pytest.mark.parametrize("cls", [Inherits, Mixed])
def test_a_constructor_of_another_base_is_called(cls: Any) -> None:
    assert cls(1).number == 2
    assert document_of(cls)(first={"number": 1}).first.number == 2


def test_a_constructor_of_another_base_is_called_of_a_class_in_a_function() -> None:
    class Part(EmbeddedDocument):
        number: int

    class Whole(Document, Counted):
        part: Part | None = None

    whole: Any = Whole(1)
    whole.part = Part(number=1)
    assert whole.number == 2
    assert Whole.__pydantic_complete__


class Other(Document):
    number: int

    @model_validator(mode="after")
    def another(self) -> Any:
        return Inner(text="x")


def test_an_instance_that_a_validator_replaces_is_told_of() -> None:
    with pytest.warns(UserWarning, match="a validator of Other gives another instance"):
        Other(number=1)


def test_an_instance_may_be_made_again() -> None:
    inner = Inner(text="x", number=1)
    inner.__init__(text="y")  # type: ignore[misc]
    assert seen(inner) == seen(Inner(text="y"))


def test_what_fits_again_is_taken_again() -> None:
    cls = document_of(int)
    assert [cls(first=first).first for first in ("1", 2, "3", "4", 5)] == [1, 2, 3, 4, 5]
    assert native(cls, {"first": 6}).first == 6


def test_positional_arguments_are_refused_as_pydantic_refuses_them() -> None:
    with pytest.raises(TypeError, match="positional"):
        Inner("x")  # type: ignore  # pyright: ignore


def test_a_value_may_have_any_name() -> None:
    loose = create_model("Loose", __base__=EmbeddedDocument, cls=(int, ...), values=(int, ...), self=(int, ...))
    assert loose(cls=1, values=2, self=3).model_dump() == {"cls": 1, "values": 2, "self": 3}
