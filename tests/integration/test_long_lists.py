"""Lists of values too long for one command: divided where the answer stays the same, and refused elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from data_bridge import Document, Project, connect
from data_bridge.embedded import Server
from data_bridge.errors import CompileError

#: So long that they take two commands.
LENGTH, COUNT = 400_000, 50


class Long(Document):
    id: bytes
    number: int
    name: str = ""


class Trusted(Document):
    id: int
    code: bytes
    tags: list[bytes] = []
    name: str = ""

    class Settings:
        trust_schema = True


def value(number: int) -> bytes:
    return number.to_bytes(4, "big") * (LENGTH // 4)


VALUES = [value(number) for number in range(COUNT)]
STORED = [3, 20, 30, 45, 49]


@pytest.fixture(scope="module")
def connected(mongod: Server) -> Iterator[None]:
    with connect(mongod.uri, database="long_lists").run_sync():
        yield


@pytest.fixture
def stored(connected: None) -> list[int]:
    Long.delete_all().run_sync()
    Long.insert_many([Long(id=value(number), number=number) for number in [*STORED, COUNT]]).run_sync()
    return STORED


def refused(query: Any) -> str:
    with pytest.raises(CompileError) as raised:
        query.plan()
    [error] = raised.value.errors
    assert error.code == "command_too_long"
    return str(error.message)


def test_each_document_is_found_once(stored: list[int]) -> None:
    query = Long.find(Long.id.in_([*VALUES, VALUES[3]]))
    steps = query.plan().steps
    assert [step.purpose for step in steps] == [f"documents of Long, part {part} of 2" for part in (1, 2)]
    assert sorted(each.number for each in query.run_sync()) == stored
    assert sorted(each.number for each in query.optimize(False).run_sync()) == stored
    assert sorted(each.number for each in query) == stored


def test_counts_existence_first_and_distinct_are_of_all_parts(stored: list[int]) -> None:
    query = Long.find(Long.id.in_(VALUES))
    assert query.count().run_sync() == len(stored)
    assert query.exists().run_sync()
    assert query.first().run_sync().number in stored
    assert not query.find(Long.number > COUNT).exists().run_sync()
    assert query.find(Long.number == 49).first().run_sync().number == 49
    assert query.find(Long.number == COUNT).first().run_sync() is None
    assert sorted(query.distinct(Long.id).run_sync()) == [value(number) for number in stored]


def test_stages_of_each_document_are_of_all_parts(stored: list[int]) -> None:
    rows = Long.find(Long.id.in_(VALUES)).aggregate([Project(number=Long.number, id=0)]).run_sync()
    assert sorted(row["number"] for row in rows) == stored


def test_many_are_updated_and_deleted_once_each(stored: list[int]) -> None:
    chosen = Long.find(Long.id.in_(VALUES))
    assert chosen.update({"$set": {"name": "new"}}).run_sync()["modified"] == len(stored)
    assert chosen.delete().run_sync()["n"] == len(stored)
    assert [each.number for each in Long.find().run_sync()] == [COUNT]


def test_every_part_is_explained(stored: list[int]) -> None:
    explained = Long.find(Long.id.in_(VALUES)).explain().run_sync()
    assert [plan.indexes for plan in explained.plans] == [["_id_"]] * 2


def test_what_needs_all_documents_at_once_is_refused(connected: None) -> None:
    query = Long.find(Long.id.in_(VALUES))
    assert refused(query.sort(Long.number)).endswith("Sort(+number) is of all documents at once")
    assert "Limit(5) is of all documents at once" in refused(query.limit(5))


def test_fields_with_lists_are_refused_and_known_ones_are_not(connected: None) -> None:
    assert "a document with a list there would be met twice" in refused(Trusted.find(Trusted.tags.in_(VALUES)))
    Trusted.delete_all().run_sync()
    Trusted.insert_many([Trusted(id=number, code=value(number)) for number in STORED]).run_sync()
    chosen = Trusted.find(Trusted.code.in_(VALUES))
    assert sorted(each.id for each in chosen.run_sync()) == STORED
    with pytest.raises(CompileError, match="an update that may change 'code'"):
        chosen.update({"$set": {"code": b""}}).run_sync()
    assert chosen.delete().run_sync()["n"] == len(STORED)
