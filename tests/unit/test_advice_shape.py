"""What queries ask of an index."""

from __future__ import annotations

import pytest
from models import User

from data_bridge import Query
from data_bridge.advice.shape import Shape, is_anchored, shape_of


def shape(query: Query[User]) -> Shape:
    return shape_of(query._selection())


def test_keys_are_equality_sort_range() -> None:
    query = User.find((User.age > 3) & (User.name == "x") & User.email.in_(["a"])).sort(-User.tags)  # type: ignore[attr-defined]
    assert shape(query).keys == [("name", 1), ("email", 1), ("tags", -1), ("age", 1)]


def test_equalities_of_one_field_are_one_condition() -> None:
    either = (User.name == "x") | (User.name == "y") | (User.name == "z")
    assert shape(User.find(either, User.age > 3).sort(-User.email)).keys == [("name", 1), ("email", -1), ("age", 1)]
    assert len(shape(User.find((User.name == "x") | (User.name == "y") | (User.age == 3))).branches) == 3


def test_a_single_key_needs_no_direction() -> None:
    assert shape(User.find().sort(-User.age)).keys == [("age", 1)]


def test_a_field_of_both_the_sort_and_a_range_is_one_key() -> None:
    assert shape(User.find((User.age > 3) & (User.name == "x")).sort(-User.age)).keys == [("name", 1), ("age", -1)]


def test_what_comes_after_a_limit_or_another_shape_is_left_out() -> None:
    limited = User.aggregate([{"$limit": 3}, {"$match": {"age": 3}}, {"$sort": {"age": 1}}])
    assert shape(limited).paths == []
    grouped = User.aggregate([{"$group": {"_id": "$name"}}, {"$match": {"_id": "x"}}])
    assert shape(grouped).paths == []


def test_branches_are_served_each_with_the_order() -> None:
    found = shape(User.find((User.age == 3) | (User.name == "x")).sort(User.email))
    assert [branch.keys for branch in found.served] == [[("age", 1), ("email", 1)], [("name", 1), ("email", 1)]]
    narrowed = shape(User.find((User.email == "e") & ((User.age == 3) | (User.name == "x"))))
    assert [branch.keys for branch in narrowed.served] == [[("email", 1)]]


@pytest.mark.parametrize(
    "filter_",
    [{"age": {"$ne": 3}}, {"age": {"$nin": [3]}}, {"age": {"$not": {"$gt": 3}}}, {"$nor": [{"age": 3}]}],
)
def test_negations_narrow_nothing(filter_: dict[str, object]) -> None:
    found = shape(User.find(filter_))
    assert found.of_kind("negation") == ["age"]
    assert found.keys == []


def test_values_behind_a_link_are_found_by_the_link() -> None:
    nodes = User.find({"address.city": "x"})._selection()
    assert shape_of(nodes).keys == [("address.city", 1)]
    assert shape_of(nodes, ["address"]).keys == [("address", 1)]
    assert shape_of(nodes, ["addr"]).keys == [("address.city", 1)]


def test_skips_add_up() -> None:
    assert shape(User.aggregate([{"$skip": 3}, {"$skip": 4}])).skip == 7


@pytest.mark.parametrize("pattern", ["^abc", "\\Aabc", "^a.*c", "^\\.x", "^a+", "^\\Qab"])
def test_anchored(pattern: str) -> None:
    assert is_anchored(pattern, "")
    assert not is_anchored(pattern, "i")


@pytest.mark.parametrize("pattern", ["abc", "^.*a", "^a|b", "^", "^[ab]c", "^(ab)", "a$", "^a*b", "^\\d", "^\\.?a"])
def test_not_anchored(pattern: str) -> None:
    assert not is_anchored(pattern, "")
