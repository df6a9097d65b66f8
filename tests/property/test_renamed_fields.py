"""Fields that are stored under other names than they are made by are read alike with pydantic and without it."""

from __future__ import annotations

from typing import Any

from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field, model_validator

from data_bridge import Document, EmbeddedDocument
from data_bridge._core import LazyLayout, encode_document
from data_bridge.errors import DecodeError
from data_bridge.layout import layout_of


class Inner(EmbeddedDocument):
    id: int | None = None
    first: int = Field(1, alias="First")
    second: str | None = Field(None, serialization_alias="other")


class Foreign(BaseModel):
    first: int = Field(1, alias="First")
    third: int = Field(3, validation_alias="in", serialization_alias="out")


class Ways(BaseModel):
    model_config = ConfigDict(extra="allow")

    first: int = Field(1, validation_alias=AliasChoices("First", AliasPath("in", 0)))
    second: str | None = Field(None, validation_alias="other")


class Fast(Document):
    id: int
    first: int = Field(1, alias="First")
    second: str | None = Field(None, serialization_alias="other")
    third: int = Field(3, validation_alias="in", serialization_alias="out")
    inner: Inner | None = None
    foreign: list[Foreign] = []
    ways: dict[str, Ways] = {}


class Slow(Fast):
    """The same fields, read by pydantic."""

    @model_validator(mode="after")
    def _checked(self) -> Slow:
        return self


KEYS = ["_id", "id", "first", "First", "second", "other", "third", "in", "out", "inner", "foreign", "ways", "a"]
VALUES = st.sampled_from([None, 1, 2, 2.0, "a", "1", [5]])
DOCUMENTS = st.recursive(
    st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4),
    lambda inner: st.dictionaries(
        st.sampled_from(KEYS), VALUES | inner | st.lists(inner, max_size=2), min_size=1, max_size=4
    ),
    max_leaves=6,
)


def outcome(layout: Any, stored: bytes) -> Any:
    try:
        found = layout.decode(stored)
        values = vars(found)
    except DecodeError as refused:
        return refused.path
    return {name: repr(value) for name, value in values.items()}


@settings(max_examples=examples(2000))
@given(DOCUMENTS)
def test_stored_names_count_at_every_depth(stored: dict[str, Any]) -> None:
    written = encode_document({"_id": 1, **stored})
    assert outcome(layout_of(Fast), written) == outcome(layout_of(Slow), written)
    assert outcome(LazyLayout(layout_of(Fast)), written) == outcome(layout_of(Slow), written)
