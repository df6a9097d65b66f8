"""The forms in which servers explain: classic and slot-based, alone, in a pipeline, on shards."""

from __future__ import annotations

from typing import Any

from data_bridge.explain.reading import read_reply
from data_bridge.explain.tree import ServerPlan

IXSCAN = {"stage": "IXSCAN", "indexName": "a_1", "indexBounds": {"a": ["[1, 1]"]}, "direction": "forward"}
FETCH = {"stage": "FETCH", "inputStage": IXSCAN}


def ran(stage: dict[str, Any], **counts: Any) -> dict[str, Any]:
    return {**stage, "nReturned": 2, "executionTimeMillisEstimate": 1, "works": 3, **counts}


CLASSIC = {
    "explainVersion": "1",
    "queryPlanner": {"winningPlan": FETCH, "rejectedPlans": []},
    "executionStats": {
        "nReturned": 2,
        "executionTimeMillis": 5,
        "totalKeysExamined": 4,
        "totalDocsExamined": 3,
        "executionStages": {**ran(FETCH, docsExamined=3), "inputStage": ran(IXSCAN, keysExamined=4)},
    },
}
SLOTS = {
    "explainVersion": "2",
    "queryPlanner": {
        "winningPlan": {
            "isCached": False,
            "queryPlan": {
                "stage": "FETCH",
                "planNodeId": 2,
                "inputStage": {**IXSCAN, "planNodeId": 1},
            },
            "slotBasedPlan": {"slots": "", "stages": ""},
        }
    },
    "executionStats": {
        "nReturned": 2,
        "executionTimeMillis": 5,
        "totalKeysExamined": 4,
        "totalDocsExamined": 3,
        "executionStages": {
            "stage": "nlj",
            "planNodeId": 2,
            "nReturned": 2,
            "executionTimeMillisEstimate": 1,
            "outerStage": {
                "stage": "cfilter",
                "planNodeId": 1,
                "nReturned": 3,
                "inputStage": {"stage": "ixseek", "planNodeId": 1, "nReturned": 3, "keysExamined": 4, "numReads": 9},
            },
            "innerStage": {
                "stage": "limit",
                "planNodeId": 2,
                "inputStage": {"stage": "seek", "planNodeId": 2, "numReads": 3},
            },
        },
    },
}


def read(reply: dict[str, Any]) -> ServerPlan:
    plan = read_reply(reply)
    assert plan is not None
    return plan


def test_classic() -> None:
    plan = read(CLASSIC)
    assert [stage.name for stage in plan.stages] == ["FETCH", "IXSCAN"]
    assert plan.indexes == ["a_1"]
    assert plan.stages[1].bounds == {"a": ["[1, 1]"]}
    assert (plan.stages[0].documents, plan.stages[1].keys, plan.stages[0].milliseconds) == (3, 4, 1)
    assert (plan.returned, plan.keys, plan.documents, plan.milliseconds) == (2, 4, 3, 5)


def test_slot_based_counts_come_by_node() -> None:
    plan = read(SLOTS)
    assert [stage.name for stage in plan.stages] == ["FETCH", "IXSCAN"]
    fetch, scan = plan.stages
    assert (fetch.returned, fetch.documents, scan.returned, scan.keys) == (2, 3, 3, 4)


def test_a_plan_that_was_not_run_has_no_counts() -> None:
    plan = read({"queryPlanner": CLASSIC["queryPlanner"]})
    assert plan.indexes == ["a_1"]
    assert (plan.returned, plan.keys, plan.stages[0].returned) == (None, None, None)
    assert plan.text == "FETCH\n  IXSCAN a_1 {a: [1, 1]}"


def test_several_inputs() -> None:
    winning = {"stage": "OR", "inputStages": [IXSCAN, {"stage": "IXSCAN", "indexName": "b_1"}]}
    plan = read({"queryPlanner": {"winningPlan": winning}})
    assert plan.indexes == ["a_1", "b_1"]
    assert [len(stage.inputs) for stage in plan.stages] == [2, 0, 0]


def test_ids_are_read_by_their_index() -> None:
    assert read({"queryPlanner": {"winningPlan": {"stage": "IDHACK"}}}).indexes == ["_id_"]
    express = {"stage": "EXPRESS_IXSCAN", "indexName": "_id_", "keyPattern": "{ _id: 1 }"}
    assert read({"queryPlanner": {"winningPlan": {"isCached": False, **express}}}).indexes == ["_id_"]


def test_pipelines_show_all_stages() -> None:
    stages = [
        {"$cursor": CLASSIC, "nReturned": 2, "executionTimeMillisEstimate": 5},
        {"$lookup": {"from": "b"}, "totalDocsExamined": 7, "collectionScans": 2, "nReturned": 2},
        {"$group": {"_id": "$a"}, "nReturned": 1, "executionTimeMillisEstimate": 9},
    ]
    plan = read({"stages": stages})
    assert [stage.name for stage in plan.stages] == ["$group", "$lookup", "FETCH", "IXSCAN"]
    assert (plan.returned, plan.keys, plan.documents, plan.milliseconds) == (1, 4, 10, 9)
    assert plan.stages[1].details["collectionScans"] == 2


def test_a_union_shows_its_other_collection() -> None:
    union = {"$unionWith": {"coll": "b", "pipeline": [{"$cursor": SLOTS}]}, "nReturned": 4}
    plan = read({"stages": [{"$cursor": CLASSIC}, union]})
    assert [stage.name for stage in plan.stages] == ["$unionWith", "FETCH", "IXSCAN", "FETCH", "IXSCAN"]
    assert len(plan.root.inputs) == 2
    assert (plan.keys, plan.documents) == (8, 6)


def test_each_output_of_a_facet_is_shown() -> None:
    facet = {"$facet": {"one": [{"$match": {}, "nReturned": 1}], "two": [{"$limit": 1}, {"$skip": 1}]}, "nReturned": 1}
    plan = read({"stages": [{"$cursor": CLASSIC}, facet]})
    names = ["$facet", "FETCH", "IXSCAN", "$facet.one", "$match", "$facet.two", "$skip", "$limit"]
    assert [stage.name for stage in plan.stages] == names
    assert (plan.returned, plan.documents) == (1, 3)


def test_shards_of_a_find_have_their_own_engines() -> None:
    reply = {
        "queryPlanner": {
            "winningPlan": {
                "stage": "SHARD_MERGE",
                "shards": [
                    {"shardName": "s0", "winningPlan": FETCH},
                    {"shardName": "s1", "winningPlan": SLOTS["queryPlanner"]["winningPlan"]},  # type: ignore[index]
                ],
            }
        },
        "executionStats": {
            "nReturned": 4,
            "totalKeysExamined": 8,
            "totalDocsExamined": 6,
            "executionStages": {
                "stage": "SHARD_MERGE",
                "nReturned": 4,
                "shards": [
                    {"shardName": "s1", "executionStages": SLOTS["executionStats"]["executionStages"]},  # type: ignore[index]
                    {"shardName": "s0", "executionStages": ran(FETCH, docsExamined=3)},
                ],
            },
        },
    }
    plan = read(reply)
    assert plan.root.name == "SHARD_MERGE"
    assert plan.root.returned == 4
    assert [(stage.shard, stage.name, stage.documents) for stage in plan.root.inputs] == [
        ("s0", "FETCH", 3),
        ("s1", "FETCH", 3),
    ]


def test_shards_of_a_pipeline_are_summed_and_merged() -> None:
    group = {"$group": {"_id": "$a"}}
    shards = {"s0": {"stages": [{"$cursor": CLASSIC}, {**group, "nReturned": 1}]}, "s1": SLOTS}
    split = {"shardsPart": [group], "mergerPart": [{"$mergeCursors": {}}, group]}
    plan = read({"mergeType": "mongos", "splitPipeline": split, "shards": shards})
    assert [stage.name for stage in plan.stages][:4] == ["$group", "$mergeCursors", "SHARDS", "$group"]
    assert {stage.shard for stage in plan.stages} == {None, "s0", "s1"}
    assert (plan.keys, plan.documents, plan.returned) == (8, 6, None)


def test_answers_without_a_plan() -> None:
    assert read_reply({"ok": 1.0}) is None
    assert read_reply({"queryPlanner": {"winningPlan": {}}}) is None
