"""What a library must do to be measured."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any


class Peer(abc.ABC):
    """One library. `make` runs outside the clock; each other method does one thing as the library's users would."""

    label: str

    @abc.abstractmethod
    async def setup(self, uri: str, database: str) -> None:
        """Connect."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Disconnect."""

    @abc.abstractmethod
    def make(self, row: dict[str, Any]) -> Any:
        """The library's own document for a row of plain values."""

    @abc.abstractmethod
    def plain(self, document: Any) -> dict[str, Any]:
        """The inverse of `make`."""

    @abc.abstractmethod
    async def insert_one(self, document: Any) -> None: ...

    @abc.abstractmethod
    async def insert_many(self, documents: list[Any]) -> None: ...

    @abc.abstractmethod
    async def get(self, key: int) -> Any: ...

    @abc.abstractmethod
    async def find(self, count: int) -> list[Any]:
        """The documents whose `_id` is below `count`, in no asked order."""

    @abc.abstractmethod
    async def gather_gets(self, keys: Sequence[Sequence[int]]) -> list[Any]:
        """Each sequence of keys is got by a task of its own, one after the other; all tasks at once."""

    @abc.abstractmethod
    def build_filter(self) -> Any:
        """Build `age > 25 and address.city == "City 7"` and turn it into what is sent."""

    def filter_text(self, built: Any) -> str:
        """What `build_filter` gave, for the check."""
        return str(built)


async def get_each(peer: Peer, keys: Sequence[int]) -> list[Any]:
    return [await peer.get(key) for key in keys]
