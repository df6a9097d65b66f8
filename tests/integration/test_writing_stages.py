"""`Merge` and `Out` write where a program says so, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bson
import pytest

import data_bridge
from data_bridge import Document, Limit, Match, Merge, Out, Raw, connect, ir, lang
from data_bridge.embedded import Server
from data_bridge.errors import CompileError, LangError


class Visit(Document):
    name: str
    age: int


GIVEN: list[Any] = [
    [{"$match": {"age": 1}}, {"$out": "copies"}],
    [{"$merge": "copies"}],
    [{"$merge": {"into": {"db": "other", "coll": "copies"}, "whenMatched": "replace"}}],
    [bson.SON([("$out", {"db": "other", "coll": "copies"})])],
    ir.parse_pipeline([{"$match": {"age": 1}}, {"$merge": {"into": "copies"}}]),
    [Match(Visit.age > 1), {"$out": "copies"}],
]


@pytest.mark.parametrize("pipeline", GIVEN, ids=str)
def test_dicts_do_not_write_unasked(pipeline: Any) -> None:
    ways: list[Callable[..., Any]] = [
        lambda **more: Visit.aggregate(pipeline, **more),
        lambda **more: Visit.find(Visit.age > 3).aggregate(pipeline, **more),
        lambda **more: Visit.pipeline().aggregate(pipeline, **more),
        lambda **more: Visit.pipeline().stage(*pipeline, **more),
    ]
    for way in ways:
        with pytest.raises(CompileError) as caught:
            way()
        assert caught.value.code == "writing_not_allowed"
        assert "aggregate([...], allow_writing=True)" in str(caught.value)
        sent = str(way(allow_writing=True).plan().commands)
        assert "$out" in sent or "$merge" in sent


def test_no_pipeline_inside_a_stage_writes() -> None:
    for stage in (
        {"$lookup": {"from": "a", "as": "b", "pipeline": [{"$out": "copies"}]}},
        {"$unionWith": {"coll": "a", "pipeline": [{"$merge": "copies"}]}},
        {"$facet": {"a": [{"$out": "copies"}]}},
    ):
        with pytest.raises(CompileError, match="ends the whole pipeline"):
            Visit.aggregate([stage]).plan()
        with pytest.raises(CompileError, match="ends the whole pipeline"):
            Visit.aggregate([stage], allow_writing=True).plan()


def test_texts_write_when_they_may() -> None:
    for text in (
        'Visit.aggregate([{"$out": "copies"}])',
        'Visit.aggregate([{"\\x24out": "copies"}])',
        'Visit.aggregate([{"$out": "copies"}], allow_writing=True)',
        'Visit.pipeline().stage({"$merge": {"into": "copies"}}, allow_writing=True)',
        'Visit.find().aggregate([{"$out": "copies"}]).to_list()',
        'Visit.aggregate([Out("copies")]).explain()',
        'Visit.pipeline().out("copies").first()',
    ):
        with pytest.raises(LangError) as caught:
            lang.parse(text, [Visit])
        assert caught.value.code == "writing_not_allowed"
        lang.parse(text, [Visit], allow_writing=True)


@pytest.mark.parametrize("pipeline", GIVEN, ids=str)
def test_what_writes_is_printed_as_it_is_allowed(pipeline: Any) -> None:
    query = Visit.aggregate(pipeline, allow_writing=True)
    assert lang.parse(str(query), [Visit], allow_writing=True) == query
    for text in (str(query), query.to_python()):
        assert eval(text, {**vars(data_bridge), "Visit": Visit}) == query


async def test_classes_and_asked_dicts_write(mongod: Server, database_name: str) -> None:
    async with await connect(mongod.uri, database=database_name):
        await Visit.insert_many([Visit(name="a", age=1), Visit(name="b", age=2)])
        copies = Visit.collection().database["copies"]
        with pytest.raises(CompileError):
            await Visit.aggregate([{"$out": "copies"}])
        assert await copies.count_documents({}) == 0
        await Visit.aggregate([Match(Visit.age == 1), Out("copies")])
        assert await copies.count_documents({}) == 1
        await Visit.aggregate([{"$merge": "copies"}], allow_writing=True)
        assert await copies.count_documents({}) == 2
        await Visit.aggregate([Limit(1), Raw({"$out": "copies"})])
        assert await copies.count_documents({}) == 1
        await Visit.pipeline().merge("copies")
        assert await copies.count_documents({}) == 2


async def test_nothing_is_asked_of_what_a_pipeline_writes(mongod: Server, database_name: str) -> None:
    async with await connect(mongod.uri, database=database_name):
        await Visit.insert_many([Visit(name="a", age=1), Visit(name="b", age=2)])
        for stage in (Out("copies"), Merge("copies")):
            query = Visit.aggregate([Match(Visit.age > 1), stage])
            for ask in (query.first, query.count, query.exists):
                with pytest.raises(CompileError, match=rf"last stage of a pipeline, and {ask.__name__}\(\)") as caught:
                    await ask()
                assert caught.value.code == "misplaced_stage"
        assert await Visit.collection().database["copies"].count_documents({}) == 0
