"""Runs a case for all its peers by turns and keeps what each run took."""

from __future__ import annotations

import gc
import inspect
import statistics
import time
from dataclasses import dataclass, field
from typing import Any

from . import link_cases
from .case import Case


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        seconds: what the runs of one peer in one case may take, with their preparation; a run that has begun ends.
        rounds: how often a slow peer runs even so, as long as that takes no more than `patience` times as long.
    """

    seconds: float
    rounds: int
    patience: float = 5.0

    def allows(self, turn: int, spent: float) -> bool:
        """Whether a peer that has spent so many seconds runs once more."""
        return spent < self.seconds or (turn < self.rounds and spent < self.seconds * self.patience)


FULL = Effort(seconds=2.5, rounds=3)
QUICK = Effort(seconds=0.25, rounds=1)


@dataclass
class Measured:
    """Runs of one peer in one case: seconds a unit by the clock, and of this process's processors (all its threads)."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Seconds a unit."""
        return statistics.median(self.clock)

    @property
    def processor_median(self) -> float:
        """Seconds of processor time a unit; the server's are not in it."""
        return statistics.median(self.processor)

    @property
    def spread(self) -> float:
        """Half of what lies between the quartiles, as a part of the median."""
        if len(self.clock) < 2:
            return 0.0
        first, _, third = statistics.quantiles(self.clock, n=4, method="inclusive")
        return (third - first) / 2 / self.median

    def summary(self) -> dict[str, float]:
        """For the file of results."""
        return {
            "median": self.median,
            "least": min(self.clock),
            "most": max(self.clock),
            "spread": self.spread,
            "processor": self.processor_median,
            "rounds": len(self.clock),
        }


async def _once(peer: Any, case: Case, number: int, into: Measured | None = None) -> Any:
    """One run; without a place to keep it, what it gave is checked."""
    prepared = case.prepare(peer, number)
    if inspect.isawaitable(prepared):
        prepared = await prepared
    gc.collect()
    processor, clock = time.process_time(), time.perf_counter()
    value = await case.run(peer, prepared)
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    if into is not None:
        into.clock.append(clock / case.units)
        into.processor.append(processor / case.units)
    elif getattr(peer, "is_checked", True):
        case.check(peer, prepared, value)


async def measure(case: Case, peers: list[Any], uri: str, database: str, effort: Effort) -> dict[str, Measured]:
    """Round by round every peer in turn, each round starting with the next; slow peers leave when their time is up."""
    peers = case.peers(peers)
    number = 0
    for peer in peers:  # checked and warmed before anything is timed
        await _once(peer, case, number)
        number += 1
        if case.after:
            case.after(uri, database, 1)
    measured = {peer.label: Measured() for peer in peers}
    spent = dict.fromkeys(measured, 0.0)
    for turn in range(case.rounds):
        left = [peer for peer in peers if effort.allows(turn, spent[peer.label])]
        if not left:
            break
        first = turn % len(left)
        for peer in left[first:] + left[:first]:
            began = time.perf_counter()
            await _once(peer, case, number, measured[peer.label])
            number += 1
            spent[peer.label] += time.perf_counter() - began
    if case.after:
        case.after(uri, database, number - len(peers))
    return measured


async def count(case: Case, peers: list[Any], uri: str, database: str) -> dict[str, int]:
    """How many commands the server answers, after a run that is not counted."""
    counts = {}
    for place, peer in enumerate(case.peers(peers)):
        for number in (place, len(peers) + place):
            before = link_cases.commands(uri)
            await _once(peer, case, number)
            counts[peer.label] = link_cases.commands(uri) - before
        if case.after:
            case.after(uri, database, 2)
    return counts
