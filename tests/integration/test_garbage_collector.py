"""Python's garbage collector does not go through what is being loaded, and still finds the cycles of a program."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from data_bridge import Document
from data_bridge.embedded import Server

COUNT, LISTS = 1000, 100


class Shelf(Document):
    """Many objects that the collector knows."""

    id: int
    lists: list[list[int]]

    class Settings:
        name = "shelves"


@pytest.fixture
def stored(client: Any, mongod: Server, database_name: str) -> Any:
    with MongoClient[dict[str, Any]](mongod.uri) as plain:
        shelves = ({"_id": number, "lists": [[]] * LISTS} for number in range(COUNT))
        plain[database_name]["shelves"].insert_many(shelves)
    return client


@pytest.fixture
def collections() -> Iterator[list[int]]:
    """The generation of each collection that begins."""
    begun: list[int] = []

    def note(phase: str, about: dict[str, int]) -> None:
        if phase == "start":
            begun.append(about["generation"])

    gc.collect()
    gc.callbacks.append(note)
    try:
        yield begun
    finally:
        gc.callbacks.remove(note)


async def to_list() -> Any:
    return await Shelf.find().to_list()


async def stream() -> Any:
    return [each async for each in Shelf.find()]


async def blocking() -> Any:
    return Shelf.find().to_list().run_sync()


@pytest.mark.parametrize("load", [to_list, stream, blocking])
async def test_loading_starts_no_collection(stored: Any, collections: list[int], load: Callable[[], Any]) -> None:
    await load()
    del collections[:]
    loaded = await load()
    assert len(loaded) == COUNT
    assert all(generation == 0 for generation in collections)
    assert len(collections) <= 3, f"{len(collections)} collections while {COUNT * LISTS} objects were made"


async def test_what_a_program_froze_stays_frozen(stored: Any) -> None:
    gc.collect()
    # What was frozen and is freed is no longer counted, so all there is is held.
    held = gc.get_objects()
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        assert len(await Shelf.find().to_list()) == COUNT
        assert frozen - 1000 < gc.get_freeze_count() <= frozen
    finally:
        gc.unfreeze()
        del held


async def test_a_collector_that_is_off_is_left_alone(stored: Any) -> None:
    gc.collect()
    gc.disable()
    try:
        kept = await Shelf.find().to_list()
        assert gc.get_count()[0] > LISTS * len(kept)
    finally:
        gc.enable()


async def test_cycles_are_found_however_much_is_loaded(stored: Any) -> None:
    gc.collect()
    # Memory grows by a million blocks first; then Python waits until a quarter has come to what there was.
    waited_for = 1_000_000 + len(gc.get_objects()) // 4
    firsts: list[weakref.ref[Shelf]] = []
    most = 0
    for _ in range(40):
        loaded: list[Any] = await Shelf.find().to_list()
        loaded.append(loaded)
        firsts.append(weakref.ref(loaded[0]))
        most = max(most, sum(first() is not None for first in firsts))
    allowed = waited_for // (COUNT * LISTS) + 10
    assert most <= allowed, f"{most} lists that hold themselves, with {COUNT} documents each, instead of {allowed}"
