"""Judged by mypy and pyright as it stands: a line marked `# error` must be refused, every other one accepted."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, assert_type

from data_bridge import (
    Document,
    EmbeddedDocument,
    F,
    Mapped,
    Predicate,
    Project,
    Sum,
    Value,
    cond,
    filter_,
    let,
    map_,
    mapped,
    reduce_,
    switch,
)


class Line(EmbeddedDocument):
    price: Mapped[float]
    count: Mapped[int]


class Order(Document):
    name: Mapped[str]
    age: Mapped[int]
    nick: Mapped[str | None] = mapped(None)
    maybe: Mapped[int | None] = mapped(None)
    height: Mapped[float] = mapped(0.0)
    price: Mapped[Decimal] = mapped(Decimal(0))
    created: Mapped[datetime] = mapped(datetime.min)
    tags: Mapped[list[str]] = mapped(default_factory=list)
    codes: Mapped[set[int]] = mapped(default_factory=set)
    lines: Mapped[list[Line]] = mapped(default_factory=list)
    plain: int = 0


def arithmetic() -> None:
    assert_type(Order.age + 1, Value[int])
    assert_type(1 + Order.age, Value[int])
    assert_type(Order.age + Order.age, Value[int])
    assert_type(Order.age + 1.5, Value[float])
    assert_type(1.5 - Order.age, Value[float])
    assert_type(Order.height + Order.age, Value[float])
    assert_type(Order.age * Order.height, Value[float])
    assert_type(Order.age / 2, Value[float])
    assert_type(2 / Order.age, Value[float])
    assert_type(Order.age // 2, Value[float])
    assert_type(Order.age % 2, Value[int])
    assert_type(Order.age**2, Value[float])
    assert_type(abs(Order.age), Value[int])
    assert_type(Order.price * 2, Value[Decimal])
    assert_type(Order.price / Order.age, Value[Decimal])
    assert_type(Order.age * Order.price, Value[Decimal])
    assert_type(Order.age - Decimal(1), Value[Decimal])
    assert_type(Order.maybe + 1, Value[int])
    assert_type(Order.age + Order.maybe, Value[int])
    assert_type((Order.age + 1) * 2 - Order.age, Value[int])
    assert_type((Order.age + 1) / 2 > 3, Predicate)
    assert_type(Order.created - Order.created, Value[int])
    assert_type(Order.created - datetime.min, Value[int])
    assert_type(Order.created + 1000, Value[datetime])
    assert_type(Order.created - 1000, Value[datetime])
    assert_type(Order.created + timedelta(days=1), Value[datetime])
    assert_type(timedelta(days=1) + Order.created, Value[datetime])
    assert_type(Order.created - timedelta(days=1), Value[datetime])
    assert_type(F.total + 1, Value[Any])
    Project(total=F.net * Order.age, more=Order.age * F.net)
    print(Order.name + 1)  # error
    print(Order.name + "x")  # error
    print(Order.age + "x")  # error
    print("x" + Order.age)  # error
    print(Order.age + Order.name)  # error
    print(Order.created + Order.created)  # error
    print(Order.created * 2)  # error
    print(Order.age - Order.created)  # error
    print(Order.tags + 1)  # error
    print(Order.age / "x")  # error
    Order.find((Order.age + 1) > "x")  # error


def methods() -> None:
    assert_type(Order.name.upper(), Value[str])
    assert_type(Order.nick.lower().trim(), Value[str])
    assert_type(Order.name.length(), Value[int])
    assert_type(Order.name.split(","), Value[list[str]])
    assert_type(Order.name.split(",").first(), Value[str])
    assert_type(Order.created.year(), Value[int])
    assert_type(Order.created.date_trunc("day"), Value[datetime])
    assert_type(Order.created.date_diff(Order.created, "day") + 1, Value[int])
    assert_type(Order.created.date_to_string(), Value[Any])
    assert_type(Order.age.abs().round(2), Value[int])
    assert_type(Order.height.round(2), Value[float])
    assert_type(Order.price.floor(), Value[Decimal])
    assert_type(Order.age.sqrt(), Value[float])
    assert_type(Order.price.sqrt(), Value[Decimal])
    assert_type(Order.age.to_string(), Value[str])
    assert_type(Order.name.to_int() + 1, Value[int])
    assert_type(Order.name.to_date().month(), Value[int])
    assert_type(Order.tags.size(), Value[int])
    assert_type(Order.tags.size() * 2, Value[int])
    assert_type(Order.tags.first(), Value[str])
    assert_type(Order.codes.last(), Value[int])
    assert_type(Order.tags.at(0).upper(), Value[str])
    assert_type(Order.tags.slice(2), Value[list[str]])
    assert_type(Order.tags.reverse().first(), Value[str])
    assert_type(Order.tags.union(["x"]), Value[list[str]])
    assert_type(Order.nick.if_null("none"), Value[str])
    assert_type(Order.nick.if_null(Order.age), Value[str | int])
    assert_type(Order.name.upper() == "X", Predicate)
    Order.name.year()  # error
    Order.age.upper()  # error
    Order.name.abs()  # error
    Order.name.first()  # error
    Order.age.size()  # error
    Order.created.length()  # error
    Order.name.concat(3)  # error
    Order.created.date_diff("x", "day")  # error
    Order.age.round("x")  # error
    Order.tags.first().year()  # error
    Order.find(Order.created.year() > "x")  # error


def choices() -> None:
    assert_type(cond(Order.age >= 18, "adult", "child"), Value[str])
    assert_type(cond(Order.age >= 18, Order.name, "child"), Value[str])
    assert_type(cond(Order.age >= 18, "adult", Order.name.upper()), Value[str])
    assert_type(cond(Order.age >= 18, Order.age + 1, Order.maybe / 2), Value[int | float])
    assert_type(cond(Order.age >= 18, Order.name, Order.age), Value[str | int])
    assert_type(switch((Order.age < 13, "child"), (Order.age < 18, "youth"), default="adult"), Value[str])
    assert_type(switch((Order.age < 13, Order.age + 1), (Order.age < 18, Order.age), default=0), Value[int])
    assert_type(let(lambda total: total * total, total=Order.age), Value[Any])
    cond(Order.age >= 18, "adult", "child").year()  # error
    switch((Order.age < 13, "child"), default="adult").abs()  # error


def functions() -> None:
    assert_type(Order.tags.map(lambda tag: tag.upper()), Value[list[str]])
    assert_type(Order.tags.map(lambda tag: tag.length() + 1), Value[list[int]])
    assert_type(Order.codes.map(lambda code: code / 2), Value[list[float]])
    assert_type(Order.tags.map(lambda tag: tag.upper()).first(), Value[str])
    assert_type(Order.tags.map(lambda tag: tag == "x"), Value[list[bool]])
    assert_type(Order.tags.map(lambda _: 1), Value[list[int]])
    assert_type(Order.lines.map(lambda line: line.price * line.count), Value[list[Any]])
    assert_type(Order.tags.filter(lambda tag: tag.length() > 3), Value[list[str]])
    assert_type(Order.tags.filter(lambda tag: tag == "x").size(), Value[int])
    assert_type(Order.lines.reduce(0, lambda total, line: total + line.price), Value[Any])
    assert_type(map_(Order.tags, lambda tag: tag.upper()), Value[list[str]])
    assert_type(filter_(Order.tags, lambda tag: tag == "x"), Value[list[str]])
    assert_type(reduce_(Order.lines, 0, lambda total, line: total + line.price), Value[Any])
    Order.tags.map(lambda tag: tag.year())  # error
    Order.age.map(lambda each: each)  # error
    Order.name.filter(lambda each: each)  # error
    Order.tags.map(3)  # error
    Order.aggregate([Project(total=Order.lines.map(lambda line: line.price), sum=Sum(Order.age))])
