"""What is worked out once for each class."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

R = TypeVar("R")


def per_class(function: Callable[[type[Any]], R]) -> Callable[[type[Any]], R]:
    """`functools.cache` for a function of one class.

    Type checkers see a class whose instances cannot be hashed, and refuse the class itself as a key.
    """
    return cast(Callable[[type[Any]], R], cache(function))
