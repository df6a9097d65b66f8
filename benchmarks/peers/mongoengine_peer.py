"""MongoEngine: synchronous, with its own field classes. Tasks become threads."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import mongoengine as me

from ..data import COLLECTION
from .peer import Peer

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
    label = "MongoEngine (threads)"

    async def setup(self, uri: str, database: str) -> None:
        me.connect(database, host=uri, alias=ALIAS, tz_aware=True, uuidRepresentation="standard")
        self.threads = ThreadPoolExecutor(64)

    async def close(self) -> None:
        self.threads.shutdown()
        me.disconnect(ALIAS)

    def make(self, row: dict[str, Any]) -> Any:
        values = {name: value for name, value in row.items() if name not in ("_id", "address")}
        return Person(id=row["_id"], address=Address(**row["address"]), **values)

    def plain(self, document: Any) -> dict[str, Any]:
        return dict(document.to_mongo().to_dict())

    async def insert_one(self, document: Any) -> None:
        document.save(force_insert=True)

    async def insert_many(self, documents: list[Any]) -> None:
        Person.objects.insert(documents, load_bulk=False)

    async def get(self, key: int) -> Any:
        return Person.objects(id=key).first()

    async def find(self, count: int) -> list[Any]:
        return list(Person.objects(id__lt=count))

    async def gather_gets(self, keys: Sequence[Sequence[int]]) -> list[Any]:
        groups = self.threads.map(lambda some: [Person.objects(id=key).first() for key in some], keys)
        return [document for group in groups for document in group]

    def build_filter(self) -> Any:
        return Person.objects(age__gt=25, address__city="City 7")._query
