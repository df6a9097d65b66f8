"""What the classes of query operators are asked of: a field, or an expression that is compared."""

from __future__ import annotations

from typing import Any

from .. import ir
from .._core import DType
from ..errors import CompileError
from .expression import Expression
from .proxy import FieldProxy


def tested(given: Any) -> Any:
    """A field; text is a stored path.

    Raises:
        CompileError: it is neither.
    """
    if isinstance(given, FieldProxy):
        return given
    if isinstance(given, str) and given and not given.startswith("$"):
        return FieldProxy(ir.Field(given, DType.any(), "document"))
    raise CompileError(f"{given!r} is not a field", code="not_a_field", hint="give User.age, or a stored path")


def compared(given: Any) -> Any:
    """The left side of a comparison: an expression, or what `tested` takes.

    Raises:
        CompileError: it is neither.
    """
    return given if isinstance(given, Expression) else tested(given)
