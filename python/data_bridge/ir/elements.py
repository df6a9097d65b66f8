"""What updates say of the elements of a list: their order, and which are meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data_bridge._core import DType, Schema
from data_bridge.errors import CompileError

from .expressions import Field
from .parse import element_at, element_of, filter_at
from .parse_expressions import Scope
from .paths import step
from .places import Place, told


def check_order(field: Field, keys: Mapping[Any, Any], at: Place) -> None:
    """Checks that the fields by which a list is ordered are fields of its elements.

    Raises:
        CompileError: one is none; its path says where.
    """
    for path in keys:
        dtype, walked = element_of(field.dtype), f"{field.label}[]"
        try:
            for segment in str(path).split("."):
                dtype, walked = step(dtype, segment, walked), f"{walked}.{segment}"
        except CompileError as error:
            raise _placed(error, (path, at)) from None


def check_condition(field: Field, condition: Mapping[Any, Any], at: Place) -> None:
    """Checks which elements an update removes: tests of the element itself, or a filter of its fields.

    Raises:
        CompileError: it is malformed, or names a field that elements do not have.
    """
    # Links are stored in one of several forms, and never as the documents that they lead to.
    linked = element_of(field.dtype).non_null().kind == "link"
    element_at(
        Field(field.path, DType.any(), field.owner) if linked else field, condition, Scope(programs=False), 0, at
    )


def check_named(name: str, dtype: DType, filter: Mapping[Any, Any], at: Place) -> None:
    """Checks a filter of elements that have a name in it, such as an array filter.

    Args:
        name: what its paths begin with.
        dtype: the type of the elements.
        filter: MQL.
        at: where it stands.

    Raises:
        CompileError: it is malformed, or names a field that elements do not have.
    """
    alone = Schema("the element")
    alone.define([(name, dtype, True)], False)
    filter_at(filter, Scope(alone, programs=False), 0, at)


def _placed(error: CompileError, at: Place) -> CompileError:
    return CompileError(error.message, code=error.code, path=told(at), hint=error.hint)
