"""Pipelines of plain MQL, said again with the library's classes: the compiler then knows every stage and expression."""

from __future__ import annotations

import keyword
import operator
from typing import Any

from data_bridge import Document, fn, ir, pipeline
from data_bridge.errors import CompileError
from data_bridge.fields import Expression
from data_bridge.pipeline import F
from data_bridge.update import Set, Unset

OPERATORS = {"$eq": operator.eq, "$ne": operator.ne, "$gt": operator.gt, "$lte": operator.le}

#: What is refused of a pipeline for what its own stages make, or drop.
_MISFITS = {"incomparable", "argument_type", "unknown_field", "not_a_document", "not_a_list"}


def well_typed(model: type[Document], stages: list[dict[str, Any]]) -> bool:
    """Whether the pipeline may be sent: one that mixes up types known from its own stages is refused.

    Args:
        model: whose collection it reads.
        stages: as MQL.
    """
    try:
        model.aggregate([stage(each) for each in stages]).plan()
    except CompileError as refused:
        if {error.code for error in refused.errors} <= _MISFITS:
            return False
        raise
    return True


def expression(given: Any) -> Any:
    """An aggregation expression: `"$a"` is a field, `{"$literal": x}` is what it holds."""
    if isinstance(given, str) and given.startswith("$"):
        return F[given[1:]]
    if isinstance(given, str):
        # As a Python text it is refused where a field is meant.
        return Expression(ir.Literal(given))
    if not isinstance(given, dict):
        return given
    if not next(iter(given)).startswith("$"):
        return {key: expression(value) for key, value in given.items()}
    [(name, operand)] = given.items()
    if name == "$literal":
        return Expression(ir.Literal(operand))
    if name == "$cond" and isinstance(operand, dict):
        operand = [operand["if"], operand["then"], operand["else"]]
    args = [expression(each) for each in (operand if isinstance(operand, list) else [operand])]
    if name in OPERATORS:
        # Python compares two constants itself.
        first, second = (each if isinstance(each, Expression) else Expression(ir.Literal(each)) for each in args)
        return OPERATORS[name](first, second)
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name[1:])
    # A name that Python keeps for itself ends with an underscore.
    return getattr(fn, f"{snake}_" if keyword.iskeyword(snake) else snake)(*args)


def stage(given: dict[str, Any]) -> Any:
    """One stage of those that `pipelines` draws."""
    [(name, body)] = given.items()
    match name:
        case "$match" if "$expr" in body:
            truth = expression(body["$expr"])
            # In a match a field or a comparison is one of the match language, which means something else.
            return pipeline.Match(truth) if isinstance(truth.__ir__, ir.Call) else given
        case "$match":
            return pipeline.Match(body)
        case "$project":
            named = {key: value if value in (0, 1) else expression(value) for key, value in body.items()}
            return pipeline.Project(**named)
        case "$set" | "$addFields":
            return Set({key: expression(value) for key, value in body.items()})
        case "$unset":
            return Unset(*([body] if isinstance(body, str) else body))
        case "$sort":
            return pipeline.Sort(*body.items())
        case "$skip":
            return pipeline.Skip(body)
        case "$limit":
            return pipeline.Limit(body)
        case "$unwind" if isinstance(body, str):
            return pipeline.Unwind(F[body[1:]])
        case "$unwind":
            return pipeline.Unwind(
                body["path"], body.get("includeArrayIndex"), body.get("preserveNullAndEmptyArrays", False)
            )
        case "$group":
            by, *outputs = body.items()
            return pipeline.Group(expression(by[1]), **{key: accumulator(value) for key, value in outputs})
        case "$lookup":
            inner = [stage(each) for each in body["pipeline"]] if "pipeline" in body else None
            return pipeline.Lookup(
                body["from"], local=body["localField"], foreign=body["foreignField"], name=body["as"], pipeline=inner
            )
        case "$count":
            return pipeline.Count(body)
        case "$unionWith":
            return pipeline.UnionWith(body["coll"], [stage(each) for each in body["pipeline"]])
        case "$facet":
            return pipeline.Facet(**{name: [stage(each) for each in stages] for name, stages in body.items()})
    raise AssertionError(f"{name} is not drawn")


def accumulator(given: dict[str, Any]) -> Any:
    [(name, operand)] = given.items()
    if name == "$count":
        return pipeline.Count()
    return getattr(pipeline, name[1].upper() + name[2:])(expression(operand))
