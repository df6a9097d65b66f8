"""Methods of values: expressions that read better behind what they are of.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Never, TypeVar, overload

from bson import Decimal128, ObjectId, Timestamp

from .expression import Expression, T_co
from .nodes import MISSING, listed, named, positions, present, single

if TYPE_CHECKING:
    from ..arguments import (
        Items,
        Listed,
        Moment,
        Number,
        Order,
        Pattern,
        Real,
        Text,
        Truth,
        Whole,
    )
    from .values import Value

E = TypeVar("E")
T = TypeVar("T")
U = TypeVar("U")


class Methods(Expression[T_co]):
    """The operators of a value, as methods of it."""

    __slots__ = ()

    @overload
    def abs(self: Methods[Never]) -> Value[Any]: ...
    @overload
    def abs(self: Methods[int | None]) -> Value[int]: ...
    @overload
    def abs(self: Methods[float | None]) -> Value[float]: ...
    @overload
    def abs(self: Methods[Decimal | Decimal128 | None]) -> Value[Decimal]: ...
    def abs(self) -> Value[Any]:
        """Distance from zero: `$abs`."""
        return single("$abs", self)

    def at(self: Methods[Listed[E] | None], index: Whole) -> Value[E]:
        """The element at a position, from the end when negative; nothing when there is none: `$arrayElemAt`."""
        return listed("$arrayElemAt", self, index)

    @overload
    def ceil(self: Methods[Never]) -> Value[Any]: ...
    @overload
    def ceil(self: Methods[int | None]) -> Value[int]: ...
    @overload
    def ceil(self: Methods[float | None]) -> Value[float]: ...
    @overload
    def ceil(self: Methods[Decimal | Decimal128 | None]) -> Value[Decimal]: ...
    def ceil(self) -> Value[Any]:
        """Least whole number that is not below this one: `$ceil`."""
        return single("$ceil", self)

    def concat(self: Methods[str | None], *texts: Text) -> Value[str]:
        """Texts one after the other: `$concat`."""
        return listed("$concat", self, *texts)

    def concat_arrays(self: Methods[Listed[E] | None], *arrays: Items[E]) -> Value[list[E]]:
        """Lists one after the other: `$concatArrays`."""
        return listed("$concatArrays", self, *arrays)

    def date_add(
        self: Methods[datetime.date | ObjectId | Timestamp | None],
        unit: Text,
        amount: Whole,
        *,
        timezone: Text = MISSING,
    ) -> Value[datetime.datetime]:
        """The date some units later: `$dateAdd`."""
        return named("$dateAdd", startDate=self, unit=unit, amount=amount, timezone=timezone)

    def date_diff(
        self: Methods[datetime.date | ObjectId | Timestamp | None],
        end_date: Moment,
        unit: Text,
        *,
        timezone: Text = MISSING,
        start_of_week: Text = MISSING,
    ) -> Value[int]:
        """How many unit boundaries lie between two dates: `$dateDiff`."""
        return named(
            "$dateDiff", startDate=self, endDate=end_date, unit=unit, timezone=timezone, startOfWeek=start_of_week
        )

    def date_subtract(
        self: Methods[datetime.date | ObjectId | Timestamp | None],
        unit: Text,
        amount: Whole,
        *,
        timezone: Text = MISSING,
    ) -> Value[datetime.datetime]:
        """The date some units earlier: `$dateSubtract`."""
        return named("$dateSubtract", startDate=self, unit=unit, amount=amount, timezone=timezone)

    def date_to_parts(
        self: Methods[datetime.date | ObjectId | Timestamp | None],
        *,
        timezone: Text = MISSING,
        iso8601: Truth = MISSING,
    ) -> Value[dict[str, Any]]:
        """A date's parts as a document: `$dateToParts`."""
        return named("$dateToParts", date=self, timezone=timezone, iso8601=iso8601)

    def date_to_string(
        self: Methods[datetime.date | ObjectId | Timestamp | None],
        *,
        format: Text = MISSING,
        timezone: Text = MISSING,
        on_null: Any = MISSING,
    ) -> Value[Any]:
        """A date as text, by a format such as %Y-%m-%d: `$dateToString`."""
        return named("$dateToString", date=self, format=format, timezone=timezone, onNull=on_null)

    def date_trunc(
        self: Methods[datetime.date | ObjectId | Timestamp | None],
        unit: Text,
        *,
        bin_size: Number = MISSING,
        timezone: Text = MISSING,
        start_of_week: Text = MISSING,
    ) -> Value[datetime.datetime]:
        """The start of the unit, or of the bin of units, that a date lies in: `$dateTrunc`."""
        return named("$dateTrunc", date=self, unit=unit, binSize=bin_size, timezone=timezone, startOfWeek=start_of_week)

    def day(self: Methods[datetime.date | ObjectId | Timestamp | None], *, timezone: Text = MISSING) -> Value[int]:
        """Day of the month, 1 to 31: `$dayOfMonth`."""
        return named("$dayOfMonth", date=self, timezone=timezone)

    def day_of_week(
        self: Methods[datetime.date | ObjectId | Timestamp | None], *, timezone: Text = MISSING
    ) -> Value[int]:
        """Day of the week, 1 (Sunday) to 7: `$dayOfWeek`."""
        return named("$dayOfWeek", date=self, timezone=timezone)

    def day_of_year(
        self: Methods[datetime.date | ObjectId | Timestamp | None], *, timezone: Text = MISSING
    ) -> Value[int]:
        """Day of the year, 1 to 366: `$dayOfYear`."""
        return named("$dayOfYear", date=self, timezone=timezone)

    def difference(self: Methods[Listed[E] | None], without: Items[E]) -> Value[list[E]]:
        """Different elements of one list that another does not hold, in no order: `$setDifference`."""
        return listed("$setDifference", self, without)

    @overload
    def exp(self: Methods[Never]) -> Value[Any]: ...
    @overload
    def exp(self: Methods[float | None]) -> Value[float]: ...
    @overload
    def exp(self: Methods[Decimal | Decimal128 | None]) -> Value[Decimal]: ...
    def exp(self) -> Value[Any]:
        """Euler's number to this power: `$exp`."""
        return single("$exp", self)

    def first(self: Methods[Listed[E] | None]) -> Value[E]:
        """The first element; nothing of an empty list: `$first`."""
        return single("$first", self)

    def first_n(self: Methods[Listed[E] | None], n: Whole) -> Value[list[E]]:
        """The first n elements: `$firstN`."""
        return named("$firstN", input=self, n=n)

    @overload
    def floor(self: Methods[Never]) -> Value[Any]: ...
    @overload
    def floor(self: Methods[int | None]) -> Value[int]: ...
    @overload
    def floor(self: Methods[float | None]) -> Value[float]: ...
    @overload
    def floor(self: Methods[Decimal | Decimal128 | None]) -> Value[Decimal]: ...
    def floor(self) -> Value[Any]:
        """Greatest whole number that is not above this one: `$floor`."""
        return single("$floor", self)

    def hour(self: Methods[datetime.date | ObjectId | Timestamp | None], *, timezone: Text = MISSING) -> Value[int]:
        """Hour of the day, 0 to 23: `$hour`."""
        return named("$hour", date=self, timezone=timezone)

    @overload
    def if_null(self: Methods[T | None], value: Expression[U], /) -> Value[T | U]: ...
    @overload
    def if_null(self: Methods[T | None], value: U, /) -> Value[T | U]: ...
    @overload
    def if_null(self, *values: Any) -> Value[Any]: ...
    def if_null(self, *values: Any) -> Value[Any]:
        """The first value that is neither null nor missing, else the last one: `$ifNull`."""
        return listed("$ifNull", self, *values)

    def index_of(self: Methods[str | None], search: Text, start: Whole = MISSING, end: Whole = MISSING) -> Value[int]:
        """Character position of the first occurrence of a text in another, or -1: `$indexOfCP`."""
        return listed("$indexOfCP", *positions(self, search, start, end))

    def intersection(self: Methods[Listed[E] | None], *arrays: Items[E]) -> Value[list[E]]:
        """Different elements that all lists hold, in no order: `$setIntersection`."""
        return listed("$setIntersection", self, *arrays)

    def iso_day_of_week(
        self: Methods[datetime.date | ObjectId | Timestamp | None], *, timezone: Text = MISSING
    ) -> Value[int]:
        """Day of the week, 1 (Monday) to 7: `$isoDayOfWeek`."""
        return named("$isoDayOfWeek", date=self, timezone=timezone)

    def iso_week(self: Methods[datetime.date | ObjectId | Timestamp | None], *, timezone: Text = MISSING) -> Value[int]:
        """ISO 8601 week, 1 to 53: `$isoWeek`."""
        return named("$isoWeek", date=self, timezone=timezone)

    def iso_week_year(
        self: Methods[datetime.date | ObjectId | Timestamp | None], *, timezone: Text = MISSING
    ) -> Value[int]:
        """Year that the ISO 8601 week belongs to: `$isoWeekYear`."""
        return named("$isoWeekYear", date=self, timezone=timezone)

    def last(self: Methods[Listed[E] | None]) -> Value[E]:
        """The last element; nothing of an empty list: `$last`."""
        return single("$last", self)

    def last_n(self: Methods[Listed[E] | None], n: Whole) -> Value[list[E]]:
        """The last n elements: `$lastN`."""
        return named("$lastN", input=self, n=n)

    def length(self: Methods[str | None]) -> Value[int]:
        """Length of a text in characters; the server fails on null: `$strLenCP`."""
        return single("$strLenCP", self)

    @overload
    def ln(self: Methods[Never]) -> Value[Any]: ...
    @overload
    def ln(self: Methods[float | None]) -> Value[float]: ...
    @overload
    def ln(self: Methods[Decimal | Decimal128 | None]) -> Value[Decimal]: ...
    def ln(self) -> Value[Any]:
        """Natural logarithm: `$ln`."""
        return single("$ln", self)

    @overload
    def log(self: Methods[Never], base: Number) -> Value[Any]: ...
    @overload
    def log(self: Methods[float | Decimal | Decimal128 | None], base: Expression[Never]) -> Value[Any]: ...
    @overload
    def log(self: Methods[float | None], base: Real) -> Value[float]: ...
    @overload
    def log(self: Methods[float | Decimal | Decimal128 | None], base: Number) -> Value[Decimal]: ...
    def log(self, base: Number) -> Value[Any]:
        """Logarithm to a base: `$log`."""
        return listed("$log", self, base)

    @overload
    def log10(self: Methods[Never]) -> Value[Any]: ...
    @overload
    def log10(self: Methods[float | None]) -> Value[float]: ...
    @overload
    def log10(self: Methods[Decimal | Decimal128 | None]) -> Value[Decimal]: ...
    def log10(self) -> Value[Any]:
        """Logarithm to base ten: `$log10`."""
        return single("$log10", self)

    def lower(self: Methods[str | None]) -> Value[str]:
        """The text in lower case (ASCII letters): `$toLower`."""
        return single("$toLower", self)

    def ltrim(self: Methods[str | None], *, chars: Text = MISSING) -> Value[str]:
        """The text without white space, or these characters, at its start: `$ltrim`."""
        return named("$ltrim", input=self, chars=chars)

    def max_n(self: Methods[Listed[E] | None], n: Whole) -> Value[list[E]]:
        """The n greatest elements: `$maxN`."""
        return named("$maxN", input=self, n=n)

    def millisecond(
        self: Methods[datetime.date | ObjectId | Timestamp | None], *, timezone: Text = MISSING
    ) -> Value[int]:
        """Milliseconds of the second, 0 to 999: `$millisecond`."""
        return named("$millisecond", date=self, timezone=timezone)

    def min_n(self: Methods[Listed[E] | None], n: Whole) -> Value[list[E]]:
        """The n least elements: `$minN`."""
        return named("$minN", input=self, n=n)

    def minute(self: Methods[datetime.date | ObjectId | Timestamp | None], *, timezone: Text = MISSING) -> Value[int]:
        """Minute of the hour, 0 to 59: `$minute`."""
        return named("$minute", date=self, timezone=timezone)

    def month(self: Methods[datetime.date | ObjectId | Timestamp | None], *, timezone: Text = MISSING) -> Value[int]:
        """Month of the year, 1 to 12: `$month`."""
        return named("$month", date=self, timezone=timezone)

    def regex_find(
        self: Methods[str | None], regex: Text | Pattern, *, options: Text = MISSING
    ) -> Value[dict[str, Any]]:
        """The first match of a pattern: `match`, `idx` and `captures`, or null: `$regexFind`."""
        return named("$regexFind", input=self, regex=regex, options=options)

    def regex_find_all(
        self: Methods[str | None], regex: Text | Pattern, *, options: Text = MISSING
    ) -> Value[list[dict[str, Any]]]:
        """Every match of a pattern, as a list: `$regexFindAll`."""
        return named("$regexFindAll", input=self, regex=regex, options=options)

    def replace_all(self: Methods[str | None], find: Text | Pattern, replacement: Text) -> Value[str]:
        """The text with every occurrence of another replaced: `$replaceAll`."""
        return named("$replaceAll", input=self, find=find, replacement=replacement)

    def replace_one(self: Methods[str | None], find: Text | Pattern, replacement: Text) -> Value[str]:
        """The text with the first occurrence of another replaced: `$replaceOne`."""
        return named("$replaceOne", input=self, find=find, replacement=replacement)

    def reverse(self: Methods[Listed[E] | None]) -> Value[list[E]]:
        """The list from its end to its start: `$reverseArray`."""
        return single("$reverseArray", self)

    @overload
    def round(self: Methods[Never], place: Whole = MISSING) -> Value[Any]: ...
    @overload
    def round(self: Methods[int | None], place: Whole = MISSING) -> Value[int]: ...
    @overload
    def round(self: Methods[float | None], place: Whole = MISSING) -> Value[float]: ...
    @overload
    def round(self: Methods[Decimal | Decimal128 | None], place: Whole = MISSING) -> Value[Decimal]: ...
    def round(self, place: Whole = MISSING) -> Value[Any]:
        """Nearest number with this many decimal places, halves to the even one: `$round`."""
        return listed("$round", *positions(self, place))

    def rtrim(self: Methods[str | None], *, chars: Text = MISSING) -> Value[str]:
        """The text without white space, or these characters, at its end: `$rtrim`."""
        return named("$rtrim", input=self, chars=chars)

    def second(self: Methods[datetime.date | ObjectId | Timestamp | None], *, timezone: Text = MISSING) -> Value[int]:
        """Second of the minute, 0 to 60: `$second`."""
        return named("$second", date=self, timezone=timezone)

    def size(self: Methods[Listed[Any] | None]) -> Value[int]:
        """How many elements a list has; the server fails on what is no list: `$size`."""
        return single("$size", self)

    def slice(self: Methods[Listed[E] | None], n: Whole, *, position: Whole = MISSING) -> Value[list[E]]:
        """Part of a list: the first n elements, the last when n is negative, or n from a position: `$slice`."""
        return listed("$slice", *present(self, position, n))

    def sort_array(self: Methods[Listed[E] | None], sort_by: Order) -> Value[list[E]]:
        """The list in order: of its elements (1 or -1), or of their fields: `$sortArray`."""
        from .order import order

        return named("$sortArray", input=self, sortBy=order(sort_by))

    def split(self: Methods[str | None], delimiter: Text | Pattern) -> Value[list[str]]:
        """The parts of a text between delimiters: `$split`."""
        return listed("$split", self, delimiter)

    @overload
    def sqrt(self: Methods[Never]) -> Value[Any]: ...
    @overload
    def sqrt(self: Methods[float | None]) -> Value[float]: ...
    @overload
    def sqrt(self: Methods[Decimal | Decimal128 | None]) -> Value[Decimal]: ...
    def sqrt(self) -> Value[Any]:
        """Square root; the server fails on negative numbers: `$sqrt`."""
        return single("$sqrt", self)

    def substr(self: Methods[str | None], start: Whole, length: Whole) -> Value[str]:
        """Part of a text by characters: `$substrCP`."""
        return listed("$substrCP", self, start, length)

    def to_bool(self) -> Value[bool]:
        """The value as a boolean: `$toBool`."""
        return single("$toBool", self)

    def to_date(self) -> Value[datetime.datetime]:
        """The value as a date: text, milliseconds since 1970, an ObjectId or a timestamp: `$toDate`."""
        return single("$toDate", self)

    def to_decimal(self) -> Value[Decimal]:
        """The value as a 128-bit decimal: `$toDecimal`."""
        return single("$toDecimal", self)

    def to_double(self) -> Value[float]:
        """The value as a double: `$toDouble`."""
        return single("$toDouble", self)

    def to_int(self) -> Value[int]:
        """The value as a 32-bit integer: `$toInt`."""
        return single("$toInt", self)

    def to_long(self) -> Value[int]:
        """The value as a 64-bit integer: `$toLong`."""
        return single("$toLong", self)

    def to_object_id(self) -> Value[ObjectId]:
        """The value as an ObjectId: `$toObjectId`."""
        return single("$toObjectId", self)

    def to_string(self) -> Value[str]:
        """The value as text: `$toString`."""
        return single("$toString", self)

    def trim(self: Methods[str | None], *, chars: Text = MISSING) -> Value[str]:
        """The text without white space, or these characters, at both ends: `$trim`."""
        return named("$trim", input=self, chars=chars)

    @overload
    def trunc(self: Methods[Never], place: Whole = MISSING) -> Value[Any]: ...
    @overload
    def trunc(self: Methods[int | None], place: Whole = MISSING) -> Value[int]: ...
    @overload
    def trunc(self: Methods[float | None], place: Whole = MISSING) -> Value[float]: ...
    @overload
    def trunc(self: Methods[Decimal | Decimal128 | None], place: Whole = MISSING) -> Value[Decimal]: ...
    def trunc(self, place: Whole = MISSING) -> Value[Any]:
        """A number cut to this many decimal places: `$trunc`."""
        return listed("$trunc", *positions(self, place))

    def union(self: Methods[Listed[E] | None], *arrays: Items[E]) -> Value[list[E]]:
        """Different elements of all lists, in no order: `$setUnion`."""
        return listed("$setUnion", self, *arrays)

    def upper(self: Methods[str | None]) -> Value[str]:
        """The text in upper case (ASCII letters): `$toUpper`."""
        return single("$toUpper", self)

    def week(self: Methods[datetime.date | ObjectId | Timestamp | None], *, timezone: Text = MISSING) -> Value[int]:
        """Week of the year, 0 to 53, beginning on Sundays: `$week`."""
        return named("$week", date=self, timezone=timezone)

    def year(self: Methods[datetime.date | ObjectId | Timestamp | None], *, timezone: Text = MISSING) -> Value[int]:
        """Year of a date: `$year`."""
        return named("$year", date=self, timezone=timezone)


#: The kinds of values that each method is of.
RECEIVERS: dict[str, tuple[str, ...]] = {
    "abs": ("number",),
    "at": ("array",),
    "ceil": ("number",),
    "concat": ("string",),
    "concat_arrays": ("array",),
    "date_add": ("date",),
    "date_diff": ("date",),
    "date_subtract": ("date",),
    "date_to_parts": ("date",),
    "date_to_string": ("date",),
    "date_trunc": ("date",),
    "day": ("date",),
    "day_of_week": ("date",),
    "day_of_year": ("date",),
    "difference": ("array",),
    "exp": ("number",),
    "filter": ("array",),
    "first": ("array",),
    "first_n": ("array",),
    "floor": ("number",),
    "hour": ("date",),
    "if_null": ("any",),
    "index_of": ("string",),
    "intersection": ("array",),
    "iso_day_of_week": ("date",),
    "iso_week": ("date",),
    "iso_week_year": ("date",),
    "last": ("array",),
    "last_n": ("array",),
    "length": ("string",),
    "ln": ("number",),
    "log": ("number",),
    "log10": ("number",),
    "lower": ("string", "number", "date"),
    "ltrim": ("string",),
    "map": ("array",),
    "max_n": ("array",),
    "millisecond": ("date",),
    "min_n": ("array",),
    "minute": ("date",),
    "month": ("date",),
    "reduce": ("array",),
    "regex_find": ("string",),
    "regex_find_all": ("string",),
    "replace_all": ("string",),
    "replace_one": ("string",),
    "reverse": ("array",),
    "round": ("number",),
    "rtrim": ("string",),
    "second": ("date",),
    "size": ("array",),
    "slice": ("array",),
    "sort_array": ("array",),
    "split": ("string",),
    "sqrt": ("number",),
    "substr": ("string", "number", "date"),
    "to_bool": ("any",),
    "to_date": ("any",),
    "to_decimal": ("any",),
    "to_double": ("any",),
    "to_int": ("any",),
    "to_long": ("any",),
    "to_object_id": ("any",),
    "to_string": ("any",),
    "trim": ("string",),
    "trunc": ("number",),
    "union": ("array",),
    "upper": ("string", "number", "date"),
    "week": ("date",),
    "year": ("date",),
}
