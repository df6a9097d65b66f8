"""Many tasks that read and write at once, beside PyMongo's asynchronous client. `make load`.

Every task has documents of its own and knows what they hold, so every answer is checked.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from array import array
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

from pymongo import AsyncMongoClient, MongoClient
from rich.console import Console
from rich.table import Table

from data_bridge import connect
from data_bridge.embedded import Server

from .data import COLLECTION, row
from .peers.data_bridge_peer import Person

DATABASE = "data_bridge_load"
#: Documents that a task alone changes, and those that all tasks only read.
OWN, SHARED = 4, 10_000
RANGE = 10
SLICES = 6


class Subject(Protocol):
    """A library under load. Documents are given back as name and age."""

    label: str

    async def setup(self, uri: str) -> None: ...
    async def close(self) -> None: ...
    async def get(self, key: int) -> tuple[str, int]: ...
    async def find(self, start: int) -> list[tuple[str, int]]: ...
    async def save(self, key: int, age: int) -> None: ...
    async def insert(self, values: dict[str, Any]) -> None: ...
    async def delete(self, key: int) -> int: ...


class DataBridge:
    label = "data-bridge"

    async def setup(self, uri: str) -> None:
        self._client = await connect(uri, database=DATABASE)

    async def close(self) -> None:
        await self._client.close()

    async def get(self, key: int) -> tuple[str, int]:
        document: Any = await Person.get(key)
        return document.name, document.age

    async def find(self, start: int) -> list[tuple[str, int]]:
        found = await Person.find(Person.id >= start, Person.id < start + RANGE).sort(Person.id).to_list()
        return [(document.name, document.age) for document in found]

    async def save(self, key: int, age: int) -> None:
        document: Any = await Person.get(key)
        document.age = age
        await document.save()

    async def insert(self, values: dict[str, Any]) -> None:
        await Person(**values).insert()

    async def delete(self, key: int) -> int:
        return (await Person.find(Person.id == key).delete_one())["n"]


class PyMongo:
    label = "PyMongo async (dicts)"

    async def setup(self, uri: str) -> None:
        self._client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri, tz_aware=True)
        self._people = self._client[DATABASE][COLLECTION]

    async def close(self) -> None:
        await self._client.close()

    async def get(self, key: int) -> tuple[str, int]:
        document: Any = await self._people.find_one({"_id": key})
        return document["name"], document["age"]

    async def find(self, start: int) -> list[tuple[str, int]]:
        keys = {"_id": {"$gte": start, "$lt": start + RANGE}}
        return [(document["name"], document["age"]) async for document in self._people.find(keys).sort("_id")]

    async def save(self, key: int, age: int) -> None:
        await self._people.find_one({"_id": key})
        await self._people.update_one({"_id": key}, {"$set": {"age": age}})

    async def insert(self, values: dict[str, Any]) -> None:
        await self._people.insert_one(values)

    async def delete(self, key: int) -> int:
        return (await self._people.delete_one({"_id": key})).deleted_count


class Task:
    """One of many: its documents, and what they must hold."""

    #: How often each operation is chosen, among as many as all together.
    mix: ClassVar[dict[str, int]] = {"get": 4, "find": 2, "save": 2, "insert and delete": 2}

    def __init__(self, number: int) -> None:
        self._random = random.Random(number)
        self._first = SHARED + number * OWN * 2
        self._ages = {self._first + place: row(self._first + place)["age"] for place in range(OWN)}
        self._operations = [
            getattr(self, "_" + name.replace(" ", "_")) for name, times in self.mix.items() for _ in range(times)
        ]

    def rows(self) -> list[dict[str, Any]]:
        """What must be stored before."""
        return [row(key) for key in self._ages]

    async def step(self, subject: Subject) -> None:
        """One operation.

        Raises:
            AssertionError: the answer is wrong.
        """
        await self._random.choice(self._operations)(subject)

    async def _get(self, subject: Subject) -> None:
        key = self._random.choice(list(self._ages))
        found = await subject.get(key)
        assert found == (f"Person {key}", self._ages[key]), f"{subject.label}: {key} is {found}"

    async def _find(self, subject: Subject) -> None:
        start = self._random.randrange(SHARED - RANGE)
        expected = [(each["name"], each["age"]) for each in map(row, range(start, start + RANGE))]
        found = await subject.find(start)
        assert found == expected, f"{subject.label}: from {start} there are {found}"

    async def _save(self, subject: Subject) -> None:
        key, age = self._random.choice(list(self._ages)), self._random.randrange(1_000_000)
        await subject.save(key, age)
        self._ages[key] = age

    async def _insert_and_delete(self, subject: Subject) -> None:
        key = self._first + OWN
        values = row(key)
        await subject.insert({"id": values.pop("_id"), **values} if subject.label == DataBridge.label else values)
        deleted = await subject.delete(key)
        assert deleted == 1, f"{subject.label}: {deleted} deleted of {key}"


async def run(subject: Subject, tasks: Sequence[Task], more: Callable[[int], bool], latencies: array[float]) -> None:
    """All tasks at once, while there is more to do: that is asked with the number of operations so far."""

    async def work(task: Task) -> None:
        while more(len(latencies)):
            began = time.perf_counter()
            await task.step(subject)
            latencies.append(time.perf_counter() - began)

    await asyncio.gather(*(work(task) for task in tasks))


def percentile(latencies: array[float], part: float) -> float:
    """The latency that this part of the operations does not exceed."""
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


async def compare(subjects: list[Subject], tasks: Sequence[Task], seconds: float, console: Console) -> None:
    """Each in turn, in slices, over the same documents."""
    latencies: dict[str, array[float]] = {subject.label: array("d") for subject in subjects}
    spent = dict.fromkeys(latencies, 0.0)
    for turn in range(SLICES):
        for subject in subjects if turn % 2 == 0 else subjects[::-1]:
            began = time.perf_counter()
            until = began + seconds / SLICES
            await run(subject, tasks, lambda _, until=until: time.perf_counter() < until, latencies[subject.label])  # type: ignore[misc]
            spent[subject.label] += time.perf_counter() - began
    mix = ", ".join(f"{name} {times / sum(Task.mix.values()):.0%}" for name, times in Task.mix.items())
    out = Table(
        title=f"{len(tasks):,} tasks, {seconds:.0f} s each: {mix}; every answer was right", title_justify="left"
    )
    for column in ("", "operations a second", "p50", "p99", "p99.9"):
        out.add_column(column, justify="right" if column else "left")
    for label, each in latencies.items():
        parts = [f"{percentile(each, part) * 1e3:.0f} ms" for part in (0.5, 0.99, 0.999)]
        out.add_row(label, f"{len(each) / spent[label]:,.0f}", *parts)
    console.print(out)


def store(uri: str, tasks: Sequence[Task]) -> None:
    """What the tasks read, stored without the library that is looked at."""
    with MongoClient[dict[str, Any]](uri) as client:
        client[DATABASE][COLLECTION].insert_many([row(number) for number in range(SHARED)])
        client[DATABASE][COLLECTION].insert_many([each for task in tasks for each in task.rows()])


async def _main(uri: str, count: int, seconds: float, console: Console) -> None:
    tasks = [Task(number) for number in range(count)]
    store(uri, tasks)
    subjects: list[Subject] = [DataBridge(), PyMongo()]
    for subject in subjects:
        await subject.setup(uri)
    await compare(subjects, tasks, seconds, console)
    for subject in subjects:
        await subject.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for each library")
    parser.add_argument("--tasks", type=int, default=1000)
    arguments = parser.parse_args()
    with Server(cache_gb=1) as server:
        asyncio.run(_main(server.uri, arguments.tasks, arguments.seconds, Console(width=110)))


if __name__ == "__main__":
    main()
