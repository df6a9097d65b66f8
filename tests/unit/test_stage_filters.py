"""Filters among the arguments of stages: checked, and simplified by the rules of predicates, as a `Match` is."""

from __future__ import annotations

from typing import Any

import pytest

import data_bridge as db
from data_bridge import Document, Link, ir
from data_bridge.errors import CompileError


class Owner(Document):
    name: str


class Spot(Document):
    name: str
    size: int
    parent: str = ""
    owner: Link[Owner] | None = None


def near(query: Any) -> db.GeoNear:
    return db.GeoNear([1, 2], query=query)


def reach(query: Any) -> db.GraphLookup:
    return db.GraphLookup("spots", Spot.parent, "parent", "name", "found", restrict_search_with_match=query)


def sent(stage: Any) -> Any:
    [command] = Spot.aggregate([stage]).plan().commands
    [(_, body)] = command["pipeline"][0].items()
    return body.get("query", body.get("restrictSearchWithMatch"))


@pytest.mark.parametrize("stage", [near, reach])
def test_rules_of_predicates_reach_them(stage: Any) -> None:
    assert sent(stage((Spot.size > 5) & ((Spot.size > 5) | (Spot.name == "a")))) == {"size": {"$gt": 5}}
    assert sent(stage({"$and": [{"size": 1}, {"$and": [{"size": 1}, {"name": {"$in": ["a"]}}]}]})) == {
        "size": 1,
        "name": "a",
    }
    assert "absorb_terms" in str(
        Spot.aggregate([stage((Spot.size > 5) & ((Spot.size > 5) | (Spot.name == "a")))]).plan()
    )


def test_what_nothing_meets_is_sent_as_such() -> None:
    assert sent(near(Spot.size.in_([]))) == {"$alwaysFalse": 1}


def test_of_documents_that_come_their_fields_are_checked() -> None:
    with pytest.raises(CompileError, match="Spot has no field 'sise'"):
        Spot.aggregate([near({"sise": 1})]).plan()
    with pytest.raises(CompileError, match="'size' is int and never compares with"):
        Spot.aggregate([near({"size": "x"})]).plan()
    assert sent(reach({"of_others": 1})) == {"of_others": 1}


def test_linked_documents_are_not_filtered_by_there() -> None:
    with pytest.raises(CompileError, match="'query' of \\$geoNear filters by linked documents"):
        Spot.aggregate([near(Spot.owner.name == "x")]).plan()


def test_filters_of_search_indexes_stay_as_they_are() -> None:
    given = {"$and": [{"size": {"$gt": 1}}, {"size": {"$gt": 1}}]}
    [command] = Spot.aggregate([db.VectorSearch("i", "p", 3, filter=given)]).plan().commands
    assert command["pipeline"][0]["$vectorSearch"]["filter"] == given


@pytest.mark.parametrize("query", [{"a": 1, "b": {"$gt": 3, "$lt": 5}}, {"$expr": {"$gt": ["$a", 1]}}, {}])
def test_they_are_printed_as_they_were_written(query: Any) -> None:
    for stage in (
        {"$geoNear": {"query": query, "near": [1, 2]}},
        {
            "$graphLookup": {
                "from": "a",
                "startWith": "$b",
                "connectFromField": "b",
                "restrictSearchWithMatch": query,
                "connectToField": "c",
                "as": "d",
            }
        },
    ):
        assert list(map(repr, ir.parse_pipeline([stage]).to_mql())) == [repr(stage)]
