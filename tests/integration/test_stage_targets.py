"""Stages are asked of what they are about: a database, the server's own, or where sessions are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import data_bridge as d
from data_bridge import Document, F, Match, connect
from data_bridge.embedded import Server
from data_bridge.errors import CompileError


class Thing(Document):
    number: int


async def test_documents_of_a_pipeline_come_first(mongod: Server, database_name: str) -> None:
    async with await connect(mongod.uri, database=database_name):
        for optimized in (False, True):
            made = Thing.aggregate([d.Documents([{"a": 1}, {"a": 2}]), Match(F.a > 1)]).optimize(optimized)
            assert await made == [{"a": 2}]
            assert await Thing.aggregate([{"$documents": [{"a": 1}, {"a": 2}]}]).optimize(optimized).count() == 2
            both = Thing.pipeline().documents([{"number": 7}]).union_with(None, [d.Documents([{"number": 8}])])
            assert [row["number"] for row in await both.optimize(optimized)] == [7, 8]


async def test_what_a_server_tells_of_itself(mongod: Server, database_name: str) -> None:
    async with await connect(mongod.uri, database=database_name):
        await Thing.insert_one(Thing(number=1))
        assert any(row["type"] == "op" for row in await Thing.pipeline().current_op())
        assert await Thing.pipeline().list_local_sessions()
        await Thing.pipeline().list_sessions()
        assert await Thing.pipeline().index_stats().count() == 1


@pytest.mark.parametrize(
    ("stage", "database", "asked"),
    [
        (d.CurrentOp(), "admin", 1),
        (d.ListSampledQueries(), "admin", 1),
        (d.QuerySettings(), "admin", 1),
        (d.QueryStats(), "admin", 1),
        (d.ShardedDataDistribution(), "admin", 1),
        (d.ListClusterCatalog(), "admin", 1),
        (d.ListSessions(), "config", "system.sessions"),
        (d.ListLocalSessions(), "admin", 1),
        (d.Documents([{"a": 1}]), None, 1),
        (d.IndexStats(), None, "Thing"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_each_is_asked_of_its_own(stage: Any, database: str | None, asked: Any) -> None:
    plan = Thing.aggregate([stage]).plan()
    assert plan.commands[0]["aggregate"] == asked
    assert plan.steps[0].database == database


@pytest.mark.parametrize(
    "build",
    [
        lambda: Thing.find().limit(-1),
        lambda: Thing.find().limit("3"),
        lambda: Thing.find().skip(1.5),
        lambda: Thing.find().skip(True),
        lambda: Thing.aggregate([d.Limit(2**63)]),
        lambda: Thing.aggregate([d.Sample("x")]),
        lambda: Thing.pipeline().skip(-1),
    ],
)
def test_counts_are_whole_numbers(build: Callable[[], Any]) -> None:
    with pytest.raises(CompileError, match="takes a whole number from 0, not"):
        build()


def test_what_is_no_stage() -> None:
    with pytest.raises(CompileError, match=r"is no stage\n  hint: write Match\(User.age > 25\)"):
        Thing.aggregate([Thing.number > 3])
