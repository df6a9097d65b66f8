"""What no server takes is refused when it is parsed, with the place and what was expected there."""

from __future__ import annotations

import re
from typing import Any

import bson
import pytest
from models import User

from data_bridge import ir
from data_bridge.errors import CompileError

FILTERS = [
    (5, "filter", "a filter is a dict"),
    ({5: 1}, "5", "keys are field names"),
    ({"$or": []}, "$or", "one filter or more"),
    ({"$or": {"a": 1}}, "$or", "takes a list"),
    ({"$and": [{"a": 1}, 5]}, "$and.1", "a filter is a dict"),
    ({"$or": [{"a": 1}, {"b": {"$in": 5}}]}, "$or.1.b.$in", "takes a list"),
    ({"a": {"$in": "text"}}, "a.$in", "takes a list"),
    ({"a": {"$all": {"x": 1}}}, "a.$all", "takes a list"),
    ({"a": {"$gt": 1, "b": 2}}, "a.b", "mixes operators and fields"),
    ({"a": {"$grt": 1}}, "a.$grt", "did you mean '$gt'"),
    ({"$orr": [{}]}, "$orr", "did you mean '$or'"),
    ({"$gt": 1}, "$gt", "under a field"),
    ({"a": {"$options": "i"}}, "a.$options", "beside $regex"),
    ({"a": {"$regex": 5}}, "a.$regex", "takes a pattern"),
    ({"a": {"$regex": "x", "$options": "q"}}, "a.$options", 'letters of "imsx"'),
    ({"a": {"$not": 5}}, "a.$not", "operators or a pattern"),
    ({"a": {"$not": {}}}, "a.$not", "operators or a pattern"),
    ({"a": {"$not": {"x": 1}}}, "a.$not", "operators or a pattern"),
    ({"a": {"$not": {"$in": 1}}}, "a.$not.$in", "takes a list"),
    ({"a": {"$size": -1}}, "a.$size", "whole number"),
    ({"a": {"$size": 1.5}}, "a.$size", "whole number"),
    ({"a": {"$size": True}}, "a.$size", "whole number"),
    ({"a": {"$mod": [3]}}, "a.$mod", "a divisor and a remainder"),
    ({"a": {"$mod": [0, 1]}}, "a.$mod.0", "remainder by 0"),
    ({"a": {"$type": {}}}, "a.$type", "names or numbers"),
    ({"a": {"$type": []}}, "a.$type", "names or numbers"),
    ({"a": {"$elemMatch": 5}}, "a.$elemMatch", "takes a dict"),
    ({"a": {"$elemMatch": {"b": {"$nin": 1}}}}, "a.$elemMatch.b.$nin", "takes a list"),
    ({"$nor": [{"$where": "true"}]}, "$nor.0.$where", "runs a program"),
]


@pytest.mark.parametrize(("filter", "path", "said"), FILTERS, ids=[str(case[0]) for case in FILTERS])
def test_malformed_filters(filter: Any, path: str, said: str) -> None:
    with pytest.raises(CompileError) as caught:
        ir.parse_filter(filter)
    assert caught.value.path == path
    assert said in str(caught.value)


PIPELINES = [
    ({}, "pipeline", "a list of stages"),
    ([5], "0", "a dict with one key"),
    ([{"$limit": 1}, {}], "1", "a dict with one key"),
    ([{"limit": 1}], "0.limit", "start with '$'"),
    ([{"$limt": 1}], "0.$limt", "did you mean '$limit'"),
    ([{"$limit": 0}], "0.$limit", "from 1"),
    ([{"$skip": "x"}], "0.$skip", "whole number"),
    ([{"$sort": {}}], "0.$sort", "a dict of fields"),
    ([{"$sort": {"a": 2}}], "0.$sort.a", "1, -1"),
    ([{"$match": {"$or": []}}], "0.$match.$or", "one filter or more"),
    ([{"$skip": 1}, {"$match": {"a": {"$in": 1}}}], "1.$match.a.$in", "takes a list"),
    ([{"$unwind": "a"}], "0.$unwind", "starts with '$'"),
    ([{"$unwind": {"path": 5}}], "0.$unwind", "starts with '$'"),
    ([{"$count": "$n"}], "0.$count", "the name of a field"),
    ([{"$unset": [5]}], "0.$unset", "a path or a list of paths"),
]


@pytest.mark.parametrize(("pipeline", "path", "said"), PIPELINES, ids=[str(case[0]) for case in PIPELINES])
def test_malformed_pipelines(pipeline: Any, path: str, said: str) -> None:
    with pytest.raises(CompileError) as caught:
        ir.parse_pipeline(pipeline)
    assert caught.value.path == path
    assert said in str(caught.value)


UPDATES = [
    (5, "update", "a dict of operators"),
    ({}, "update", "a dict of operators"),
    ({"a": 1}, "a", "replace_one"),
    ({"$sett": {"a": 1}}, "$sett", "did you mean '$set'"),
    ({"$set": 5}, "$set", "a dict of fields"),
    ({"$set": {5: 1}}, "$set.5", "is no field"),
    ([{"$limit": 0}], "0.$limit", "cannot stand in an update"),
    ([{"$unset": [5]}], "0.$unset", "a path or a list of paths"),
]


@pytest.mark.parametrize(("update", "path", "said"), UPDATES, ids=[str(case[0]) for case in UPDATES])
def test_malformed_updates(update: Any, path: str, said: str) -> None:
    with pytest.raises(CompileError) as caught:
        ir.parse_update(update)
    assert caught.value.path == path
    assert said in str(caught.value)


SPELLINGS = [
    {"a": 1, "b": 2},
    {"$and": [{"a": 1}, {"b": 2}]},
    {"$and": [{"a": 1}]},
    {"$and": [{}]},
    {"a": {"$eq": 1}},
    {"a": {"x": 1}},
    {"a": {"$eq": {"$gt": 1}}},
    {"a": {"$options": "i", "$gt": "a", "$regex": "x"}},
    {"a": {"$regex": re.compile("x"), "$options": "i"}},
    {"a": {"$not": re.compile("x")}},
    {"a": {"$not": {"$gt": 1, "$lt": 4}}},
    {"a": {"$type": ["int"]}},
    {"a": {"$exists": 1}},
    {"a": {"$elemMatch": {"$gt": 2, "$lt": 5}}},
    {"$comment": "x", "a": 1},
    {"a": bson.Int64(1)},
    {"a": {"$in": (1, 2)}},
]


@pytest.mark.parametrize("filter", SPELLINGS, ids=str)
def test_each_spelling_comes_back(filter: dict[str, Any]) -> None:
    node = ir.parse_filter(filter)
    assert bson.encode(node.to_mql()) == bson.encode(filter)
    assert bson.encode(ir.stages.Match(node).to_mql())


def test_a_spelling_is_not_part_of_what_a_node_means() -> None:
    bare, said = ir.parse_filter({"a": 1}), ir.parse_filter({"a": {"$eq": 1}})
    assert bare == said
    assert hash(bare) == hash(said)
    assert ir.And((bare, said)).to_mql() == {"a": 1, "$and": [{"a": 1}]}


def test_what_newer_servers_know_passes() -> None:
    for filter in ({"$isFuture": 5}, {"a": {"$ofTomorrow": 1}}):
        assert ir.parse_filter(filter).to_mql() == filter
    for stage in (ir.Raw({"$teleport": {}}), {"$set": {"a": ir.Raw({"$teleport": "$a"})}}):
        [node] = ir.parse_pipeline([stage])
        assert node.to_mql() == (stage.value if isinstance(stage, ir.Raw) else {"$set": {"a": {"$teleport": "$a"}}})


def test_what_was_parsed_does_not_change_with_the_dict() -> None:
    given: dict[str, Any] = {"a": {"$gt": 1}, "b": 2}
    node = ir.parse_filter(given)
    given["a"]["$gt"] = 5
    given["c"] = 3
    assert node.to_mql() == {"a": {"$gt": 1}, "b": 2}


def test_equality_with_a_pattern_is_no_match_of_it() -> None:
    pattern = re.compile("a")
    assert User.find({"name": {"$eq": pattern}}).plan().commands[0]["filter"] == {
        "name": {"$eq": bson.Regex.from_native(pattern)}
    }
    assert User.find({"name": pattern}).plan().commands[0]["filter"] == {"name": bson.Regex.from_native(pattern)}
