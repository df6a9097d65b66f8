"""The wire itself: prepared OP_MSG bytes are sent and replies are thrown away. No client can be faster.

What it prepares, it prepares outside the clock; inside it only an id or a cursor's number is written into the bytes.
"""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

import bson

from ..data import COLLECTION
from .peer import BATCH, Peer, city_groups

_HEADER = struct.Struct("<iiii")
_OP_MSG = 2013
#: What one connection reads at once; replies are at most 48 MB.
_SPACE = bytearray(48_000_000)
#: As many as the peers' pools hold.
_CONNECTIONS = 100
_KEY = 0x0123456789ABCDEF


def message(command: bytes, name: str = "", documents: Sequence[bytes] = ()) -> bytes:
    """A command as an OP_MSG; its documents as a section of their own, as drivers send them."""
    sections = b"\0" + command
    if documents:
        sequence = name.encode() + b"\0" + b"".join(documents)
        sections += b"\1" + struct.pack("<i", len(sequence) + 4) + sequence
    return _HEADER.pack(len(sections) + 20, 1, 0, _OP_MSG) + b"\0\0\0\0" + sections


class Connection:
    """A socket, on which one message is answered by one reply."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._view = memoryview(_SPACE)

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, request: bytes | bytearray) -> None:
        self._socket.sendall(request)

    def receive(self) -> int:
        """Reads one reply, and gives its length."""
        have = self._socket.recv_into(self._view)
        wanted = int.from_bytes(_SPACE[:4], "little")
        while have < wanted:
            have += self._socket.recv_into(self._view[have:])
        return wanted

    def ask(self, request: bytes | bytearray) -> None:
        self.send(request)
        self.receive()

    def close(self) -> None:
        self._socket.close()


class WirePeer(Peer):
    """Sends what the others send, and reads as many bytes. Its results are not looked at."""

    label = "raw wire"
    is_checked = False
    #: There are no documents but bytes.
    build_many: Any = None

    async def setup(self, uri: str, database: str) -> None:
        parts = urlsplit(uri)
        self._database = database
        self._connections = [Connection((str(parts.hostname), int(parts.port or 27017))) for _ in range(_CONNECTIONS)]
        self._one = self._connections[0]
        self._insert, self._update = self._command(insert=COLLECTION), self._command(update=COLLECTION)
        get = self._command(find=COLLECTION, filter={"_id": bson.Int64(_KEY)}, limit=1, singleBatch=True)
        self._get = bytearray(message(get))
        self._get_key = self._get.index(struct.pack("<q", _KEY))
        more = self._command(getMore=bson.Int64(_KEY), collection=COLLECTION, batchSize=BATCH)
        self._more = bytearray(message(more))
        self._more_cursor = self._more.index(struct.pack("<q", _KEY))

    async def close(self) -> None:
        for connection in self._connections:
            connection.close()

    def _command(self, **command: Any) -> bytes:
        return bson.encode({**command, "$db": self._database})

    def values(self, row: dict[str, Any]) -> Any:
        return bson.encode(row)

    def make(self, values: Any) -> Any:
        return self._inserting([values])

    def make_many(self, values: list[Any]) -> Any:
        return self._inserting(values)

    def make_unordered(self, values: list[Any]) -> Any:
        half = len(values) // 2
        return self._inserting(values[:half]), self._inserting(values[half:])

    def _inserting(self, documents: list[bytes]) -> bytes:
        return message(self._insert, "documents", documents)

    def plain(self, document: Any) -> dict[str, Any]:
        raise NotImplementedError("the wire's replies are thrown away")

    async def load(self, keys: range, age: int) -> Any:
        return [bson.encode({"q": {"_id": key}, "u": {"$set": {"age": age}}}) for key in keys]

    def groups(self, rows: Any) -> Iterable[tuple[str, int, float]]:
        raise NotImplementedError("the wire's replies are thrown away")

    async def insert_each(self, documents: list[Any]) -> None:
        for document in documents:
            self._one.ask(document)

    async def insert_many(self, documents: Any) -> None:
        self._one.ask(documents)

    async def insert_unordered(self, halves: Any) -> None:
        self._together([iter([half]) for half in halves], lambda request: request)

    async def build_and_insert(self, values: list[Any]) -> None:
        self._one.ask(self._inserting(values))

    async def get_each(self, keys: Sequence[int]) -> list[Any]:
        for key in keys:
            self._one.ask(self._getting(key))
        return []

    def _getting(self, key: int) -> bytearray:
        struct.pack_into("<q", self._get, self._get_key, key)
        return self._get

    async def get_by_tasks(self, keys: Sequence[Sequence[int]]) -> list[Any]:
        self._together([iter(some) for some in keys], self._getting)
        return []

    def _together(self, streams: list[Any], request_of: Any) -> None:
        """Each stream on a connection of its own, one request after another; all streams at once."""
        poll = select.epoll()
        waiting = {}
        for connection, stream in zip(self._connections, streams, strict=False):
            connection.send(request_of(next(stream)))
            poll.register(connection.fileno(), select.EPOLLIN)
            waiting[connection.fileno()] = connection, stream
        while waiting:
            for number, _ in poll.poll():
                connection, stream = waiting[number]
                connection.receive()
                following = next(stream, None)
                if following is None:
                    del waiting[number]
                    poll.unregister(number)
                else:
                    connection.send(request_of(following))
        poll.close()

    async def find(self, count: int) -> list[Any]:
        return self._read(self._command(find=COLLECTION, filter={"_id": {"$lt": count}}, batchSize=BATCH))

    def _read(self, command: bytes) -> list[Any]:
        self._one.ask(message(command))
        while cursor := _cursor():
            struct.pack_into("<q", self._more, self._more_cursor, cursor)
            self._one.ask(self._more)
        return []

    async def read_two_projected(self, count: int) -> tuple[int, int]:
        fields = {"_id": False, "name": True, "age": True}
        command = {"find": COLLECTION, "filter": {"_id": {"$lt": count}}, "projection": fields, "batchSize": BATCH}
        self._read(self._command(**command))
        return 0, 0

    async def read_two_of_whole(self, count: int) -> tuple[int, int]:
        await self.find(count)
        return 0, 0

    async def stream(self, count: int) -> tuple[int, Any]:
        await self.find(count)
        return 0, None

    async def save_in_bulk(self, prepared: list[bytes]) -> None:
        self._one.ask(message(self._update, "updates", prepared))

    async def save_each(self, prepared: list[bytes]) -> None:
        requests = [message(self._update, "updates", [each]) for each in prepared]
        self._together([iter(requests[start::_CONNECTIONS]) for start in range(_CONNECTIONS)], lambda request: request)

    async def aggregate(self, count: int) -> Any:
        self._read(self._command(aggregate=COLLECTION, pipeline=city_groups(count), cursor={}))


def _cursor() -> int:
    """The number of the cursor in the last reply, which begins with `{cursor: {firstBatch: [...], id: ...`."""
    at = 21 + 4 + 1 + len("cursor") + 1 + 4 + 1
    at = _SPACE.index(0, at) + 1
    (batch,) = struct.unpack_from("<i", _SPACE, at)
    (number,) = struct.unpack_from("<q", _SPACE, at + batch + 1 + len("id") + 1)
    return int(number)
