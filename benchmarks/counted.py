"""What `instructions` counts, run under callgrind: `python -m benchmarks.counted`. It needs no server."""

from __future__ import annotations

import asyncio
import gc
import math
from collections.abc import Callable
from typing import Any

from data_bridge import Avg, Count, Group, Limit, Match, Project, Skip, Sort, Unwind, _core, client
from data_bridge.layout import layout_of
from data_bridge.writing import encoded_all

from .data import row
from .peers.data_bridge_peer import DataBridgePeer, Person

#: Nobody listens there: a plan that sends nothing goes all the way through the I/O thread, and back.
_NOWHERE = "mongodb://127.0.0.1:1/?heartbeatFrequencyMS=100000000"
_WARM = 20

#: A call of this is seen by callgrind, which starts a new count; nothing else calls it.
mark = math.cbrt


def _twelve_stages() -> Any:
    return Person.aggregate(
        [
            Match(Person.age > 25),
            Sort(age=-1),
            Match(Person.address.city != "City 7"),
            Project(Person.age, Person.address.city, Person.tags),
            Skip(10),
            Limit(10_000),
            Limit(5_000),
            Unwind(Person.tags),
            Match(Person.tags != "all"),
            Group(by=Person.tags, count=Count(), mean=Avg(Person.age)),
            Sort(count=-1),
            Limit(20),
        ]
    )


def _compiling(query: Any, terminal: str) -> Callable[[], Any]:
    node = query._read(terminal)
    return lambda: query._compile(node)


def _cases() -> dict[str, tuple[int, Callable[[], Any]]]:
    """How often each is run, and what."""
    layout = layout_of(Person)
    peer = DataBridgePeer()
    values = peer.values(row(7))
    document = peer.make(values)
    stored = layout.encode(document)
    changed = layout.encode(peer.make(peer.values({**row(7), "age": 99})))
    two_terms = Person.find((Person.age > 25) & (Person.address.city == "City 7"))
    return {
        "make a document": (500, lambda: peer.make(values)),
        "check and encode a document": (500, lambda: encoded_all([document], True)),
        "encode a document": (500, lambda: layout.encode(document)),
        "decode a document": (500, lambda: layout.decode(stored)),
        "compare a document with its stored bytes": (500, lambda: layout.changes(changed, stored)),
        "compile a two-term filter": (200, _compiling(two_terms, "find")),
        "compile a 12-stage pipeline": (50, _compiling(_twelve_stages(), "aggregate")),
        "build and compile a two-term filter": (200, peer.build_filter),
    }


def _count(times: int, work: Callable[[], Any]) -> None:
    for _ in range(_WARM):
        work()
    gc.collect()
    mark(1.0)
    for _ in range(times):
        work()
    mark(1.0)


#: The case that needs an event loop: it comes last, and this often.
ROUND = ("one request through the queue", 200)


async def _count_rounds() -> None:
    """An operation that sends nothing: started, brought to the I/O thread, answered and awaited."""
    core = client.Client(_NOWHERE, "nowhere").core
    compiled = _compiling(Person.find({"_id": {"$in": []}}), "find")()
    layout = layout_of(Person)
    for _ in range(_WARM):
        await _core.execute(core, compiled, layout).start()
    gc.collect()
    mark(1.0)
    for _ in range(ROUND[1]):
        await _core.execute(core, compiled, layout).start()
    mark(1.0)


def names() -> dict[str, int]:
    """How often each case is run, in the order of the counts."""
    return {**{name: times for name, (times, _) in _cases().items()}, ROUND[0]: ROUND[1]}


def main() -> None:
    gc.disable()
    for times, work in _cases().values():
        _count(times, work)
    asyncio.run(_count_rounds())


if __name__ == "__main__":
    main()
