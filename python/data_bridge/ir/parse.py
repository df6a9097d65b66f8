"""MQL, as plain Python, into the IR: so that it is checked, optimized and explained like any other query."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from data_bridge._core import DType, Schema
from data_bridge.errors import CompileError

from . import stages
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
from .paths import dtype_at
from .plans import UpdateOperation, UpdateOperators, UpdatePipeline

#: The server's own limit on nesting. Source: MongoDB manual, "Limits and Thresholds".
DEEPEST = 100
LISTS = {"$and": And, "$or": Or, "$nor": Nor}


def parse_filter(filter: Mapping[str, Any], schema: Schema | None = None) -> Expr:
    """A filter document as a predicate.

    Args:
        filter: MQL, as PyMongo takes it.
        schema: the fields that may be named; None allows any.

    Raises:
        CompileError: the filter is malformed or names a field that does not exist.
    """
    return _filter(filter, schema, 0)


def _wrong(message: str, path: str) -> CompileError:
    return CompileError(message, code="malformed_filter", path=path)


def _filter(filter: Any, schema: Schema | None, depth: int) -> Expr:
    if not isinstance(filter, Mapping):
        raise _wrong(f"a filter is a dict, not {filter!r}", "filter")
    if depth > DEEPEST:
        raise _wrong(f"the filter is nested more than {DEEPEST} levels deep", "filter")
    terms = [_entry(key, value, schema, depth) for key, value in filter.items()]
    return terms[0] if len(terms) == 1 else And(tuple(terms))


def _entry(key: Any, value: Any, schema: Schema | None, depth: int) -> Expr:
    if not isinstance(key, str):
        raise _wrong(f"a filter's keys are field names, not {key!r}", str(key))
    if key in LISTS:
        if not isinstance(value, Sequence) or isinstance(value, str) or not value:
            raise _wrong(f"{key} takes a list of one filter or more, not {value!r}", key)
        return LISTS[key](tuple(_filter(item, schema, depth + 1) for item in value))
    if key == "$where":
        raise CompileError(
            "$where runs a program on the server, and a filter document may come from anywhere",
            code="javascript_not_allowed",
            path=key,
            hint='write $expr, or Where("...", allow_javascript=True)',
        )
    if key.startswith("$"):
        return Raw({key: value})
    field = Field(key, dtype_at(schema, key), schema.name if schema else "document")
    return _field(field, value, depth)


def _field(field: Field, value: Any, depth: int) -> Expr:
    if isinstance(value, re.Pattern) or not isinstance(value, Mapping) or not _is_operators(value):
        return Compare("eq", field, Literal(value))
    for name in value:
        if not name.startswith("$"):
            raise _wrong(f"{field.label} mixes operators and fields: {name!r} does not start with '$'", field.path)
    terms = [_operator(field, name, operand, value, depth) for name, operand in value.items() if name != "$options"]
    return terms[0] if len(terms) == 1 else And(tuple(terms))


def _is_operators(value: Mapping[Any, Any]) -> bool:
    first = next(iter(value), "")
    return isinstance(first, str) and first.startswith("$") and first not in ("$ref", "$id")


def _list(field: Field, name: str, operand: Any) -> tuple[Any, ...]:
    if isinstance(operand, (str, bytes, Mapping)) or not isinstance(operand, (Sequence, set, frozenset)):
        raise _wrong(f"{name} on {field.label} takes a list, not {operand!r}", field.path)
    return tuple(operand)


def _operator(field: Field, name: str, operand: Any, beside: Mapping[str, Any], depth: int) -> Expr:
    bare = name.removeprefix("$")
    if bare in COMPARISONS:
        return Compare(bare, field, Literal(operand))
    match name:
        case "$in" | "$nin":
            return In(field, _list(field, name, operand), name == "$nin")
        case "$exists":
            return Exists(field, bool(operand))
        case "$type":
            types = operand if isinstance(operand, (list, tuple)) else [operand]
            if not all(isinstance(item, str) for item in types):
                return FieldOperator(field, name, operand)
            return IsType(field, tuple(types))
        case "$regex":
            if isinstance(operand, str):
                return Regex(field, operand, beside.get("$options", ""))
            return FieldOperator(field, name, operand)
        case "$not":
            if isinstance(operand, re.Pattern):
                return Not(Compare("eq", field, Literal(operand)))
            if not isinstance(operand, Mapping) or not operand:
                raise _wrong(f"$not on {field.label} takes operators or a pattern, not {operand!r}", field.path)
            return Not(_field(field, operand, depth + 1))
        case "$elemMatch":
            return ElemMatch(field, _element(field, operand, depth + 1))
        case "$size" if isinstance(operand, int):
            return Size(field, operand)
        case "$all":
            return All(field, _list(field, name, operand))
        case "$mod" if isinstance(operand, (list, tuple)) and len(operand) == 2:
            return Mod(field, operand[0], operand[1])
        case _:
            return FieldOperator(field, name, operand)


def _element(field: Field, operand: Any, depth: int) -> Expr:
    if not isinstance(operand, Mapping):
        raise _wrong(f"$elemMatch on {field.label} takes a dict, not {operand!r}", field.path)
    items = [member.element for member in field.dtype.members if member.kind == "array" and member.element]
    item = items[0] if len(items) == 1 else DType.any()
    if _is_operators(operand) and next(iter(operand)) not in LISTS:
        return _field(Field("", item, field.label), operand, depth)
    return _filter(operand, item.schema, depth)


def parse_update(update: Any, schema: Schema | None = None) -> UpdateOperators | UpdatePipeline:
    """An update document, or a list of stages, as an update.

    Raises:
        CompileError: the update is malformed or names a field that does not exist.
    """
    if isinstance(update, (list, tuple)):
        return UpdatePipeline(parse_pipeline(update, schema))
    if not isinstance(update, Mapping) or not update:
        raise CompileError(
            f"an update is a dict of operators or a list of stages, not {update!r}", code="malformed_update"
        )
    operations = []
    for op, fields in update.items():
        if not isinstance(op, str) or not op.startswith("$"):
            raise CompileError(
                f"{op!r} is not an update operator; to put a whole document in place use replace_one",
                code="malformed_update",
                path=str(op),
            )
        if not isinstance(fields, Mapping):
            raise CompileError(f"{op} takes a dict of fields, not {fields!r}", code="malformed_update", path=op)
        for path, operand in fields.items():
            operations.append(UpdateOperation(op, path, dtype_at(schema, path), operand))
    return UpdateOperators(tuple(operations))


def parse_pipeline(pipeline: Any, schema: Schema | None = None) -> tuple[Any, ...]:
    """A list of stage documents as stages.

    Raises:
        CompileError: a stage is malformed.
    """
    if not isinstance(pipeline, (list, tuple)):
        raise CompileError(f"a pipeline is a list of stages, not {pipeline!r}", code="malformed_pipeline")
    parsed: list[Any] = []
    for stage in pipeline:
        if not isinstance(stage, Mapping) or len(stage) != 1:
            raise CompileError(f"a stage is a dict with one key, not {stage!r}", code="malformed_pipeline")
        [(name, body)] = stage.items()
        known = _stage(name, body, None if parsed else schema)
        parsed.append(known)
    return tuple(parsed)


def _stage(name: str, body: Any, schema: Schema | None) -> Any:
    match name:
        case "$match":
            return stages.Match(parse_filter(body, schema))
        case "$sort" if all(direction in (1, -1) for direction in body.values()):
            return stages.Sort(tuple(body.items()))
        case "$skip" if isinstance(body, int):
            return stages.Skip(body)
        case "$limit" if isinstance(body, int):
            return stages.Limit(body)
        case "$count" if isinstance(body, str):
            return stages.CountStage(body)
        case "$unset" if isinstance(body, (str, list)):
            return stages.Unset((body,) if isinstance(body, str) else tuple(body))
        case "$unwind" if isinstance(body, str):
            return stages.Unwind(body.removeprefix("$"), None, False)
        case _ if isinstance(name, str) and name.startswith("$"):
            return Raw({name: body})
        case _:
            raise CompileError(f"{name!r} is not a stage: it must start with '$'", code="malformed_pipeline")
