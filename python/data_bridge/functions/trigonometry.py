"""Aggregation expressions: trigonometry.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Never, overload

from ..arguments import (
    Exact,
    Number,
    Real,
)
from ..fields.expression import Expression
from ..fields.nodes import listed, single
from ..fields.values import Value


@overload
def acos(number: Expression[Never]) -> Value[Any]: ...
@overload
def acos(number: Real) -> Value[float]: ...
@overload
def acos(number: Exact) -> Value[Decimal]: ...
def acos(number: Number) -> Value[Any]:
    """Angle in radians whose cosine this is.

    `$acos`, since MongoDB 4.2.
    """
    return single("$acos", number)


@overload
def acosh(number: Expression[Never]) -> Value[Any]: ...
@overload
def acosh(number: Real) -> Value[float]: ...
@overload
def acosh(number: Exact) -> Value[Decimal]: ...
def acosh(number: Number) -> Value[Any]:
    """Inverse hyperbolic cosine, in radians.

    `$acosh`, since MongoDB 4.2.
    """
    return single("$acosh", number)


@overload
def asin(number: Expression[Never]) -> Value[Any]: ...
@overload
def asin(number: Real) -> Value[float]: ...
@overload
def asin(number: Exact) -> Value[Decimal]: ...
def asin(number: Number) -> Value[Any]:
    """Angle in radians whose sine this is.

    `$asin`, since MongoDB 4.2.
    """
    return single("$asin", number)


@overload
def asinh(number: Expression[Never]) -> Value[Any]: ...
@overload
def asinh(number: Real) -> Value[float]: ...
@overload
def asinh(number: Exact) -> Value[Decimal]: ...
def asinh(number: Number) -> Value[Any]:
    """Inverse hyperbolic sine, in radians.

    `$asinh`, since MongoDB 4.2.
    """
    return single("$asinh", number)


@overload
def atan(number: Expression[Never]) -> Value[Any]: ...
@overload
def atan(number: Real) -> Value[float]: ...
@overload
def atan(number: Exact) -> Value[Decimal]: ...
def atan(number: Number) -> Value[Any]:
    """Angle in radians whose tangent this is.

    `$atan`, since MongoDB 4.2.
    """
    return single("$atan", number)


@overload
def atan2(y: Expression[Never], x: Number) -> Value[Any]: ...
@overload
def atan2(y: Number, x: Expression[Never]) -> Value[Any]: ...
@overload
def atan2(y: Real, x: Real) -> Value[float]: ...
@overload
def atan2(y: Number, x: Number) -> Value[Decimal]: ...
def atan2(y: Number, x: Number) -> Value[Any]:
    """Angle in radians of the point (x, y), in its own quadrant.

    `$atan2`, since MongoDB 4.2.
    """
    return listed("$atan2", y, x)


@overload
def atanh(number: Expression[Never]) -> Value[Any]: ...
@overload
def atanh(number: Real) -> Value[float]: ...
@overload
def atanh(number: Exact) -> Value[Decimal]: ...
def atanh(number: Number) -> Value[Any]:
    """Inverse hyperbolic tangent, in radians.

    `$atanh`, since MongoDB 4.2.
    """
    return single("$atanh", number)


@overload
def cos(radians: Expression[Never]) -> Value[Any]: ...
@overload
def cos(radians: Real) -> Value[float]: ...
@overload
def cos(radians: Exact) -> Value[Decimal]: ...
def cos(radians: Number) -> Value[Any]:
    """Cosine of an angle in radians.

    `$cos`, since MongoDB 4.2.
    """
    return single("$cos", radians)


@overload
def cosh(radians: Expression[Never]) -> Value[Any]: ...
@overload
def cosh(radians: Real) -> Value[float]: ...
@overload
def cosh(radians: Exact) -> Value[Decimal]: ...
def cosh(radians: Number) -> Value[Any]:
    """Hyperbolic cosine.

    `$cosh`, since MongoDB 4.2.
    """
    return single("$cosh", radians)


@overload
def degrees_to_radians(degrees: Expression[Never]) -> Value[Any]: ...
@overload
def degrees_to_radians(degrees: Real) -> Value[float]: ...
@overload
def degrees_to_radians(degrees: Exact) -> Value[Decimal]: ...
def degrees_to_radians(degrees: Number) -> Value[Any]:
    """An angle in radians, given in degrees.

    `$degreesToRadians`, since MongoDB 4.2.
    """
    return single("$degreesToRadians", degrees)


@overload
def radians_to_degrees(radians: Expression[Never]) -> Value[Any]: ...
@overload
def radians_to_degrees(radians: Real) -> Value[float]: ...
@overload
def radians_to_degrees(radians: Exact) -> Value[Decimal]: ...
def radians_to_degrees(radians: Number) -> Value[Any]:
    """An angle in degrees, given in radians.

    `$radiansToDegrees`, since MongoDB 4.2.
    """
    return single("$radiansToDegrees", radians)


@overload
def sin(radians: Expression[Never]) -> Value[Any]: ...
@overload
def sin(radians: Real) -> Value[float]: ...
@overload
def sin(radians: Exact) -> Value[Decimal]: ...
def sin(radians: Number) -> Value[Any]:
    """Sine of an angle in radians.

    `$sin`, since MongoDB 4.2.
    """
    return single("$sin", radians)


@overload
def sinh(radians: Expression[Never]) -> Value[Any]: ...
@overload
def sinh(radians: Real) -> Value[float]: ...
@overload
def sinh(radians: Exact) -> Value[Decimal]: ...
def sinh(radians: Number) -> Value[Any]:
    """Hyperbolic sine.

    `$sinh`, since MongoDB 4.2.
    """
    return single("$sinh", radians)


@overload
def tan(radians: Expression[Never]) -> Value[Any]: ...
@overload
def tan(radians: Real) -> Value[float]: ...
@overload
def tan(radians: Exact) -> Value[Decimal]: ...
def tan(radians: Number) -> Value[Any]:
    """Tangent of an angle in radians.

    `$tan`, since MongoDB 4.2.
    """
    return single("$tan", radians)


@overload
def tanh(radians: Expression[Never]) -> Value[Any]: ...
@overload
def tanh(radians: Real) -> Value[float]: ...
@overload
def tanh(radians: Exact) -> Value[Decimal]: ...
def tanh(radians: Number) -> Value[Any]:
    """Hyperbolic tangent.

    `$tanh`, since MongoDB 4.2.
    """
    return single("$tanh", radians)
