"""What a way of answering web requests must do to be measured."""

from __future__ import annotations

import abc
import json
from collections.abc import AsyncIterable, AsyncIterator
from datetime import datetime
from typing import Any

from fastapi import FastAPI

from ..data import comparable

PART_BYTES = 65_536


class WebPeer(abc.ABC):
    """One way of giving documents to a web client, as an application of FastAPI's over one library.

    Its application answers `/people?count=` with the documents whose `_id` is below that, as a JSON array, and
    `/stream?count=` with the same array in parts. What has no way of the latter says that `streamed` is None.
    """

    label: str

    def __init__(self) -> None:
        self.app = FastAPI()

    @abc.abstractmethod
    async def setup(self, uri: str, database: str) -> None:
        """Connect, and say how requests are answered."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Disconnect."""

    async def people(self, count: int) -> bytes:
        """The body of an answer."""
        return await asked(self.app, "/people", count)

    async def streamed(self, count: int) -> bytes:
        """The same, in parts on its way."""
        return await asked(self.app, "/stream", count)


async def asked(app: FastAPI, path: str, count: int) -> bytes:
    """What the application answers, as its server would be told: without sockets, and without a client's own work.

    Raises:
        AssertionError: the answer is an error.
    """
    body: list[bytes] = []
    status: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])
        else:
            body.append(message.get("body", b""))

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": f"count={count}".encode(),
        "headers": [(b"host", b"localhost")],
    }
    await app(scope, receive, send)
    text = b"".join(body)
    assert status == [200], f"{path} answers {status}: {text[:200]!r}"
    return text


async def joined(documents: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Their array, in parts of some size: a message of the server's for each document would cost more than it."""
    part = bytearray(b"[")
    async for each in documents:
        if len(part) > PART_BYTES:
            yield bytes(part)
            part.clear()
        part += each
        part += b","
    yield bytes(part).removesuffix(b",") + b"]"


def seen(body: bytes) -> list[dict[str, Any]]:
    """The documents of an answer, in the form that all share."""
    return [comparable({**each, "created": datetime.fromisoformat(each["created"])}) for each in json.loads(body)]
