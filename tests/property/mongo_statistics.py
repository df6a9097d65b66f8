"""Trigonometry, sums and extremes of what stands in arrays, and sizes."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from typing import Any

import bson
from bson import Decimal128, Timestamp
from mongo_expressions import takes_values
from mongo_numbers import decimal, decimals, plain, widest
from mongo_values import ORDER, Refused, exact, is_null, is_number, number, type_of

TWO_PI = Decimal("6.28318530717958647692528676655900576839433879875021164194988918461563281257241799725606965068423413")


def _double(value: Any, angle: bool) -> float:
    """A number as a double; of an angle that is a large decimal the rest, as a double is too far from it."""
    if angle and isinstance(value, Decimal128) and exact(value).is_finite() and abs(exact(value)) > 10**15:
        with localcontext(Context(prec=200)):
            return float(exact(value) % TWO_PI)
    return float(exact(value))


def _enter(name: str, function: Callable[..., float], refused: Callable[[float], bool]) -> None:
    """Enters a function of numbers; those that are refused have no answer."""

    @takes_values(name)
    def call(*values: Any) -> Any:
        for value in values:
            # The first that is no number decides.
            if is_null(value):
                return None
            if not is_number(value):
                raise Refused("no number")
        given = [_double(value, name in ("$cos", "$sin", "$tan")) for value in values]
        if any(refused(each) for each in given):
            raise Refused("outside of what the function takes")
        found = math.nan if any(math.isnan(each) for each in given) else function(*given)
        return Decimal128(str(found)) if widest(*values) == "decimal" else found


def _overflowing(function: Callable[[float], float], low: float = math.inf) -> Callable[[float], float]:
    def call(value: float) -> float:
        try:
            return function(value)
        except OverflowError:
            return low if value < 0 else math.inf

    return call


for _name, _function in (("$acos", math.acos), ("$asin", math.asin)):
    _enter(_name, _function, lambda value: abs(value) > 1)
for _name, _function in (("$cos", math.cos), ("$sin", math.sin), ("$tan", math.tan)):
    _enter(_name, _function, math.isinf)
_enter(
    "$atanh",
    lambda value: math.copysign(math.inf, value) if abs(value) == 1 else math.atanh(value),
    lambda v: abs(v) > 1,
)
_enter("$acosh", math.acosh, lambda value: value < 1)
for _name, _any in (
    ("$asinh", math.asinh),
    ("$atan", math.atan),
    ("$atan2", math.atan2),
    ("$cosh", _overflowing(math.cosh)),
    ("$sinh", _overflowing(math.sinh, -math.inf)),
    ("$tanh", math.tanh),
    ("$degreesToRadians", math.radians),
    ("$radiansToDegrees", _overflowing(math.degrees, -math.inf)),
):
    _enter(_name, _any, lambda _: False)


def _elements(values: tuple[Any, ...]) -> list[Any]:
    """What an accumulator sees as an expression: of a single array, its elements."""
    if len(values) == 1 and isinstance(values[0], list):
        return list(values[0])
    return list(values)


@takes_values("$sum")
def total(*values: Any) -> Any:
    given = [each for each in _elements(values) if is_number(each)]
    kind = widest(0, *given)
    with localcontext(decimals()):
        if kind == "decimal":
            return number(kind, sum((decimal(each) for each in given), Decimal(0)))
        if kind != "double":
            return number(kind, sum(plain(kind, each) for each in given))
    return _exact_sum(given)


def _exact_sum(given: list[Any]) -> float:
    try:
        return math.fsum(float(each) for each in given)
    except (OverflowError, ValueError):
        return sum(float(each) for each in given)


@takes_values("$avg")
def average(*values: Any) -> Any:
    given = [each for each in _elements(values) if is_number(each)]
    if not given:
        return None
    with localcontext(decimals()):
        if widest(*given) == "decimal":
            return number("decimal", decimal(total(*given)) / len(given))
    return _exact_sum(given) / len(given)


@takes_values("$max")
def greatest(*values: Any) -> Any:
    return max((each for each in _elements(values) if not is_null(each)), key=ORDER, default=None)


@takes_values("$min")
def least(*values: Any) -> Any:
    return min((each for each in _elements(values) if not is_null(each)), key=ORDER, default=None)


def _deviation(values: tuple[Any, ...], spare: int) -> Any:
    given = [float(exact(each)) for each in _elements(values) if is_number(each)]
    if len(given) <= spare:
        return None
    if not all(map(math.isfinite, given)):
        return math.nan
    mean = math.fsum(given) / len(given)
    return math.sqrt(math.fsum((each - mean) ** 2 for each in given) / (len(given) - spare))


@takes_values("$stdDevPop")
def population(*values: Any) -> Any:
    return _deviation(values, 0)


@takes_values("$stdDevSamp")
def sample(*values: Any) -> Any:
    return _deviation(values, 1)


@takes_values("$binarySize")
def binary_size(value: Any) -> Any:
    if is_null(value):
        return None
    if not isinstance(value, (str, bytes)):
        raise Refused("neither a string nor bytes")
    return len(value.encode() if isinstance(value, str) else value)


@takes_values("$bsonSize")
def document_size(value: Any) -> Any:
    if is_null(value):
        return None
    if not isinstance(value, dict):
        raise Refused("no document")
    return len(bson.encode(value))


def _stamp(value: Any) -> Timestamp | None:
    if is_null(value):
        return None
    if type_of(value) != "timestamp":
        raise Refused("no timestamp")
    return value  # type: ignore[no-any-return]


@takes_values("$tsSecond")
def seconds(value: Any) -> Any:
    stamp = _stamp(value)
    return None if stamp is None else number("long", stamp.time)


@takes_values("$tsIncrement")
def increment(value: Any) -> Any:
    stamp = _stamp(value)
    return None if stamp is None else number("long", stamp.inc)
