"""Sort orders in all their forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import ir
from ..errors import CompileError
from .expression import SortKey
from .proxy import FieldProxy


def sort_keys(keys: Sequence[Any]) -> tuple[tuple[str, int], ...]:
    """Sort keys in any of their forms: `-User.age`, `User.age`, `"-age"`, `("age", -1)`."""
    read = []
    for key in keys:
        if isinstance(key, SortKey):
            read.append((key.path, key.direction))
        elif isinstance(key, FieldProxy):
            read.append((str(key), 1))
        elif isinstance(key, str):
            read.append((key.lstrip("+-"), -1 if key.startswith("-") else 1))
        elif isinstance(key, (tuple, list)) and len(key) == 2 and isinstance(key[1], int):
            read.append((str(key[0]), key[1]))
        elif isinstance(key, Mapping):
            read.extend((str(path), direction) for path, direction in key.items())
        elif isinstance(key, (list, tuple)):
            read.extend(sort_keys(key))
        else:
            raise TypeError(f"{key!r} is not a sort key: write -User.age, 'age' or ('age', -1)")
    return tuple(read)


def order(given: Any) -> ir.Expr:
    """An order as a constant: 1 or -1 for the values themselves, else keys in any of their forms.

    Raises:
        CompileError: a direction is neither 1 nor -1.
    """
    if isinstance(given, int):
        keys: tuple[tuple[str, int], ...] = (("", given),)
    else:
        keys = sort_keys(given if isinstance(given, (list, tuple)) else [given])
    for path, direction in keys:
        if direction not in (1, -1) or isinstance(direction, bool):
            raise CompileError(
                f"the direction of {path or 'the order'!r} is {direction!r}: give 1 or -1", code="bad_order"
            )
    return ir.Literal(given if isinstance(given, int) else dict(keys))
