"""PyMongo's asynchronous client, with dicts: no models at all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from pymongo import AsyncMongoClient, UpdateOne

from ..data import COLLECTION, MANY
from .peer import BATCH, Peer, city_groups, count_through


class PyMongoPeer(Peer):
    label = "PyMongo async (dicts)"

    async def setup(self, uri: str, database: str) -> None:
        self.client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri, tz_aware=True)
        self.collection = self.client[database][COLLECTION]
        self.many = self.client[database][MANY]

    async def close(self) -> None:
        await self.client.close()

    def values(self, row: dict[str, Any]) -> Any:
        return row

    def make(self, values: Any) -> Any:
        return {**values, "address": {**values["address"]}, "tags": [*values["tags"]]}

    def plain(self, document: Any) -> dict[str, Any]:
        return dict(document)

    async def load(self, keys: range, age: int) -> Any:
        return await self.collection.find({"_id": {"$gte": keys.start, "$lt": keys.stop}}).to_list(), age

    def groups(self, rows: Any) -> Iterable[tuple[str, int, float]]:
        return ((each["_id"], each["people"], each["mean"]) for each in rows)

    async def insert_each(self, documents: list[Any]) -> None:
        for document in documents:
            await self.collection.insert_one(document)

    async def insert_many(self, documents: list[Any]) -> None:
        await self.collection.insert_many(documents)

    async def insert_unordered(self, documents: list[Any]) -> None:
        await self.collection.insert_many(documents, ordered=False)

    async def get_each(self, keys: Sequence[int]) -> list[Any]:
        return [await self.collection.find_one({"_id": key}) for key in keys]

    async def get_by_tasks(self, keys: Sequence[Sequence[int]]) -> list[Any]:
        groups = await asyncio.gather(*(self.get_each(some) for some in keys))
        return [document for group in groups for document in group]

    async def find(self, count: int) -> list[Any]:
        return await self.collection.find({"_id": {"$lt": count}}, batch_size=BATCH).to_list()

    async def read_two_projected(self, count: int) -> tuple[int, int]:
        fields = {"_id": False, "name": True, "age": True}
        rows = await self.collection.find({"_id": {"$lt": count}}, fields, batch_size=BATCH).to_list()
        return sum(len(each["name"]) for each in rows), sum(each["age"] for each in rows)

    async def read_two_of_whole(self, count: int) -> tuple[int, int]:
        documents = await self.find(count)
        return sum(len(each["name"]) for each in documents), sum(each["age"] for each in documents)

    async def stream(self, count: int) -> tuple[int, Any]:
        return await count_through(self.collection.find({"_id": {"$lt": count}}, batch_size=BATCH))

    async def stream_many(self, count: int) -> tuple[int, Any]:
        return await count_through(self.many.find({}, limit=count, batch_size=BATCH))

    async def save_in_bulk(self, prepared: tuple[Any, int]) -> None:
        documents, age = prepared
        await self.collection.bulk_write(
            [UpdateOne({"_id": each["_id"]}, {"$set": {"age": age}}) for each in documents]
        )

    async def save_each(self, prepared: tuple[Any, int]) -> None:
        documents, age = prepared
        update = {"$set": {"age": age}}
        await asyncio.gather(*(self.collection.update_one({"_id": each["_id"]}, update) for each in documents))

    async def aggregate(self, count: int) -> Any:
        return await (await self.collection.aggregate(city_groups(count))).to_list()

    def build_filter(self) -> Any:
        return {"age": {"$gt": 25}, "address.city": "City 7"}
