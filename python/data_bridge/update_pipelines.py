"""Updates by stages: what they compute fits the fields that it is stored in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from . import ir
from ._core import Schema
from .closed_values import refuse_unaccepted
from .errors import CompileError
from .ir import stages
from .ir.collisions import leaves
from .ir.paths import dtype_at
from .update_checks import check_stored, refuse_back_link, stores_type


def check_computed(nodes: Sequence[Any], schema: Schema | None) -> None:
    """Checks what is stored at the end: of each field what the last stage gives it, as far as that can be told.

    Args:
        nodes: the stages.
        schema: of the documents that are updated; None allows anything.

    Raises:
        CompileError: a field is none of the class, or is given what it does not store.
    """
    if schema is None:
        return
    for path, given in _last(nodes):
        dtype = dtype_at(schema, path)
        field = ir.Field(path, dtype, schema.name)
        refuse_back_link(field)
        if isinstance(given, ir.Literal):
            check_stored("$set", field, given.value)
            refuse_unaccepted("$set", schema, path, given.value)
        elif not stores_type(dtype, given.dtype):
            raise CompileError(
                f"$set takes a value of type {dtype}: {field.label} is given {given.dtype}",
                code="update_misfit",
                path=path,
            )


def _last(nodes: Sequence[Any]) -> Iterator[tuple[str, ir.Expr]]:
    """What fields are given last; nothing of what stands before a stage that is not followed."""
    given: set[str] = set()
    for node in reversed(nodes):
        if isinstance(node, stages.Unset):
            given.update(path.split(".")[0] for path in node.paths)
        elif isinstance(node, stages.Set):
            for path, value in leaves(node.fields):
                if path.split(".")[0] not in given:
                    yield path, value
            given.update(path.split(".")[0] for path, _ in node.fields)
        else:
            return
