"""Aggregation expressions by name: `fn.date_trunc(date=User.created, unit="day")` is `$dateTrunc`."""

from __future__ import annotations

from typing import Any

from . import ir
from .fields import Expression
from .pipeline import value


class _Functions:
    """Every aggregation operator, by its snake_case name; arguments by position or name, as the server takes them."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        head, *rest = name.rstrip("_").split("_")
        operator = "$" + head + "".join(part.capitalize() for part in rest)

        def call(*args: Any, **named: Any) -> Expression:
            if args and named:
                raise TypeError(f"fn.{name} takes arguments by position or by name, not both")
            if named:
                return Expression(ir.Call(operator, {key.rstrip("_"): value(item) for key, item in named.items()}))
            return Expression(ir.Call(operator, tuple(value(arg) for arg in args), len(args) == 1))

        call.__name__ = name
        return call


fn = _Functions()
