"""Stages, updates and geo queries in their Python forms, on a real server."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from bson import Timestamp
from pydantic import Field
from pymongo import GEOSPHERE, TEXT, MongoClient

import data_bridge as d
from data_bridge import Document, EmbeddedDocument, F, connect, fn, geo, variable
from data_bridge.embedded import Server
from data_bridge.errors import CompileError


class Item(EmbeddedDocument):
    name: str
    price: float


class Shop(Document):
    id: int = Field(alias="_id")
    city: str
    sales: int = 0
    flags: int = 0
    day: datetime.datetime = datetime.datetime(2024, 1, 1)
    seen: datetime.datetime | None = None
    stamp: Annotated[Any, "a timestamp"] = None
    tags: list[str] = []
    items: list[Item] = []
    scores: list[int] = []
    place: geo.Point | None = None
    boss: int | None = None

    class Settings:
        name = "shops"


def shops() -> list[dict[str, Any]]:
    return [
        {
            "_id": number,
            "city": "NYC" if number % 2 else "LA",
            "sales": number * 10,
            "flags": number,
            "day": datetime.datetime(2024, 1, 1 + number * 2),
            "tags": ["a", "b"],
            "items": [{"name": "x", "price": 1.0}, {"name": "y", "price": 9.0}],
            "scores": [1, 5, 9],
            "place": {"type": "Point", "coordinates": [number / 10, 0.0]},
            "boss": number - 1 if number else None,
        }
        for number in range(4)
    ]


@pytest.fixture
def plain(mongod: Server, database_name: str) -> Iterator[Any]:
    """The collection, as PyMongo sees it."""
    with connect(mongod.uri, database=database_name).run_sync(), MongoClient[dict[str, Any]](mongod.uri) as server:
        collection = server[database_name]["shops"]
        collection.insert_many(shops())
        collection.create_index([("place", GEOSPHERE)])
        collection.create_index([("city", TEXT)])
        yield collection
        server.drop_database(database_name)


def rows(*stages: Any) -> list[Any]:
    found: list[Any] = Shop.aggregate(list(stages)).to_list().run_sync()
    return found


STAGES: list[tuple[str, list[Any], Any]] = [
    ("Redact", [d.Redact(d.cond(Shop.sales > 15, variable("KEEP"), variable("PRUNE")))], lambda found: len(found) == 2),
    ("AddFields", [d.AddFields(double=Shop.sales * 2, text="$sales")], lambda found: found[1]["text"] == "$sales"),
    ("Facet", [d.Facet(n=[d.Count("n")], top=[d.Limit(1)])], lambda found: found[0]["n"] == [{"n": 4}]),
    ("ReplaceRoot", [d.ReplaceRoot({"a": Shop.sales})], lambda found: found[2] == {"a": 20}),
    ("ReplaceWith", [d.ReplaceWith(Shop.place)], lambda found: found[0]["type"] == "Point"),
    (
        "Bucket",
        [d.Bucket(Shop.sales, [0, 15], default="rest", n=d.Count(), top=d.Max(Shop.sales))],
        lambda found: found == [{"_id": 0, "n": 2, "top": 10}, {"_id": "rest", "n": 2, "top": 30}],
    ),
    (
        "BucketAuto",
        [d.BucketAuto(Shop.sales, 2, granularity="R5", names=d.Push([Shop.city]))],
        lambda found: len(found) == 2,
    ),
    ("SortByCount", [d.SortByCount(Shop.city)], lambda found: {row["count"] for row in found} == {2}),
    (
        "SetWindowFields",
        [
            d.SetWindowFields(
                partition_by=Shop.city,
                sort_by=Shop.day,
                total=d.Sum(Shop.sales).over(documents=("unbounded", "current")),
                week=d.Avg(Shop.sales).over(range=(-7, 0), unit="day"),
                place_in_order=d.Rank(),
                best=d.TopN(1, -Shop.sales, Shop.sales),
            ),
            d.Sort("_id"),
        ],
        lambda found: [row["total"] for row in found] == [0, 10, 20, 40] and found[3]["best"] == [30],
    ),
    (
        "Densify",
        [d.Densify(Shop.day, {"step": 1, "unit": "day", "bounds": "full"}), d.Count("n")],
        lambda found: found == [{"n": 7}],
    ),
    (
        "Fill",
        [
            d.Densify(Shop.sales, {"step": 5, "bounds": "full"}),
            d.Fill({"boss": "locf", "city": {"value": "$none"}, "flags": "linear"}, sort_by="sales"),
        ],
        lambda found: found[1]["city"] == "$none" and found[1]["flags"] == 0.5,
    ),
    (
        "Lookup",
        [d.Lookup(Shop, name="same", let={"here": Shop.city}, pipeline=[d.Match(d.Expr(F.city == variable("here")))])],
        lambda found: all(len(row["same"]) == 2 for row in found),
    ),
    (
        "GraphLookup",
        [
            d.Match(Shop.id == 3),
            d.GraphLookup(
                Shop, Shop.boss, Shop.boss, "_id", "chain", max_depth=5, restrict_search_with_match=Shop.sales > 5
            ),
        ],
        lambda found: len(found[0]["chain"]) == 2,
    ),
    ("UnionWith", [d.UnionWith(Shop, [d.Match(Shop.sales > 15)]), d.Count("n")], lambda found: found == [{"n": 6}]),
    (
        "GeoNear",
        [
            d.GeoNear(
                geo.Point(0, 0), distance_field="far", max_distance=20_000, query=Shop.city == "NYC", spherical=True
            )
        ],
        lambda found: [row["_id"] for row in found] == [1],
    ),
    ("Out", [d.Match(Shop.sales > 15), d.Out("copies")], lambda found: found == []),
    ("Merge", [d.Merge("copies", on="_id", when_matched=[d.Set(city="new")])], lambda found: found == []),
    ("IndexStats", [d.IndexStats()], lambda found: len(found) == 3),
    ("CollStats", [d.CollStats(count={})], lambda found: found[0]["count"] == 4),
    ("PlanCacheStats", [d.PlanCacheStats()], lambda found: isinstance(found, list)),
    ("Sample", [d.Sample(2)], lambda found: len(found) == 2),
]


@pytest.mark.parametrize(("name", "stages", "right"), STAGES, ids=[name for name, _, _ in STAGES])
def test_stages_do_what_they_say(plain: Any, name: str, stages: list[Any], right: Any) -> None:
    found = rows(*stages)
    assert right(found), found


UPDATES: list[tuple[Any, str, Any]] = [
    (Shop.scores.push(7), "scores", [1, 5, 9, 7]),
    (Shop.scores.push(each=[7, 3], position=0, slice=3, sort=-1), "scores", [9, 7, 5]),
    (d.Push({Shop.scores: d.Each([2], position=1)}), "scores", [1, 2, 5, 9]),
    (
        Shop.items.push(each=[Item(name="z", price=5)], sort={"price": -1}, slice=1),
        "items",
        [{"name": "y", "price": 9.0}],
    ),
    (Shop.tags.add_to_set(each=["a", "c"]), "tags", ["a", "b", "c"]),
    (Shop.scores.pull(5), "scores", [1, 9]),
    (Shop.scores.pull(lambda score: score > 4), "scores", [1]),
    (Shop.scores.pull(lambda score: ~(score > 4)), "scores", [5, 9]),
    (Shop.scores.pull(lambda score: ~(score > 5) & (score > 1)), "scores", [1, 9]),
    (Shop.items.pull(lambda item: ~(item.price > 5)), "items", [{"name": "y", "price": 9.0}]),
    (Shop.items.pull(lambda item: item.price > 5), "items", [{"name": "x", "price": 1.0}]),
    (Shop.scores.pull_all([1, 9]), "scores", [5]),
    (Shop.scores.pop(-1), "scores", [5, 9]),
    (Shop.flags.bit(or_=4), "flags", 5),
    (Shop.city.rename("town"), "town", "NYC"),
    (Shop.sales.mul(3), "sales", 30),
    (Shop.sales.max(99), "sales", 99),
    (Shop.scores["$[]"].inc(1), "scores", [2, 6, 10]),
    ([d.Set(sales=Shop.sales + fn.size(Shop.tags)), d.Unset(Shop.tags)], "sales", 12),
]


@pytest.mark.parametrize(("update", "field", "expected"), UPDATES, ids=str)
def test_updates_do_what_they_say(plain: Any, update: Any, field: str, expected: Any) -> None:
    Shop.find(Shop.id == 1).update(update).run_sync()
    assert plain.find_one({"_id": 1})[field] == expected


def test_positions_reach_elements(plain: Any) -> None:
    Shop.find(Shop.id == 1, Shop.scores == 5).update(Shop.scores["$"].set(50)).run_sync()
    assert plain.find_one({"_id": 1})["scores"] == [1, 50, 9]
    cheap = d.ArrayFilters(cheap=lambda item: item.price < 5, low=lambda score: score < 5)
    changes = (Shop.items["$[cheap]"].price.set(2.5), Shop.scores["$[low]"].set(0))
    Shop.find(Shop.id == 1).update(*changes, cheap).run_sync()
    found = plain.find_one({"_id": 1})
    assert [item["price"] for item in found["items"]] == [2.5, 9.0]
    assert found["scores"] == [0, 50, 9]


FILTERS = [{"low": {"$lt": 5}}]
LOW = Shop.scores["$[low]"].set(0)
FILTERED = [
    lambda: Shop.find(Shop.id == 1).update(LOW, array_filters=FILTERS),
    lambda: Shop.find(Shop.id == 1).update({"$set": {"scores.$[low]": 0}}, array_filters=FILTERS),
    lambda: Shop.find(Shop.id == 1).update_one(LOW, array_filters=FILTERS),
    lambda: Shop.find(Shop.id == 1).upsert(LOW, array_filters=FILTERS),
    lambda: Shop.find(Shop.id == 1).find_one_and_update(LOW, array_filters=FILTERS),
    lambda: Shop.update_all(LOW, array_filters=FILTERS),
    lambda: Shop.get(1).run_sync().update(LOW, array_filters=FILTERS),  # type: ignore[union-attr]
]


@pytest.mark.parametrize("write", FILTERED)
def test_array_filters_may_be_given_by_name(plain: Any, write: Any) -> None:
    write().run_sync()
    assert plain.find_one({"_id": 1})["scores"] == [0, 5, 9]


def test_what_only_an_insert_sets_is_a_document() -> None:
    with pytest.raises(TypeError, match="on_insert takes a document of Shop"):
        Shop.find(Shop.id == 1).upsert(Shop.sales.inc(5), on_insert={"city": "Rome"})  # type: ignore[arg-type]


def test_the_server_writes_its_time(plain: Any) -> None:
    Shop.find(Shop.id == 1).update(Shop.seen.current_date(), Shop.stamp.current_date("timestamp")).run_sync()
    found = plain.find_one({"_id": 1})
    assert isinstance(found["seen"], datetime.datetime)
    assert isinstance(found["stamp"], Timestamp)


def test_an_upsert_sets_on_insert(plain: Any) -> None:
    Shop.find(Shop.id == 77).upsert(Shop.sales.inc(5), Shop.city.set_on_insert("Rome")).run_sync()
    found = plain.find_one({"_id": 77})
    assert (found["city"], found["sales"]) == ("Rome", 5)


SQUARE = geo.Polygon([[[-0.05, -1], [0.25, -1], [0.25, 1], [-0.05, 1], [-0.05, -1]]])


@pytest.mark.parametrize(
    ("predicate", "ids"),
    [
        (Shop.place.within(SQUARE), [0, 1, 2]),
        (Shop.place.within(geo.Box((-1, -1), (0.15, 1))), [0, 1]),
        (Shop.place.within(geo.Circle((0, 0), 0.1)), [0, 1]),
        (Shop.place.within(geo.SphereCircle((0, 0), 0.0001)), [0]),
        (Shop.place.within(geo.FlatPolygon([(-1, -1), (0.15, -1), (0.15, 1), (-1, 1)])), [0, 1]),
        (Shop.place.intersects(SQUARE), [0, 1, 2]),
        (Shop.place.near(0, 0, max_distance=20_000), [0, 1]),
        (d.Near(Shop.place, geo.Point(0, 0), min_distance=10_000, max_distance=30_000), [1, 2]),
        (d.NearSphere(Shop.place, geo.Point(0, 0), max_distance=1), [0]),
        (d.Text("nyc"), [1, 3]),
        (d.JsonSchema({"properties": {"sales": {"minimum": 20}}}), [2, 3]),
        (d.Comment("why") & (Shop.sales > 15), [2, 3]),
        (d.SampleRate(1), [0, 1, 2, 3]),
        (d.Where("this.sales > 25", allow_javascript=True), [3]),
        (d.Expr(fn.gt(Shop.sales, Shop.flags * 9)), [1, 2, 3]),
        (Shop.flags.bits_any_set([0]), [1, 3]),
        (d.Nor(Shop.sales > 15, Shop.city == "LA"), [1]),
        (d.Mod(Shop.flags, 3, 0), [0, 3]),
        (Shop.day.year() == 2024, [0, 1, 2, 3]),
        (Shop.city.lower() == "nyc", [1, 3]),
        (Shop.sales - Shop.flags * 10 == 0, [0, 1, 2, 3]),
    ],
    ids=str,
)
def test_predicates_find_what_they_say(plain: Any, predicate: Any, ids: list[int]) -> None:
    found = Shop.find(predicate).to_list().run_sync()
    assert sorted(shop.id for shop in found) == ids


def test_stored_points_come_back_as_points(plain: Any) -> None:
    shop = Shop.get(1).run_sync()
    assert shop is not None
    assert shop.place == geo.Point(0.1, 0)


def test_what_the_server_lacks_is_refused_before_it_is_sent(plain: Any) -> None:
    with pytest.raises(CompileError, match=r"\$median needs MongoDB 7.0 or later; the server is 6.0.5"):
        rows(d.Project(x=fn.median(Shop.scores)))
    with pytest.raises(CompileError, match=r"\$listSearchIndexes needs MongoDB 7.0"):
        rows(d.ListSearchIndexes())
