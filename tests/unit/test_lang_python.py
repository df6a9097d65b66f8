"""MQL is written as the Python that builds it."""

from __future__ import annotations

import re
from typing import Any

import bson
import pytest
from models import Role, User

import data_bridge
from data_bridge import Eq, ir, lang
from data_bridge.errors import CompileError
from data_bridge.pipeline import conjunction, to_stages
from data_bridge.update import merge_updates

FILTERS = [
    ({"age": {"$gt": 5}}, "User.age > 5", 'Gt("age", 5)'),
    ({"age": 5, "name": "x"}, '(User.age == 5) & (User.name == "x")', 'Eq("age", 5) & Eq("name", "x")'),
    ({"age": {"$gt": 1, "$lt": 5}}, "(User.age > 1) & (User.age < 5)", 'Gt("age", 1) & Lt("age", 5)'),
    (
        {"$or": [{"age": 1}, {"age": 2}, {"age": 3}]},
        "Or(User.age == 1, User.age == 2, User.age == 3)",
        'Or(Eq("age", 1), Eq("age", 2), Eq("age", 3))',
    ),
    ({"address.city": {"$in": ["a"]}}, 'User.address.city.in_(["a"])', 'In("address.city", ["a"])'),
    ({"_id": {"$exists": False}}, "User.id.exists(False)", 'Exists("_id", False)'),
    ({"nickname": None}, "User.nickname.is_null()", 'Eq("nickname", None)'),
    ({"age": {"$not": {"$gt": 5}}}, "~(User.age > 5)", '~Gt("age", 5)'),
    ({"name": {"$regex": "^a\\.b"}}, 'User.name.startswith("a.b")', 'Regex("name", "^a\\\\.b")'),
    ({"tags": {"$elemMatch": {"$gt": "a"}}}, 'User.tags.any(lambda item: item > "a")', None),
    (
        {"items": {"$elemMatch": {"price": {"$gt": 5}, "count": 1}}},
        "User.items.any(lambda item: (item.price > 5) & (item.count == 1))",
        None,
    ),
    ({"$nor": [{"age": 1}]}, "Nor(User.age == 1)", 'Nor(Eq("age", 1))'),
    ({"$text": {"$search": "x"}}, '{"$text": {"$search": "x"}}', '{"$text": {"$search": "x"}}'),
    ({}, "{}", "{}"),
]


@pytest.mark.parametrize(("filter", "typed", "plain"), FILTERS, ids=[typed for _, typed, _ in FILTERS])
def test_filters(filter: dict[str, Any], typed: str, plain: str | None) -> None:
    assert lang.to_python(filter, User) == typed
    assert lang.to_python(ir.parse_filter(filter), User) == typed
    assert plain is None or lang.to_python(filter) == plain
    for text in (typed, lang.to_python(filter)):
        built = conjunction([eval(text, {**vars(data_bridge), "User": User})], None)
        assert ir.stages.Match(built).to_mql() == ir.stages.Match(ir.parse_filter(filter)).to_mql()


PIPELINES = [
    ([{"$match": {"age": {"$gt": 1}}}], "[Match(User.age > 1)]"),
    (
        [
            {"$group": {"_id": "$address.city", "n": {"$sum": 1}, "all": {"$push": "$name"}}},
            {"$match": {"n": {"$gt": 1}}},
        ],
        "[Group(by=User.address.city, n=Sum(1), all=Push(User.name)), Match(F.n > 1)]",
    ),
    ([{"$group": {"_id": None, "n": {"$count": {}}}}, {"$sort": {"n": -1}}], "[Group(n=Count()), Sort(n=-1)]"),
    (
        [{"$project": {"name": 1, "_id": 0, "next": {"$add": ["$age", 1]}}}],
        "[Project(User.name, id=0, next=User.age + 1)]",
    ),
    (
        [{"$replaceWith": "$$ROOT"}, {"$set": {"day": {"$dateTrunc": {"date": "$seen", "unit": "day"}}}}],
        '[ReplaceWith(variable("ROOT")), Set(day=fn.date_trunc(date=F.seen, unit="day"))]',
    ),
    (
        [{"$project": {"prices": {"$map": {"input": "$items", "as": "item", "in": "$$item.price"}}}}],
        "[Project(prices=fn.map(User.items, lambda item: item.price))]",
    ),
    (
        [{"$unwind": {"path": "$items", "preserveNullAndEmptyArrays": True}}, {"$limit": 1}],
        '[Unwind("items", preserve=True), Limit(1)]',
    ),
    (
        [{"$lookup": {"from": "users", "localField": "name", "foreignField": "b", "as": "c"}}],
        '[Lookup("users", local="name", foreign="b", name="c")]',
    ),
    ([{"$set": {"n": {"$size": "$tags"}}}], "[Set(n=fn.size(User.tags))]"),
    ([{"$geoNear": {"near": [1, 2], "key": "at"}}], '[GeoNear(near=[1, 2], key="at")]'),
    ([], "[]"),
]


@pytest.mark.parametrize(("pipeline", "text"), PIPELINES, ids=[text for _, text in PIPELINES])
def test_pipelines(pipeline: list[Any], text: str) -> None:
    assert lang.to_python(pipeline, User) == text
    assert lang.to_python(ir.parse_pipeline(pipeline), User) == text
    built = to_stages(eval(text, {**vars(data_bridge), "User": User}), None)
    assert [stage.to_mql() for stage in built] == pipeline


UPDATES = [
    ({"$set": {"name": "x"}, "$inc": {"age": 1}}, 'User.name.set("x"), User.age.inc(1)'),
    ({"$unset": {"nickname": ""}}, "User.nickname.unset()"),
    ({"$push": {"tags": {"$each": ["a"], "$slice": -3}}}, 'User.tags.push(each=["a"], slice=-3)'),
    ({"$set": {"items.$[].price": 1.5}}, 'User.items["$[]"].price.set(1.5)'),
    ([{"$set": {"age": {"$add": ["$age", 1]}}}], "[Set(age=User.age + 1)]"),
]


@pytest.mark.parametrize(("update", "text"), UPDATES, ids=str)
def test_updates(update: Any, text: str) -> None:
    assert lang.to_python(ir.parse_update(update), User) == text
    built = merge_updates(eval(f"[{text}]", {**vars(data_bridge), "User": User}), User.schema())
    assert built.to_mql() == update


def test_plans_say_the_python_of_their_query() -> None:
    query = User.find({"age": {"$gt": 5}}).sort("-age")
    assert query.plan().to_python() == "User.find(User.age > 5).sort(-User.age)"
    assert query.plan().for_server("7.0").to_python() == query.to_python()


def test_values_are_written_for_python() -> None:
    query = User.find({"name": re.compile("a", re.I)}, User.role == Role.ADMIN)
    assert query.to_python() == 'User.find((User.name == re.compile("a", 2)) & (User.role == "admin"))'
    moment = bson.ObjectId("5f" * 12).generation_time
    query = User.find((User.age > 1) & Eq("seen", moment))
    assert query.to_python() == 'User.find((User.age > 1) & Eq("seen", datetime.fromisoformat("2020-09-14T12:17:35Z")))'


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(CompileError, match="did you mean 'age'"):
        lang.to_python({"agee": 5}, User)


def test_what_has_no_form_is_shown_and_refused() -> None:
    query = User.find(ir.Compare("eq", ir.Literal(1), ir.Literal(object())))
    assert "Compare('eq'" in str(query)
    with pytest.raises(CompileError, match="cannot be written"):
        query.to_python()
