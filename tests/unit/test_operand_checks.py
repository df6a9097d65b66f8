"""What operators are given is looked at before anything is sent: in Python's forms and in dicts alike."""

from __future__ import annotations

from typing import Any

import pytest

import data_bridge as db
from data_bridge import Document, EmbeddedDocument, Link, fn, lang
from data_bridge.errors import CompileError
from data_bridge.ir import parse_update
from data_bridge.update import merge_updates


class Line(EmbeddedDocument):
    price: float
    count: int = 1
    labels: list[str] = []


class Seller(Document):
    name: str


class Order(Document):
    title: str
    total: int
    tags: list[str] = []
    lines: list[Line] = []
    first: Line | None = None
    place: Any = None
    seller: Link[Seller] | None = None


def polygon(*ring: list[float]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [list(ring)]}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (lambda: Order.find(Order.title.mod(2, 1)), "only a number leaves a remainder: 'title' is string"),
        (lambda: Order.find({"title": {"$mod": [2, 1]}}), "only a number leaves a remainder: 'title' is string"),
        (lambda: Order.find(Order.title.bits_all_set(1)), "only whole numbers and bytes have bits: 'title' is string"),
        (lambda: Order.find({"title": {"$bitsAnyClear": [1]}}), "only whole numbers and bytes have bits"),
        (lambda: Order.find({"total": {"$size": 1}}), "only a list has a size: 'total' is int"),
        (lambda: Order.find(Order.tags.size(-1)), "no list has -1 elements"),
        (lambda: Order.find({"total": {"$regex": "x"}}), "a pattern is matched by text: 'total' is int"),
        (lambda: Order.find(Order.title.regex("x", "iz")), "'z' is no option of a pattern"),
        (lambda: Order.find(Order.title.type_("text")), "'text' is no type of BSON"),
        (lambda: Order.find({"title": {"$type": "text"}}), "'text' is no type of BSON"),
        (lambda: Order.find(Order.title.type_(99)), "99 is no type of BSON"),
        (lambda: Order.find(Order.place.within({"type": "Point", "coordinates": [1, 2]})), "takes a Polygon"),
        (lambda: Order.find({"place": {"$geoWithin": {"$geometry": polygon([0, 0], [1, 1])}}}), "a ring has four"),
        (
            lambda: Order.find({"place": {"$geoIntersects": {"$geometry": polygon([0, 0], [0, 1], [1, 1], [1, 0])}}}),
            "a ring ends where it begins",
        ),
        (
            lambda: Order.find({"place": {"$near": {"$geometry": {"type": "Point", "coordinates": [200, 1]}}}}),
            "is no place",
        ),
        (
            lambda: Order.find({"place": {"$geoIntersects": {"$geometry": {"type": "Pont", "coordinates": [1, 1]}}}}),
            "'Pont' is no geometry",
        ),
    ],
)
def test_filters(query: Any, told: str) -> None:
    with pytest.raises(CompileError) as raised:
        query().plan()
    assert told in str(raised.value)


@pytest.mark.parametrize("number", [1, 2, 16, 18, -1, 127])
def test_types_have_numbers(number: int) -> None:
    [command] = Order.find(Order.place.type_(number)).plan().commands
    assert isinstance(command["filter"]["place"]["$type"], str)


@pytest.mark.parametrize(
    ("update", "told"),
    [
        (lambda: Order.first.set({"price": "x"}), "Line.price is double, not 'x'"),
        (lambda: Order.first.set({"prize": 1}), "Line has no field 'prize'"),
        (lambda: Order.first.set({"price": None}), "Line.price cannot be None"),
        (lambda: Order.first.set({"price": 1, "labels": [1]}), "Line.labels is array<string>, not [1]"),
        (lambda: Order.lines.set([{"price": 1}, {"price": "x"}]), "Line.price is double, not 'x'"),
        (lambda: Order.lines.push({"price": "x"}), "Line.price is double, not 'x'"),
        (lambda: Order.lines.push(each=[{"cost": 1}]), "Line has no field 'cost'"),
        (lambda: {"$addToSet": {"lines": {"price": []}}}, "Line.price is double, not []"),
    ],
)
def test_documents_are_those_of_their_class(update: Any, told: str) -> None:
    with pytest.raises(CompileError) as raised:
        merge_updates([update()], Order.schema())
    assert told in str(raised.value)


def test_documents_that_fit_are_taken() -> None:
    for good in ({"price": 1}, {"price": 1.5, "count": 2, "labels": ["a"]}, Line(price=1), None):
        merge_updates([Order.first.set(good)], Order.schema())


@pytest.mark.parametrize(
    ("update", "told"),
    [
        (Order.lines["$[big]"].count.inc(1), "'lines.$[big].count' needs an array filter called 'big'"),
        ({"$inc": {"lines.$[big].count": 1}}, "'lines.$[big].count' needs an array filter called 'big'"),
        (Order.seller.name.set("x"), "'seller.name' is a field of a linked document, which is updated by itself"),
    ],
)
def test_updates_that_no_server_takes(update: Any, told: str) -> None:
    for terminal in ("update", "find_one_and_update"):
        with pytest.raises(CompileError) as raised:
            lang.Statement(Order.find(), terminal, (update,)).plan()
        assert told in str(raised.value)


def test_documents_in_updates_are_printed_as_they_are_sent() -> None:
    update = merge_updates([Order.lines.push(each=[Line(price=1)])], Order.schema())
    written = {"$push": {"lines": {"$each": [{"price": 1.0, "count": 1, "labels": []}]}}}
    assert update.to_mql() == written
    assert parse_update(written).to_mql() == written


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        ([db.Limit(3), db.GeoNear([1, 2])], "$geoNear is the first stage of a pipeline"),
        ([db.Out("x"), db.Limit(3)], "$out is the last stage of a pipeline"),
        ([{"$merge": "x"}, {"$limit": 3}], "$merge is the last stage of a pipeline"),
        ([db.Facet(a=[db.Out("x")])], "$out ends the whole pipeline, and no pipeline inside a stage"),
        ([db.Lookup("x", name="y", pipeline=[db.Merge("z")])], "$merge ends the whole pipeline"),
        ([db.UnionWith("x", [db.Limit(1), db.Documents([])])], "$documents is the first stage of a pipeline"),
    ],
)
def test_stages_stand_where_the_server_takes_them(stages: Any, told: str) -> None:
    with pytest.raises(CompileError) as raised:
        Order.aggregate(stages, allow_writing=True).plan()
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("stage", "told", "hint"),
    [
        (lambda: db.Group(x=db.Sum("$total")), "'$total' is a constant text", "write Sum(User.total)"),
        (lambda: db.Group(x=db.Max("total")), "'total' is a constant text", "write Max(User.total)"),
        (
            lambda: db.Group(x=db.TopN(2, "-total", "$title")),
            "'$title' is a constant text",
            "TopN(output=User.title, ...)",
        ),
        (lambda: db.Group("title", n=db.Count()), "'title' is a constant text", "write Group(by=User.title)"),
        (lambda: db.Group({"a": "$title"}), "'$title' is a constant text", "write Group(by=User.title)"),
        (lambda: db.SortByCount("$title"), "'$title' is a constant text", "write SortByCount(User.title)"),
        (lambda: db.Bucket("total", [1, 2]), "'total' is a constant text", "write Bucket(by=User.total, ...)"),
        (
            lambda: db.SetWindowFields(partition_by="$title", n=db.Count()),
            "'$title' is a constant text",
            "partition_by=User.title",
        ),
        (lambda: db.Group(x=db.Sum(Order.title)), "$sum takes a number as 'of': title is string", None),
        (
            lambda: db.Group(x=db.Sum(Order.tags)),
            "$sum takes a number as 'of': tags is array<string>",
            "Unwind the list",
        ),
        (lambda: db.Group(x=db.Sum(Order.lines.price)), "lines.price is array<double>", "Unwind the list first"),
        (lambda: db.Group(x=db.Avg(Order.lines.price)), "lines.price is array<double>", "Unwind the list first"),
        (lambda: {"$group": {"_id": None, "x": {"$sum": "total"}}}, '"total" is string', "the field is Order.total"),
        (lambda: db.Set(x=fn.subtract("$total", 1)), '"$total" is string', "the field is Order.total"),
    ],
)
def test_what_is_computed_of_documents_is_a_field_and_no_constant_text(stage: Any, told: str, hint: str | None) -> None:
    with pytest.raises(CompileError) as raised:
        Order.aggregate([stage()]).plan()
    assert told in str(raised.value)
    assert (raised.value.hint is None) if hint is None else hint in str(raised.value.hint)


def test_texts_that_are_meant_are_literals() -> None:
    made = [db.Group(by={"of": Order.title, "label": "all"}, x=db.First(fn.literal("$total")), n=db.Sum(1))]
    [command] = Order.aggregate(made).plan().commands
    assert command["pipeline"][0]["$group"]["x"] == {"$first": {"$literal": "$total"}}
    lines = db.Sum(fn.sum(Order.lines.price))
    [command] = Order.aggregate([db.Group(total=lines)]).plan().commands
    assert command["pipeline"][0]["$group"]["total"] == {"$sum": {"$sum": ["$lines.price"]}}


def test_plans_are_for_a_server() -> None:
    query = Order.aggregate([db.Set(x=fn.median(Order.tags.size(), method="approximate"))])
    query.plan(server="7.0")
    for ask in (query.plan, lang.Statement(query, "to_list").plan):
        with pytest.raises(CompileError, match=r"\$median needs MongoDB 7.0 or later; the server is 6.0"):
            ask(server="6.0")
