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
from data_bridge.errors import CompileError

from . import stages
from .expressions import (
    All,
    And,
    ArrayExpr,
    Call,
    Compare,
    Computed,
    DocumentExpr,
    ElemMatch,
    Exists,
    Field,
    FieldOperator,
    Filter,
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
    Variable,
)
from .node import Node, set_spelling

N = TypeVar("N", bound=Node)

#: Spellings. A tuple of names is the order of operators or arguments in one document.
BARE, FIELDS, LISTED, OPERATORS, PLAIN, VALUE = "bare", "fields", "listed", "operators", "plain", "value"

#: Values that stand in MQL as they are.
SCALARS = frozenset(
    {
        *(type(None), bool, int, float, str, bytes, datetime.datetime, re.Pattern, bson.ObjectId, bson.Int64),
        *(bson.Decimal128, bson.Binary, bson.Timestamp, bson.MinKey, bson.MaxKey, bson.DBRef, bson.Regex, Code),
    }
)


def spelled(node: N, spelling: Any = PLAIN) -> N:
    """The node, which was written in this way."""
    set_spelling(node, spelling)
    return node


#: Deeper values are refused, as the server does: so many levels of BSON.
_DEEPEST = 200


def plain(value: Any, depth: int = 0) -> Any:
    """A value as MQL has it: what only Python has is written as it would be stored.

    Raises:
        CompileError: it is nested deeper than BSON may be.
    """
    if type(value) in SCALARS:
        return value
    if depth > _DEEPEST:
        raise CompileError(f"a value is nested more than {_DEEPEST} levels deep", code="too_deep")
    if isinstance(value, Mapping):
        return {key: plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, (decimal.Decimal, uuid.UUID)) or not isinstance(value, (str, int, float)):
        found = _core.to_mql(Literal(value))
        # A document is quoted where it would be computed; here it is a value.
        return found["$literal"] if isinstance(found, dict) and set(found) == {"$literal"} else found
    return value


def value_as_written(node: Any) -> Any:
    """A parsed expression as MQL."""
    write = _VALUES.get(type(node))
    if write is not None and hasattr(node, "spelling"):
        return write(node)
    # Built in Python and put between what was parsed; a list of one, for a comparison alone would become a filter.
    return plain(node.value) if type(node) is Raw else _core.to_mql(ArrayExpr((node,)))[0]


def _call(node: Any) -> dict[str, Any]:
    args, spelling = node.args, node.spelling
    if isinstance(args, dict) and spelling not in (BARE, LISTED):
        names = args if spelling == PLAIN else spelling
        return {node.name: {name: value_as_written(args[name]) for name in names}}
    items = [value_as_written(item) for item in (args.values() if isinstance(args, dict) else args)]
    return {node.name: items[0] if spelling == BARE else items}


def _literal(node: Any) -> Any:
    return plain(node.value) if node.spelling == BARE else {node.spelling: plain(node.value)}


def _field(node: Any) -> str:
    return f"${node.path}"


def _variable(node: Any) -> str:
    return f"$${node.name}" if node.spelling == PLAIN else f"${node.spelling}"


_VALUES: Mapping[type, Callable[[Any], Any]] = {
    Field: _field,
    Variable: _variable,
    Literal: _literal,
    Call: _call,
    Compare: lambda node: {f"${node.op}": [value_as_written(node.left), value_as_written(node.right)]},
    DocumentExpr: lambda node: {name: value_as_written(item) for name, item in node.fields.items()},
    ArrayExpr: lambda node: [value_as_written(item) for item in node.items],
    Filter: lambda node: filter_as_written(node.predicate),
}


def is_value(node: Any) -> bool:
    """Whether a parsed node is an expression, and no filter."""
    return type(node) in _VALUES and (type(node) is not Compare or node.spelling == VALUE)


def filter_as_written(node: Any) -> dict[str, Any]:
    """A parsed predicate as a filter document."""
    kind = type(node)
    if kind is Raw:
        found: dict[str, Any] = plain(node.value)
        return found
    if kind is Computed:
        return {"$expr": value_as_written(node.term)}
    if not hasattr(node, "spelling"):
        # Built in Python and put between what was parsed.
        built: dict[str, Any] = _core.to_mql(stages.Match(node))["$match"]
        return built
    if kind is And and node.spelling == FIELDS:
        return {key: value for term in node.terms for key, value in filter_as_written(term).items()}
    if kind is And and node.spelling == PLAIN:
        return {"$and": [filter_as_written(term) for term in node.terms]}
    if kind in (Or, Nor):
        return {f"${node.kind}": [filter_as_written(term) for term in node.terms]}
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
    return {"$elemMatch": _test(inner) if node.spelling == OPERATORS else filter_as_written(inner)}


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
