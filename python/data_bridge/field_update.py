"""What the classes of update operators have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from . import ir
from ._core import Schema
from .errors import CompileError
from .fields import FieldProxy
from .ir.paths import dtype_at
from .update_checks import operation


class FieldUpdate:
    """Updates of several fields with one operator: `Set({User.name: "Ann"})`, or by stored path as text."""

    op: ClassVar[str]

    def __init__(self, values: Mapping[Any, Any]) -> None:
        self.values = values

    def operations(self, schema: Schema | None) -> list[ir.UpdateOperation]:
        """The updates, checked against the schema.

        Raises:
            CompileError: it is not given by field, or a value does not fit.
        """
        if not isinstance(self.values, Mapping):
            name = type(self).__name__
            raise CompileError(
                f"as an update {name} takes a dict of fields, not {self.values!r}",
                code="malformed_update",
                hint=f"write {name}({{User.field: ...}})",
            )
        return [operation(self.op, _field(key, schema), value) for key, value in self.values.items()]


def _field(key: Any, schema: Schema | None) -> ir.Field:
    if isinstance(key, FieldProxy):
        return key.__ir__
    return ir.Field(key, dtype_at(schema, key), schema.name if schema else "document")
