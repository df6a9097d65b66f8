"""Whether memory stays flat over a million operations of every kind, and every answer right. `make leaks`.

Counted are the allocations of the extension that are not freed (in a build with the feature `counted`), the objects of
Python, and what is resident.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.console import Console
from rich.table import Table

from data_bridge import Avg, Count, Document, Group, Link, _core
from data_bridge.embedded import Server
from data_bridge.errors import DuplicateKeyError

from .data import row
from .load import RANGE, SHARED, DataBridge, Subject, Task, run, store
from .memory import settled
from .peers.data_bridge_peer import Person

#: Parts, after each of which is counted, and those in which pools and caches settle.
POINTS, SETTLING = 5, 2
#: Until what was given up is answered.
REST_SECONDS = 1.0


class Friend(Document):
    """Shared, and linked to a shared person of the same number."""

    id: int
    person: Link[Person]

    class Settings:
        name = "friends"


class WideTask(Task):
    """A task that reads and writes in every way there is, those that fail or are given up included."""

    mix: ClassVar[dict[str, int]] = {
        **Task.mix,
        "get lazily": 1,
        "get as JSON": 1,
        "get columns": 1,
        "stream": 1,
        "leave a stream": 1,
        "aggregate": 1,
        "fetch links": 1,
        "filter by links": 1,
        "save in bulk": 1,
        "insert again": 1,
        "give up": 1,
    }

    def _shared(self) -> tuple[int, list[tuple[str, int]]]:
        """Where a range of shared documents begins, and their names and ages."""
        start = self._random.randrange(SHARED - RANGE)
        return start, [(each["name"], each["age"]) for each in map(row, range(start, start + RANGE))]

    async def _get_lazily(self, _: Subject) -> None:
        key = self._random.choice(list(self._ages))
        document = await Person.get(key, lazy=True)
        assert document is not None, f"{key} is gone"
        assert document.age == self._ages[key], f"{key} is {document!r}"

    async def _get_as_JSON(self, _: Subject) -> None:
        key = self._random.choice(list(self._ages))
        text = await Person.find_one(Person.id == key).to_json()
        assert f'"age":{self._ages[key]},'.encode() in text, f"{key} is {text!r}"

    async def _get_columns(self, _: Subject) -> None:
        start, expected = self._shared()
        table = await Person.find(Person.id >= start, Person.id < start + RANGE, sort=Person.id).to_arrow()
        found = list(zip(table["name"].to_pylist(), table["age"].to_pylist(), strict=True))
        assert found == expected, f"from {start} there are {found}"

    async def _stream(self, _: Subject) -> None:
        start, expected = self._shared()
        query = Person.find(Person.id >= start, Person.id < start + RANGE, sort=Person.id).batch_size(RANGE // 2)
        found = [(document.name, document.age) async for document in query]
        assert found == expected, f"from {start} there are {found}"

    async def _leave_a_stream(self, _: Subject) -> None:
        start, expected = self._shared()
        async for document in Person.find(Person.id >= start, sort=Person.id).batch_size(RANGE):
            assert (document.name, document.age) == expected[0], f"first from {start} is {document!r}"
            break

    async def _aggregate(self, _: Subject) -> None:
        start, expected = self._shared()
        group = Group(by=None, people=Count(), mean=Avg(Person.age))
        (found,) = await Person.find(Person.id >= start, Person.id < start + RANGE).aggregate([group]).to_list()
        mean = sum(age for _, age in expected) / RANGE
        assert (found["people"], found["mean"]) == (RANGE, mean), f"from {start} it is {found}"

    async def _fetch_links(self, _: Subject) -> None:
        start, expected = self._shared()
        query = Friend.find(Friend.id >= start, Friend.id < start + RANGE, sort=Friend.id).fetch_links()
        found = [(friend.person.name, friend.person.age) for friend in await query.to_list()]
        assert found == expected, f"from {start} there are {found}"

    async def _filter_by_links(self, _: Subject) -> None:
        start, expected = self._shared()
        found = await Friend.find(Friend.person.name == expected[0][0], Friend.id < start + RANGE).to_list()
        assert [friend.id for friend in found] == [start], f"of {start} there are {found}"

    async def _save_in_bulk(self, _: Subject) -> None:
        documents = await Person.find(Person.id.in_(list(self._ages))).to_list()
        async with Person.bulk() as bulk:
            for document in documents:
                document.age = self._ages[document.id] = self._random.randrange(1_000_000)
                bulk.save(document)
        assert len(documents) == len(self._ages), f"{len(documents)} documents"

    async def _insert_again(self, _: Subject) -> None:
        values = row(self._random.choice(list(self._ages)))
        try:
            await Person(id=values.pop("_id"), **values).insert()
        except DuplicateKeyError:
            return
        raise AssertionError("a document was inserted twice")

    async def _give_up(self, _: Subject) -> None:
        start, _ = self._shared()
        reading = asyncio.ensure_future(Person.find(Person.id >= start, Person.id < start + RANGE).to_list())
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


@dataclass(frozen=True)
class Held:
    """What the process holds. The extension's are zero where they are not counted."""

    pieces: int
    bytes: int
    objects: int
    blocks: int
    resident: int

    @classmethod
    def now(cls) -> Held:
        """After the collector ran, and free memory was given back."""
        gc.collect()
        return cls(*(_core.allocations() or (0, 0)), len(gc.get_objects()), sys.getallocatedblocks(), settled())


#: How each is shown, and how many may be more at the end than when all had settled. Of a million operations 600,000
#: come after that, so one thing that each thousandth of them left would be too many.
SHOWN = {
    "pieces": ("allocations in Rust", 500),
    "bytes": ("bytes of those", 1_000_000),
    "objects": ("objects of the collector", 500),
    "blocks": ("blocks of Python", 2_000),
    "resident": ("bytes resident", 8_000_000),
}


def grown(first: Held, last: Held) -> list[str]:
    """What is more at the end than may be, in words."""
    more = {name: getattr(last, name) - getattr(first, name) for name in SHOWN}
    return [f"{more[name]:,} more {words}" for name, (words, most) in SHOWN.items() if more[name] > most]


async def measure(tasks: Sequence[Task], operations: int, console: Console) -> list[Held]:
    """What is held after each part of so many operations."""
    points: list[Held] = []
    began = time.perf_counter()
    for _ in range(POINTS):
        done: array[float] = array("d")
        await run(DataBridge(), tasks, lambda count: count < operations // POINTS, done)
        del done
        await asyncio.sleep(REST_SECONDS)
        points.append(Held.now())
        console.print(f"{len(points) * operations // POINTS:,} operations after {time.perf_counter() - began:.0f} s")
    return points


async def _main(uri: str, count: int, operations: int, console: Console) -> list[Held]:
    tasks = [WideTask(number) for number in range(count)]
    store(uri, tasks)
    subject = DataBridge()
    await subject.setup(uri)
    await Person.collection().create_index("name")  # what filters by links look for
    await Friend.insert_many([Friend(id=number, person=number) for number in range(SHARED)])
    points = await measure(tasks, operations, console)
    await subject.close()
    return points


def _table(points: Sequence[Held], operations: int) -> Table:
    names = [name for name in SHOWN if any(getattr(each, name) for each in points)]
    out = Table(title=f"What is held over {operations:,} operations, every answer of which was right")
    for column in ("after", *(SHOWN[name][0] for name in names)):
        out.add_column(column, justify="right")
    for place, each in enumerate(points, start=1):
        out.add_row(f"{operations * place // POINTS:,}", *(f"{getattr(each, name):,}" for name in names))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(prog="make leaks", description=__doc__)
    parser.add_argument("--operations", type=int, default=1_000_000)
    parser.add_argument("--tasks", type=int, default=1000)
    arguments = parser.parse_args()
    console = Console(width=130, highlight=False)
    if _core.allocations() is None:
        console.print("this build does not count the allocations of Rust; `make leaks` makes one that does")
    with Server(cache_gb=1) as server:
        points = asyncio.run(_main(server.uri, arguments.tasks, arguments.operations, console))
    console.print(_table(points, arguments.operations))
    more = grown(points[SETTLING - 1], points[-1])
    if more:
        raise SystemExit(f"memory grows: {', '.join(more)}")
    console.print("memory is flat")


if __name__ == "__main__":
    main()
