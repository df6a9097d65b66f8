"""A big answer is decoded in slices: other tasks run between them. Turns of the loop are counted, not time."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest
from pydantic import Field
from pymongo import MongoClient

from data_bridge import Document
from data_bridge.embedded import Server
from data_bridge.errors import DecodeError
from data_bridge.streaming import TURN

COUNT = 16_000
#: Documents in one turn. Slices are of 2 ms, in which the fastest machine decodes some two thousand.
MOST = 4_000


class Decoded:
    """Counts documents as they are decoded, by the default of a field that none of them has."""

    count = 0

    @classmethod
    def another(cls) -> int:
        cls.count += 1
        return cls.count


class Big(Document):
    id: int
    text: str
    mark: int = Field(default_factory=Decoded.another)

    class Settings:
        name = "big"


@pytest.fixture
def filled(client: Any, mongod: Server, database_name: str) -> Any:
    with MongoClient[dict[str, Any]](mongod.uri) as plain:
        plain[database_name]["big"].insert_many({"_id": number, "text": "x" * 200} for number in range(COUNT))
    return client


async def streamed() -> Any:
    return [each async for each in Big.find()]


async def streamed_json() -> Any:
    return [part async for part in Big.find().stream_json()]


READS: dict[str, Callable[[], Awaitable[Any]]] = {
    "to_list": lambda: Big.find().to_list(),
    "async for": streamed,
    "to_json": lambda: Big.find().to_json(),
    "stream_json": streamed_json,
    "to_arrow": lambda: Big.find().to_arrow(),
}


@pytest.mark.parametrize("name", READS)
async def test_other_tasks_run_while_a_big_answer_is_decoded(filled: Any, name: str) -> None:
    Decoded.count = 0
    steps: list[int] = []

    async def watch() -> None:
        seen = 0
        while True:
            await asyncio.sleep(0)
            if Decoded.count != seen:
                steps.append(Decoded.count - seen)
                seen = Decoded.count

    watcher = asyncio.get_running_loop().create_task(watch())
    await READS[name]()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    watcher.cancel()
    assert sum(steps) == Decoded.count >= COUNT
    assert max(steps) <= MOST
    assert len(steps) >= COUNT // MOST


class Quick(Document):
    """The same documents, of which many are decoded in no time."""

    id: int

    class Settings:
        name = "big"


@pytest.mark.parametrize("cls", [Big, Quick])
async def test_other_tasks_run_while_a_loop_goes_through_documents(filled: Any, cls: type[Document]) -> None:
    gone_through = 0
    seen: list[int] = []

    async def watch() -> None:
        while True:
            await asyncio.sleep(0)
            seen.append(gone_through)

    watcher = asyncio.get_running_loop().create_task(watch())
    async for _ in cls.find():
        gone_through += 1
    await asyncio.sleep(0)
    watcher.cancel()
    assert gone_through == COUNT
    assert max(after - before for before, after in pairwise(seen)) <= TURN


async def test_a_loop_decodes_documents_when_it_comes_to_them(filled: Any) -> None:
    Decoded.count, gone_through = 0, 0
    async for document in Big.find().sort(Big.id):
        assert document.id == gone_through
        gone_through += 1
        assert Decoded.count - gone_through < TURN
    assert gone_through == Decoded.count == COUNT
    Decoded.count = 0
    stream = aiter(Big.find())
    await anext(stream)
    await stream.aclose()
    assert Decoded.count <= TURN


def test_so_does_a_loop_that_blocks(filled: Any) -> None:
    Decoded.count = 0
    for number, document in enumerate(Big.find().sort(Big.id)):
        assert document.id == number
        assert Decoded.count - number <= TURN
    assert Decoded.count == COUNT


async def test_a_document_that_does_not_fit_is_met_in_its_place(
    client: Any, mongod: Server, database_name: str
) -> None:
    wrong = 2 * TURN + 7
    with MongoClient[dict[str, Any]](mongod.uri) as plain:
        documents = [{"_id": number, "text": "x"} for number in range(5 * TURN)]
        documents[wrong] = {"_id": wrong, "text": ["x"]}
        plain[database_name]["big"].insert_many(documents)
    seen: list[int] = []

    async def go_through() -> None:
        async for document in Big.find().sort(Big.id):
            seen.append(document.id)

    with pytest.raises(DecodeError, match=str(wrong)):
        await go_through()
    assert seen == list(range(len(seen)))
    assert wrong - TURN <= len(seen) <= wrong


@pytest.mark.parametrize("enabled", [True, False])
async def test_the_garbage_collector_rests_for_each_slice_and_is_as_it_was_after_it(filled: Any, enabled: bool) -> None:
    states: set[bool] = set()

    class Watching(Document):
        id: int
        text: str
        mark: bool = Field(default_factory=lambda: states.add(gc.isenabled()) or True)

        class Settings:
            name = "big"

    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        await Watching.find(Watching.id < 2000).to_list()
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()
    assert states == {False}


class Made:
    """Counts ids as updates are compiled that may insert one."""

    count = 0

    @classmethod
    def another(cls) -> int:
        cls.count += 1
        return cls.count


class Counted(Document):
    id: int = Field(default_factory=Made.another)
    number: int = 0


async def test_other_tasks_run_while_the_updates_of_a_bulk_are_compiled(client: Any) -> None:
    Made.count = 0
    steps: list[int] = []

    async def watch() -> None:
        seen = 0
        while True:
            await asyncio.sleep(0)
            if Made.count != seen:
                steps.append(Made.count - seen)
                seen = Made.count

    bulk = Counted.bulk(ordered=False)
    for number in range(1_000):
        bulk.update(Counted.find(Counted.number == number), Counted.number.set(number), upsert=True)
    watching = asyncio.ensure_future(watch())
    try:
        result = await bulk.execute()
    finally:
        watching.cancel()
    assert len(result.upserted) == 1_000
    assert max(steps) <= 100
