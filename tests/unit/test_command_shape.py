"""Commands without values, and their hashes."""

from __future__ import annotations

from typing import Any

import pytest

from data_bridge.command_shape import as_text, masked, plan_hash

SECRET = "s3cret"
COMMANDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"find": "users", "filter": {"a": SECRET, "b": {"$gt": 1, "$in": [SECRET]}}, "sort": {"a": -1}, "limit": 5},
        {"find": "users", "filter": {"a": "?", "b": {"$gt": "?", "$in": "?"}}, "sort": {"a": -1}, "limit": "?"},
    ),
    (
        {"find": "users", "filter": {"$or": [{"a": {"x": SECRET}}, {"b": {"$not": {"$regex": SECRET}}}]}},
        {"find": "users", "filter": {"$or": [{"a": "?"}, {"b": {"$not": {"$regex": "?"}}}]}},
    ),
    (
        {"find": "users", "filter": {"a": {SECRET: 1}, "l": {"$elemMatch": {"k": SECRET}}, "e": {"$exists": True}}},
        {"find": "users", "filter": {"a": "?", "l": {"$elemMatch": {"k": "?"}}, "e": {"$exists": True}}},
    ),
    (
        {"find": "users", "filter": {"$expr": {"$eq": ["$a", SECRET]}, "b": "$" + SECRET}},
        {"find": "users", "filter": {"$expr": {"$eq": ["$a", "?"]}, "b": "?"}},
    ),
    (
        {
            "aggregate": "users",
            "pipeline": [
                {"$match": {"a": SECRET}},
                {"$lookup": {"from": "b", "as": "c", "let": {}, "pipeline": [{"$match": {"x": SECRET}}]}},
                {"$project": {"a": 1, "b": {"$concat": ["$a", SECRET]}, "c": {"$literal": "$" + SECRET}}},
                {"$set": {"from": SECRET}},
                {"$facet": {"f": [{"$match": {"y": SECRET}}]}},
            ],
            "cursor": {"batchSize": 3},
        },
        {
            "aggregate": "users",
            "pipeline": [
                {"$match": {"a": "?"}},
                {"$lookup": {"from": "b", "as": "c", "let": {}, "pipeline": [{"$match": {"x": "?"}}]}},
                {"$project": {"a": 1, "b": {"$concat": ["$a", "?"]}, "c": {"$literal": "?"}}},
                {"$set": {"from": "?"}},
                {"$facet": {"f": [{"$match": {"y": "?"}}]}},
            ],
            "cursor": {},
        },
    ),
    (
        {"update": "users", "updates": [{"q": {"a": SECRET}, "u": {"$set": {"b": {SECRET: 1}}}, "multi": True}]},
        {"update": "users", "updates": [{"q": {"a": "?"}, "u": {"$set": {"b": "?"}}, "multi": True}]},
    ),
    (
        {"update": "users", "updates": [{"q": {}, "u": [{"$set": {"b": {"$add": ["$a", 7]}}}]}, {"q": {}, "u": {}}]},
        {"update": "users", "updates": [{"q": {}, "u": [{"$set": {"b": {"$add": ["$a", "?"]}}}]}, {"q": {}, "u": {}}]},
    ),
    (
        {"insert": "users", "documents": [{"a": SECRET}], "ordered": True},
        {"insert": "users", "documents": "?", "ordered": True},
    ),
    (
        {"explain": {"find": "users", "filter": {"a": SECRET}}, "verbosity": "queryPlanner"},
        {"explain": {"find": "users", "filter": {"a": "?"}}, "verbosity": "?"},
    ),
    (
        {"findAndModify": "users", "query": {"a": SECRET}, "update": {"$inc": {"n": 3}}, "new": True},
        {"findAndModify": "users", "query": {"a": "?"}, "update": {"$inc": {"n": "?"}}, "new": True},
    ),
    ({"distinct": "users", "key": "a", "query": {"b": 1}}, {"distinct": "users", "key": "a", "query": {"b": "?"}}),
]


@pytest.mark.parametrize(("command", "expected"), COMMANDS, ids=lambda case: next(iter(case)))
def test_values_are_masked_and_names_stay(command: dict[str, Any], expected: dict[str, Any]) -> None:
    assert masked(command) == expected
    assert SECRET not in as_text(masked(command))


def test_the_hash_is_of_the_shape() -> None:
    def of(**filter_: Any) -> str:
        return plan_hash([masked({"find": "users", "filter": filter_})])

    assert of(a=1) == of(a="x") == of(a=[1, 2])
    assert of(a={"$in": [1]}) == of(a={"$in": [1, 2, 3]})
    assert of(a=1) != of(b=1)
    assert of(a=1) != of(a={"$gt": 1})
    # The same in every process and release: people store it.
    assert of(a=1) == "d847a6fbdc418118"
