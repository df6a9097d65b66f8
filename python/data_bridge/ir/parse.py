"""Filters of MQL, as plain Python, into the IR: so that they are checked, optimized and explained like any other."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import bson

from data_bridge._core import DType, Schema
from data_bridge.errors import CompileError

from .expressions import (
    COMPARISONS,
    All,
    And,
    Compare,
    ElemMatch,
    Exists,
    Expr,
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
from .mql import BARE, FIELDS, OPERATORS, spelled
from .operators import FIELD_OPERATORS, FILTER_OPERATORS
from .paths import dtype_at

#: The server's own limit on nesting. Source: MongoDB manual, "Limits and Thresholds".
DEEPEST = 100
LISTS = {"$and": And, "$or": Or, "$nor": Nor}
#: How alike a name must be to one that is known to be taken for a slip; others may be those of newer servers.
_ALIKE = 0.8
_PATTERNS = (re.Pattern, bson.Regex)


def parse_filter(filter: Mapping[str, Any], schema: Schema | None = None) -> Expr:
    """A filter document as a predicate.

    Args:
        filter: MQL, as PyMongo takes it.
        schema: the fields that may be named; None allows any.

    Raises:
        CompileError: the filter is malformed or names a field that does not exist; its path says where.
    """
    return filter_at(filter, schema, 0, "")


def wrong(message: str, at: str, hint: str | None = None) -> CompileError:
    """The error for a filter that no server takes."""
    return CompileError(message, code="malformed_filter", path=at or "filter", hint=hint)


def refuse_slip(name: str, known: Iterable[str], error: Callable[[str, str], CompileError], at: str) -> None:
    """Refuses a name that is nearly one of those known, and is none.

    Raises:
        CompileError: as `error` makes it.
    """
    known = sorted(known)
    if name not in known:
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=_ALIKE)
        if nearest:
            raise error(f"there is no {name!r}; did you mean {nearest[0]!r}?", at)


def below(at: str, name: Any) -> str:
    """A place one name further."""
    return f"{at}.{name}" if at else str(name)


def filter_at(filter: Any, schema: Schema | None, depth: int, at: str) -> Expr:
    """A filter document at a place in what is parsed."""
    if not isinstance(filter, Mapping):
        raise wrong(f"a filter is a dict, not {filter!r}", at)
    if depth > DEEPEST:
        raise wrong(f"the filter is nested more than {DEEPEST} levels deep", at)
    terms = [_entry(key, value, schema, depth, at) for key, value in filter.items()]
    return terms[0] if len(terms) == 1 else spelled(And(tuple(terms)), FIELDS)


def _entry(key: Any, value: Any, schema: Schema | None, depth: int, at: str) -> Expr:
    if not isinstance(key, str):
        raise wrong(f"a filter's keys are field names, not {key!r}", below(at, key))
    at = below(at, key)
    if key in LISTS:
        if not isinstance(value, Sequence) or isinstance(value, (str, bytes)) or not value:
            raise wrong(f"{key} takes a list of one filter or more, not {value!r}", at)
        terms = [filter_at(item, schema, depth + 1, f"{at}.{place}") for place, item in enumerate(value)]
        return spelled(LISTS[key](tuple(terms)))
    if key == "$where":
        raise CompileError(
            "$where runs a program on the server, and a filter document may come from anywhere",
            code="javascript_not_allowed",
            path=at,
            hint='write $expr, or Where("...", allow_javascript=True)',
        )
    if key.startswith("$"):
        if key in FIELD_OPERATORS:
            raise wrong(
                f"{key} stands under a field, not at the top of a filter", at, f'write {{"field": {{"{key}": ...}}}}'
            )
        refuse_slip(key, FILTER_OPERATORS, wrong, at)
        return spelled(Raw({key: value}))
    field = Field(key, dtype_at(schema, key), schema.name if schema else "document")
    return _field(field, value, depth, at)


def _field(field: Field, value: Any, depth: int, at: str) -> Expr:
    if isinstance(value, re.Pattern) or not isinstance(value, Mapping) or not _is_operators(value):
        return spelled(Compare("eq", field, Literal(value)), BARE)
    if depth > DEEPEST:
        raise wrong(f"the filter is nested more than {DEEPEST} levels deep", at)
    for name in value:
        if not isinstance(name, str) or not name.startswith("$"):
            raise wrong(f"{field.label} mixes operators and fields: {name!r} does not start with '$'", below(at, name))
    if "$options" in value and "$regex" not in value:
        raise wrong("$options stands beside $regex", below(at, "$options"))
    terms = [
        _operator(field, name, operand, value, depth, below(at, name))
        for name, operand in value.items()
        if name != "$options"
    ]
    return terms[0] if len(terms) == 1 else spelled(And(tuple(terms)), tuple(value))


def _is_operators(value: Mapping[Any, Any]) -> bool:
    first = next(iter(value), "")
    return isinstance(first, str) and first.startswith("$") and first not in ("$ref", "$id")


def _values(name: str, operand: Any, at: str) -> tuple[Any, ...]:
    if isinstance(operand, (str, bytes, Mapping)) or not isinstance(operand, (Sequence, set, frozenset)):
        raise wrong(f"{name} takes a list, not {operand!r}", at)
    return tuple(operand)


def _operator(field: Field, name: str, operand: Any, beside: Mapping[str, Any], depth: int, at: str) -> Expr:
    bare = name.removeprefix("$")
    if bare == "eq" and isinstance(operand, _PATTERNS):
        # Equality with a pattern that is stored; as a bare value it would match texts.
        return spelled(FieldOperator(field, name, operand))
    if bare in COMPARISONS:
        return spelled(Compare(bare, field, Literal(operand)))
    if name in ("$in", "$nin"):
        return spelled(In(field, _values(name, operand, at), name == "$nin"))
    if name == "$all":
        return spelled(All(field, _values(name, operand, at)))
    if name == "$exists":
        return spelled(Exists(field, bool(operand)), (operand,))
    if name == "$not":
        return spelled(Not(_negated(field, operand, depth + 1, at)))
    if name == "$elemMatch":
        return _element(field, operand, depth + 1, at)
    special = _SPECIAL.get(name)
    if special is not None:
        return special(field, operand, beside, at)
    refuse_slip(name, FIELD_OPERATORS, wrong, at)
    return spelled(FieldOperator(field, name, operand))


def _types(field: Field, operand: Any, beside: Mapping[str, Any], at: str) -> Expr:
    types = operand if isinstance(operand, (list, tuple)) else [operand]
    if not types or any(isinstance(item, bool) or not isinstance(item, (str, int, float)) for item in types):
        raise wrong(f"$type takes the names or numbers of types, not {operand!r}", at)
    if not all(isinstance(item, str) for item in types):
        return spelled(FieldOperator(field, "$type", operand))
    return spelled(IsType(field, tuple(types)), OPERATORS if types is operand else BARE)


def _pattern(field: Field, operand: Any, beside: Mapping[str, Any], at: str) -> Expr:
    names = tuple(name for name in beside if name in ("$regex", "$options"))
    options = beside.get("$options", "")
    if not isinstance(operand, (str, *_PATTERNS)):
        raise wrong(f"$regex takes a pattern, not {operand!r}", at)
    if not isinstance(options, str) or set(options) - set("imsxu"):
        raise wrong(f'$options takes letters of "imsx", not {options!r}', f"{at.removesuffix('$regex')}$options")
    if isinstance(operand, str):
        return spelled(Regex(field, operand, options), (names, operand))
    if "$options" not in beside:
        return spelled(FieldOperator(field, "$regex", operand))
    text = operand.pattern if isinstance(operand.pattern, str) else operand.pattern.decode()
    return spelled(Regex(field, text, options), (names, operand))


def _size(field: Field, operand: Any, beside: Mapping[str, Any], at: str) -> Expr:
    whole = isinstance(operand, (int, float)) and not isinstance(operand, bool) and operand == operand // 1
    if not whole or operand < 0:
        raise wrong(f"$size takes a whole number, not {operand!r}", at)
    return spelled(Size(field, operand) if isinstance(operand, int) else FieldOperator(field, "$size", operand))


def _mod(field: Field, operand: Any, beside: Mapping[str, Any], at: str) -> Expr:
    if not isinstance(operand, (list, tuple)) or len(operand) != 2:
        raise wrong(f"$mod takes a divisor and a remainder, not {operand!r}", at)
    if operand[0] == 0:
        raise wrong("no number has a remainder by 0", f"{at}.0")
    return spelled(Mod(field, operand[0], operand[1]))


_SPECIAL: Mapping[str, Callable[[Field, Any, Mapping[str, Any], str], Expr]] = {
    "$type": _types,
    "$regex": _pattern,
    "$size": _size,
    "$mod": _mod,
}


def _negated(field: Field, operand: Any, depth: int, at: str) -> Expr:
    if isinstance(operand, _PATTERNS):
        return spelled(Compare("eq", field, Literal(operand)), BARE)
    if not isinstance(operand, Mapping) or not operand or not _is_operators(operand):
        raise wrong(f"$not takes operators or a pattern, not {operand!r}", at)
    return _field(field, operand, depth, at)


def _element(field: Field, operand: Any, depth: int, at: str) -> Expr:
    if not isinstance(operand, Mapping):
        raise wrong(f"$elemMatch takes a dict, not {operand!r}", at)
    items = [member.element for member in field.dtype.members if member.kind == "array" and member.element]
    item = items[0] if len(items) == 1 else DType.any()
    first = next(iter(operand), "")
    if _is_operators(operand) and first not in FILTER_OPERATORS:
        inner = _field(Field("", item, field.label), operand, depth, at)
        return spelled(ElemMatch(field, inner), OPERATORS)
    return spelled(ElemMatch(field, filter_at(operand, item.schema, depth, at)), FIELDS)
