"""The garbage collector takes what a large read gave as old, and is otherwise left as it was."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from data_bridge import Document
from data_bridge.embedded import Server

COUNT = 5_000
OLDEST = 2


class Many(Document):
    id: int
    names: list[str]
    next: Any = None

    class Settings:
        name = "many"


@pytest.fixture
def filled(client: Any, mongod: Server, database_name: str) -> Any:
    with MongoClient[dict[str, Any]](mongod.uri) as plain:
        plain[database_name]["many"].insert_many({"_id": number, "names": ["a", "b"]} for number in range(COUNT))
    return client


@pytest.fixture
def thresholds() -> Iterator[None]:
    """No collection but those that are asked for."""
    before = gc.get_threshold()
    gc.collect()
    gc.set_threshold(1_000_000, 1_000, 1_000)
    yield
    gc.set_threshold(*before)


def in_generation(number: int, documents: list[Many]) -> int:
    there = {id(each) for each in gc.get_objects(generation=number)}
    return sum(id(each) in there for each in documents)


async def whole() -> list[Many]:
    return await Many.find().to_list()


async def streamed() -> list[Many]:
    return [each async for each in Many.find()]


async def lazily() -> list[Many]:
    return await Many.find().lazy().to_list()


READS: list[Callable[[], Any]] = [whole, streamed, lazily]


@pytest.mark.usefixtures("filled", "thresholds")
@pytest.mark.parametrize("read", READS)
async def test_what_a_large_read_gives_is_old(read: Callable[[], Any]) -> None:
    documents = await read()
    assert gc.isenabled()
    assert in_generation(OLDEST, documents) > COUNT // 2


@pytest.mark.usefixtures("filled", "thresholds")
async def test_what_a_small_read_gives_is_new() -> None:
    documents = await Many.find(Many.id < 500).to_list()
    assert in_generation(OLDEST, documents) == 0


@pytest.mark.usefixtures("filled")
async def test_a_collector_that_is_off_stays_off_and_nothing_is_moved() -> None:
    gc.collect()
    gc.disable()
    try:
        documents = await whole()
        assert not gc.isenabled()
        assert in_generation(0, documents) == COUNT
    finally:
        gc.enable()


@pytest.mark.usefixtures("filled")
async def test_what_was_frozen_stays_frozen() -> None:
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        documents = await whole()
        # What is frozen may die, by its count of references.
        assert gc.get_freeze_count() > frozen // 2
        assert len(documents) == COUNT
    finally:
        gc.unfreeze()


@pytest.mark.usefixtures("filled", "thresholds")
async def test_what_becomes_a_cycle_is_collected() -> None:
    documents = await whole()
    for one, other in zip(documents, [*documents[1:], documents[0]], strict=True):
        one.next = other
    watched = weakref.ref(documents[0])
    del documents, one, other
    # The read's own answer is let go in the next turn of the loop.
    await Many.find(Many.id < 0).to_list()
    assert watched() is not None
    gc.collect()
    assert watched() is None
