"""What is measured: each case prepares outside the clock, runs inside it, and checks what came back."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pymongo import MongoClient

from .data import COLLECTION, comparable, row
from .peers.peer import Peer

STORED = 100_000
TASKS = 64
GETS_PER_TASK = 16
FILTERS = 200

#: The first argument is a peer: a `Peer`, or a `LinkPeer` for the cases of links.
Prepare = Callable[[Any, int], Any]
Run = Callable[[Any, Any], Awaitable[Any]]
Check = Callable[[Any, Any, Any], None]
#: The server's address, the database, and how often the case ran.
Drop = Callable[[str, str, int], None]


@dataclass(frozen=True)
class Case:
    """One line of the table. `units` is how many things a run does; the table shows the time of one run over that.

    A case that inserts has a `drop`, which removes what its runs left, after looking that it is all there.
    """

    name: str
    rounds: int
    prepare: Prepare
    run: Run
    check: Check
    units: int = 1
    drop: Drop | None = None


def _new_rows(count: int) -> Prepare:
    """Documents above those stored, never the same twice."""

    def prepare(peer: Peer, round_number: int) -> list[Any]:
        first = STORED + 10_000_000 + round_number * count
        return [peer.make(row(first + offset)) for offset in range(count)]

    return prepare


def _keys(_: Peer, round_number: int) -> list[list[int]]:
    chosen = random.Random(round_number)
    return [[chosen.randrange(STORED) for _ in range(GETS_PER_TASK)] for _ in range(TASKS)]


async def _filters(peer: Peer, _: Any) -> Any:
    for _ in range(FILTERS):
        built = peer.build_filter()
    return built


async def _insert_one(peer: Peer, documents: list[Any]) -> None:
    await peer.insert_one(documents[0])


async def _insert_many(peer: Peer, documents: list[Any]) -> None:
    await peer.insert_many(documents)


async def _get(peer: Peer, keys: list[list[int]]) -> Any:
    return await peer.get(keys[0][0])


async def _gather(peer: Peer, keys: list[list[int]]) -> list[Any]:
    return await peer.gather_gets(keys)


async def _find(peer: Peer, count: int) -> list[Any]:
    return await peer.find(count)


def _same(peer: Peer, document: Any, key: int) -> None:
    found, expected = comparable(peer.plain(document)), comparable(row(key))
    assert found == expected, f"{peer.label}: {found} is not {expected}"


def _check_filter(peer: Peer, _: Any, built: Any) -> None:
    text = peer.filter_text(built)
    assert "25" in text, f"{peer.label}: {text}"
    assert "City 7" in text, f"{peer.label}: {text}"


def _check_get(peer: Peer, keys: list[list[int]], document: Any) -> None:
    _same(peer, document, keys[0][0])


def _check_gather(peer: Peer, keys: list[list[int]], documents: list[Any]) -> None:
    for key, document in zip((key for some in keys for key in some), documents, strict=True):
        _same(peer, document, key)


def _check_find(peer: Peer, count: int, documents: list[Any]) -> None:
    assert len(documents) == count, f"{peer.label}: {len(documents)} documents, not {count}"
    for number in {0, count // 2, count - 1}:
        _same(peer, documents[number], number)


def _dropped(each: int) -> Drop:
    """Removes what runs inserted, so many documents each."""

    def drop(uri: str, database: str, runs: int) -> None:
        new = {"_id": {"$gte": STORED}}
        with MongoClient[dict[str, Any]](uri) as client:
            collection = client[database][COLLECTION]
            inserted = collection.count_documents(new)
            assert inserted == runs * each, f"{inserted} documents inserted, not {runs * each}"
            for document in collection.find(new).limit(5):
                assert set(document) == set(row(0)), f"stored as {document}"
                assert document["address"] == row(document["_id"])["address"]
            collection.delete_many(new)

    return drop


def _nothing(_: Peer, __: Any, ___: Any) -> None:
    """Inserts are checked by what the server holds afterwards."""


def _found(count: int) -> Prepare:
    return lambda _peer, _round: count


CASES = [
    Case("build and compile a two-term filter", 60, lambda _peer, _round: None, _filters, _check_filter, FILTERS),
    Case("insert one", 300, _new_rows(1), _insert_one, _nothing, drop=_dropped(1)),
    Case("insert 1,000", 15, _new_rows(1000), _insert_many, _nothing, drop=_dropped(1000)),
    Case("get by id", 300, _keys, _get, _check_get),
    Case("find 100", 100, _found(100), _find, _check_find),
    Case("find 1,000", 30, _found(1000), _find, _check_find),
    Case("find 100,000", 3, _found(STORED), _find, _check_find),
    Case(f"get by id, {TASKS} tasks", 9, _keys, _gather, _check_gather, TASKS * GETS_PER_TASK),
]
