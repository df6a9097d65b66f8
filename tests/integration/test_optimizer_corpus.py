"""The corpus of queries, small: optimizing one never makes the server examine or send more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from benchmarks import optimizer, optimizer_corpus
from data_bridge import connect
from data_bridge.embedded import Server

QUERIES = optimizer_corpus.orders()


@pytest.fixture(scope="module")
def client(mongod: Server) -> Iterator[MongoClient[Any]]:
    with MongoClient[Any](mongod.uri) as client, connect(mongod.uri, database=optimizer.DATABASE).run_sync():
        optimizer.store(client[optimizer.DATABASE], 600)
        optimizer.sync()
        yield client


@pytest.mark.parametrize("written", QUERIES, ids=[written.name for written in QUERIES])
def test_an_optimized_query_costs_no_more(client: MongoClient[Any], written: optimizer_corpus.Written) -> None:
    plain, optimized, _ = optimizer.measure(client, written, runs=0).values()
    assert optimized.documents <= plain.documents
    # An index that an optimized query uses and the other does not is read instead of documents.
    assert optimized.keys + optimized.documents <= plain.keys + plain.documents
    assert optimized.returned <= plain.returned


def test_some_of_them_cost_less(client: MongoClient[Any]) -> None:
    less = 0
    for written in QUERIES:
        plain, optimized, _ = optimizer.measure(client, written, runs=0).values()
        less += optimized.keys + optimized.documents < plain.keys + plain.documents
    assert less >= 5


@pytest.mark.parametrize("written", QUERIES, ids=[written.name for written in QUERIES])
def test_all_ways_give_the_same(client: MongoClient[Any], written: optimizer_corpus.Written) -> None:
    database = client[optimizer.DATABASE]
    plain, optimized = (optimizer.answered(database, optimizer.commands(written, way)) for way in (False, True))
    by_hand = optimizer.answered(database, [written.by_hand])
    key = lambda row: repr(sorted(row.items()))  # noqa: E731
    assert sorted(map(key, plain)) == sorted(map(key, optimized))
    assert len(by_hand) == len(plain)
