"""Aggregation expressions: date.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

import datetime
from typing import Any

from ..arguments import (
    Moment,
    Number,
    Stamp,
    Text,
    Truth,
    Whole,
)
from ..fields.nodes import MISSING, named, single
from ..fields.values import Value


def date_add(start_date: Moment, unit: Text, amount: Whole, *, timezone: Text = MISSING) -> Value[datetime.datetime]:
    """The date some units later.

    `$dateAdd`, since MongoDB 5.0.
    """
    return named("$dateAdd", startDate=start_date, unit=unit, amount=amount, timezone=timezone)


def date_diff(
    start_date: Moment, end_date: Moment, unit: Text, *, timezone: Text = MISSING, start_of_week: Text = MISSING
) -> Value[int]:
    """How many unit boundaries lie between two dates.

    `$dateDiff`, since MongoDB 5.0.
    """
    return named(
        "$dateDiff", startDate=start_date, endDate=end_date, unit=unit, timezone=timezone, startOfWeek=start_of_week
    )


def date_from_parts(
    *,
    year: Whole = MISSING,
    iso_week_year: Whole = MISSING,
    month: Whole = MISSING,
    iso_week: Whole = MISSING,
    day: Whole = MISSING,
    iso_day_of_week: Whole = MISSING,
    hour: Whole = MISSING,
    minute: Whole = MISSING,
    second: Whole = MISSING,
    millisecond: Whole = MISSING,
    timezone: Text = MISSING,
) -> Value[datetime.datetime]:
    """A date made of its parts: of `year`, or of `iso_week_year`.

    `$dateFromParts`, since MongoDB 3.6.
    """
    return named(
        "$dateFromParts",
        year=year,
        isoWeekYear=iso_week_year,
        month=month,
        isoWeek=iso_week,
        day=day,
        isoDayOfWeek=iso_day_of_week,
        hour=hour,
        minute=minute,
        second=second,
        millisecond=millisecond,
        timezone=timezone,
    )


def date_from_string(
    date_string: Text,
    *,
    format: Text = MISSING,
    timezone: Text = MISSING,
    on_error: Any = MISSING,
    on_null: Any = MISSING,
) -> Value[Any]:
    """A date read from text.

    `$dateFromString`, since MongoDB 3.6.
    """
    return named(
        "$dateFromString", dateString=date_string, format=format, timezone=timezone, onError=on_error, onNull=on_null
    )


def date_subtract(
    start_date: Moment, unit: Text, amount: Whole, *, timezone: Text = MISSING
) -> Value[datetime.datetime]:
    """The date some units earlier.

    `$dateSubtract`, since MongoDB 5.0.
    """
    return named("$dateSubtract", startDate=start_date, unit=unit, amount=amount, timezone=timezone)


def date_to_parts(date: Moment, *, timezone: Text = MISSING, iso8601: Truth = MISSING) -> Value[dict[str, Any]]:
    """A date's parts as a document.

    `$dateToParts`, since MongoDB 3.6.
    """
    return named("$dateToParts", date=date, timezone=timezone, iso8601=iso8601)


def date_to_string(
    date: Moment, *, format: Text = MISSING, timezone: Text = MISSING, on_null: Any = MISSING
) -> Value[Any]:
    """A date as text, by a format such as %Y-%m-%d.

    `$dateToString`, since MongoDB 3.0.
    """
    return named("$dateToString", date=date, format=format, timezone=timezone, onNull=on_null)


def date_trunc(
    date: Moment, unit: Text, *, bin_size: Number = MISSING, timezone: Text = MISSING, start_of_week: Text = MISSING
) -> Value[datetime.datetime]:
    """The start of the unit, or of the bin of units, that a date lies in.

    `$dateTrunc`, since MongoDB 5.0.
    """
    return named("$dateTrunc", date=date, unit=unit, binSize=bin_size, timezone=timezone, startOfWeek=start_of_week)


def day_of_month(date: Moment, *, timezone: Text = MISSING) -> Value[int]:
    """Day of the month, 1 to 31.

    `$dayOfMonth`, since MongoDB 2.2.
    """
    return named("$dayOfMonth", date=date, timezone=timezone)


def day_of_week(date: Moment, *, timezone: Text = MISSING) -> Value[int]:
    """Day of the week, 1 (Sunday) to 7.

    `$dayOfWeek`, since MongoDB 2.2.
    """
    return named("$dayOfWeek", date=date, timezone=timezone)


def day_of_year(date: Moment, *, timezone: Text = MISSING) -> Value[int]:
    """Day of the year, 1 to 366.

    `$dayOfYear`, since MongoDB 2.2.
    """
    return named("$dayOfYear", date=date, timezone=timezone)


def hour(date: Moment, *, timezone: Text = MISSING) -> Value[int]:
    """Hour of the day, 0 to 23.

    `$hour`, since MongoDB 2.2.
    """
    return named("$hour", date=date, timezone=timezone)


def iso_day_of_week(date: Moment, *, timezone: Text = MISSING) -> Value[int]:
    """Day of the week, 1 (Monday) to 7.

    `$isoDayOfWeek`, since MongoDB 3.4.
    """
    return named("$isoDayOfWeek", date=date, timezone=timezone)


def iso_week(date: Moment, *, timezone: Text = MISSING) -> Value[int]:
    """ISO 8601 week, 1 to 53.

    `$isoWeek`, since MongoDB 3.4.
    """
    return named("$isoWeek", date=date, timezone=timezone)


def iso_week_year(date: Moment, *, timezone: Text = MISSING) -> Value[int]:
    """Year that the ISO 8601 week belongs to.

    `$isoWeekYear`, since MongoDB 3.4.
    """
    return named("$isoWeekYear", date=date, timezone=timezone)


def millisecond(date: Moment, *, timezone: Text = MISSING) -> Value[int]:
    """Milliseconds of the second, 0 to 999.

    `$millisecond`, since MongoDB 2.4.
    """
    return named("$millisecond", date=date, timezone=timezone)


def minute(date: Moment, *, timezone: Text = MISSING) -> Value[int]:
    """Minute of the hour, 0 to 59.

    `$minute`, since MongoDB 2.2.
    """
    return named("$minute", date=date, timezone=timezone)


def month(date: Moment, *, timezone: Text = MISSING) -> Value[int]:
    """Month of the year, 1 to 12.

    `$month`, since MongoDB 2.2.
    """
    return named("$month", date=date, timezone=timezone)


def second(date: Moment, *, timezone: Text = MISSING) -> Value[int]:
    """Second of the minute, 0 to 60.

    `$second`, since MongoDB 2.2.
    """
    return named("$second", date=date, timezone=timezone)


def week(date: Moment, *, timezone: Text = MISSING) -> Value[int]:
    """Week of the year, 0 to 53, beginning on Sundays.

    `$week`, since MongoDB 2.2.
    """
    return named("$week", date=date, timezone=timezone)


def year(date: Moment, *, timezone: Text = MISSING) -> Value[int]:
    """Year of a date.

    `$year`, since MongoDB 2.2.
    """
    return named("$year", date=date, timezone=timezone)


def ts_increment(timestamp: Stamp) -> Value[int]:
    """Ordinal of a timestamp within its second.

    `$tsIncrement`, since MongoDB 5.1.
    """
    return single("$tsIncrement", timestamp)


def ts_second(timestamp: Stamp) -> Value[int]:
    """Seconds of a timestamp since 1970.

    `$tsSecond`, since MongoDB 5.1.
    """
    return single("$tsSecond", timestamp)
