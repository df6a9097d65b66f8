"""Fields and predicates, and what their mistakes say. No connection anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId
from models import Role, User

import data_bridge as db
from data_bridge import All, ElemMatch, Eq, Exists, Gt, In, Nor, Not, Or, SampleRate, Size, Text, Type, Where
from data_bridge.errors import CompileError


def mql(predicate: Any) -> Any:
    return predicate.__ir__.to_mql()


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        (User.age > 25, {"age": {"$gt": 25}}),
        (User.age == 25, {"age": 25}),
        (User.age != 25, {"age": {"$ne": 25}}),
        ((User.age > 1) & (User.age < 5), {"age": {"$gt": 1, "$lt": 5}}),
        ((User.age == 1) | (User.name == "x"), {"$or": [{"age": 1}, {"name": "x"}]}),
        (~(User.age > 5), {"age": {"$not": {"$gt": 5}}}),
        (User.address.city == "NYC", {"address.city": "NYC"}),
        (User["address"]["city"] == "NYC", {"address.city": "NYC"}),
        (User.items.price > 3, {"items.price": {"$gt": 3}}),
        (User.tags[0] == "vip", {"tags.0": "vip"}),
        (User.tags.contains("vip"), {"tags": "vip"}),
        (User.name.contains("a.b"), {"name": {"$regex": r"a\.b"}}),
        (User.name.startswith("$x"), {"name": {"$regex": r"^\$x"}}),
        (User.name.icontains("X"), {"name": {"$regex": "X", "$options": "i"}}),
        (User.age.in_([1, 2]), {"age": {"$in": [1, 2]}}),
        (User.age.not_in([1]), {"age": {"$nin": [1]}}),
        (User.age.between(1, 3), {"age": {"$gte": 1, "$lte": 3}}),
        (User.nickname.exists(), {"nickname": {"$exists": True}}),
        (User.nickname.is_null(), {"nickname": None}),
        (User.age.type_("int", "double"), {"age": {"$type": ["int", "double"]}}),
        (User.role == Role.ADMIN, {"role": "admin"}),
        (User.tags.size(2), {"tags": {"$size": 2}}),
        (User.tags.all_(["a", "b"]), {"tags": {"$all": ["a", "b"]}}),
        (User.age.mod(4, 0), {"age": {"$mod": [4, 0]}}),
        (
            User.items.any(lambda item: (item.price > 5) & (item.count == 1)),
            {"items": {"$elemMatch": {"price": {"$gt": 5}, "count": 1}}},
        ),
        (User.tags.any(lambda tag: tag > "a"), {"tags": {"$elemMatch": {"$gt": "a"}}}),
        (Or(User.age == 1, Not(Gt(User.age, 5))), {"$or": [{"age": 1}, {"age": {"$not": {"$gt": 5}}}]}),
        (Nor(User.age == 1), {"$nor": [{"age": 1}]}),
        (All(User.tags, ["a"]) & Size(User.tags, 1), {"tags": {"$all": ["a"], "$size": 1}}),
        (ElemMatch(User.items, lambda item: item.price > 5), {"items": {"$elemMatch": {"price": {"$gt": 5}}}}),
        (Text("a b", language="none"), {"$text": {"$search": "a b", "$language": "none"}}),
        (Type("age", "int"), {"age": {"$type": "int"}}),
        (User.age + 1 > User.age, {"$expr": {"$gt": [{"$add": ["$age", 1]}, "$age"]}}),
    ],
    ids=str,
)
def test_predicates_as_mql(predicate: Any, expected: Any) -> None:
    if "$expr" in expected:
        assert User.find(predicate).plan().commands[0]["filter"] == expected
    else:
        assert mql(predicate) == expected


def test_an_id_may_be_given_as_its_digits() -> None:
    digits = "5eb7cf5a86d9755df3a6c593"
    assert mql(User.id == digits) == {"_id": ObjectId(digits)}


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (lambda: User.agee, "User has no field 'agee'; did you mean 'age'?"),
        (lambda: User.address.citty, "Address has no field 'citty'; did you mean 'city'?"),
        (lambda: User.items.prize, "did you mean 'price'?"),
        (lambda: User["nope"], "User has no field 'nope'"),
        (lambda: User.age > "x", "User.age is int and cannot be compared with 'x'"),
        (lambda: User.nickname == 5, "User.nickname is string | null and cannot be compared with 5"),
        (lambda: User.name == {"$gt": ""}, "User.name is string and cannot be compared with"),
        (lambda: User.age.startswith("1"), "only text matches a pattern"),
        (lambda: User.age.size(1), "not a list"),
        (lambda: User.name.inc(1), "$inc takes a number"),
        (lambda: User.age.push(1), "$push works on lists"),
        (lambda: User.tags.push(5), "$push adds elements of type string"),
        (lambda: User.tags.set("a"), "$set takes a value of type array<string>"),
        (lambda: User.name.set(None), "None"),
        (lambda: 1 < User.age < 5, "has no truth value"),
        (lambda: (User.age > 1) and (User.age < 5), "has no truth value"),
        (lambda: not (User.age > 1), "has no truth value"),
        (lambda: User.find({"agge": 1}), "did you mean 'age'?"),
        (lambda: User.find({"age": {"$gt": 1, "x": 2}}), "mixes operators and fields"),
        (lambda: User.find({"$or": []}), "takes a list of one filter or more"),
        (lambda: User.find({"$or": [{"$where": "1"}]}), "$where runs a program on the server"),
        (lambda: Where("1"), "Where runs a program on the server"),
        (lambda: SampleRate(2), "a rate is between 0 and 1"),
        (lambda: Or(), "Or joins one predicate or more"),
        (lambda: In(User.age, "abc"), "give a list of values"),
        (lambda: Eq(User.age, "x"), "User.age is int and cannot be compared with 'x'"),
        (lambda: Exists("$age"), "is not a field"),
        (lambda: User.age.mod(0, 1), "no number has a remainder by 0"),
        (lambda: User.age.bits_all_set(-1), "none below 0"),
        (lambda: User.find().update(User.age.inc(1), User.age.set(2)), "touch one path"),
        (
            lambda: User.find().update({"$set": {"address": {"street": "a", "city": "b"}, "address.city": "c"}}),
            "'address' and $set of 'address.city' touch one path",
        ),
        (lambda: User.find().update(), "the update changes nothing"),
        (lambda: User.find().update({"age": 1}), "is not an update operator"),
        (lambda: User.find().limit(1).delete(), "a write takes a filter only"),
    ],
)
def test_mistakes_fail_at_once_and_say_what_is_right(mistake: Callable[[], Any], said: str) -> None:
    with pytest.raises(CompileError) as raised:
        mistake()
    assert said in str(raised.value)


def test_an_unknown_field_is_an_attribute_error_too() -> None:
    assert not hasattr(User, "agee")


def test_all_errors_of_a_query_come_at_once() -> None:
    from data_bridge import F, Group, Match

    with pytest.raises(CompileError) as raised:
        User.aggregate([Group(by=User.name), Match((F.x == 1) & (F.y == 2))]).plan()
    assert len(raised.value.errors) == 2
    assert "fields: _id" in str(raised.value)


@pytest.mark.parametrize("given", [True, False, None, "age", 5, object(), +User.age, [User.age > 3], lambda _: True])
def test_what_is_no_predicate_is_refused_at_once(given: Any) -> None:
    for build in (User.find, User.find_one, db.And, lambda given: User.aggregate([db.Match(given)])):
        with pytest.raises(CompileError) as raised:
            build(given)
        assert raised.value.code == "not_a_predicate"


def test_a_method_compared_by_mistake_is_told() -> None:
    with pytest.raises(CompileError, match="a comparison gave False before it came to a query"):
        User.find(User.address.min == 3)
