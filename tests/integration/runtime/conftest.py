"""The driver's own client, and a server that tests may stop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from runtime_server import Mongod

from data_bridge import _core


@pytest.fixture(scope="module")
def server() -> Iterator[Mongod]:
    server = Mongod()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(server: Mongod) -> Iterator[Any]:
    client = _core.Client(server.uri)
    yield client
    client.close().wait()
