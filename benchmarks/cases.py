"""What is measured of documents. Every peer reads and writes the same; results are compared before the timing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

from pymongo import MongoClient

from .case import After, Case, Check, Prepare, call, given, unchecked
from .data import COLLECTION, aggregated, comparable, row
from .peers.peer import Peer

STORED = 100_000
TASKS = 64
GETS_PER_TASK = 16
GETS = 200
INSERTS = 100
#: So many that filling the processor's caches anew, after the collection of garbage before each run, does not count.
FILTERS = 1000
#: The documents that are changed and saved: those from here on.
CHANGED_FROM, CHANGED = 50_000, 1000
#: An age that no stored document has.
NEW_AGE = 1000


def _new(count: int, made: Callable[[Peer, list[Any]], Any]) -> Prepare:
    """New documents above those stored, never the same twice, as `made` makes them of values."""

    def prepare(peer: Peer, number: int) -> Any:
        first = STORED + 10_000_000 + number * count
        return made(peer, [peer.values(row(first + offset)) for offset in range(count)])

    return prepare


def _made_each(peer: Peer, values: list[Any]) -> Any:
    return [peer.make(each) for each in values]


def _made_many(peer: Peer, values: list[Any]) -> Any:
    return peer.make_many(values)


def _made_unordered(peer: Peer, values: list[Any]) -> Any:
    return peer.make_unordered(values)


def _unmade(_: Peer, values: list[Any]) -> Any:
    return values


def _keys(number: int, count: int) -> list[int]:
    chosen = random.Random(number)
    return [chosen.randrange(STORED) for _ in range(count)]


def _one_after_another(_: Peer, number: int) -> list[int]:
    return _keys(number, GETS)


def _by_tasks(_: Peer, number: int) -> list[list[int]]:
    keys = _keys(number, TASKS * GETS_PER_TASK)
    return [keys[start : start + GETS_PER_TASK] for start in range(0, len(keys), GETS_PER_TASK)]


async def _to_change(peer: Peer, number: int) -> Any:
    return await peer.load(range(CHANGED_FROM, CHANGED_FROM + CHANGED), NEW_AGE + number)


async def _filters(peer: Peer, _: Any) -> Any:
    for _ in range(FILTERS):
        built = peer.build_filter()
    return built


def _check_filter(peer: Peer, _: Any, built: Any) -> None:
    text = peer.filter_text(built)
    assert "25" in text, f"{peer.label}: {text}"
    assert "City 7" in text, f"{peer.label}: {text}"


def _same(peer: Peer, documents: Iterable[Any], keys: Iterable[int]) -> None:
    for document, key in zip(documents, keys, strict=True):
        found, expected = comparable(peer.plain(document)), comparable(row(key))
        assert found == expected, f"{peer.label}: {found} is not {expected}"


def _check_built(peer: Peer, values: list[Any], documents: list[Any]) -> None:
    _same(peer, documents, [comparable(each)["_id"] for each in values])


def _check_tasks(peer: Peer, keys: list[list[int]], documents: list[Any]) -> None:
    _same(peer, documents, [key for some in keys for key in some])


def _check_find(peer: Peer, count: int, documents: list[Any]) -> None:
    assert len(documents) == count, f"{peer.label}: {len(documents)} documents, not {count}"
    _same(peer, documents, range(count))


def _check_read(peer: Peer, count: int, read: tuple[int, int]) -> None:
    rows = [row(number) for number in range(count)]
    expected = sum(len(each["name"]) for each in rows), sum(each["age"] for each in rows)
    assert read == expected, f"{peer.label}: {read} is not {expected}"


def _check_stream(peer: Peer, count: int, streamed: tuple[int, Any]) -> None:
    assert streamed[0] == count, f"{peer.label}: {streamed[0]} documents, not {count}"
    _same(peer, [streamed[1]], [count - 1])


def _check_groups(peer: Peer, count: int, rows: Any) -> None:
    found = {city: (number, mean) for city, number, mean in peer.groups(rows)}
    assert found == aggregated(count), f"{peer.label}: {found} is not {aggregated(count)}"


def _inserted(each: int) -> After:
    """Removes what runs inserted, so many documents each."""

    def after(uri: str, database: str, runs: int) -> None:
        new = {"_id": {"$gte": STORED}}
        with MongoClient[dict[str, Any]](uri, tz_aware=True) as client:
            collection = client[database][COLLECTION]
            inserted = collection.count_documents(new)
            assert inserted == runs * each, f"{inserted} documents inserted, not {runs * each}"
            for document in collection.find(new).limit(20):
                assert document == row(document["_id"]), f"stored as {document}"
            collection.delete_many(new)

    return after


def _saved(uri: str, database: str, _: int) -> None:
    """Puts the ages back, after looking that nothing else was changed."""
    with MongoClient[dict[str, Any]](uri, tz_aware=True) as client:
        collection = client[database][COLLECTION]
        changed = list(collection.find({"age": {"$gte": NEW_AGE}}).sort("_id"))
        assert [document["_id"] for document in changed] == list(range(CHANGED_FROM, CHANGED_FROM + CHANGED))
        assert len({document["age"] for document in changed}) == 1, "ages of several runs"
        ages = {number: row(number)["age"] for number in range(CHANGED_FROM, CHANGED_FROM + CHANGED)}
        for document in changed:
            assert {**document, "age": ages[document["_id"]]} == row(document["_id"]), f"stored as {document}"
        for age in set(ages.values()):
            keys = [number for number, its in ages.items() if its == age]
            collection.update_many({"_id": {"$in": keys}}, {"$set": {"age": age}})


def _check_each(peer: Peer, keys: list[int], documents: list[Any]) -> None:
    _same(peer, documents, keys)


def _inserts(name: str, method: str, made: Callable[[Peer, list[Any]], Any], count: int, units: int = 1) -> Case:
    return Case(name, method, _new(count, made), call(method), unchecked, units, after=_inserted(count))


def _finds(name: str, count: int, times: int = 1) -> Case:
    async def run(peer: Peer, prepared: int) -> Any:
        for _ in range(times):
            found = await peer.find(prepared)
        return found

    return Case(name, "find", given(count), run, _check_find, times)


def _saves(name: str, method: str) -> Case:
    return Case(name, method, _to_change, call(method), unchecked, after=_saved)


def _all(name: str, method: str, check: Check) -> Case:
    return Case(name, method, given(STORED), call(method), check)


CASES = [
    Case("build and compile a filter", "build_filter", given(None), _filters, _check_filter, FILTERS),
    Case("build 1,000", "build_many", _new(1000, _unmade), call("build_many"), _check_built),
    _inserts("insert one", "insert_each", _made_each, INSERTS, INSERTS),
    _inserts("insert 1,000, built", "build_and_insert", _unmade, 1000),
    _inserts("insert 1,000, ready", "insert_many", _made_many, 1000),
    _inserts("insert 1,000, in no order", "insert_unordered", _made_unordered, 1000),
    Case("get, one after another", "get_each", _one_after_another, call("get_each"), _check_each, GETS),
    Case("get, 64 tasks", "get_by_tasks", _by_tasks, call("get_by_tasks"), _check_tasks, TASKS * GETS_PER_TASK),
    # One of these alone takes less than waking up and filling the processor's caches does.
    _finds("find 100", 100, 100),
    _finds("find 1,000", 1000, 20),
    _finds("find 100,000", STORED),
    _all("two fields of 100,000, projected", "read_two_projected", _check_read),
    _all("two fields of 100,000, whole documents", "read_two_of_whole", _check_read),
    _all("stream 100,000", "stream", _check_stream),
    _saves("save 1,000 in one bulk", "save_in_bulk"),
    _saves("save 1,000 one by one", "save_each"),
    _all("aggregate 100,000 to 100", "aggregate", _check_groups),
]
