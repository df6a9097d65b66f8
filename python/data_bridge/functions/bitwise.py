"""Aggregation expressions: bitwise.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

from ..arguments import (
    Whole,
)
from ..fields.nodes import listed, single
from ..fields.values import Value


def bit_and(*numbers: Whole) -> Value[int]:
    """Bits that are 1 in every number.

    `$bitAnd`, since MongoDB 6.3.
    """
    return listed("$bitAnd", *numbers)


def bit_not(number: Whole) -> Value[int]:
    """The number with every bit turned over.

    `$bitNot`, since MongoDB 6.3.
    """
    return single("$bitNot", number)


def bit_or(*numbers: Whole) -> Value[int]:
    """Bits that are 1 in some number.

    `$bitOr`, since MongoDB 6.3.
    """
    return listed("$bitOr", *numbers)


def bit_xor(*numbers: Whole) -> Value[int]:
    """Bits that are 1 in an odd count of the numbers.

    `$bitXor`, since MongoDB 6.3.
    """
    return listed("$bitXor", *numbers)
