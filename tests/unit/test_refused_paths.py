"""Paths that would be read as something else, or that nothing is stored at, are refused before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import Field, create_model

from data_bridge import (
    BackLink,
    Document,
    EmbeddedDocument,
    F,
    Link,
    Push,
    Set,
    fn,
)
from data_bridge.errors import CompileError, SchemaError


class Piece(EmbeddedDocument):
    x: int = 1


class Holder(Document):
    id: int
    pieces: list[Piece] = []
    nums: list[int] = []
    grid: list[list[int]] | None = None
    by: dict[str, int] = {}
    more: dict[str, list[int]] = {}


class Writer(Document):
    name: str = ""
    books: list[BackLink[Book]] = BackLink(original_field="writer")
    first: BackLink[Book] | None = BackLink(original_field="writer")


class Book(Document):
    writer: Link[Writer] | None = None


def test_elements_are_read_as_values_and_digits_may_be_keys() -> None:
    [sent] = Holder.find().project(n=Holder.nums[1]).plan().commands
    assert sent["projection"] == {"n": {"$arrayElemAt": ["$nums", 1]}}
    Holder.find().update([Set({Holder.by["0"]: 7})]).discard()
    Holder.find().update([Set({Holder.more["0"]: [7]})]).discard()
    Holder.find().update(Holder.nums[0].set(7), Holder.pieces["$[]"].x.set(1)).discard()
    assert Holder.aggregate([Set({"new.0": 7})]).plan().commands


@pytest.mark.parametrize("key", ["a.b", "$x", "", "$.a", ".", "$[a.b]"])
def test_a_key_is_one_name(key: str) -> None:
    with pytest.raises(CompileError, match="is no name in a path") as raised:
        Holder.by[key]
    assert (raised.value.code, raised.value.path) == ("bad_key", "by")
    assert repr(Holder.by["a b"]) == "Holder.by.a b: int"
    [sent] = Holder.find().project(n=fn.get_field("a.b", Holder.by)).plan().commands
    assert sent["projection"] == {"n": {"$getField": {"field": "a.b", "input": "$by"}}}


@pytest.mark.parametrize("key", ["a.b", "", ".", "$[a.b]"])
def test_a_key_of_anything_is_one_name(key: str) -> None:
    holders: list[Any] = [Holder.nums, F.rest]
    for holder in holders:
        with pytest.raises(CompileError, match="is no name in a path"):
            holder[key]


@pytest.mark.parametrize("alias", ["we.ird", "$w", ".", "a."])
def test_a_field_is_stored_under_one_name(alias: str) -> None:
    class Odd(Document):
        w: int = Field(0, alias=alias)

    class Inner(EmbeddedDocument):
        w: int = Field(0, alias=alias)

    Outer: type[Document] = create_model("Outer", __base__=Document, inner=(Inner, ...))
    for use in (Odd.schema, lambda: Odd.find(Odd.w == 0), Outer.schema, lambda: Outer.find({"inner": None})):
        with pytest.raises(SchemaError, match=r"(Odd|Inner)\.w would be stored as"):
            use()


BACK: list[Callable[[], Any]] = [
    lambda: Writer.find().update(Writer.books.set([])),
    lambda: Writer.find().update(Writer.first.set(None)),
    lambda: Writer.find().update(Push({Writer.books: 1})),
    lambda: Writer.find().update({"$set": {"books": []}}),
    lambda: Writer.find().update([Set(books=[])]),
    lambda: Writer.find().update([Set({Writer.books: []})]),
]


@pytest.mark.parametrize("write", BACK)
def test_a_back_link_is_not_written(write: Callable[[], Any]) -> None:
    with pytest.raises(CompileError, match="is a back link, which is not stored") as raised:
        write()
    assert raised.value.code == "update_of_back_link"
    assert raised.value.hint == "write 'writer' of the others"


def test_what_was_stored_under_a_back_links_name_can_be_removed() -> None:
    Writer.find().update(Writer.books.unset()).discard()
