"""PyMongo's own library for columns, and dicts that pyarrow and polars make columns of."""

from __future__ import annotations

import warnings
from typing import Any

import polars
import pyarrow
from pymongo import MongoClient

from ..data import COLLECTION
from .column_peer import ColumnPeer
from .pymongo_peer import PyMongoPeer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it is compiled for smaller objects of pyarrow's, which does no harm
    from pymongoarrow.api import Schema, find_arrow_all, find_polars_all

ADDRESS = pyarrow.struct([(name, pyarrow.string()) for name in ("street", "city", "code")])
#: With it, the library need not look what there is.
PERSON = Schema(
    {
        "_id": pyarrow.int64(),
        "name": pyarrow.string(),
        "email": pyarrow.string(),
        "age": pyarrow.int64(),
        "score": pyarrow.float64(),
        "active": pyarrow.bool_(),
        "created": pyarrow.timestamp("ms", tz="UTC"),
        "address": ADDRESS,
        "tags": pyarrow.list_(pyarrow.string()),
    }
)


class PyMongoArrow(ColumnPeer):
    """It has no asynchronous form, and so blocks the event loop."""

    label = "PyMongoArrow"

    async def setup(self, uri: str, database: str) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(uri, tz_aware=True)
        self._people = self._client[database][COLLECTION]

    async def close(self) -> None:
        self._client.close()

    async def arrow(self, count: int) -> pyarrow.Table:
        return find_arrow_all(self._people, {"_id": {"$lt": count}}, schema=PERSON)

    async def polars(self, count: int) -> polars.DataFrame:
        return find_polars_all(self._people, {"_id": {"$lt": count}}, schema=PERSON)


class PyMongoDicts(ColumnPeer):
    label = "PyMongo async (dicts)"

    async def setup(self, uri: str, database: str) -> None:
        self._library = PyMongoPeer()
        await self._library.setup(uri, database)

    async def close(self) -> None:
        await self._library.close()

    async def arrow(self, count: int) -> pyarrow.Table:
        return pyarrow.Table.from_pylist(await self._library.find(count))

    async def polars(self, count: int) -> polars.DataFrame:
        return polars.DataFrame(await self._library.find(count))
