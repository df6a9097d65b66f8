"""Judged by mypy and pyright as it stands: a line marked `# error` must be refused, every other one accepted."""

from typing import Any, assert_type

from bson import ObjectId

from data_bridge import BackLink, Document, Link, Mapped, fetch_links
from data_bridge.fields import Predicate


class Country(Document):
    name: Mapped[str]


class Author(Document):
    name: Mapped[str]
    age: int
    country: Link[Country]
    books: list[BackLink["Book"]] = BackLink(original_field="author")


class Book(Document):
    title: Mapped[str]
    author: Link[Author] = Link(on_delete="deny")
    editors: list[Link[Author]] = []


def queries() -> None:
    assert_type(Book.author.name == "Ann", Predicate)
    assert_type(Book.author.country.name == "Peru", Predicate)
    Book.find(Book.author.name.startswith("A"), Book.title == "x").fetch_links(Book.author, Book.author.country)
    assert_type(Book.author.exists() | Book.author.is_null(), Predicate)
    Book.find(Book.author.name > 3)  # error
    Book.find(Book.author.nam == "Ann")  # error
    Book.find(Book.author.country.nam == "Peru")  # error


async def fetched(book: Book, ann: Author) -> None:
    assert_type(book.author, Author)
    assert_type(book.author.name, str)
    assert_type(book.author.age, int)
    assert_type(book.author.country, Country)
    assert_type(book.author.country.name, str)
    assert_type(book.editors, list[Link[Author]])
    assert_type(await book.editors[0].fetch(), Author)
    assert_type((await book.editors[0].fetch()).country.name, str)
    assert_type(await Book.find().fetch_links().to_list(), list[Book])
    assert_type(await book.fetch_links(Book.author), Book)
    await fetch_links([book])
    book.author = ann
    book.author = ann.name  # error
    print(book.author.nam)  # error
    print("x" + book.author.age)  # error


def written(ann: Author, id: ObjectId, anything: Any) -> None:
    Book(title="x", author=ann, editors=[anything])
    Link(on_delete="explode")  # error
