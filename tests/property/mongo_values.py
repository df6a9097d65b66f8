"""How the server tells values apart and orders them, in plain Python."""

from __future__ import annotations

import datetime
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

import bson
from bson import Binary, CodecOptions, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.codec_options import DatetimeConversion
from bson.datetime_ms import DatetimeMS

#: Dates as milliseconds: those that `datetime` cannot say are dates too.
OPTIONS: CodecOptions[Any] = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_MS)


class Refused(Exception):
    """The server answers with an error."""


class Missing:
    """What a field is that is not there."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()

#: A class, what `$type` says of it, and its place in the order of types.
TYPES: list[tuple[type, str, int]] = [
    (MinKey, "minKey", -1),
    (Missing, "missing", 0),
    (type(None), "null", 5),
    (bool, "bool", 40),
    (Int64, "long", 10),
    (int, "int", 10),
    (float, "double", 10),
    (Decimal128, "decimal", 10),
    (str, "string", 15),
    (dict, "object", 20),
    (list, "array", 25),
    (bytes, "binData", 30),
    (ObjectId, "objectId", 35),
    (DatetimeMS, "date", 45),
    (Timestamp, "timestamp", 47),
    (Regex, "regex", 50),
    (MaxKey, "maxKey", 127),
]


def stored(value: Any) -> Any:
    """A value as the server has it: numbers with their BSON types, dates in milliseconds."""
    return bson.decode(bson.encode({"it": value}), OPTIONS)["it"]


def _type(value: Any) -> tuple[type, str, int]:
    return next(each for each in TYPES if isinstance(value, each[0]))


def type_of(value: Any) -> str:
    """What `$type` says."""
    return _type(value)[1]


def place_of(value: Any) -> int:
    """A type's place in the order of types."""
    return _type(value)[2]


def is_number(value: Any) -> bool:
    return type_of(value) in ("int", "long", "double", "decimal")


def is_null(value: Any) -> bool:
    """Null, or not there."""
    return value is None or value is MISSING


def exact(value: Any) -> Decimal:
    """The number itself, with every digit."""
    return value.to_decimal() if isinstance(value, Decimal128) else Decimal(value)


def integer(value: Any, bits: int = 64) -> int:
    """A number of any type that says a whole one of so many bits.

    Raises:
        Refused: it is none.
    """
    if not is_number(value):
        raise Refused("no number")
    number = exact(value)
    if not number.is_finite() or number != int(number) or not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise Refused("no whole number")
    return int(number)


def whole(value: Any) -> int:
    """A number that says a whole 32-bit one.

    Raises:
        Refused: it is none.
    """
    return integer(value, bits=32)


def truth(value: Any) -> bool:
    """Whether a condition is met: null, what is missing, zero and false are not."""
    if is_null(value) or isinstance(value, bool):
        return bool(value) if isinstance(value, bool) else False
    return not is_number(value) or exact(value).is_nan() or exact(value) != 0


def _sign(left: Any, right: Any) -> int:
    return (left > right) - (left < right)


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1, as `$cmp` says."""
    kinds = _type(left)[2], _type(right)[2]
    if kinds[0] != kinds[1]:
        return _sign(*kinds)
    match kinds[0]:
        case 10:
            return _compare_numbers(exact(left), exact(right))
        case 15:
            return _sign(left.encode(), right.encode())
        case 20:
            return _compare_objects(left, right)
        case 25:
            found = (compare(one, other) for one, other in zip(left, right, strict=False))
            return next((sign for sign in found if sign), _sign(len(left), len(right)))
        case 30:
            return _sign(_binary(left), _binary(right))
        case 45:
            return _sign(int(left), int(right))
        case 50:
            return _sign((left.pattern, left.flags), (right.pattern, right.flags))
        case 40 | 35 | 47:
            return _sign(left, right)
    return 0


def _compare_numbers(left: Decimal, right: Decimal) -> int:
    # What is no number is below all that are, and equals itself.
    if left.is_nan() or right.is_nan():
        return _sign(not left.is_nan(), not right.is_nan())
    return _sign(left, right)


def _compare_objects(left: dict[str, Any], right: dict[str, Any]) -> int:
    for (name, value), (other_name, other) in zip(left.items(), right.items(), strict=False):
        sign = (
            _sign(_type(value)[2], _type(other)[2])
            or _sign(name.encode(), other_name.encode())
            or compare(value, other)
        )
        if sign:
            return sign
    return _sign(len(left), len(right))


def _binary(value: bytes) -> tuple[int, int, bytes]:
    return len(value), value.subtype if isinstance(value, Binary) else 0, bytes(value)


def same(left: Any, right: Any) -> bool:
    return compare(left, right) == 0


#: For sorting by the server's order.
ORDER = cmp_to_key(compare)


def distinct(values: list[Any]) -> list[Any]:
    """Each value once, the first of its equals."""
    found: list[Any] = []
    for value in values:
        if not any(same(value, each) for each in found):
            found.append(value)
    return found


def number(kind: str, value: Any) -> Any:
    """A result as its type; whole numbers become wider as they must.

    Args:
        kind: the widest type that took part.
        value: the result, an `int` when all that took part were whole.
    """
    if kind == "decimal":
        return Decimal128(value)
    if kind == "double" or not -(2**63) <= value < 2**63:
        return float(value)
    return Int64(value) if kind == "long" or not -(2**31) <= value < 2**31 else int(value)


def moment(value: DatetimeMS) -> str:
    """A date as the server writes it."""
    found = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=int(value))
    return found.isoformat(timespec="milliseconds") + "Z"
