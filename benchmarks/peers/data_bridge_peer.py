"""This library."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from data_bridge import Avg, Count, Document, EmbeddedDocument, Group, connect

from ..data import COLLECTION, MANY
from .peer import Peer, count_through


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


class Anyone(Person):
    class Settings:
        name = MANY


class NameAndAge(BaseModel):
    name: str
    age: int


class City(BaseModel):
    id: str = Field(alias="_id")
    people: int
    mean: float


class DataBridgePeer(Peer):
    label = "data-bridge"

    async def setup(self, uri: str, database: str) -> None:
        self.client = await connect(uri, database=database)

    async def close(self) -> None:
        await self.client.close()

    def make(self, values: Any) -> Any:
        return Person(**values)

    def plain(self, document: Any) -> dict[str, Any]:
        return dict(document.model_dump())

    async def load(self, keys: range, age: int) -> Any:
        return await Person.find(Person.id >= keys.start, Person.id < keys.stop).to_list(), age

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
        return await Person.find(Person.id < count).to_list()

    async def read_two_projected(self, count: int) -> tuple[int, int]:
        rows = await Person.find(Person.id < count).project(NameAndAge).to_list()
        return sum(len(each.name) for each in rows), sum(each.age for each in rows)

    async def read_two_of_whole(self, count: int) -> tuple[int, int]:
        documents = await Person.find(Person.id < count).lazy().to_list()
        return sum(len(each.name) for each in documents), sum(each.age for each in documents)

    async def stream(self, count: int) -> tuple[int, Any]:
        return await count_through(Person.find(Person.id < count))

    async def stream_many(self, count: int) -> tuple[int, Any]:
        return await count_through(Anyone.find().limit(count))

    async def save_in_bulk(self, prepared: tuple[Any, int]) -> None:
        documents, age = prepared
        async with Person.bulk() as bulk:
            for document in documents:
                document.age = age
                bulk.save(document)

    async def save_each(self, prepared: tuple[Any, int]) -> None:
        documents, age = prepared
        for document in documents:
            document.age = age
        await asyncio.gather(*(document.save() for document in documents))

    async def aggregate(self, count: int) -> Any:
        group = Group(by=Person.address.city, people=Count(), mean=Avg(Person.score))
        return await Person.find(Person.id < count).aggregate([group], output=City).to_list()

    def build_filter(self) -> Any:
        query = Person.find((Person.age > 25) & (Person.address.city == "City 7"))
        # What every read does before it is sent; `plan()` also writes down what each rule did.
        return query._compile(query._read("find"))

    def filter_text(self, built: Any) -> str:
        return str(built.text())
