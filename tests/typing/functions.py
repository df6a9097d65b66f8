"""Judged by mypy and pyright as it stands: a line marked `# error` must be refused, every other one accepted."""

from datetime import datetime
from decimal import Decimal
from typing import Any, assert_type

from data_bridge import Avg, Document, F, Group, Mapped, Predicate, Sum, Value, fn, mapped


class Sale(Document):
    name: Mapped[str]
    age: Mapped[int]
    height: Mapped[float] = mapped(0.0)
    price: Mapped[Decimal] = mapped(Decimal(0))
    created: Mapped[datetime] = mapped(datetime.min)
    tags: Mapped[list[str]] = mapped(default_factory=list)
    many: int = 0
    made: datetime = datetime.min
    label: str | None = None
    texts: list[str] = []


def results() -> None:
    assert_type(fn.abs(Sale.age), Value[int])
    assert_type(fn.abs(-2.5), Value[float])
    assert_type(fn.abs(Sale.many), Value[int])
    assert_type(fn.abs(Sale.price), Value[Decimal])
    assert_type(fn.add(Sale.age, 1), Value[int])
    assert_type(fn.add(Sale.age, 1.5), Value[float])
    assert_type(fn.add(Sale.price, Sale.age), Value[Decimal])
    assert_type(fn.add(Sale.created, 1000), Value[datetime])
    assert_type(fn.subtract(Sale.created, Sale.created), Value[int])
    assert_type(fn.subtract(Sale.created, 1000), Value[datetime])
    assert_type(fn.multiply(Sale.age, Sale.height), Value[float])
    assert_type(fn.divide(Sale.age, 2), Value[float])
    assert_type(fn.mod(Sale.age, 2), Value[int])
    assert_type(fn.pow(Sale.age, 2), Value[float])
    assert_type(fn.sin(Sale.height), Value[float])
    assert_type(fn.bit_and(Sale.age, 3), Value[int])
    assert_type(fn.round(Sale.height, 2), Value[float])
    assert_type(fn.eq(Sale.age, 2), Value[bool])
    assert_type(fn.and_(Sale.age > 2, Sale.name), Value[bool])
    assert_type(fn.cmp(Sale.age, Sale.name), Value[int])
    assert_type(fn.to_upper(Sale.name), Value[str])
    assert_type(fn.to_upper(Sale.label), Value[str])
    assert_type(fn.concat(Sale.name, "x", Sale.label), Value[str])
    assert_type(fn.split(Sale.name, ","), Value[list[str]])
    assert_type(fn.str_len_cp(Sale.name) + 1, Value[int])
    assert_type(fn.year(Sale.created), Value[int])
    assert_type(fn.year(Sale.made), Value[int])
    assert_type(fn.date_trunc(Sale.created, unit="day"), Value[datetime])
    assert_type(fn.first(Sale.tags), Value[str])
    assert_type(fn.first(Sale.texts), Value[str])
    assert_type(fn.size(Sale.tags), Value[int])
    assert_type(fn.range(0, 3), Value[list[int]])
    assert_type(fn.reverse_array(Sale.tags), Value[list[str]])
    assert_type(fn.set_union(Sale.tags, Sale.texts), Value[list[str]])
    assert_type(fn.in_("x", Sale.tags), Value[bool])
    assert_type(fn.literal("$x"), Value[str])
    assert_type(fn.to_int(Sale.name), Value[int])
    assert_type(fn.to_object(Sale.name), Value[dict[str, Any]])
    assert_type(fn.max(Sale.age, Sale.name), Value[Any])
    assert_type(fn.abs(Sale.age).round(2), Value[int])
    assert_type(fn.cond(Sale.age > 3, Sale.name, "x"), Value[str])
    assert_type(fn.size(Sale.tags) > 3, Predicate)
    fn.abs(F.any)
    Group(by=fn.year(Sale.created), total=Sum(Sale.price), mean=Avg(F.made))


def mistakes(sale: Sale) -> None:
    fn.date_trunc(sale.name, unit="day")  # error
    fn.date_trunc(Sale.name, unit="day")  # error
    fn.abs(Sale.age, unit="day")  # error
    fn.abs(Sale.name)  # error
    fn.abs("x")  # error
    fn.add(Sale.age, Sale.name)  # error
    fn.to_upper(Sale.tags)  # error
    fn.concat(Sale.name, Sale.age)  # error
    fn.year(Sale.age)  # error
    fn.first(Sale.age)  # error
    fn.size(Sale.name)  # error
    fn.split(Sale.created, ",")  # error
    fn.range("a", 3)  # error
    fn.year(Sale.created).upper()  # error
    fn.to_upper(Sale.name) + 1  # error
    Avg(Sale.name)  # error
