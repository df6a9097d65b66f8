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
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from rich.console import Console
from rich.table import Table

from data_bridge.embedded import Server

from .cases import CASES, STORED, Case
from .data import COLLECTION, row
from .peers.peer import Peer

RESULTS = Path(__file__).parent / "results" / "latest.json"
DATABASE = "data_bridge_benchmarks"
console = Console(width=110)


def stored(uri: str) -> None:
    """Store the documents that are read, without any of the measured libraries but the driver."""
    with MongoClient[dict[str, Any]](uri) as client:
        client.drop_database(DATABASE)
        for start in range(0, STORED, 10_000):
            client[DATABASE][COLLECTION].insert_many([row(number) for number in range(start, start + 10_000)])


def drop_inserted(uri: str, expected: int, name: str) -> None:
    """Remove what a case inserted, after looking that it is all there."""
    with MongoClient[dict[str, Any]](uri) as client:
        collection = client[DATABASE][COLLECTION]
        inserted = collection.count_documents({"_id": {"$gte": STORED}})
        assert inserted == expected, f"{name}: {inserted} documents inserted, not {expected}"
        for document in collection.find({"_id": {"$gte": STORED}}).limit(5):
            assert set(document) == set(row(0)), f"{name}: stored as {document}"
            assert document["address"] == row(document["_id"])["address"]
        collection.delete_many({"_id": {"$gte": STORED}})


async def once(peer: Peer, case: Case, number: int, checked: bool) -> float:
    """Seconds for one unit."""
    prepared = case.prepare(peer, number)
    gc.collect()
    started = time.perf_counter()
    value = await case.run(peer, prepared)
    seconds = time.perf_counter() - started
    if checked:
        case.check(peer, prepared, value)
    return seconds / case.units


async def measure(case: Case, peers: list[Peer], uri: str, scale: float) -> dict[str, float]:
    """Medians in seconds. Round by round, every peer in turn, each round starting with the next peer."""
    rounds = max(1, round(case.rounds * scale))
    inserts = case.name.startswith("insert")
    times: dict[str, list[float]] = {peer.label: [] for peer in peers}
    for peer in peers:  # checked and warmed before anything is timed
        await once(peer, case, len(peers) * rounds, checked=True)
        if inserts:
            drop_inserted(uri, 1000 if "1,000" in case.name else 1, f"{peer.label}, {case.name}")
    for number in range(rounds):
        turn = number % len(peers)
        for place, peer in enumerate(peers[turn:] + peers[:turn]):
            times[peer.label].append(await once(peer, case, number * len(peers) + place, checked=False))
    if inserts:
        drop_inserted(uri, rounds * len(peers) * (1000 if "1,000" in case.name else 1), case.name)
    return {label: statistics.median(values) for label, values in times.items()}


def shown(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} us"


def table(results: dict[str, dict[str, float]], labels: list[str]) -> Table:
    out = Table(title="Medians; in brackets, times as long as the first column", title_justify="left")
    out.add_column("")
    for label in labels:
        out.add_column(label, justify="right")
    for name, medians in results.items():
        first = medians[labels[0]]
        cells = [f"{shown(medians[label])} ({medians[label] / first:.1f})" for label in labels[1:]]
        out.add_row(name, shown(first), *cells)
    return out


async def run(uri: str, peers: list[Peer], scale: float, wanted: str) -> dict[str, dict[str, float]]:
    for peer in peers:
        await peer.setup(uri, DATABASE)
    results: dict[str, dict[str, float]] = {}
    try:
        for case in CASES:
            if wanted in case.name:
                results[case.name] = await measure(case, peers, uri, scale)
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


def write(results: dict[str, dict[str, float]]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    about = {"versions": versions(), "machine": platform.machine(), "processors": os.cpu_count()}
    RESULTS.write_text(json.dumps({**about, "median_seconds": results}, indent=2) + "\n")
    console.print(f"written to {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the number of rounds (default 1)")
    parser.add_argument("--only", default="", help="only the cases whose name holds this")
    parser.add_argument(
        "--peers", default="data-bridge,pymongo,beanie,mongoengine", help="which libraries, in this order"
    )
    arguments = parser.parse_args()
    from .peers import load

    peers = [load(name) for name in arguments.peers.split(",")]
    with Server(cache_gb=1) as server:
        stored(server.uri)
        results = asyncio.run(run(server.uri, peers, arguments.scale, arguments.only))
    console.print(table(results, [peer.label for peer in peers]))
    write(results)


if __name__ == "__main__":
    main()
