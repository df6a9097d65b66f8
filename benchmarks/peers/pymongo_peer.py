"""PyMongo's asynchronous client, with dicts: no models at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from pymongo import AsyncMongoClient

from ..data import COLLECTION
from .peer import Peer, get_each


class PyMongoPeer(Peer):
    label = "PyMongo async (dicts)"

    async def setup(self, uri: str, database: str) -> None:
        self.client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri, tz_aware=True)
        self.collection = self.client[database][COLLECTION]

    async def close(self) -> None:
        await self.client.close()

    def make(self, row: dict[str, Any]) -> Any:
        return dict(row)

    def plain(self, document: Any) -> dict[str, Any]:
        return dict(document)

    async def insert_one(self, document: Any) -> None:
        await self.collection.insert_one(document)

    async def insert_many(self, documents: list[Any]) -> None:
        await self.collection.insert_many(documents)

    async def get(self, key: int) -> Any:
        return await self.collection.find_one({"_id": key})

    async def find(self, count: int) -> list[Any]:
        return await self.collection.find({"_id": {"$lt": count}}).to_list()

    async def gather_gets(self, keys: Sequence[Sequence[int]]) -> list[Any]:
        groups = await asyncio.gather(*(get_each(self, some) for some in keys))
        return [document for group in groups for document in group]

    def build_filter(self) -> Any:
        return {"age": {"$gt": 25}, "address.city": "City 7"}
