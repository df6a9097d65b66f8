"""The server's answer to `explain`, read into a tree.

The forms are those of servers 5.0 to 8.0: the classic engine's and the slot-based one's (a plan in `queryPlan`, its
execution as slot stages that name the plan's nodes), each alone, below the stages of a pipeline, or on every shard.
See https://www.mongodb.com/docs/manual/reference/explain-results/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from .tree import PlanStage, ServerPlan, total

#: Where a stage keeps the stages it reads from.
_INPUTS = ("inputStage", "inputStages", "outerStage", "innerStage", "thenStage", "elseStage")
#: What becomes an attribute of a stage, or only says how the engine went about it.
_READ = {
    *("stage", "planNodeId", "indexName", "indexBounds", "nReturned", "executionTimeMillisEstimate", "keysExamined"),
    *("docsExamined", "shardName", "shards", "works", "advanced", "needTime", "needYield", "saveState"),
    *("restoreState", "isEOF", "isCached", "opens", "closes", *_INPUTS),
}
#: Stages that read the index of ids without naming it.
_BY_ID = ("IDHACK", "EXPRESS_IDHACK")


def read_reply(reply: Mapping[str, Any]) -> ServerPlan | None:
    """The plan in the answer of a server or a router; None when there is none in it, as for a missing view."""
    if "queryPlanner" in reply:
        return _of_planner(reply)
    if "shards" in reply:
        return _of_sharded_pipeline(reply)
    if reply.get("stages"):
        return _of_pipeline(reply["stages"])
    return None


def _of_planner(reply: Mapping[str, Any]) -> ServerPlan | None:
    winning = reply["queryPlanner"].get("winningPlan")
    if not winning:
        return None
    execution = reply.get("executionStats", {})
    return ServerPlan(
        _tree(winning, execution.get("executionStages", {})),
        returned=execution.get("nReturned"),
        keys=execution.get("totalKeysExamined"),
        documents=execution.get("totalDocsExamined"),
        milliseconds=execution.get("executionTimeMillis"),
    )


def _of_pipeline(stages: list[Mapping[str, Any]]) -> ServerPlan | None:
    """The cursor's plan, with each stage of the pipeline above the one before it."""
    plan: ServerPlan | None = None
    for stage in stages:
        name = next((key for key in stage if key.startswith("$")), None)
        if name is None:
            continue
        body = stage[name]
        if name == "$cursor":
            plan = _of_planner(body)
            continue
        node = _pipeline_stage(name, stage)
        below = () if plan is None else (plan.root,)
        others = _inner(name, body) if isinstance(body, Mapping) else []
        node = replace(node, inputs=(*below, *(other.root for other in others)))
        before = plan or ServerPlan(node)
        plan = ServerPlan(
            node,
            returned=node.returned if node.returned is not None else before.returned,
            keys=total([before.keys, node.keys, *(other.keys for other in others)]),
            documents=total([before.documents, node.documents, *(other.documents for other in others)]),
            milliseconds=_latest(before.milliseconds, node.milliseconds),
        )
    return plan


def _inner(name: str, body: Mapping[str, Any]) -> list[ServerPlan]:
    """The plans inside a stage: that of the other collection of a union, and of each output of a facet."""
    found = []
    if name == "$unionWith":
        inner = body.get("pipeline")
        if isinstance(inner, list):
            found.append(_of_pipeline(inner))
        elif isinstance(inner, Mapping):
            found.append(read_reply(inner))
    elif name == "$facet":
        for output, inner in body.items():
            plan = _of_pipeline(inner) if isinstance(inner, list) else None
            if plan is not None:
                named = PlanStage(f"$facet.{output}", returned=plan.returned, inputs=(plan.root,))
                found.append(replace(plan, root=named))
    return [plan for plan in found if plan is not None]


def _pipeline_stage(name: str, stage: Mapping[str, Any]) -> PlanStage:
    body = stage[name]
    details = dict(body) if isinstance(body, Mapping) else {"value": body}
    details |= {key: value for key, value in stage.items() if key != name and key not in _READ}
    return PlanStage(
        name,
        returned=_number(stage.get("nReturned")),
        keys=_number(stage.get("totalKeysExamined")),
        documents=_number(stage.get("totalDocsExamined")),
        milliseconds=_number(stage.get("executionTimeMillisEstimate")),
        details=details,
    )


def _of_sharded_pipeline(reply: Mapping[str, Any]) -> ServerPlan | None:
    """Each shard's plan below one stage, and the merging part of the pipeline above that."""
    plans = {name: read_reply(shard) for name, shard in reply["shards"].items()}
    found = {name: plan for name, plan in plans.items() if plan is not None}
    if not found:
        return None
    roots = tuple(replace(plan.root, shard=name) for name, plan in found.items())
    split = reply.get("splitPipeline") or {}
    root = PlanStage("SHARDS", inputs=roots, details={"mergeType": reply.get("mergeType")})
    for stage in split.get("mergerPart") or []:
        name = next(iter(stage))
        root = replace(_pipeline_stage(name, stage), inputs=(root,))
    whole = ServerPlan(root)
    for plan in found.values():
        whole = ServerPlan(
            root,
            returned=total([whole.returned, plan.returned]),
            keys=total([whole.keys, plan.keys]),
            documents=total([whole.documents, plan.documents]),
            milliseconds=_latest(whole.milliseconds, plan.milliseconds),
        )
    # What the merging stages give is not told.
    return replace(whole, returned=None) if split.get("mergerPart") else whole


def _tree(winning: Mapping[str, Any], execution: Mapping[str, Any]) -> PlanStage:
    if "shards" in winning:
        return _sharded(winning, execution)
    if "queryPlan" in winning:
        return _node(winning["queryPlan"], _by_node(execution))
    # The classic engine's execution repeats the plan, with counts.
    return _node(execution or winning, {})


def _sharded(winning: Mapping[str, Any], execution: Mapping[str, Any]) -> PlanStage:
    ran = {shard.get("shardName"): shard for shard in execution.get("shards", [])}
    inputs = []
    for shard in winning["shards"]:
        name = shard.get("shardName")
        tree = _tree(shard["winningPlan"], ran.get(name, {}).get("executionStages", {}))
        inputs.append(replace(tree, shard=name))
    return replace(_node({**winning, **execution}, {}), inputs=tuple(inputs))


def _node(stage: Mapping[str, Any], slots: Mapping[int, Mapping[str, Any]]) -> PlanStage:
    ran = slots.get(stage.get("planNodeId", -1), {})
    name = stage.get("stage", "?")
    index = stage.get("indexName")
    told = {**ran, **stage}
    return PlanStage(
        name,
        index="_id_" if index is None and name in _BY_ID else index,
        bounds=stage.get("indexBounds", {}) if isinstance(stage.get("indexBounds", {}), Mapping) else {},
        returned=_number(told.get("nReturned")),
        keys=_number(told.get("keysExamined")),
        documents=_number(told.get("docsExamined")),
        milliseconds=_number(told.get("executionTimeMillisEstimate")),
        inputs=tuple(_node(inner, slots) for inner in _inputs(stage)),
        shard=stage.get("shardName"),
        details={key: value for key, value in stage.items() if key not in _READ},
    )


def _by_node(execution: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    """What the slot stages say of each node of the plan: the outermost gives, the innermost read."""
    found: dict[int, dict[str, Any]] = {}
    for stage in _slots(execution):
        node = stage.get("planNodeId")
        if node is None:
            continue
        known = found.setdefault(
            node,
            {key: stage[key] for key in ("nReturned", "executionTimeMillisEstimate") if key in stage},
        )
        kind = stage.get("stage", "")
        if kind in ("scan", "seek", "coll_scan", "clustered_scan"):
            known["docsExamined"] = known.get("docsExamined", 0) + stage.get("numReads", 0)
        elif kind.startswith("ix"):
            read = stage.get("keysExamined", stage.get("numReads", 0))
            known["keysExamined"] = known.get("keysExamined", 0) + read
    return found


def _slots(stage: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if stage:
        yield stage
        for inner in _inputs(stage):
            yield from _slots(inner)


def _inputs(stage: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key in _INPUTS:
        inner = stage.get(key)
        if isinstance(inner, list):
            yield from inner
        elif isinstance(inner, Mapping):
            yield inner


def _number(value: Any) -> Any:
    return value if isinstance(value, (int, float)) else None


def _latest(first: float | None, second: float | None) -> float | None:
    return max((value for value in (first, second) if value is not None), default=None)
