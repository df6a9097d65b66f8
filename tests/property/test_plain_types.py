"""The quick check of plain types says yes only where pydantic's whole check would change and refuse nothing."""

from __future__ import annotations

import datetime
import enum
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import SchemaValidator

from data_bridge import Document, EmbeddedDocument, Link
from data_bridge.plain_types import fit_of
from data_bridge.validation import check, checking


class Color(enum.Enum):
    RED = "red"


class Inner(EmbeddedDocument):
    text: str
    number: int | None = None


class Plain(Document):
    flag: bool
    number: int
    real: float
    text: str
    raw: bytes
    at: datetime.datetime
    key: uuid.UUID
    maybe: int | None
    several: list[str]
    inner: Inner
    inners: list[Inner]
    by_name: dict[str, int]
    either: int | str
    anything: Any
    color: Color
    chosen: Literal["a", "b"]
    above: Annotated[int, Field(gt=0)]
    part: Annotated[float, Field(ge=0, le=1)]
    short: Annotated[str, Field(min_length=1, max_length=2)]
    few: Annotated[list[Annotated[int, Field(lt=9)]], Field(max_length=2)]


GOOD: dict[str, Any] = {
    "id": ObjectId(),
    "flag": True,
    "number": 1,
    "real": 1.5,
    "text": "a",
    "raw": b"x",
    "at": datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
    "key": uuid.UUID(int=1),
    "maybe": None,
    "several": ["a"],
    "inner": Inner(text="x"),
    "inners": [Inner(text="y")],
    "by_name": {"a": 1},
    "either": "b",
    "anything": {1},
    "color": Color.RED,
    "chosen": "a",
    "above": 1,
    "part": 0.5,
    "short": "é",
    "few": [1],
}
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from(["a", "b", "\ud800", Color.RED]),
    st.binary(max_size=3),
    st.datetimes(),
    st.dates(),
    st.uuids(),
    st.decimals(),
    st.lists(st.one_of(st.text(max_size=2), st.integers(), st.builds(Inner, text=st.text(max_size=2))), max_size=3),
    st.dictionaries(st.one_of(st.text(max_size=2), st.integers()), st.one_of(st.integers(), st.text()), max_size=2),
    st.builds(Inner, text=st.text(max_size=2)),
    st.builds(lambda wrong: Inner.model_construct(text=wrong), st.one_of(st.none(), st.integers(), st.text())),
    st.just(Inner.model_construct()),
)


def test_plain_classes_are_seen_as_such() -> None:
    fit = fit_of(checking(Plain.__pydantic_core_schema__))
    assert fit is not None
    assert fit.fits(Plain.model_construct(**GOOD))


@given(st.dictionaries(st.sampled_from(list(GOOD)), VALUES, max_size=3), st.booleans())
def test_what_fits_is_valid(changed: dict[str, Any], missing: bool) -> None:
    fit = fit_of(checking(Plain.__pydantic_core_schema__))
    assert fit is not None
    values = {**GOOD, **changed}
    document = Plain.model_construct(**values)
    if missing and changed:
        vars(document).pop(next(iter(changed)))
    if fit.fits(document):
        before = dict(vars(document))
        whole = SchemaValidator(checking(Plain.__pydantic_core_schema__), None, False)
        assert vars(whole.validate_python(document, strict=True, by_name=True)) == before


class Even(Document):
    number: Annotated[int, Field(multiple_of=2)]


class Checked(Document):
    number: int

    @model_validator(mode="after")
    def small(self) -> Checked:
        assert self.number < 10
        return self


class Exact(Document):
    number: Decimal


class Short(Document):
    model_config = ConfigDict(str_max_length=2)

    text: str


class Owning(Document):
    plain: Link[Plain]


class Holding(Document):
    even: list[Even]


class Endless(Document):
    inner: list[Endless]


@pytest.mark.parametrize("cls", [Even, Checked, Exact, Short, Holding, Endless])
def test_classes_that_ask_for_more_are_left_to_pydantic(cls: type[BaseModel]) -> None:
    assert fit_of(checking(cls.__pydantic_core_schema__)) is None


class Converted(Document):
    number: int

    @field_validator("number", mode="before")
    @classmethod
    def doubled(cls, value: Any) -> Any:
        return value


def test_validators_of_fields_are_not_run_again() -> None:
    check(Converted(number=1))


def test_every_class_of_links_can_be_looked_at() -> None:
    fit_of(checking(Owning.__pydantic_core_schema__))
