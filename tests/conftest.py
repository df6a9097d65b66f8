"""Servers, databases and clients that tests share."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from data_bridge.embedded import Server


@pytest.fixture(scope="session")
def mongod() -> Iterator[Server]:
    """A standalone server for the whole run."""
    with Server() as server:
        yield server


@pytest.fixture(scope="session")
def replica_set() -> Iterator[Server]:
    """A replica set of one node for the whole run: transactions and change streams."""
    with Server(replica_set=True) as server:
        yield server


@pytest.fixture
def database_name() -> str:
    """A database name that no other test has."""
    return f"test_{uuid.uuid4().hex[:16]}"


@pytest.fixture
async def client(mongod: Server, database_name: str) -> AsyncIterator[Any]:
    """A connected client on a database of its own, which is dropped afterwards."""
    from data_bridge import connect

    connected = await connect(mongod.uri, database=database_name)
    try:
        yield connected
    finally:
        await connected.close()
        with MongoClient[dict[str, Any]](mongod.uri) as plain:
            plain.drop_database(database_name)
