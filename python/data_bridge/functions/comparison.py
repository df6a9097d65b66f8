"""Aggregation expressions: comparison.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

from typing import Any

from ..fields.nodes import listed
from ..fields.values import Value


def cmp(left: Any, right: Any) -> Value[int]:
    """-1, 0 or 1 as the first value sorts before, with or after the second.

    `$cmp`, since MongoDB 2.2.
    """
    return listed("$cmp", left, right)


def eq(left: Any, right: Any) -> Value[bool]:
    """Whether two values are equal.

    `$eq`, since MongoDB 2.2.
    """
    return listed("$eq", left, right)


def gt(left: Any, right: Any) -> Value[bool]:
    """Whether the first value sorts after the second, over all types.

    `$gt`, since MongoDB 2.2.
    """
    return listed("$gt", left, right)


def gte(left: Any, right: Any) -> Value[bool]:
    """Whether the first value sorts after the second or equals it.

    `$gte`, since MongoDB 2.2.
    """
    return listed("$gte", left, right)


def lt(left: Any, right: Any) -> Value[bool]:
    """Whether the first value sorts before the second, over all types.

    `$lt`, since MongoDB 2.2.
    """
    return listed("$lt", left, right)


def lte(left: Any, right: Any) -> Value[bool]:
    """Whether the first value sorts before the second or equals it.

    `$lte`, since MongoDB 2.2.
    """
    return listed("$lte", left, right)


def ne(left: Any, right: Any) -> Value[bool]:
    """Whether two values differ.

    `$ne`, since MongoDB 2.2.
    """
    return listed("$ne", left, right)
