"""Many tasks that read and write at once, beside PyMongo's asynchronous client, and then whether memory stays flat.

Every task has documents of its own and knows what they hold, so every answer is checked. `make load`.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import sys
import time
from array import array
from collections.abc import Callable
from typing import Any, Protocol

from pymongo import AsyncMongoClient, MongoClient
from rich.console import Console
from rich.table import Table

from data_bridge import connect
from data_bridge.embedded import Server

from .data import COLLECTION, row
from .memory import settled
from .peers.data_bridge_peer import Person

DATABASE = "data_bridge_load"
#: Documents that a task alone changes, and those that all tasks only read.
OWN, SHARED = 4, 10_000
RANGE = 10
#: How often of ten each operation is chosen.
MIX = {"get": 4, "find": 2, "save": 2, "insert and delete": 2}
SLICES = 6
POINTS = 5
#: What may be more at the end than after the first part: memory settles a little with every new pattern of use.
MORE_BYTES, MORE_OBJECTS = 8e6, 500


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

    def __init__(self, number: int) -> None:
        self._random = random.Random(number)
        self._first = SHARED + number * OWN * 2
        self._ages = {self._first + place: row(self._first + place)["age"] for place in range(OWN)}
        self._operations = [
            getattr(self, "_" + name.replace(" ", "_")) for name, times in MIX.items() for _ in range(times)
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


async def run(subject: Subject, tasks: list[Task], more: Callable[[int], bool], latencies: array[float]) -> None:
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


async def compare(subjects: list[Subject], tasks: list[Task], seconds: float, console: Console) -> None:
    """Each in turn, in slices, over the same documents."""
    latencies: dict[str, array[float]] = {subject.label: array("d") for subject in subjects}
    spent = dict.fromkeys(latencies, 0.0)
    for turn in range(SLICES):
        for subject in subjects if turn % 2 == 0 else subjects[::-1]:
            began = time.perf_counter()
            until = began + seconds / SLICES
            await run(subject, tasks, lambda _, until=until: time.perf_counter() < until, latencies[subject.label])  # type: ignore[misc]
            spent[subject.label] += time.perf_counter() - began
    mix = ", ".join(f"{name} {times / sum(MIX.values()):.0%}" for name, times in MIX.items())
    out = Table(
        title=f"{len(tasks):,} tasks, {seconds:.0f} s each: {mix}; every answer was right", title_justify="left"
    )
    for column in ("", "operations a second", "p50", "p99", "p99.9"):
        out.add_column(column, justify="right" if column else "left")
    for label, each in latencies.items():
        parts = [f"{percentile(each, part) * 1e3:.0f} ms" for part in (0.5, 0.99, 0.999)]
        out.add_row(label, f"{len(each) / spent[label]:,.0f}", *parts)
    console.print(out)


async def leaks(subject: Subject, tasks: list[Task], operations: int, console: Console) -> bool:
    """Whether memory and objects are as many at the end as after the first part of so many operations."""
    points: list[tuple[int, int, int]] = []
    for _ in range(POINTS):
        count: array[float] = array("d")
        await run(subject, tasks, lambda done: done < operations // POINTS, count)
        del count
        gc.collect()
        points.append((settled(), len(gc.get_objects()), sys.getallocatedblocks()))
    out = Table(title=f"{subject.label}: memory over {operations:,} operations", title_justify="left")
    for column in ("after", "resident", "objects of the collector", "allocated blocks"):
        out.add_column(column, justify="right")
    for place, (size, objects, blocks) in enumerate(points, start=1):
        out.add_row(f"{operations * place // POINTS:,}", f"{size / 1e6:.1f} MB", f"{objects:,}", f"{blocks:,}")
    console.print(out)
    return points[-1][0] - points[0][0] <= MORE_BYTES and points[-1][1] - points[0][1] <= MORE_OBJECTS


async def _main(uri: str, count: int, seconds: float, operations: int, console: Console) -> bool:
    tasks = [Task(number) for number in range(count)]
    with MongoClient[dict[str, Any]](uri) as client:
        client[DATABASE][COLLECTION].insert_many([row(number) for number in range(SHARED)])
        client[DATABASE][COLLECTION].insert_many([each for task in tasks for each in task.rows()])
    ours, subjects = DataBridge(), [DataBridge(), PyMongo()]
    if seconds:
        for subject in subjects:
            await subject.setup(uri)
        await compare(list(subjects), tasks, seconds, console)
        for subject in subjects:
            await subject.close()
    flat = True
    if operations:
        await ours.setup(uri)
        flat = await leaks(ours, tasks, operations, console)
        await ours.close()
    return flat


def main() -> None:
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for each library; 0 leaves the comparison out")
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--operations", type=int, default=1_000_000, help="of the look at memory; 0 leaves it out")
    arguments = parser.parse_args()
    console = Console(width=110)
    with Server(cache_gb=1) as server:
        given = (arguments.tasks, arguments.seconds, arguments.operations)
        flat = asyncio.run(_main(server.uri, *given, console))
    if not flat:
        raise SystemExit(f"memory grew by more than {MORE_BYTES / 1e6:.0f} MB, or objects by more than {MORE_OBJECTS}")
    if arguments.operations:
        console.print("memory is flat")


if __name__ == "__main__":
    main()
