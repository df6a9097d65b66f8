"""Writes that are collected and sent together, on a real server."""

from typing import Annotated, Any

import pytest
from bson import ObjectId
from pydantic import Field, ValidationError

from data_bridge import (
    BulkResult,
    Delete,
    Document,
    Indexed,
    Insert,
    Link,
    Save,
    Update,
    after_event,
    before_event,
    connect,
)
from data_bridge.embedded import Server
from data_bridge.errors import BulkWriteError, CompileError, DocumentNotFound, EncodeError, RevisionConflict


class Animal(Document):
    name: Annotated[str, Indexed(unique=True)]
    legs: int = Field(default=4, ge=0)

    class Settings:
        is_root = True

    @before_event(Insert, Save, Update, Delete)
    def early(self) -> None:
        heard.append(f"before {self.name}")

    @after_event(Insert, Save, Update, Delete)
    async def late(self) -> None:
        heard.append(f"after {self.name}")


class Bird(Animal):
    wings: int = 2


class Cat(Document):
    name: str

    class Settings:
        use_revision = True


heard: list[str] = []


@pytest.fixture
async def animals(client: Any) -> list[Animal]:
    await Animal.sync_indexes()
    made = [Animal(name=name) for name in "abcde"]
    await Animal.insert_many(made)
    heard.clear()
    return made


async def names() -> dict[str, int]:
    return {each.name: each.legs for each in await Animal.find(with_children=True).sort("name")}


async def test_what_is_collected_is_sent_at_the_end_with_one_command_each(animals: list[Animal], client: Any) -> None:
    a, b, c, d, e = animals
    before = await commands()
    async with Animal.bulk() as bulk:
        bulk.insert(Animal(name="x"))
        bulk.insert(Bird(name="y"))
        b.legs = 5
        bulk.save(b)
        bulk.save(c)
        c.name = "changed until the end"
        bulk.update(Animal.find(Animal.name.in_(["a", "d"])), Animal.legs.inc(10))
        bulk.update(d, Animal.legs.inc(1))
        bulk.update(Animal.find(Animal.name == "new"), Animal.legs.set(1), upsert=True)
        bulk.delete(e)
        bulk.delete(Animal.find_one(Animal.name == "a"))
        assert bulk.result is None
        assert len(await names()) == 5
    sent = await commands()
    assert bulk.result is not None
    [upserted] = bulk.result.upserted
    assert bulk.result == BulkResult(inserted=2, matched=5, modified=5, deleted=2, upserted=[upserted])
    assert await names() == {"b": 5, "changed until the end": 4, "d": 15, "new": 1, "x": 4, "y": 4}
    # Saved documents are counted apart from what queries update.
    assert {name: total - before[name] for name, total in sent.items()} == {"insert": 1, "update": 2, "delete": 1}
    assert (b.is_changed, b.previous_changes) == (False, {"legs": 5})
    assert (await Bird.find().one()).name == "y"
    with pytest.raises(RuntimeError, match="begin another"):
        bulk.insert(a)


async def commands() -> dict[str, int]:
    """How many write commands the server has had."""
    status = await Animal.collection().database.command("serverStatus")
    return {name: status["metrics"]["commands"][name]["total"] for name in ("insert", "update", "delete")}


async def test_hooks_and_checks_are_those_of_single_writes(animals: list[Animal]) -> None:
    async with Animal.bulk() as bulk:
        bulk.insert(Animal(name="x"))
        bulk.update(animals[0], Animal.legs.inc(1))
        bulk.delete(animals[1])
    assert heard == ["before x", "before a", "before b", "after x", "after a", "after b"]
    heard.clear()
    async with Animal.bulk(hooks=False) as bulk:
        bulk.insert(Animal(name="y"))
    assert heard == []
    wrong = Animal(name="z")
    wrong.legs = -1
    with pytest.raises(ValidationError):
        async with Animal.bulk() as bulk:
            bulk.insert(wrong)
    assert "z" not in await names()
    async with Animal.bulk(validate=False) as bulk:
        bulk.insert(wrong)
    assert (await names())["z"] == -1


async def test_an_exception_in_the_block_sends_nothing(animals: list[Animal]) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with Animal.bulk() as bulk:
            bulk.delete(animals[0])
            raise ZeroDivisionError
    assert bulk.result is None
    async with Animal.bulk() as bulk:
        pass
    assert bulk.result == BulkResult()
    assert len(await names()) == 5


async def test_an_ordered_bulk_ends_at_the_first_refusal(animals: list[Animal]) -> None:
    x, y = Animal(name="x"), Animal(name="y")
    with pytest.raises(BulkWriteError, match="1 of 5 writes were refused") as raised:  # noqa: PT012
        async with Animal.bulk() as bulk:
            bulk.delete(animals[4])
            bulk.insert(x)
            bulk.insert(Animal(name="a"))
            bulk.insert(y)
            bulk.delete(animals[0])
    assert [(failure["index"], failure["code"]) for failure in raised.value.failures] == [(2, 11000)]
    assert bulk.result == BulkResult(inserted=1, deleted=1)
    assert (x.is_changed, y.is_changed) == (False, True)
    assert set(await names()) == {"a", "b", "c", "d", "x"}


async def test_an_unordered_bulk_carries_out_the_rest(animals: list[Animal]) -> None:
    animals[1].name = "a"
    with pytest.raises(BulkWriteError) as raised:  # noqa: PT012
        async with Animal.bulk(ordered=False) as bulk:
            bulk.delete(animals[4])
            bulk.save(animals[1])
            bulk.insert(Animal(name="a"))
            bulk.insert(Animal(name="y"))
            bulk.update(Animal.find(Animal.name == "c"), Animal.name.set("d"))
    assert [failure["index"] for failure in raised.value.failures] == [1, 2, 4]
    assert set(await names()) == {"a", "b", "c", "d", "y"}
    assert animals[1].is_changed


async def test_saved_documents_must_be_there(animals: list[Animal]) -> None:
    await Animal.find(Animal.name == "b").delete()
    for each in animals:
        each.legs = 9
    with pytest.raises(DocumentNotFound, match=str(animals[1].id)):  # noqa: PT012
        async with Animal.bulk() as bulk:
            for each in animals:
                bulk.save(each)
    assert [each.is_changed for each in animals] == [False, True, False, False, False]


async def test_revisions_are_looked_at(client: Any) -> None:
    cats = [Cat(name=name) for name in "abc"]
    await Cat.insert_many(cats)
    other = await Cat.get(cats[1].id)
    other.name = "theirs"
    await other.save()
    before = cats[1].revision_id
    for cat in cats:
        cat.name += "!"
    with pytest.raises(RevisionConflict, match=str(cats[1].id)):  # noqa: PT012
        async with Cat.bulk() as bulk:
            for cat in cats:
                bulk.save(cat)
    assert cats[1].revision_id == before
    assert [cat.name for cat in await Cat.find().sort("_id")] == ["a!", "theirs", "c!"]
    cats[0].name = "again"
    await cats[0].save()


class Toy(Document):
    name: str
    extra: Any = None
    owner: Link[Cat] | None = None

    class Settings:
        use_revision = True


async def test_a_bulk_is_carried_out_once(animals: list[Animal]) -> None:
    first, taken = Animal(name="new"), Animal(name="a")
    bulk = Animal.bulk(ordered=False)
    bulk.insert(first)
    bulk.insert(taken)
    with pytest.raises(BulkWriteError):
        await bulk.execute()
    first.legs = 7
    with pytest.raises(RuntimeError, match="carried out already: begin another"):
        await bulk.execute()
    with pytest.raises(RuntimeError, match="carried out already: begin another"):
        bulk.save(first)
    # What changed since is not taken for what was sent.
    await first.save()
    assert (await names())["new"] == 7


async def test_what_is_deleted_and_then_inserted_knows_that_it_is_stored(animals: list[Animal]) -> None:
    async with Animal.bulk() as bulk:
        bulk.delete(animals[0])
        bulk.insert(animals[0])
        bulk.save(animals[1])
        bulk.delete(animals[1])
    assert not animals[0].is_changed
    assert animals[1].is_changed
    animals[0].legs = 6
    await animals[0].save()
    assert await names() == {"a": 6, "c": 4, "d": 4, "e": 4}


async def test_revisions_are_put_back_when_a_bulk_cannot_be_made(client: Any) -> None:
    toy = await Toy(name="a").insert()
    before = toy.revision_id
    toy.name = "b"
    bulk = Toy.bulk()
    bulk.save(toy)
    bulk.delete(Toy.find(Toy.owner.name == "ann"))
    with pytest.raises(CompileError, match="ids of linked documents"):
        await bulk.execute()
    assert toy.revision_id == before
    new = Toy(name="new")
    new.extra = object()
    bulk = Toy.bulk(validate=False)
    bulk.save(toy)
    bulk.insert(new)
    with pytest.raises(EncodeError):
        await bulk.execute()
    assert (toy.revision_id, new.revision_id) == (before, None)
    await toy.save()
    assert (await Toy.get(toy.id)).name == "b"


async def test_documents_are_replaced_one_and_many(animals: list[Animal]) -> None:
    for each in animals:
        each.legs = 7
    assert await Animal.replace_one(animals[0]) is animals[0]
    result = await Animal.replace_many(animals)
    assert (result.matched, result.modified) == (5, 4)
    assert set((await names()).values()) == {7}
    with pytest.raises(DocumentNotFound):
        await Animal.replace_many([animals[0], Animal(id=ObjectId(), name="new")])
    with pytest.raises(DocumentNotFound):
        await Animal.replace_one(Animal(id=ObjectId(), name="new"))


async def test_more_than_one_command_holds_is_split(client: Any) -> None:
    class Big(Document):
        text: str

    made = [Big(text="x" * 1_000_000) for _ in range(30)]
    await Big.insert_many(made)
    async with Big.bulk() as bulk:
        for each in made:
            each.text = "y" * 1_000_000
            bulk.save(each)
    assert bulk.result is not None
    assert bulk.result.modified == 30


async def test_what_does_not_belong_is_refused_at_once(animals: list[Animal]) -> None:
    bulk = Animal.bulk()
    with pytest.raises(TypeError, match="a bulk of Animal takes a Animal, not"):
        bulk.insert(Cat(name="x"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="or a query of Animal"):
        bulk.delete(Cat.find())
    with pytest.raises(CompileError):
        bulk.update(animals[0], {"$set": {"nam": "x"}})
    with pytest.raises(CompileError):
        bulk.update(animals[0])


async def test_a_predicate_that_nothing_meets_sends_nothing(animals: list[Animal]) -> None:
    async with Animal.bulk() as bulk:
        bulk.delete(Animal.find(Animal.name.in_([])))
    assert bulk.result == BulkResult()


def test_bulks_work_without_an_event_loop(mongod: Server, database_name: str) -> None:
    with connect(mongod.uri, database=database_name).run_sync():
        with Cat.bulk() as bulk:
            bulk.insert(Cat(name="a"))
        assert bulk.result == BulkResult(inserted=1)
        Cat.delete_all().run_sync()
