"""Optimized = unoptimized = some rules off = PyMongo, for random pipelines over hostile documents, on a real server.

The server's own optimizer is off. It would undo and redo what is tested here, it moves stages that fail on some values
before or behind others, and it has bugs of its own: 6.0 takes `[{$group: {_id: "$a"}}, {$match: {$expr: "$_id"}}]` for
a match on the stored `_id`.
"""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import classes
import dense
import pytest
from bson import Decimal128
from effort import examples
from hostile import DOCUMENTS
from hypothesis import HealthCheck, assume, event, example, given, settings
from hypothesis import strategies as st
from pipelines import BAG, Promise, pipelines
from pydantic import ConfigDict
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from runtime_server import Mongod

from data_bridge import Document, connect
from data_bridge._core import rules
from data_bridge.errors import ServerError


class Thing(Document):
    model_config = ConfigDict(extra="allow")

    id: Any
    a: Any = None
    b: Any = None

    class Settings:
        name = "things"


def canonical(value: Any, joined: bool, name: str = "") -> Hashable:
    """A value that equals another's exactly when the server may not tell them apart.

    Args:
        value: from an answer.
        joined: numbers are told apart by value only, not by type and sign of zero.
        name: of the field it stands in; the elements of a bag have no order.
    """
    if isinstance(value, Mapping):
        return "document", tuple((key, canonical(item, joined, key)) for key, item in value.items())
    if isinstance(value, list):
        items = [canonical(item, joined) for item in value]
        return "array", tuple(sorted(items, key=repr) if name == BAG else items)
    if isinstance(value, (int, float, Decimal128)) and not isinstance(value, bool):
        number = value.to_decimal() if isinstance(value, Decimal128) else Decimal(value)
        text = "NaN" if math.isnan(number) else str(number)
        # PyMongo has a class of its own for 64-bit integers.
        kind = "int" if isinstance(value, int) else type(value).__name__
        return "number", (number + 0 if text != "NaN" else text) if joined else (kind, text)
    return type(value).__name__, value


def shown(rows: Iterable[Mapping[str, Any]], promise: Promise) -> Any:
    """An answer as a list where an order is promised, and as a multiset elsewhere.

    The fields of a row that a pipeline makes have no promised order: the server's two engines, between which it chooses
    by the stages, give those of one and the same pipeline in different orders. Inside of values the order counts.
    """
    found = [frozenset((key, canonical(item, promise.joined, key)) for key, item in row.items()) for row in rows]
    return found if promise.ordered else Counter(found)


def plain_client(server: Mongod) -> MongoClient[dict[str, Any]]:
    # Dates that `datetime` cannot say are numbers of milliseconds; the server's words about a failure may quote a text
    # up to the middle of a character.
    return MongoClient(
        server.uri, tz_aware=True, datetime_conversion="DATETIME_AUTO", unicode_decode_error_handler="replace"
    )


@pytest.fixture(scope="module")
def collection() -> Iterator[Any]:
    server = Mongod()
    server.start()
    with (
        connect(server.uri, database="app").run_sync(),
        plain_client(server) as plain,
    ):
        plain.admin.command({"configureFailPoint": "disablePipelineOptimization", "mode": "alwaysOn"})
        yield plain["app"]["things"]
    server.stop()


def check(
    collection: Any, documents: list[dict[str, Any]], drawn: tuple[list[dict[str, Any]], Promise], off: Iterable[str]
) -> None:
    """Stores the documents and runs the pipeline in every way."""
    stages, promise = drawn
    if not classes.well_typed(Thing, stages):
        event("refused")
        return
    collection.delete_many({})
    collection.insert_many([{"_id": number, **document} for number, document in enumerate(documents)])
    try:
        reference = list(collection.aggregate(stages))
    except OperationFailure:
        event("fails on a value")
        with pytest.raises(ServerError):
            Thing.aggregate(stages).optimize(False).run_sync()
        return
    typed = [classes.stage(stage) for stage in stages]
    event("rows" if reference else "no rows")
    for flags in (False, True, dict.fromkeys(off, False)):
        for said in (stages, typed):
            rows = Thing.aggregate(said).optimize(flags).run_sync()
            assert shown(rows, promise) == shown(reference, promise), (flags, said)


@settings(max_examples=examples(600), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(
    documents=[{}],
    drawn=([{"$group": {"_id": {"k": {"$literal": False}}}}], Promise(joined=True)),
    off=set(),
)
@example(
    documents=[{"a": datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC)}],
    drawn=([{"$project": {"n": {"$add": ["$a", {"$literal": 2**40}]}}}], Promise()),
    off=set(),
)
@example(
    documents=[{"a": 1}],
    drawn=([{"$project": {"n": {"k": {"$literal": 0}, "a": "$a"}}}], Promise()),
    off=set(),
)
@example(
    documents=[{"a": 1}],
    drawn=([{"$project": {"n": "$a", "_id": 0}}, {"$project": {"n": 1}}], Promise(key=None)),
    off=set(),
)
@example(
    documents=[{}],
    drawn=(
        [{"$project": {"a": 1, "b": 1}}, {"$project": {"a": 0, "_id": 0}}, {"$project": {"b": 1}}],
        Promise(key=None),
    ),
    off=set(),
)
@example(
    documents=[{"a": 1, "b": 2}],
    drawn=(
        [{"$set": {"n": {"k": "$a"}}}, {"$set": {"n": {"x": "$b"}}}, {"$group": {"_id": "$n"}}],
        Promise(joined=True),
    ),
    off=set(),
)
@example(
    documents=[{"a": 1}],
    drawn=(
        [{"$set": {"b": {"$literal": [{}, {}]}}}, {"$project": {"b": {"x": "$a"}}}, {"$group": {"_id": "$b"}}],
        Promise(joined=True),
    ),
    off=set(),
)
@example(
    documents=[{}],
    drawn=(
        [{"$set": {"a": {"$literal": 1}}}, {"$unset": "a"}, {"$set": {"n": {"$literal": 2}, "a.x": {"$literal": 3}}}],
        Promise(),
    ),
    off=set(),
)
@example(
    documents=[{"a": 1}],
    drawn=(
        [{"$project": {"a": 1, "n": "$a"}}, {"$project": {"a": 0}}, {"$set": {"a": {"$literal": 2}}}],
        Promise(),
    ),
    off=set(),
)
@given(documents=DOCUMENTS, drawn=pipelines(), off=st.sets(st.sampled_from(rules())))
def test_rules_do_not_change_an_answer(
    collection: Any, documents: list[dict[str, Any]], drawn: tuple[list[dict[str, Any]], Promise], off: set[str]
) -> None:
    check(collection, documents, drawn, off)


@settings(max_examples=examples(600), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(
    documents=[{"a": 1}],
    drawn=(
        [
            {"$lookup": {"from": "things", "localField": "_id", "foreignField": "_id", "as": "bag"}},
            {"$project": {"n": "$b", "a": {"x": "$b"}}},
            {"$lookup": {"from": "things", "localField": "_id", "foreignField": "_id", "as": "bag"}},
        ],
        Promise(),
    ),
    off=set(),
)
@example(
    documents=[{"b": 1}],
    drawn=(
        [
            {"$project": {"a": "$n", "b": {"$ifNull": ["$b", "$a"]}}},
            {"$project": {"a": 1, "b": 1}},
            {"$set": {"a.x": {"$literal": 1}}},
        ],
        Promise(),
    ),
    off=set(),
)
@example(
    documents=[{"a": [1]}, {"a": []}, {}],
    drawn=([{"$match": {"$and": [{"a": {"$elemMatch": {"$nin": []}}}]}}], Promise()),
    off=set(),
)
@given(documents=dense.DOCUMENTS, drawn=dense.pipelines(), off=st.sets(st.sampled_from(rules())))
def test_nor_where_stages_touch_the_same_fields(
    collection: Any, documents: list[dict[str, Any]], drawn: tuple[list[dict[str, Any]], Promise], off: set[str]
) -> None:
    # What was dropped may be asked for.
    assume(classes.well_typed(Thing, drawn[0]))
    check(collection, documents, drawn, off)
