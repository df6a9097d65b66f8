"""Parsed stages as MQL again, byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import stages
from .mql import BARE, OPERATORS, PLAIN, filter_as_written, is_value, plain, value_as_written
from .node import Node


def as_written(node: Any) -> Any:
    """A parsed node as MQL."""
    if isinstance(node, stages.Stage):
        return _STAGES[type(node)](node)
    return value_as_written(node) if is_value(node) else filter_as_written(node)


def part_as_written(given: Any) -> Any:
    """A part of a stage's body: constants, with nodes in them."""
    if isinstance(given, Node):
        return given.to_mql() if isinstance(given, stages.Stage) else value_as_written(given)
    if isinstance(given, Mapping):
        return {name: part_as_written(item) for name, item in given.items()}
    if isinstance(given, (list, tuple)):
        return [part_as_written(item) for item in given]
    return plain(given)


def _count(name: str) -> Callable[[Any], dict[str, Any]]:
    return lambda node: {name: node._parts()[0] if node.spelling == PLAIN else node.spelling}


def _project(node: Any) -> dict[str, Any]:
    computed = (given for _, given in node.fields if isinstance(given, Node))
    return {"$project": _projected(node.spelling, computed)}


def _projected(written: Any, computed: Iterator[Any]) -> dict[str, Any]:
    """The fields of a projection as they were nested: a pair for each, its flag, the fields in it, or nothing."""
    found: dict[str, Any] = {}
    for name, flag in written:
        if flag is None:
            found[name] = value_as_written(next(computed))
        else:
            found[name] = _projected(flag, computed) if isinstance(flag, tuple) else flag
    return found


def _set(node: Any) -> dict[str, Any]:
    return {node.spelling: {path: value_as_written(given) for path, given in node.fields}}


def _group(node: Any) -> dict[str, Any]:
    by = None if node.by is None else value_as_written(node.by)
    fields: list[tuple[str, Any]] = [(name, accumulator_as_written(each)) for name, each in node.outputs]
    fields.insert(node.spelling, ("_id", by))
    return {"$group": dict(fields)}


def accumulator_as_written(node: Any) -> dict[str, Any]:
    """An accumulator with what it is given."""
    operand = node.operand
    return {node.name: {} if operand is None else part_as_written(operand)}


def _unwind(node: Any) -> dict[str, Any]:
    path = f"${node.path}"
    if node.spelling == BARE:
        return {"$unwind": path}
    found = {"path": path, "includeArrayIndex": node.index, "preserveNullAndEmptyArrays": node.preserve}
    return {"$unwind": {name: found[name] for name in node.spelling}}


def _lookup(node: Any) -> dict[str, Any]:
    collection, local, foreign, let, pipeline, name = node._parts()
    found = {"from": collection, "localField": local, "foreignField": foreign, "as": name}
    if pipeline is not None:
        found["pipeline"] = part_as_written(pipeline)
    found["let"] = {key: value_as_written(item) for key, item in let.items()}
    return {"$lookup": {key: found[key] for key in node.spelling}}


def _union(node: Any) -> dict[str, Any]:
    if node.spelling == BARE:
        return {"$unionWith": node.collection}
    found = {"coll": node.collection, "pipeline": part_as_written(node.pipeline)}
    return {"$unionWith": {key: found[key] for key in node.spelling}}


_STAGES: Mapping[type, Callable[[Any], dict[str, Any]]] = {
    stages.Match: lambda node: {"$match": filter_as_written(node.predicate)},
    stages.Project: _project,
    stages.Set: _set,
    stages.Sort: lambda node: {"$sort": dict(node.keys if node.spelling == PLAIN else node.spelling)},
    stages.Skip: _count("$skip"),
    stages.Limit: _count("$limit"),
    stages.Sample: lambda node: {"$sample": {"size": node.size if node.spelling == PLAIN else node.spelling}},
    stages.Group: _group,
    stages.Unwind: _unwind,
    stages.CountStage: lambda node: {"$count": node.name},
    stages.Unset: lambda node: {"$unset": list(node.paths) if node.spelling == OPERATORS else node.paths[0]},
    stages.Lookup: _lookup,
    stages.UnionWith: _union,
    stages.Facet: lambda node: {"$facet": part_as_written(node.outputs)},
    stages.GenericStage: lambda node: {
        node.name: part_as_written(node.body if node.spelling == PLAIN else node.spelling)
    },
}
