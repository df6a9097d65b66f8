"""Optimized = unoptimized = as PyMongo sends it = an evaluator written here: expressions over hostile documents."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import mongo_arrays
import mongo_calendar
import mongo_conversions
import mongo_date_texts
import mongo_dates
import mongo_hashes
import mongo_logic
import mongo_numbers
import mongo_sets
import mongo_statistics
import mongo_strings
import mql
import pytest
from bson import Decimal128, Int64
from effort import examples
from hostile import STORED
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from mongo_calendar import WEEKDAYS
from mongo_dates import MILLISECONDS, MONTHS
from mongo_expressions import OPERATORS, answer
from mongo_values import MISSING, OPTIONS, ORDER, Refused, stored, type_of
from pymongo.errors import OperationFailure
from runtime_server import Mongod
from test_mql_semantics import ANY, DOCUMENTS, NAMES, SERVER, answered, typed, version
from test_pipeline_equivalence import plain_client

from data_bridge import connect
from data_bridge.ir.signature import Argument
from tools.catalog.table import load

#: What enters the operators that it evaluates when it is imported.
FAMILIES = (
    mongo_arrays,
    mongo_calendar,
    mongo_conversions,
    mongo_date_texts,
    mongo_dates,
    mongo_hashes,
    mongo_logic,
    mongo_numbers,
    mongo_sets,
    mongo_statistics,
    mongo_strings,
)
#: Their answers are sets: in any order, and with any of a value's equals.
SETS = ("$setUnion", "$setIntersection", "$setDifference")
#: Results of different mathematical libraries differ in the last digits.
NEAR = {
    *("$exp", "$ln", "$log", "$log10", "$sqrt", "$pow", "$add", "$multiply", "$sum", "$avg", "$stdDevPop"),
    *("$stdDevSamp", "$degreesToRadians", "$radiansToDegrees", "$atan2", "$acos", "$acosh", "$asin", "$asinh"),
    *("$atan", "$atanh", "$cos", "$cosh", "$sin", "$sinh", "$tan", "$tanh"),
}

MORE_NUMBERS = st.sampled_from(
    [
        *(0, 7, -7, 2**31 - 1, -(2**31), 2.5, -2.5, 1e300, 3.0, math.inf, -math.inf, math.nan, -0.0),
        *(Int64(1), Int64(2**63 - 1), Int64(-(2**63)), Int64(-3)),
        *(Decimal128(text) for text in ("0", "-0", "2.50", "-2.5", "1E+30", "NaN", "Infinity")),
    ]
)
PAIRS = st.lists(
    st.sampled_from([["a", 1], ["a", 2], ["b", None], {"k": "a", "v": 1}, {"k": "", "v": []}, ["x"], 1]), max_size=3
)
DOCUMENT = st.sampled_from(DOCUMENTS) | st.fixed_dictionaries(
    {}, optional={"number": MORE_NUMBERS, "array": st.lists(STORED, max_size=4), "object": STORED, "text": STORED}
)
#: Texts that say numbers, and some that nearly do.
SPELLED = st.sampled_from(["12", "-1.5", "1e3", "+7", " 1", "9223372036854775808", "1.", "", "0x1", "6" * 24])
#: Texts that are dates, in the forms that are documented, and some that nearly are.
DATE_TEXTS = [
    *("2024-02-29", "2023-02-29", "9999-12-31", "2024-00-10", "2024-02-29T12:30:05Z", "2024-02-29 12:30"),
    *("2024-02-29T12:30:05.678+0130", "1969-12-31T23:59:59.999999-05:30", "2024-02-29T24:00:00", "2024-10-27 02:30"),
    *("29/02/2024 7", "2024-2-9", "2024-W09-4", "2024-W53-1", "2024-W54-1", "2024|02|29|+90", "2024-02-29%", "", "a"),
    *(None, "$number", "$text", "$date"),
]
FORMATS = [
    *("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S.%L%z", "%d/%m/%Y %H", "%G-W%V-%u", "%Y|%m|%d|%Z", "%Y-%m-%d%%"),
    *("%Y-%m-%dT%H:%M:%SZ", "%Y", "", "%", "%q", None, "$number"),
]
ISO_PARTS = {"isoWeekYear", "isoWeek", "isoDayOfWeek"}
BODIES: dict[str, Any] = {
    "n": st.sampled_from([1, 2, Int64(3), 2.0, 0, -1, 1.5, None]),
    "limit": st.sampled_from([1, 2.0, Int64(3), 0, 1.5]),
    "amount": st.sampled_from([0, 1, -1, 13, -25, Int64(3), 2.0, 1.5, None, "a"]),
    "unit": st.sampled_from([*MONTHS, *MILLISECONDS, "week", None, "days", "$number"]),
    "timezone": st.sampled_from(["UTC", "Europe/Paris", "+01:00", "-05:30", None, "nowhere"]),
    "format": st.sampled_from(FORMATS),
    "dateString": st.sampled_from(DATE_TEXTS),
    "startOfWeek": st.sampled_from([*WEEKDAYS, "Mon", "SUN", None, "x", "$number"]),
    "binSize": st.sampled_from([1, 2, 7, Int64(12), 2.0, Decimal128("3"), 10**11, 10**11 + 1, 2**62, 0, -1, 1.5, None]),
    **dict.fromkeys(("year", "isoWeekYear"), st.sampled_from([2024, Int64(1), 9999.0, 1969, 0, 10_000, None, "x"])),
    **dict.fromkeys(
        ("month", "day", "isoWeek", "isoDayOfWeek", "hour", "minute", "second", "millisecond"),
        st.sampled_from(
            [0, 1, 7.0, Int64(13), 31, 54, -1, 1999, 32_767, 32_768, -(2**20), 2**40, 2**62, 1.5, None, "x"]
        ),
    ),
    "sortBy": st.sampled_from([1, -1]),
}


def argument_of(argument: Argument) -> Any:
    """Mostly of the types that are asked for, and anything at all."""
    if argument.name in BODIES:
        return BODIES[argument.name]
    wanted = typed(argument)
    if argument.types[0] in ("constant", "word", "flag", "sort", "field", "code"):
        return wanted
    literal = STORED.map(lambda value: {"$literal": value})
    more = []
    if "number" in argument.types:
        more = [MORE_NUMBERS, MORE_NUMBERS]
    if "array" in argument.types:
        more = [st.lists(STORED, max_size=4).map(lambda value: {"$literal": value}), PAIRS]
    whole = st.builds(lambda left, right: {"$ifNull": [left, right]}, wanted, wanted)
    if "string" not in argument.types and argument.name in ("input", "value", "expression"):
        more = [*more, SPELLED]
    return st.one_of(wanted, wanted, *more, whole, ANY, literal)


def call_of(name: str) -> Any:
    """An operator with drawn arguments; parts of dates are mostly those of one calendar."""
    drawn = mql.call(name, argument_of)
    if name != "$dateFromParts":
        return drawn
    calendars = [({"year": 2024}, ISO_PARTS), ({"isoWeekYear": 2024}, {"year", "month", "day"}), ({}, set())]
    return st.builds(
        lambda made, calendar: {
            name: {**calendar[0], **{part: each for part, each in made[name].items() if part not in calendar[1]}}
        },
        drawn,
        st.sampled_from(calendars),
    )


EVALUATED = [name for name in NAMES if name in OPERATORS]


@pytest.fixture(scope="module")
def collection() -> Iterator[Any]:
    server = Mongod()
    server.start()
    with connect(server.uri, database="app").run_sync(), plain_client(server) as plain:
        plain.admin.command({"configureFailPoint": "disablePipelineOptimization", "mode": "alwaysOn"})
        yield plain["app"]["anything"].with_options(OPTIONS.with_options(unicode_decode_error_handler="replace"))
    server.stop()


@pytest.mark.parametrize("name", EVALUATED)
@settings(
    max_examples=examples(20),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_expressions_have_the_values_that_are_documented(name: str, collection: Any, data: Any) -> None:
    expression = data.draw(call_of(name))
    document = data.draw(DOCUMENT)
    collection.replace_one({"_id": 0}, document, upsert=True)
    try:
        expected = answer(expression, {"_id": 0, **document})
    except Refused:
        expected = None, "refused"
    else:
        expected = shown(name, expected), type_of(expected)
    stages = [{"$project": {"_id": 0, "v": expression, "t": {"$type": expression}}}]
    try:
        [row] = collection.aggregate(stages)
        found = shown(name, row.get("v", MISSING)), row["t"]
    except OperationFailure:
        found = None, "refused"
    assert found == expected, (stages, document)
    event("fails" if expected[1] == "refused" else "answers")
    for optimized in (False, True):
        rows, code = answered(stages, optimized)
        if code:
            # What has no answer, or none but null, is refused before it is sent.
            hopeless = expected[1] in ("refused", "null", "missing")
            assert code == "incomparable" or (code in ("argument_type", "server_too_old") and hopeless), (stages, code)
        elif rows is None:
            assert expected[1] == "refused", (optimized, stages)
        else:
            [row] = stored(rows)
            assert (shown(name, row.get("v", MISSING)), row["t"]) == expected, (optimized, stages)


def shown(name: str, value: Any) -> str:
    """A value as text that two have exactly when they are one, zeros and types of numbers included."""
    if name in SETS and isinstance(value, list):
        return f"a set of {[text(each, by_value=True) for each in sorted(value, key=ORDER)]}"
    return text(value, digits=13 if name in NEAR else 17)


def text(value: Any, digits: int = 17, by_value: bool = False) -> str:
    if isinstance(value, list):
        return f"[{', '.join(text(each, digits, by_value) for each in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {text(each, digits, by_value)}' for key, each in value.items())}}}"
    if type_of(value) not in ("int", "long", "double", "decimal"):
        return f"{type_of(value)} {value!r}"
    number = value.to_decimal() if isinstance(value, Decimal128) else Decimal(value)
    # The library's integers are one type; their types are asked for beside them.
    kind = "number" if by_value else "int" if isinstance(value, int) else type(value).__name__
    if number.is_nan():
        return f"{kind} NaN"
    if number == 0:
        return f"{kind} {'-' if number.is_signed() and not by_value else ''}0"
    return f"{kind} {number:.{digits - 1}e}" if number.is_finite() else f"{kind} {number}"


def test_every_deterministic_operator_is_evaluated() -> None:
    rows = [row for row in load()["expressions"] if row.purity == "pure"]
    newer = {row.mql for row in rows if version(row.since) > SERVER}
    missing = {row.mql for row in rows} - set(OPERATORS) - newer
    assert not missing, sorted(missing)
