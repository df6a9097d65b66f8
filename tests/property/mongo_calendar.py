"""Expressions that count by a calendar: bounds of units between dates, bins of units, and dates made of parts."""

from __future__ import annotations

import datetime
from typing import Any

from bson.datetime_ms import DatetimeMS
from mongo_dates import MILLISECONDS, MONTHS, Local, back, date_of, local, moment_of, moved, naive, zone_of
from mongo_expressions import takes_names
from mongo_values import Refused, integer, is_null, number

DAY = MILLISECONDS["day"]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: Bins are counted from here, on the clocks of the zone; those of weeks from the first day of a week behind it.
FIRST = datetime.datetime(2000, 1, 1)
#: More units than that the server does not add.
MOST_UNITS = 10**11


def weekday(value: Any) -> int:
    """The number of a weekday's name or its first three letters, in any case; 0 is Monday."""
    found = [
        place for place, name in enumerate(WEEKDAYS) if isinstance(value, str) and value.lower() in (name, name[:3])
    ]
    if not found:
        raise Refused("no weekday")
    return found[0]


def _asked(given: dict[str, Any], *names: str) -> tuple[datetime.tzinfo, int] | None:
    """The zone and the first day of a week, none where something that is asked for is null."""
    if any(is_null(given[name]) for name in names):
        return None
    start = given.get("startOfWeek", "sunday") if given["unit"] == "week" else "sunday"
    if is_null(start):
        return None
    # A zone that is none is told before dates and units that are none, and one that is null hides them.
    zone = given.get("timezone", "UTC")
    return None if is_null(zone) else (zone_of(zone), weekday(start))


def _date(moment: int) -> DatetimeMS:
    if not -(2**63) <= moment < 2**63:
        raise Refused("no date")
    return DatetimeMS(moment)


def _days(there: Local) -> int:
    return back(there) // DAY


def _passed(unit: Any, first: Local, last: Local, week: int) -> int:
    """How many bounds of units lie between two readings of a clock."""
    if unit in MONTHS:
        months = [(each.year * 12 + each.time.month - 1) // MONTHS[unit] for each in (first, last)]
        return months[1] - months[0]
    if unit == "week":
        # The first day of 1970 was a Thursday.
        return (_days(last) + 3 - week) // 7 - (_days(first) + 3 - week) // 7
    if unit not in MILLISECONDS:
        raise Refused("no unit")
    return back(last) // MILLISECONDS[unit] - back(first) // MILLISECONDS[unit]


@takes_names("$dateDiff")
def between(given: dict[str, Any]) -> Any:
    asked = _asked(given, "startDate", "endDate", "unit")
    if asked is None:
        return None
    zone, week = asked
    moments = date_of(given["startDate"]), date_of(given["endDate"])
    first, last = (local(each, zone) for each in moments)
    count = _passed(given["unit"], first, last, week)
    if given["unit"] in ("hour", "minute", "second", "millisecond"):
        # These are of the clock without its changes: only the whole units of a change are taken off.
        change = (back(first) - moments[0]) - (back(last) - moments[1])
        count += int(change / MILLISECONDS[given["unit"]])
    return number("long", count)


@takes_names("$dateTrunc")
def bin_of(given: dict[str, Any]) -> Any:
    given = {"binSize": 1, **given}
    asked = _asked(given, "date", "unit", "binSize")
    if asked is None:
        return None
    zone, week = asked
    date, unit, size = date_of(given["date"]), given["unit"], integer(given["binSize"])
    if size <= 0:
        raise Refused("no size")
    first = naive((FIRST - datetime.datetime(1970, 1, 1)) // datetime.timedelta(milliseconds=1))
    if unit == "week":
        # The year 2000 began on a Saturday.
        first = naive(back(first) + (week - 5) % 7 * DAY)
    start = moment_of(first, zone)
    if unit in ("hour", "minute", "second", "millisecond"):
        length = size * MILLISECONDS[unit]
        if length >= 2**63:
            raise Refused("too large")
        return _date(date - (date - start) % length)
    passed = _passed(unit, first, local(date, zone), week)
    if size > MOST_UNITS:
        raise Refused("too many units")
    return _date(moved(start, unit, passed - passed % size, zone))


@takes_names("$dateFromParts")
def of_parts(given: dict[str, Any]) -> Any:
    iso = "isoWeekYear" in given
    names = ("isoWeekYear", "isoWeek", "isoDayOfWeek") if iso else ("year", "month", "day")
    others = {"year", "month", "day"} if iso else {"isoWeekYear", "isoWeek", "isoDayOfWeek"}
    if not {names[0]} <= set(given) or others & set(given):
        raise Refused("parts of no calendar, or of two")
    times: list[Any] = []
    # What is looked at first decides whether something wrong or something that is null is the answer.
    for name in ("hour", "minute", "second", "millisecond"):
        times.append(_part(given, name, 0, short=name in ("hour", "minute")))
        if times[-1] is None:
            return None
    zone = given.get("timezone", "UTC")
    if is_null(zone):
        return None
    zone = zone_of(zone)
    calendar: list[Any] = []
    for name in names:
        calendar.append(_part(given, name, 1, short=name != names[0]))
        if calendar[-1] is None:
            return None
    year, one, two = calendar
    if not 1 <= year <= 9999:
        raise Refused("no such year")
    day = _first_of_iso(year) + 7 * (one - 1) + two - 1 if iso else _first_of(year, one) + two - 1
    return _date(_at(day, times, zone))


def _at(day: int, times: list[Any], zone: datetime.tzinfo) -> int:
    """The moment on a zone's clocks, days and times carrying over."""
    hour, minute, second, millisecond = times
    whole = day * DAY + hour * MILLISECONDS["hour"] + minute * MILLISECONDS["minute"] + second * 1000
    if not -(2**63) <= whole < 2**63 or not -(2**63) <= millisecond * 1000 < 2**63:
        raise Refused("too large")
    # A zone's offset is that of the whole second, before what is below it carries over.
    return moment_of(naive(whole), zone) + millisecond


def _part(given: dict[str, Any], name: str, default: int, short: bool) -> Any:
    """A part's number, none when it is null.

    Args:
        given: all parts.
        name: of the part.
        default: when it is not given.
        short: whether it has 16 bits.
    """
    value = given.get(name, default)
    return None if is_null(value) else integer(value, bits=16 if short else 64)


def _first_of(year: int, month: int) -> int:
    """Days from 1970 to the first of a month, which may be one of another year."""
    cycles, rest = divmod(year * 12 + month - 1 - 24_000, 4800)
    return _days(Local(datetime.datetime(2000 + rest // 12, rest % 12 + 1, 1), cycles))


def _first_of_iso(year: int) -> int:
    """Days from 1970 to the Monday of the week with January's fourth."""
    fourth = _first_of(year, 1) + 3
    return fourth - (fourth + 3) % 7
