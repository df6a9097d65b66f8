"""What a library must do to be measured."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Sequence
from typing import Any

#: Documents a batch. A peer whose default is less is given this: it saves one round trip of every long read.
BATCH = 10_000


async def count_through(documents: Any) -> tuple[int, Any]:
    """How many documents an asynchronous iterator gives, and the last."""
    count, last = 0, None
    async for document in documents:
        count, last = count + 1, document
    return count, last


def city_groups(count: int) -> list[dict[str, Any]]:
    """The pipeline of `Peer.aggregate` as MQL."""
    group = {"_id": "$address.city", "people": {"$sum": 1}, "mean": {"$avg": "$score"}}
    return [{"$match": {"_id": {"$lt": count}}}, {"$group": group}]


class Peer(abc.ABC):
    """One library, used as its own guide says is fastest. What it has no way of is None."""

    label: str
    #: What it gives is compared with what is stored.
    is_checked = True

    @abc.abstractmethod
    async def setup(self, uri: str, database: str) -> None:
        """Connect."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Disconnect."""

    # Outside the clock

    def values(self, row: dict[str, Any]) -> Any:
        """What a program would have at hand to build a document of."""
        return {"id" if name == "_id" else name: value for name, value in row.items()}

    @abc.abstractmethod
    def make(self, values: Any) -> Any:
        """The library's own document. `build_many` and `build_and_insert` do the same inside the clock."""

    def make_many(self, values: list[Any]) -> Any:
        """What `insert_many` takes."""
        return [self.make(each) for each in values]

    def make_unordered(self, values: list[Any]) -> Any:
        """What `insert_unordered` takes."""
        return self.make_many(values)

    @abc.abstractmethod
    def plain(self, document: Any) -> dict[str, Any]:
        """The document as plain values."""

    @abc.abstractmethod
    async def load(self, keys: range, age: int) -> Any:
        """What `save_in_bulk` and `save_each` take: documents from the server, and the age that they are to get."""

    @abc.abstractmethod
    def groups(self, rows: Any) -> Iterable[tuple[str, int, float]]:
        """What `aggregate` gave, as city, number and mean."""

    # Inside the clock

    @abc.abstractmethod
    async def insert_each(self, documents: list[Any]) -> None:
        """Insert documents one after another."""

    @abc.abstractmethod
    async def insert_many(self, documents: Any) -> None:
        """Insert documents with one call."""

    async def build_many(self, values: list[Any]) -> Any:
        """Build documents."""
        return self.make_many(values)

    async def build_and_insert(self, values: list[Any]) -> None:
        """Build documents and insert them with one call."""
        await self.insert_many(self.make_many(values))

    @abc.abstractmethod
    async def get_each(self, keys: Sequence[int]) -> list[Any]:
        """Documents by id, one after another."""

    @abc.abstractmethod
    async def get_by_tasks(self, keys: Sequence[Sequence[int]]) -> list[Any]:
        """Each sequence of keys is got by a task of its own, one after another; all tasks at once."""

    @abc.abstractmethod
    async def find(self, count: int) -> list[Any]:
        """The documents whose `_id` is below `count`, in no asked order."""

    @abc.abstractmethod
    async def read_two_projected(self, count: int) -> tuple[int, int]:
        """Of the documents whose `_id` is below `count`: the sum of the lengths of their names, and of their ages."""

    async def read_two_of_whole(self, count: int) -> tuple[int, int]:
        """The same of documents that could be changed and saved afterwards."""
        documents = await self.find(count)
        return sum(len(each.name) for each in documents), sum(each.age for each in documents)

    @abc.abstractmethod
    async def stream(self, count: int) -> tuple[int, Any]:
        """Go through those documents without holding them: how many there are, and the last."""

    @abc.abstractmethod
    async def aggregate(self, count: int) -> Any:
        """Of those documents by city: how many, and their mean score."""

    #: Insert documents with one call, in no order: each whatever becomes of the others.
    insert_unordered: Any = None
    #: Give loaded documents their age and save them, all with one call.
    save_in_bulk: Any = None
    #: Give loaded documents their age and save each; all are awaited together.
    save_each: Any = None
    #: Build `age > 25 and address.city == "City 7"` and turn it into what is sent.
    build_filter: Any = None

    def filter_text(self, built: Any) -> str:
        """What `build_filter` gave, for the check."""
        return str(built)
