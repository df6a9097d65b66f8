"""Judged by mypy and pyright as it stands: a line marked `# error` must be refused, every other one accepted."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, assert_type

from bson import ObjectId

from data_bridge import Document, EmbeddedDocument, F, Mapped, mapped
from data_bridge.fields import FieldProxy, Predicate, SortKey, Value


class Color(Enum):
    RED = "red"


class Address(EmbeddedDocument):
    city: Mapped[str]
    zip: Mapped[int]


class Person(Document):
    name: Mapped[str]
    age: Mapped[int]
    nick: Mapped[str | None] = mapped(None)
    height: Mapped[float] = mapped(0.0)
    price: Mapped[Decimal] = mapped(Decimal(0))
    born: Mapped[date] = mapped(date.min)
    created: Mapped[datetime] = mapped(datetime.min)
    tags: Mapped[list[str]] = mapped(default_factory=list)
    color: Mapped[Color] = mapped(Color.RED)
    address: Mapped[Address]
    old: Mapped[Address | None] = mapped(None)
    past: Mapped[list[Address]] = mapped(default_factory=list)
    scores: Mapped[dict[str, int]] = mapped(default_factory=dict)
    made_by: Mapped[ObjectId | None] = mapped(None)
    anything: Mapped[Any] = mapped(None)


def instances(person: Person) -> None:
    assert_type(person.age, int)
    assert_type(person.nick, str | None)
    assert_type(person.address.city, str)
    person.nick = None
    person.age = "x"  # error
    Person(name=3, age=3, address=Address(city="x", zip=1))  # error
    Person(name="x", age=3, nick=None, address=Address(city="x", zip=1))


def comparisons() -> None:
    assert_type(Person.age, FieldProxy[int])
    assert_type(Person.age > 3, Predicate)
    assert_type(3 < Person.age, Predicate)  # noqa: SIM300
    assert_type((Person.age > 3) & (Person.name == "x"), Predicate)
    assert_type(~(Person.age > 3) | (Person.nick == None), Predicate)  # noqa: E711
    assert_type(Person.age >= 2.5, Predicate)
    assert_type(Person.height == 3, Predicate)
    assert_type(Person.price < 3, Predicate)
    assert_type(Person.price < Person.age, Predicate)
    assert_type(Person.born <= date.min, Predicate)
    assert_type(Person.created > Person.born, Predicate)
    assert_type(Person.tags == "vip", Predicate)
    assert_type(Person.tags == ["vip"], Predicate)
    assert_type(Person.color == Color.RED, Predicate)
    assert_type(Person.made_by == "6123456789abcdef01234567", Predicate)
    assert_type(Person.nick != Person.name, Predicate)
    assert_type(Person.anything > 3, Predicate)
    Person.find(Person.age > "x")  # error
    Person.find(Person.name < 3)  # error
    Person.find(Person.created > 3)  # error
    Person.find(Person.created > "2024-01-01")  # error


def below() -> None:
    assert_type(Person.address.city == "NYC", Predicate)
    assert_type(Person.address.zip + 1, Value[int])
    assert_type(Person.address.city.upper(), Value[str])
    Person.find(Person.old.city == "NYC")
    assert_type(Person.past.city, Any)
    assert_type(Person.scores.math, Any)
    assert_type(Person.anything.whatever, Any)
    assert_type(Person.tags[0], FieldProxy[str])
    assert_type(F.made.deeper, Any)
    assert_type(Person.address == Address(city="x", zip=1), Predicate)
    assert_type(~(Person.address == None), Predicate)  # noqa: E711
    assert_type(Person.address.exists(), Predicate)
    Person.find().sort(-Person.address).update(Person.address.set(Address(city="x", zip=1)), Person.old.unset())
    Person.find(Person.address.city > 3)  # error
    Person.find(Person.address.nowhere == 3)  # error
    Person.find(Person.age.nowhere == 3)  # error
    Person.find(Person.tags[0] > 3)  # error


def predicates() -> None:
    assert_type(Person.name.startswith("A"), Predicate)
    assert_type(Person.tags.startswith("A"), Predicate)
    assert_type(Person.nick.regex("a.*"), Predicate)
    assert_type(Person.name.contains("a"), Predicate)
    assert_type(Person.tags.contains("a"), Predicate)
    assert_type(Person.tags.size(3), Predicate)
    assert_type(Person.tags.size() > 3, Predicate)
    assert_type(Person.tags.any(lambda tag: tag.startswith("a")), Predicate)
    assert_type(Person.past.any(lambda each: each.city == "NYC"), Predicate)
    assert_type(Person.age.in_([1, 2]), Predicate)
    assert_type(Person.nick.not_in(["a", None]), Predicate)
    assert_type(Person.tags.in_(["a"]), Predicate)
    assert_type(Person.tags.all_(["a"]), Predicate)
    assert_type(Person.age.between(1, 2.5), Predicate)
    assert_type(Person.born.between(date.min, date.max), Predicate)
    assert_type(Person.age.mod(3, 1), Predicate)
    assert_type(Person.name.exists(), Predicate)
    assert_type(-Person.age, SortKey)
    Person.find(Person.age > 3).sort(-Person.age, Person.name)
    Person.age.startswith("A")  # error
    Person.name.contains(3)  # error
    Person.tags.contains(3)  # error
    Person.age.contains(3)  # error
    Person.name.size(3)  # error
    Person.age.in_(["a"])  # error
    Person.tags.in_([3])  # error
    Person.tags.all_([3])  # error
    Person.age.between("a", "b")  # error
    Person.name.mod(3, 1)  # error
    Person.tags.any(lambda tag: tag.year() == 3)  # error


def updates() -> None:
    Person.find().update(Person.age.inc(), Person.name.set("x"), Person.tags.push("x"), Person.price.set(3))
    Person.find().update(Person.age.mul(2.5), Person.nick.set(None), Person.tags.push(each=["x"]), Person.age.max(3))
    Person.find().update(Person.tags.add_to_set("x"), Person.tags.pull("x"), Person.nick.unset())
    Person.name.inc()  # error
    Person.name.set(3)  # error
    Person.age.set("x")  # error
    Person.age.min("x")  # error
    Person.tags.push(3)  # error
    Person.tags.push(each=[3])  # error
    Person.age.push(3)  # error
    Person.age.inc("x")  # error
