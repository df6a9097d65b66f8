"""Memory of loaded documents, and of a stream: each library in a process of its own, `python -m benchmarks.memory`."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import json
import os
import subprocess
import sys
import threading
from typing import Any

from .peers import load

#: Documents that are held.
HELD = 50_000
WARM = 1_000
SAMPLE_SECONDS = 0.002
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PAGES = "print(open('/proc/self/statm').read().split()[1])"


def resident() -> int:
    """Bytes of this process that are in memory."""
    with open("/proc/self/statm") as numbers:
        return int(numbers.read().split()[1]) * _PAGE


def _interpreter() -> int:
    """The same of an interpreter that has imported nothing."""
    return int(subprocess.check_output([sys.executable, "-c", _PAGES])) * _PAGE


def settled() -> int:
    """Bytes in memory once what is free was given back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return resident()


async def _held(peer: Any, count: int) -> dict[str, float]:
    await peer.find(WARM)
    before = settled()
    documents = await peer.find(count)
    after = settled()
    return {"bytes_per_document": (after - before) / len(documents)}


class _Peak:
    """The most memory while a block runs; taken by a thread, since a stream's documents live between two samples."""

    def __enter__(self) -> _Peak:
        self.bytes = resident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            self.bytes = max(self.bytes, resident())

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


async def _streamed(peer: Any, count: int) -> dict[str, float]:
    with _Peak() as peak:
        found, _ = await peer.stream_many(count)
    assert found == count, f"{peer.label}: {found} documents, not {count}"
    return {"above_interpreter": peak.bytes - _interpreter()}


async def _measure(name: str, uri: str, database: str, what: str, count: int) -> dict[str, float]:
    peer = load(name)
    await peer.setup(uri, database)
    try:
        return await (_held if what == "held" else _streamed)(peer, count)
    finally:
        await peer.close()


def measured(name: str, uri: str, database: str, what: str, count: int) -> dict[str, float]:
    """What a process of its own finds.

    Args:
        what: "held", bytes of each of `count` documents; or "streamed", the most bytes while so many go by.
    """
    command = [sys.executable, "-m", "benchmarks.memory", name, uri, database, what, str(count)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    for name in ("peer", "uri", "database", "what"):
        parser.add_argument(name)
    parser.add_argument("count", type=int)
    given = parser.parse_args()
    print(json.dumps(asyncio.run(_measure(given.peer, given.uri, given.database, given.what, given.count))))


if __name__ == "__main__":
    main()
