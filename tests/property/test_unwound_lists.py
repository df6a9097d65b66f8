"""Lists of documents taken apart: optimized = unoptimized = some rules off = PyMongo, with facts and without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import classes
import pytest
import unwound
from effort import examples
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pipelines import Promise
from pymongo import MongoClient
from test_pipeline_equivalence import Thing, check, collection

from data_bridge import Document, EmbeddedDocument, connect
from data_bridge._core import rules
from data_bridge.embedded import Server

__all__ = ["collection"]


class Part(EmbeddedDocument):
    x: int
    y: int | None = None
    tags: list[str] = []


class Whole(Document):
    id: int
    parts: list[Part]
    maybe: list[Part | None] = []
    n: int = 0

    class Settings:
        name = "wholes"
        trust_schema = True


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents=unwound.DOCUMENTS, drawn=unwound.pipelines(), off=st.sets(st.sampled_from(rules())))
def test_lists_of_anything(
    collection: Any,
    documents: list[dict[str, Any]],
    drawn: tuple[list[dict[str, Any]], Promise],
    off: set[str],
) -> None:
    assume(classes.well_typed(Thing, drawn[0]))
    check(collection, documents, drawn, off)


PARTS = st.fixed_dictionaries(
    {"x": st.integers(0, 2)},
    optional={"y": st.integers(0, 2) | st.none(), "tags": st.lists(st.sampled_from(["a", "b"]), max_size=2)},
)
WHOLES = st.lists(
    st.fixed_dictionaries(
        {"parts": st.lists(PARTS, max_size=3)},
        optional={"maybe": st.lists(PARTS | st.none(), max_size=3), "n": st.integers(0, 2)},
    ),
    min_size=1,
    max_size=6,
)


@st.composite
def typed(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Stages over lists of which it is known what they hold."""
    name = draw(st.sampled_from(["parts", "parts", "maybe"]))
    numbers = st.integers(0, 2) | st.none()
    test = st.builds(
        lambda path, op, number: {f"{name}.{path}": {op: number}},
        st.sampled_from(["x", "y"]),
        st.sampled_from(["$eq", "$ne", "$gt", "$lte"]),
        numbers,
    ) | st.builds(lambda tag: {f"{name}.tags": tag}, st.sampled_from(["a", "b"]))
    # A part always has an x, and nothing is more or less than null.
    terms = draw(st.lists(test, min_size=1, max_size=3))
    unwind = {"path": f"${name}", "preserveNullAndEmptyArrays": draw(st.booleans())}
    if draw(st.booleans()):
        unwind["includeArrayIndex"] = "i"
    first = draw(st.sampled_from([[], [{"$match": {"n": {"$gt": 0}}}], [{"$set": {"m": "$n"}}]]))
    last = draw(st.sampled_from([[], [{"$group": {"_id": f"${name}.x", "m": {"$sum": 1}}}]]))
    connective = draw(st.sampled_from(["$and", "$and", "$or"]))
    return [*first, {"$unwind": unwind}, {"$match": {connective: terms}}, *last]


@pytest.fixture(scope="module")
def wholes(mongod: Server) -> Iterator[Any]:
    with connect(mongod.uri, database="unwound").run_sync(), MongoClient[dict[str, Any]](mongod.uri) as plain:
        yield plain["unwound"]["wholes"]


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents=WHOLES, stages=typed(), off=st.sets(st.sampled_from(rules())))
def test_lists_of_known_documents(
    wholes: Any, documents: list[dict[str, Any]], stages: list[dict[str, Any]], off: set[str]
) -> None:
    assume(classes.well_typed(Whole, stages))
    wholes.delete_many({})
    wholes.insert_many([{"_id": number, **document} for number, document in enumerate(documents)])
    expected = sorted(map(repr, wholes.aggregate(stages)))
    for flags in (False, True, dict.fromkeys(off, False)):
        found = Whole.aggregate([classes.stage(stage) for stage in stages]).optimize(flags)
        assert sorted(map(repr, found.run_sync())) == expected, found.plan()
