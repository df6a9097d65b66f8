"""Literals: texts with their escapes, numbers, and the values that MongoDB has beside Python's."""

from __future__ import annotations

import datetime
import decimal
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import bson
from bson.code import Code

F = TypeVar("F", bound=Callable[..., Any])

_ESCAPES = {
    "\\": "\\",
    "'": "'",
    '"': '"',
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "0": "\0",
}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)


class BadLiteral(ValueError):
    """A literal that says no value; `offset` is where in it."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


def text_of(written: str) -> str | bytes:
    """The value of a quoted text.

    Raises:
        BadLiteral: an escape is none of Python's, or stands for no character.
    """
    kind = written[0]
    if kind == "r":
        return written[2:-1]
    inner = written[2:-1] if kind == "b" else written[1:-1]
    if "\\" in inner:
        inner = _ESCAPE.sub(_unescaped, inner)
    if kind != "b":
        return inner
    try:
        return inner.encode("latin-1")
    except UnicodeEncodeError:
        raise BadLiteral("bytes are written in ASCII letters and \\x escapes") from None


def _unescaped(found: re.Match[str]) -> str:
    digits = found[1] or found[2] or found[3]
    if digits is None:
        try:
            return _ESCAPES[found[4]]
        except KeyError:
            raise BadLiteral(
                f'\\{found[4]} is no escape: write \\\\ for a backslash, or r"..."', found.start() + 1
            ) from None
    code = int(digits, 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise BadLiteral(f"{found[0]} is no character", found.start() + 1)
    return chr(code)


def number_of(written: str, negative: bool = False) -> int | float:
    """The value of a number.

    Raises:
        BadLiteral: it is written in no way of Python's, or larger than MongoDB stores.
    """
    sign = "-" if negative else ""
    try:
        if written.replace("_", "").isdigit():
            if written[0] == "0" and written.strip("0_"):
                raise BadLiteral(f"{written} begins with 0")
            whole = int(sign + written)
            if not -(2**63) <= whole < 2**63:
                raise BadLiteral(
                    f'{sign}{written} does not fit in 64 bits: write Decimal128("...") or a number with a point'
                )
            return whole
        number = float(sign + written)
    except BadLiteral:
        raise
    except ValueError:
        raise BadLiteral(f"{written} is not a number") from None
    if number in (float("inf"), float("-inf")):
        raise BadLiteral(f'{written} is larger than a number with a point can be: write Decimal128("...")')
    return number


def _called(name: str) -> Callable[[F], F]:
    """Gives a function the name that texts call it by, for messages."""

    def rename(function: F) -> F:
        function.__name__ = name
        return function

    return rename


@_called("Decimal128")
def _decimal(written: Any) -> bson.Decimal128:
    try:
        return bson.Decimal128(written)
    except decimal.InvalidOperation:
        raise ValueError(f"{written!r} is not a number") from None


@_called("Decimal")
def _exact(written: Any) -> decimal.Decimal:
    try:
        return decimal.Decimal(written)
    except decimal.InvalidOperation:
        raise ValueError(f"{written!r} is not a number") from None


@_called("datetime")
def _moment(written: str | int, *parts: int) -> datetime.datetime:
    if isinstance(written, str) and not parts:
        return datetime.datetime.fromisoformat(written)
    return datetime.datetime(*_whole("a moment", written, *parts))


@_called("date")
def _day(written: str | int, *parts: int) -> datetime.date:
    if isinstance(written, str) and not parts:
        return datetime.date.fromisoformat(written)
    return datetime.date(*_whole("a day", written, *parts))


def _whole(what: str, *parts: Any) -> Any:
    if not all(type(part) is int for part in parts):
        raise TypeError(
            f'{what} is written as text, such as "2024-01-31T12:00:00Z", or as whole numbers from the year on'
        )
    return parts


@_called("float")
def _float(written: str) -> float:
    if written not in ("nan", "inf", "-inf"):
        raise ValueError('write a number as it is, or "nan", "inf" or "-inf"')
    return float(written)


@_called("re.compile")
def _compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile(pattern, flags)


@_called("Binary")
def _binary(data: bytes, subtype: int = 0) -> bson.Binary:
    return bson.Binary(data, subtype)


#: By name, what makes a value of plain literals.
CONSTRUCTORS: Mapping[str, Callable[..., Any]] = {
    "ObjectId": bson.ObjectId,
    "datetime": _moment,
    "datetime.datetime": _moment,
    "datetime.date": _day,
    "datetime.fromisoformat": _moment,
    "date": _day,
    "date.fromisoformat": _day,
    "Decimal128": _decimal,
    "Decimal": _exact,
    "Int64": bson.Int64,
    "UUID": uuid.UUID,
    "Binary": _binary,
    "Timestamp": bson.Timestamp,
    "MinKey": bson.MinKey,
    "MaxKey": bson.MaxKey,
    "DBRef": bson.DBRef,
    "Code": Code,
    "float": _float,
    "re.compile": _compiled,
    "bson.Regex": bson.Regex,
}
#: Values that are named.
CONSTANTS: Mapping[str, Any] = {
    "True": True,
    "true": True,
    "False": False,
    "false": False,
    "None": None,
    "null": None,
    **{
        f"re.{name}": int(re.RegexFlag[name])
        for name in ("I", "IGNORECASE", "M", "MULTILINE", "S", "DOTALL", "X", "VERBOSE")
    },
}
