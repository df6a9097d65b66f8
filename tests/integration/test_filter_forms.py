"""Filters in all their forms, on a real server, and what none of them can mean."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from data_bridge import Document, EmbeddedDocument, Expr, JsonSchema, Text, Where, connect, fn, geo, ir, lang
from data_bridge.embedded import Server
from data_bridge.errors import CompileError

AREA = geo.Polygon([[[0, 40], [10, 40], [10, 50], [0, 50], [0, 40]]])


class Part(EmbeddedDocument):
    name: str
    price: float
    count: int = 1


class Thing(Document):
    number: int
    name: str
    tags: list[str] = []
    parts: list[Part] = []
    place: geo.Point | None = None
    pair: list[float] = []
    day: datetime.datetime | None = None

    class Settings:
        name = "things"
        indexes = [[("place", "2dsphere")], [("name", "text")]]


@pytest.fixture
async def things(mongod: Server, database_name: str) -> Any:
    async with await connect(mongod.uri, database=database_name):
        await Thing.sync_indexes()
        parts = [Part(name="p", price=2.5), Part(name="q", price=7, count=2)]
        await Thing.insert_many(
            [
                Thing(number=1, name="red", tags=["a", "b"], parts=parts, place=geo.Point(2, 48), pair=[2, 48]),
                Thing(number=2, name="blue", tags=["b"]),
            ]
        )
        yield


@pytest.mark.parametrize(
    ("predicate", "met"),
    [
        (Where("this.number > 1", allow_javascript=True), [2]),
        (Text("red"), [1]),
        (JsonSchema({"properties": {"tags": {"bsonType": "array", "minItems": 2}}}), [1]),
    ],
    ids=["where", "text", "json_schema"],
)
async def test_what_only_filters_know_is_sorted_and_cut_too(things: Any, predicate: Any, met: list[int]) -> None:
    for optimized in (False, True):
        query = Thing.find(predicate).sort(Thing.number).limit(5).optimize(optimized)
        assert [each.number for each in await query] == met
        assert "find" in query.plan().commands[0]
        assert await query.count() == len(met)


ALL = [
    ({"tags": {"$all": [{"$elemMatch": {"$gt": "a"}}, {"$elemMatch": {"$lt": "b"}}]}}, [1]),
    ({"parts": {"$all": [{"$elemMatch": {"name": "p", "price": 2.5}}, {"$elemMatch": {"count": 2}}]}}, [1]),
    ({"parts": {"$all": [{"$elemMatch": {"name": "p", "price": 7}}]}}, []),
]


@pytest.mark.parametrize(("filter", "met"), ALL, ids=lambda each: str(each))
async def test_all_of_elem_matches(things: Any, filter: dict[str, Any], met: list[int]) -> None:
    assert ir.parse_filter(filter).to_mql() == filter
    query = Thing.find(filter)
    assert [each.number for each in await query] == met
    assert lang.parse(str(query), [Thing]) == query


def test_all_of_elem_matches_is_checked() -> None:
    with pytest.raises(CompileError, match="Part has no field 'prce'") as caught:
        Thing.find({"parts": {"$all": [{"$elemMatch": {"name": "p"}}, {"$elemMatch": {"prce": 3}}]}})
    assert caught.value.path == "parts.$all.1.$elemMatch.prce"
    with pytest.raises(CompileError, match="no mixture") as caught:
        ir.parse_filter({"tags": {"$all": [{"$elemMatch": {"$gt": "a"}}, "a"]}})
    assert caught.value.path == "tags.$all.1"


async def test_dicts_of_elements_are_of_their_class(things: Any) -> None:
    query = Thing.find(Thing.parts.elem_match({"name": "q", "price": {"$gt": 3}}))
    assert [each.number for each in await query] == [1]
    assert lang.parse(str(query), [Thing]) == query
    with pytest.raises(CompileError, match="did you mean 'price'"):
        Thing.parts.elem_match({"prce": 3})


#: What every element of a list meets.
ALWAYS: list[Callable[[], Any]] = [
    lambda: Thing.tags.any(lambda tag: tag.not_in([])),
    lambda: Thing.tags.any(lambda tag: ~tag.in_([])),
    lambda: Thing.tags.any(lambda tag: tag.not_in([]) & tag.exists()),
    lambda: Thing.tags.any(lambda _: True),
    lambda: Thing.parts.any(lambda part: part.name.not_in([])),
    lambda: Thing.parts.any(lambda _: True),
]


@pytest.mark.parametrize("predicate", ALWAYS)
async def test_what_every_element_meets_is_met_where_there_is_one(things: Any, predicate: Callable[[], Any]) -> None:
    await Thing(number=3, name="empty").insert()
    some = [1] if "parts" in str(predicate()) else [1, 2]
    for optimized in (False, True):
        for test, met in ((predicate(), some), (~predicate(), [number for number in (1, 2, 3) if number not in some])):
            query = Thing.find(test).sort(Thing.number).optimize(optimized)
            assert [each.number for each in await query] == met
            assert await query.count() == len(met)


async def test_alternatives_that_every_element_meets(things: Any) -> None:
    one_or_not = Thing.pair.any(lambda number: number.in_([1.0, 0.0]) | (number != 1.0))
    assert [each.number for each in await Thing.find(one_or_not)] == [1]


async def test_near_takes_points_too(things: Any) -> None:
    near = geo.Point(2.001, 48)
    for predicate in (
        Thing.place.near(near, max_distance=1000),
        Thing.place.near(2.001, 48, 1000),
        Thing.place.near({"type": "Point", "coordinates": [2.001, 48]}, max_distance=1000),  # type: ignore[call-overload]
    ):
        assert [each.number for each in await Thing.find(predicate)] == [1]
    assert [each.number for each in await Thing.find(Thing.pair.within(geo.Box([0, 40], [5, 50])))] == [1]
    with pytest.raises(TypeError, match="a longitude and a latitude"):
        Thing.place.near(2)  # type: ignore[call-overload]


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: Thing.number.within(AREA), "only a geometry or a pair of numbers has a place: 'number' is int"),
    (lambda: Thing.name.intersects(AREA), "'name' is string"),
    (lambda: Thing.day.near(2, 48), "'day' is date"),
    (lambda: {"number": {"$geoWithin": {"$geometry": AREA.model_dump()}}}, "'number' is int"),
    (lambda: Thing.tags.size("x"), "a size is a whole number, not 'x'"),
    (lambda: Thing.parts.any(lambda part: part.price * part.count > 3), "fn.any_element_true"),
    (lambda: Expr({"$gt": ["$number", 3]}), "is data, and as such always true"),
    (lambda: Expr([1]), "is data, and as such always true"),
]


@pytest.mark.parametrize(("predicate", "said"), REFUSED, ids=[each[1] for each in REFUSED])
def test_what_cannot_be_meant(predicate: Callable[[], Any], said: str) -> None:
    with pytest.raises(CompileError) as caught:
        Thing.find(predicate()).plan()
    assert said in str(caught.value)


async def test_what_the_error_says_to_write_works(things: Any) -> None:
    some = fn.any_element_true(Thing.parts.map(lambda part: part.price * part.count > 13))
    assert [each.number for each in await Thing.find(Expr(some))] == [1]
