"""Expressions of strings: some count bytes of UTF-8, some code points, and case is that of ASCII."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN
from typing import Any

from bson import Decimal128, Regex, Timestamp
from bson.datetime_ms import DatetimeMS
from mongo_arrays import bound
from mongo_expressions import neighbours, takes_names, takes_values
from mongo_values import Refused, exact, is_null, is_number, moment, whole

#: What is trimmed when nothing is said.
SPACES = "\0\t\n\v\f\r \xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B)))


def string(value: Any) -> str:
    if not isinstance(value, str):
        raise Refused("no string")
    return value


def spelled(value: Any) -> str:
    """A value where a string is asked for: numbers and dates have one, null is empty."""
    if is_null(value):
        return ""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else f"{value:g}"
    if is_number(value):
        return str(value)
    if isinstance(value, DatetimeMS):
        return moment(value)
    if isinstance(value, Timestamp):
        raise Refused("the server's own words")
    return string(value)


def lowered(value: str) -> str:
    return "".join(each.lower() if each.isascii() else each for each in value)


@takes_values("$toLower")
def to_lower(value: Any) -> Any:
    return lowered(spelled(value))


@takes_values("$toUpper")
def to_upper(value: Any) -> Any:
    return "".join(each.upper() if each.isascii() else each for each in spelled(value))


@takes_values("$strcasecmp")
def compared(left: Any, right: Any) -> Any:
    first, second = to_upper(left).encode(), to_upper(right).encode()
    return (first > second) - (first < second)


@takes_values("$concat", folds=neighbours)
def concatenated(*values: Any) -> Any:
    found = ""
    for value in values:
        if is_null(value):
            return None
        found += string(value)
    return found


@takes_values("$strLenBytes")
def bytes_in(value: Any) -> Any:
    return len(string(value).encode())


@takes_values("$strLenCP")
def points_in(value: Any) -> Any:
    return len(string(value))


def _found(text: Any, wanted: Any, start: Any, end: Any) -> int:
    first, last = bound(start), min(bound(end), len(text))
    if first > last or first > len(text):
        return -1
    place = text.find(wanted, first, last)
    return int(place)


@takes_values("$indexOfBytes")
def byte_index(value: Any, wanted: Any, start: Any = 0, end: Any = 2**31 - 1) -> Any:
    return None if is_null(value) else _found(string(value).encode(), string(wanted).encode(), start, end)


@takes_values("$indexOfCP")
def point_index(value: Any, wanted: Any, start: Any = 0, end: Any = 2**31 - 1) -> Any:
    return None if is_null(value) else _found(string(value), string(wanted), start, end)


def _trimmed(given: dict[str, Any], strip: Callable[[str, str], str]) -> Any:
    value, chars = given["input"], given.get("chars", SPACES)
    if is_null(value):
        return None
    string(value)
    return None if is_null(chars) else strip(value, string(chars))


@takes_names("$trim")
def trim(given: dict[str, Any]) -> Any:
    return _trimmed(given, str.strip)


@takes_names("$ltrim")
def ltrim(given: dict[str, Any]) -> Any:
    return _trimmed(given, str.lstrip)


@takes_names("$rtrim")
def rtrim(given: dict[str, Any]) -> Any:
    return _trimmed(given, str.rstrip)


def _replaced(given: dict[str, Any], count: int) -> Any:
    parts = given["input"], given["find"], given["replacement"]
    for part in parts:
        if not is_null(part):
            string(part)
    if any(is_null(part) for part in parts):
        return None
    return given["input"].replace(given["find"], given["replacement"], count)


@takes_names("$replaceOne")
def replace_one(given: dict[str, Any]) -> Any:
    return _replaced(given, 1)


@takes_names("$replaceAll")
def replace_all(given: dict[str, Any]) -> Any:
    return _replaced(given, -1)


@takes_values("$split")
def split(value: Any, by: Any) -> Any:
    if is_null(value) or is_null(by):
        return None
    if not string(by):
        raise Refused("nothing to split at")
    return string(value).split(by)


def _amount(value: Any) -> int:
    if isinstance(value, Decimal128) and exact(value).is_nan():
        return -(2**63)
    if not is_number(value) or not exact(value).is_finite() or not -(2**63) <= exact(value) < 2**63:
        raise Refused("no number")
    return int(exact(value).to_integral_value(ROUND_HALF_EVEN) if isinstance(value, Decimal128) else exact(value))


@takes_values("$substr", "$substrBytes")
def bytes_of(value: Any, start: Any, length: Any) -> Any:
    data = spelled(value).encode()
    first, count = _amount(start), _amount(length)
    if first < 0:
        raise Refused("a negative position")
    last = len(data) if count < 0 else first + count
    for place in (first, last):
        # No character may be cut.
        if place < len(data) and data[place] & 0xC0 == 0x80:
            raise Refused("inside of a character")
    return data[first:last].decode()


@takes_values("$substrCP")
def points_of(value: Any, start: Any, length: Any) -> Any:
    text = spelled(value)
    first, count = whole(start), whole(length)
    if first < 0 or count < 0:
        raise Refused("a negative position")
    return text[first : first + count]


def _matches(given: dict[str, Any]) -> list[dict[str, Any]] | None:
    text, pattern, options = given["input"], given["regex"], given.get("options")
    if not is_null(text):
        string(text)
    if not is_null(options) and set(string(options)) - set("imsx"):
        raise Refused("no option")
    if isinstance(pattern, Regex):
        pattern = pattern.pattern
    if not is_null(pattern):
        string(pattern)
    if is_null(text) or is_null(pattern):
        return None
    flags = re.IGNORECASE if not is_null(options) and "i" in options else 0
    program, found, place = re.compile(string(pattern), flags), [], 0
    # At the end nothing is looked for any more, except in an empty text.
    while place < len(text) or place == 0:
        each = program.search(text, place)
        if each is None:
            break
        found.append({"match": each[0], "idx": each.start(), "captures": list(each.groups())})
        place = each.end() if each[0] else each.end() + 1
    return found


@takes_names("$regexMatch")
def matches(given: dict[str, Any]) -> Any:
    return bool(_matches(given))


@takes_names("$regexFind")
def first_match(given: dict[str, Any]) -> Any:
    return next(iter(_matches(given) or ()), None)


@takes_names("$regexFindAll")
def all_matches(given: dict[str, Any]) -> Any:
    return _matches(given) or []
