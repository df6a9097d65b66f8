"""Queries as users write them, each with the pipeline or filter that one would write by hand for PyMongo."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from data_bridge import Document, EmbeddedDocument, Indexed
from data_bridge.pipeline import (
    Avg,
    Count,
    F,
    Facet,
    Group,
    Limit,
    Lookup,
    Match,
    Project,
    Push,
    Set,
    Skip,
    Sort,
    Sum,
    UnionWith,
    Unwind,
)
from data_bridge.predicates import Expr

START = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
CUSTOMERS = 2_000
STATES = ("new", "paid", "sent", "done")
#: One of so many orders is an old one.
OLD = 10


class Item(EmbeddedDocument):
    sku: int
    price: Annotated[int, Indexed()]
    count: int


class Customer(Document):
    id: int
    name: str
    country: str

    class Settings:
        name = "customers"


class Order(Document):
    """Read with what is declared taken as true of what is stored: so it was made."""

    id: int
    number: Annotated[int, Indexed(unique=True)]
    customer: Annotated[int, Indexed()]
    state: Annotated[Literal["new", "paid", "sent", "done"], Indexed()]
    total: Annotated[int, Indexed()]
    placed: datetime.datetime
    items: list[Item]
    tags: list[str] = []
    note: str | None = None

    class Settings:
        name = "orders"
        trust_schema = True


class OldOrder(Order):
    class Settings:
        name = "old_orders"
        trust_schema = True


def customers() -> Iterator[dict[str, Any]]:
    for number in range(CUSTOMERS):
        yield {"_id": number, "name": f"Customer {number}", "country": f"C{number % 40}"}


def order(number: int) -> dict[str, Any]:
    """The order of that number; tags and notes are missing in some."""
    items = [
        {"sku": (number * 31 + place * 7) % 5_000, "price": (number * 17 + place) % 900, "count": 1 + place}
        for place in range(number % 4)
    ]
    found = {
        "_id": number,
        "number": number,
        "customer": number * 7919 % CUSTOMERS,
        "state": STATES[number % 4],
        "total": sum(item["price"] * item["count"] for item in items),
        "placed": START + datetime.timedelta(minutes=number),
        "items": items,
    }
    if number % 3:
        found["tags"] = [f"t{number % 11}", f"t{number % 13}"]
    if number % 5 == 0:
        found["note"] = None if number % 2 else f"note {number}"
    return found


@dataclass(frozen=True)
class Written:
    """One query of the corpus.

    Attributes:
        name: what it asks, as a table shows it.
        query: with the library.
        by_hand: the command of PyMongo's that one would write for it.
        terminal: what the query is asked for.
    """

    name: str
    query: Any
    by_hand: dict[str, Any]
    terminal: str = "aggregate"


def _stages(collection: str, *stages: dict[str, Any]) -> dict[str, Any]:
    return {"aggregate": collection, "pipeline": list(stages), "cursor": {}}


def _lookup(**more: Any) -> Lookup:
    return Lookup(Customer, local="customer", foreign="_id", name="buyer", **more)


LOOKUP = {"$lookup": {"from": "customers", "localField": "customer", "foreignField": "_id", "as": "buyer"}}


def orders() -> list[Written]:
    """Of the synthetic orders."""
    either = (Order.total == 5) | (Order.total == 7) | (Order.total == 5)
    paid = {"$match": {"state": "paid"}}
    return [
        Written(
            "one of several values, said as alternatives",
            Order.find(either),
            {"find": "orders", "filter": {"$or": [{"total": 5}, {"total": 7}, {"total": 5}]}},
            "find",
        ),
        Written(
            "a contradiction",
            Order.find(Order.total > 900, Order.total < 100),
            {"find": "orders", "filter": {"$and": [{"total": {"$gt": 900}}, {"total": {"$lt": 100}}]}},
            "find",
        ),
        Written(
            "not beyond a bound",
            Order.find(~(Order.total > 10), Order.state != "new"),
            {"find": "orders", "filter": {"total": {"$not": {"$gt": 10}}, "state": {"$ne": "new"}}},
            "find",
        ),
        Written(
            "a computed comparison with a constant",
            Order.find(Expr(Order.total > 5_300)),
            {"find": "orders", "filter": {"$expr": {"$gt": ["$total", 5_300]}}},
            "find",
        ),
        Written(
            "a test that nothing can fail",
            Order.find(Order.total > 5_300, Order.number.exists(), Order.state != None),  # noqa: E711
            {
                "find": "orders",
                "filter": {"total": {"$gt": 5_300}, "number": {"$exists": True}, "state": {"$ne": None}},
            },
            "find",
        ),
        Written(
            "the order of one document",
            Order.find(Order.number == 4_711).sort(-Order.total),
            {"find": "orders", "filter": {"number": 4_711}, "sort": {"total": -1}},
            "find",
        ),
        Written(
            "a count of sorted, joined rows",
            Order.aggregate([_lookup(), Sort(-Order.total), Match(Order.total > 5_000)]),
            _stages("orders", LOOKUP, {"$sort": {"total": -1}}, {"$match": {"total": {"$gt": 5_000}}}, {"$count": "n"}),
            "count",
        ),
        Written(
            "ten of many, joined first",
            Order.aggregate([Sort(-Order.total, Order.number), _lookup(), Limit(10)]),
            _stages("orders", {"$sort": {"total": -1, "number": 1}}, LOOKUP, {"$limit": 10}),
        ),
        Written(
            "a join that nobody reads",
            Order.aggregate([_lookup(), Group(Order.state, n=Count())]),
            _stages("orders", LOOKUP, {"$group": {"_id": "$state", "n": {"$sum": 1}}}),
        ),
        Written(
            "a filter behind a join",
            Order.aggregate([_lookup(pipeline=[Match(F.country == "C3")]), Match(Order.total > 5_300)]),
            _stages(
                "orders",
                {"$lookup": {**LOOKUP["$lookup"], "pipeline": [{"$match": {"country": "C3"}}]}},
                {"$match": {"total": {"$gt": 5_300}}},
            ),
        ),
        Written(
            "elements of a list",
            Order.aggregate([Unwind(Order.items), Match(F["items.price"] == 899), Project(F["items.sku"])]),
            _stages("orders", {"$unwind": "$items"}, {"$match": {"items.price": 899}}, {"$project": {"items.sku": 1}}),
        ),
        Written(
            "groups by a key that is filtered later",
            Order.aggregate([Group(Order.customer, n=Sum(Order.total)), Match(F["_id"] == 42)]),
            _stages("orders", {"$group": {"_id": "$customer", "n": {"$sum": "$total"}}}, {"$match": {"_id": 42}}),
        ),
        Written(
            "groups of which one output is shown",
            Order.aggregate([Group(Order.customer, n=Count(), all=Push(Order.number)), Project(F.n)]),
            _stages(
                "orders",
                {"$group": {"_id": "$customer", "n": {"$sum": 1}, "all": {"$push": "$number"}}},
                {"$project": {"n": 1}},
            ),
        ),
        Written(
            "fields computed for nobody",
            Order.aggregate(
                [Set({"double": Order.total * 2, "half": Order.total / 2}), Group(Order.state, n=Avg(F.half))]
            ),
            _stages(
                "orders",
                {"$set": {"double": {"$multiply": ["$total", 2]}, "half": {"$divide": ["$total", 2]}}},
                {"$group": {"_id": "$state", "n": {"$avg": "$half"}}},
            ),
        ),
        Written(
            "a filter behind a union",
            Order.aggregate([UnionWith(OldOrder), Match(Order.total > 5_300)]),
            _stages("orders", {"$unionWith": "old_orders"}, {"$match": {"total": {"$gt": 5_300}}}),
        ),
        Written(
            "ten of a union",
            Order.aggregate([UnionWith(OldOrder, [Match(F.state == "done")]), Limit(10)]),
            _stages(
                "orders",
                {"$unionWith": {"coll": "old_orders", "pipeline": [{"$match": {"state": "done"}}]}},
                {"$limit": 10},
            ),
        ),
        Written(
            "outputs that begin alike",
            Order.aggregate(
                [
                    Facet(
                        n=[Match(Order.state == "paid"), Count("n")],
                        top=[Match(Order.state == "paid"), Sort(-Order.total, Order.number), Limit(3)],
                    )
                ]
            ),
            _stages(
                "orders",
                {
                    "$facet": {
                        "n": [paid, {"$count": "n"}],
                        "top": [paid, {"$sort": {"total": -1, "number": 1}}, {"$limit": 3}],
                    }
                },
            ),
        ),
        Written(
            "a page, cut twice",
            Order.aggregate([Sort(Order.number), Set({"double": Order.total * 2}), Limit(1_000), Skip(20), Limit(10)]),
            _stages(
                "orders",
                {"$sort": {"number": 1}},
                {"$set": {"double": {"$multiply": ["$total", 2]}}},
                {"$limit": 1_000},
                {"$skip": 20},
                {"$limit": 10},
            ),
        ),
    ]


def cities(city: type[Document]) -> list[Written]:
    """Of the cities of the example, about which nothing is known but what is declared."""
    named: Any = city
    return [
        Written(
            "cities: sorted, then filtered by what was kept",
            named.aggregate(
                [Sort(-named.population), Project(named.name, named.population), Match(named.population > 9_000_000)]
            ),
            _stages(
                "cities",
                {"$sort": {"population": -1}},
                {"$project": {"name": 1, "population": 1}},
                {"$match": {"population": {"$gt": 9_000_000}}},
            ),
        ),
        Written(
            "cities: the same asked in every alternative",
            named.find(
                ((named.population > 5_000_000) & (named.name == "Paris"))
                | ((named.population > 5_000_000) & named.name.startswith("San "))
            ),
            {
                "find": "cities",
                "filter": {
                    "$or": [
                        {"population": {"$gt": 5_000_000}, "name": "Paris"},
                        {"population": {"$gt": 5_000_000}, "name": {"$regex": "^San "}},
                    ]
                },
            },
            "find",
        ),
    ]
