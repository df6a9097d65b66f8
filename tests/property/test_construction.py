"""Instances made without pydantic are those that pydantic makes, and what it refuses is refused."""

from __future__ import annotations

import datetime
import enum
import math
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal, Union

import pytest
from bson import ObjectId
from constructing import Inner, document_of, native, outcome, seen, slowly
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr

from data_bridge import Document, EmbeddedDocument, Link


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Tone(enum.StrEnum):
    LOW = "a"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


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
