"""What upserts insert can be read by the class they are of; what could not is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import Field

from data_bridge import ArrayFilters, Document, Set, connect
from data_bridge.embedded import Server
from data_bridge.errors import CompileError


@pytest.fixture
def connected(mongod: Server, database_name: str) -> Iterator[None]:
    with connect(mongod.uri, database=database_name).run_sync():
        yield


class Keyed(Document):
    id: UUID = Field(default_factory=uuid4)
    name: str = ""
    tags: list[str] = []


class Numbered(Document):
    id: int
    name: str = ""
    tags: list[str] = []
    parts: list[dict[str, int]] = []
    by: dict[str, int] = {}
    note: str | None = None


def test_what_an_upsert_inserts_has_an_id_of_its_class(connected: None) -> None:
    Keyed.find(Keyed.name == "a").upsert(Keyed.tags.set(["x"])).run_sync()
    Keyed.find(Keyed.name == "b").upsert([Set(tags=["x"])]).run_sync()
    Keyed.find(Keyed.name == "c").find_one_and_update(Keyed.tags.set(["x"]), upsert=True).run_sync()
    with Keyed.bulk() as bulk:
        bulk.update(Keyed.find(Keyed.name == "d"), Keyed.tags.push("x"), upsert=True)
    found = Keyed.find().sort("name").run_sync()
    assert [(each.name, each.tags) for each in found] == [(name, ["x"]) for name in "abcd"]
    given = uuid4()
    Keyed.find(Keyed.id == given).upsert(Keyed.name.set("e")).run_sync()
    Keyed.find(Keyed.name == "f").upsert(Keyed.id.set_on_insert(given := uuid4())).run_sync()
    assert Keyed.get(given).run_sync() == Keyed(id=given, name="f")
    # One that is there keeps its id.
    Keyed.find(Keyed.name == "a").upsert([Set(tags=["y"])]).run_sync()
    assert [each.tags for each in Keyed.find(Keyed.id == found[0].id).run_sync()] == [["y"]]


def test_the_id_of_the_filter_comes_before_that_of_a_document(connected: None) -> None:
    given = uuid4()
    Keyed.find(Keyed.id == given).upsert(Keyed.tags.set(["x"]), on_insert=Keyed(name="new")).run_sync()
    assert Keyed.find().run_sync() == [Keyed(id=given, name="new", tags=["x"])]
    made = Keyed(name="made")
    Keyed.find(Keyed.name == "made").upsert(Keyed.tags.set(["y"]), on_insert=made).run_sync()
    assert Keyed.get(made.id).run_sync() == Keyed(id=made.id, name="made", tags=["y"])


def test_an_upsert_that_could_insert_no_id_is_refused() -> None:
    for filter in (Numbered.name == "x", Numbered.id > 3, Numbered.id.in_([1, 2])):
        with pytest.raises(CompileError, match="whose id is an ObjectId") as raised:
            Numbered.find(filter).upsert(Numbered.note.set("n"))
        assert raised.value.code == "upsert_without_id"


def test_an_upsert_keeps_its_array_filters(connected: None) -> None:
    Keyed(name="x", tags=["y", "n"]).insert().run_sync()
    Keyed.find(Keyed.name == "x").upsert(Keyed.tags["$[tag]"].set("z"), ArrayFilters(tag="y")).run_sync()
    assert [each.tags for each in Keyed.find().run_sync()] == [["z", "n"]]


@pytest.mark.parametrize(
    "filter",
    [
        lambda: Numbered.tags == "x",
        lambda: Numbered.tags.contains("x"),
        lambda: Numbered.tags.all_(["x"]),
        lambda: Numbered.tags.in_(["x"]),
        lambda: {"$or": [{"tags": "x"}]},
        lambda: Numbered.tags[0] == "x",
        lambda: Numbered.parts.a == 3,
        lambda: {"tags": "x"},
        lambda: (Numbered.name == "x") & (Numbered.tags == "x"),
        lambda: Numbered.name == None,  # noqa: E711
    ],
)
def test_an_upsert_stores_no_equality_that_its_class_could_not_read(filter: Callable[[], Any]) -> None:
    asked = Numbered.find(Numbered.id == 1, filter())
    with pytest.raises(CompileError, match="an upsert stores the equalities of its filter") as raised:
        asked.upsert(Numbered.note.set("n"))
    assert raised.value.code == "upsert_of_element"
    asked.update(Numbered.note.set("n")).discard()


def test_other_filters_of_an_upsert_store_what_is_read(connected: None) -> None:
    of_one = Numbered.id == 1
    filters = [
        Numbered.tags.any(lambda tag: tag == "x"),
        Numbered.tags.in_(["x", "y"]),
        Numbered.tags == ["x"],
        Numbered.by.a == 3,
        Numbered.note == None,  # noqa: E711
        Numbered.tags != "x",
        (Numbered.tags == "x") | (Numbered.name == "x"),
    ]
    for number, filter in enumerate(filters):
        Numbered.find_all().delete().run_sync()
        result = Numbered.find(of_one, filter).upsert(Numbered.name.set(str(number))).run_sync()
        assert result["upserted"] == [1]
        [found] = Numbered.find().run_sync()
        assert found.name == str(number)
    Numbered.find_all().delete().run_sync()
    Numbered.find(of_one, Numbered.tags == "x").upsert(Numbered.tags.set(["x"])).run_sync()
    assert [each.tags for each in Numbered.find().run_sync()] == [["x"]]
