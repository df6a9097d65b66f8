"""Beanie 2: pydantic documents over PyMongo's asynchronous client."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from beanie import BulkWriter, Document, init_beanie
from pydantic import BaseModel, Field
from pymongo import AsyncMongoClient

from ..data import COLLECTION, MANY
from .peer import BATCH, Peer, city_groups, count_through


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


class Anyone(Person):
    class Settings:
        name = MANY


class ChangedPerson(Person):
    """Only what changed is saved, at the price of a copy of every loaded document."""

    class Settings:
        name = COLLECTION
        use_state_management = True


class NameAndAge(BaseModel):
    name: str
    age: int


class City(BaseModel):
    id: str = Field(alias="_id")
    people: int
    mean: float


class BeaniePeer(Peer):
    """Its `lazy_parse=True` is not used: reading two fields of each document takes four times as long with it."""

    label = "Beanie 2"

    async def setup(self, uri: str, database: str) -> None:
        self.client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri, tz_aware=True)
        await init_beanie(
            database=self.client[database], document_models=[Person, Anyone, ChangedPerson], skip_indexes=True
        )

    async def close(self) -> None:
        await self.client.close()

    def make(self, values: Any) -> Any:
        return Person(**values)

    def plain(self, document: Any) -> dict[str, Any]:
        return dict(document.model_dump(exclude={"revision_id"}))

    async def load(self, keys: range, age: int) -> Any:
        return await ChangedPerson.find(ChangedPerson.id >= keys.start, ChangedPerson.id < keys.stop).to_list(), age

    def groups(self, rows: Any) -> Iterable[tuple[str, int, float]]:
        return ((each.id, each.people, each.mean) for each in rows)

    async def insert_each(self, documents: list[Any]) -> None:
        for document in documents:
            await document.insert()

    async def insert_many(self, documents: list[Any]) -> None:
        await Person.insert_many(documents)

    async def insert_unordered(self, documents: list[Any]) -> None:
        await Person.insert_many(documents, ordered=False)

    async def get_each(self, keys: Sequence[int]) -> list[Any]:
        return [await Person.get(key) for key in keys]

    async def get_by_tasks(self, keys: Sequence[Sequence[int]]) -> list[Any]:
        groups = await asyncio.gather(*(self.get_each(some) for some in keys))
        return [document for group in groups for document in group]

    async def find(self, count: int) -> list[Any]:
        return await Person.find(Person.id < count, batch_size=BATCH).to_list()

    async def read_two_projected(self, count: int) -> tuple[int, int]:
        query = Person.find(Person.id < count, batch_size=BATCH)
        rows = await query.project(NameAndAge).to_list()
        return sum(len(each.name) for each in rows), sum(each.age for each in rows)

    async def stream(self, count: int) -> tuple[int, Any]:
        return await count_through(Person.find(Person.id < count, batch_size=BATCH))

    async def stream_many(self, count: int) -> tuple[int, Any]:
        return await count_through(Anyone.find(batch_size=BATCH).limit(count))

    async def save_in_bulk(self, prepared: tuple[Any, int]) -> None:
        documents, age = prepared
        async with BulkWriter() as writer:
            for document in documents:
                document.age = age
                await document.save_changes(bulk_writer=writer)

    async def save_each(self, prepared: tuple[Any, int]) -> None:
        documents, age = prepared
        for document in documents:
            document.age = age
        await asyncio.gather(*(document.save_changes() for document in documents))

    async def aggregate(self, count: int) -> Any:
        return await Person.aggregate(city_groups(count), projection_model=City).to_list()

    def build_filter(self) -> Any:
        return Person.find(Person.age > 25, Person.address.city == "City 7").get_filter_query()
