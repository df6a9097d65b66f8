"""Stages of plain MQL as nodes of their own, so that they can be written with classes and functions.

Only what a text is written of: whether it still says the same is looked at when the text is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .. import ir
from .._core import DType, Schema
from ..errors import CompileError
from ..ir import stages
from ..ir.paths import dtype_at
from .computed import known_parameters, plain
from .written import NoForm

#: Stages behind which documents have other fields than those of the class.
_RESHAPING = frozenset(
    {"$group", "$project", "$replaceRoot", "$replaceWith", "$bucket", "$bucketAuto", "$sortByCount", "$facet", "$count"}
)


class Expressed:
    """Turns the stages of one pipeline into nodes, in their order.

    Args:
        schema: the fields of the class that the pipeline is of.
    """

    def __init__(self, schema: Schema | None) -> None:
        self._schema = schema

    def stage(self, node: Any) -> Any:
        """The node of a stage; itself when there is no better one."""
        if not isinstance(node, ir.Raw) or len(node.value) != 1:
            return self._passed(node.to_mql(), node)
        [(name, body)] = node.value.items()
        make = _STAGES.get(name)
        try:
            return self._passed(node.value, node if make is None else make(self, body))
        except (NoForm, CompileError, AttributeError, TypeError, ValueError, KeyError):
            # MQL that only looks like it.
            return self._passed(node.value, node)

    def _passed(self, stage: Mapping[str, Any], node: Any) -> Any:
        if next(iter(stage)) in _RESHAPING:
            self._schema = None
        return node

    def value(self, given: Any) -> ir.Expr:
        """An aggregation expression."""
        if isinstance(given, str) and given.startswith("$$"):
            return ir.Variable(given[2:])
        if isinstance(given, str) and given.startswith("$"):
            return self._field(given[1:])
        if isinstance(given, (list, tuple)):
            return ir.ArrayExpr(tuple(self.value(item) for item in given))
        if not isinstance(given, Mapping):
            return ir.Literal(given)
        if not any(str(key).startswith("$") for key in given):
            return ir.DocumentExpr({key: self.value(item) for key, item in given.items()})
        [(name, operand)] = given.items()
        return self._call(name, operand)

    def _field(self, path: str) -> ir.Field:
        if self._schema is not None:
            try:
                return ir.Field(path, dtype_at(self._schema, path), self._schema.name)
            except CompileError:
                pass
        return ir.Field(path, DType.any(), "F")

    def _call(self, name: str, operand: Any) -> ir.Expr:
        if name == "$literal":
            return ir.Call(name, (ir.Literal(operand),), True)
        if isinstance(operand, (list, tuple)):
            return ir.Call(name, tuple(self.value(item) for item in operand))
        if isinstance(operand, Mapping) and {plain(key) for key in operand} <= set(known_parameters(name)):
            return ir.Call(name, {key: self._argument(key, item) for key, item in operand.items()})
        return ir.Call(name, (self.value(operand),), True)

    def _argument(self, name: str, given: Any) -> ir.Expr:
        return ir.Literal(given) if name == "sortBy" else self.value(given)

    def accumulator(self, given: Any) -> stages.Accumulator:
        """What a group computes."""
        [(name, operand)] = given.items()
        if name == "$count":
            return stages.Accumulator(name, None)
        if isinstance(operand, Mapping) and not any(str(key).startswith("$") for key in operand):
            return stages.Accumulator(name, {key: self._argument(key, item) for key, item in operand.items()})
        return stages.Accumulator(name, self.value(operand))

    def group(self, body: Any) -> Any:
        by = body["_id"]
        outputs = tuple((name, self.accumulator(each)) for name, each in body.items() if name != "_id")
        return stages.Group(None if by is None else self.value(by), outputs)

    def project(self, body: Any) -> Any:
        fields = [
            (path, bool(given) if isinstance(given, (bool, int, float)) else self.value(given))
            for path, given in body.items()
        ]
        return stages.Project(tuple(fields))

    def set(self, body: Any) -> Any:
        return stages.Set(tuple((path, self.value(given)) for path, given in body.items()))

    def unwind(self, body: Any) -> Any:
        index, preserve = body.get("includeArrayIndex"), body.get("preserveNullAndEmptyArrays", False)
        return stages.Unwind(body["path"].removeprefix("$"), index, bool(preserve))

    def lookup(self, body: Any) -> Any:
        inner = ir.parse_pipeline(body["pipeline"]) if "pipeline" in body else None
        let = {name: self.value(item) for name, item in body.get("let", {}).items()}
        return stages.Lookup(body["from"], body.get("localField"), body.get("foreignField"), let, inner, body["as"])


_STAGES: Mapping[str, Callable[[Expressed, Any], Any]] = {
    "$group": Expressed.group,
    "$project": Expressed.project,
    "$set": Expressed.set,
    "$unwind": Expressed.unwind,
    "$lookup": Expressed.lookup,
    "$sample": lambda _, body: stages.Sample(body["size"]),
    "$sortByCount": lambda self, body: stages.GenericStage("$sortByCount", self.value(body)),
    "$replaceWith": lambda self, body: stages.GenericStage("$replaceWith", self.value(body)),
    "$replaceRoot": lambda self, body: stages.GenericStage("$replaceRoot", {"newRoot": self.value(body["newRoot"])}),
    "$addFields": lambda self, body: stages.GenericStage(
        "$addFields", {path: self.value(given) for path, given in body.items()}
    ),
}
