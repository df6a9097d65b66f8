"""Updates of lists name only fields that the elements have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from data_bridge import ArrayFilters, Document, EmbeddedDocument, F, ir
from data_bridge.errors import CompileError
from data_bridge.schema import schema_of


class Size(EmbeddedDocument):
    width: int


class Item(EmbeddedDocument):
    name: str
    price: float
    size: Size | None = None


class Open(EmbeddedDocument, extra="allow"):
    name: str


class Box(Document):
    items: list[Item] = []
    tags: list[str] = []
    loose: list[dict[str, Any]] = []
    opens: list[Open] = []
    maybe: list[Item | None] | None = None
    any_: list[Any] = []
    grid: list[list[int]] = []
    by_name: dict[str, int] = {}


PRICE = ("Item has no field 'prce'", "did you mean 'price'?")
WRONG: list[tuple[Callable[[], Any], tuple[str, ...], str]] = [
    (lambda: Box.items.push(each=[], sort={"prce": 1}), PRICE, "items.prce"),
    (lambda: Box.items.push(each=[], sort="-prce"), PRICE, "items.prce"),
    (lambda: Box.maybe.push(each=[], sort=-F.prce), PRICE, "maybe.prce"),
    (lambda: Box.items.push(each=[], sort={"size.widht": 1}), ("Size has no field 'widht'",), "items.size.widht"),
    (lambda: Box.items.push(each=[], sort=-Box.items.price), ("Item has no field 'items'",), "items.items.price"),
    (lambda: Box.tags.push(each=[], sort={"x": 1}), ("which has no fields such as 'x'",), "tags.x"),
    (lambda: {"$push": {"items": {"$each": [], "$sort": {"prce": 1}}}}, PRICE, "$push.items.$sort.prce"),
    (lambda: Box.items.pull({"prce": 3}), PRICE, "items.prce"),
    (lambda: Box.items.pull({"$or": [{"price": 1}, {"prce": {"$gt": 3}}]}), PRICE, "items.$or.1.prce"),
    (lambda: Box.items.pull({"price": "x"}), ("cannot be compared with 'x'",), "price"),
    (lambda: Box.items.pull({"price": {"$gte": "x"}}), ("cannot be compared with 'x'",), "price"),
    (lambda: Box.tags.pull({"$gt": 3}), ("cannot be compared with 3",), ""),
    (lambda: Box.tags.pull({"$grt": "a"}), ("did you mean '$gt'",), "tags.$grt"),
    (lambda: Box.items.pull(lambda item: item.prce > 3), PRICE, "prce"),
    (lambda: {"$pull": {"items": {"prce": 3}}}, PRICE, "$pull.items.prce"),
    (lambda: {"$pull": {"tags": {"$in": "a"}}}, ("takes a list",), "$pull.tags.$in"),
]


@pytest.mark.parametrize(("update", "said", "path"), WRONG)
def test_slips_are_told(update: Callable[[], Any], said: tuple[str, ...], path: str) -> None:
    with pytest.raises(CompileError) as caught:
        Box.find().update(update())
    assert all(each in str(caught.value) for each in said), caught.value
    assert caught.value.path == path


MISFITS: list[tuple[Callable[[], Any], str]] = [
    (lambda: Box.tags.set(["a", 3]), "takes a value of type array<string>"),
    (lambda: Box.tags.set(["a", None]), "takes a value of type array<string>"),
    (lambda: Box.grid.set([[1], ["x"]]), "takes a value of type array<array<int>>"),
    (lambda: Box.grid.push([1, "x"]), "adds elements of type array<int>"),
    (lambda: Box.by_name.set({"a": 1, "b": "x"}), "takes a value of type map<int>"),
    (lambda: Box.items.set([{"name": "a"}]), "Item needs 'price'"),
    (lambda: Box.items.push({"name": "a"}), "Item needs 'price'"),
    (lambda: Box.items[0]["size"].set({}), "Size needs 'width'"),
    (lambda: {"$set": {"tags": ["a", 3]}}, "takes a value of type array<string>"),
    (lambda: {"$push": {"items": {"$each": [{"price": 3}]}}}, "Item needs 'name'"),
    (lambda: Box.items.pull(lambda item: item.price * 2 > 3), "keep the others by a pipeline"),
]


@pytest.mark.parametrize(("update", "said"), MISFITS, ids=[each[1] for each in MISFITS])
def test_every_element_is_of_its_type(update: Callable[[], Any], said: str) -> None:
    with pytest.raises(CompileError) as caught:
        Box.find().update(update())
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [ArrayFilters({"dear.prce": {"$gt": 3}}), ArrayFilters({"$or": [{"dear.prce": 3}]}), {"dear.prce": {"$gt": 3}}],
)
def test_array_filters_too(given: Any) -> None:
    update = Box.items["$[dear]"].price.inc(1)
    more, filters = ([given], []) if isinstance(given, ArrayFilters) else ([], [given])
    with pytest.raises(CompileError) as caught:
        Box.find().update(update, *more, array_filters=filters)
    assert all(each in str(caught.value) for each in PRICE), caught.value
    with pytest.raises(CompileError, match="Item has no field 'prce'"):
        ir.parse_update({"$inc": {"items.$[dear].price": 1}}, schema_of(Box), [{"dear.prce": 3}])


@pytest.mark.parametrize(
    "update",
    [
        Box.items.push(each=[], sort={"price": -1, "size.width": 1}),
        Box.items.push(each=[], sort=1),
        Box.items.push(each=[], sort=-Item.price),
        Box.loose.push(each=[], sort={"whatever": 1}),
        Box.opens.push(each=[], sort={"more": 1}),
        Box.items.pull({"price": {"$gt": 3}, "size.width": 1}),
        Box.items.pull({"$gt": {"name": "x"}}),
        Box.loose.pull({"whatever": 1}),
        Box.opens.pull({"more": 1}),
        Box.any_.pull({"a.b": 1}),
        Box.any_.set(["a", 3, None]),
        Box.maybe.set([None, {"name": "a", "price": 1}]),
        Box.maybe.set(None),
        Box.tags.set(()),
        Box.grid.set([[], [1, 2]]),
        Box.by_name.set({}),
        Box.items.push({"name": "a", "price": 3, "size": None}),
        Box.tags.pull({"$regex": "^a"}),
        {"$pull": {"items": {"price": {"$gt": 3}}}},
    ],
)
def test_others_pass(update: Any) -> None:
    Box.find().update(update).discard()


def test_one_array_filter_for_a_name() -> None:
    update = Box.items["$[dear]"].price.inc(1)
    for given in (
        [ArrayFilters({"dear.price": 1}, {"dear.name": "x"})],
        [ArrayFilters({"dear.price": 1}, dear=lambda item: item.price > 1)],
        [ArrayFilters({"dear.price": 1}), ArrayFilters(dear=lambda item: item.price > 1)],
    ):
        with pytest.raises(CompileError, match="there are two array filters called 'dear'"):
            Box.find().update(update, *given)


def test_array_filters_of_known_fields_pass() -> None:
    update = Box.items["$[dear]"].price.inc(1)
    Box.find().update(update, array_filters=[{"dear.price": {"$gt": 3}}]).discard()
    Box.find().update(Box.tags["$[t]"].set("b"), array_filters=[{"t": "a"}]).discard()
    Box.find().update(Box.tags["$[t]"].set("b"), ArrayFilters({"$or": [{"t": "a"}, {"t": {"$gt": "b"}}]})).discard()
