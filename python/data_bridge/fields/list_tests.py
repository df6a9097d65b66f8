"""Tests of lists where they stand as values: they ask the elements, as they do in a filter.

The server's operators of values look at the list as a whole, of which no such test is true, or every one is.
"""

from __future__ import annotations

import re
from typing import Any

from bson import Regex

from .. import ir

_ITEM = "item"
#: What is compared with a list as a whole, or matches by pattern.
_NOT_ONE = (list, tuple, set, frozenset, re.Pattern, Regex)
_CONNECTED = (ir.And, ir.Or, ir.Nor)


def asking_elements(node: ir.Expr) -> ir.Expr:
    """The predicate as it is computed.

    Args:
        node: a predicate that Python's operators or a field's methods built.
    """
    kind = type(node)
    if kind is ir.Compare:
        return _compared(node)  # type: ignore[arg-type]
    if kind is ir.In:
        return _among(node)
    if kind is ir.Regex:
        return _matched(node)
    if kind is ir.Not:
        inner = asking_elements(node.term)  # type: ignore[attr-defined]
        return node if inner is node.term else ir.Not(inner)  # type: ignore[attr-defined]
    if kind in _CONNECTED:
        terms: tuple[ir.Expr, ...] = node.terms  # type: ignore[attr-defined]
        asked = tuple(map(asking_elements, terms))
        return node if all(new is old for new, old in zip(asked, terms, strict=True)) else kind(asked)
    return node


def _compared(node: ir.Compare) -> ir.Expr:
    right = node.right
    if not _is_list(node.left) or type(right) is not ir.Literal or isinstance(right.value, _NOT_ONE):
        return node
    if node.op in ("eq", "ne"):
        found = ir.Call("$in", (right, _elements(node.left)))
        return found if node.op == "eq" else ir.Not(found)
    return _some(node.left, ir.Compare(node.op, ir.Variable(_ITEM), right))


def _matched(node: Any) -> ir.Expr:
    field, pattern, options = node._parts()
    if not _is_list(field):
        return node  # type: ignore[no-any-return]
    named: dict[str, ir.Expr] = {"input": ir.Variable(_ITEM), "regex": ir.Literal(pattern)}
    return _some(field, ir.Call("$regexMatch", {**named, "options": ir.Literal(options)} if options else named))


def _some(field: ir.Expr, test: ir.Expr) -> ir.Expr:
    """Whether an element meets the test."""
    tests = ir.Call("$map", {"input": _elements(field), "as": ir.Literal(_ITEM), "in": test})
    return ir.Call("$anyElementTrue", (tests,))


def _among(node: Any) -> ir.Expr:
    field, values, negated = node._parts()
    if not _is_list(field) or any(isinstance(value, (re.Pattern, Regex)) for value in values):
        return node  # type: ignore[no-any-return]
    wanted = ir.ArrayExpr(tuple(map(ir.Literal, values)))
    shared = ir.Call("$setIntersection", (wanted, _elements(field)))
    found = ir.Compare("ne", shared, ir.Literal([]))
    return ir.Not(found) if negated else found


def _is_list(node: ir.Expr) -> bool:
    return type(node) in (ir.Field, ir.Variable) and any(member.kind == "array" for member in node.dtype.members)


def _elements(field: ir.Expr) -> ir.Expr:
    """The list; of what is stored instead of one, that alone, as a filter takes it."""
    return ir.Call("$cond", {"if": ir.Call("$isArray", (field,)), "then": field, "else": ir.ArrayExpr((field,))})
