"""Rewrites that look right and are not: the wrong answer that each would give, and that no plan makes it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ConfigDict
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from data_bridge import Document, EmbeddedDocument, connect
from data_bridge.embedded import Server


class Forbidden(Document):
    model_config = ConfigDict(extra="allow")

    id: Any
    a: Any = None
    b: Any = None


class Part(EmbeddedDocument):
    n: int


class Trusted(Document):
    id: int
    parts: list[Part]

    class Settings:
        trust_schema = True


#: Documents of the same collection.
JOIN = {"from": "Forbidden", "localField": "a", "foreignField": "b", "as": "j"}

#: What is asked, documents, and the rewrite that would give another answer; as pipelines.
CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]] = {
    "negated bound to the other bound": (
        [{"a": 1}, {"a": None}, {}, {"a": "x"}, {"a": float("nan")}, {"a": [1, 9]}],
        [{"$match": {"a": {"$not": {"$gt": 5}}}}],
        [{"$match": {"a": {"$lte": 5}}}],
    ),
    "element match to dotted tests": (
        [{"a": [{"x": 1, "y": 1}, {"x": 2, "y": 2}]}],
        [{"$match": {"a": {"$elemMatch": {"x": 1, "y": 2}}}}],
        [{"$match": {"a.x": 1, "a.y": 2}}],
    ),
    "dotted tests to an element match": (
        [{"a": {"x": 1, "y": 2}}],
        [{"$match": {"a.x": 1, "a.y": 2}}],
        [{"$match": {"a": {"$elemMatch": {"x": 1, "y": 2}}}}],
    ),
    "document equality to a dotted test": (
        [{"a": {"x": 1, "y": 2}}],
        [{"$match": {"a": {"x": 1}}}],
        [{"$match": {"a.x": 1}}],
    ),
    "dotted test to a document equality": (
        [{"a": {"x": 1, "y": 2}}],
        [{"$match": {"a.x": 1}}],
        [{"$match": {"a": {"x": 1}}}],
    ),
    "inequality to two bounds": (
        [{"a": "x"}, {}, {"a": 1}],
        [{"$match": {"a": {"$ne": 5}}}],
        [{"$match": {"$or": [{"a": {"$lt": 5}}, {"a": {"$gt": 5}}]}}],
    ),
    "null to not existing": (
        [{"a": None}, {}],
        [{"$match": {"a": None}}],
        [{"$match": {"a": {"$exists": False}}}],
    ),
    "contradicting bounds to nothing": (
        [{"a": [1, 9]}],
        [{"$match": {"a": {"$gt": 5}, "$and": [{"a": {"$lt": 3}}]}}],
        [{"$match": {"$nor": [{}]}}],
    ),
    "contradicting equalities to nothing": (
        [{"a": [1, 2]}],
        [{"$match": {"$and": [{"a": 1}, {"a": 2}]}}],
        [{"$match": {"$nor": [{}]}}],
    ),
    "prefix regex with flags to a range": (
        [{"a": "ABC"}],
        [{"$match": {"a": {"$regex": "^ab", "$options": "i"}}}],
        [{"$match": {"a": {"$gte": "ab", "$lt": "ac"}}}],
    ),
    "match across a limit": (
        [{"a": 1, "b": 0}, {"a": 2, "b": 1}],
        [{"$sort": {"a": 1}}, {"$limit": 1}, {"$match": {"b": 1}}],
        [{"$match": {"b": 1}}, {"$sort": {"a": 1}}, {"$limit": 1}],
    ),
    "match across a skip": (
        [{"a": 1, "b": 1}, {"a": 2, "b": 1}],
        [{"$sort": {"a": 1}}, {"$skip": 1}, {"$match": {"a": 2}}],
        [{"$match": {"a": 2}}, {"$sort": {"a": 1}}, {"$skip": 1}],
    ),
    "match through the unwind that makes its field": (
        [{"a": [1, 2]}],
        [{"$unwind": "$a"}, {"$match": {"a": {"$ne": 1}}}],
        [{"$match": {"a": {"$ne": 1}}}, {"$unwind": "$a"}],
    ),
    "match through the group that makes its field": (
        [{"a": 1}, {"a": 1}],
        [{"$group": {"_id": "$a", "b": {"$sum": 1}}}, {"$match": {"b": 2}}],
        [{"$match": {"b": 2}}, {"$group": {"_id": "$a", "b": {"$sum": 1}}}],
    ),
    "test for a missing key through a group": (
        [{}],
        [{"$group": {"_id": "$a"}}, {"$match": {"_id": {"$exists": True}}}],
        [{"$match": {"a": {"$exists": True}}}, {"$group": {"_id": "$a"}}],
    ),
    "computed comparison to a match": (
        [{}, {"a": 1}, {"a": "x"}],
        [{"$match": {"$expr": {"$lt": ["$a", 5]}}}],
        [{"$match": {"a": {"$lt": 5}}}],
    ),
    "sort across a limit": (
        [{"a": 1, "b": 2}, {"a": 2, "b": 1}],
        [{"$sort": {"a": 1}}, {"$limit": 1}, {"$sort": {"b": 1}}],
        [{"$sort": {"b": 1}}, {"$limit": 1}],
    ),
    "join to a list of the values that meet it": (
        [{}, {"a": 1, "b": 1}, {"a": []}, {"a": None}],
        [{"$lookup": JOIN}, {"$match": {"j": {"$ne": []}}}, {"$project": {"_id": 1}}],
        [{"$match": {"a": {"$in": [1]}}}, {"$project": {"_id": 1}}],
    ),
    "join to a list, where several documents meet it": (
        [{"a": 1, "b": 1}, {"a": 1, "b": 1}],
        [{"$lookup": JOIN}, {"$unwind": "$j"}, {"$project": {"_id": 1}}],
        [{"$match": {"a": {"$in": [1]}}}, {"$project": {"_id": 1}}],
    ),
    "no sort, as if documents came as they were inserted": (
        [{"a": 2}, {"a": 1}],
        [{"$sort": {"a": 1}}],
        [],
    ),
    "limit before an unwind": (
        [{"a": []}, {"a": [1]}],
        [{"$sort": {"_id": 1}}, {"$unwind": "$a"}, {"$limit": 1}],
        [{"$sort": {"_id": 1}}, {"$limit": 1}, {"$unwind": "$a"}],
    ),
    "one of two equal numbers": (
        [{"a": 1}],
        [{"$group": {"_id": None, "a": {"$addToSet": "$a"}, "b": {"$addToSet": {"$literal": 1.0}}}}],
        [{"$group": {"_id": None, "a": {"$addToSet": "$a"}, "b": {"$addToSet": {"$literal": 1}}}}],
    ),
    "count of a filter from metadata": (
        [{"a": 1}, {"a": 2}],
        [{"$match": {"a": 1}}, {"$count": "a"}],
        [{"$collStats": {"count": {}}}, {"$project": {"a": "$count"}}],
    ),
    "date before its year": (
        [{"a": datetime.datetime(2000, 1, 1)}, {"a": "2000"}],
        [{"$match": {"a": {"$not": {"$lt": datetime.datetime(2001, 1, 1)}}}}],
        [{"$match": {"a": {"$gte": datetime.datetime(2001, 1, 1)}}}],
    ),
}


@pytest.fixture(scope="module")
def collection(mongod: Server) -> Iterator[Any]:
    with connect(mongod.uri, database="forbidden").run_sync(), MongoClient[Any](mongod.uri) as plain:
        yield plain["forbidden"]["Forbidden"]


@pytest.mark.parametrize("case", CASES)
def test_no_plan_makes_a_forbidden_rewrite(collection: Any, case: str) -> None:
    documents, asked, wrong = CASES[case]
    collection.delete_many({})
    collection.insert_many([{"_id": number, **document} for number, document in enumerate(documents)])
    # Numbers of different types look equal in Python.
    right = repr(list(collection.aggregate(asked)))
    assert repr(list(collection.aggregate(wrong))) != right
    assert repr(Forbidden.aggregate(asked).to_list().run_sync()) == right


def test_an_upsert_keeps_its_filter(collection: Any) -> None:
    """Its equalities go into the document it makes."""
    collection.delete_many({})
    Forbidden.find({"$or": [{"a": 1}], "_id": 1}).upsert({"$set": {"b": 2}}).run_sync()
    assert collection.find_one() == {"_id": 1, "a": 1, "b": 2}


def test_a_prefix_is_no_range_under_a_collation(collection: Any) -> None:
    """There a range takes in what differs in case, and a pattern never does."""
    folded = {"locale": "en", "strength": 2}
    collection.delete_many({})
    collection.insert_many([{"_id": 1, "a": "abc"}, {"_id": 2, "a": "ABC"}])
    wrong = list(collection.find({"a": {"$gte": "ab", "$lt": "ac"}}, collation=folded))
    right = list(collection.find({"a": {"$regex": "^ab"}}, collation=folded))
    assert right == [{"_id": 1, "a": "abc"}] != wrong
    found = Forbidden.find({"a": {"$regex": "^ab"}}).collation(folded).to_list().run_sync()
    assert [document.id for document in found] == [1]


def test_nothing_moves_across_a_sample(collection: Any) -> None:
    """Of one document of two, drawn before it is tested, half do not pass; drawn after, every one does."""
    collection.delete_many({})
    collection.insert_many([{"_id": 1, "b": 0}, {"_id": 2, "b": 1}])
    drawn = [
        len(Forbidden.aggregate([{"$sample": {"size": 1}}, {"$match": {"b": 1}}]).to_list().run_sync())
        for _ in range(64)
    ]
    assert {0, 1} == set(drawn)
    assert len(list(collection.aggregate([{"$match": {"b": 1}}, {"$sample": {"size": 1}}]))) == 1


def test_what_is_stored_was_tested_before(collection: Any) -> None:
    """A test behind `$merge` would come too late: everything would be stored."""
    collection.delete_many({})
    collection.insert_many([{"_id": 1, "b": 0}, {"_id": 2, "b": 1}])
    copies = collection.database["Copies"]
    copies.delete_many({})
    into = {"$merge": {"into": "Copies"}}
    Forbidden.aggregate(
        [{"$sort": {"b": 1}}, {"$match": {"b": 1}}, {"$limit": 1}, into], allow_writing=True
    ).to_list().run_sync()
    assert list(copies.find()) == [{"_id": 2, "b": 1}]
    list(collection.aggregate([into]))
    assert copies.count_documents({}) == 2


def test_an_update_keeps_its_filter(collection: Any) -> None:
    """`$` is the element that the test of its list met; without that test the server knows none."""
    collection.delete_many({})
    collection.insert_one({"_id": 1, "a": [1, 9], "b": 9})
    Forbidden.find({"a": {"$gte": 1}, "$and": [{"a": 9}, {"a": {"$in": [9, 9]}}]}).update(
        {"$set": {"a.$": 0}}
    ).run_sync()
    changed = collection.find_one()["a"]
    collection.replace_one({"_id": 1}, {"a": [1, 9], "b": 9})
    collection.update_one({"a": {"$gte": 1}, "$and": [{"a": 9}, {"a": {"$in": [9, 9]}}]}, {"$set": {"a.$": 0}})
    assert changed == collection.find_one()["a"]
    collection.replace_one({"_id": 1}, {"a": [1, 9], "b": 9})
    with pytest.raises(OperationFailure):
        collection.update_one({"b": 9}, {"$set": {"a.$": 0}})


@pytest.mark.parametrize("stored", [{"$x": 1}, {"$id": 7}])
def test_a_document_that_begins_like_an_operator_is_not_listed(collection: Any, stored: dict[str, Any]) -> None:
    """The server compares with it, and takes it in no list."""
    collection.delete_many({})
    collection.insert_many([{"_id": 1, "a": stored}, {"_id": 2, "a": 2}, {"_id": 3, "a": 3}])
    with pytest.raises(OperationFailure):
        collection.find_one({"a": {"$in": [stored, 2]}})
    either = Forbidden.find({"$or": [{"a": {"$eq": stored}}, {"a": 2}]}).to_list().run_sync()
    assert sorted(document.id for document in either) == [1, 2]
    neither = Forbidden.find({"$and": [{"a": {"$ne": stored}}, {"a": {"$ne": 2}}]}).to_list().run_sync()
    assert [document.id for document in neither] == [3]


BY_CHANCE = {"$expr": {"$lt": [{"$rand": {}}, 0.5]}}


@pytest.mark.parametrize(
    ("asked", "share"),
    [
        ({"$and": [BY_CHANCE, BY_CHANCE]}, 0.25),
        ({"$or": [BY_CHANCE, BY_CHANCE]}, 0.75),
        ({"$and": [BY_CHANCE, {"$or": [BY_CHANCE, {"b": 5}]}]}, 0.25),
        ({"$or": [{"$and": [BY_CHANCE, {"a": 1}]}, {"$and": [BY_CHANCE, {"b": 0}]}]}, 0.75),
    ],
)
def test_what_depends_on_chance_is_drawn_as_often_as_it_stands(
    collection: Any, asked: dict[str, Any], share: float
) -> None:
    """Drawn once, it holds for half of the documents; what is drawn twice does not stray so far in a billion runs."""
    collection.delete_many({})
    collection.insert_many([{"_id": number, "a": 1, "b": 0} for number in range(1000)])
    assert abs(Forbidden.find(asked).count().run_sync() / 1000 - share) < 0.125


def test_elements_that_are_given_their_numbers_are_not_asked_for_before(collection: Any) -> None:
    """The number is written over what the element held."""
    parts = collection.database["Trusted"]
    parts.delete_many({})
    parts.insert_one({"_id": 1, "parts": [{"n": 5}, {"n": 6}]})
    asked = [{"$unwind": {"path": "$parts", "includeArrayIndex": "parts.n"}}, {"$match": {"parts.n": 1}}]
    right = list(parts.aggregate(asked))
    assert right == [{"_id": 1, "parts": {"n": 1}}]
    assert Trusted.aggregate(asked).to_list().run_sync() == right
