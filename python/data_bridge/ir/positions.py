"""Positions in lists, which stages do not know: below a list a name is a field of each element."""

from __future__ import annotations

from typing import Any

from data_bridge._core import DType, Schema
from data_bridge.errors import CompileError

from . import stages
from .paths import step


def is_position(dtype: DType, segment: str) -> bool:
    """Whether a name below a value of this type is an element's place, or stands for some elements."""
    return dtype.non_null().kind == "array" and (segment.isdigit() or segment.startswith("$"))


def refused(label: str) -> CompileError:
    """The error for a stage that names an element as what it keeps or writes."""
    return CompileError(
        f"a stage cannot keep or write {label}: below a list it names a field of every element, and no position",
        code="position_in_stage",
        path=label,
        hint="write an element by an update, User.tags[0].set(...); read one as a value, Project(first=User.tags[0])",
    )


def refuse_positions(node: Any, schema: Schema | None) -> None:
    """Refuses a stage that keeps or writes an element of a list of the class.

    Args:
        node: a stage.
        schema: of the documents that it is given; None allows anything.

    Raises:
        CompileError: says which path.
    """
    if schema is None or not isinstance(node, (stages.Set, stages.Project, stages.Unset)):
        return
    for path in node.paths if isinstance(node, stages.Unset) else [path for path, _ in node.fields]:
        dtype = DType.document(schema)
        for segment in path.split("."):
            if is_position(dtype, segment):
                raise refused(path)
            try:
                dtype = step(dtype.non_null(), segment, path)
            except CompileError:  # a new field
                break
