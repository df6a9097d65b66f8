"""Queries before they are run."""

from typing import Any

import pytest
from models import User

from data_bridge import Limit, Match, Sort


def command(query: object) -> dict[str, object]:
    return query.plan().commands[0]  # type: ignore[attr-defined, no-any-return]


def test_the_order_of_methods_does_not_matter() -> None:
    expected = command(User.find(User.age > 5).sort(-User.age).skip(1).limit(3))
    assert command(User.find().limit(3).skip(1).sort(-User.age).find(User.age > 5)) == expected
    assert expected["limit"] == 3


def test_the_last_of_a_kind_counts() -> None:
    query = User.find().sort(User.age).sort(-User.name).limit(3).limit(7)
    assert command(query) == {"find": "users", "filter": {}, "sort": {"name": -1}, "limit": 7}


def test_a_query_is_never_changed() -> None:
    query = User.find(User.age > 5)
    query.sort(User.age).limit(1)
    assert command(query) == {"find": "users", "filter": {"age": {"$gt": 5}}}


def test_stages_stay_in_their_order() -> None:
    plan = User.aggregate([Sort(User.age), Limit(3), Match(User.name == "x")]).plan()
    assert [*plan.commands[0]["pipeline"]] == [{"$sort": {"age": 1}}, {"$limit": 3}, {"$match": {"name": "x"}}]


def test_rules_can_be_switched() -> None:
    query = User.find((User.age == 1) | (User.age == 2))
    assert query.plan().rules == ["equalities_to_in"]
    assert query.optimize(False).plan().rules == []
    assert query.optimize({"equalities_to_in": False}).plan().rules == []


def test_plans_print_the_same_each_time() -> None:
    query = User.find((User.age == 1) | (User.age == 2), {"name": "x"}).sort(User.name)
    assert str(query.plan()) == str(query.plan())


def test_a_result_that_is_dropped_says_so() -> None:
    with pytest.warns(RuntimeWarning, match=r"User.find\(...\).to_list\(\) was never run"):
        User.find().to_list()


@pytest.mark.parametrize(
    ("use", "told"),
    [
        (lambda: bool(User.find()), r"write `await User.find\(...\).exists\(\)`"),
        (lambda: bool(User.find_one()), r"write `await User.find_one\(...\).exists\(\)`"),
        (lambda: len(User.find()), r"write `await User.find\(...\).count\(\)`"),
        (lambda: User.find()[0], r"write `.skip\(...\).limit\(...\)`"),
        (lambda: User.find_one() > 3, r"cannot be compared with 3: `await` it first"),
        (lambda: User.find_one().name, r"'name' is a field of it: write `\(await User.find_one\(...\)\).name`"),
        (lambda: User.find().lmit(3), r"User.find\(...\) is a query and has no 'lmit'; did you mean 'limit'"),
    ],
)
def test_what_only_the_answer_can_do_says_what_to_write(use: Any, told: str) -> None:
    with pytest.raises((TypeError, AttributeError), match=told):
        use()
