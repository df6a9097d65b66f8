"""Errors as data, retries, and servers that go away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import bson
import pytest
from runtime_server import Mongod

from data_bridge import _core, errors


@pytest.fixture(scope="module")
def replica() -> Iterator[Mongod]:
    server = Mongod(replica_set="rs0")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def people(client: Any) -> str:
    client.run_command(None, bson.encode({"delete": "people", "deletes": [{"q": {}, "limit": 0}]}), True).wait()
    return "people"


def documents(*ids: Any, **fields: Any) -> list[bytes]:
    return [bson.encode({"_id": number, **fields}) for number in ids]


def inserting(client: Any, collection: str, documents: list[bytes], ordered: bool = True, session: Any = None) -> Any:
    return _core.write_batch(client, None, collection, "insert", documents, ordered, session)


async def insert(
    client: Any, collection: str, documents: list[bytes], ordered: bool = True, session: Any = None
) -> Any:
    return await inserting(client, collection, documents, ordered, session).start()


def count(client: Any, collection: str) -> int:
    # A count without a query comes from metadata, which transactions in progress already change.
    command = {"count": collection, "query": {"_id": {"$exists": True}}}
    number: int = bson.decode(client.run_command(None, bson.encode(command)).wait())["n"]
    return number


async def test_a_duplicate_key_names_the_index_and_the_value(client: Any) -> None:
    index = {"key": {"email": 1}, "name": "email_1", "unique": True}
    await client.run_command(None, bson.encode({"createIndexes": "users", "indexes": [index]}), True)
    await insert(client, "users", documents(1, email="a@b"))
    with pytest.raises(errors.DuplicateKeyError) as caught:
        await insert(client, "users", documents(2, email="a@b"))
    assert (caught.value.index, caught.value.key) == ("email_1", {"email": "a@b"})
    assert caught.value.details["keyPattern"] == {"email": 1}


async def test_a_duplicate_key_in_an_update_and_a_find_and_modify(client: Any, people: str) -> None:
    await insert(client, people, documents(1, 2))
    index = {"key": {"n": 1}, "name": "n_1", "unique": True, "sparse": True}
    await client.run_command(None, bson.encode({"createIndexes": people, "indexes": [index]}), True)
    await client.run_command(
        None, bson.encode({"update": people, "updates": [{"q": {"_id": 1}, "u": {"$set": {"n": 7}}}]}), True
    )
    update = {"update": people, "updates": [{"q": {"_id": 2}, "u": {"$set": {"n": 7}}}]}
    modify = {"findAndModify": people, "query": {"_id": 2}, "update": {"$set": {"n": 7}}}
    for command in (update, modify):
        with pytest.raises(errors.DuplicateKeyError) as caught:
            await client.run_command(None, bson.encode(command), True)
        assert (caught.value.index, caught.value.key) == ("n_1", {"n": 7})


async def test_an_ordered_insert_stops_at_the_first_failure(client: Any, people: str) -> None:
    await insert(client, people, documents(3))
    with pytest.raises(errors.BulkWriteError) as caught:
        await insert(client, people, documents(1, 2, 3, 4))
    assert caught.value.inserted == 2
    (failure,) = caught.value.failures
    assert (failure["index"], failure["code"], failure["key"]) == (2, 11000, {"_id": 3})
    assert count(client, people) == 3


async def test_an_unordered_insert_goes_on(client: Any, people: str) -> None:
    await insert(client, people, documents(3))
    with pytest.raises(errors.BulkWriteError) as caught:
        await insert(client, people, documents(3, 1, 3, 4), False)
    assert caught.value.inserted == 2
    assert [failure["index"] for failure in caught.value.failures] == [0, 2]


@pytest.mark.parametrize("ordered", [True, False])
async def test_failures_are_numbered_over_all_commands(client: Any, people: str, ordered: bool) -> None:
    filler = "x" * 6_000_000
    await insert(client, people, documents(5))
    many = [bson.encode({"_id": number, "filler": filler if number % 2 else ""}) for number in (*range(9), 5)]
    with pytest.raises(errors.BulkWriteError) as caught:
        await insert(client, people, many, ordered)
    assert [failure["index"] for failure in caught.value.failures] == ([5] if ordered else [5, 9])
    assert caught.value.inserted == (5 if ordered else 8)


def inserts(client: Any) -> int:
    """The commands that the server has had."""
    status = bson.decode(client.run_command(None, bson.encode({"serverStatus": 1})).wait())
    number: int = status["metrics"]["commands"]["insert"]["total"]
    return number


@pytest.mark.parametrize(("ordered", "commands"), [(True, 1), (False, 2)])
async def test_many_documents_without_an_order_go_in_several_commands(
    client: Any, people: str, ordered: bool, commands: int
) -> None:
    before = inserts(client)
    assert (await insert(client, people, documents(*range(1000)), ordered))["n"] == 1000
    assert inserts(client) == before + commands
    with pytest.raises(errors.BulkWriteError) as caught:
        await insert(client, people, documents(*range(999, 1998), 0), ordered)
    assert [failure["index"] for failure in caught.value.failures] == ([0] if ordered else [0, 999])
    assert count(client, people) == (1000 if ordered else 1998)


async def test_more_documents_than_one_command_takes(client: Any, people: str) -> None:
    assert await insert(client, people, documents(*range(100_003)), False) == {
        "n": 100_003,
        "modified": 0,
        "upserted": [],
    }
    assert count(client, people) == 100_003


async def test_a_document_that_is_too_large_is_refused_before_anything_is_sent(client: Any, people: str) -> None:
    with pytest.raises(errors.EncodeError, match="document 1 takes"):
        await insert(client, people, [*documents(1), *documents(2, filler="x" * 17_000_000)])
    assert count(client, people) == 0


async def test_the_server_says_no(client: Any) -> None:
    with pytest.raises(errors.ServerError) as caught:
        await client.run_command(None, bson.encode({"noSuchCommand": 1}))
    assert (caught.value.code, caught.value.code_name) == (59, "CommandNotFound")
    assert caught.value.details["ok"] == 0


async def test_a_time_limit(client: Any, people: str) -> None:
    await insert(client, people, documents(*range(1000)))
    slow = {"find": people, "filter": {"$where": "sleep(20) || true"}, "maxTimeMS": 50}
    with pytest.raises(errors.OperationTimeout):
        await client.open_cursor(None, bson.encode(slow))


async def test_nobody_listens() -> None:
    client = _core.Client("mongodb://127.0.0.1:9/app", None, {"server_selection_timeout_ms": 200})
    with pytest.raises(errors.ConnectionFailure):
        await client.ping()
    with pytest.raises(errors.ConnectionFailure):
        client.ping().wait()


async def test_a_read_preference(client: Any, people: str) -> None:
    find = bson.encode({"find": people})
    assert await client.open_cursor(None, find, None, None, "nearest")
    with pytest.raises(errors.DataBridgeError, match="secondaryPreferred"):
        await client.open_cursor(None, find, None, None, "closest")


def test_a_bad_connection_string() -> None:
    with pytest.raises(errors.ConnectionFailure, match="connection string"):
        _core.Client("http://nowhere")


async def test_a_closed_client_says_so(server: Mongod) -> None:
    client = _core.Client(server.uri)
    await client.ping()
    await client.close()
    with pytest.raises(errors.ConnectionFailure, match="closed"):
        await client.ping()


def open_cursors(server: Mongod) -> int:
    with server.admin() as admin:
        metrics: Any = admin.admin.command("serverStatus")["metrics"]
        number: int = metrics["cursor"]["open"]["total"]
        return number


@pytest.mark.parametrize("how", ["close", "drop"])
async def test_stopping_early_closes_the_cursor_on_the_server(
    server: Mongod, client: Any, people: str, how: str
) -> None:
    await insert(client, people, documents(*range(1000)))
    before = open_cursors(server)
    cursor = await client.open_cursor(None, bson.encode({"find": people, "batchSize": 10}), 10)
    assert await cursor.next_batch() is not None
    assert await cursor.next_batch() is not None
    assert open_cursors(server) == before + 1
    if how == "close":
        await cursor.close()
        assert await cursor.next_batch() is None
    del cursor
    for _ in range(100):
        if open_cursors(server) == before:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the cursor is still open on the server")


def fail_next(server: Mongod, command: str, times: int = 1, **how: Any) -> None:
    with server.admin() as admin:
        data = {"failCommands": [command], **how}
        admin.admin.command({"configureFailPoint": "failCommand", "mode": {"times": times}, "data": data})


@pytest.mark.parametrize(
    "how",
    [
        {"closeConnection": True},
        {"errorCode": 11600, "errorLabels": ["RetryableWriteError"]},
        {"writeConcernError": {"code": 11600, "errmsg": "down"}, "errorLabels": ["RetryableWriteError"]},
    ],
    ids=["network", "code", "write-concern"],
)
def test_a_write_is_retried_once_and_applied_once(replica: Mongod, how: dict[str, Any]) -> None:
    # The server only pretends to go down, so the driver must look often to see that it is still there.
    client = _core.Client(replica.uri + "?heartbeatFrequencyMS=500")
    client.run_command(None, bson.encode({"delete": "r", "deletes": [{"q": {}, "limit": 0}]}), True).wait()
    increment = {"update": "r", "updates": [{"q": {"_id": 1}, "u": {"$inc": {"n": 1}}, "upsert": True}]}
    for command, request in (
        ("insert", lambda: inserting(client, "r", documents(2)).wait()),
        ("update", lambda: client.run_command(None, bson.encode(increment), True).wait()),
    ):
        fail_next(replica, command, **how)
        request()
    found = bson.decode(client.run_command(None, bson.encode({"find": "r", "sort": {"_id": 1}})).wait())
    assert found["cursor"]["firstBatch"] == [{"_id": 1, "n": 1}, {"_id": 2}]
    fail_next(replica, "insert", 2, closeConnection=True)
    with pytest.raises(errors.ConnectionFailure):
        inserting(client, "r", documents(3)).wait()
    inserting(client, "r", documents(3)).wait()
    client.close().wait()


def test_a_write_is_not_retried_when_the_connection_string_says_so(replica: Mongod) -> None:
    client = _core.Client(replica.uri + "?retryWrites=false")
    client.ping().wait()
    fail_next(replica, "insert", closeConnection=True)
    with pytest.raises(errors.ConnectionFailure):
        inserting(client, "r2", documents(1)).wait()
    client.close().wait()


def test_what_other_commands_wrote_is_told_when_one_loses_its_connection(replica: Mongod) -> None:
    client = _core.Client(replica.uri + "?retryWrites=false")
    inserting(client, "r3", documents(*range(1000))).wait()
    fail_next(replica, "insert", closeConnection=True)
    with pytest.raises(errors.ConnectionFailure, match="500 had been applied"):
        inserting(client, "r3", documents(*range(1000, 2000)), False).wait()
    assert count(client, "r3") == 1500
    client.close().wait()


def test_a_read_is_retried(replica: Mongod) -> None:
    client = _core.Client(replica.uri)
    for command in ({"find": "r"}, {"count": "r"}):
        fail_next(replica, next(iter(command)), closeConnection=True)
        client.run_command(None, bson.encode(command)).wait()
    client.close().wait()


def test_a_pipeline_that_writes_is_not_retried(replica: Mongod) -> None:
    client = _core.Client(replica.uri + "?w=1&readPreference=secondaryPreferred")
    merge = bson.encode({"aggregate": "r", "pipeline": [{"$merge": {"into": "merged"}}], "cursor": {}})
    assert client.open_cursor(None, merge).wait().next_batch().wait() is not None
    fail_next(replica, "aggregate", closeConnection=True)
    with pytest.raises(errors.ConnectionFailure):
        client.open_cursor(None, merge).wait()
    client.close().wait()


async def test_transactions(replica: Mongod) -> None:
    client = _core.Client(replica.uri)
    session = await client.start_session()
    await insert(client, "t", documents("seed"))
    for end in ("abort", "commit"):
        # A retryable write of the session between two transactions: their numbers must not collide.
        await insert(client, "t", documents(f"before-{end}"), session=session)
        await session.start_transaction()
        await insert(client, "t", documents(f"in-{end}"), session=session)
        assert count(client, "t") == {"abort": 2, "commit": 3}[end]
        cursor = await client.open_cursor(None, bson.encode({"find": "t"}), session=session)
        inside = bson.decode(await cursor.next_batch())["cursor"]["firstBatch"]
        assert len(inside) == {"abort": 3, "commit": 4}[end]
        await getattr(session, end)()
    assert count(client, "t") == 4
    # A session given back is not confused with those behind retryable writes.
    del session, cursor
    for number in range(30):
        again = await client.start_session()
        await again.start_transaction()
        await asyncio.gather(*(insert(client, "t2", documents(f"{number}-{other}")) for other in range(5)))
        await insert(client, "t2", documents(f"{number}-in"), session=again)
        await again.commit()
        await insert(client, "t2", documents(f"{number}-out"), session=again)
        del again
    assert count(client, "t2") == 30 * 7
    session = await client.start_session()
    # Causally consistent reads after writes.
    await client.run_command(None, bson.encode({"count": "t"}), session=session)
    client.close().wait()


async def drain(cursor: Any) -> None:
    while await cursor.next_batch() is not None:
        pass


async def test_a_server_killed_in_the_middle_of_a_query_comes_back(replica: Mongod) -> None:
    # A cursor waits for its own server that long before it gives up.
    client = _core.Client(replica.uri + "?heartbeatFrequencyMS=500&serverSelectionTimeoutMS=4000")
    many = [bson.encode({"_id": number, "filler": "x" * 200}) for number in range(20_000)]
    await insert(client, "many", many)
    cursor = await client.open_cursor(None, bson.encode({"find": "many", "batchSize": 100}), 100)
    await cursor.next_batch()
    running = [asyncio.ensure_future(insert(client, "other", many)) for _ in range(3)]
    await asyncio.sleep(0.02)
    replica.kill()
    with pytest.raises(errors.ConnectionFailure):
        await drain(cursor)
    await asyncio.get_running_loop().run_in_executor(None, replica.start)
    outcomes = await asyncio.gather(*running, return_exceptions=True)
    assert all(isinstance(outcome, dict | errors.DataBridgeError) for outcome in outcomes)
    started = time.monotonic()
    await asyncio.gather(*(client.ping() for _ in range(20)))
    await insert(client, "after", documents("x"))
    assert count(client, "many") == 20_000
    assert time.monotonic() - started < 20
    client.close().wait()


def test_a_failure_that_is_no_valid_text_is_the_servers(client: Any) -> None:
    # The server quotes the text up to the middle of its second character.
    stages = [{"$documents": [{"text": "a\U0001f600"}]}, {"$set": {"date": {"$toDate": "$text"}}}]
    with pytest.raises(errors.ServerError, match="no valid text"):
        client.run_command(None, bson.encode({"aggregate": 1, "pipeline": stages, "cursor": {}}), True).wait()
