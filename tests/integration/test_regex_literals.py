"""What a regex means where it is compared: the same in a filter, and computed of every document."""

from __future__ import annotations

import re
from typing import Any

import pytest

from data_bridge import Document, Match, Project, connect
from data_bridge.embedded import Server
from data_bridge.errors import CompileError


class Word(Document):
    text: str | None = None

    class Settings:
        name = "words"


PATTERN = re.compile("^a", re.IGNORECASE)


@pytest.mark.parametrize(
    ("predicate", "found"),
    [
        (lambda: Word.text == PATTERN, ["Apple", "avocado"]),
        (lambda: Word.text != PATTERN, ["banana", None]),
        (lambda: Word.text.in_([PATTERN, "banana"]), ["Apple", "avocado", "banana"]),
        (lambda: Word.text.not_in([PATTERN, "banana"]), [None]),
        (lambda: ~(Word.text == PATTERN), ["banana", None]),
    ],
)
async def test_filters_and_values_agree(mongod: Server, predicate: Any, found: list[Any]) -> None:
    async with await connect(mongod.uri, database="regexes"):
        await Word.delete_all()
        await Word.insert_many([Word(text=text) for text in ("Apple", "avocado", "banana", None)])
        filtered = await Word.find(predicate()).sort("_id").to_list()
        assert [word.text for word in filtered] == found
        rows = await Word.aggregate([Project(text=Word.text, holds=predicate()), Match({"holds": True})]).to_list()
        assert [row.get("text") for row in rows] == found
        computed = await Word.find(Word.text.if_null("").upper() == PATTERN).sort("_id").to_list()
        assert [word.text for word in computed] == ["Apple", "avocado"]


async def test_texts_with_any_character_are_found(mongod: Server) -> None:
    odd = "a\0b1"
    async with await connect(mongod.uri, database="regexes"):
        await Word.delete_all()
        await Word.insert_many([Word(text=odd), Word(text="a"), Word(text="ab1")])
        for predicate in (
            Word.text.startswith("a\0"),
            Word.text.endswith("\0b1"),
            Word.text.contains("\0b"),
            Word.text.icontains("\0B1"),
            Word.text.regex(r"^a\x00b"),
        ):
            assert [word.text for word in await Word.find(predicate)] == [odd]
        with pytest.raises(CompileError, match="NUL") as raised:
            await Word.find(Word.text.regex("a\0"))
        assert raised.value.hint == r"write it as \x00"
