"""Aggregation expressions: boolean.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

from typing import Any

from ..fields.nodes import listed
from ..fields.values import Value


def and_(*terms: Any) -> Value[bool]:
    """Whether every value is true: null, missing and zero are not.

    `$and`, since MongoDB 2.2.
    """
    return listed("$and", *terms)


def not_(term: Any) -> Value[bool]:
    """Whether the value is null, missing, zero or false.

    `$not`, since MongoDB 2.2.
    """
    return listed("$not", term)


def or_(*terms: Any) -> Value[bool]:
    """Whether some value is true.

    `$or`, since MongoDB 2.2.
    """
    return listed("$or", *terms)
