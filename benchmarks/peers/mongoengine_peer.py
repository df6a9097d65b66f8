"""MongoEngine: synchronous, with its own field classes. Tasks become threads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import mongoengine as me

from ..data import COLLECTION
from .peer import BATCH, Peer, city_groups

ALIAS = "benchmarks"


class Address(me.EmbeddedDocument):  # type: ignore[misc]
    street = me.StringField(required=True)
    city = me.StringField(required=True)
    code = me.StringField(required=True)


class Person(me.Document):  # type: ignore[misc]
    id = me.IntField(primary_key=True)
    name = me.StringField(required=True)
    email = me.StringField(required=True)
    age = me.IntField(required=True)
    score = me.FloatField(required=True)
    active = me.BooleanField(required=True)
    created = me.DateTimeField(required=True)
    address = me.EmbeddedDocumentField(Address, required=True)
    tags = me.ListField(me.StringField())
    meta = {"collection": COLLECTION, "db_alias": ALIAS, "auto_create_index": False}


class MongoEnginePeer(Peer):
    """It has no bulk of saves, and gives the rows of aggregations as dicts.

    `no_dereference()`, which its guide advises for documents with references, makes reading these four times slower.
    """

    label = "MongoEngine (threads)"

    async def setup(self, uri: str, database: str) -> None:
        me.connect(database, host=uri, alias=ALIAS, tz_aware=True, uuidRepresentation="standard")
        self.threads = ThreadPoolExecutor(64)

    async def close(self) -> None:
        self.threads.shutdown()
        me.disconnect(ALIAS)

    def make(self, values: Any) -> Any:
        return Person(**{**values, "address": Address(**values["address"])})

    def plain(self, document: Any) -> dict[str, Any]:
        return dict(document.to_mongo().to_dict())

    async def load(self, keys: range, age: int) -> Any:
        return list(Person.objects(id__gte=keys.start, id__lt=keys.stop)), age

    def groups(self, rows: Any) -> Iterable[tuple[str, int, float]]:
        return ((each["_id"], each["people"], each["mean"]) for each in rows)

    async def insert_each(self, documents: list[Any]) -> None:
        for document in documents:
            document.save(force_insert=True)

    async def insert_many(self, documents: list[Any]) -> None:
        Person.objects.insert(documents, load_bulk=False)

    async def get_each(self, keys: Sequence[int]) -> list[Any]:
        return [Person.objects.get(id=key) for key in keys]

    async def get_by_tasks(self, keys: Sequence[Sequence[int]]) -> list[Any]:
        groups = self.threads.map(lambda some: [Person.objects.get(id=key) for key in some], keys)
        return [document for group in groups for document in group]

    async def find(self, count: int) -> list[Any]:
        return list(Person.objects(id__lt=count).batch_size(BATCH))

    async def read_two_projected(self, count: int) -> tuple[int, int]:
        rows = list(Person.objects(id__lt=count).batch_size(BATCH).values_list("name", "age"))
        return sum(len(name) for name, _ in rows), sum(age for _, age in rows)

    async def stream(self, count: int) -> tuple[int, Any]:
        found, last = 0, None
        for document in Person.objects(id__lt=count).batch_size(BATCH).no_cache():
            found, last = found + 1, document
        return found, last

    async def save_each(self, prepared: tuple[Any, int]) -> None:
        documents, age = prepared
        for document in documents:
            document.age = age
        list(self.threads.map(lambda document: document.save(), documents))

    async def aggregate(self, count: int) -> Any:
        return list(Person.objects.aggregate(city_groups(count)))

    def build_filter(self) -> Any:
        return Person.objects(age__gt=25, address__city="City 7")._query
