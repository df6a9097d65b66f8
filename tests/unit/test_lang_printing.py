"""How queries print: by the names of the class, or as MQL where those would say something else."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from bson import ObjectId
from models import User
from pydantic import ConfigDict, Field

from data_bridge import BackLink, Document, EmbeddedDocument, F, Link, Match, Set, Sort, fn, ir, lang
from data_bridge.errors import DataBridgeError
from data_bridge.lang.statement import Statement


class Writer(Document):
    name: str
    novels: list[BackLink[Novel]] = BackLink(original_field="writer")


class Cover(EmbeddedDocument):
    color: Annotated[str, Field(alias="colour")]
    size: int = 0


class Novel(Document):
    model_config = ConfigDict(extra="allow")

    title: Annotated[str, Field(alias="name")]
    cover: Cover
    writer: Link[Writer]
    pages: int = 0
    free: dict[str, Any] = {}


class Animal(Document):
    name: str

    class Settings:
        is_root = True


class Dog(Animal):
    tricks: list[str] = []


class Puppy(Dog):
    weeks: int


MODELS = [User, Writer, Novel, Animal, Dog, Puppy]

PRINTED = [
    (Novel.find(Novel.title == "x"), 'Novel.find(Novel.title == "x")'),
    (Novel.find(Novel.cover.color == "x"), 'Novel.find(Novel.cover.colour == "x")'),
    (Novel.find({"name": "x", "cover.colour": "y"}), 'Novel.find((Novel.title == "x") & (Novel.cover.colour == "y"))'),
    (Novel.find(Novel.cover["size"] > 1), 'Novel.find(Novel.cover["size"] > 1)'),
    (Novel.find(Novel.pages > 1), "Novel.find(Novel.pages > 1)"),
    (Novel.find(Novel.free["a b"]["in"].c == 1), 'Novel.find(Novel.free["a b"]["in"].c == 1)'),
    (Novel.find(Novel.free["é"] == 1), "Novel.find(Novel.free.é == 1)"),
    (Novel.find(Novel.free["e\u0301"] == 1), 'Novel.find(Novel.free["e\u0301"] == 1)'),
    (Novel.find({"more.x": {"$gt": 1}}), 'Novel.find({"more.x": {"$gt": 1}})'),
    (Novel.find({"": 1}), 'Novel.find({"": 1})'),
    (Novel.find(Novel.writer.name == "x"), 'Novel.find(Novel.writer.name == "x")'),
    (
        Writer.find().fetch_links(Writer.novels.fetch(sort="-pages", limit=3)),
        'Writer.find().fetch_links(Writer.novels.fetch(sort="-pages", limit=3))',
    ),
    (
        Novel.find().fetch_links(Novel.writer.fetch(filter={"name": "x"})),
        'Novel.find().fetch_links(Novel.writer.fetch(filter=Eq("name", "x")))',
    ),
    (Novel.find().fetch_links("writer", depth=2), "Novel.find().fetch_links(Novel.writer, depth=2)"),
    (Animal.find(Animal.name == "x").with_children(), 'Animal.find(Animal.name == "x").with_children()'),
    (Animal.find({"tricks": "x"}).with_children(), 'Animal.find({"tricks": "x"}).with_children()'),
    (Dog.find({"weeks": 3}), 'Dog.find({"weeks": 3})'),
    (Dog.find(with_children=False), "Dog.find().with_children(False)"),
    (
        User.aggregate([Sort(-User.age), Match(F.any == 1, F["in"] == 2), Set({"a.b": 1})]),
        'User.aggregate([Sort(age=-1), Match((F["any"] == 1) & (F["in"] == 2)), Set({"a.b": 1})])',
    ),
    (
        User.aggregate([Match((User.age + 1) * 2 > User.age - (1 - User.age))]),
        "User.aggregate([Match((User.age + 1) * 2 > User.age - (1 - User.age))])",
    ),
    (
        User.aggregate([Set(a=(-1 - User.age) ** 2**User.age, b=fn.add("x", User.age))]),
        'User.aggregate([Set(a=(-1 - User.age) ** 2 ** User.age, b=fn.add("x", User.age))])',
    ),
    (User.find((User.age > 1) | (User.age < 0) & (User.age > 2)), None),
    (User.find(~((User.age > 1) & ~(User.age < 0))), "User.find(~((User.age > 1) & ~(User.age < 0)))"),
    (
        User.find(((User.age > 1) == (User.age > 2)) & (User.age > 3)),
        "User.find(((User.age > 1) == (User.age > 2)) & (User.age > 3))",
    ),
    (User.find().sort(("age", 1), ("gone", -1)), 'User.find().sort(User.age, ("gone", -1))'),
    (User.find({"$and": [{"age": 1}]}), "User.find(And(User.age == 1))"),
]


@pytest.mark.parametrize(("query", "text"), PRINTED, ids=[str(number) for number in range(len(PRINTED))])
def test_queries_print(query: Any, text: str | None) -> None:
    assert text is None or str(query) == text
    assert repr(query) == str(query)
    assert lang.parse(str(query), MODELS) == query


@pytest.mark.parametrize(
    "query",
    [
        User.find(ir.Literal("text")),
        User.find(ir.Literal(5)),
        User.find(ir.Literal(object())),
        User.find(ir.Not(ir.Literal(1))),
        User.aggregate([ir.stages.GenericStage("$new", {"a": object()})]),
        User.aggregate([ir.stages.GenericStage("$replaceRoot", {})]),
        User.aggregate([ir.Raw({"$x": 1, "$y": 2})]),
        User.find().hint(object()),
        User.find().sort((object(), 1)),
    ],
)
def test_even_nonsense_prints(query: Any) -> None:
    assert str(query).startswith("User.")


def test_a_replacement_is_what_is_stored() -> None:
    """The document is told by what is stored, which names and types it exactly."""
    id = ObjectId("6123456789abcdef01234567")
    novel = Novel(id=id, title="t", cover=Cover(colour="red"), writer=id)
    statement = Statement(Novel.find(), "find_one_and_replace", (novel,), {"sort": -Novel.pages})
    stored = (
        f'"name": "t", "cover": {{"colour": "red", "size": 0}}, "writer": ObjectId("{id}"), "pages": 0, "free": {{}}'
    )
    expected = f'Novel.find().find_one_and_replace({{"_id": ObjectId("{id}"), {stored}}}, sort=-Novel.pages)'
    assert str(statement) == expected
    assert lang.parse(expected, MODELS, allow_writing=True) == statement
    assert eval(statement.to_python(), {"Novel": Novel, "ObjectId": ObjectId}).discard() is None


def test_a_replacement_must_make_a_document() -> None:
    statement = lang.parse('Novel.find().find_one_and_replace({"name": "x"})', MODELS, allow_writing=True)
    with pytest.raises(DataBridgeError, match="does not fit Novel"):
        statement.plan()  # type: ignore[union-attr]


def test_explain_ends_a_query() -> None:
    statement = lang.parse('Novel.find(Novel.pages > 1).explain("queryPlanner")', MODELS)
    assert str(statement) == 'Novel.find(Novel.pages > 1).explain("queryPlanner")'
    assert statement.plan().commands == Novel.find(Novel.pages > 1).plan().commands
