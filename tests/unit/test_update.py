"""Updates before they are sent: their documents, and what their mistakes say."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from data_bridge import (
    AddToSet,
    ArrayFilters,
    Bit,
    CurrentDate,
    Document,
    Each,
    EmbeddedDocument,
    Group,
    Match,
    Max,
    Pull,
    PullAll,
    Push,
    Set,
    Unset,
)
from data_bridge.errors import CompileError
from data_bridge.ir import UpdateOperators
from data_bridge.schema import schema_of
from data_bridge.update import merge_updates


class Item(EmbeddedDocument):
    name: str
    price: float


class Thing(Document):
    name: str
    amount: int
    ratio: float = 0
    seen: datetime.datetime | None = None
    tags: list[str] = []
    items: list[Item] = []
    notes: list[dict[str, Any]] = []


def merged(*updates: Any) -> dict[str, Any]:
    """The update document."""
    update = merge_updates(updates, schema_of(Thing))
    assert isinstance(update, UpdateOperators)
    found: dict[str, Any] = {}
    for each in update.operations:
        found.setdefault(each.op, {})[each.path] = each.operand
    return found


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (Thing.tags.push("a"), {"$push": {"tags": "a"}}),
        (
            Thing.tags.push(each=["a", "b"], position=0, slice=-5, sort=1),
            {"$push": {"tags": {"$each": ["a", "b"], "$position": 0, "$slice": -5, "$sort": 1}}},
        ),
        (Thing.tags.push("a", slice=3), {"$push": {"tags": {"$each": ["a"], "$slice": 3}}}),
        (Push({Thing.tags: Each(["a"], sort=-1)}), {"$push": {"tags": {"$each": ["a"], "$sort": -1}}}),
        ({"$push": {"tags": {"$each": ["a"], "$slice": 1}}}, {"$push": {"tags": {"$each": ["a"], "$slice": 1}}}),
        (Thing.notes.push({"$slice": 1}), {"$push": {"notes": {"$each": [{"$slice": 1}]}}}),
        (AddToSet({Thing.tags: "a"}), {"$addToSet": {"tags": "a"}}),
        (Thing.tags.add_to_set(each=["a"]), {"$addToSet": {"tags": {"$each": ["a"]}}}),
        (Pull({Thing.tags: "a"}), {"$pull": {"tags": "a"}}),
        (Thing.tags.pull(lambda tag: tag > "a"), {"$pull": {"tags": {"$gt": "a"}}}),
        (
            Thing.items.pull(lambda item: (item.price > 5) & (item.name == "x")),
            {"$pull": {"items": {"price": {"$gt": 5}, "name": "x"}}},
        ),
        (Thing.tags.pull({"$in": ["a"]}), {"$pull": {"tags": {"$in": ["a"]}}}),
        (PullAll({"tags": ["a"]}), {"$pullAll": {"tags": ["a"]}}),
        (Thing.tags.pop(-1), {"$pop": {"tags": -1}}),
        (Bit({Thing.amount: {"or": 4}}), {"$bit": {"amount": {"or": 4}}}),
        (Thing.amount.bit(and_=3, xor=1), {"$bit": {"amount": {"and": 3, "xor": 1}}}),
        (Max({Thing.amount: 9}), {"$max": {"amount": 9}}),
        (Thing.amount.set_on_insert(1), {"$setOnInsert": {"amount": 1}}),
        (CurrentDate(Thing.seen), {"$currentDate": {"seen": True}}),
        (CurrentDate({Thing.seen: "date"}), {"$currentDate": {"seen": {"$type": "date"}}}),
        (Thing.name.rename("title"), {"$rename": {"name": "title"}}),
        (Thing.items["$[]"].price.inc(1), {"$inc": {"items.$[].price": 1}}),
        (Thing.items["$"].name.set("x"), {"$set": {"items.$.name": "x"}}),
    ],
    ids=str,
)
def test_updates_as_mql(update: Any, expected: dict[str, Any]) -> None:
    assert merged(update) == expected


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (lambda: Thing.name.inc(1), "$inc takes a number"),
        (lambda: Thing.amount.inc("1"), "$inc takes a number"),
        (lambda: Thing.amount.inc(0.5), "takes a whole number"),
        (lambda: Thing.amount.set(1.5), "$set takes a value of type int"),
        (lambda: Thing.name.bit(or_=1), "$bit works on int fields"),
        (lambda: Thing.amount.bit(), "takes whole numbers as 'and', 'or' or 'xor'"),
        (lambda: Thing.name.current_date(), "$currentDate works on date or timestamp fields"),
        (lambda: Thing.seen.current_date("timestamp"), 'stores a "date" or a "timestamp"'),
        (lambda: Thing.name.push("a"), "$push works on lists"),
        (lambda: Thing.tags.push(each="abc"), "each takes a list"),
        (lambda: Thing.tags.push(each=["a", 5]), "$push adds elements of type string"),
        (lambda: Thing.tags.push(each=["a"], slice="1"), "slice is a whole number"),
        (lambda: Thing.tags.push(each=["a"], sort=2), "give 1 or -1"),
        (lambda: Thing.tags.pull(5), "$pull removes elements of type string"),
        (lambda: Thing.tags.pull_all("abc"), "takes a list of elements"),
        (lambda: Thing.tags.pop(2), "takes 1 for the last element or -1"),
        (lambda: Thing.items.pull(lambda item: item.prize > 5), "did you mean 'price'?"),
        (lambda: Thing.name.rename("$x"), "takes another field's name"),
        (lambda: Thing.amount.set(Thing.amount + 1), "takes a value, not an expression"),
        (lambda: Thing.items["$[x"].name.set("a"), "'$[x' is not a position"),
        (lambda: merged({"$inc": {"amount": 1}, "$incr": {"name": 1}}), "did you mean '$inc'?"),
        (lambda: merged({"$addToSet": {"tags": {"$each": ["a"], "$slice": 1}}}), "$addToSet knows $each"),
        (lambda: merged(Max(3)), "as an update Max takes a dict of fields"),
        (lambda: merged(Thing.name.rename("title"), Set({"name": "x"})), "touch one path"),
        (lambda: merged(Thing.items["$[]"].price.inc(1), Thing.items.pop()), "touch one path"),
        (lambda: merged(Thing.amount.inc(1), ArrayFilters(x=1)), "no path uses the array filter 'x'"),
        (
            lambda: merged(Thing.items["$[x]"].price.inc(1), ArrayFilters({"y.price": 1})),
            "needs an array filter called 'x'",
        ),
        (lambda: merged(ArrayFilters({"a": 1, "b": 2}), Thing.amount.inc(1)), "keys begin with one name"),
        (
            lambda: merged(Thing.items["$[x]"].price.inc(1), ArrayFilters(x=lambda item: item.prize == 1)),
            "did you mean 'price'?",
        ),
        (lambda: merge_updates([[Match(Thing.amount > 1)]], schema_of(Thing)), "$match cannot stand in an update"),
        (lambda: merge_updates([[Group()]], schema_of(Thing)), "$group cannot stand in an update"),
        (lambda: merge_updates([[]], schema_of(Thing)), "the update changes nothing"),
        (lambda: merge_updates([[Unset("a")], Thing.amount.inc(1)], schema_of(Thing)), "stands alone"),
    ],
)
def test_mistakes_say_what_is_right(mistake: Callable[[], Any], said: str) -> None:
    with pytest.raises(CompileError) as raised:
        mistake()
    assert said in str(raised.value)


def test_one_value_or_several() -> None:
    with pytest.raises(TypeError, match="not both"):
        Thing.tags.push("a", each=["b"])
    with pytest.raises(TypeError, match="takes a value"):
        Thing.tags.add_to_set()


def test_array_filters_are_typed_by_the_path_that_uses_them() -> None:
    update = merge_updates(
        [Thing.items["$[cheap]"].price.set(1), ArrayFilters(cheap=lambda item: item.price < 5)], schema_of(Thing)
    )
    assert isinstance(update, UpdateOperators)
    assert update.array_filters == ({"cheap.price": {"$lt": 5}},)
