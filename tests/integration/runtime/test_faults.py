"""What documents and queries do when the deployment is too small, forgets, is busy, or goes away."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from runtime_server import Mongod
from test_runtime_failures import fail_next

from data_bridge import Document, connect
from data_bridge.errors import ConnectionFailure, DocumentNotFound, ServerError
from data_bridge.predicates import Where


class Item(Document):
    id: int
    owner: int = 0
    amount: int = 0
    filler: str = ""


@pytest.fixture
async def items(server: Mongod) -> AsyncIterator[None]:
    """A connection, and no items yet."""
    async with await connect(server.uri, server_selection_timeout_ms=2000):
        await Item.delete_all()
        yield


OPERATION_FAILED = 96


async def test_what_nobody_could_look_for_counts_as_not_written(server: Mongod, items: None) -> None:
    kept, gone = Item(id=1), Item(id=2)
    await Item.insert_many([kept, gone])
    await Item.find(Item.id == 2).delete()
    kept.amount = gone.amount = 5
    # The server says that one of the two was not there; the read that would tell which fails.
    fail_next(server, "find", errorCode=OPERATION_FAILED)
    bulk = Item.bulk()
    bulk.save(kept)
    bulk.save(gone)
    with pytest.raises(ServerError):
        await bulk.execute()
    assert kept.is_changed
    assert gone.is_changed
    await kept.save()
    with pytest.raises(DocumentNotFound):
        await gone.save()
    assert (await Item.get(1)).amount == 5  # type: ignore[union-attr]


async def test_many_slow_operations_share_one_connection(server: Mongod) -> None:
    slow, milliseconds = 12, 40
    async with await connect(server.uri, max_pool_size=1) as client:
        await Item.delete_all()
        await Item.insert_many([Item(id=number) for number in range(slow)])
        query = Where(f"sleep({milliseconds}) || true", allow_javascript=True)
        started = time.monotonic()
        found = await asyncio.gather(*(Item.find(Item.id == number, query).to_list() for number in range(slow)))
        took = time.monotonic() - started
        assert [[item.id for item in each] for each in found] == [[number] for number in range(slow)]
        # One connection does one thing at a time; and nobody waits for longer than the others take.
        assert slow * milliseconds / 1000 <= took < 10
        await client.core.ping()


async def test_an_unfinished_cursor_does_not_hold_the_only_connection(server: Mongod) -> None:
    async with await connect(server.uri, max_pool_size=1):
        await Item.delete_all()
        await Item.insert_many([Item(id=number) for number in range(100)])
        streams = [aiter(Item.find_all().batch_size(10)) for _ in range(5)]
        firsts = await asyncio.wait_for(asyncio.gather(*(anext(stream) for stream in streams)), 10)
        assert len(firsts) == 5
        assert await asyncio.wait_for(Item.count(), 10) == 100
        for stream in streams:
            assert len([item async for item in stream]) == 99


def kill_cursors(server: Mongod) -> None:
    """Makes the server forget every open cursor on the items."""
    with server.admin() as admin:
        open_now = admin.admin.aggregate(
            [{"$currentOp": {"idleCursors": True}}, {"$match": {"type": "idleCursor", "ns": "app.Item"}}]
        )
        ids = [each["cursor"]["cursorId"] for each in open_now]
        assert ids
        assert admin["app"].command("killCursors", "Item", cursors=ids)["cursorsKilled"] == ids


CURSOR_NOT_FOUND = 43


@pytest.mark.parametrize("pipeline", [False, True], ids=["find", "aggregate"])
async def test_a_cursor_that_the_server_forgot_is_an_error(server: Mongod, items: None, pipeline: bool) -> None:
    await Item.insert_many([Item(id=number) for number in range(100)])
    query: Any = Item.aggregate([{"$match": {}}]) if pipeline else Item.find_all()
    seen = []

    async def read() -> None:
        async for item in query.batch_size(10):
            if not seen:
                kill_cursors(server)
            seen.append(item)

    with pytest.raises(ServerError, match=r"cursor id .* not found") as caught:
        await read()
    assert caught.value.code == CURSOR_NOT_FOUND
    # The batches that had come were given; the loop did not end as if they were all.
    assert 0 < len(seen) < 100
    assert len(await query.to_list()) == 100


def test_a_cursor_that_the_server_forgot_is_an_error_without_await(server: Mongod) -> None:
    with connect(server.uri).run_sync():
        Item.delete_all().run_sync()
        Item.insert_many([Item(id=number) for number in range(100)]).run_sync()
        stream = iter(Item.find_all().batch_size(10))
        next(stream)
        kill_cursors(server)
        with pytest.raises(ServerError) as caught:
            list(stream)
        assert caught.value.code == CURSOR_NOT_FOUND


async def test_a_thousand_tasks_of_reads_and_writes(server: Mongod, items: None) -> None:
    tasks, shared = 1000, 7
    await Item.insert_many([Item(id=-1 - number) for number in range(shared)])

    async def work(number: int) -> None:
        mine = Item(id=number, owner=number)
        await mine.insert()
        await Item.find(Item.id == -1 - number % shared).update(Item.amount.inc(1))
        mine.amount = number
        await mine.save()
        assert await Item.get(number) == mine
        assert [item.id for item in await Item.find(Item.owner == number, Item.id >= 0)] == [number]
        if number % 2:
            await mine.delete()
            assert await Item.get(number) is None

    await asyncio.gather(*(work(number) for number in range(tasks)))
    with server.admin() as admin:
        left = list(admin["app"]["Item"].find({"_id": {"$gte": 0}}).sort("_id"))
    assert [(item["_id"], item["amount"]) for item in left] == [(number, number) for number in range(0, tasks, 2)]
    expected = [len(range(number, tasks, shared)) for number in range(shared)]
    assert [item.amount for item in await Item.find(Item.id < 0).sort(-Item.id)] == expected


async def test_a_server_killed_in_the_middle_of_an_insert(server: Mongod, items: None) -> None:
    given = [Item(id=number, filler="x" * 500) for number in range(150_000)]

    async def insert() -> None:
        await Item.insert_many(given)

    inserting = asyncio.create_task(insert())
    with server.admin() as admin:
        while await asyncio.to_thread(admin["app"]["Item"].estimated_document_count) == 0:
            await asyncio.sleep(0.01)
    assert not inserting.done()
    server.kill()
    with pytest.raises(ConnectionFailure):
        await asyncio.wait_for(inserting, 20)
    with pytest.raises(ConnectionFailure):
        await asyncio.wait_for(Item.count(), 20)
    await asyncio.to_thread(server.start)
    # An ordered insert leaves a beginning of what was given (what was not in the journal yet is lost), and the same
    # connection goes on.
    stored = [item.id for item in await Item.find_all().sort(Item.id)]
    assert len(stored) < len(given)
    assert stored == list(range(len(stored)))
    await Item.insert_many(list(itertools.islice(given, len(stored), None)))
    # A count without a filter is the server's own estimate, which a crash may have left behind.
    assert await Item.find(Item.id >= 0).count() == len(given)
