"""What a library that has links must do to be measured."""

from __future__ import annotations

import abc
from typing import Any


class LinkPeer(abc.ABC):
    """One library, over the books of `library`. Each method does one thing as the library's guide says to."""

    label: str

    @abc.abstractmethod
    async def setup(self, uri: str, database: str) -> None:
        """Connect."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Disconnect."""

    @abc.abstractmethod
    async def find(self, count: int) -> list[Any]:
        """The books whose `_id` is below `count`, links unfetched."""

    @abc.abstractmethod
    async def longest(self, count: int) -> list[Any]:
        """The books with the most pages, in order, links fetched by the query."""

    @abc.abstractmethod
    async def longest_then_links(self, count: int) -> list[Any]:
        """The same, links fetched for the books at hand."""

    @abc.abstractmethod
    async def written_by(self, name: str) -> list[Any]:
        """The books whose author has the name, links fetched."""

    @abc.abstractmethod
    async def count_written_by(self, name: str) -> int:
        """How many those are."""

    @abc.abstractmethod
    async def with_links(self, count: int) -> list[Any]:
        """The books whose `_id` is below `count`, links fetched by the query."""

    @abc.abstractmethod
    async def fetch(self, books: list[Any]) -> None:
        """Fetch the links of books at hand."""

    @abc.abstractmethod
    def make(self, number: int, tags: int) -> Any:
        """A new book by the author of that number with so many new tags; their ids follow its own."""

    @abc.abstractmethod
    async def insert(self, book: Any) -> None:
        """Insert a book with everything that it links to."""
