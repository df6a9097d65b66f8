"""Pipelines as text: every stage in a list and on the fluent form, and other classes by their names."""

from __future__ import annotations

import re
from typing import Any

import pytest
from test_row_schemas import TABLE, Tour, Visit

import data_bridge as db
from data_bridge import F, lang
from data_bridge.errors import LangError
from data_bridge.pipeline_builder import PipelineBuilder
from tools.catalog.table import load

MODELS = [Visit, Tour]
STAGES = [stage for stage, _ in TABLE if "others" not in str(Visit.aggregate([stage]))]


def read(text: str) -> Any:
    return lang.parse(text, MODELS, allow_writing=True)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: type(stage).__name__)
def test_every_stage_is_read_as_it_is_printed(stage: Any) -> None:
    query = Visit.aggregate([stage])
    text = str(query)
    assert read(text) == query
    assert str(read(text)) == text
    [(name, arguments)] = re.findall(r"Visit\.aggregate\(\[(\w+)\((.*)\)\]\)", text, re.DOTALL)
    fluent = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    assert read(f"Visit.pipeline().{fluent}({arguments})") == query
    assert read(f"Visit.pipeline().stage({name}({arguments}))") == query
    # What is known of other classes is still known.
    assert str(read(text).schema) == str(query.schema)


def test_the_fluent_form_has_every_stage() -> None:
    assert {row.key for row in load()["stages"]} <= set(vars(PipelineBuilder))


def test_a_pipeline_equals_the_list_of_its_stages() -> None:
    built = Visit.pipeline().match(Visit.age > 25).group(by=Visit.name, n=db.Count()).sort(n=-1).limit(3)
    text = "Visit.pipeline().match(Visit.age > 25).group(by=Visit.name, n=Count()).sort(n=-1).limit(3)"
    assert (
        read(text)
        == built
        == Visit.aggregate(
            [db.Match(Visit.age > 25), db.Group(by=Visit.name, n=db.Count()), db.Sort(n=-1), db.Limit(3)]
        )
    )
    assert read(f"{text}.to_list()").query == built
    assert str(read(f"{text}.count()")).endswith(".count()")
    assert read(f'{text}.count("n")') == built.count("n")
    assert read("Visit.find(Visit.age > 1).aggregate([Limit(3)])") == Visit.find(Visit.age > 1).aggregate([db.Limit(3)])


def test_stages_of_other_classes_are_printed_with_their_fields() -> None:
    query = Visit.aggregate([db.UnionWith(Tour, [db.Match(Tour.title == "a"), db.Match(F.guide == "b")])])
    assert str(query) == (
        'Visit.aggregate([UnionWith(collection=Tour, pipeline=[Match(Tour.title == "a"), Match(F.guide == "b")])])'
    )
    assert query.to_python() == str(query)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('Visit.pipeline().out("x")', "writing_not_allowed"),
        ('Visit.pipeline().merge("x")', "writing_not_allowed"),
        ('Visit.pipeline().stage({"$out": "x"})', "writing_not_allowed"),
        ('Visit.pipeline().stage({"$unionWith": "secrets"})', "collection_not_allowed"),
        ('Visit.pipeline().union_with("secrets")', "collection_not_allowed"),
        ('Visit.pipeline().facet(a=[UnionWith("secrets")])', "collection_not_allowed"),
        ("Visit.pipeline().current_op(all_users=True)", "server_not_allowed"),
        ("Visit.pipeline().list_sessions()", "server_not_allowed"),
        ("Visit.aggregate([ListLocalSessions()])", "server_not_allowed"),
        ("Visit.aggregate([QueryStats()]).to_list()", "server_not_allowed"),
        ('Visit.aggregate([{"$currentOp": {"allUsers": True}}])', "server_not_allowed"),
        ('Visit.aggregate([{"\\x24currentOp": {}}])', "server_not_allowed"),
        ("Visit.pipeline().coll_stats(count={})", "server_not_allowed"),
        ("Visit.aggregate([IndexStats()])", "server_not_allowed"),
        ('Visit.aggregate([{"$planCacheStats": {}}])', "server_not_allowed"),
        ("Visit.aggregate([ListSearchIndexes()])", "server_not_allowed"),
        ("Visit.aggregate([ChangeStream(all_changes_for_cluster=True)])", "server_not_allowed"),
        ("Visit.pipeline()._stages()", "no_such_method"),
        ("Visit.pipeline().stage(1)", "malformed_pipeline"),
    ],
)
def test_what_a_text_may_not_is_refused_on_the_fluent_form_too(text: str, code: str) -> None:
    with pytest.raises(LangError) as raised:
        lang.parse(text, MODELS)
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("Visit.find(Visit.at > datetime(2024, 1, 31))", 'Visit.find(Visit.at > datetime("2024-01-31T00:00:00"))'),
        ("Visit.find(Visit.at > datetime.datetime(2024, 1, 31))", 'Visit.find(Visit.at > datetime("2024-01-31"))'),
        ("Visit.find(Visit.name == re.compile('^a', re.I))", "Visit.find(Visit.name == re.compile('^a', 2))"),
        ("Visit.find().max('age')", "Visit.find().max(Visit.age)"),
    ],
)
def test_values_as_python_writes_them(text: str, same: str) -> None:
    found, expected = read(text), read(same)
    assert repr(found.plan().commands) == repr(expected.plan().commands)
    assert read(str(found)) == found
