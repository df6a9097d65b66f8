"""Aggregation expressions: accumulation.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

from typing import Any, Literal

from ..arguments import (
    Items,
    Number,
)
from ..fields.nodes import constant, listed, named
from ..fields.values import Value


def avg(*values: Any) -> Value[Any]:
    """Mean of numbers, or of one list's numbers; null when there are none.

    `$avg`, since MongoDB 3.2.
    """
    return listed("$avg", *values)


def max(*values: Any) -> Value[Any]:
    """Greatest of values, or of one list's elements.

    `$max`, since MongoDB 3.2.
    """
    return listed("$max", *values)


def median(input: Number | Items[Any], *, method: Literal["approximate"] = "approximate") -> Value[float]:
    """Value in the middle of numbers, approximately.

    `$median`, since MongoDB 7.0.
    """
    return named("$median", input=input, method=constant(method))


def min(*values: Any) -> Value[Any]:
    """Least of values, or of one list's elements.

    `$min`, since MongoDB 3.2.
    """
    return listed("$min", *values)


def percentile(
    input: Number | Items[Any], p: Items[Any], *, method: Literal["approximate"] = "approximate"
) -> Value[list[float]]:
    """Values below which these shares of the numbers lie, approximately.

    `$percentile`, since MongoDB 7.0.
    """
    return named("$percentile", input=input, p=p, method=constant(method))


def std_dev_pop(*values: Any) -> Value[float]:
    """Standard deviation of a whole population.

    `$stdDevPop`, since MongoDB 3.2.
    """
    return listed("$stdDevPop", *values)


def std_dev_samp(*values: Any) -> Value[float]:
    """Standard deviation estimated from a sample.

    `$stdDevSamp`, since MongoDB 3.2.
    """
    return listed("$stdDevSamp", *values)


def sum(*values: Any) -> Value[Any]:
    """Sum of numbers, or of one list's numbers; other values count as nothing.

    `$sum`, since MongoDB 3.2.
    """
    return listed("$sum", *values)
