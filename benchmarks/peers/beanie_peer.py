"""Beanie 2: pydantic documents over PyMongo's asynchronous client."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from beanie import Document, init_beanie
from pydantic import BaseModel
from pymongo import AsyncMongoClient

from ..data import COLLECTION
from .peer import Peer, get_each


class Address(BaseModel):
    street: str
    city: str
    code: str


class Person(Document):
    id: int  # type: ignore[assignment]
    name: str
    email: str
    age: int
    score: float
    active: bool
    created: datetime
    address: Address
    tags: list[str]

    class Settings:
        name = COLLECTION


class BeaniePeer(Peer):
    label = "Beanie 2"

    async def setup(self, uri: str, database: str) -> None:
        self.client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri, tz_aware=True)
        await init_beanie(database=self.client[database], document_models=[Person])

    async def close(self) -> None:
        await self.client.close()

    def make(self, row: dict[str, Any]) -> Any:
        return Person(id=row["_id"], **{name: value for name, value in row.items() if name != "_id"})

    def plain(self, document: Any) -> dict[str, Any]:
        return dict(document.model_dump(exclude={"revision_id"}))

    async def insert_one(self, document: Any) -> None:
        await document.insert()

    async def insert_many(self, documents: list[Any]) -> None:
        await Person.insert_many(documents)

    async def get(self, key: int) -> Any:
        return await Person.get(key)

    async def find(self, count: int) -> list[Any]:
        return await Person.find(Person.id < count).to_list()

    async def gather_gets(self, keys: Sequence[Sequence[int]]) -> list[Any]:
        groups = await asyncio.gather(*(get_each(self, some) for some in keys))
        return [document for group in groups for document in group]

    def build_filter(self) -> Any:
        return Person.find(Person.age > 25, Person.address.city == "City 7").get_filter_query()
