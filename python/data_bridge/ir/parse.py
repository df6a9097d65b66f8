"""Filters of MQL, as plain Python, into the IR: so that they are checked, optimized and explained like any other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import bson

from data_bridge._core import DType, Schema
from data_bridge.errors import CompileError

from .expressions import (
    COMPARISONS,
    All,
    And,
    Compare,
    Computed,
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
    plainly_compared,
)
from .mql import BARE, FIELDS, OPERATORS, SCALARS, spelled
from .operators import FIELD_OPERATORS, FILTER_OPERATORS
from .parse_expressions import Scope, value_at
from .paths import dtype_at
from .places import Place, is_dict, is_list, shown, slip, told
from .places import wrong as misplaced

#: The server's own limit on nesting. Source: MongoDB manual, "Limits and Thresholds".
DEEPEST = 100
LISTS = {"$and": And, "$or": Or, "$nor": Nor}
_PATTERNS = (re.Pattern, bson.Regex)


def parse_filter(filter: Mapping[str, Any], schema: Schema | None = None) -> Expr:
    """A filter document as a predicate.

    Args:
        filter: MQL, as PyMongo takes it.
        schema: the fields that may be named; None allows any.

    Raises:
        CompileError: the filter is malformed or names a field that does not exist; its path says where.
    """
    return filter_at(filter, Scope(schema, programs=False), 0, None)


#: The error for a filter that no server takes.
wrong = partial(misplaced, code="malformed_filter", whole="filter")


def refuse_slip(name: str, known: Iterable[str], error: Callable[[str, Place], CompileError], at: Place) -> None:
    """Refuses a name that is nearly one of those known, and is none.

    Raises:
        CompileError: as `error` makes it.
    """
    meant = slip(name, known)
    if meant:
        raise error(f"there is no {name!r}; did you mean {meant!r}?", at)


def filter_at(filter: Any, scope: Scope, depth: int, at: Place) -> Expr:
    """A filter document at a place in what is parsed."""
    if not is_dict(filter):
        node = getattr(filter, "__ir__", filter)
        if isinstance(node, Expr):
            return node
        raise wrong(f"a filter is a dict, not {shown(filter)}", at)
    if depth > DEEPEST:
        raise wrong(f"the filter is nested more than {DEEPEST} levels deep", at)
    if len(filter) == 1:
        [(key, value)] = filter.items()
        return _entry(key, value, scope, depth, at)
    terms = [_entry(key, value, scope, depth, at) for key, value in filter.items()]
    return spelled(And(tuple(terms)), FIELDS)


def _entry(key: Any, value: Any, scope: Scope, depth: int, at: Place) -> Expr:
    if not isinstance(key, str):
        tested = getattr(key, "__ir__", None)
        if not isinstance(tested, Field):
            raise wrong(f"a filter's keys are field names, not {key!r}", (key, at))
        key = tested.path
    at = (key, at)
    if key[:1] != "$":
        return _field(_tested(key, scope, at), value, scope, depth, at)
    if key in LISTS:
        if not is_list(value) or not value:
            raise wrong(f"{key} takes a list of one filter or more, not {shown(value)}", at)
        terms = [filter_at(item, scope, depth + 1, (place, at)) for place, item in enumerate(value)]
        return spelled(LISTS[key](tuple(terms)))
    if key == "$where":
        raise CompileError(
            "$where runs a program on the server, and a filter document may come from anywhere",
            code="javascript_not_allowed",
            path=told(at),
            hint='write $expr, or Where("...", allow_javascript=True)',
        )
    if key == "$expr":
        return spelled(Computed(value_at(value, scope, depth, at)))
    if key in FIELD_OPERATORS:
        raise wrong(
            f"{key} stands under a field, not at the top of a filter", at, f'write {{"field": {{"{key}": ...}}}}'
        )
    refuse_slip(key, FILTER_OPERATORS, wrong, at)
    return spelled(Raw({key: value}))


def _tested(path: str, scope: Scope, at: Place) -> Field:
    """The node of a field that is tested: one for all its tests."""
    found = scope.tested.get(path)
    if found is None:
        schema = scope.schema
        try:
            found = Field(path, dtype_at(schema, path), schema.name if schema else "document")
        except CompileError as error:
            raise CompileError(error.message, code=error.code, path=told(at), hint=error.hint) from None
        scope.tested[path] = found
    return found


def _field(field: Field, value: Any, scope: Scope, depth: int, at: Place) -> Expr:
    if type(value) in SCALARS or not is_dict(value) or not _is_operators(value):
        return spelled(_compared("eq", field, value), BARE)
    if depth > DEEPEST:
        raise wrong(f"the filter is nested more than {DEEPEST} levels deep", at)
    for name in value:
        if not isinstance(name, str) or not name.startswith("$"):
            raise wrong(f"{field.label} mixes operators and fields: {name!r} does not start with '$'", (name, at))
    if "$options" in value and "$regex" not in value:
        raise wrong("$options stands beside $regex", ("$options", at))
    terms = [
        _operator(field, name, operand, value, scope, depth, (name, at))
        for name, operand in value.items()
        if name != "$options"
    ]
    return terms[0] if len(terms) == 1 else spelled(And(tuple(terms)), tuple(value))


def _compared(op: str, field: Field, value: Any) -> Compare:
    return plainly_compared(op, field, value) or Compare(op, field, Literal(value))


def _is_operators(value: Mapping[Any, Any]) -> bool:
    first = next(iter(value), "")
    return isinstance(first, str) and first.startswith("$") and first not in ("$ref", "$id")


def _values(name: str, operand: Any, at: Place) -> tuple[Any, ...]:
    if isinstance(operand, (str, bytes, Mapping)) or not isinstance(operand, (Sequence, set, frozenset)):
        raise wrong(f"{name} takes a list, not {shown(operand)}", at)
    return tuple(operand)


def _operator(
    field: Field, name: str, operand: Any, beside: Mapping[str, Any], scope: Scope, depth: int, at: Place
) -> Expr:
    bare = name.removeprefix("$")
    if bare == "eq" and isinstance(operand, _PATTERNS):
        # Equality with a pattern that is stored; as a bare value it would match texts.
        return spelled(FieldOperator(field, name, operand))
    if bare in COMPARISONS:
        return spelled(_compared(bare, field, operand))
    if name in ("$in", "$nin"):
        return spelled(In(field, _values(name, operand, at), name == "$nin"))
    if name == "$all":
        return _all(field, _values(name, operand, at), operand, scope, depth, at)
    if name == "$exists":
        return spelled(Exists(field, bool(operand)), (operand,))
    if name == "$not":
        return spelled(Not(_negated(field, operand, scope, depth + 1, at)))
    if name == "$elemMatch":
        return element_at(field, operand, scope, depth + 1, at)
    special = _SPECIAL.get(name)
    if special is not None:
        return special(field, operand, beside, at)
    refuse_slip(name, FIELD_OPERATORS, wrong, at)
    return spelled(FieldOperator(field, name, operand))


def _all(field: Field, values: tuple[Any, ...], operand: Any, scope: Scope, depth: int, at: Place) -> Expr:
    """The values that a list holds, or tests that its elements meet one each: the server takes no mixture."""
    tests = [is_dict(value) and list(value) == ["$elemMatch"] for value in values]
    if not any(tests):
        return spelled(All(field, values))
    if not all(tests):
        raise wrong("$all takes values, or $elemMatch in each place, and no mixture", (tests.index(False), at))
    for place, value in enumerate(values):
        element_at(field, value["$elemMatch"], scope, depth + 1, ("$elemMatch", (place, at)))
    return spelled(FieldOperator(field, "$all", operand))


def _types(field: Field, operand: Any, beside: Mapping[str, Any], at: Place) -> Expr:
    types = operand if isinstance(operand, (list, tuple)) else [operand]
    if not types or any(isinstance(item, bool) or not isinstance(item, (str, int, float)) for item in types):
        raise wrong(f"$type takes the names or numbers of types, not {shown(operand)}", at)
    if not all(isinstance(item, str) for item in types):
        return spelled(FieldOperator(field, "$type", operand))
    return spelled(IsType(field, tuple(types)), OPERATORS if types is operand else BARE)


def _pattern(field: Field, operand: Any, beside: Mapping[str, Any], at: Place) -> Expr:
    names = tuple(name for name in beside if name in ("$regex", "$options"))
    options = beside.get("$options", "")
    if not isinstance(operand, (str, *_PATTERNS)):
        raise wrong(f"$regex takes a pattern, not {shown(operand)}", at)
    if not isinstance(options, str) or set(options) - set("imsxu"):
        raise wrong(f'$options takes letters of "imsx", not {options!r}', ("$options", at[1] if at else None))
    if isinstance(operand, str):
        return spelled(Regex(field, operand, options), (names, operand))
    if "$options" not in beside:
        return spelled(FieldOperator(field, "$regex", operand))
    text = operand.pattern if isinstance(operand.pattern, str) else operand.pattern.decode()
    return spelled(Regex(field, text, options), (names, operand))


def _size(field: Field, operand: Any, beside: Mapping[str, Any], at: Place) -> Expr:
    whole = isinstance(operand, (int, float)) and not isinstance(operand, bool) and operand == operand // 1
    if not whole or operand < 0:
        raise wrong(f"$size takes a whole number, not {shown(operand)}", at)
    return spelled(Size(field, operand) if isinstance(operand, int) else FieldOperator(field, "$size", operand))


def _mod(field: Field, operand: Any, beside: Mapping[str, Any], at: Place) -> Expr:
    if not isinstance(operand, (list, tuple)) or len(operand) != 2:
        raise wrong(f"$mod takes a divisor and a remainder, not {shown(operand)}", at)
    if operand[0] == 0:
        raise wrong("no number has a remainder by 0", (0, at))
    return spelled(Mod(field, operand[0], operand[1]))


_SPECIAL: Mapping[str, Callable[[Field, Any, Mapping[str, Any], Place], Expr]] = {
    "$type": _types,
    "$regex": _pattern,
    "$size": _size,
    "$mod": _mod,
}


def _negated(field: Field, operand: Any, scope: Scope, depth: int, at: Place) -> Expr:
    if isinstance(operand, _PATTERNS):
        return spelled(Compare("eq", field, Literal(operand)), BARE)
    if not is_dict(operand) or not operand or not _is_operators(operand):
        raise wrong(f"$not takes operators or a pattern, not {shown(operand)}", at)
    return _field(field, operand, scope, depth, at)


def element_of(dtype: DType) -> DType:
    """The type of a list's elements; anything where it is not known to be a list of one type."""
    items = [member.element for member in dtype.members if member.kind == "array" and member.element]
    return items[0] if len(items) == 1 else DType.any()


def element_at(field: Field, operand: Any, scope: Scope, depth: int, at: Place) -> Expr:
    """What one element must meet: tests of itself, or a filter of its fields."""
    if not is_dict(operand):
        raise wrong(f"$elemMatch takes a dict, not {shown(operand)}", at)
    item = element_of(field.dtype)
    first = next(iter(operand), "")
    if _is_operators(operand) and first not in FILTER_OPERATORS:
        inner = _field(Field("", item, field.label), operand, scope, depth, at)
        return spelled(ElemMatch(field, inner), OPERATORS)
    inside = Scope(item.non_null().schema, scope.names, scope.programs)
    return spelled(ElemMatch(field, filter_at(operand, inside, depth, at)), FIELDS)
