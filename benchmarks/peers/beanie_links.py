"""Beanie's links, stored as references."""

from __future__ import annotations

import asyncio
from typing import Any

from beanie import Document, Link, WriteRules, init_beanie
from bson import DBRef
from pymongo import AsyncMongoClient

from .. import library
from .link_peer import LinkPeer


class Author(Document):
    id: int  # type: ignore[assignment]
    name: str
    born: int

    class Settings:
        name = "authors"


class Tag(Document):
    id: int  # type: ignore[assignment]
    name: str

    class Settings:
        name = "tags"


class Book(Document):
    id: int  # type: ignore[assignment]
    title: str
    pages: int
    author: Link[Author]
    tags: list[Link[Tag]]

    class Settings:
        name = library.BY_REFERENCE


class BeanieLinks(LinkPeer):
    label = "Beanie 2"

    async def setup(self, uri: str, database: str) -> None:
        self.client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri, tz_aware=True)
        await init_beanie(database=self.client[database], document_models=[Author, Tag, Book])

    async def close(self) -> None:
        await self.client.close()

    async def find(self, count: int) -> list[Any]:
        return await Book.find(Book.id < count).sort("_id").to_list()

    async def longest(self, count: int) -> list[Any]:
        return await Book.find(fetch_links=True).sort("-pages").limit(count).to_list()

    async def longest_then_links(self, count: int) -> list[Any]:
        books = await Book.find().sort("-pages").limit(count).to_list()
        await self.fetch(books)
        return books

    async def written_by(self, name: str) -> list[Any]:
        return await Book.find(Book.author.name == name, fetch_links=True).to_list()  # type: ignore[attr-defined]

    async def count_written_by(self, name: str) -> int:
        return await Book.find(Book.author.name == name, fetch_links=True).count()  # type: ignore[attr-defined]

    async def with_links(self, count: int) -> list[Any]:
        return await Book.find(Book.id < count, fetch_links=True).to_list()

    async def fetch(self, books: list[Any]) -> None:
        await asyncio.gather(*(book.fetch_all_links() for book in books))

    def make(self, number: int, tags: int) -> Any:
        new = [Tag(id=number + each, name="new") for each in range(1, tags + 1)]
        writer = DBRef("authors", library.author_of(number))
        return Book(id=number, title="new", pages=0, author=writer, tags=new)

    async def insert(self, book: Any) -> None:
        await book.insert(link_rule=WriteRules.WRITE)
