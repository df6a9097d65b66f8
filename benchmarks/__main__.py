"""This library beside its peers: every case for every library by turns, then the medians beside what is aimed at."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Callable
from functools import partial
from typing import Any

from pymongo import MongoClient
from rich.console import Console
from rich.table import Table

from data_bridge.embedded import Server

from . import library, link_cases, memory, report, stalls
from .case import Case
from .cases import CASES, STORED
from .data import COLLECTION, MANY, TIMES, row
from .measuring import FULL, QUICK, Effort, count, measure
from .peers import PEERS, load, load_others
from .suites import MORE

DATABASE = "data_bridge_benchmarks"
#: The names under which the measurements of memory and of the event loop's turns are chosen.
HELD, STREAMED = "memory-of-a-document", "memory-of-a-stream"
STALLS = "longest-stall"
ALL = [*CASES, *(case for suite in MORE for case in suite.cases), *link_cases.COUNTED]
NAMES = [*(case.slug for case in ALL), STALLS, HELD, STREAMED]
#: The libraries whose stream of a million documents ends in a minute.
STREAMING = ("data-bridge", "pymongo")
#: A load from which on figures say little.
BUSY = 0.5
console = Console(width=150)


def store(uri: str) -> str:
    """Store what is read, without any of the measured libraries but the driver.

    Returns:
        The server's version.
    """
    with MongoClient[dict[str, Any]](uri) as client:
        client.drop_database(DATABASE)
        database = client[DATABASE]
        for start in range(0, STORED, 10_000):
            database[COLLECTION].insert_many([row(number) for number in range(start, start + 10_000)])
        times = [{"$set": {"_": list(range(TIMES))}}, {"$unwind": "$_"}]
        id = {"$add": ["$_id", {"$multiply": ["$_", STORED]}]}
        database.create_collection(MANY, viewOn=COLLECTION, pipeline=[*times, {"$set": {"_id": id}}, {"$unset": "_"}])
        library.store(uri, DATABASE)
        return str(client.server_info()["version"])


class Chosen:
    """The cases that words choose: the one of that name, else those whose name holds it; all without words."""

    def __init__(self, words: list[str]) -> None:
        self._words = [word.lower().replace(" ", "-").replace(",", "") for word in words]
        self._exact = {word for word in self._words if word in NAMES}

    def __call__(self, slug: str) -> bool:
        parts = (word for word in self._words if word not in self._exact)
        return not self._words or slug in self._exact or any(part in slug for part in parts)

    def of(self, cases: list[Case]) -> list[Case]:
        return [case for case in cases if self(case.slug)]


def run_cases(uri: str, cases: list[Case], peers: Callable[[], list[Any]], effort: Effort | None) -> dict[str, Any]:
    """Results by case and label: times, or without an effort how many commands are sent."""
    return asyncio.run(_run_cases(uri, cases, peers(), effort)) if cases else {}


async def _run_cases(uri: str, cases: list[Case], peers: list[Any], effort: Effort | None) -> dict[str, Any]:
    results: dict[str, Any] = {}
    try:
        for peer in peers:
            await peer.setup(uri, DATABASE)
        for case in cases:
            if not case.peers(peers):
                continue
            with console.status(case.name):
                if effort is None:
                    results[case.name] = await count(case, peers, uri, DATABASE)
                else:
                    results[case.name] = await measure(case, peers, uri, DATABASE, effort)
            console.print(f"{case.name}: done", style="dim", highlight=False)
    finally:
        for peer in peers:
            await peer.close()
    return results


def run_stalls(uri: str, names: list[str], rounds: int, results: report.Results) -> None:
    """How long other tasks wait while documents are loaded."""
    for peer in (load(name) for name in names if name in stalls.LOADING):
        with console.status(f"the longest stall: {peer.label}"):
            results.stalls[peer.label] = stalls.measured(peer, uri, DATABASE, rounds)
    console.print("the longest stall: done", style="dim")


def run_memory(uri: str, names: list[str], chosen: Chosen, quick: bool, results: report.Results) -> None:
    """Memory, each library in a process of its own."""
    for name in names:
        if name != "wire" and chosen(HELD):
            count = memory.HELD // 5 if quick else memory.HELD
            size = memory.measured(name, uri, DATABASE, "held", count)["bytes_per_document"]
            results.held[load(name).label] = size
        if name in STREAMING and chosen(STREAMED):
            counts = (STORED // 2, STORED) if quick else (STORED, STORED * TIMES)
            peaks = [memory.measured(name, uri, DATABASE, "streamed", count) for count in counts]
            results.streamed[load(name).label] = {
                count: peak["above_interpreter"] for count, peak in zip(counts, peaks, strict=True)
            }
    console.print("memory: done", style="dim")


def table(grid: report.Grid) -> Table:
    out = Table(title=grid.title, title_justify="left")
    out.add_column("")
    for column in grid.columns[1:]:
        out.add_column(column, justify="right")
    for cells in grid.rows:
        out.add_row(cells[0], *(f"[red]{cell}[/red]" if cell.endswith("NO") else cell for cell in cells[1:]))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "words",
        nargs="*",
        help='only the case of this name, such as "find-1000", or those whose name holds the word, such as "save"',
    )
    parser.add_argument("--quick", action="store_true", help="few rounds and no MongoEngine: some three minutes")
    parser.add_argument("--page", action="store_true", help="write the documentation's page, as a whole run does")
    parser.add_argument("--list", action="store_true", help="the names of the cases, and nothing else")
    parser.add_argument("--peers", help=f"which libraries, in this order (default {','.join(PEERS)})")
    arguments = parser.parse_args()
    chosen = Chosen(arguments.words)
    if arguments.list:
        print("\n".join(NAMES))
        return
    if not any(map(chosen, NAMES)):
        parser.error(f"no case has {' or '.join(arguments.words)} in its name; --list gives the names")
    quick_peers = [name for name in PEERS if name != "mongoengine"]
    names = arguments.peers.split(",") if arguments.peers else quick_peers if arguments.quick else list(PEERS)
    effort = QUICK if arguments.quick else FULL
    results = report.Results(load=os.getloadavg()[0])
    if results.load > BUSY:
        console.print(
            f"[red]the machine is busy (load {results.load:.1f}): times will be too long, and ratios off[/red]"
        )
    with Server(cache_gb=1) as server:
        results.server = store(server.uri)
        results.clock = run_cases(server.uri, chosen.of(CASES), lambda: [load(name) for name in names], effort)
        for suite in MORE:
            peers = partial(load_others, suite.name, names)
            results.more[suite.title] = run_cases(server.uri, chosen.of(suite.cases), peers, effort)
        linking = partial(load_others, "links", names)
        results.commands = run_cases(server.uri, chosen.of(link_cases.COUNTED), linking, None)
        if chosen(STALLS):
            run_stalls(server.uri, names, effort.rounds, results)
        if chosen(HELD) or chosen(STREAMED):
            run_memory(server.uri, names, chosen, arguments.quick, results)
    for grid in report.grids(results):
        console.print(table(grid))
    missed = report.missed(results)
    if missed:
        console.print(f"{missed} figures are below what is aimed at", highlight=False)
    report.write_json(results)
    console.print(f"written to {report.RESULTS.relative_to(report.ROOT)}")
    if arguments.page or not (arguments.words or arguments.quick or arguments.peers):
        report.write_page(results)
        console.print(f"written to {report.PAGE.relative_to(report.ROOT)}")


if __name__ == "__main__":
    main()
