"""This library."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from data_bridge import Document, EmbeddedDocument, connect

from ..data import COLLECTION
from .peer import Peer, get_each


class Address(EmbeddedDocument):
    street: str
    city: str
    code: str


class Person(Document):
    id: int
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


class DataBridgePeer(Peer):
    label = "data-bridge"

    async def setup(self, uri: str, database: str) -> None:
        self.client = await connect(uri, database=database)

    async def close(self) -> None:
        await self.client.close()

    def make(self, row: dict[str, Any]) -> Any:
        return Person(id=row["_id"], **{name: value for name, value in row.items() if name != "_id"})

    def plain(self, document: Any) -> dict[str, Any]:
        return dict(document.model_dump())

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
        query = Person.find((Person.age > 25) & (Person.address.city == "City 7"))
        # What every read does before it is sent; `plan()` also writes down what each rule did.
        return query._compile(query._read("find"))

    def filter_text(self, built: Any) -> str:
        return str(built.text())
