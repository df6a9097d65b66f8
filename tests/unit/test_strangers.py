"""Filters speak of fields of the class that is asked."""

from typing import Any

import pytest

from data_bridge import Document, EmbeddedDocument, F, Link, Lookup, Match
from data_bridge.errors import CompileError


def another() -> type[Document]:
    class Person(Document):
        name: str

    return Person


#: A class of the same name, of another module as it were.
ANOTHER = another()


class Named(Document):
    name: str


class Person(Named):
    age: int

    class Settings:
        name = "people"


class Worker(Person):
    wage: int = 0


class Brief(Document):
    name: str

    class Settings:
        name = "people"


class Line(EmbeddedDocument):
    name: str = ""
    price: float = 0


class Sale(Document):
    name: str
    buyer: Link[Person] | None = None
    lines: list[Line] = []


@pytest.mark.parametrize(
    ("ask", "told", "hint"),
    [
        (
            lambda: Sale.find(Person.age == 3),
            "Person.age is a field of Person, and the query is of Sale",
            "Sale.buyer.age",
        ),
        (
            lambda: Sale.find(Sale.name == "a").find(Person.name == "b"),
            "Person.name is a field of Person",
            "Sale.buyer.name",
        ),
        (lambda: Sale.find((Sale.name == "a") & ~Brief.name.in_(["a"])), "Brief.name is a field", "write Sale.name"),
        (lambda: Sale.find(Sale.name == Person.name), "Person.name is a field of Person", "Sale.buyer.name"),
        (lambda: Sale.find(Person.age + 1 > 3), "Person.age is a field of Person", "Sale.buyer.age"),
        (lambda: Person.find_one(Sale.name.startswith("a")), "Sale.name is a field of Sale", "write Person.name"),
        (lambda: Person.find(Sale.lines.size(1)), "Sale.lines is a field of Sale", "no link of Person leads to Sale"),
    ],
)
def test_fields_of_another_class_are_refused(ask: Any, told: str, hint: str) -> None:
    with pytest.raises(CompileError, match=told) as raised:
        ask()
    assert raised.value.code == "other_class"
    assert hint in str(raised.value.hint)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: Worker.find(Person.age > 3, Named.name == "a"),
        lambda: Person.find(Worker.name == "a"),
        lambda: Person.find(Brief.name == "a"),
        lambda: Sale.find(Sale.buyer.name == "a", Sale.lines.any(lambda line: line.price > 3)),
        lambda: Sale.find(Sale.lines.elem_match(Line.price > 3)),
        lambda: Sale.find(F.name == "a"),
        lambda: Sale.find({"name": "a"}),
        lambda: Sale.aggregate([Lookup(Person, name="there", pipeline=[Match(Person.age > 3)])]),
        lambda: Sale.find(Sale.name == "a").sort(Sale.name).find(Sale.lines.price > 3),
    ],
)
def test_fields_of_the_line_and_of_what_is_stored_beside_are_taken(ask: Any) -> None:
    ask().plan()
