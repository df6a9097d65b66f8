"""The pages of a query, one after the other, are the sorted query: of any values, in any order, of any size."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import bson
import pytest
from effort import examples
from hostile import SCALARS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from data_bridge import Document, connect
from data_bridge.embedded import Server
from data_bridge.errors import CompileError

#: Of every type that a page can end at.
VALUES = SCALARS | st.sampled_from(
    [
        *({}, {"x": 1}, {"x": None}, {"y": 0}, {"x": [1]}),
        *(b"", b"b", bson.Binary(b"b", 5), bson.ObjectId("0" * 24), bson.ObjectId("f" * 24)),
        *(bson.Timestamp(1, 1), bson.MinKey(), bson.MaxKey(), bson.DBRef("a", 1), bson.DatetimeMS(2**50)),
        datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
    ]
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {}, optional={"a": VALUES, "b": VALUES, "c": st.fixed_dictionaries({}, optional={"d": VALUES})}
    ),
    max_size=9,
)
ORDERS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c.d", "_id"]), st.sampled_from([1, -1])),
    max_size=3,
    unique_by=lambda key: key[0],
)


class Paged(Document):
    id: Any = None
    a: Any = 3
    b: Any = "x"
    c: dict[str, Any] = {}
    n: int = 0
    m: int = 0

    class Settings:
        on_invalid = "raw"


@pytest.fixture(scope="module")
def collection(mongod: Server) -> Iterator[Any]:
    with connect(mongod.uri, database="pages").run_sync(), MongoClient[dict[str, Any]](mongod.uri) as plain:
        yield plain["pages"]["Paged"]
        plain.drop_database("pages")


def paged(query: Any, size: int) -> list[dict[str, Any]]:
    """The rows of all pages."""
    rows: list[dict[str, Any]] = []
    after = None
    while True:
        page = query.paginate(size, after=after).run_sync()
        rows += page.items
        after = page.next
        if after is None:
            return rows
        assert len(page.items) == size


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=ROWS,
    ids=st.lists(VALUES, min_size=9, max_size=9),
    order=ORDERS,
    size=st.integers(1, 4),
    skip=st.integers(0, 3),
    limit=st.none() | st.integers(1, 8),
    projected=st.booleans(),
    indexed=st.booleans(),
)
def test_pages_are_the_query(
    collection: Any,
    rows: list[dict[str, Any]],
    ids: list[Any],
    order: list[tuple[str, int]],
    size: int,
    skip: int,
    limit: int | None,
    projected: bool,
    indexed: bool,
) -> None:
    collection.drop()
    if indexed and order:
        collection.create_index([*order, ("n", 1)])
    for number, (row, id) in enumerate(zip(rows, ids, strict=False)):
        if not collection.count_documents({"_id": {"$eq": id}}):
            collection.insert_one({"_id": id, **row, "n": number})
    whole = [*order, *([] if "_id" in dict(order) else [("_id", 1)])]
    expected = [row["n"] for row in collection.find({}, {"n": 1, "_id": 0}, sort=whole, skip=skip, limit=limit or 0)]
    query = Paged.find().sort(*order).skip(skip).project("n")
    if limit is not None:
        query = query.limit(limit)
    if not projected:
        query = query.project(a=False, b=False, c=False, id=False)
    assert [row["n"] for row in paged(query, size)] == expected


@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(st.lists(st.integers(0, 3) | st.just("x"), max_size=2) | st.integers(0, 3), max_size=6),
    order=st.sampled_from(["a", "-a", "m", "-m"]),
    size=st.integers(1, 3),
)
def test_a_list_in_the_order_is_refused(collection: Any, rows: list[Any], order: str, size: int) -> None:
    collection.drop()
    if rows:
        collection.insert_many([{"_id": number, order.strip("-"): value} for number, value in enumerate(rows)])
    query = Paged.find().sort(order).project(id=True)
    if any(isinstance(value, list) for value in rows):
        with pytest.raises(CompileError, match="is a list in a stored document"):
            paged(query, size)
    else:
        assert sorted(row["_id"] for row in paged(query, size)) == list(range(len(rows)))
