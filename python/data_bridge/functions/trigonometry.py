"""Aggregation expressions: trigonometry.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

from ..arguments import Number
from ..fields.expression import listed, single
from ..fields.values import Value


def acos(number: Number) -> Value:
    """Angle in radians whose cosine this is.

    `$acos`, since MongoDB 4.2.
    """
    return single("$acos", number)


def acosh(number: Number) -> Value:
    """Inverse hyperbolic cosine, in radians.

    `$acosh`, since MongoDB 4.2.
    """
    return single("$acosh", number)


def asin(number: Number) -> Value:
    """Angle in radians whose sine this is.

    `$asin`, since MongoDB 4.2.
    """
    return single("$asin", number)


def asinh(number: Number) -> Value:
    """Inverse hyperbolic sine, in radians.

    `$asinh`, since MongoDB 4.2.
    """
    return single("$asinh", number)


def atan(number: Number) -> Value:
    """Angle in radians whose tangent this is.

    `$atan`, since MongoDB 4.2.
    """
    return single("$atan", number)


def atan2(y: Number, x: Number) -> Value:
    """Angle in radians of the point (x, y), in its own quadrant.

    `$atan2`, since MongoDB 4.2.
    """
    return listed("$atan2", y, x)


def atanh(number: Number) -> Value:
    """Inverse hyperbolic tangent, in radians.

    `$atanh`, since MongoDB 4.2.
    """
    return single("$atanh", number)


def cos(radians: Number) -> Value:
    """Cosine of an angle in radians.

    `$cos`, since MongoDB 4.2.
    """
    return single("$cos", radians)


def cosh(radians: Number) -> Value:
    """Hyperbolic cosine.

    `$cosh`, since MongoDB 4.2.
    """
    return single("$cosh", radians)


def degrees_to_radians(degrees: Number) -> Value:
    """An angle in radians, given in degrees.

    `$degreesToRadians`, since MongoDB 4.2.
    """
    return single("$degreesToRadians", degrees)


def radians_to_degrees(radians: Number) -> Value:
    """An angle in degrees, given in radians.

    `$radiansToDegrees`, since MongoDB 4.2.
    """
    return single("$radiansToDegrees", radians)


def sin(radians: Number) -> Value:
    """Sine of an angle in radians.

    `$sin`, since MongoDB 4.2.
    """
    return single("$sin", radians)


def sinh(radians: Number) -> Value:
    """Hyperbolic sine.

    `$sinh`, since MongoDB 4.2.
    """
    return single("$sinh", radians)


def tan(radians: Number) -> Value:
    """Tangent of an angle in radians.

    `$tan`, since MongoDB 4.2.
    """
    return single("$tan", radians)


def tanh(radians: Number) -> Value:
    """Hyperbolic tangent.

    `$tanh`, since MongoDB 4.2.
    """
    return single("$tanh", radians)
