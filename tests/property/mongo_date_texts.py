"""Dates written as texts and read from them."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Any

from bson.datetime_ms import DatetimeMS
from mongo_dates import PARTS, Local, back, date_of, local, moment_of, zone_of
from mongo_expressions import Scope, lazy
from mongo_values import Refused, is_null

#: A format's letters by what `$dateToString` writes for them, and how wide.
WRITTEN: dict[str, tuple[str, int]] = {
    "d": ("$dayOfMonth", 2),
    "G": ("$isoWeekYear", 4),
    "H": ("$hour", 2),
    "j": ("$dayOfYear", 3),
    "L": ("$millisecond", 3),
    "m": ("$month", 2),
    "M": ("$minute", 2),
    "S": ("$second", 2),
    "u": ("$isoDayOfWeek", 1),
    "U": ("$week", 2),
    "V": ("$isoWeek", 2),
    "w": ("$dayOfWeek", 1),
    "Y": ("$year", 4),
}
#: In the place of a zone.
NO_OFFSET = re.compile("[+-]00(:?00)?")
#: What `$dateFromString` reads for a letter, by the group that it goes into.
READ = {
    "d": r"(?P<day>\d{1,2})",
    "G": r"(?P<iso_year>\d{1,4})",
    "H": r"(?P<hour>\d{1,2})",
    "L": r"(?P<fraction>\d{1,3})",
    "m": r"(?P<month>\d{1,2})",
    "M": r"(?P<minute>\d{2})",
    "S": r"(?P<second>\d{2})",
    "u": r"(?P<iso_day>[1-7])",
    "V": r"(?P<iso_week>\d{1,2})",
    "Y": r"(?P<year>\d{1,4})",
    "z": r"(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})",
    "Z": r"(?P<minutes>[+-]\d{1,3})",
}
#: The forms that are documented for texts without a format: those of ISO 8601.
ISO = re.compile(
    r"((?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})|(?P<iso_year>\d{4})-W(?P<iso_week>\d{2})-(?P<iso_day>[1-7]))"
    r"([T ](?P<hour>\d{2}):(?P<minute>\d{2})(:(?P<second>\d{2})(\.(?P<fraction>\d{1,9}))?)?)?"
    r"(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_LETTER = re.compile("%(.?)", re.DOTALL)


def _checked(form: str, letters: dict[str, Any]) -> None:
    """Refuses letters that no form has, and a percent sign at the end."""
    if any(letter != "%" and letter not in {*letters, "z", "Z"} for letter in _LETTER.findall(form)):
        raise Refused("no such letter")


def _format_of(given: dict[str, Any], letters: dict[str, Any]) -> Any:
    form = given.get("format")
    if not is_null(form):
        if not isinstance(form, str):
            raise Refused("no format")
        _checked(form, letters)
    # A zone that is none is told before a date that is null.
    if not is_null(given.get("timezone")):
        zone_of(given["timezone"])
    return form


@lazy("$dateToString")
def written(scope: Scope, body: dict[str, Any]) -> Any:
    given = {name: scope.of(each) for name, each in body.items() if name != "onNull"}
    form = _format_of(given, WRITTEN)
    zone = given.get("timezone", "UTC")
    if is_null(given["date"]):
        return scope.of(body.get("onNull"))
    if is_null(zone) or ("format" in given and is_null(form)):
        return None
    moment = date_of(given["date"])
    there = local(moment, zone_of(zone))
    offset = (back(there) - moment) // 60_000
    text = "%Y-%m-%dT%H:%M:%S.%LZ" if "format" not in given else form
    return _LETTER.sub(lambda letter: _letter(letter[1], there, offset), text)


def _letter(letter: str, there: Local, offset: int) -> str:
    if letter == "%":
        return "%"
    if letter == "Z":
        return str(offset)
    if letter == "z":
        hours, minutes = divmod(abs(offset), 60)
        return f"{'-' if offset < 0 else '+'}{hours:02}{minutes:02}"
    name, width = WRITTEN[letter]
    found = int(PARTS[name](there))
    if not 0 <= found <= 9999:
        raise Refused("a year that has no four digits")
    return f"{found:0{width}}"


@lazy("$dateFromString")
def read(scope: Scope, body: dict[str, Any]) -> Any:
    given = {name: scope.of(each) for name, each in body.items() if name not in ("onNull", "onError")}
    form, text = _format_of(given, READ), given["dateString"]
    if is_null(text):
        return scope.of(body.get("onNull"))
    try:
        if not isinstance(text, str):
            raise Refused("no text")
        zone = given.get("timezone", "UTC")
        if is_null(zone) or ("format" in given and is_null(form)):
            return None
        pattern = ISO if "format" not in given else re.compile(_pattern(form), re.ASCII)
        found = pattern.fullmatch(text)
        if found is None:
            raise Refused("a text of another form")
        parts = {name: value for name, value in found.groupdict().items() if value is not None}
        # A name is a zone beside that of the text, be it that of UTC itself; an offset of nothing is none.
        found_zone = zone_of(zone)
        beside = "timezone" in given and not NO_OFFSET.fullmatch(zone)
        return DatetimeMS(_moment(parts, found_zone if beside else None))
    except Refused:
        if "onError" not in body:
            raise
        return scope.of(body["onError"])


def _pattern(form: str) -> str:
    """A regular expression for texts of a format."""
    pieces = re.split("(%.)", form, flags=re.DOTALL)
    return "".join(READ.get(each[1:], "%") if each[:1] == "%" else re.escape(each) for each in pieces)


def _moment(parts: dict[str, str], zone: datetime.tzinfo | None) -> int:
    """The moment that parts say.

    Args:
        parts: their texts.
        zone: in which the text is read, none when it is UTC.

    Raises:
        Refused: there is no such day or time, or the text has a zone beside the one given.
    """
    fraction = int(Decimal(f"0.{parts.get('fraction', '0')}") * 1000)
    try:
        if "iso_year" in parts and "year" not in parts:
            day = _iso_day(int(parts["iso_year"]), int(parts.get("iso_week", 1)), int(parts.get("iso_day", 1)))
        else:
            day = datetime.datetime(int(parts["year"]), int(parts["month"]), int(parts["day"]))
        time = [int(parts.get(name, 0)) for name in ("hour", "minute", "second")]
        there = Local(datetime.datetime.combine(day, datetime.time(*time, fraction * 1000)), 0)
    except (ValueError, KeyError):
        raise Refused("no such day or time, or not the whole of it") from None
    if zone is None:
        return back(there) - _offset(parts) * 60_000
    if "zone" in parts or "minutes" in parts:
        raise Refused("two zones")
    return moment_of(there, zone)


def _iso_day(year: int, week: int, day: int) -> datetime.datetime:
    if not 0 <= week <= 53:
        raise ValueError("no week")
    # The last week of a year that has 52 may be asked for as the 53rd.
    return datetime.datetime.fromisocalendar(year, 1, day) + datetime.timedelta(weeks=week - 1)


def _offset(parts: dict[str, str]) -> int:
    """Minutes that the zone in a text is before UTC."""
    text = parts.get("zone", "")
    if text[:1] in ("+", "-"):
        minutes = int(text[1:3]) * 60 + int(text[-2:])
        return -minutes if text[0] == "-" else minutes
    return int(parts.get("minutes", 0))
