"""What a test asks where it stands as a value is what it asks in a filter; spans of time move dates."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import data_bridge as d
from data_bridge import Document, EmbeddedDocument, F, cond, connect, fn, lang, switch
from data_bridge.embedded import Server
from data_bridge.errors import CompileError

DAY = datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=datetime.UTC)


class Part(EmbeddedDocument):
    name: str
    tags: list[str] = []


class Thing(Document):
    number: int
    tags: list[str] = []
    scores: list[int] = []
    maybe: list[str] | None = None
    parts: list[Part] = []
    day: datetime.datetime = DAY
    lasts: timedelta = timedelta(seconds=5)


STORED: list[dict[str, Any]] = [
    {"number": 0, "tags": ["a", "b"], "scores": [1, 9], "maybe": ["a"]},
    {"number": 1, "tags": [], "scores": [], "maybe": None},
    {"number": 2, "tags": ["c"], "scores": [4]},
    # What is not as the class says.
    {"number": 3, "tags": "a", "scores": 9, "maybe": ["b", None]},
    {"number": 4},
    {"number": 5, "tags": None, "scores": None, "maybe": "a"},
]

TESTS: list[Any] = [
    Thing.tags.contains("a"),
    ~Thing.tags.contains("a"),
    Thing.tags == "a",
    Thing.tags != "a",
    Thing.tags.in_(["a", "c"]),
    Thing.tags.not_in(["a", "c"]),
    Thing.maybe.contains("b"),
    Thing.maybe.in_(["a", "b"]),
    Thing.tags.contains("a") & Thing.maybe.contains("a"),
    Thing.tags.contains("c") | (Thing.number == 1),
    Thing.tags.startswith("b"),
    Thing.tags.icontains("A"),
]


@pytest.fixture
async def things(mongod: Server, database_name: str) -> Any:
    async with await connect(mongod.uri, database=database_name):
        await Thing.collection().insert_many(STORED)
        yield


@pytest.mark.parametrize("test", TESTS, ids=repr)
async def test_a_test_of_a_list_asks_its_elements(things: Any, test: Any) -> None:
    if "Regex" in repr(test):
        # The server fails on a value that is no text; a filter passes it.
        await Thing.find(Thing.number > 2).delete()
    for optimized in (False, True):
        met = {row["number"] for row in await Thing.find(test).optimize(optimized).project(Thing.number)}
        rows = await Thing.find().optimize(optimized).project(Thing.number, asked=test, told=cond(test, "yes", "no"))
        assert {row["number"] for row in rows if row["asked"] is True} == met
        assert {row["number"] for row in rows if row["told"] == "yes"} == met


async def test_order_and_elements_of_elements(things: Any) -> None:
    await Thing.insert_one(Thing(number=6, parts=[Part(name="p", tags=["x"]), Part(name="q", tags=["y"])]))
    rows = await Thing.find(Thing.number < 3).sort(Thing.number).project(id=False, high=Thing.scores > 5)
    assert rows == [{"high": True}, {"high": False}, {"high": False}]
    [row] = await Thing.find(Thing.number == 6).project(
        id=False,
        found=Thing.parts.filter(lambda part: part.tags == "y").size(),
        which=switch((Thing.tags.contains("x"), 1), default=2),
    )
    assert row == {"found": 1, "which": 2}


def test_mql_means_what_it_means_to_the_server() -> None:
    pipeline = [{"$project": {"x": {"$eq": ["$tags", "a"]}, "y": {"$gt": ["$scores", 2]}}}]
    assert Thing.aggregate(pipeline).plan().commands[0]["projection"] == pipeline[0]["$project"]
    whole = Thing.find().project(x=Thing.tags == ["a"]).plan().commands[0]["projection"]["x"]
    assert whole == {"$eq": ["$tags", {"$literal": ["a"]}]}


@pytest.mark.parametrize("test", [each for each in TESTS if "Regex" not in repr(each)], ids=repr)
def test_they_are_printed_and_read(test: Any) -> None:
    query = Thing.find().project(asked=test)
    assert lang.parse(str(query), [Thing]) == query


async def test_spans_move_dates(things: Any) -> None:
    await Thing.insert_one(Thing(number=7))
    hour = timedelta(hours=1)
    [row] = await Thing.find(Thing.number == 7).project(
        id=False,
        later=Thing.day + hour,
        also=hour + Thing.day,
        before=Thing.day - hour,
        added=fn.add(Thing.day, hour),
        longer=Thing.lasts + hour,
        exact=Thing.day + timedelta(microseconds=1500),
    )
    assert row["later"] == row["also"] == row["added"] == DAY + hour
    assert row["before"] == DAY - hour
    # Stored spans are seconds.
    assert row["longer"] == 3605.0
    assert row["exact"] == DAY + timedelta(milliseconds=2)
    for test, met in (
        (Thing.day - (DAY - hour) == hour, 1),
        (Thing.day - (DAY - hour) > timedelta(minutes=59), 1),
        (Thing.day - (DAY - hour) > timedelta(minutes=61), 0),
        (Thing.lasts > timedelta(seconds=4), 1),
    ):
        assert await Thing.find(Thing.number == 7, test).count() == met


def test_what_a_span_is_beside_must_be_known() -> None:
    with pytest.raises(CompileError, match=r"fn\.date_add") as caught:
        F.day + timedelta(hours=1)
    assert caught.value.code == "unknown_span"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (lambda: -Thing.number, "the negative of a value is 0 - User.age"),
        (lambda: d.Sum(Thing.number), "write it in Group"),
        (lambda: d.Limit(3), "it is a stage"),
    ],
)
def test_what_is_no_value_says_what_it_is(given: Callable[[], Any], said: str) -> None:
    with pytest.raises(CompileError, match=said) as caught:
        Thing.find().project(x=given())
    assert caught.value.code == "not_a_value"


def test_texts_and_lists_are_joined_by_functions() -> None:
    with pytest.raises(CompileError, match=r"texts are joined by fn.concat\(a, b\)"):
        Thing.find().project(x=Thing.parts[0].name + "x").plan()
    with pytest.raises(CompileError, match=r"lists are joined by fn\.concat_arrays"):
        Thing.find().project(x=Thing.tags + Thing.tags).plan()
