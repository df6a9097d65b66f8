"""Aggregation expressions: variable.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

from typing import Any, TypeVar

from ..fields.nodes import constant, single
from ..fields.values import Value

T = TypeVar("T")


def literal(value: T) -> Value[T]:
    """A value as it stands: nothing in it is read as a path or an operator.

    `$literal`, since MongoDB 2.2.
    """
    return single("$literal", constant(value))


def meta(keyword: str) -> Value[Any]:
    """What the server knows of a document beside its fields, such as "textScore" or "indexKey".

    `$meta`, since MongoDB 2.6.
    """
    return single("$meta", constant(keyword))
