"""Updates and whole requests."""

from __future__ import annotations

from typing import Any

from data_bridge._core import DType, Schema

from .mql import plain
from .node import Node


class UpdateOperation(Node, kind="update_operation"):
    """`{op: {path: operand}}`."""

    __slots__ = ("op", "path", "dtype", "operand")
    op: str
    path: str
    dtype: DType
    operand: Any


class UpdateOperators(Node, kind="update_operators"):
    """Operations on different paths; array filters say which elements `$[name]` stands for."""

    __slots__ = ("operations", "array_filters")
    operations: tuple[UpdateOperation, ...]
    array_filters: tuple[dict[str, Any], ...]

    def __init__(self, operations: tuple[UpdateOperation, ...], array_filters: tuple[dict[str, Any], ...] = ()) -> None:
        super().__init__(operations, array_filters)

    def to_mql(self) -> dict[str, dict[str, Any]]:
        """The update document; the array filters stand beside it in a command."""
        found: dict[str, dict[str, Any]] = {op: {} for op in getattr(self, "spelling", ())}
        for each in self.operations:
            found.setdefault(each.op, {})[each.path] = plain(each.operand)
        return found


class UpdatePipeline(Node, kind="update_pipeline"):
    """Stages that compute the new document."""

    __slots__ = ("stages",)
    stages: tuple[Node, ...]

    def to_mql(self) -> list[Any]:
        """The stages, each as MQL."""
        return [stage.to_mql() for stage in self.stages]


class Source(Node, kind="source"):
    """A collection; without a database, in the connection's."""

    __slots__ = ("collection", "database", "schema")
    collection: str
    database: str | None
    schema: Schema


class Plan(Node):
    """A whole request."""

    __slots__ = ()


class Read(Plan, kind="read"):
    """Documents, or what is computed of them: "find", "first", "aggregate", "count", "exists" or "distinct"."""

    __slots__ = ("source", "stages", "terminal", "path", "options")


class Update(Plan, kind="update"):
    """Changes the selected documents."""

    __slots__ = ("source", "filter", "update", "many", "upsert", "options")


class Replace(Plan, kind="replace"):
    """Puts another document in the place of the selected one."""

    __slots__ = ("source", "filter", "replacement", "upsert", "options")


class Delete(Plan, kind="delete"):
    """Deletes the selected documents."""

    __slots__ = ("source", "filter", "many", "options")


class FindAndModify(Plan, kind="find_and_modify"):
    """Changes one document and gives it, as it was or as it is."""

    __slots__ = ("source", "filter", "update", "remove", "replacement", "sort", "fields", "new", "upsert", "options")
