"""Writing documents that link to others: never a copy, few commands, and no half-linked document unreported."""

from typing import Annotated, Any

import pytest
from bson import ObjectId

from data_bridge import (
    After,
    BackLink,
    Document,
    EmbeddedDocument,
    Indexed,
    Insert,
    Link,
    WriteRules,
    after_event,
    connect,
    fetch_links,
)
from data_bridge.embedded import Server
from data_bridge.errors import BulkWriteError, DocumentNotFound, DuplicateKeyError, EncodeError


class Town(Document):
    name: str


class Maker(Document):
    name: Annotated[str, Indexed(unique=True)]
    town: Link[Town] | None = None
    parts: list[BackLink["Part"]] = BackLink(original_field="maker")


class Batch(EmbeddedDocument):
    makers: list[Link[Maker]] = []


class Part(Document):
    code: str
    maker: Link[Maker] | None = None
    others: list[Link[Maker]] = []
    batch: Batch | None = None
    by_role: dict[str, Link[Maker]] = {}


@pytest.fixture
async def parts(client: Any) -> dict[str, Any]:
    """Parts whose links are null, missing, empty, doubled and dangling."""
    makers = [Maker(name=name) for name in "abc"]
    await Maker.insert_many(makers)
    a, b, _ = (maker.id for maker in makers)
    ghost = ObjectId()
    plain = client.pymongo()[client.database]["Part"]
    rows = [
        {
            "code": "full",
            "maker": a,
            "others": [b, a, b, ghost, a],
            "batch": {"makers": [ghost, b]},
            "by_role": {"x": a},
        },
        {"code": "null", "maker": None, "others": [], "batch": None, "by_role": {}},
        {"code": "missing"},
        {"code": "dangling", "maker": ghost, "others": [ghost, ghost]},
        {"code": "strange", "maker": b, "kept": {"unknown": [1]}, "others": [b]},
    ]
    await plain.insert_many(rows)
    return {"plain": plain, "makers": makers, "ghost": ghost, "before": await rows_of(plain)}


async def rows_of(collection: Any) -> list[dict[str, Any]]:
    return [row async for row in collection.find().sort("_id")]


async def by_query(depth: int) -> list[Part]:
    return await Part.find().sort("_id").fetch_links(depth=depth)


async def at_hand(depth: int) -> list[Part]:
    found = await Part.find().sort("_id")
    await fetch_links(found, depth=depth)
    return found


async def by_instance(depth: int) -> list[Part]:
    return [await part.fetch_links(depth=depth) for part in await Part.find().sort("_id")]


async def one_by_one(depth: int) -> list[Part]:
    found = await Part.find().sort("_id")
    for part in found:
        for path in ("maker", "others", "batch.makers", "by_role"):
            await part.fetch_links(path)
    return found


async def streamed(depth: int) -> list[Part]:
    return [part async for part in Part.find().sort("_id").batch_size(2).fetch_links(depth=depth)]


@pytest.mark.parametrize("fetch", [by_query, at_hand, by_instance, one_by_one, streamed])
@pytest.mark.parametrize("depth", [1, 3])
async def test_reading_loses_nothing_and_saving_stores_no_copy(parts: dict[str, Any], fetch: Any, depth: int) -> None:
    found = await fetch(depth)
    full = found[0]
    shown = [each.missing if isinstance(each, Link) else each.name for each in full.others]
    assert shown == ["b", "a", "b", True, "a"]
    assert [full.maker.name, full.by_role["x"].name, full.batch.makers[1].name] == ["a", "a", "b"]
    assert full.others[0] is full.others[2]
    assert [found[1].maker, found[1].others, found[2].maker, found[2].others] == [None, [], None, []]
    assert found[3].maker.missing
    for part in found:
        assert not part.is_changed
        await part.save()
        await part.save(link_rule=WriteRules.WRITE)
    assert await rows_of(parts["plain"]) == parts["before"]
    for part in found:
        await part.refresh()
        assert not part.is_changed
    again = found[0].others
    assert [link.id for link in again] == parts["before"][0]["others"]
    for part in found:
        part.code += "!"
        await part.save()
    expected = [{**row, "code": row["code"] + "!"} for row in parts["before"]]
    assert await rows_of(parts["plain"]) == expected
    await full.replace()
    assert (await parts["plain"].find_one({"code": "full!"})) == expected[0]


async def test_a_list_of_fetched_links_is_changed_like_any_list(parts: dict[str, Any]) -> None:
    a, b, c = parts["makers"]
    full = await Part.find_one(Part.code == "full").fetch_links()
    assert full is not None
    full.others.append(c)
    del full.others[0]
    full.maker = full.others[0]
    await full.save()
    row = await parts["plain"].find_one({"code": "full"})
    assert row["others"] == [a.id, b.id, parts["ghost"], a.id, c.id]
    assert row["maker"] == a.id


async def test_a_changed_linked_document_is_not_written_unasked(parts: dict[str, Any]) -> None:
    full = await Part.find_one(Part.code == "full").fetch_links()
    assert full is not None
    full.maker.name = "changed"
    await full.save()
    assert await Maker.find(Maker.name == "changed").count() == 0
    await full.save(link_rule=WriteRules.WRITE)
    assert await Maker.find(Maker.name == "changed").count() == 1
    assert await rows_of(parts["plain"]) == parts["before"]


async def test_a_link_to_what_was_never_saved_names_the_field(client: Any) -> None:
    new = Maker(name="new")
    for part, path in (
        (Part(code="x", maker=new), "maker"),
        (Part(code="x", others=[new]), "others"),
        (Part(code="x", batch=Batch(makers=[new])), "makers"),
        (Part(code="x", by_role={"k": new}), "by_role"),
    ):
        with pytest.raises(EncodeError, match=path):
            await part.insert()
    assert await Part.count() == 0


async def writes_of(client: Any) -> int:
    status = await client.pymongo().admin.command("serverStatus")
    metrics = status["metrics"]["commands"]
    return sum(int(metrics[name]["total"]) for name in ("find", "aggregate", "insert", "update", "delete"))


class Thing(Document):
    name: str
    made: Link[Maker] | None = None
    below: list[Link["Thing"]] = []

    class Settings:
        is_root = True


class Tool(Thing):
    size: int = 1


class Toy(Thing):
    age: int = 3


async def test_a_graph_over_k_collections_costs_at_most_2k_commands(client: Any) -> None:
    towns = [Town(name=str(number)) for number in range(5)]
    makers = [Maker(name=str(number), town=towns[number % 5]) for number in range(40)]
    leaves: list[Any] = [
        (Tool, Toy, Thing)[number % 3](name=str(number), made=makers[number % 40]) for number in range(90)
    ]
    middle = [Toy(name=f"m{number}", below=leaves[number * 9 : number * 9 + 9]) for number in range(10)]
    top = Tool(name="top", below=[*middle, *leaves[:5]])
    before = await writes_of(client)
    await top.insert(link_rule=WriteRules.WRITE)
    assert await writes_of(client) - before == 3
    assert [await Town.count(), await Maker.count(), await Thing.find().with_children().count()] == [5, 40, 101]
    # Half of it is changed and as much is new: an insert and an update for each collection.
    towns[0].name, makers[0].name, leaves[0].name, top.name = "t", "m", "l", "top of all"
    top.below.append(Toy(name="new", made=Maker(name="new", town=Town(name="new"))))
    before = await writes_of(client)
    await top.save(link_rule=WriteRules.WRITE)
    assert await writes_of(client) - before == 6
    stored = await Thing.get(top.id, with_children=True)
    assert stored is not None
    await stored.fetch_links(depth=4)
    assert [type(thing) for thing in stored.below[10:15]] == [Tool, Toy, Thing, Tool, Toy]
    assert (stored.below[-1].made.town.name, stored.below[0].below[0].name) == ("new", "l")
    assert not stored.is_changed


async def test_a_failure_half_way_names_what_is_written_and_half_linked(client: Any) -> None:
    await Maker.sync_indexes()
    await Maker(name="taken").insert()
    town = Town(name="new")
    part = Part(
        code="p", maker=Maker(name="fresh", town=town), others=[Maker(name="taken", town=town), Maker(name="never")]
    )
    with pytest.raises((BulkWriteError, DuplicateKeyError)) as caught:
        await part.insert(link_rule=WriteRules.WRITE)
    notes = "\n".join(caught.value.__notes__)
    assert [await Town.count(), await Maker.count(), await Part.count()] == [1, 2, 0]
    fresh = await Maker.find_one(Maker.name == "fresh")
    assert fresh is not None
    assert notes == f"written before this: Town({town.id!r}), Maker({fresh.id!r})"
    # What was written knows it: once the reason is gone, the same graph is saved and nothing is written twice.
    part.others[0].name = "free"
    await part.insert(link_rule=WriteRules.WRITE)
    assert [await Town.count(), await Maker.count(), await Part.count()] == [1, 4, 1]


class Ring(Document):
    name: Annotated[str, Indexed(unique=True)]
    following: Link["Ring"] | None = None


async def test_a_half_written_cycle_is_reported(client: Any) -> None:
    await Ring.sync_indexes()
    await Ring(name="taken").insert()
    first, second = Ring(name="first"), Ring(name="taken")
    first.following, second.following = second, first
    with pytest.raises((BulkWriteError, DuplicateKeyError)) as caught:
        await second.insert(link_rule=WriteRules.WRITE)
    assert await Ring.find(Ring.name == "first").count() == 1
    assert f"links lead to documents that are not stored: Ring({first.id!r}).following" in "".join(
        caught.value.__notes__
    )


async def test_a_linked_document_that_was_deleted_meanwhile_is_reported(parts: dict[str, Any]) -> None:
    full = await Part.find_one(Part.code == "full").fetch_links()
    assert full is not None
    await parts["makers"][0].delete()
    full.maker.name, full.code = "changed", "other"
    with pytest.raises(DocumentNotFound, match="Maker"):
        await full.save(link_rule=WriteRules.WRITE)
    assert await rows_of(parts["plain"]) == parts["before"]


async def test_hooks_of_the_whole_graph_run_unless_left_out(client: Any) -> None:
    called: list[str] = []

    class Leaf(Document):
        name: str

        @after_event(Insert)
        def note(self) -> None:
            called.append(self.name)

    class Tree(Document):
        leaf: Link[Leaf]

        @after_event(Insert)
        def note(self) -> None:
            called.append("tree")

    await Tree(leaf=Leaf(name="one")).insert(link_rule=WriteRules.WRITE)
    assert called == ["one", "tree"]
    await Tree(leaf=Leaf(name="two")).insert(link_rule=WriteRules.WRITE, skip_hooks=[After])
    await Tree(leaf=Leaf(name="two")).save(link_rule=WriteRules.WRITE, hooks=False)
    assert called == ["one", "tree"]


async def test_a_graph_in_a_transaction_is_written_whole_or_not_at_all(replica_set: Server, database_name: str) -> None:
    async with await connect(replica_set.uri, database=database_name) as client:
        for cls in (Town, Maker, Part):
            await client.pymongo()[database_name].create_collection(cls.__name__)
        part = Part(code="x", maker=Maker(name="a", town=Town(name="t")))
        session = await client.start_session()
        await session.start_transaction()
        await part.insert(link_rule=WriteRules.WRITE, session=session)
        await session.abort()
        assert [await Town.count(), await Maker.count(), await Part.count()] == [0, 0, 0]
        await client.pymongo().drop_database(database_name)


LINKING = [
    lambda part: part.replace(link_rule=WriteRules.WRITE),
    lambda part: part.update(Part.code.set("new"), link_rule=WriteRules.WRITE),
    lambda part: part.set({Part.code: "new"}, link_rule=WriteRules.WRITE),
]


@pytest.mark.parametrize("write", LINKING)
async def test_every_write_may_save_what_links_lead_to(client: Any, write: Any) -> None:
    maker = Maker(name="old", town=Town(name="far"))
    part = Part(code="p", maker=maker)
    await part.insert(link_rule=WriteRules.WRITE)
    maker.name, maker.town, part.code = "renamed", Town(name="near"), "new"
    await write(part)
    assert (await Part.get(part.id)).code == "new"  # type: ignore[union-attr]
    [stored] = await Maker.find().fetch_links()
    assert (stored.name, stored.town.name) == ("renamed", "near")


async def test_writes_leave_linked_documents_alone_unless_told(client: Any) -> None:
    maker = Maker(name="old")
    part = Part(code="p", maker=maker)
    await part.insert(link_rule=WriteRules.WRITE)
    maker.name = "renamed"
    await part.replace()
    await part.set({Part.code: "new"})
    assert (await Maker.find_one()).name == "old"  # type: ignore[union-attr]


async def test_find_one_fetches_links(client: Any) -> None:
    await Part(code="p", maker=Maker(name="m")).insert(link_rule=WriteRules.WRITE)
    found = await Part.find_one(Part.code == "p", fetch_links=True)
    assert found.maker.name == "m"  # type: ignore[union-attr]
