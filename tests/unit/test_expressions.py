"""Computed values: operators, methods and functions of Python, and what their mistakes say."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from data_bridge import (
    Document,
    EmbeddedDocument,
    F,
    Project,
    cond,
    filter_,
    fn,
    let,
    map_,
    reduce_,
    switch,
    variable,
)
from data_bridge.errors import CompileError


class Line(EmbeddedDocument):
    price: float
    count: int
    year: int


class Order(Document):
    created: datetime.datetime
    title: str
    total: int
    tags: list[str] = []
    lines: list[Line] = []
    first: Line | None = None
    extra: Any = None


def mql(value: Any) -> Any:
    return value.__ir__.to_mql()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Order.total + 1, {"$add": ["$total", 1]}),
        (1 + Order.total, {"$add": [1, "$total"]}),
        (Order.total - 1, {"$subtract": ["$total", 1]}),
        (1 - Order.total, {"$subtract": [1, "$total"]}),
        (Order.total * 2, {"$multiply": ["$total", 2]}),
        (Order.total / 2, {"$divide": ["$total", 2]}),
        (7 / Order.total, {"$divide": [7, "$total"]}),
        (Order.total // 2, {"$floor": {"$divide": ["$total", 2]}}),
        (7 // Order.total, {"$floor": {"$divide": [7, "$total"]}}),
        (Order.total % 2, {"$mod": ["$total", 2]}),
        (7 % Order.total, {"$mod": [7, "$total"]}),
        (Order.total**2, {"$pow": ["$total", 2]}),
        (2**Order.total, {"$pow": [2, "$total"]}),
        (abs(Order.total), {"$abs": "$total"}),
        (Order.title.upper(), {"$toUpper": "$title"}),
        (Order.title.trim().length(), {"$strLenCP": {"$trim": {"input": "$title"}}}),
        (Order.title.split("$a"), {"$split": ["$title", {"$literal": "$a"}]}),
        (Order.created.year(), {"$year": {"date": "$created"}}),
        (
            Order.created.date_trunc("week", start_of_week="monday"),
            {"$dateTrunc": {"date": "$created", "unit": "week", "startOfWeek": "monday"}},
        ),
        (Order.tags.at(-1), {"$arrayElemAt": ["$tags", -1]}),
        (Order.tags.slice(2), {"$slice": ["$tags", 2]}),
        (Order.tags.slice(2, position=1), {"$slice": ["$tags", 1, 2]}),
        (Order.tags.sort_array(-1), {"$sortArray": {"input": "$tags", "sortBy": -1}}),
        (Order.lines.sort_array("-price"), {"$sortArray": {"input": "$lines", "sortBy": {"price": -1}}}),
        (F.created.year(), {"$year": {"date": "$created"}}),
        (Order.extra.title.upper(), {"$toUpper": "$extra.title"}),
        (fn.concat(Order.title, "$x"), {"$concat": ["$title", {"$literal": "$x"}]}),
        (fn.size(["a", "b"]), {"$size": [["a", "b"]]}),
        (fn.size(Order.tags), {"$size": "$tags"}),
        (fn.literal({"$gt": 1}), {"$literal": {"$gt": 1}}),
        (fn.rand(), {"$rand": {}}),
        (fn.not_(Order.total), {"$not": ["$total"]}),
        (fn.range(0, 10, 2), {"$range": [0, 10, 2]}),
        (fn.meta("textScore"), {"$meta": "textScore"}),
        (fn.if_null(Order.first, None), {"$ifNull": ["$first", None]}),
        (cond(Order.total > 5, "more", "$less"), None),
        (variable("NOW").year(), {"$year": {"date": "$$NOW"}}),
        (map_(Order.tags, fn.to_upper(variable("this"))), None),
        (
            Order.lines.map(lambda line: line.price * line.count),
            {"$map": {"input": "$lines", "as": "line", "in": {"$multiply": ["$$line.price", "$$line.count"]}}},
        ),
        (
            filter_(Order.tags, lambda tag: tag > "a", limit=3),
            {"$filter": {"input": "$tags", "as": "tag", "cond": {"$gt": ["$$tag", "a"]}, "limit": 3}},
        ),
        (
            reduce_(Order.lines, 0, lambda total, line: total + line.price),
            {"$reduce": {"input": "$lines", "initialValue": 0, "in": {"$add": ["$$value", "$$this.price"]}}},
        ),
        (
            let(lambda tax, net: net * tax, net=Order.total, tax=1.2),
            {"$let": {"vars": {"net": "$total", "tax": 1.2}, "in": {"$multiply": ["$$net", "$$tax"]}}},
        ),
        (switch((Order.total > 5, "high"), default="low"), None),
    ],
    ids=str,
)
def test_values_as_mql(value: Any, expected: Any) -> None:
    if expected is not None:
        assert mql(value) == expected
    # Every one of them compiles where a value stands.
    assert Order.aggregate([Project(x=value)]).plan().commands


def test_a_declared_field_comes_before_a_method_of_its_name() -> None:
    assert mql(Order.lines.year) == "$lines.year"
    assert mql(Order.first.year > 2000) == {"first.year": {"$gt": 2000}}
    assert mql(F.made.year) == "$made.year"
    assert mql(F.made.year()) == {"$year": {"date": "$made"}}
    assert mql(Order.tags.first()) == {"$first": "$tags"}


def test_inner_reductions_do_not_hide_the_outer_ones() -> None:
    nested = Order.lines.reduce(
        0, lambda total, line: line.price + Order.tags.reduce(0, lambda inner, tag: inner + tag.length() + total)
    )
    outer = mql(nested)["$reduce"]["in"]
    assert outer["$let"]["vars"] == {"total": "$$value", "line": "$$this"}
    assert outer["$let"]["in"]["$add"][0] == "$$line.price"


def test_computed_values_are_predicates_too() -> None:
    plan = Order.find((Order.title.lower() == "a") & (Order.total > 1) & Order.total.mod(2, 0)).plan()
    assert plan.commands[0]["filter"] == {
        "total": {"$gt": 1, "$mod": [2, 0]},
        "$and": [{"$expr": {"$eq": [{"$toLower": "$title"}, "a"]}}],
    }
    in_ = Order.find(Order.created.year().in_([2023, 2024])).plan().commands[0]["filter"]
    assert in_ == {"$expr": {"$in": [{"$year": {"date": "$created"}}, [2023, 2024]]}}


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (lambda: Order.total.trim(), "Order.total is int: trim() takes string"),
        (lambda: Order.title.year(), "Order.title is string: year() takes date"),
        (lambda: Order.title.map(lambda each: each), "map() takes array"),
        (lambda: Order.lines.map(lambda line: line.prize), "did you mean 'price'?"),
        (lambda: Order.tags.map(lambda a, b: a + b), "map gives its function 1 values, and it takes 2"),
        (lambda: Order.tags.map(lambda Big: Big), "'Big' cannot name a variable"),
        (lambda: reduce_(Order.tags, 0, lambda only: only), "reduce gives its function 2 values"),
        (lambda: map_(Order.total, lambda each: each), "map works on lists"),
        (lambda: let(lambda missing: missing, other=1), "let: missing has no value"),
        (lambda: let(lambda: 1, _x=1), "'_x' cannot name a variable"),
        (lambda: switch(), "switch takes pairs"),
        (lambda: switch(Order.total > 1), "switch takes pairs"),
        (lambda: fn.sort_array(Order.tags, 2), "give 1 or -1"),
        (lambda: bool(Order.total + 1), "has no truth value"),
    ],
)
def test_mistakes_say_what_is_right(mistake: Callable[[], Any], said: str) -> None:
    with pytest.raises(CompileError) as raised:
        mistake()
    assert said in str(raised.value)


def test_positions_cannot_be_skipped() -> None:
    with pytest.raises(TypeError, match="give the arguments before the last one too"):
        fn.index_of_cp(Order.title, "a", end=3)


def test_a_field_is_no_function() -> None:
    with pytest.raises(TypeError, match="not a function"):
        Order.extra.nothing_like_it()


def test_system_variables_are_known() -> None:
    for name in ("NOW", "ROOT", "ROOT.name", "IDX"):
        assert repr(variable(name)) == f"$${name}"
    with pytest.raises(CompileError, match="there is no system variable 'NOWW'") as caught:
        variable("NOWW.day")
    assert "did you mean 'NOW'?" in str(caught.value)
