"""Texts that come again in a read are made once: what is read is what each document gives alone."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pymongo import MongoClient

from data_bridge import Document, EmbeddedDocument
from data_bridge.embedded import Server
from data_bridge.layout import layout_of

COUNT = 3_000
#: Alike in their first, middle or last characters, of every length around what is remembered.
TEXTS = [
    *("", "a", "b", "ab", "ba", "abc", "acb", "\0", "\0\0", "a\0", "\0a", "ł", "łł", "😀"),
    *("x" * length for length in range(2, 20)),
    *("x" * length + "y" for length in range(2, 20)),
    *("x" * length + "y" + "x" * length for length in range(1, 9)),
]


class Part(EmbeddedDocument):
    kind: str
    words: dict[str, str]


class Labelled(Document):
    id: int
    state: str
    labels: list[str]
    part: Part
    unlike: str

    class Settings:
        name = "labelled"


@pytest.fixture
def stored(client: Any, mongod: Server, database_name: str) -> list[dict[str, Any]]:
    chosen = random.Random(7)

    def text() -> str:
        return chosen.choice(TEXTS)

    # No key of a dict is empty or has a NUL.
    keys = [each for each in TEXTS if each and "\0" not in each]
    rows = [
        {
            "_id": number,
            "state": text(),
            "labels": [text() for _ in range(number % 4)],
            "part": {"kind": text(), "words": {chosen.choice(keys): text()}},
            "unlike": f"unlike {number}",
        }
        for number in range(COUNT)
    ]
    with MongoClient[dict[str, Any]](mongod.uri) as plain:
        plain[database_name]["labelled"].insert_many(rows)
    return rows


async def test_documents_are_what_each_is_alone(stored: list[dict[str, Any]]) -> None:
    read = await Labelled.find().sort("_id").to_list()
    layout = layout_of(Labelled)
    assert read == [layout.decode(each._image or b"") for each in read]
    assert [each.state for each in read] == [row["state"] for row in stored]
    assert [each.labels for each in read] == [row["labels"] for row in stored]
    assert [each.part.words for each in read] == [row["part"]["words"] for row in stored]


async def test_rows_are_what_was_stored(stored: list[dict[str, Any]]) -> None:
    assert await Labelled.aggregate([{"$sort": {"_id": 1}}]).to_list() == stored


async def test_what_comes_again_is_one_object(stored: list[dict[str, Any]]) -> None:
    read = await Labelled.find().to_list()
    assert len({id(each.state) for each in read if len(each.state) < 10}) < COUNT / 10
    assert len({id(each.unlike) for each in read}) == COUNT
