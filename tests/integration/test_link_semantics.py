"""What predicates on linked documents mean: each sentence of the guide, on every strategy, over every kind of link."""

from collections.abc import Callable
from typing import Any

import pytest
from bson import DBRef

from data_bridge import BackLink, Count, Document, Group, Link, fn


class Writer(Document):
    id: int
    name: str | None = None
    age: int = 0
    works: list[BackLink["Work"]] = BackLink(original_field="writer")


class Work(Document):
    id: str
    year: int = 2000
    writer: Link[Writer] | None = None
    helpers: list[Link[Writer]] = []


#: Every state that a stored link may be in. Writers: 1 is Ann, 2 is Bob, 3 has a null name, 4 has none; 9 is not there.
WRITERS: list[dict[str, Any]] = [
    {"_id": 1, "name": "Ann", "age": 30},
    {"_id": 2, "name": "Bob", "age": 40},
    {"_id": 3, "name": None, "age": 50},
    {"_id": 4, "age": 60},
]
WORKS: list[dict[str, Any]] = [
    {"_id": "ann", "writer": 1, "helpers": [1, 2]},
    {"_id": "bob", "writer": DBRef("Writer", 2), "helpers": [2, 2, 9]},
    {"_id": "dangling", "writer": 9, "helpers": [9]},
    {"_id": "missing"},
    {"_id": "nameless", "writer": 4, "helpers": [4]},
    {"_id": "null", "writer": None, "helpers": None},
    {"_id": "nullname", "writer": 3, "helpers": [3, 1]},
    {"_id": "empty", "writer": 1, "helpers": []},
]
EVERYTHING = sorted(row["_id"] for row in WORKS)

#: A predicate on a link, which of the works' single links meet it, and which of their lists.
MEANINGS: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "equal": (lambda to: to.name == "Ann", "ann empty", "ann nullname"),
    "unequal": (lambda to: to.name != "Ann", "bob dangling missing nameless null nullname", "* ann nullname"),
    "in": (lambda to: to.name.in_(["Ann", "Bob"]), "ann bob empty", "ann bob nullname"),
    "not in": (
        lambda to: to.name.not_in(["Ann", "Bob"]),
        "dangling missing nameless null nullname",
        "* ann bob nullname",
    ),
    "greater": (lambda to: to.age > 35, "bob nameless nullname", "ann bob nameless nullname"),
    "at most": (lambda to: to.age <= 30, "ann empty", "ann nullname"),
    "text": (lambda to: to.name.startswith("A"), "ann empty", "ann nullname"),
    "exists": (lambda to: to.name.exists(), "ann bob empty nullname", "ann bob nullname"),
    "does not exist": (
        lambda to: to.name.exists(False),
        "dangling missing nameless null",
        "dangling empty missing nameless null",
    ),
    "null": (
        lambda to: to.name == None,  # noqa: E711
        "dangling missing nameless null nullname",
        "dangling empty missing nameless null nullname",
    ),
    "not null": (lambda to: to.name != None, "ann bob empty", "ann bob"),  # noqa: E711
    "in, with null": (
        lambda to: to.name.in_(["Bob", None]),
        "bob dangling missing nameless null nullname",
        "*",
    ),
    "not in, with null": (lambda to: to.name.not_in(["Bob", None]), "ann empty", ""),
}


def ids(text: str) -> list[str]:
    """The named works; after a star, all but these."""
    names = text.split()
    if names[:1] == ["*"]:
        return [name for name in EVERYTHING if name not in names[1:]]
    return sorted(names)


@pytest.fixture
async def works(client: Any) -> Any:
    database = client.pymongo()[client.database]
    await database["Writer"].insert_many([dict(row) for row in WRITERS])
    await database["Work"].insert_many([dict(row) for row in WORKS])
    return database


async def found(predicate: Any, strategy: str) -> list[str]:
    query = Work.find(predicate).sort("_id").fetch_links(depth=0, strategy=strategy)
    rows = await query.project("_id")
    assert await query.count() == len(rows)
    assert await query.exists() == bool(rows)
    assert sorted(await query.distinct("_id")) == [row["_id"] for row in rows]
    return [row["_id"] for row in rows]


@pytest.mark.parametrize("strategy", ["auto", "batch", "lookup"])
@pytest.mark.parametrize("meaning", MEANINGS)
async def test_what_a_predicate_behind_a_link_means(works: Any, meaning: str, strategy: str) -> None:
    make, single, listed = MEANINGS[meaning]
    assert await found(make(Work.writer), strategy) == ids(single)
    assert await found(~make(Work.writer), strategy) == ids(f"* {single}")
    assert await found(make(Work.helpers), strategy) == ids(listed)
    assert await found(~make(Work.helpers), strategy) == [name for name in EVERYTHING if name not in ids(listed)]


@pytest.mark.parametrize("strategy", ["auto", "batch", "lookup"])
async def test_two_tests_of_a_list_may_be_met_by_two_documents(works: Any, strategy: str) -> None:
    both = (Work.helpers.name == "Ann") & (Work.helpers.age > 35)
    assert await found(both, strategy) == ["ann", "nullname"]
    assert await found((Work.writer.name == "Ann") & (Work.writer.age > 35), strategy) == []
    assert await found((Work.writer.name == "Bob") | (Work.helpers.name == "Ann"), strategy) == [
        "ann",
        "bob",
        "nullname",
    ]


@pytest.mark.parametrize("strategy", ["auto", "batch", "lookup"])
async def test_what_a_predicate_behind_a_back_link_means(works: Any, strategy: str) -> None:
    async def writers(predicate: Any) -> list[int]:
        rows = await Writer.find(predicate).sort("_id").fetch_links(depth=0, strategy=strategy).project("_id")
        return [row["_id"] for row in rows]

    await works["Work"].update_one({"_id": "ann"}, {"$set": {"year": 2001}})
    assert await writers(Writer.works.year == 2001) == [1]
    assert await writers(Writer.works.year != 2001) == [2, 3, 4]
    assert await writers(Writer.works.year.exists()) == [1]
    assert await writers(Writer.works.id.in_(["ann", "bob"])) == [1, 2]
    assert await writers(~Writer.works.id.exists()) == []
    assert await writers(Writer.works.helpers.name == "Bob") == [1, 2]


#: The works of a work's writer, and those of its helpers.
SIBLINGS: dict[str, tuple[list[str], list[str]]] = {
    "ann": (["ann", "empty"], ["ann", "bob", "empty"]),
    "bob": (["bob"], ["bob"]),
    "dangling": ([], []),
    "empty": (["ann", "empty"], []),
    "missing": ([], []),
    "nameless": (["nameless"], ["nameless"]),
    "null": ([], []),
    "nullname": (["nullname"], ["ann", "empty", "nullname"]),
}


async def test_a_back_link_behind_a_link_that_leads_nowhere_is_empty(works: Any) -> None:
    rows = await Work.find().sort("_id").project(one=Work.writer.works.id, many=Work.helpers.works.id)
    assert {row["_id"]: (sorted(row["one"]), sorted(row["many"])) for row in rows} == SIBLINGS
    rows = await Work.find().sort(Work.writer.works.id, "_id").project("_id")
    assert [row["_id"] for row in rows][:3] == ["dangling", "missing", "null"]
    rows = await Work.aggregate([Group(by=fn.size(Work.writer.works.id), works=Count())])
    assert {row["_id"]: row["works"] for row in rows} == {0: 3, 1: 3, 2: 2}
