"""What the rows of a query look like: which fields they have, and of which types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from . import _core, ir
from ._core import DType
from .errors import CompileError
from .schema import dtype_of_annotation, stored_name


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
    """Refuses a model whose required fields no row has, or whose fields are given what they never take.

    Raises:
        CompileError: one of them is in no row, or of another type in all.
    """
    for name, field in model.model_fields.items():
        _check_type(rows, model, name, field)
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


#: Kinds of values that models may be made of in ways of their own: texts are parsed, numbers read.
_READ = frozenset({"string", "int", "double", "decimal", "bool", "binary", "object_id", "date", "timestamp", "regex"})


def _check_type(rows: RowSchema, model: type[BaseModel], name: str, field: Any) -> None:
    """Refuses a list where the model has none, a document where it has a value, and the other way round."""
    given = rows.fields.get(stored_name(name, field))
    wanted = dtype_of_annotation(field.annotation)
    if given is None or _is_converted(model, name, field):
        return
    shapes, taken = _shapes(given), _shapes(wanted)
    never = "any" not in shapes | taken and not shapes & taken
    if never or (_is_text(field.annotation) and _is_no_text(given)):
        raise CompileError(
            f"rows have {given} in {name!r}, where {model.__name__} takes {wanted}",
            code="output_type",
            path=name,
            hint=f"give the field of {model.__name__} that type, or compute another",
        )


def _is_converted(model: type[BaseModel], name: str, field: Any) -> bool:
    """Whether the user's own functions look at the value before pydantic does."""
    decorators = model.__pydantic_decorators__
    modes = {each.info.mode for each in decorators.field_validators.values() if name in each.info.fields}
    modes |= {each.info.mode for each in decorators.model_validators.values()}
    return bool(modes - {"after"}) or bool(field.metadata)


def _is_text(annotation: Any) -> bool:
    """Whether a field takes texts alone, which pydantic makes of nothing else."""
    return annotation is str or set(get_args(annotation)) == {str, type(None)}


def _is_no_text(dtype: DType) -> bool:
    kinds = {member.kind for member in dtype.members} - {"null"}
    return bool(kinds) and kinds <= _READ - {"string"}


def _shapes(dtype: DType) -> set[str]:
    """What values look like from afar."""
    kinds = {member.kind for member in dtype.members}
    named = {"map": "document", "document": "document", "array": "array", "null": "null"}
    return {"value" if kind in _READ else named.get(kind, "any") for kind in kinds} or {"any"}


def _names(name: str, field: Any) -> set[str]:
    """The names under which a row may hold a field of a model."""
    choices = getattr(field.validation_alias, "choices", [field.validation_alias])
    paths = [getattr(choice, "path", [choice])[0] for choice in choices]
    return {name, stored_name(name, field), *(path for path in (*paths, field.alias) if isinstance(path, str))}
