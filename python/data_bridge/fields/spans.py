"""Spans of time in what is computed of dates.

A `timedelta` is stored as its seconds. To a date the server adds milliseconds, and so many are between two dates.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from .. import ir
from ..errors import CompileError

#: The operators that move dates.
MOVING = frozenset({"$add", "$subtract"})
_MILLISECOND = datetime.timedelta(milliseconds=1)


def spans(name: str, given: Sequence[Any]) -> tuple[Any, ...]:
    """The operands of a sum or difference, spans of time in it as it takes them.

    Raises:
        CompileError: it is not known whether the other operand is a date or a number of seconds.
    """
    others = [each for each in given if not isinstance(each, datetime.timedelta)]
    dated = [_is_date(each) for each in others]
    if None in dated and True not in dated:
        raise CompileError(
            f"{name[1:]}: a timedelta is milliseconds beside a date and seconds beside a number, and which of both "
            f"{others[0]!r} is cannot be told",
            code="unknown_span",
            hint='write fn.date_add(..., unit="second", amount=...), or a number',
        )
    if True not in dated:
        return tuple(given)
    return tuple(milliseconds(each) if isinstance(each, datetime.timedelta) else each for each in given)


def milliseconds(span: datetime.timedelta) -> int:
    """A span as the server adds it to dates, which have no parts of milliseconds."""
    return round(span / _MILLISECOND)


def between_dates(node: ir.Expr) -> bool:
    """Whether a value is what lies between two dates."""
    return (
        isinstance(node, ir.Call)
        and node.name == "$subtract"
        and isinstance(node.args, tuple)
        and all(_is_date(each) for each in node.args)
    )


def _is_date(given: Any) -> bool | None:
    """Whether a value is a date; None where that is not known."""
    if isinstance(given, datetime.date):
        return True
    dtype = getattr(getattr(given, "__ir__", given), "dtype", None)
    if dtype is None:
        return False
    kinds = {member.kind for member in dtype.members} - {"null"}
    if "date" in kinds:
        return True
    return None if "any" in kinds else False
