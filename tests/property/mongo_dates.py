"""Expressions of dates: their parts in a time zone, and sums with calendar units."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Callable
from typing import Any, NamedTuple

from bson import ObjectId, Timestamp
from bson.datetime_ms import DatetimeMS
from mongo_expressions import Scope, lazy, takes_names
from mongo_values import Refused, integer, is_null, number

START = datetime.datetime(1970, 1, 1)
#: After so many days the calendar is what it was, 400 years later.
CYCLE = 146_097 * 86_400_000
#: Years 1 to 9999 are what Python has; these leave a year at both ends for zones.
LEAST, MOST = -62_100_000_000_000, 253_370_000_000_000
MILLISECONDS = {
    "week": 604_800_000,
    "day": 86_400_000,
    "hour": 3_600_000,
    "minute": 60_000,
    "second": 1000,
    "millisecond": 1,
}
#: Units of which a year has no fixed number.
MONTHS = {"year": 12, "quarter": 3, "month": 1}


class Local(NamedTuple):
    """A moment on the clocks of a zone.

    Args:
        time: within the years that Python has.
        cycles: how many times 400 years before what is meant.
    """

    time: datetime.datetime
    cycles: int

    @property
    def year(self) -> int:
        return self.time.year + 400 * self.cycles


def naive(milliseconds: int) -> Local:
    # To the nearest of those years: zones know what is early and late.
    cycles = min((milliseconds - LEAST) // CYCLE, 0) or max(-((MOST - milliseconds) // CYCLE), 0)
    return Local(START + datetime.timedelta(milliseconds=milliseconds - cycles * CYCLE), cycles)


def back(local: Local) -> int:
    return (local.time - START) // datetime.timedelta(milliseconds=1) + local.cycles * CYCLE


def date_of(value: Any) -> int:
    """A date in milliseconds; timestamps and ids say one too."""
    if isinstance(value, Timestamp):
        return value.time * 1000
    if isinstance(value, ObjectId):
        return int(value.generation_time.timestamp()) * 1000
    if not isinstance(value, DatetimeMS):
        raise Refused("no date")
    return int(value)


def zone_of(value: Any) -> datetime.tzinfo:
    if not isinstance(value, str):
        raise Refused("no zone")
    if value[:1] in ("+", "-"):
        hours, minutes = int(value[1:3]), int(value[4:6] or 0)
        offset = datetime.timedelta(hours=hours, minutes=minutes)
        return datetime.timezone(-offset if value[0] == "-" else offset)
    try:
        return zoneinfo.ZoneInfo(value)
    except (ValueError, zoneinfo.ZoneInfoNotFoundError):
        raise Refused("no zone") from None


def local(milliseconds: int, zone: datetime.tzinfo) -> Local:
    found = naive(milliseconds)
    offset = found.time.replace(tzinfo=datetime.UTC).astimezone(zone).utcoffset() or datetime.timedelta()
    return naive(milliseconds + offset // datetime.timedelta(milliseconds=1))


def moment_of(local: Local, zone: datetime.tzinfo) -> int:
    offset = local.time.replace(tzinfo=zone).utcoffset() or datetime.timedelta()
    return back(local) - offset // datetime.timedelta(milliseconds=1)


def zoned(given: dict[str, Any]) -> Local | None:
    """The date of an operator in its zone, none when either is null."""
    date, zone = given["date"], given.get("timezone", "UTC")
    if is_null(zone) or is_null(date):
        return None
    return local(date_of(date), zone_of(zone))


def _week(time: datetime.datetime) -> int:
    """Of the year, from its first Sunday."""
    return (time.timetuple().tm_yday + 6 - time.isoweekday() % 7) // 7


PARTS: dict[str, Callable[[Local], Any]] = {
    "$year": lambda local: local.year,
    "$month": lambda local: local.time.month,
    "$dayOfMonth": lambda local: local.time.day,
    "$dayOfYear": lambda local: local.time.timetuple().tm_yday,
    "$dayOfWeek": lambda local: local.time.isoweekday() % 7 + 1,
    "$hour": lambda local: local.time.hour,
    "$minute": lambda local: local.time.minute,
    "$second": lambda local: local.time.second,
    "$millisecond": lambda local: local.time.microsecond // 1000,
    "$week": lambda local: _week(local.time),
    "$isoWeek": lambda local: local.time.isocalendar().week,
    "$isoWeekYear": lambda local: number("long", local.time.isocalendar().year + 400 * local.cycles),
    "$isoDayOfWeek": lambda local: local.time.isoweekday(),
}


def _enter(name: str, part: Callable[[Local], Any]) -> None:
    @lazy(name)
    def call(scope: Scope, body: Any) -> Any:
        if isinstance(body, list):
            [body] = body
        if not (isinstance(body, dict) and "date" in body):
            body = {"date": body}
        given = {key: scope.of(each) for key, each in body.items()}
        if not is_null(given["date"]):
            # The date is looked at before the zone.
            date_of(given["date"])
        found = zoned(given)
        return None if found is None else part(found)


for _name, _part in PARTS.items():
    _enter(_name, _part)


@takes_names("$dateToParts")
def parts(given: dict[str, Any]) -> Any:
    iso, zone = given.get("iso8601", False), given.get("timezone", "UTC")
    # What is looked at first decides whether something wrong or something that is null is the answer.
    if is_null(zone) or (zone_of(zone) and is_null(iso)):
        return None
    if not isinstance(iso, bool):
        raise Refused("neither true nor false")
    found = zoned(given)
    if found is None:
        return None
    names = ("isoWeekYear", "isoWeek", "isoDayOfWeek") if iso else ("year", "month", "day")
    ways = ["$isoWeekYear", "$isoWeek", "$isoDayOfWeek"] if iso else ["$year", "$month", "$dayOfMonth"]
    times = ("hour", "minute", "second", "millisecond")
    shown = [int(PARTS[way](found)) for way in [*ways, *(f"${each}" for each in times)]]
    return dict(zip((*names, *times), shown, strict=True))


def _months_later(local: Local, months: int) -> Local:
    year, month = divmod(local.year * 12 + local.time.month - 1 + months, 12)
    cycles, year = divmod(year - 2000, 400)
    first = datetime.datetime(2000 + year, month + 1, 1)
    last = (first + datetime.timedelta(days=31)).replace(day=1) - datetime.timedelta(days=1)
    moved = local.time.replace(year=first.year, month=first.month, day=min(local.time.day, last.day))
    return Local(moved, cycles)


def moved(start: int, unit: Any, count: int, zone: datetime.tzinfo) -> int:
    """A moment so many units later, by the calendar and the clocks of a zone.

    Raises:
        Refused: there is no such unit.
    """
    if unit in ("hour", "minute", "second", "millisecond"):
        return start + count * MILLISECONDS[unit]
    there = local(start, zone)
    if unit in ("day", "week"):
        return moment_of(naive(back(there) + count * MILLISECONDS[unit]), zone)
    if unit not in MONTHS:
        raise Refused("no unit")
    return moment_of(_months_later(there, count * MONTHS[unit]), zone)


def _added(given: dict[str, Any], sign: int) -> Any:
    values = given["startDate"], given["unit"], given["amount"], given.get("timezone", "UTC")
    if any(is_null(value) for value in values):
        return None
    start, unit, amount, zone = date_of(values[0]), values[1], values[2], zone_of(values[3])
    count = sign * integer(amount)
    if start < 0 and start % 1000 and unit != "millisecond":
        # A fault of the server that the tests start: it takes a second off moments before 1970 within a second.
        start -= 1000
    return DatetimeMS(moved(start, unit, count, zone))


@takes_names("$dateAdd")
def later(given: dict[str, Any]) -> Any:
    return _added(given, 1)


@takes_names("$dateSubtract")
def earlier(given: dict[str, Any]) -> Any:
    return _added(given, -1)
