"""This library's links, stored as ids."""

from __future__ import annotations

from typing import Any

from data_bridge import Document, Link, WriteRules, connect, fetch_links

from .. import library
from .link_peer import LinkPeer


class Author(Document):
    id: int
    name: str
    born: int

    class Settings:
        name = "authors"


class Tag(Document):
    id: int
    name: str

    class Settings:
        name = "tags"


class Book(Document):
    id: int
    title: str
    pages: int
    author: Link[Author]
    tags: list[Link[Tag]]

    class Settings:
        name = library.BY_ID


class DataBridgeLinks(LinkPeer):
    label = "data-bridge"

    async def setup(self, uri: str, database: str) -> None:
        self.client = await connect(uri, database=database)

    async def close(self) -> None:
        await self.client.close()

    async def find(self, count: int) -> list[Any]:
        return await Book.find(Book.id < count).sort(Book.id).to_list()

    async def longest(self, count: int) -> list[Any]:
        return await Book.find().sort(-Book.pages).limit(count).fetch_links().to_list()

    async def longest_then_links(self, count: int) -> list[Any]:
        books = await Book.find().sort(-Book.pages).limit(count).to_list()
        await fetch_links(books)
        return books

    async def written_by(self, name: str) -> list[Any]:
        return await Book.find(Book.author.name == name).fetch_links().to_list()

    async def count_written_by(self, name: str) -> int:
        return await Book.find(Book.author.name == name).fetch_links().count()

    async def with_links(self, count: int) -> list[Any]:
        return await Book.find(Book.id < count).fetch_links().to_list()

    async def fetch(self, books: list[Any]) -> None:
        await fetch_links(books)

    def make(self, number: int, tags: int) -> Any:
        new = [Tag(id=number + each, name="new") for each in range(1, tags + 1)]
        return Book(id=number, title="new", pages=0, author=library.author_of(number), tags=new)

    async def insert(self, book: Any) -> None:
        await book.insert(link_rule=WriteRules.WRITE)
