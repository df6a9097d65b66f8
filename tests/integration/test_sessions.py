"""Connections, sessions and transactions as blocks."""

from typing import Any

import pytest

from data_bridge import Document, connect
from data_bridge.embedded import Server
from data_bridge.errors import ConnectionFailure, NotConnected, ServerError


class Coin(Document):
    n: int


class Wrong(Exception):
    pass


async def fail(session: Any) -> None:
    async with session.start_transaction():
        await Coin(n=2).insert(session=session)
        raise Wrong


def fail_sync(session: Any) -> None:
    with session.start_transaction():
        Coin(n=2).insert(session=session).run_sync()
        raise Wrong


async def test_a_connection_is_a_block(mongod: Server, database_name: str) -> None:
    async with connect(mongod.uri, database=database_name) as client:
        assert client.database == database_name
        assert await Coin.count() == 0
    with pytest.raises(NotConnected):
        await Coin.count()


def test_a_connection_is_a_block_without_a_loop(mongod: Server, database_name: str) -> None:
    with connect(mongod.uri, database=database_name) as client:
        assert client.database == database_name
        assert Coin.count().run_sync() == 0
    with pytest.raises(NotConnected):
        Coin.count().run_sync()


async def test_a_transaction_is_committed_at_the_end_of_its_block(replica_set: Server, database_name: str) -> None:
    async with connect(replica_set.uri, database=database_name) as client:
        await Coin(n=0).insert()
        async with client.start_session() as session:
            async with session.start_transaction() as same:
                assert same is session
                coin = await Coin(n=1).insert(session=session)
                assert session.in_transaction
                assert await Coin.find(Coin.n == 1).count() == 0
                assert await Coin.find(Coin.n == 1, session=session).count() == 1
                assert await Coin.find_one(Coin.n == 1, session=session) == coin
                assert len(await Coin.find_all(session=session)) == 2
            assert not session.in_transaction
            assert await Coin.count() == 2
            with pytest.raises(Wrong):
                await fail(session)
            assert not session.in_transaction
            assert await Coin.count() == 2
            async with session.start_transaction():
                await Coin(n=3).insert(session=session)
                await session.abort()
            assert await Coin.count() == 2
        async with await client.start_session() as session:
            await session.start_transaction()
            await Coin(n=4).insert(session=session)
        assert await Coin.count() == 2
        await Coin.delete_all()


def test_a_transaction_is_a_block_without_a_loop(replica_set: Server, database_name: str) -> None:
    with connect(replica_set.uri, database=database_name) as client:
        Coin(n=0).insert().run_sync()
        with client.start_session() as session, session.start_transaction():
            Coin(n=1).insert(session=session).run_sync()
        with client.start_session() as session, pytest.raises(Wrong):
            fail_sync(session)
        with client.start_session() as session:
            session.start_transaction().run_sync()
            Coin(n=3).insert(session=session).run_sync()
        assert sorted(coin.n for coin in Coin.find()) == [0, 1]
        Coin.delete_all().run_sync()


async def test_a_standalone_server_has_no_transactions(client: Any) -> None:
    async with client.start_session() as session:
        with pytest.raises(ServerError, match="transactions need a replica set or a sharded cluster"):
            await session.start_transaction()
        with pytest.raises(ServerError, match="this is a standalone server"):
            await fail(session)
        assert not session.in_transaction


def test_what_is_run_without_a_connection_is_the_error_of_errors() -> None:
    with pytest.raises(NotConnected, match="run `await connect"):
        Coin.find().to_list().run_sync()


def test_a_refused_login_says_who_and_where(mongod: Server) -> None:
    host = mongod.uri.split("/")[2]
    with pytest.raises(ConnectionFailure, match=r"the server refused the login: .*Authentication failed") as raised:
        connect(mongod.uri.replace("mongodb://", "mongodb://ann%40home:secret@")).run_sync()
    [note] = raised.value.__notes__
    assert note == f"the connection string logs in 'ann@home' at {host}, with authSource 'admin'"
