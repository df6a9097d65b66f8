"""Operations leave nothing behind: as many objects after many as after a few."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections import Counter
from typing import Any

import pytest

from data_bridge import Document, EmbeddedDocument
from data_bridge.errors import DuplicateKeyError

TASKS, WARM, MANY = 10, 30, 40


class Place(EmbeddedDocument):
    city: str


class Visitor(Document):
    id: int
    name: str
    age: int = 0
    places: list[Place] = []


async def _read(number: int) -> list[Visitor]:
    return await Visitor.find(Visitor.id == number).to_list()


async def _everything(number: int) -> None:
    """One of each kind of operation, those that fail included; the collection is as before."""
    visitor = Visitor(id=number, name=f"Visitor {number}", places=[Place(city="Rome")])
    await visitor.insert()
    with pytest.raises(DuplicateKeyError):
        await Visitor(id=number, name="again").insert()
    loaded: Any = await Visitor.get(number)
    loaded.age += 1
    loaded.places.append(Place(city="Oslo"))
    await loaded.save()
    async with Visitor.bulk() as bulk:
        loaded.age += 1
        bulk.save(loaded)
    assert [each.age for each in await Visitor.find(Visitor.id == number).to_list()] == [2]
    assert [each.id async for each in Visitor.find(Visitor.id == number)] == [number]
    await Visitor.find(Visitor.id == number).update(Visitor.name.set("new"))
    assert await Visitor.find(Visitor.id == number, Visitor.places.any(lambda place: place.city == "Oslo")).count() == 1
    given_up = asyncio.ensure_future(_read(number))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    await loaded.delete()


async def _rounds(count: int) -> None:
    for _ in range(count):
        await asyncio.gather(*(_everything(number) for number in range(TASKS)))
    await asyncio.sleep(0.5)  # what was given up is answered by now


def _blocks() -> int:
    gc.collect()
    return sys.getallocatedblocks()


def _objects() -> Counter[str]:
    gc.collect()
    return Counter(type(each).__name__ for each in gc.get_objects())


async def test_nothing_is_left_behind(client: Any) -> None:
    await _rounds(WARM)
    before = _objects()
    blocks = _blocks()
    await _rounds(MANY)
    # Those tell of what the collector does not know too: texts, bytes, and what Rust makes for Python.
    more_blocks = _blocks() - blocks
    grown = {name: count - before[name] for name, count in _objects().items() if count - before[name] >= MANY}
    assert not grown, f"more after {MANY * TASKS} times everything: {grown}"
    assert more_blocks < MANY * TASKS * 3, f"{more_blocks} more blocks of memory"
