"""What the rows of a query look like: which fields they have, and of which types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from . import _core, ir
from ._core import DType
from .errors import CompileError
from .schema import stored_name


@dataclass(frozen=True)
class RowSchema:
    """The fields of a query's rows.

    Attributes:
        fields: the top-level fields by their stored names, with their types.
        open: why rows may hold other fields too; None where these are all.
    """

    fields: Mapping[str, DType]
    open: str | None

    def __str__(self) -> str:
        known = [f"{name}: {dtype}" for name, dtype in self.fields.items()]
        if self.open is None:
            return "{" + ", ".join(known) + "}"
        return "{" + ", ".join([*known, "..."]) + "}: " + self.open

    __repr__ = __str__


def rows_of(plan: ir.Plan) -> RowSchema:
    """The rows that a plan gives.

    Raises:
        CompileError: the plan is wrong.
    """
    fields, opened = _core.rows(plan)
    return RowSchema(dict(fields), opened)


def check_output(rows: RowSchema, model: type[BaseModel]) -> None:
    """Refuses a model whose required fields no row has.

    Raises:
        CompileError: one of them is in no row.
    """
    if rows.open is not None:
        return
    missing = [
        name
        for name, field in model.model_fields.items()
        if field.is_required() and not _names(name, field) & set(rows.fields)
    ]
    if missing:
        raise CompileError(
            f"rows have no field {missing[0]!r}, which {model.__name__} needs",
            code="output_field",
            path=missing[0],
            hint=f"fields: {', '.join(rows.fields) or 'none'}",
        )


def _names(name: str, field: Any) -> set[str]:
    """The names under which a row may hold a field of a model."""
    choices = getattr(field.validation_alias, "choices", [field.validation_alias])
    paths = [getattr(choice, "path", [choice])[0] for choice in choices]
    return {name, stored_name(name, field), *(path for path in (*paths, field.alias) if isinstance(path, str))}
