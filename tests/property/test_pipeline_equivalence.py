"""Optimized = unoptimized = some rules off, for random pipelines over hostile documents, on a real server."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from bson import Decimal128
from hostile import DOCUMENTS
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from pipelines import BAG, Promise, pipelines
from pydantic import ConfigDict
from pymongo import MongoClient

from data_bridge import Document, connect
from data_bridge._core import rules
from data_bridge.embedded import Server
from data_bridge.errors import ServerError

FLAGS = st.lists(st.sampled_from(rules()), unique=True).map(lambda off: dict.fromkeys(off, False))


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
        shown = "NaN" if math.isnan(number) else number + 0 if joined else str(number)
        return "number", shown if joined else (type(value).__name__, shown)
    return type(value).__name__, value


def answer(stages: list[dict[str, Any]], flags: bool | dict[str, bool], promise: Promise) -> Any:
    """What a pipeline gives, as a list where an order is promised and as a multiset elsewhere."""
    rows = Thing.aggregate(stages).optimize(flags).run_sync()
    shown = [canonical(row, promise.joined) for row in rows]
    return shown if promise.ordered else Counter(shown)


@pytest.fixture(scope="module")
def collection(mongod: Server) -> Iterator[Any]:
    name = "pipeline_equivalence"
    with connect(mongod.uri, database=name).run_sync(), MongoClient[dict[str, Any]](mongod.uri) as plain:
        yield plain[name]["things"]
        plain.drop_database(name)


def check(
    collection: Any,
    documents: list[dict[str, Any]],
    drawn: tuple[list[dict[str, Any]], Promise],
    flags: dict[str, bool],
) -> None:
    """Stores the documents and runs the pipeline in every way."""
    stages, promise = drawn
    collection.delete_many({})
    if documents:
        collection.insert_many([{"_id": number, **document} for number, document in enumerate(documents)])
    try:
        expected = answer(stages, False, promise)
    except ServerError:
        # An error that depends on the data may vanish when nobody reads the value that raises it.
        event("the server refuses a value")
        return
    event("empty" if not expected else "rows")
    assert answer(stages, True, promise) == expected
    assert answer(stages, flags, promise) == expected


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents=DOCUMENTS, drawn=pipelines(), flags=FLAGS)
def test_rules_do_not_change_an_answer(
    collection: Any,
    documents: list[dict[str, Any]],
    drawn: tuple[list[dict[str, Any]], Promise],
    flags: dict[str, bool],
) -> None:
    check(collection, documents, drawn, flags)
