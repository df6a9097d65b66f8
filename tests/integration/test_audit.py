"""What is known of stored data, where that comes from, and when it is known no longer."""

import enum
from typing import Any, Literal

import pytest
from bson import ObjectId
from pymongo.errors import WriteError

from data_bridge import Document, EmbeddedDocument, connect
from data_bridge.embedded import Server

IDS = [ObjectId() for _ in range(9)]


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Engine(EmbeddedDocument):
    power: int
    fuel: Literal["gas", "diesel"]


class Machine(Document):
    year: int
    color: Color
    engine: Engine
    tags: list[str] = []
    note: str | None = None


@pytest.fixture
async def machines(client: Any) -> Any:
    """PyMongo's collection, with one machine that fits."""
    await Machine(year=2000, color=Color.RED, engine=Engine(power=5, fuel="gas")).insert()
    return Machine.collection()


def commands(query: Any) -> Any:
    return query.plan().commands


async def test_an_audit_names_every_misfit(machines: Any) -> None:
    good = {"year": 1, "color": "red", "engine": {"power": 1, "fuel": "gas"}, "tags": [], "note": None}
    bad = [
        {**good, "_id": IDS[1], "year": "old"},
        {**good, "_id": IDS[2], "color": "green"},
        {**good, "_id": IDS[3], "engine": {"power": None, "fuel": "gas"}},
        {**good, "_id": IDS[4], "engine": {"fuel": "coal"}},
        {**good, "_id": IDS[5], "engine": [good["engine"]]},
        {**good, "_id": IDS[6], "tags": ["a", 1]},
        {**good, "_id": IDS[7], "wheels": 4},
        {key: value for key, value in good.items() if key != "year"} | {"_id": IDS[8]},
    ]
    await machines.insert_many(bad)
    found = await Machine.audit()
    assert not found
    assert not found.trusted
    assert {(each.path, each.problem, each.count, tuple(each.examples)) for each in found.misfits} == {
        ("year", "is missing", 1, (IDS[8],)),
        ("year", "is not int", 1, (IDS[1],)),
        ("color", "is not one of ['red', 'blue']", 1, (IDS[2],)),
        ("engine", "is no document", 1, (IDS[5],)),
        ("engine.power", "is missing", 1, (IDS[4],)),
        ("engine.power", "is not int", 1, (IDS[3],)),
        ("engine.fuel", "is not one of ['gas', 'diesel']", 1, (IDS[4],)),
        ("tags", "is not array<string>", 1, (IDS[6],)),
        ("", "has fields that are not declared", 1, (IDS[7],)),
    }
    assert "year: is not int, 1 documents such as [ObjectId(" in str(found)


async def test_facts_need_an_audit_and_a_validator(machines: Any) -> None:
    query = Machine.find(Machine.year > 3, Machine.year > 5, Machine.engine.power != None)  # noqa: E711
    assert len(commands(query)) == 1
    assert (await Machine.audit()).trusted is False
    await Machine.sync_validator()
    assert "$ne" in str(commands(query))
    assert (await Machine.audit()).trusted is True
    assert commands(query) == [{"find": "Machine", "filter": {"year": {"$gt": 5}}}]
    plan = str(query.plan())
    assert (
        "knowing Machine.engine.power: always one value and never null (audit, and the collection's validator)" in plan
    )
    assert commands(Machine.find(Machine.color == "green")) == []
    assert await Machine.find(Machine.color == "green").to_list() == []
    assert await Machine.find(Machine.color == "green").count() == 0
    with pytest.raises(WriteError):
        await machines.insert_one({"year": 1})


async def test_a_validator_that_changed_takes_the_facts_away(machines: Any) -> None:
    await Machine.sync_validator()
    assert (await Machine.audit()).trusted
    await machines.database.command({"collMod": "Machine", "validator": {}})
    await Machine.sync_indexes()
    assert not (await Machine.audit()).trusted
    assert len(commands(Machine.find(Machine.color == "green"))) == 1


async def test_another_deployment_is_not_trusted(machines: Any, mongod: Server, database_name: str) -> None:
    await Machine.sync_validator()
    assert (await Machine.audit()).trusted
    async with await connect(mongod.uri, database=f"{database_name}_b"):
        assert len(commands(Machine.find(Machine.color == "green"))) == 1
    await connect(mongod.uri, database=database_name)


async def test_a_collation_takes_the_facts_away(machines: Any) -> None:
    await Machine.sync_validator()
    await Machine.audit()
    query = Machine.find(Machine.color == "RED").collation({"locale": "en", "strength": 2})
    assert len(await query.to_list()) == 1


async def test_a_family_is_audited_class_by_class(client: Any) -> None:
    class Animal(Document):
        name: str

        class Settings:
            is_root = True

    class Cat(Animal):
        lives: int

    await Animal(name="a").insert()
    await Cat(name="b", lives=9).insert()
    await Animal.collection().insert_one({"_class_id": "Animal.Cat", "name": "c"})
    assert await Animal.audit()
    found = await Cat.audit()
    assert [(each.path, each.problem, each.count) for each in found.misfits] == [("lives", "is missing", 1)]
