"""Texts are read as the queries that Python builds."""

from __future__ import annotations

import asyncio
import datetime
import re
from typing import Annotated, Any

import bson
import pytest
from models import User
from pydantic import BaseModel, Field
from steps import calls_of

from data_bridge import Count, Document, F, Group, Limit, Link, Match, Sort, Sum, Where, cond, fn, lang, switch
from data_bridge.errors import LangError
from data_bridge.pipeline import Avg, Facet, Lookup, Project, Set, SetWindowFields, UnionWith, Unwind
from data_bridge.predicates import And, Eq, Nor, Or


class Author(Document):
    name: str


class Book(Document):
    title: str
    pages: int
    author: Link[Author]
    key: Annotated[str, Field(alias="isbn")] = ""
    size: int = 0


class Title(BaseModel):
    title: str


MODELS = [User, Book, Author, Title]

QUERIES = [
    (
        'User.find((User.age > 25) & (User.address.city == "NYC")).sort(-User.age).limit(10)',
        User.find((User.age > 25) & (User.address.city == "NYC")).sort(-User.age).limit(10),
    ),
    ("User.find()", User.find()),
    ("User.all()", User.all()),
    ("User.find(25 < User.age, ~(User.age == 30))", User.find(User.age > 25, ~(User.age == 30))),
    (
        "User.find(User.age.in_([1, 2]) | User.age.between(5, 9))",
        User.find(User.age.in_([1, 2]) | User.age.between(5, 9)),
    ),
    (
        'User.find(User["address"]["city"] == "a", User.tags[0] == "b")',
        User.find(User.address.city == "a", User.tags[0] == "b"),
    ),
    (
        "User.find(User.items.any(lambda i: (i.price > 5) & (i.name != 'x')))",
        User.find(User.items.any(lambda i: (i.price > 5) & (i.name != "x"))),
    ),
    (
        "User.find(User.nickname == null, User.nickname.exists(false))",
        User.find(User.nickname.is_null(), User.nickname.exists(False)),
    ),
    ('User.find({"age": {"$gt": 5}})', User.find({"age": {"$gt": 5}})),
    ('User.find((User.age > 5) & {"name": "x"})', User.find((User.age > 5) & {"name": "x"})),
    (
        "User.find(And(User.age > 1, Or(User.age > 2, Nor(User.age > 3))))",
        User.find(And(User.age > 1, Or(User.age > 2, Nor(User.age > 3)))),
    ),
    ('User.find(Eq("age", 3))', User.find(Eq("age", 3))),
    (
        "User.find(User.age * 2 + 1 > 1 - User.age)",
        User.find(User.age * 2 + 1 > 1 - User.age),
    ),
    ("User.find(~~(User.age == 1))", User.find(~~(User.age == 1))),
    ("User.find(User.age == +-1)", User.find(User.age == -1)),
    ("User.find(~~~(User.age == 1))", User.find(~~~(User.age == 1))),
    ("User.find(2 ** User.age ** 2 > 8)", User.find(2**User.age**2 > 8)),
    ("User.find(User.age - 1 - 1 == 0, User.age // 2 == -1)", User.find(User.age - 1 - 1 == 0, User.age // 2 == -1)),
    ('User.find(User.id == "5f5f5f5f5f5f5f5f5f5f5f5f")', User.find(User.id == bson.ObjectId("5f" * 12))),
    ('User.find(User.name.regex("^a", options="i"))', User.find(User.name.regex("^a", options="i"))),
    ('User.find(User.name == re.compile("a", 2))', User.find(User.name == re.compile("a", re.I))),
    ('User.find(User.name.upper() == "X")', User.find(User.name.upper() == "X")),
    (
        'User.find_one(User.age == 1).hint({"age": 1}).comment("c").max_time(5)',
        User.find_one(User.age == 1).hint({"age": 1}).comment("c").max_time(5),
    ),
    (
        "User.find(User.age > 1, sort=-User.age, skip=1, limit=2)",
        User.find(User.age > 1, sort=-User.age, skip=1, limit=2),
    ),
    ('Book.find(Book.author.name == "Ann", Book.key == "1")', Book.find(Book.author.name == "Ann", Book.key == "1")),
    (
        "Book.find(Book.size > 1).fetch_links(Book.author, depth=2)",
        Book.find(Book.size > 1).fetch_links(Book.author, depth=2),
    ),
    ("Book.find().project(Title)", Book.find().project(Title)),
    (
        "Book.find().project(Book.title, long=Book.pages > 300, id=0)",
        Book.find().project(Book.title, long=Book.pages > 300, id=0),
    ),
    ('Book.find().project(**{"isbn": 1, "pages": 1})', Book.find().project(isbn=1, pages=1)),
    (
        "User.aggregate([Match(User.age > 25), Group(by=User.address.city, n=Count(), mean=Avg(User.age)), "
        "Sort(n=-1), Limit(3)])",
        User.aggregate(
            [Match(User.age > 25), Group(by=User.address.city, n=Count(), mean=Avg(User.age)), Sort(n=-1), Limit(3)]
        ),
    ),
    (
        "User.aggregate([Unwind(User.items), Set(total=User.items.price * User.items.count), "
        "Project(total=F.total, id=0)])",
        User.aggregate(
            [Unwind(User.items), Set(total=User.items.price * User.items["count"]), Project(total=F.total, id=0)]
        ),
    ),
    (
        "User.aggregate([Project(a=cond(User.age > 1, 'x', 'y'), b=switch((User.age > 2, 1), default=0), "
        "c=fn.date_trunc(User.id, unit='day'))])",
        User.aggregate(
            [
                Project(
                    a=cond(User.age > 1, "x", "y"),
                    b=switch((User.age > 2, 1), default=0),
                    c=fn.date_trunc(User.id, unit="day"),
                )
            ]
        ),
    ),
    (
        "User.aggregate([Project(s=User.items.map(lambda item: item.price * 2).reduce(0, lambda a, b: a + b))])",
        User.aggregate([Project(s=User.items.map(lambda item: item.price * 2).reduce(0, lambda a, b: a + b))]),
    ),
    (
        'User.aggregate([SetWindowFields(sort_by=User.age, s=Sum(User.age).over(documents=("unbounded", "current")))])',
        User.aggregate([SetWindowFields(sort_by=User.age, s=Sum(User.age).over(documents=("unbounded", "current")))]),
    ),
    (
        'Book.aggregate([Lookup(Author, local="author", foreign="_id", name="x"), '
        "Facet(a=[Limit(1)], b=[Match(Book.pages > 1)])])",
        Book.aggregate(
            [Lookup(Author, local="author", foreign="_id", name="x"), Facet(a=[Limit(1)], b=[Match(Book.pages > 1)])]
        ),
    ),
    (
        'Book.aggregate([UnionWith("users", pipeline=[Limit(1)]), UnionWith(Author)])',
        Book.aggregate([UnionWith("users", [Limit(1)]), UnionWith(Author)]),
    ),
    (
        'Book.aggregate([{"$match": {"pages": 1}}, {"$group": {"_id": "$isbn"}}])',
        Book.aggregate([{"$match": {"pages": 1}}, {"$group": {"_id": "$isbn"}}]),
    ),
]


@pytest.mark.parametrize(("text", "query"), QUERIES, ids=[text for text, _ in QUERIES])
def test_a_text_is_the_query_that_python_builds(text: str, query: Any) -> None:
    found = lang.parse(text, MODELS)
    assert found == query
    assert found.plan().commands == query.plan().commands
    assert lang.parse(str(found), MODELS) == query


def test_queries_are_the_same_by_what_they_ask() -> None:
    assert User.find(User.age > 5) == User.find(User.age > 5)
    assert len({User.find(User.age > 5), User.find(User.age > 5), User.find(User.age > 5.0)}) == 2
    assert User.find(F.x == 1) != User.find(F.x == True)  # noqa: E712
    assert User.find() != Book.find()
    assert User.find() != User.find_one()
    assert User.find() != User.aggregate([])
    assert User.find().hint("a") != User.find()


STATEMENTS = [
    ("User.find(User.age > 5).count()", {"count": "users", "query": {"age": {"$gt": 5}}}),
    ("User.count()", {"count": "users"}),
    (
        "User.find(User.age > 5).exists()",
        {"find": "users", "filter": {"age": {"$gt": 5}}, "projection": {"_id": 1}, "limit": 1, "singleBatch": True},
    ),
    ("User.distinct(User.address.city)", {"distinct": "users", "key": "address.city"}),
    ("User.find().to_list(3)", {"find": "users", "filter": {}, "limit": 3}),
    (
        "User.find(User.age > 5).first()",
        {"find": "users", "filter": {"age": {"$gt": 5}}, "limit": 1, "singleBatch": True},
    ),
    (
        "User.find().sort(User.name).paginate(2)",
        {"find": "users", "filter": {}, "sort": {"name": 1, "_id": 1}, "limit": 3},
    ),
]


@pytest.mark.parametrize(("text", "command"), STATEMENTS, ids=[text for text, _ in STATEMENTS])
def test_a_terminal_gives_a_statement(text: str, command: dict[str, Any]) -> None:
    statement = lang.parse(text, MODELS)
    assert isinstance(statement, lang.Statement)
    assert not statement.writes
    [sent] = statement.plan().commands
    assert {key: sent.get(key) for key in command} == command
    assert lang.parse(str(statement), MODELS) == statement
    assert repr(statement) == str(statement)


WRITES = [
    (
        'User.find(User.age > 5).update(User.age.inc(1), User.name.set("x"))',
        [{"$inc": {"age": 1}, "$set": {"name": "x"}}],
    ),
    (
        'User.find().update({"$set": {"tags.$[t]": "x"}}, array_filters=[{"t": "y"}])',
        [{"$set": {"tags.$[t]": "x"}}],
    ),
    ('User.find_one(User.age > 5).update({"$set": {"name": "x"}})', [{"$set": {"name": "x"}}]),
    (
        'User.update_all(User.tags.push(each=["a", "b"], slice=-5))',
        [{"$push": {"tags": {"$each": ["a", "b"], "$slice": -5}}}],
    ),
    ("User.find().update([Set(age=User.age + 1)])", [[{"$set": {"age": {"$add": ["$age", 1]}}}]]),
    ("User.find(User.age > 5).upsert(SetOnInsert({User.age: 6}))", [{"$setOnInsert": {"age": 6}}]),
]


@pytest.mark.parametrize(("text", "updates"), WRITES, ids=[text for text, _ in WRITES])
def test_updates_are_read_when_that_is_allowed(text: str, updates: list[Any]) -> None:
    with pytest.raises(LangError) as refused:
        lang.parse(text, MODELS)
    assert refused.value.code == "writing_not_allowed"
    statement = lang.parse(text, MODELS, allow_writing=True)
    assert statement.writes
    assert [each["u"] for each in statement.plan().commands[0]["updates"]] == updates
    assert lang.parse(str(statement), MODELS, allow_writing=True) == statement


@pytest.mark.parametrize(
    "text",
    [
        "User.find(User.age > 5).delete()",
        "User.find(User.age > 5).delete_one()",
        "User.delete_all()",
        'User.find(User.age > 5).find_one_and_update(User.age.inc(1), sort=-User.age, return_document="after")',
        "User.find(User.age > 5).find_one_and_delete(sort=[User.age, -User.name])",
        'User.aggregate([Out("users")])',
        'User.aggregate([{"$merge": {"into": "users"}}])',
        'User.aggregate([Match(User.age > 1), Merge("users", when_matched="replace")])',
    ],
)
def test_other_writes_are_read_when_that_is_allowed(text: str) -> None:
    with pytest.raises(LangError) as refused:
        lang.parse(text, MODELS)
    assert refused.value.code == "writing_not_allowed"
    found = lang.parse(text, MODELS, allow_writing=True)
    assert found.plan().commands
    assert lang.parse(str(found), MODELS, allow_writing=True) == found


def test_programs_are_read_when_that_is_allowed() -> None:
    text = 'User.find(Where("true", allow_javascript=True))'
    with pytest.raises(LangError, match="runs a program"):
        lang.parse(text, MODELS)
    query = User.find(Where("true", allow_javascript=True))
    assert lang.parse(text, MODELS, allow_javascript=True) == query
    assert str(query) == text


def test_classes_may_have_other_names() -> None:
    assert lang.parse("People.find(People.age > 3)", {"People": User}) == User.find(User.age > 3)


LITERALS = [
    ("-5", -5),
    ("1_000", 1000),
    ("-9223372036854775808", -(2**63)),
    (".5", 0.5),
    ("1e3", 1000.0),
    ("-1.5e-3", -0.0015),
    ('float("-inf")', float("-inf")),
    ('"a\\n\\x41\\u00e9\\U0001f600\\\\"', "a\nA\xe9\U0001f600\\"),
    ("'it\\'s'", "it's"),
    ('r"\\d"', "\\d"),
    ('b"\\xff\\0a"', b"\xff\x00a"),
    ("[1, [2], {'a': null}]", [1, [2], {"a": None}]),
    ('ObjectId("5f5f5f5f5f5f5f5f5f5f5f5f")', bson.ObjectId("5f" * 12)),
    ('datetime("2024-01-01T00:00:00Z")', datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)),
    ('datetime.fromisoformat("2024-01-01T00:00:00.5")', datetime.datetime(2024, 1, 1, microsecond=500_000)),
    ('Decimal128("1.50")', bson.Decimal128("1.50")),
    ("Int64(5)", bson.Int64(5)),
    ('bson.Regex("a", "im")', bson.Regex("a", "im")),
]


@pytest.mark.parametrize(("text", "value"), LITERALS, ids=[text for text, _ in LITERALS])
def test_literals(text: str, value: Any) -> None:
    found = lang.parse(f'User.find({{"extra": 1}} & Eq("x", {text}))', [User])
    assert repr(found) == repr(User.find({"extra": 1} & Eq("x", value)))


def test_a_text_may_have_lines_and_commas_at_ends() -> None:
    text = """
        User
        .find(
            User.age > 3,
            User.name
                .startswith("a"),
        )
        .sort(-User.age)
    """
    assert lang.parse(text, MODELS) == User.find(User.age > 3, User.name.startswith("a")).sort(-User.age)


def test_a_field_may_have_the_name_of_a_method() -> None:
    assert lang.parse("Book.find(Book.size > 1)", MODELS) == Book.find(Book.size > 1)
    assert lang.parse('User.find(User.items["count"] > 1)', MODELS) == User.find(User.items["count"] > 1)


def test_statements_run() -> None:
    # Nothing can meet this, so that nothing is sent and no server is needed to be told so: it is only not connected.
    statement = lang.parse("User.find(User.age > 5).count()", MODELS)
    with pytest.raises(Exception, match="there is no connection"):
        statement.run_sync()

    async def run() -> None:
        await statement

    with pytest.raises(Exception, match="there is no connection"):
        asyncio.run(run())


def test_a_condition_is_read_with_work_that_grows_with_its_terms() -> None:
    def work(terms: int) -> int:
        text = "User.find(" + " & ".join(['((User.age > 25) & (User.address.city == "NYC"))'] * terms) + ")"
        lang.parse(text, MODELS)  # what is kept for the classes is made
        return calls_of(lambda: lang.parse(text, MODELS))

    assert work(1) < 500
    first, second, third = work(5), work(10), work(15)
    # Each more costs what the one before it did.
    assert third - second < 1.1 * (second - first)
