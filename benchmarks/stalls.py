"""How long other tasks of the event loop must wait while many documents are loaded: the longest turn of the loop."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

#: Documents that are loaded.
LOADED = 100_000
#: The libraries whose loading is no blocking call.
LOADING = ("data-bridge", "pymongo", "beanie")


@dataclass(frozen=True)
class Stall:
    """The longest turn of the loop, in seconds.

    Attributes:
        clock: by the clock; the turns of a busy machine's other processes are in it.
        processor: of the processor time of the loop's thread.
    """

    clock: float
    processor: float


async def longest_turn(work: Callable[[], Awaitable[Any]]) -> Stall:
    """Runs it while another task takes every turn of the loop."""
    clocks, processors = [0.0], [0.0]

    async def watch() -> None:
        clock, processor = time.perf_counter(), time.thread_time()
        while True:
            await asyncio.sleep(0)
            before = clock, processor
            clock, processor = time.perf_counter(), time.thread_time()
            clocks.append(clock - before[0])
            processors.append(processor - before[1])

    watching = asyncio.ensure_future(watch())
    await asyncio.sleep(0)
    try:
        loaded = await work()
        await asyncio.sleep(0)
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
    del loaded  # what freeing it takes is its holder's
    return Stall(max(clocks), max(processors))


#: The method of a peer for each way.
WAYS = {"a list": "find", "a stream": "stream"}


async def _measure(peer: Any, uri: str, database: str, rounds: int) -> dict[str, Stall]:
    found = {}
    await peer.setup(uri, database)
    try:
        for way, method in WAYS.items():
            load = partial(getattr(peer, method), LOADED)
            seen = [await longest_turn(load) for _ in range(rounds)]
            found[way] = Stall(
                statistics.median(each.clock for each in seen), statistics.median(each.processor for each in seen)
            )
    finally:
        await peer.close()
    return found


def measured(peer: Any, uri: str, database: str, rounds: int) -> dict[str, Stall]:
    """By the way of loading: the median of the longest turns of so many runs."""
    return asyncio.run(_measure(peer, uri, database, rounds))
