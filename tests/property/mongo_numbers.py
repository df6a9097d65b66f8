"""Arithmetic expressions: types grow from int to long to double, and to decimal."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from typing import Any

from bson.datetime_ms import DatetimeMS
from bson.decimal128 import create_decimal128_context
from mongo_expressions import all_constants, takes_values
from mongo_values import Refused, exact, is_null, is_number, number, type_of, whole

WIDTHS = ("int", "long", "double", "decimal")


def widest(*values: Any) -> str:
    return max((type_of(value) for value in values), key=WIDTHS.index)


def decimals() -> Context:
    """The context of 34 digits, in which nothing is an error of Python's."""
    context = create_decimal128_context()
    context.traps = dict.fromkeys(context.traps, False)
    return context


def decimal(value: Any) -> Decimal:
    """A number as a decimal: the server takes 15 digits of a double."""
    return Decimal(f"{value:.14e}") if isinstance(value, float) else exact(value)


def plain(kind: str, value: Any) -> Any:
    """A number as what Python computes with for a type."""
    if kind == "decimal":
        return decimal(value)
    return float(value) if kind == "double" else int(value)


def folded(values: tuple[Any, ...], start: int, step: Callable[[Any, Any], Any], dates: bool) -> Any:
    """A sum or a product, from left to right until one is null."""
    found: Any = start
    date = False
    for value in values:
        if is_null(value):
            return None
        if isinstance(value, DatetimeMS) and dates and not date:
            date, value = True, number("long", int(value))
        if not is_number(value):
            raise Refused("no number")
        kind = widest(found, value)
        with localcontext(decimals()):
            found = number(kind, step(plain(kind, found), plain(kind, value)))
    return to_date(found) if date else found


def to_date(value: Any) -> DatetimeMS:
    amount = exact(value)
    if not amount.is_finite() or not -(2**63) <= amount < 2**63:
        raise Refused("no date")
    return DatetimeMS(int(amount.to_integral_value("ROUND_HALF_EVEN")))


@takes_values("$add", folds=all_constants)
def add(*values: Any) -> Any:
    return folded(values, 0, lambda left, right: left + right, True)


@takes_values("$multiply", folds=all_constants)
def multiply(*values: Any) -> Any:
    return folded(values, 1, lambda left, right: left * right, False)


@takes_values("$subtract")
def subtract(left: Any, right: Any) -> Any:
    if is_null(left) or is_null(right):
        return None
    if isinstance(left, DatetimeMS):
        if isinstance(right, DatetimeMS):
            return number("long", int(left) - int(right))
        if is_number(right):
            return to_date(subtract(number("long", int(left)), right))
    if not (is_number(left) and is_number(right)):
        raise Refused("no number")
    kind = widest(left, right)
    with localcontext(decimals()):
        return number(kind, plain(kind, left) - plain(kind, right))


@takes_values("$divide")
def divide(left: Any, right: Any) -> Any:
    if not (is_number(left) and is_number(right)):
        if is_null(left) or is_null(right):
            return None
        raise Refused("no number")
    if exact(right) == 0:
        raise Refused("division by zero")
    kind = "decimal" if widest(left, right) == "decimal" else "double"
    with localcontext(decimals()):
        return number(kind, plain(kind, left) / plain(kind, right))


@takes_values("$mod")
def mod(left: Any, right: Any) -> Any:
    if not (is_number(left) and is_number(right)):
        if is_null(left) or is_null(right):
            return None
        raise Refused("no number")
    if exact(right) == 0:
        raise Refused("division by zero")
    kind = widest(left, right)
    if kind == "decimal":
        with localcontext(decimals()):
            return number(kind, decimal(left) % decimal(right))
    is_whole = isinstance(right, float) and math.isfinite(right) and right == int(right) and abs(right) < 2**31
    if isinstance(left, float) or (isinstance(right, float) and not is_whole):
        # Python refuses what the server calls no number.
        first, second = float(left), float(right)
        return math.nan if math.isinf(first) else math.fmod(first, second)
    kind = "long" if "long" in (type_of(left), type_of(right)) else "int"
    rest = abs(int(left)) % abs(int(right))
    return number(kind, -rest if int(left) < 0 else rest)


def one(value: Any, work: Callable[[Any, str], Any]) -> Any:
    """What becomes of one number; of nothing, nothing."""
    if is_null(value):
        return None
    if not is_number(value):
        raise Refused("no number")
    with localcontext(decimals()):
        return work(value.to_decimal() if type_of(value) == "decimal" else value, type_of(value))


@takes_values("$abs")
def absolute(value: Any) -> Any:
    def work(given: Any, kind: str) -> Any:
        if given == -(2**63) and kind == "long":
            raise Refused("too large")
        return number(kind, abs(given))

    return one(value, work)


def _rounded(given: Any, kind: str, how: str, double: Callable[[float], int]) -> Any:
    if kind in ("int", "long"):
        return number(kind, given)
    if kind == "decimal":
        # A decimal without an end has no whole one beside it.
        return number(kind, Decimal("NaN") if given.is_infinite() else given.to_integral_value(how))
    return math.copysign(float(double(given)), given) if math.isfinite(given) else given


@takes_values("$ceil")
def ceil(value: Any) -> Any:
    return one(value, lambda given, kind: _rounded(given, kind, "ROUND_CEILING", math.ceil))


@takes_values("$floor")
def floor(value: Any) -> Any:
    return one(value, lambda given, kind: _rounded(given, kind, "ROUND_FLOOR", math.floor))


def _to_place(value: Any, place: Any, how: str) -> Any:
    if is_null(value):
        return None
    if not is_number(value):
        raise Refused("no number")
    if is_null(place):
        return None
    digits = whole(place)
    if not -20 <= digits <= 100:
        raise Refused("no place")

    def work(given: Any, kind: str) -> Any:
        if kind in ("int", "long") and digits >= 0:
            return number(kind, given)
        found = Decimal(given)
        if found.is_finite():
            with localcontext(Context(prec=500)):
                found = found.quantize(Decimal(1).scaleb(-digits), how)
        if kind == "decimal":
            return number(kind, decimals().create_decimal(found))
        if kind == "double":
            return float(found)
        if not -(2**63) <= found < 2**63:
            raise Refused("too large")
        return number(kind, int(found))

    return one(value, work)


@takes_values("$round")
def rounded(value: Any, place: Any = 0) -> Any:
    return _to_place(value, place, "ROUND_HALF_EVEN")


@takes_values("$trunc")
def cut(value: Any, place: Any = 0) -> Any:
    return _to_place(value, place, "ROUND_DOWN")


@takes_values("$sqrt")
def sqrt(value: Any) -> Any:
    def work(given: Any, kind: str) -> Any:
        if given < 0:
            raise Refused("a negative number")
        return number(kind, given.sqrt()) if kind == "decimal" else math.sqrt(given)

    return one(value, work)


@takes_values("$exp")
def exp(value: Any) -> Any:
    def work(given: Any, kind: str) -> Any:
        if kind == "decimal":
            return number(kind, given.exp())
        try:
            return math.exp(given)
        except OverflowError:
            return math.inf

    return one(value, work)


def _logarithm(value: Any, double: Callable[[Any], float], of_decimal: Callable[[Decimal], Decimal]) -> Any:
    def work(given: Any, kind: str) -> Any:
        if math.isnan(given):
            # Of whatever type it is: it is above no zero.
            return math.nan
        if given <= 0:
            raise Refused("not above zero")
        return number(kind, of_decimal(given)) if kind == "decimal" else double(given)

    return one(value, work)


@takes_values("$ln")
def ln(value: Any) -> Any:
    return _logarithm(value, math.log, Decimal.ln)


@takes_values("$log10")
def log10(value: Any) -> Any:
    return _logarithm(value, math.log10, Decimal.log10)


@takes_values("$log")
def log(value: Any, base: Any) -> Any:
    if is_null(value) or is_null(base):
        return None
    if not (is_number(value) and is_number(base)):
        raise Refused("no number")
    if exact(value).is_nan() or exact(base).is_nan():
        return math.nan
    if exact(value) <= 0 or exact(base) <= 0 or exact(base) == 1:
        raise Refused("no logarithm")
    if widest(value, base) == "decimal":
        with localcontext(decimals()):
            # A fault of the server that the tests start: where the base is neither 2 nor 10 it divides by it.
            divisor = decimal(base).ln() if exact(base) in (2, 10) else decimal(base)
            return number("decimal", decimal(value).ln() / divisor)
    return math.log(value) / math.log(base)


@takes_values("$pow")
def power(base: Any, exponent: Any) -> Any:
    if not (is_number(base) and is_number(exponent)):
        if is_null(base) or is_null(exponent):
            return None
        raise Refused("no number")
    kind = widest(base, exponent)
    # Of decimals the sign counts, also that of zero.
    if exact(base) == 0 and (
        decimal(exponent).is_signed() if kind == "decimal" else not math.isnan(exponent) and exponent < 0
    ):
        raise Refused("zero has no inverse")
    if kind == "decimal":
        with localcontext(decimals()):
            one = exact(base) == 1 or exact(exponent) == 0
            return number(kind, Decimal(1) if one else decimal(base) ** decimal(exponent))
    if kind != "double" and int(exponent) >= 0 and (abs(int(base)) < 2 or int(exponent) < 64):
        return number(kind, int(base) ** int(exponent))
    return _double_power(float(base), float(exponent))


def _double_power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 else math.inf
    except ValueError:
        return math.nan
