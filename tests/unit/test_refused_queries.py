"""Queries that the server would refuse, or answer with what nobody meant, are refused before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from data_bridge import Count, Document, Link, Match, Project, Set, Unset
from data_bridge.errors import CompileError
from data_bridge.query_operators import Type


class Author(Document):
    name: str = ""
    age: int = 0
    active: bool = True
    asked: bool | None = None
    more: dict[str, Any] = {}


class Book(Document):
    title: str = ""
    author: Link[Author] | None = None


def refused(make: Callable[[], Any], code: str, said: str) -> None:
    with pytest.raises(CompileError, match=said) as raised:
        make().plan()
    assert raised.value.code == code
    assert raised.value.hint


@pytest.mark.parametrize(
    "make",
    [
        lambda: Author.find(Author.age),
        lambda: Author.find(Author.active, Author.age),
        lambda: Author.find(~Author.age),
        lambda: Author.find(Author.age & (Author.name == "x")),
        lambda: Author.find((Author.name == "x") | Author.age),
        lambda: Author.aggregate([Match(Author.age)]),
    ],
)
def test_a_field_that_is_no_boolean_is_no_predicate(make: Callable[[], Any]) -> None:
    refused(make, "not_a_predicate", "'age' is int, and as such neither true nor false")


def test_a_boolean_field_is_a_predicate() -> None:
    sent = [Author.find(field).plan().commands[0]["filter"] for field in (Author.active, Author.asked, Author.more.x)]
    assert sent == [{"active": True}, {"asked": True}, {"more.x": True}]


def test_types_are_given_one_after_the_other() -> None:
    for given in (["int", "string"], ("int", "string")):
        for make in (lambda: Author.find(Author.age.type_(given)), lambda: Author.find(Type(Author.age, given))):  # type: ignore[arg-type]  # noqa: B023
            refused(make, "unknown_type", "is no type of BSON")
    assert Author.find(Author.age.type_("int", "string")).plan().commands[0]["filter"]


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        (lambda: Author.aggregate([Count("")]), "bad_name", "'' cannot name a count"),
        (lambda: Author.aggregate([Count("a.b")]), "bad_name", "'a.b' cannot name a count"),
        (lambda: Author.aggregate([Count("$a")]), "bad_name", "cannot name a count"),
        (lambda: Author.aggregate([Unset()]), "empty_stage", "names no field"),
        (lambda: Author.find().update([Unset()]), "empty_stage", "names no field"),
        (lambda: Author.find().project(), "empty_stage", "names no field"),
        (
            lambda: Author.aggregate([Project(Author.age, name=False)]),
            "mixed_projection",
            "keeps 'age' and drops 'name'",
        ),
        (lambda: Author.find().project(name=False, n=Author.age + 1), "mixed_projection", "keeps 'n' and drops 'name'"),
        (lambda: Author.find().project("name").project(age=False, name=True), "mixed_projection", "drops 'age'"),
    ],
)
def test_stages_that_no_server_takes(make: Callable[[], Any], code: str, said: str) -> None:
    refused(make, code, said)


def test_no_field_is_called_as_an_operator_is() -> None:
    for make in (
        lambda: Author.find().project(**{"$x": Author.age}),
        lambda: Author.aggregate([Set(**{"$x": 1})]),
        lambda: Author.aggregate([Unset("a.$x")]),
    ):
        with pytest.raises(CompileError, match="is not a field name") as raised:
            make().plan()
        assert raised.value.code == "not_a_field"


def test_the_id_may_be_dropped_beside_what_is_kept() -> None:
    kept = [Author.find().project(Author.age, id=False), Author.find().project(name=False, id=False)]
    assert [query.plan().commands[0]["projection"] for query in kept] == [{"age": 1, "_id": 0}, {"name": 0, "_id": 0}]


ROWS: list[Callable[[], Any]] = [
    lambda: Book.find().project(Book.author).fetch_links(),
    lambda: Book.find().fetch_links(Book.author).project(Book.title),
    lambda: Book.aggregate([Match(Book.title == "x")]).fetch_links(),
]


@pytest.mark.parametrize("make", ROWS)
@pytest.mark.parametrize("end", ["plan", "to_list", "first", "one", "to_json", "__iter__"])
def test_links_are_not_fetched_in_rows(make: Callable[[], Any], end: str) -> None:
    def run() -> Any:
        found = getattr(make(), end)()
        return found.run_sync() if hasattr(found, "run_sync") else next(found)

    with pytest.raises(CompileError, match="links are fetched in documents of Book") as raised:
        run()
    assert raised.value.code == "fetch_in_rows"


def test_rows_may_say_that_nothing_is_fetched() -> None:
    assert Book.find(Book.author.name == "x").fetch_links(depth=0, strategy="batch").project(Book.title).plan()
