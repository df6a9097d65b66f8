"""Parsed nodes as MQL again, byte for byte: what the canonical form of the compiler would not keep.

`{a: 1}` and `{a: {$eq: 1}}` mean the same and are one node; the node's spelling says which of them it was.
"""

from __future__ import annotations

import datetime
import decimal
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import bson
from bson.code import Code

from data_bridge import _core
from data_bridge._core import DType

from . import stages
from .expressions import (
    All,
    And,
    Compare,
    ElemMatch,
    Exists,
    Field,
    FieldOperator,
    In,
    IsType,
    Literal,
    Mod,
    Nor,
    Not,
    Or,
    Raw,
    Regex,
    Size,
)
from .node import Node, set_slot

N = TypeVar("N", bound=Node)

#: Spellings. A tuple of names is the order of operators in one document.
BARE, FIELDS, OPERATORS, PLAIN = "bare", "fields", "operators", "plain"

#: Values that stand in MQL as they are.
_PLAIN = frozenset(
    {
        *(type(None), bool, int, float, str, bytes, datetime.datetime, re.Pattern, bson.ObjectId, bson.Int64),
        *(bson.Decimal128, bson.Binary, bson.Timestamp, bson.MinKey, bson.MaxKey, bson.DBRef, bson.Regex, Code),
    }
)


def spelled(node: N, spelling: Any = PLAIN) -> N:
    """The node, which was written in this way."""
    set_slot(node, "spelling", spelling)
    return node


def as_written(node: Any) -> Any:
    """A parsed node as MQL."""
    if isinstance(node, stages.Stage):
        return _STAGES[type(node)](node)
    return _filter(node)


def plain(value: Any) -> Any:
    """A value as MQL has it: what only Python has is written as it would be stored."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (decimal.Decimal, uuid.UUID)) or not isinstance(value, (str, int, float)):
        stored = Compare("gte", Field("x", DType.any(), "x"), Literal(value))
        return _core.to_mql(stored)["x"]["$gte"]
    return value


def _filter(node: Any) -> dict[str, Any]:
    kind = type(node)
    if kind is Raw:
        found: dict[str, Any] = plain(node.value)
        return found
    if kind is And and node.spelling == FIELDS:
        return {key: value for term in node.terms for key, value in _filter(term).items()}
    if kind is And and node.spelling == PLAIN:
        return {"$and": [_filter(term) for term in node.terms]}
    if kind in (Or, Nor):
        return {f"${node.kind}": [_filter(term) for term in node.terms]}
    return {_path(node): _test(node)}


def _path(node: Any) -> str:
    """The path of the field that a test is of."""
    while type(node) in (Not, And):
        node = node.term if type(node) is Not else node.terms[0]
    # The field is the first part of every test.
    parts = node._parts()
    path: str = (parts[1] if type(node) is Compare else parts[0]).path
    return path


def _test(node: Any) -> Any:
    """What stands under the field's path."""
    if type(node) is Compare:
        right: Any = node.right
        value = plain(right.value)
        return value if node.spelling == BARE else {f"${node.op}": value}
    if type(node) is And:
        found = {name: operand for term in node.terms for name, operand in _test(term).items()}
        return {name: found[name] for name in node.spelling}
    return _TESTS[type(node)](node)


def _regex(node: Any) -> dict[str, Any]:
    names, pattern = node.spelling
    found = {"$regex": pattern, "$options": node.options}
    return {name: found[name] for name in names}


def _element(node: Any) -> dict[str, Any]:
    inner = node.predicate
    return {"$elemMatch": _test(inner) if node.spelling == OPERATORS else _filter(inner)}


_TESTS: Mapping[type, Callable[[Any], dict[str, Any]]] = {
    In: lambda node: {"$nin" if node.negated else "$in": plain(node.values)},
    Exists: lambda node: {"$exists": plain(node.spelling[0])},
    IsType: lambda node: {"$type": list(node.types) if node.spelling == OPERATORS else node.types[0]},
    Not: lambda node: {"$not": _test(node.term)},
    Regex: _regex,
    ElemMatch: _element,
    Size: lambda node: {"$size": node.size},
    All: lambda node: {"$all": plain(node.values)},
    Mod: lambda node: {"$mod": [plain(node.divisor), plain(node.remainder)]},
    FieldOperator: lambda node: {node.name: plain(node.operand)},
}
_STAGES: Mapping[type, Callable[[Any], dict[str, Any]]] = {
    stages.Match: lambda node: {"$match": _filter(node.predicate)},
    stages.Sort: lambda node: {"$sort": dict(node.keys)},
    stages.Skip: lambda node: {"$skip": node.count},
    stages.Limit: lambda node: {"$limit": node.count},
    stages.CountStage: lambda node: {"$count": node.name},
    stages.Unset: lambda node: {"$unset": list(node.paths) if node.spelling == OPERATORS else node.paths[0]},
    stages.Unwind: lambda node: {"$unwind": f"${node.path}"},
}
