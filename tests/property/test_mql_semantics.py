"""Every deterministic expression of the server's version, over hostile documents: as PyMongo sends it = unoptimized =
optimized, as a computed field and as a condition, on a real server.

Left out: what has no one answer (`$rand`, `$createObjectId`), what depends on how a command runs (`$meta`), a user's
program (`$function`), operators of newer servers, and those whose answer has no order (`$setUnion` and its kind are
compared as sets).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import mql
import pytest
from bson import Decimal128, Int64, ObjectId, Timestamp
from effort import examples
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from pydantic import ConfigDict
from pymongo.errors import OperationFailure
from runtime_server import Mongod
from test_pipeline_equivalence import canonical, plain_client

from data_bridge import Document, connect
from data_bridge.errors import CompileError, ServerError
from data_bridge.ir.signature import Argument
from data_bridge.ir.signatures import EXPRESSIONS
from tools.catalog.table import load

#: Of the server that the tests start.
SERVER = (6, 0, 5)
#: Their answers are sets.
UNORDERED = {"$setUnion", "$setIntersection", "$setDifference"}


class Any_(Document):
    model_config = ConfigDict(extra="allow")

    id: Any

    class Settings:
        name = "anything"


def moment(*parts: int) -> datetime.datetime:
    return datetime.datetime(*parts, tzinfo=datetime.UTC)


DOCUMENTS: list[dict[str, Any]] = [
    {
        "number": 2,
        "text": "a\U0001f600\xe9",
        "date": moment(1969, 12, 31, 23, 59),
        "array": [3, 1, 3, None],
        "object": {"a": 1, "": 2},
        "pairs": [["a", 1]],
        "key": ObjectId(b"abcdefghijkl"),
        "bytes": b"ab",
        "stamp": Timestamp(5, 1),
        "texts": ["a", "B"],
        "flag": True,
    },
    {
        "number": 2.0,
        "text": "",
        "date": moment(9999, 12, 31),
        "array": [],
        "object": {},
        "texts": [],
        "pairs": [{"k": "x.y", "v": 1}],
        "flag": 0,
    },
    {
        "number": Decimal128("2.0"),
        "text": "$a.b",
        "date": moment(2024, 2, 29),
        "array": [[1], {"x": 2}, 1.0, "a"],
        "object": {"a.b": 1, "$c": {"x": [1]}},
        "flag": None,
    },
    {"number": -0.0, "text": "A", "array": [Int64(1), 1.0, Decimal128("1")], "object": {"a": None}, "flag": "x"},
    {"number": float("nan"), "text": None, "date": None, "array": None, "object": None},
    {},
]
NUMBERS = st.sampled_from(["$number", 1, -1, 0.5, Int64(2**40), Decimal128("1.5"), {"$literal": -0.0}, "$none"])
TEXTS = st.sampled_from(["$text", "a", "", "\xe9\U0001f600", {"$literal": "$a.b"}, "$none"])
WHOLES = st.sampled_from([0, 1, 2, -1, Int64(3), 2.0])
ARRAYS = st.sampled_from(["$array", "$texts", [1, "$number"], [], {"$literal": [1, [2], "$x"]}, "$none"])
OBJECTS = st.sampled_from(["$object", {"a": "$number"}, {"$literal": {"a.b": 1}}, "$$ROOT", "$none"])
DATES = st.sampled_from(["$date", moment(1969, 7, 20, 20, 17), moment(2038, 1, 19), "$none"])
BY_TYPE: dict[str, Any] = {
    "number": NUMBERS,
    "int": WHOLES,
    "string": TEXTS,
    "date": DATES,
    "timestamp": st.just("$stamp"),
    "array": ARRAYS,
    "object": OBJECTS,
    "binary": st.just("$bytes"),
    "regex": st.sampled_from(["a+", "^"]),
    "bool": st.sampled_from(["$flag", True, None]),
}
ANY = st.one_of(NUMBERS, TEXTS, ARRAYS, OBJECTS, DATES)
#: Arguments that must be more than of their type.
WORDS: dict[str, Any] = {
    "unit": st.sampled_from(["day", "month", "hour"]),
    "timezone": st.sampled_from(["UTC", "Europe/Paris", "+01:00"]),
    "startOfWeek": st.just("monday"),
    "format": st.just("%Y-%m-%d"),
    "dateString": st.sampled_from(["2024-02-29", "$text"]),
    "to": st.sampled_from(["string", "int", "bool"]),
    "field": st.sampled_from(["a", "a.b", ""]),
    "options": st.just("i"),
    "regex": st.sampled_from(["a+", "^"]),
    "iso8601": st.booleans(),
    "cond": ANY | st.just({"$gt": ["$$this", 1]}),
    "in": ANY | st.sampled_from(["$$this", {"$ifNull": ["$$value", "$$this"]}]),
    "year": st.just(2024),
    "isoWeekYear": st.just(2024),
}


def typed(argument: Argument) -> Any:
    special = WORDS.get(argument.name)
    return special if special is not None else st.one_of([BY_TYPE.get(kind, ANY) for kind in argument.types])


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in (*text.split("."), "0", "0")[:3])


NAMES = [
    row.mql
    for row in load()["expressions"]
    if version(row.since) <= SERVER and row.purity == "pure" and row.mql in EXPRESSIONS
]


@pytest.fixture(scope="module")
def collection() -> Iterator[Any]:
    server = Mongod()
    server.start()
    with connect(server.uri, database="app").run_sync(), plain_client(server) as plain:
        plain.admin.command({"configureFailPoint": "disablePipelineOptimization", "mode": "alwaysOn"})
        plain["app"]["anything"].insert_many([{"_id": number, **each} for number, each in enumerate(DOCUMENTS)])
        yield plain["app"]["anything"]
    server.stop()


@pytest.mark.parametrize("name", NAMES)
@settings(
    max_examples=examples(4),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_expressions(name: str, collection: Any, data: Any) -> None:
    expression = data.draw(mql.call(name, typed))
    # A failure of one document ends the command: each is asked for alone.
    only = {"$match": {"_id": data.draw(st.integers(0, len(DOCUMENTS) - 1))}}
    for stages in (
        [only, {"$project": {"v": expression}}],
        [only, {"$addFields": {"v": {"x": [expression]}}}, {"$project": {"v": 1}}],
        [only, {"$match": {"$expr": expression}}, {"$project": {"_id": 1}}],
        [only, {"$group": {"_id": {"k": expression}, "n": {"$sum": 1}}}],
    ):
        try:
            reference: Any = list(collection.aggregate(stages))
        except OperationFailure:
            reference = None
        for optimized in (False, True):
            rows, code = answered(stages, optimized)
            if code:
                # Arguments that only newer servers have are told with the version.
                assert code in ("argument_type", "incomparable", "server_too_old"), stages
                assert reference is None or code == "incomparable", (stages, code)
                event("refused")
                continue
            event("fails" if reference is None else "answers")
            if name in UNORDERED and reference is not None and rows is not None:
                assert len(rows) == len(reference)
                continue
            assert shown(rows) == shown(reference), (optimized, stages)


def answered(stages: list[Any], optimized: bool) -> tuple[Any, str]:
    """The rows, none when the server fails, or the code of why nothing was sent."""
    try:
        return Any_.aggregate(stages).optimize(optimized).run_sync(), ""
    except ServerError:
        return None, ""
    except CompileError as refused:
        return None, refused.code


def shown(rows: Any) -> Any:
    return None if rows is None else [canonical(row, False) for row in rows]
