"""Aggregation expressions: arithmetic.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

from ..arguments import Moment, Number, Whole
from ..fields.expression import MISSING, listed, positions, single
from ..fields.values import Value


def abs(number: Number) -> Value:
    """Distance from zero.

    `$abs`, since MongoDB 3.2.
    """
    return single("$abs", number)


def add(*terms: Number | Moment) -> Value:
    """Sum of numbers; with one date among them, the date that many milliseconds later.

    `$add`, since MongoDB 2.2.
    """
    return listed("$add", *terms)


def ceil(number: Number) -> Value:
    """Least whole number that is not below this one.

    `$ceil`, since MongoDB 3.2.
    """
    return single("$ceil", number)


def divide(dividend: Number, divisor: Number) -> Value:
    """One number divided by another; the server fails on a divisor of zero.

    `$divide`, since MongoDB 2.2.
    """
    return listed("$divide", dividend, divisor)


def exp(exponent: Number) -> Value:
    """Euler's number to this power.

    `$exp`, since MongoDB 3.2.
    """
    return single("$exp", exponent)


def floor(number: Number) -> Value:
    """Greatest whole number that is not above this one.

    `$floor`, since MongoDB 3.2.
    """
    return single("$floor", number)


def ln(number: Number) -> Value:
    """Natural logarithm.

    `$ln`, since MongoDB 3.2.
    """
    return single("$ln", number)


def log(number: Number, base: Number) -> Value:
    """Logarithm to a base.

    `$log`, since MongoDB 3.2.
    """
    return listed("$log", number, base)


def log10(number: Number) -> Value:
    """Logarithm to base ten.

    `$log10`, since MongoDB 3.2.
    """
    return single("$log10", number)


def mod(dividend: Number, divisor: Number) -> Value:
    """What a division leaves, with the dividend's sign.

    `$mod`, since MongoDB 2.2.
    """
    return listed("$mod", dividend, divisor)


def multiply(*factors: Number) -> Value:
    """Product of numbers.

    `$multiply`, since MongoDB 2.2.
    """
    return listed("$multiply", *factors)


def pow(number: Number, exponent: Number) -> Value:
    """A number raised to a power.

    `$pow`, since MongoDB 3.2.
    """
    return listed("$pow", number, exponent)


def round(number: Number, place: Whole = MISSING) -> Value:
    """Nearest number with this many decimal places, halves to the even one.

    `$round`, since MongoDB 4.2.
    """
    return listed("$round", *positions(number, place))


def sigmoid(number: Number) -> Value:
    """A number squeezed between 0 and 1 by the logistic function.

    `$sigmoid`, since MongoDB 8.1.
    """
    return single("$sigmoid", number)


def sqrt(number: Number) -> Value:
    """Square root; the server fails on negative numbers.

    `$sqrt`, since MongoDB 3.2.
    """
    return single("$sqrt", number)


def subtract(minuend: Number | Moment, subtrahend: Number | Moment) -> Value:
    """Difference of numbers, milliseconds between two dates, or a date some milliseconds earlier.

    `$subtract`, since MongoDB 2.2.
    """
    return listed("$subtract", minuend, subtrahend)


def trunc(number: Number, place: Whole = MISSING) -> Value:
    """A number cut to this many decimal places.

    `$trunc`, since MongoDB 3.2.
    """
    return listed("$trunc", *positions(number, place))
