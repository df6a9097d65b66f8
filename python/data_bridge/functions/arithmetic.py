"""Aggregation expressions: arithmetic.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any, Never, overload

from ..arguments import (
    Day,
    Exact,
    Moment,
    Number,
    Real,
    Whole,
)
from ..fields.expression import Expression
from ..fields.nodes import MISSING, listed, positions, single
from ..fields.values import Value


@overload
def abs(number: Expression[Never]) -> Value[Any]: ...
@overload
def abs(number: Whole) -> Value[int]: ...
@overload
def abs(number: Real) -> Value[float]: ...
@overload
def abs(number: Exact) -> Value[Decimal]: ...
def abs(number: Number) -> Value[Any]:
    """Distance from zero.

    `$abs`, since MongoDB 3.2.
    """
    return single("$abs", number)


@overload
def add(*terms: Expression[Never]) -> Value[Any]: ...
@overload
def add(*terms: Whole) -> Value[int]: ...
@overload
def add(*terms: Real) -> Value[float]: ...
@overload
def add(*terms: Number) -> Value[Decimal]: ...
@overload
def add(*terms: Day | Real) -> Value[datetime.datetime]: ...
def add(*terms: Number | Moment) -> Value[Any]:
    """Sum of numbers; with one date among them, the date that many milliseconds later.

    `$add`, since MongoDB 2.2.
    """
    return listed("$add", *terms)


@overload
def ceil(number: Expression[Never]) -> Value[Any]: ...
@overload
def ceil(number: Whole) -> Value[int]: ...
@overload
def ceil(number: Real) -> Value[float]: ...
@overload
def ceil(number: Exact) -> Value[Decimal]: ...
def ceil(number: Number) -> Value[Any]:
    """Least whole number that is not below this one.

    `$ceil`, since MongoDB 3.2.
    """
    return single("$ceil", number)


@overload
def divide(dividend: Expression[Never], divisor: Number) -> Value[Any]: ...
@overload
def divide(dividend: Number, divisor: Expression[Never]) -> Value[Any]: ...
@overload
def divide(dividend: Real, divisor: Real) -> Value[float]: ...
@overload
def divide(dividend: Number, divisor: Number) -> Value[Decimal]: ...
def divide(dividend: Number, divisor: Number) -> Value[Any]:
    """One number divided by another; the server fails on a divisor of zero.

    `$divide`, since MongoDB 2.2.
    """
    return listed("$divide", dividend, divisor)


@overload
def exp(exponent: Expression[Never]) -> Value[Any]: ...
@overload
def exp(exponent: Real) -> Value[float]: ...
@overload
def exp(exponent: Exact) -> Value[Decimal]: ...
def exp(exponent: Number) -> Value[Any]:
    """Euler's number to this power.

    `$exp`, since MongoDB 3.2.
    """
    return single("$exp", exponent)


@overload
def floor(number: Expression[Never]) -> Value[Any]: ...
@overload
def floor(number: Whole) -> Value[int]: ...
@overload
def floor(number: Real) -> Value[float]: ...
@overload
def floor(number: Exact) -> Value[Decimal]: ...
def floor(number: Number) -> Value[Any]:
    """Greatest whole number that is not above this one.

    `$floor`, since MongoDB 3.2.
    """
    return single("$floor", number)


@overload
def ln(number: Expression[Never]) -> Value[Any]: ...
@overload
def ln(number: Real) -> Value[float]: ...
@overload
def ln(number: Exact) -> Value[Decimal]: ...
def ln(number: Number) -> Value[Any]:
    """Natural logarithm.

    `$ln`, since MongoDB 3.2.
    """
    return single("$ln", number)


@overload
def log(number: Expression[Never], base: Number) -> Value[Any]: ...
@overload
def log(number: Number, base: Expression[Never]) -> Value[Any]: ...
@overload
def log(number: Real, base: Real) -> Value[float]: ...
@overload
def log(number: Number, base: Number) -> Value[Decimal]: ...
def log(number: Number, base: Number) -> Value[Any]:
    """Logarithm to a base.

    `$log`, since MongoDB 3.2.
    """
    return listed("$log", number, base)


@overload
def log10(number: Expression[Never]) -> Value[Any]: ...
@overload
def log10(number: Real) -> Value[float]: ...
@overload
def log10(number: Exact) -> Value[Decimal]: ...
def log10(number: Number) -> Value[Any]:
    """Logarithm to base ten.

    `$log10`, since MongoDB 3.2.
    """
    return single("$log10", number)


@overload
def mod(dividend: Expression[Never], divisor: Number) -> Value[Any]: ...
@overload
def mod(dividend: Number, divisor: Expression[Never]) -> Value[Any]: ...
@overload
def mod(dividend: Whole, divisor: Whole) -> Value[int]: ...
@overload
def mod(dividend: Real, divisor: Real) -> Value[float]: ...
@overload
def mod(dividend: Number, divisor: Number) -> Value[Decimal]: ...
def mod(dividend: Number, divisor: Number) -> Value[Any]:
    """What a division leaves, with the dividend's sign.

    `$mod`, since MongoDB 2.2.
    """
    return listed("$mod", dividend, divisor)


@overload
def multiply(*factors: Expression[Never]) -> Value[Any]: ...
@overload
def multiply(*factors: Whole) -> Value[int]: ...
@overload
def multiply(*factors: Real) -> Value[float]: ...
@overload
def multiply(*factors: Number) -> Value[Decimal]: ...
def multiply(*factors: Number) -> Value[Any]:
    """Product of numbers.

    `$multiply`, since MongoDB 2.2.
    """
    return listed("$multiply", *factors)


@overload
def pow(number: Expression[Never], exponent: Number) -> Value[Any]: ...
@overload
def pow(number: Number, exponent: Expression[Never]) -> Value[Any]: ...
@overload
def pow(number: Real, exponent: Real) -> Value[float]: ...
@overload
def pow(number: Number, exponent: Number) -> Value[Decimal]: ...
def pow(number: Number, exponent: Number) -> Value[Any]:
    """A number raised to a power.

    `$pow`, since MongoDB 3.2.
    """
    return listed("$pow", number, exponent)


@overload
def round(number: Expression[Never], place: Whole = MISSING) -> Value[Any]: ...
@overload
def round(number: Whole, place: Whole = MISSING) -> Value[int]: ...
@overload
def round(number: Real, place: Whole = MISSING) -> Value[float]: ...
@overload
def round(number: Exact, place: Whole = MISSING) -> Value[Decimal]: ...
def round(number: Number, place: Whole = MISSING) -> Value[Any]:
    """Nearest number with this many decimal places, halves to the even one.

    `$round`, since MongoDB 4.2.
    """
    return listed("$round", *positions(number, place))


@overload
def sigmoid(number: Expression[Never]) -> Value[Any]: ...
@overload
def sigmoid(number: Real) -> Value[float]: ...
@overload
def sigmoid(number: Exact) -> Value[Decimal]: ...
def sigmoid(number: Number) -> Value[Any]:
    """A number squeezed between 0 and 1 by the logistic function.

    `$sigmoid`, since MongoDB 8.1.
    """
    return single("$sigmoid", number)


@overload
def sqrt(number: Expression[Never]) -> Value[Any]: ...
@overload
def sqrt(number: Real) -> Value[float]: ...
@overload
def sqrt(number: Exact) -> Value[Decimal]: ...
def sqrt(number: Number) -> Value[Any]:
    """Square root; the server fails on negative numbers.

    `$sqrt`, since MongoDB 3.2.
    """
    return single("$sqrt", number)


@overload
def subtract(minuend: Expression[Never], subtrahend: Number | Moment) -> Value[Any]: ...
@overload
def subtract(minuend: Number | Moment, subtrahend: Expression[Never]) -> Value[Any]: ...
@overload
def subtract(minuend: Whole, subtrahend: Whole) -> Value[int]: ...
@overload
def subtract(minuend: Real, subtrahend: Real) -> Value[float]: ...
@overload
def subtract(minuend: Number, subtrahend: Number) -> Value[Decimal]: ...
@overload
def subtract(minuend: Day, subtrahend: Day) -> Value[int]: ...
@overload
def subtract(minuend: Day, subtrahend: Real) -> Value[datetime.datetime]: ...
def subtract(minuend: Number | Moment, subtrahend: Number | Moment) -> Value[Any]:
    """Difference of numbers, milliseconds between two dates, or a date some milliseconds earlier.

    `$subtract`, since MongoDB 2.2.
    """
    return listed("$subtract", minuend, subtrahend)


@overload
def trunc(number: Expression[Never], place: Whole = MISSING) -> Value[Any]: ...
@overload
def trunc(number: Whole, place: Whole = MISSING) -> Value[int]: ...
@overload
def trunc(number: Real, place: Whole = MISSING) -> Value[float]: ...
@overload
def trunc(number: Exact, place: Whole = MISSING) -> Value[Decimal]: ...
def trunc(number: Number, place: Whole = MISSING) -> Value[Any]:
    """A number cut to this many decimal places.

    `$trunc`, since MongoDB 3.2.
    """
    return listed("$trunc", *positions(number, place))
