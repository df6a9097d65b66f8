"""Runs every case for every peer, alternating, and prints the medians."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from rich.console import Console
from rich.table import Table

from data_bridge.embedded import Server

from . import library, link_cases
from .cases import CASES, STORED, Case
from .data import COLLECTION, row

RESULTS = Path(__file__).parent / "results" / "latest.json"
DATABASE = "data_bridge_benchmarks"
console = Console(width=110)


def stored(uri: str) -> None:
    """Store the documents that are read, without any of the measured libraries but the driver."""
    with MongoClient[dict[str, Any]](uri) as client:
        client.drop_database(DATABASE)
        for start in range(0, STORED, 10_000):
            client[DATABASE][COLLECTION].insert_many([row(number) for number in range(start, start + 10_000)])


async def once(peer: Any, case: Case, number: int, checked: bool) -> float:
    """Seconds for one unit."""
    prepared = case.prepare(peer, number)
    gc.collect()
    started = time.perf_counter()
    value = await case.run(peer, prepared)
    seconds = time.perf_counter() - started
    if checked:
        case.check(peer, prepared, value)
    return seconds / case.units


async def measure(case: Case, peers: list[Any], uri: str, scale: float) -> dict[str, float]:
    """Medians in seconds. Round by round, every peer in turn, each round starting with the next peer."""
    rounds = max(1, round(case.rounds * scale))
    times: dict[str, list[float]] = {peer.label: [] for peer in peers}
    for place, peer in enumerate(peers):  # checked and warmed before anything is timed
        await once(peer, case, len(peers) * rounds + place, checked=True)
        if case.drop:
            case.drop(uri, DATABASE, 1)
    for number in range(rounds):
        turn = number % len(peers)
        for place, peer in enumerate(peers[turn:] + peers[:turn]):
            times[peer.label].append(await once(peer, case, number * len(peers) + place, checked=False))
    if case.drop:
        case.drop(uri, DATABASE, rounds * len(peers))
    return {label: statistics.median(values) for label, values in times.items()}


async def count(case: Case, peers: list[Any], uri: str) -> dict[str, float]:
    """How many commands the server answers, after a run that is not counted."""
    counts = {}
    for place, peer in enumerate(peers):
        for number in (place, len(peers) + place):
            before = link_cases.commands(uri)
            await once(peer, case, number, checked=True)
            counts[peer.label] = float(link_cases.commands(uri) - before)
        if case.drop:
            case.drop(uri, DATABASE, 2)
    return counts


def shown(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} us"


def table(title: str, results: dict[str, dict[str, float]], show: Callable[[float], str]) -> Table:
    out = Table(title=f"{title}; in brackets, how many times the first column", title_justify="left")
    out.add_column("")
    labels = list(next(iter(results.values())))
    for label in labels:
        out.add_column(label, justify="right")
    for name, medians in results.items():
        first = medians[labels[0]]
        cells = [f"{show(medians[label])} ({medians[label] / first:.1f})" for label in labels[1:]]
        out.add_row(name, show(first), *cells)
    return out


@dataclass(frozen=True)
class Suite:
    """Cases that the same peers run.

    Attributes:
        title: what the numbers are.
        counted: they are counts of commands, not seconds.
    """

    title: str
    cases: list[Case]
    peers: list[Any]
    counted: bool = False


async def run(uri: str, suite: Suite, scale: float, wanted: str) -> dict[str, dict[str, float]]:
    cases = [case for case in suite.cases if wanted in case.name]
    results: dict[str, dict[str, float]] = {}
    peers = suite.peers if cases else []
    try:
        for peer in peers:
            await peer.setup(uri, DATABASE)
        for case in cases if peers else []:
            measured = count(case, peers, uri) if suite.counted else measure(case, peers, uri, scale)
            results[case.name] = await measured
            console.print(f"{case.name}: done", style="dim", highlight=False)
    finally:
        for peer in peers:
            await peer.close()
    return results


def versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    out = {"python": platform.python_version()}
    for name in ("data-bridge", "pymongo", "beanie", "mongoengine", "pydantic"):
        try:
            out[name] = version(name)
        except PackageNotFoundError:
            out[name] = "this source tree"
    return out


def write(seconds: dict[str, dict[str, float]], commands: dict[str, dict[str, float]]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    about = {"versions": versions(), "machine": platform.machine(), "processors": os.cpu_count()}
    RESULTS.write_text(json.dumps({**about, "median_seconds": seconds, "commands": commands}, indent=2) + "\n")
    console.print(f"written to {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the number of rounds (default 1)")
    parser.add_argument("--only", default="", help="only the cases whose name holds this")
    parser.add_argument(
        "--peers", default="data-bridge,pymongo,beanie,mongoengine", help="which libraries, in this order"
    )
    arguments = parser.parse_args()
    from .peers import load, load_links

    names = arguments.peers.split(",")
    linking = load_links(names)
    suites = [
        Suite("Medians", CASES, [load(name) for name in names]),
        Suite("Medians, links", link_cases.CASES, linking),
        Suite("Commands answered, links", link_cases.COUNTED, linking, counted=True),
    ]
    seconds: dict[str, dict[str, float]] = {}
    commands: dict[str, dict[str, float]] = {}
    with Server(cache_gb=1) as server:
        stored(server.uri)
        library.store(server.uri, DATABASE)
        for suite in suites:
            results = asyncio.run(run(server.uri, suite, arguments.scale, arguments.only))
            (commands if suite.counted else seconds).update(results)
            if results:
                console.print(table(suite.title, results, "{:.0f}".format if suite.counted else shown))
    write(seconds, commands)


if __name__ == "__main__":
    main()
