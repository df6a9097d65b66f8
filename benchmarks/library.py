"""A library: books that link to an author and to three tags each. The same books for every peer."""

from __future__ import annotations

from typing import Any

from bson import DBRef
from pymongo import MongoClient

BOOKS, AUTHORS, TAGS = 20_000, 2_000, 200
#: A thousand books in a row have this many authors.
AUTHORS_OF_A_THOUSAND = 100
#: Ids of documents that a case writes start here.
NEW = 1_000_000_000
#: Books are stored twice: their links as ids, and as the references that Beanie follows.
BY_ID, BY_REFERENCE = "books_by_id", "books_by_reference"


def author(number: int) -> dict[str, Any]:
    return {"_id": number, "name": f"Author {number}", "born": 1900 + number % 100}


def tag(number: int) -> dict[str, Any]:
    return {"_id": number, "name": f"Tag {number}"}


def author_of(number: int) -> int:
    return (number // 1000 * AUTHORS_OF_A_THOUSAND + number % AUTHORS_OF_A_THOUSAND) % AUTHORS


def tags_of(number: int) -> list[int]:
    return [number % TAGS, (number + 67) % TAGS, (number + 134) % TAGS]


def plain(number: int) -> dict[str, Any]:
    """The fields of a book that are no links. Pages order all books, and never by number."""
    return {"_id": number, "title": f"Book {number}", "pages": number * 7919 % BOOKS}


def expected(number: int) -> tuple[Any, ...]:
    """What a book and its fetched links must hold."""
    book, writer = plain(number), author(author_of(number))
    names = tuple(sorted(tag(each)["name"] for each in tags_of(number)))
    return book["_id"], book["title"], book["pages"], writer["name"], writer["born"], names


def seen(book: Any) -> tuple[Any, ...]:
    """The same of a peer's book. Beanie gives tags in the order of the server's join, so order is left out."""
    names = tuple(sorted(each.name for each in book.tags))
    return book.id, book.title, book.pages, book.author.name, book.author.born, names


def store(uri: str, database: str) -> None:
    """Store the library without any of the measured libraries but the driver, with indexes on the links."""
    with MongoClient[dict[str, Any]](uri) as client:
        target = client[database]
        target["authors"].insert_many([author(number) for number in range(AUTHORS)])
        target["authors"].create_index("name")
        target["tags"].insert_many([tag(number) for number in range(TAGS)])
        for name, link in ((BY_ID, _id), (BY_REFERENCE, DBRef)):
            target[name].insert_many(
                [
                    {
                        **plain(number),
                        "author": link("authors", author_of(number)),
                        "tags": [link("tags", each) for each in tags_of(number)],
                    }
                    for number in range(BOOKS)
                ]
            )
            target[name].create_index("pages")
        target[BY_ID].create_index("author")
        target[BY_REFERENCE].create_index("author.$id")


def _id(_: str, number: int) -> int:
    return number
