"""What `plan()` says of the links that are fetched after the query."""

from typing import Any

import pytest

from data_bridge import BackLink, Document, Link
from data_bridge.errors import CompileError


class Land(Document):
    name: str


class Writer(Document):
    name: str
    land: Link[Land] | None = None
    books: list[BackLink["Book"]] = BackLink(original_field="writer")

    class Settings:
        name = "writers"
        max_link_batch_size = 50


class Book(Document):
    title: str
    writer: Link[Writer] | None = None
    helpers: list[Link[Writer]] = []


class Eager(Document):
    writer: Link[Writer]

    class Settings:
        eager_load_links = True


WRITERS = "-> writers by _id, 50 ids a command"
FETCHES: list[tuple[Any, list[str]]] = [
    (Book.find(), []),
    (Book.find().fetch_links(depth=0), []),
    (Book.find().project("title"), []),
    (Book.find().fetch_links(), [f"level 1: Book.writer, helpers {WRITERS}"]),
    (Eager.find(), [f"level 1: Eager.writer {WRITERS}"]),
    (Eager.find().fetch_links(depth=0), []),
    (
        Writer.find().fetch_links(),
        [
            "level 1: Writer.land -> Land by _id, 10,000 ids a command",
            "level 1: Writer.books -> Book by writer, 10,000 ids a command",
        ],
    ),
    (
        Book.find().fetch_links(Book.helpers, Book.writer.land, Book.writer.fetch(filter=Writer.name == "a")),
        [
            f"level 1: Book.writer {WRITERS}",
            f"level 1: Book.helpers {WRITERS}",
            "level 2: Writer.land -> Land by _id, 10,000 ids a command",
        ],
    ),
]


@pytest.mark.parametrize(("query", "fetches"), FETCHES)
def test_a_plan_says_what_is_fetched(query: Any, fetches: list[str]) -> None:
    plan = query.plan()
    assert plan.fetches == fetches
    assert plan.to_dict()["fetches"] == fetches
    assert plan.for_server("7.0").fetches == fetches
    assert ("then fetches" in str(plan)) == bool(fetches)
    assert all(fetch in str(plan) for fetch in fetches)


def test_each_level_is_said_up_to_the_depth() -> None:
    fetches = Book.find().fetch_links(depth=3).plan().fetches
    assert [fetch.split(":")[0] for fetch in fetches] == ["level 1", "level 2", "level 2", "level 3"]


def test_a_path_that_is_no_link_is_refused_where_it_is_written() -> None:
    with pytest.raises(CompileError, match="has no link 'title'"):
        Book.find().fetch_links("title")
    with pytest.raises(CompileError, match="Writer has no link 'age'"):
        Book.find().fetch_links("writer.age")
