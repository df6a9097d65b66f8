"""Methods of values: expressions that read better behind what they are of.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .expression import MISSING, Predicate, listed, named, positions, present, single

if TYPE_CHECKING:
    from ..arguments import Items, Moment, Number, Order, Pattern, Text, Truth, Whole
    from .values import Value


class Methods(Predicate):
    """The operators of a value, as methods of it."""

    __slots__ = ()

    def abs(self) -> Value:
        """Distance from zero: `$abs`."""
        return single("$abs", self)

    def at(self, index: Whole) -> Value:
        """The element at a position, from the end when negative; nothing when there is none: `$arrayElemAt`."""
        return listed("$arrayElemAt", self, index)

    def ceil(self) -> Value:
        """Least whole number that is not below this one: `$ceil`."""
        return single("$ceil", self)

    def concat(self, *texts: Text) -> Value:
        """Texts one after the other: `$concat`."""
        return listed("$concat", self, *texts)

    def concat_arrays(self, *arrays: Items) -> Value:
        """Lists one after the other: `$concatArrays`."""
        return listed("$concatArrays", self, *arrays)

    def date_add(self, unit: Text, amount: Whole, *, timezone: Text = MISSING) -> Value:
        """The date some units later: `$dateAdd`."""
        return named("$dateAdd", startDate=self, unit=unit, amount=amount, timezone=timezone)

    def date_diff(
        self, end_date: Moment, unit: Text, *, timezone: Text = MISSING, start_of_week: Text = MISSING
    ) -> Value:
        """How many unit boundaries lie between two dates: `$dateDiff`."""
        return named(
            "$dateDiff", startDate=self, endDate=end_date, unit=unit, timezone=timezone, startOfWeek=start_of_week
        )

    def date_subtract(self, unit: Text, amount: Whole, *, timezone: Text = MISSING) -> Value:
        """The date some units earlier: `$dateSubtract`."""
        return named("$dateSubtract", startDate=self, unit=unit, amount=amount, timezone=timezone)

    def date_to_parts(self, *, timezone: Text = MISSING, iso8601: Truth = MISSING) -> Value:
        """A date's parts as a document: `$dateToParts`."""
        return named("$dateToParts", date=self, timezone=timezone, iso8601=iso8601)

    def date_to_string(self, *, format: Text = MISSING, timezone: Text = MISSING, on_null: Any = MISSING) -> Value:
        """A date as text, by a format such as %Y-%m-%d: `$dateToString`."""
        return named("$dateToString", date=self, format=format, timezone=timezone, onNull=on_null)

    def date_trunc(
        self, unit: Text, *, bin_size: Number = MISSING, timezone: Text = MISSING, start_of_week: Text = MISSING
    ) -> Value:
        """The start of the unit, or of the bin of units, that a date lies in: `$dateTrunc`."""
        return named("$dateTrunc", date=self, unit=unit, binSize=bin_size, timezone=timezone, startOfWeek=start_of_week)

    def day(self, *, timezone: Text = MISSING) -> Value:
        """Day of the month, 1 to 31: `$dayOfMonth`."""
        return named("$dayOfMonth", date=self, timezone=timezone)

    def day_of_week(self, *, timezone: Text = MISSING) -> Value:
        """Day of the week, 1 (Sunday) to 7: `$dayOfWeek`."""
        return named("$dayOfWeek", date=self, timezone=timezone)

    def day_of_year(self, *, timezone: Text = MISSING) -> Value:
        """Day of the year, 1 to 366: `$dayOfYear`."""
        return named("$dayOfYear", date=self, timezone=timezone)

    def difference(self, without: Items) -> Value:
        """Different elements of one list that another does not hold, in no order: `$setDifference`."""
        return listed("$setDifference", self, without)

    def exp(self) -> Value:
        """Euler's number to this power: `$exp`."""
        return single("$exp", self)

    def first(self) -> Value:
        """The first element; nothing of an empty list: `$first`."""
        return single("$first", self)

    def first_n(self, n: Whole) -> Value:
        """The first n elements: `$firstN`."""
        return named("$firstN", input=self, n=n)

    def floor(self) -> Value:
        """Greatest whole number that is not above this one: `$floor`."""
        return single("$floor", self)

    def hour(self, *, timezone: Text = MISSING) -> Value:
        """Hour of the day, 0 to 23: `$hour`."""
        return named("$hour", date=self, timezone=timezone)

    def if_null(self, *values: Any) -> Value:
        """The first value that is neither null nor missing, else the last one: `$ifNull`."""
        return listed("$ifNull", self, *values)

    def index_of(self, search: Text, start: Whole = MISSING, end: Whole = MISSING) -> Value:
        """Character position of the first occurrence of a text in another, or -1: `$indexOfCP`."""
        return listed("$indexOfCP", *positions(self, search, start, end))

    def intersection(self, *arrays: Items) -> Value:
        """Different elements that all lists hold, in no order: `$setIntersection`."""
        return listed("$setIntersection", self, *arrays)

    def iso_day_of_week(self, *, timezone: Text = MISSING) -> Value:
        """Day of the week, 1 (Monday) to 7: `$isoDayOfWeek`."""
        return named("$isoDayOfWeek", date=self, timezone=timezone)

    def iso_week(self, *, timezone: Text = MISSING) -> Value:
        """ISO 8601 week, 1 to 53: `$isoWeek`."""
        return named("$isoWeek", date=self, timezone=timezone)

    def iso_week_year(self, *, timezone: Text = MISSING) -> Value:
        """Year that the ISO 8601 week belongs to: `$isoWeekYear`."""
        return named("$isoWeekYear", date=self, timezone=timezone)

    def last(self) -> Value:
        """The last element; nothing of an empty list: `$last`."""
        return single("$last", self)

    def last_n(self, n: Whole) -> Value:
        """The last n elements: `$lastN`."""
        return named("$lastN", input=self, n=n)

    def length(self) -> Value:
        """Length of a text in characters; the server fails on null: `$strLenCP`."""
        return single("$strLenCP", self)

    def ln(self) -> Value:
        """Natural logarithm: `$ln`."""
        return single("$ln", self)

    def log(self, base: Number) -> Value:
        """Logarithm to a base: `$log`."""
        return listed("$log", self, base)

    def log10(self) -> Value:
        """Logarithm to base ten: `$log10`."""
        return single("$log10", self)

    def lower(self) -> Value:
        """The text in lower case (ASCII letters): `$toLower`."""
        return single("$toLower", self)

    def ltrim(self, *, chars: Text = MISSING) -> Value:
        """The text without white space, or these characters, at its start: `$ltrim`."""
        return named("$ltrim", input=self, chars=chars)

    def max_n(self, n: Whole) -> Value:
        """The n greatest elements: `$maxN`."""
        return named("$maxN", input=self, n=n)

    def millisecond(self, *, timezone: Text = MISSING) -> Value:
        """Milliseconds of the second, 0 to 999: `$millisecond`."""
        return named("$millisecond", date=self, timezone=timezone)

    def min_n(self, n: Whole) -> Value:
        """The n least elements: `$minN`."""
        return named("$minN", input=self, n=n)

    def minute(self, *, timezone: Text = MISSING) -> Value:
        """Minute of the hour, 0 to 59: `$minute`."""
        return named("$minute", date=self, timezone=timezone)

    def month(self, *, timezone: Text = MISSING) -> Value:
        """Month of the year, 1 to 12: `$month`."""
        return named("$month", date=self, timezone=timezone)

    def regex_find(self, regex: Text | Pattern, *, options: Text = MISSING) -> Value:
        """The first match of a pattern: `match`, `idx` and `captures`, or null: `$regexFind`."""
        return named("$regexFind", input=self, regex=regex, options=options)

    def regex_find_all(self, regex: Text | Pattern, *, options: Text = MISSING) -> Value:
        """Every match of a pattern, as a list: `$regexFindAll`."""
        return named("$regexFindAll", input=self, regex=regex, options=options)

    def replace_all(self, find: Text | Pattern, replacement: Text) -> Value:
        """The text with every occurrence of another replaced: `$replaceAll`."""
        return named("$replaceAll", input=self, find=find, replacement=replacement)

    def replace_one(self, find: Text | Pattern, replacement: Text) -> Value:
        """The text with the first occurrence of another replaced: `$replaceOne`."""
        return named("$replaceOne", input=self, find=find, replacement=replacement)

    def reverse(self) -> Value:
        """The list from its end to its start: `$reverseArray`."""
        return single("$reverseArray", self)

    def round(self, place: Whole = MISSING) -> Value:
        """Nearest number with this many decimal places, halves to the even one: `$round`."""
        return listed("$round", *positions(self, place))

    def rtrim(self, *, chars: Text = MISSING) -> Value:
        """The text without white space, or these characters, at its end: `$rtrim`."""
        return named("$rtrim", input=self, chars=chars)

    def second(self, *, timezone: Text = MISSING) -> Value:
        """Second of the minute, 0 to 60: `$second`."""
        return named("$second", date=self, timezone=timezone)

    def slice(self, n: Whole, *, position: Whole = MISSING) -> Value:
        """Part of a list: the first n elements, the last when n is negative, or n from a position: `$slice`."""
        return listed("$slice", *present(self, position, n))

    def sort_array(self, sort_by: Order) -> Value:
        """The list in order: of its elements (1 or -1), or of their fields: `$sortArray`."""
        from .order import order

        return named("$sortArray", input=self, sortBy=order(sort_by))

    def split(self, delimiter: Text | Pattern) -> Value:
        """The parts of a text between delimiters: `$split`."""
        return listed("$split", self, delimiter)

    def sqrt(self) -> Value:
        """Square root; the server fails on negative numbers: `$sqrt`."""
        return single("$sqrt", self)

    def substr(self, start: Whole, length: Whole) -> Value:
        """Part of a text by characters: `$substrCP`."""
        return listed("$substrCP", self, start, length)

    def to_bool(self) -> Value:
        """The value as a boolean: `$toBool`."""
        return single("$toBool", self)

    def to_date(self) -> Value:
        """The value as a date: text, milliseconds since 1970, an ObjectId or a timestamp: `$toDate`."""
        return single("$toDate", self)

    def to_decimal(self) -> Value:
        """The value as a 128-bit decimal: `$toDecimal`."""
        return single("$toDecimal", self)

    def to_double(self) -> Value:
        """The value as a double: `$toDouble`."""
        return single("$toDouble", self)

    def to_int(self) -> Value:
        """The value as a 32-bit integer: `$toInt`."""
        return single("$toInt", self)

    def to_long(self) -> Value:
        """The value as a 64-bit integer: `$toLong`."""
        return single("$toLong", self)

    def to_object_id(self) -> Value:
        """The value as an ObjectId: `$toObjectId`."""
        return single("$toObjectId", self)

    def to_string(self) -> Value:
        """The value as text: `$toString`."""
        return single("$toString", self)

    def trim(self, *, chars: Text = MISSING) -> Value:
        """The text without white space, or these characters, at both ends: `$trim`."""
        return named("$trim", input=self, chars=chars)

    def trunc(self, place: Whole = MISSING) -> Value:
        """A number cut to this many decimal places: `$trunc`."""
        return listed("$trunc", *positions(self, place))

    def union(self, *arrays: Items) -> Value:
        """Different elements of all lists, in no order: `$setUnion`."""
        return listed("$setUnion", self, *arrays)

    def upper(self) -> Value:
        """The text in upper case (ASCII letters): `$toUpper`."""
        return single("$toUpper", self)

    def week(self, *, timezone: Text = MISSING) -> Value:
        """Week of the year, 0 to 53, beginning on Sundays: `$week`."""
        return named("$week", date=self, timezone=timezone)

    def year(self, *, timezone: Text = MISSING) -> Value:
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
