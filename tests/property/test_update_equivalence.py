"""An update leaves the same bytes stored whether data-bridge sends it or PyMongo does, over hostile documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import classes
import pytest
from bson import Decimal128
from bson.raw_bson import RawBSONDocument
from effort import examples
from hostile import DOCUMENTS, PATHS, SCALARS, filters
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st
from pipelines import OPERANDS, VALUE_PATHS, expressions
from pydantic import ConfigDict
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from data_bridge import Document, connect, pipeline, update
from data_bridge.embedded import Server
from data_bridge.errors import DataBridgeError

TARGETS = ("a", "b", "a.x", "a.0", "a.0.x", "n", "\xe9", "b.x")
FILTERS = st.just({}) | filters(st.sampled_from(PATHS))
NUMBERS = st.sampled_from([0, 1, -1, 1.5, 2**40, 2**62, Decimal128("1.5"), float("nan")])
LISTS = st.lists(OPERANDS, max_size=3)
PUSHED = st.one_of(
    OPERANDS,
    st.builds(lambda items: {"$each": items}, LISTS),
    st.builds(
        lambda items, position, size: {"$each": items, "$position": position, "$slice": size},
        LISTS,
        st.integers(-2, 2),
        st.integers(-2, 3),
    ),
    st.builds(lambda items, direction: {"$each": items, "$sort": direction}, LISTS, st.sampled_from([1, -1])),
)
ADDED = OPERANDS | st.builds(lambda items: {"$each": items}, LISTS)
PULLED = st.one_of(
    OPERANDS,
    st.builds(lambda op, value: {op: value}, st.sampled_from(["$gt", "$lte", "$ne"]), SCALARS),
    st.builds(lambda values: {"$in": values}, st.lists(SCALARS, max_size=3)),
)
OPERANDS_OF = {
    "$set": OPERANDS,
    "$inc": NUMBERS,
    "$mul": NUMBERS,
    "$min": OPERANDS,
    "$max": OPERANDS,
    "$unset": st.just(""),
    "$push": PUSHED,
    "$addToSet": ADDED,
    "$pull": PULLED,
    "$pop": st.sampled_from([1, -1]),
    "$rename": st.sampled_from(TARGETS),
}
UPDATES = st.lists(
    st.sampled_from(sorted(OPERANDS_OF)).flatmap(
        lambda op: st.tuples(
            st.just(op), st.dictionaries(st.sampled_from(TARGETS), OPERANDS_OF[op], min_size=1, max_size=2)
        )
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda each: each[0],
).map(dict)
PIPELINES = st.lists(
    st.one_of(
        st.builds(
            lambda path, value: {"$set": {path: value}},
            st.sampled_from(["a", "n", "n.x", "\xe9"]),
            expressions(VALUE_PATHS),
        ),
        st.builds(lambda path: {"$unset": path}, st.sampled_from(["a", "b", "a.x"])),
        st.builds(lambda path: {"$project": {path: 0}}, st.sampled_from(["a", "b.x"])),
    ),
    min_size=1,
    max_size=3,
)


class Thing(Document):
    model_config = ConfigDict(extra="allow")

    id: Any
    a: Any = None
    b: Any = None

    class Settings:
        name = "ours"


def with_classes(given: Any) -> list[Any]:
    """The update, said with the library's classes."""
    if isinstance(given, list):
        return [[classes.stage(stage) for stage in given]]
    named = {op: _class(op[1].upper() + op[2:]) for op in given}
    return [named[op](*fields) if op == "$unset" else named[op](fields) for op, fields in given.items()]


def _class(name: str) -> Any:
    # Some are accumulators as well, and stand with those.
    return getattr(update, name, None) or getattr(pipeline, name)


@pytest.fixture(scope="module")
def database(mongod: Server) -> Iterator[Any]:
    name = "update_equivalence"
    with (
        connect(mongod.uri, database=name).run_sync(),
        MongoClient[Any](mongod.uri, document_class=RawBSONDocument) as plain,
    ):
        yield plain[name]
        plain.drop_database(name)


def stored(collection: Any) -> list[bytes]:
    return [document.raw for document in collection.find().sort("_id")]


def check(
    database: Any, documents: list[dict[str, Any]], where: dict[str, Any], update: Any, how: str, typed: bool
) -> None:
    """Updates both collections and compares what is stored, and what is said of it."""
    for name in ("ours", "theirs"):
        database[name].delete_many({})
        database[name].insert_many([{"_id": number, **document} for number, document in enumerate(documents)])
    theirs = database["theirs"]
    if isinstance(update, list) and not classes.well_typed(Thing, update):
        event("refused for its types")
        return
    query = Thing.find(where)
    if how == "upsert":
        # Which id an upsert makes must not depend on chance.
        where = {"$and": [{"_id": len(documents)}, where]}
        query = Thing.find({"_id": len(documents)}, *([where["$and"][1]] if where["$and"][1] else []))
    ours = getattr(query, how)
    try:
        many = how == "update"
        result = (theirs.update_many if many else theirs.update_one)(where, update, upsert=how == "upsert")
        expected = (result.matched_count, result.modified_count, result.upserted_id)
    except OperationFailure:
        expected = None
    given = with_classes(update) if typed else [update]
    if expected is None:
        event("refused")
        # A filter that nothing can meet is not even sent.
        if query.plan().commands:
            with pytest.raises(DataBridgeError):
                ours(*given).run_sync()
    else:
        event(how)
        found = ours(*given).run_sync()
        made = found["upserted"][0] if found["upserted"] else None
        assert (found["n"] - len(found["upserted"]), found["modified"], made) == expected
    assert stored(database["ours"]) == stored(theirs)


@settings(max_examples=examples(400), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(
    documents=[{}],
    where={"a": {"$not": {"$nin": []}}},
    update={"$set": {"a": 1}},
    how="upsert",
    typed=False,
)
@example(
    documents=[{}],
    where={"$and": [{"a": {"$exists": False}}]},
    update={"$set": {"a": 1}},
    how="update",
    typed=False,
)
@given(
    documents=DOCUMENTS,
    where=FILTERS,
    update=UPDATES | PIPELINES,
    how=st.sampled_from(["update", "update", "update_one", "upsert"]),
    typed=st.booleans(),
)
def test_ours_and_theirs_store_the_same(
    database: Any, documents: list[dict[str, Any]], where: dict[str, Any], update: Any, how: str, typed: bool
) -> None:
    check(database, documents, where, update, how, typed)
