"""Aggregation expressions of MQL: what each is read as, and what is refused, with the place and what was expected."""

from __future__ import annotations

from typing import Any

import pytest
from models import User

from data_bridge import Raw, _core, fn, ir
from data_bridge.errors import CompileError
from data_bridge.schema import schema_of

WRONG = [
    ({"$ad": ["$a", 1]}, "$ad", "there is no operator '$ad'\n  hint: did you mean '$and' or '$add'"),
    ({"x": [1, {"$abss": 1}]}, "x.1.$abss", "did you mean '$abs'"),
    ({"$teleport": 1}, "$teleport", "Raw({...}) passes any"),
    ({"$divide": [1]}, "$divide", "takes 2 arguments and was given 1\n  hint: arguments: dividend, divisor"),
    ({"$divide": "$a"}, "$divide", "takes 2 arguments and was given 1"),
    ({"$eq": [1, 2, 3]}, "$eq", "takes 2 arguments and was given 3"),
    ({"$ifNull": ["$a"]}, "$ifNull", "takes 2 or more arguments and was given 1"),
    ({"$ifNull": "$a"}, "$ifNull", "takes 2 or more arguments and was given 1"),
    ({"$range": [1]}, "$range", "takes 2 to 3 arguments and was given 1"),
    ({"$not": []}, "$not", "takes 1 arguments and was given 0"),
    ({"$cond": ["$a", 1]}, "$cond", "takes 3 arguments and was given 2"),
    ({"$cond": {"if": 1, "then": 2}}, "$cond", "needs 'else'"),
    ({"$cond": {"if": 1, "then": 2, "els": 3}}, "$cond.els", "no argument 'els'\n  hint: did you mean 'else'"),
    ({"$cond": "$a"}, "$cond", "by name, in a dict"),
    ({"$year": []}, "$year", "takes one argument and was given 0"),
    ({"$dateToString": "$a"}, "$dateToString", "by name, in a dict"),
    ({"$filter": {"input": "$a", "as": "A", "cond": 1}}, "$filter.as", "cannot name a variable"),
    ({"$filter": {"input": "$a", "as": "item", "cond": "$$itm"}}, "$filter.cond", "did you mean 'item'"),
    ({"$let": {"vars": {"X": 1}, "in": 1}}, "$let.vars.X", "cannot name a variable"),
    ({"$let": {"vars": 5, "in": 1}}, "$let.vars", "a dict of names and expressions"),
    ({"$switch": {"branches": []}}, "$switch.branches", "a list of one"),
    ({"$switch": {"branches": [{"case": 1}]}}, "$switch.branches.0", "a branch is"),
    ({"$zip": {"inputs": "$a"}}, "$zip.inputs", "a list that is written out"),
    ({"$zip": {"inputs": ["$a"], "useLongestLength": "$b"}}, "$zip.useLongestLength", "True or False"),
    ({"$sortArray": {"input": "$a", "sortBy": {"x": 2}}}, "$sortArray.sortBy.x", "a direction is 1 or -1"),
    ({"$sortArray": {"input": "$a", "sortBy": {}}}, "$sortArray.sortBy", "names a field or more"),
    ({"$median": {"input": "$a", "method": "exact"}}, "$median.method", "none of approximate"),
    ({"$meta": ["textScore"]}, "$meta", "a constant text"),
    ({"$add": [1], "b": 1}, "expression", "stands alone in its document"),
    ({"b": 1, "$add": [1]}, "expression", "stands alone in its document"),
    ({"a.b": 1}, "a.b", "cannot name a field of a computed document"),
    ({5: 1}, "5", "the names of a document are texts"),
    ("$", "expression", "a name is missing"),
    ("$a.", "expression", "a name is missing"),
    ("$a..b", "expression", "a name is missing"),
    ("$a.$b", "expression", "begins with a dollar sign"),
    ("$a\0b", "expression", "NUL"),
    ("$$", "expression", "there is no variable '$$'"),
    ("$$ROOTS", "expression", "did you mean 'ROOT'"),
    (["$a", "$$Nope"], "1", "there is no variable '$$Nope'"),
]


@pytest.mark.parametrize(("given", "path", "said"), WRONG, ids=[str(case[0]) for case in WRONG])
def test_what_no_server_takes_is_refused(given: Any, path: str, said: str) -> None:
    with pytest.raises(CompileError) as caught:
        ir.parse_expression(given)
    assert caught.value.path == path
    assert said in str(caught.value)


MEANING = [
    ({"$abs": "$a"}, {"$abs": ["$a"]}),
    ({"$not": "$a"}, {"$not": ["$a"]}),
    ({"$sum": "$a"}, {"$sum": ["$a"]}),
    ({"$year": "$a"}, {"$year": ["$a"]}),
    ({"$year": "$a"}, {"$year": {"date": "$a"}}),
    ({"$cond": [1, 2, 3]}, {"$cond": {"else": 3, "if": 1, "then": 2}}),
    ({"$getField": "a.b"}, {"$getField": {"field": "a.b", "input": "$$CURRENT"}}),
    ({"$map": {"input": "$a", "in": 1}}, {"$map": {"input": "$a", "as": "this", "in": 1}}),
    ({"$literal": 5}, 5),
    ({"$const": 5}, {"$literal": 5}),
    ({"$rand": {}}, {"$rand": []}),
]


@pytest.mark.parametrize(("one", "other"), MEANING, ids=str)
def test_ways_to_write_one_thing_are_one_node(one: Any, other: Any) -> None:
    left, right = ir.parse_expression(one), ir.parse_expression(other)
    assert left == right
    assert (left.to_mql(), right.to_mql()) == (one, other)


def test_a_list_that_stands_alone_is_the_value_where_the_server_says_so() -> None:
    assert _core.to_mql(ir.parse_expression({"$toHashedIndexKey": ["$a"]})) == {"$toHashedIndexKey": ["$a"]}
    assert _core.to_mql(ir.parse_expression({"$size": [["$a"]]})) == {"$size": [["$a"]]}


def test_a_position_is_no_element_in_an_expression() -> None:
    assert _core.to_mql(ir.parse_expression("$tags.0", schema_of(User))) == "$$CURRENT.tags.0"
    assert ir.parse_expression("$tags.0").to_mql() == "$tags.0"


def test_fields_are_checked_against_the_class() -> None:
    with pytest.raises(CompileError, match="did you mean 'age'") as caught:
        ir.parse_pipeline([{"$match": {}}, {"$set": {"n": {"$add": [1, "$agee"]}}}], schema_of(User))
    assert caught.value.path == "1.$set.n.$add.1"
    with pytest.raises(CompileError, match="did you mean 'age'") as caught:
        ir.parse_filter({"$and": [{"$expr": {"$gt": ["$agee", 5]}}]}, schema_of(User))
    assert caught.value.path == "$and.0.$expr.$gt.0"


def test_types_are_checked_as_in_python() -> None:
    with pytest.raises(CompileError, match="cannot be compared") as caught:
        User.find({"$expr": {"$eq": ["$age", "x"]}})
    assert caught.value.path == "$expr.$eq"
    with pytest.raises(CompileError, match=r"\$abs takes a number as 'number': name is string"):
        User.aggregate([{"$set": {"n": {"$abs": "$name"}}}]).plan()


def test_filters_run_no_programs() -> None:
    program = {"$function": {"body": "function() { return true }", "args": [], "lang": "js"}}
    with pytest.raises(CompileError, match="runs a program") as caught:
        ir.parse_filter({"$or": [{"$expr": {"$not": [program]}}]})
    assert (caught.value.code, caught.value.path) == ("javascript_not_allowed", "$or.0.$expr.$not.0.$function")
    assert ir.parse_expression(program).to_mql() == program


def test_parts_built_in_python_stand_between() -> None:
    stage = {"$set": {"n": {"$add": [User.age, 1]}, "m": [fn.abs(User.age)], "raw": Raw({"$future": "$x"})}}
    [node] = ir.parse_pipeline([stage])
    expected = {"n": {"$add": ["$age", 1]}, "m": [{"$abs": "$age"}], "raw": {"$future": "$x"}}
    assert node.to_mql() == {"$set": expected}
    assert ir.parse_filter({"$or": [User.age > 5, {"name": "x"}]}).to_mql() == {
        "$or": [{"age": {"$gt": 5}}, {"name": "x"}]
    }


def test_stages_of_dicts_are_optimized() -> None:
    plan = User.aggregate([{"$addFields": {"n": {"$add": ["$age", 1]}}}, {"$match": {"name": "x"}}]).plan()
    assert plan.commands[0]["pipeline"] == [{"$match": {"name": "x"}}, {"$set": {"n": {"$add": ["$age", 1]}}}]


def test_deep_ones_are_refused_before_the_stack_ends() -> None:
    deep: Any = "$a"
    for _ in range(5000):
        deep = {"$add": [deep, {"x": [deep]}]}
    with pytest.raises(CompileError, match="more than 100 levels"):
        ir.parse_expression(deep)
