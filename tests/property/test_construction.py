"""Instances made without pydantic are those that pydantic makes, and what it refuses is refused."""

from __future__ import annotations

import datetime
import enum
import itertools
import json
import math
import sys
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Annotated, Any, Literal, Union

import pytest
from bson import ObjectId
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)

from data_bridge import Document, EmbeddedDocument, Link
from data_bridge._core import construct
from data_bridge.construction import Constructor
from data_bridge.layout import layout_of


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Tone(enum.StrEnum):
    LOW = "a"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Inner(EmbeddedDocument):
    text: str
    number: int | None = None


class Foreign(BaseModel):
    number: float = 0.5
    inner: Inner | None = None


class Target(Document):
    number: int = 0


class Made(EmbeddedDocument):
    several: list[int] = Field(default_factory=list)


class Frozen(EmbeddedDocument):
    model_config = ConfigDict(frozen=True)

    text: str = "x"


TYPES: list[Any] = [
    *(bool, int, float, str, bytes, uuid.UUID, Decimal, ObjectId, Any, Color, Level),
    *(datetime.datetime, datetime.date, datetime.time, datetime.timedelta),
    *(Inner, Foreign, Made, Frozen, list, dict, set[str]),
    *(list[str], list[Any], list[list[int]], list[Inner], list[Foreign | None], dict[str, int], dict[str, Inner]),
    *(int | None, int | str, float | int, str | datetime.date | None, ObjectId | str, Inner | Foreign, int | list[int]),
    Union[bool, int, float],  # noqa: UP007
    *(Literal["a", "b"], Literal[1, 2], Literal[1, True, "a"], Literal[Color.RED]),
    *(Annotated[int, Field(ge=0)], Annotated[int, Field(gt=-2, le=2**63)], Annotated[int, Field(multiple_of=2)]),
    *(Annotated[float, Field(ge=0)], Annotated[float, Field(lt=1.5)], Annotated[float, Field(allow_inf_nan=False)]),
    *(Annotated[str, Field(max_length=2)], Annotated[str, Field(min_length=1)], Annotated[str, Field(pattern="a")]),
    *(
        Annotated[bytes, Field(min_length=1)],
        Annotated[list[int], Field(max_length=1)],
        Annotated[int, Field(strict=True)],
    ),
    *(Literal[0] | float, Literal["a"] | Tone, Literal[1, 2] | bool, list[Literal[1] | float], Literal["b"] | str),
    *(str | Tone, int | Level, float | Level, Color | str, Tone | Level, BaseModel | None, list[BaseModel]),
    *(Annotated[float, Field(gt=Decimal("0.1"))], Annotated[float, Field(lt=2**53 + 1)], Annotated[int, Field(ge=0.0)]),
    Annotated[dict[str, Annotated[int, Field(ge=0)]], Field(min_length=1)],
    Annotated[int, Field(ge=0)] | Annotated[str, Field(max_length=1)],
    Annotated[int, AfterValidator(lambda value: [value])],
    *(Link[Target], list[Link[Target]]),
]


class Text(str):
    """A text that is of no exact class."""


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**63, -(2**63) - 1, 10**400]),
    st.sampled_from([0.0, -0.0, 0.1, 1.0, 1.5, 2.0**53, 1e308, math.inf, -math.inf, math.nan]),
    st.sampled_from(["", "a", "b", "ab", "aé", "\ud800", "\U0001f600", "1", "true", "2020-01-01", Text("a")]),
    st.sampled_from([b"", b"a", bytearray(b"a")]),
    st.sampled_from([Color.RED, Level.LOW, Tone.LOW, Decimal(1), ObjectId(b"0" * 12), "0" * 24, uuid.UUID(int=1)]),
    st.sampled_from([datetime.date(2020, 1, 1), datetime.time(1), datetime.timedelta(1), datetime.datetime.min]),
    st.just(datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))),
)
MODELS = st.one_of(
    st.builds(lambda text: Inner.model_construct(text=text), SCALARS),
    st.builds(Foreign),
    st.builds(Made),
    st.builds(Frozen),
    st.builds(lambda id, number: Target(id=id, number=number), st.just(ObjectId(b"0" * 12)) | st.none(), st.integers()),
)
INSIDE = SCALARS | MODELS
DICTS = st.dictionaries(st.sampled_from(["text", "number", "inner", "several", "a", 1]), INSIDE, max_size=3)
VALUES = st.one_of(
    INSIDE,
    DICTS,
    st.lists(INSIDE | DICTS, max_size=3),
    st.lists(st.integers() | st.booleans(), max_size=2),
    st.builds(tuple, st.lists(INSIDE, max_size=2)),
    st.dictionaries(st.text(max_size=1), st.integers(-1, 3), max_size=2),
)


def slowly(cls: Any, values: dict[str, Any]) -> Any:
    """What pydantic makes, asked as its own constructor asks it."""
    made = cls.__new__(cls)
    (BaseModel.__init__ if cls.__init__ is Constructor.__init__ else cls.__init__)(made, **values)
    return made


def native(cls: Any, values: dict[str, Any]) -> Any:
    """What is made without pydantic; None where nothing is."""
    made = cls.__new__(cls)
    return made if construct(made, values) else None


def outcome(make: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    """All that can be seen of an instance or of a refusal."""
    try:
        made = make(*args, **keywords)
    except ValidationError as refused:
        return [(each["type"], each["loc"], each["msg"]) for each in refused.errors(include_url=False)]
    return seen(made)


def seen(value: Any) -> Any:
    """A value with its type, and with all that is in it."""
    if isinstance(value, BaseModel):
        parts = [vars(value), value.__pydantic_fields_set__, value.__pydantic_extra__]
        return type(value), [seen(part) for part in parts], seen(getattr(value, "__pydantic_private__", None))
    if isinstance(value, dict):
        return dict, [(seen(key), seen(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value), [seen(item) for item in value]
    return type(value), repr(sorted(value) if isinstance(value, set) else value)


def document_of(annotation: Any, **more: Any) -> Any:
    return create_model("Holder", __base__=Document, first=(annotation, ...), second=(annotation | None, None), **more)


HOLDERS = [document_of(annotation) for annotation in TYPES]


@settings(max_examples=examples(2000))
@given(st.sampled_from(HOLDERS), st.fixed_dictionaries({"first": VALUES}, optional={"second": VALUES, "other": VALUES}))
def test_values_become_what_pydantic_makes_of_them(cls: Any, values: dict[str, Any]) -> None:
    assert outcome(cls, **values) == outcome(slowly, cls, values)


GOOD: list[tuple[Any, Any]] = [
    (bool, True),
    (int, 10**400),
    (float, math.nan),
    (str, "\ud800"),
    (bytes, b"x"),
    (datetime.datetime, datetime.datetime.max),
    (uuid.UUID, uuid.UUID(int=3)),
    (ObjectId, ObjectId()),
    (Any, {1: object}),
    (Color, Color.BLUE),
    (Inner, Inner(text="x")),
    (Inner, {"text": "x", "number": 3}),
    (list[Inner], [{"text": "x"}, Inner(text="y")]),
    (dict[str, list[int]], {"a": [1]}),
    (int | str | None, "x"),
    (Literal["a", "b"], "b"),
    (Link[Target], Target(number=1)),
    (list[Link[Target]], [ObjectId(b"0" * 12), Target(number=1)]),
    (Annotated[int, Field(ge=0)], 0),
    (Annotated[str, Field(min_length=1, max_length=2)], "éé"),
    (Annotated[list[Annotated[int, Field(lt=3)]], Field(min_length=1)], [2]),
]


@pytest.mark.parametrize(("annotation", "value"), GOOD)
def test_values_of_plain_types_do_not_reach_pydantic(annotation: Any, value: Any) -> None:
    cls = document_of(annotation)
    made = native(cls, {"first": value})
    assert made is not None
    assert seen(made) == seen(slowly(cls, {"first": value}))
    if type(value) in (list, dict) and annotation is not Any:
        assert made.first is not value


class Defaults(Document):
    model_config = ConfigDict(extra="allow")

    shared: tuple[int, ...] = (1,)
    copied: list[int] = [1]
    made: list[int] = Field(default_factory=list)
    aliased: str = Field("x", alias="Aliased")
    chosen: int = Field(1, validation_alias="Chosen")
    inner: Inner = Inner(text="d")
    excluded: int = Field(3, exclude=True)
    _own: int = PrivateAttr(4)


KEYS = ("shared", "copied", "made", "aliased", "Aliased", "chosen", "Chosen", "inner", "excluded", "beside", "_own")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, VALUES)))
def test_defaults_and_names_are_pydantics(values: dict[str, Any]) -> None:
    assert outcome(Defaults, **values) == outcome(slowly, Defaults, values)


def test_defaults_that_can_change_are_copied_for_each() -> None:
    first, second = native(Defaults, {}), native(Defaults, {})
    assert first is not None
    assert second is not None
    first.copied.append(2)
    first.made.append(2)
    first.inner.text = "changed"
    assert (second.copied, second.made, second.inner.text) == ([1], [], "d")


def test_fields_set_are_those_that_were_given() -> None:
    given_some, given_all = Inner(text="x"), Inner(text="x", number=None)
    assert given_some.model_fields_set == {"text"}
    assert given_all.model_fields_set == {"text", "number"}
    given_all.model_fields_set.clear()
    assert Inner(text="x", number=1).model_fields_set == {"text", "number"}


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
