"""Judged by mypy and pyright as it stands: a line marked `# error` must be refused, every other one accepted."""

from typing import assert_type

from data_bridge import Document, Mapped, fn
from data_bridge.fields import Predicate, Value


class Person(Document):
    name: Mapped[str]
    age: Mapped[int]


def judged(person: Person) -> None:
    assert_type(person.age, int)
    assert_type(Person.age > 3, Predicate)
    assert_type((Person.age > 3) & (Person.name == "x"), Predicate)
    Person.find(Person.age > 3).sort(-Person.age)
    assert_type(Person.age + 1, Value)
    assert_type(fn.abs(Person.age).round(2), Value)
    fn.date_trunc(person.name, unit="day")  # error
    fn.abs(Person.age, unit="day")  # error
    Person.find(Person.age > "x")  # error
    Person.find(Person.name < 3)  # error
