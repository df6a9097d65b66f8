"""Queries are printed as text that is read as the same query."""

from __future__ import annotations

import datetime
from typing import Any

import classes
import mql
import pytest
from bson import Decimal128, Int64, MaxKey, ObjectId, Timestamp
from bson import Regex as BsonRegex
from effort import examples
from hostile import SCALARS, STORED, filters
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from pipelines import Promise, pipelines
from pydantic import ConfigDict
from test_update_equivalence import PIPELINES, UPDATES, with_classes

from data_bridge import Document, EmbeddedDocument, Link, fn, lang
from data_bridge.errors import CompileError, LangError
from data_bridge.ir.signatures import STAGES
from data_bridge.lang.names import READS, WRITES
from data_bridge.lang.written import written
from data_bridge.pipeline import F
from data_bridge.predicates import And, Eq, Gt, In, Nor, Not, Or


class Thing(Document):
    model_config = ConfigDict(extra="allow")

    id: Any
    a: Any = None
    b: Any = None

    class Settings:
        # The collection that drawn pipelines join with.
        name = "things"


class Maker(Document):
    name: str


class Part(EmbeddedDocument):
    price: float
    labels: list[str] = []
    size: int = 0


class Product(Document):
    name: str
    stock: int
    parts: list[Part] = []
    tags: list[str] = []
    maker: Link[Maker] | None = None
    made: datetime.datetime | None = None
    extra: dict[str, Any] = {}


class Other(Document):
    """What drawn stages join with."""

    id: Any

    class Settings:
        name = "others"


MODELS = [Thing, Product, Maker, Other]


@pytest.fixture(autouse=True, scope="module")
def public_forms() -> Any:
    """Constants and comparisons are said with functions here: nodes of the IR have no text of their own."""
    before = classes.Expression, classes.OPERATORS
    classes.Expression, classes.OPERATORS = lambda node: fn.literal(node.value), {}  # type: ignore[assignment, misc]
    yield
    classes.Expression, classes.OPERATORS = before  # type: ignore[misc]


def check_plan(query: Any) -> Any:
    """The text is read as something that sends the same; gives it."""
    text = str(query)
    again = lang.parse(text, MODELS, allow_writing=True, allow_javascript=True)
    assert str(again) == text
    assert repr(again.plan().commands) == repr(query.plan().commands)
    return again


def check(query: Any) -> None:
    """The text is read as the query, and so is what Python gives of the other text."""
    again, text = check_plan(query), str(query)
    assert again == query, f"{text}: {again._stages} {query._stages}"
    namespace: dict[str, Any] = {}
    exec(PRELUDE, namespace)
    assert eval(query.to_python(), namespace, {model.__name__: model for model in MODELS}) == query


PRELUDE = """
import re, bson
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from bson import *
from bson.code import Code
from bson.dbref import DBRef
from data_bridge import *
from data_bridge import fn, ir
"""


def _words() -> st.SearchStrategy[str]:
    return st.text(max_size=4) | st.sampled_from(["a.b", "'\"\\", "\\d", "\n\t", "\x00", "$x", "é", "{", "💥", "^a"])


VALUES = st.one_of(
    SCALARS, STORED, _words(), st.binary(max_size=3), st.builds(ObjectId, st.binary(min_size=12, max_size=12))
)
KEYS = st.sampled_from([Product.name, -Product.stock, ("parts.price", -1), "made", -Product.id, Product.maker])


@st.composite
def conditions(draw: Any, depth: int = 2) -> Any:
    """Conditions on products, in every form they have in Python."""
    kind = draw(st.integers(0, 19 if depth else 14))
    number, text = draw(st.integers(-(2**40), 2**40)), draw(_words().filter(lambda each: "\x00" not in each))
    match kind:
        case 0:
            return draw(st.sampled_from([Product.stock > number, Product.stock == number, number <= Product.stock]))
        case 1:
            return Product.name == text
        case 2:
            return draw(st.sampled_from([Product.name.startswith(text), Product.name.endswith(text)]))
        case 3:
            return draw(st.sampled_from([Product.name.contains(text), Product.tags.contains(text)]))
        case 4:
            return Product.name.regex(
                draw(st.sampled_from(["^a", "a|b", "\\d+", "[x"])), draw(st.sampled_from(["", "i"]))
            )
        case 5:
            return Product.stock.in_(draw(st.lists(st.integers(-5, 5), max_size=3)))
        case 6:
            return draw(st.sampled_from([Product.made.exists(), Product.made.is_null(), Product.made.type_("date")]))
        case 7:
            return Product.parts.any(lambda part: (part.price > number) & (part["size"] != 3))
        case 8:
            return Product.parts.any(lambda part: part.labels.any(lambda label: label > text))
        case 9:
            return draw(st.sampled_from([Product.maker.name == text, Product.maker.id == ObjectId("5" * 24)]))
        case 10:
            return Product.extra[text.replace(".", "").lstrip("$") or "x"] == draw(VALUES)
        case 11:
            return draw(st.sampled_from([Product.tags.size(2), Product.stock.mod(3, 1), Product.stock.bits_all_set(5)]))
        case 12:
            return Product.stock * 2 + 1 > Product.name.length() ** 2
        case 13:
            return draw(
                st.sampled_from([Gt("stock", number), In("parts.labels", ["b", "a"]), Eq("extra.n", {"a": [1]})])
            )
        case 14:
            return {"stock": {"$gt": number, "$ne": 0}, "name": text}
    left, right = draw(conditions(depth=depth - 1)), draw(conditions(depth=depth - 1))
    match kind:
        case 15:
            return And(left, right, left)
        case 16:
            return Or(left, right)
        case 17:
            return Nor(left)
        case 18:
            return Not(left)
    return And(left, ~Or(right))


@settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    found=st.lists(conditions(), max_size=3),
    keys=st.lists(KEYS, max_size=2),
    counts=st.tuples(st.none() | st.integers(0, 9), st.none() | st.integers(1, 9)),
    more=st.sampled_from(["", "project", "hint", "collation", "links", "rules", "one"]),
)
def test_queries(found: list[Any], keys: list[Any], counts: tuple[int | None, int | None], more: str) -> None:
    query = Product.find_one(*found) if more == "one" else Product.find(*found)
    query = query.sort(*keys) if keys else query
    query = query if counts[0] is None else query.skip(counts[0])
    query = query if counts[1] is None else query.limit(counts[1])
    match more:
        case "project":
            query = query.project(Product.name, "parts", total=Product.stock * 2, id=0)
        case "hint":
            query = query.hint({"stock": 1}).comment("why?").max_time(100).batch_size(5)
        case "collation":
            query = query.collation({"locale": "de", "strength": 2}).read_concern("majority")
        case "links":
            query = query.fetch_links(Product.maker, depth=2).with_children()
        case "rules":
            query = query.optimize({"equalities_to_in": False})
    check(query)


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example({"a": {"$eq": {"$gt": 1}}})
@example({"$and": [{}]})
@given(filters(st.sampled_from(["a", "b", "a.x", "", "n", "é", "a.0", "_id"])))
def test_filters_of_mql(filter: dict[str, Any]) -> None:
    check(Thing.find(filter))


@settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=pipelines(), said=st.booleans())
def test_pipelines(drawn: tuple[list[dict[str, Any]], Promise], said: bool) -> None:
    assume(classes.well_typed(Thing, drawn[0]))
    try:
        Thing.aggregate(drawn[0]).plan()
    except CompileError:
        # As plain MQL some are refused for the types that stages made of plain MQL are known to give.
        assume(False)
    check(Thing.aggregate([classes.stage(each) for each in drawn[0]] if said else drawn[0]))


@pytest.mark.parametrize("name", sorted(STAGES))
@settings(
    max_examples=examples(15),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_stages(name: str, data: Any) -> None:
    query = Thing.aggregate([data.draw(mql.stage(name, mql.expressions()))], allow_writing=True)
    text = str(query)
    again = lang.parse(text, MODELS, allow_writing=True, allow_javascript=True)
    assert again == query, text
    assert str(again) == text
    stage = (
        text.removeprefix("Thing.aggregate([").removesuffix(")").removesuffix(", allow_writing=True").removesuffix("]")
    )
    fluent = f"Thing.pipeline().stage({stage})"
    assert lang.parse(fluent, MODELS, allow_writing=True, allow_javascript=True) == query


#: What ends a query, with what it may be given.
ENDINGS: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "to_list": [((), {}), ((5,), {})],
    **{name: [((), {})] for name in ("first", "one", "count", "exists", "delete", "delete_one")},
    **{name: [((Product.stock,), {}), (("stock",), {})] for name in ("distinct", "sum", "avg", "min", "max")},
    "paginate": [((5,), {}), ((5,), {"after": "x"})],
    "explain": [((), {}), ((), {"verbosity": "queryPlanner"})],
    "update": [((Product.stock.inc(2), Product.name.set("x")), {}), (({"$inc": {"stock": 1}},), {})],
    "update_one": [((Product.stock.inc(2), Product.name.set("x")), {}), (([{"$set": {"stock": 1}}],), {})],
    "upsert": [((Product.stock.set(2),), {})],
    "find_one_and_update": [
        ((Product.tags.push("a"),), {}),
        ((Product.stock.inc(1),), {"sort": -Product.stock, "return_document": "after"}),
    ],
    "find_one_and_replace": [((Product(id=ObjectId("5" * 24), name="a", stock=1),), {})],
    "find_one_and_delete": [((), {}), ((), {"sort": [-Product.stock, Product.name]})],
}


def test_every_ending_is_tried() -> None:
    assert set(ENDINGS) == READS | WRITES


@pytest.mark.parametrize("ending", sorted(ENDINGS))
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(condition=conditions(), keys=st.lists(KEYS, max_size=2), data=st.data())
def test_statements(ending: str, condition: Any, keys: list[Any], data: Any) -> None:
    arguments, named = data.draw(st.sampled_from(ENDINGS[ending]))
    query = Product.find(condition)
    if keys and ending not in WRITES:
        query = query.sort(*keys)
    statement = lang.Statement(query, ending, arguments, named)
    text = str(statement)
    again = lang.parse(text, MODELS, allow_writing=True)
    assert str(again) == text
    assert (again.terminal, again.query) == (ending, query)
    assert planned(again) == planned(statement)


def planned(statement: Any) -> str:
    """The commands of a statement, or why it has none."""
    try:
        return repr(statement.plan().commands)
    except CompileError as refused:
        return refused.code


@settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(update=UPDATES | PIPELINES, said=st.booleans())
def test_updates(update: Any, said: bool) -> None:
    try:
        statement = lang.Statement(Thing.find(F.a == 1), "update", tuple(with_classes(update) if said else [update]))
        statement.plan()
    except CompileError:
        # Operators of one update that touch one path.
        assume(False)
    assert check_plan(statement) == statement


@settings(max_examples=examples(500), deadline=None)
@example(Decimal128("NaN"))
@example(Int64(5))
@example(Timestamp(1, 2))
@example(BsonRegex("a", "i"))
@example(MaxKey())
@example([1, (2,), {"a": None}])
@given(VALUES)
def test_literals(value: Any) -> None:
    text = written(value, False)
    [again] = lang.parse(f"Thing.find({{'a': {{'$in': [{text}]}}}})", MODELS)._stages[0].predicate.values
    assert repr(again) == repr(value)


@settings(max_examples=examples(500), deadline=None)
@given(st.text() | st.text(alphabet="User.find(ag>5&|~)[]{}'\"\\,:=lambda **0123 \n"))
def test_any_text_is_read_or_refused(text: str) -> None:
    for whole in (text, f"Product.find({text})"):
        refused = None
        try:
            lang.parse(whole, MODELS)
        except LangError as error:
            refused = error
        if refused is not None:
            assert 0 <= refused.position <= len(whole)
            assert refused.code
            assert "^" in str(refused)


@pytest.mark.parametrize("model", MODELS)
def test_every_class_prints(model: type[Document]) -> None:
    check(model.find())
    check(model.aggregate([]))
