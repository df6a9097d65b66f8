"""Fields of a stage that stand in each other's place are refused exactly where the server refuses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

import data_bridge as d
from data_bridge import Document, EmbeddedDocument, F, fn, ir
from data_bridge.embedded import Server
from data_bridge.errors import CompileError

B = "$b"
FIELDS: list[dict[str, Any]] = [
    {"a": 1, "a.x": 1},
    {"a.x": 1, "a": 1},
    {"a": B, "a.x": 1},
    {"a.x": 1, "a": B},
    {"a.x.p": 1, "b": 1, "a": B},
    {"a": {"$literal": {"y": 1}}, "a.x": B},
    {"a": [B], "a.0": B},
    {"a": {"x": 1}, "a.x": B},
    {"a": {"x": {"p": B}}, "a.x": B},
    {"a": {"x": B}, "a.x.p": B},
    {"_id": 1, "_id.x": 1},
    {"a": {"x": 1}, "a.y": 1},
    {"a": {"x": B}, "a.y": B},
    {"a": {"x": {"p": B}}, "a.x.q": B},
    {"a": {"x": B, "y": {"$add": [B, 1]}}, "ab": 1, "a.xy": B},
    {"a.x": 1, "a-b": 1, "a.y": B},
]
STAGES = [
    *({"$project": each} for each in FIELDS),
    *({"$project": dict.fromkeys(each, 0)} for each in FIELDS),
    *({"$set": each} for each in FIELDS),
    *({"$addFields": each} for each in FIELDS),
    {"$project": {"_id": 0, "_id.x": 1}},
    {"$project": {"a": {"b.c": 1, "b": 1}}},
    {"$project": {"a": {"b.c": B, "b.d": B}}},
    {"$set": {"a": {"b.c": B}}},
    {"$unset": ["a", "a.x"]},
    {"$unset": ["a.x", "b", "a"]},
    {"$unset": ["a", "a"]},
    {"$unset": ["a.x", "a.y"]},
    {"$setWindowFields": {"sortBy": {"b": 1}, "output": {"a": {"$sum": B}, "a.x": {"$sum": B}}}},
    {"$setWindowFields": {"sortBy": {"b": 1}, "output": {"a.y": {"$sum": B}, "a.x": {"$sum": B}}}},
    {"$fill": {"output": {"a": {"value": 1}, "a.x": {"value": 2}}}},
    {"$fill": {"sortBy": {"b": 1}, "output": {"a": {"method": "locf"}, "a.x": {"method": "locf"}}}},
    {"$fill": {"output": {"a.y": {"value": 1}, "a.x": {"value": 2}}}},
    {"$group": {"_id": B, "a.x": {"$sum": 1}}},
    {"$group": {"_id": {"a.x": B}}},
    {"$group": {"_id": {"a": B, "a.x": B}}},
    {"$bucket": {"groupBy": B, "boundaries": [0, 9], "output": {"a.x": {"$sum": 1}}}},
]


@pytest.fixture(scope="module")
def things(mongod: Server) -> Iterator[Any]:
    with MongoClient[dict[str, Any]](mongod.uri) as plain:
        database = plain["path_collisions"]
        database.things.insert_one({"a": {"x": 1, "y": 2}, "b": 3})
        yield database.things
        plain.drop_database("path_collisions")


def _is_refused(ask: Callable[[], Any]) -> bool:
    try:
        ask()
    except (CompileError, OperationFailure):
        return True
    return False


@pytest.mark.parametrize("stage", STAGES, ids=str)
def test_stages_are_refused_where_the_server_refuses_them(things: Any, stage: dict[str, Any]) -> None:
    refused = _is_refused(lambda: list(things.aggregate([stage])))
    assert _is_refused(lambda: ir.parse_pipeline([stage])) == refused


class Inner(EmbeddedDocument):
    x: int
    y: int


class Thing(Document):
    a: Inner
    b: int
    c: int = 0


TYPED: list[tuple[Callable[[], Any], str, str]] = [
    (lambda: d.Project(Thing.a, Thing.a.x), "a", "a.x"),
    (lambda: d.Project(Thing.a.x, Thing.b, a=Thing.b), "a", "a.x"),
    (lambda: d.Project(a=0, **{"a.x": 0}), "a", "a.x"),
    (lambda: d.Set({Thing.a.x: Thing.b, Thing.a: {"x": 1, "y": 2}}), "a.x", "a.x"),
    (lambda: d.Set({"a": fn.merge_objects(Thing.a, {"z": 1}), "a.x": 3}), "a", "a.x"),
    (lambda: d.Set({"a": {"x": {"p": Thing.b}}, "a.x.p": Thing.b}), "a.x.p", "a.x.p"),
    (lambda: d.AddFields({"a": Thing.b, "a.x": Thing.b}), "a", "a.x"),
    (lambda: d.Unset(Thing.a, Thing.a.x), "a", "a.x"),
    (lambda: d.SetWindowFields(sort_by=Thing.b, **{"a": d.Sum(Thing.b), "a.x": d.Sum(Thing.b)}), "a", "a.x"),
    (lambda: d.Fill({"a": "locf", "a.x": "locf"}, sort_by=Thing.b), "a", "a.x"),
    (lambda: {"$project": {"a.x": 1, "c": 1, "a": 1}}, "a", "a.x"),
    (lambda: {"$set": {"a": {"x": "$b"}, "a.x": 1}}, "a.x", "a.x"),
    (lambda: {"$unset": ["a.x", "a"]}, "a", "a.x"),
]


@pytest.mark.parametrize(("stage", "above", "path"), TYPED)
def test_both_paths_are_named_before_anything_is_sent(stage: Callable[[], Any], above: str, path: str) -> None:
    for build in (
        lambda: Thing.aggregate([d.Match(Thing.b > 1), stage()]).plan(),
        lambda: Thing.aggregate([d.Facet(of=[stage()])]).plan(),
    ):
        with pytest.raises(CompileError) as caught:
            build()
        assert caught.value.code == "path_collision"
        assert repr(above) in str(caught.value)
        assert repr(path) in str(caught.value)


def test_projections_of_queries_and_updates_by_pipeline_too() -> None:
    for build in (
        lambda: Thing.find().project(Thing.a, Thing.a.x),
        lambda: Thing.find().project(Thing.b, Thing.b),
        lambda: Thing.find().project(Thing.id, id=False),
        lambda: Thing.pipeline().project(Thing.a.x, "a"),
        lambda: Thing.find().update([d.Set({"a": {"x": 1, "y": 2}, "a.x": F.b})]),
        lambda: Thing.find().update([{"$set": {"a": "$c", "a.x": "$b"}}]),
    ):
        with pytest.raises(CompileError) as caught:
            build()
        assert caught.value.code == "path_collision"


def test_the_place_in_a_dict_is_told() -> None:
    with pytest.raises(CompileError) as caught:
        ir.parse_pipeline([{"$limit": 1}, {"$facet": {"of": [{"$project": {"a": 1, "b": 1, "a.x": "$b"}}]}}])
    assert caught.value.path == "1.$facet.of.0.$project.a.x"
    assert caught.value.hint == "leave out 'a' or 'a.x'"
