"""JSON from a real server: whole, in parts, of one document, of rows, and where pydantic must write."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import Field, computed_field

from data_bridge import Document, Link, log_queries
from data_bridge.errors import DecodeError
from data_bridge.pipeline import Count, Group


class Author(Document):
    name: str

    class Settings:
        name = "json_authors"


class Book(Document):
    id: int
    title: str = Field(alias="bookTitle")
    pages: int = 1
    author: Link[Author] | None = None

    class Settings:
        name = "json_books"
        is_root = True


class Atlas(Book):
    maps: int = 0

    @computed_field  # type: ignore[prop-decorator]
    @property
    def dense(self) -> bool:
        return self.maps > self.pages


class Kept(Document):
    id: int
    size: int

    class Settings:
        name = "json_kept"
        on_invalid = "raw"


async def stored() -> list[Book]:
    author = await Author(name="Ann").insert()
    await Book.insert_many([Book(id=number, bookTitle=f"Book {number}", pages=number) for number in range(30)])
    await Book(id=30, bookTitle="Linked", author=author).insert()  # type: ignore[arg-type]
    await Atlas(id=31, bookTitle="Maps", maps=5).insert()
    return await Book.find(sort=Book.id, with_children=True)


def dumped(documents: list[Any]) -> bytes:
    return b"[" + b",".join(each.model_dump_json(by_alias=True).encode() for each in documents) + b"]"


async def parts(query: Any) -> list[bytes]:
    return [part async for part in query.stream_json()]


async def test_json_is_that_of_the_documents(client: Any) -> None:
    books = await stored()
    query = Book.find(sort=Book.id, with_children=True)
    assert await query.to_json() == dumped(books)
    assert await query.lazy().to_json() == dumped(books)
    assert query.to_json().run_sync() == dumped(books)
    fetched = query.fetch_links()
    assert await fetched.to_json() == dumped(await fetched)
    assert b'"name":"Ann"' in await fetched.to_json()
    assert await Book.find(Book.id < 0).to_json() == b"[]"
    assert await Book.find(Book.id.in_([])).to_json() == b"[]"


async def test_json_comes_in_parts(client: Any) -> None:
    books = await stored()
    for query in (
        Book.find(sort=Book.id, with_children=True),
        Book.find(sort=Book.id, with_children=True).fetch_links(),
    ):
        expected = dumped(await query)
        streamed = await parts(query.batch_size(10))
        assert b"".join(streamed) == expected
        assert len(streamed) > len(books) // 10
        assert b"".join(query.batch_size(10).stream_json()) == expected
    assert await parts(Book.find(Book.id < 0)) == [b"[]"]
    assert list(Book.find(Book.id < 0).stream_json()) == [b"[]"]


async def test_json_of_one_document(client: Any) -> None:
    books = await stored()
    one = Book.find_one(Book.id == 3)
    assert await one.to_json() == books[3].model_dump_json(by_alias=True).encode()
    assert await Book.find_one(Book.id == 30).fetch_links().to_json() != await Book.find_one(Book.id == 30).to_json()
    assert await Book.find_one(Book.id == -1).to_json() == b"null"


async def test_json_of_rows(client: Any) -> None:
    await stored()
    rows = Book.aggregate([Group(by=Book.pages > 10, count=Count())])
    assert sorted(json.loads(await rows.to_json()), key=lambda row: row["_id"]) == [
        {"_id": False, "count": 12},
        {"_id": True, "count": 19},
    ]
    assert json.loads(await Book.find(Book.id == 1).project(Book.title).to_json()) == [
        {"_id": 1, "bookTitle": "Book 1"}
    ]
    [author] = json.loads(await Author.aggregate([{"$match": {}}]).to_json())
    assert author == {"_id": str((await Author.find().one()).id), "name": "Ann"}
    output = Book.aggregate([{"$match": {"_id": 2}}], output=Book)
    assert await output.to_json() == dumped(await output.to_list())


async def test_what_does_not_fit_is_named_or_kept(client: Any) -> None:
    await Book.collection().insert_one({"_id": 1, "bookTitle": 5, "_class_id": "Book"})
    with pytest.raises(DecodeError) as refused:
        await Book.find().to_json()
    assert (refused.value.document_id, refused.value.path) == (1, "bookTitle")
    await Kept.collection().insert_many([{"_id": 1, "size": 1}, {"_id": 2, "size": "large"}])
    assert await Kept.find(sort=Kept.id).to_json() == b'[{"id":1,"size":1},{"_id":2,"size":"large"}]'
    assert await Kept.find_one(Kept.id == 2).to_json() == b'{"_id":2,"size":"large"}'


async def test_logs_count_the_documents(client: Any) -> None:
    await stored()
    seen: list[Any] = []
    with log_queries(to=seen.append):
        await Book.find(Book.id < 5).to_json()
        await parts(Book.find(Book.id < 7))
    assert [event.documents for event in seen] == [5, 7]
