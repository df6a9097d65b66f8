"""Deleting what others link to: each rule leaves exactly what it says, wherever the link stands."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from bson import ObjectId

from data_bridge import BackLink, DeleteRules, Document, EmbeddedDocument, Link, WriteRules, connect
from data_bridge.embedded import Server
from data_bridge.errors import CompileError, DeleteDenied, SchemaError


class Room(Document):
    name: str


class Slot(EmbeddedDocument):
    at: int
    room: Link[Room] | None = Link(on_delete="nullify")
    spare: list[Link[Room]] = Link(on_delete="pull")


class Plan(Document):
    """A link under every roof."""

    single: Link[Room] | None = Link(on_delete="nullify")
    listed: list[Link[Room]] = Link(on_delete="pull")
    named: dict[str, Link[Room]] = Link(on_delete="pull")
    grouped: dict[str, list[Link[Room]]] = Link(on_delete="pull")
    rows: list[list[Link[Room]]] = Link(on_delete="pull")
    slot: Slot | None = None
    slots: list[Slot] = []
    days: dict[str, list[Slot]] = {}


class PlanByReference(Plan):
    class Settings:
        link_storage = "dbref"


class Untouched(Document):
    room: Link[Room]
    rooms: list[Link[Room]] = []


@pytest.fixture(params=["mongod", "replica_set"])
async def database(request: pytest.FixtureRequest, database_name: str) -> AsyncIterator[Any]:
    """A database of a server without transactions, and of one that has them."""
    server = request.getfixturevalue(request.param)
    async with await connect(server.uri, database=database_name) as client:
        yield client.pymongo()[database_name]
        await client.pymongo().drop_database(database_name)


async def everything(database: Any) -> dict[str, list[dict[str, Any]]]:
    names = sorted(await database.list_collection_names())
    return {name: [row async for row in database[name].find().sort("_id")] for name in names}


def slot(room: Any, other: Any) -> Slot:
    return Slot(at=1, room=room, spare=[room, other, room])


@pytest.mark.parametrize("cls", [Plan, PlanByReference])
async def test_cut_links_leave_all_else(database: Any, cls: type[Plan]) -> None:
    gone, kept, ghost = Room(name="gone"), Room(name="kept"), ObjectId()
    await Room.insert_many([gone, kept])

    def plan(room: Any, id: ObjectId) -> Plan:
        """The plan with one room, or without it where none is given."""
        rooms = [room, kept, ghost, room] if room else [kept, ghost]
        each = slot(room, kept) if room else Slot(at=1, room=None, spare=[kept])
        return cls(
            id=id,
            single=room,
            listed=rooms,
            named={"a": room, "b": kept} if room else {"b": kept},
            grouped={"x": [room], "y": rooms, "z": []} if room else {"x": [], "y": rooms, "z": []},
            rows=[[room], rooms, []] if room else [[], rooms, []],
            slot=each,
            slots=[each, slot(kept, ghost), Slot(at=2, room=None, spare=[])],
            days={"mon": [each, slot(kept, kept)], "tue": []},
        )

    id, other = ObjectId(), ObjectId()
    await plan(None, id).insert()
    expected = await database[cls.__name__].find_one({"_id": id})
    await database[cls.__name__].delete_many({})
    await plan(gone, id).insert()
    await plan(kept, other).insert()
    bystander = await database[cls.__name__].find_one({"_id": other})
    await Untouched(room=gone, rooms=[gone, kept]).insert()
    untouched = await database["Untouched"].find_one({})
    assert (await gone.delete())["n"] == 1
    assert await database[cls.__name__].find_one({"_id": id}) == expected
    assert await database[cls.__name__].find_one({"_id": other}) == bystander
    assert await database["Untouched"].find_one({}) == untouched
    assert [room.name for room in await Room.find()] == ["kept"]


class Hall(Document):
    name: str


class Guard(Document):
    hall: Link[Hall] | None = None
    posts: dict[str, Link[Hall]] = Link(on_delete="deny")


class Watch(Document):
    rounds: list[list[Link[Hall]]] = Link(on_delete="deny")


class Lamp(Document):
    hall: Link[Hall] = Link(on_delete="cascade")


class Bulb(Document):
    lamps: dict[str, Link[Lamp]] = Link(on_delete="cascade")


class Note(Document):
    bulb: Link[Bulb] | None = Link(on_delete="nullify")


async def test_deny_changes_nothing(database: Any) -> None:
    halls = [Hall(name=str(number)) for number in range(3)]
    await Hall.insert_many(halls)
    lamp = Lamp(hall=halls[0])
    await lamp.insert()
    bulb = Bulb(lamps={"a": lamp})
    await bulb.insert()
    await Note(bulb=bulb).insert()
    guard = Guard(posts={"door": halls[2]})
    await guard.insert()
    before = await everything(database)
    for refused in (Hall.find(), Hall.find(Hall.name == "2"), Hall.find_one(Hall.name == "2")):
        with pytest.raises(DeleteDenied, match=r"Guard\.posts .*nothing was deleted"):
            await refused.delete()
        assert await everything(database) == before
    with pytest.raises(DeleteDenied):
        await halls[2].delete()
    assert await everything(database) == before
    assert (await halls[0].delete())["n"] == 3
    after = await everything(database)
    assert [after["Lamp"], after["Bulb"], [note["bulb"] for note in after["Note"]]] == [[], [], [None]]
    assert after["Guard"] == before["Guard"]


async def test_lists_of_lists_deny_too(database: Any) -> None:
    first, second = Hall(name="a"), Hall(name="b")
    await Hall.insert_many([first, second])
    await Watch(rounds=[[], [first]]).insert()
    with pytest.raises(DeleteDenied, match=r"Watch\.rounds .*nothing was deleted"):
        await first.delete()
    assert await Hall.count() == 2
    assert (await second.delete())["n"] == 1


async def test_find_one_and_delete_obeys_the_links(database: Any) -> None:
    first, second = Hall(name="1"), Hall(name="2")
    await Hall.insert_many([first, second])
    await Lamp(hall=second).insert()
    await Guard(posts={"door": first}).insert()
    before = await everything(database)
    with pytest.raises(DeleteDenied, match=r"Guard\.posts .*nothing was deleted"):
        await Hall.find().find_one_and_delete(sort=Hall.name)
    assert await everything(database) == before
    gone = await Hall.find().find_one_and_delete(sort=-Hall.name)
    assert gone == second
    assert [await Hall.count(), await Lamp.count(), await Guard.count()] == [1, 0, 1]
    assert await Hall.find(Hall.name == "2").find_one_and_delete() is None


async def test_a_bulk_deletes_nothing_that_links_say_something_of(database: Any) -> None:
    hall, shelf = Hall(name="x"), Note(bulb=None)
    await hall.insert()
    await shelf.insert()
    for target in (hall, Hall.find()):
        with pytest.raises(CompileError, match=r"Hall .*a bulk does not obey"):
            async with Hall.bulk() as bulk:
                bulk.delete(target)
    assert await Hall.count() == 1
    async with Note.bulk() as notes:
        notes.delete(shelf)
    assert await Note.count() == 0


async def test_what_denies_and_is_deleted_itself_denies_nothing(database: Any) -> None:
    class Keeper(Document):
        hall: Link[Hall] = Link(on_delete="cascade")
        owns: Link[Hall] = Link(on_delete="deny")

    hall = Hall(name="x")
    await hall.insert()
    await Keeper(hall=hall, owns=hall).insert()
    assert (await hall.delete())["n"] == 2


class Ring(Document):
    name: str
    following: Link["Ring"] | None = Link(on_delete="cascade")


async def test_cascades_end_in_a_cycle(database: Any) -> None:
    rings = [Ring(name=str(number), following=None) for number in range(4)]
    for ring, following in zip(rings, [*rings[1:], rings[0]], strict=True):
        ring.following = following
    await rings[0].insert(link_rule=WriteRules.WRITE)
    alone = Ring(name="alone", following=None)
    await alone.insert()
    assert (await rings[2].delete())["n"] == 4
    assert [ring.name for ring in await Ring.find()] == ["alone"]


class Vehicle(Document):
    name: str
    tows: Link["Vehicle"] | None = Link(on_delete="deny")

    class Settings:
        is_root = True


class Truck(Vehicle):
    pass


class Trailer(Vehicle):
    pass


class Trip(Document):
    vehicles: list[Link[Vehicle]] = Link(on_delete="pull")


class Service(Document):
    truck: Link[Truck] = Link(on_delete="cascade")


async def test_rules_hold_within_a_family(database: Any) -> None:
    trailer = Trailer(name="trailer", tows=None)
    truck = Truck(name="truck", tows=trailer)
    other = Truck(name="other", tows=None)
    await truck.insert(link_rule=WriteRules.WRITE)
    await other.insert()
    await Trip(vehicles=[truck, trailer, other]).insert()
    await Service(truck=truck).insert()
    with pytest.raises(DeleteDenied, match=r"Truck\.tows"):
        await trailer.delete()
    # Both ends go, so nothing is left that denies.
    assert (await Vehicle.find(Vehicle.name != "other").with_children().delete())["n"] == 3
    assert [vehicle.name for vehicle in await Vehicle.find().with_children()] == ["other"]
    assert [link.id for link in (await Trip.find().one()).vehicles] == [other.id]
    assert await Service.count() == 0


async def test_links_are_deleted_with_the_document(database: Any) -> None:
    trailer = Trailer(name="trailer", tows=None)
    truck = Truck(name="truck", tows=trailer)
    trip = Trip(vehicles=[truck])
    await trip.insert(link_rule=WriteRules.WRITE)
    await Trailer(name="kept", tows=None).insert()
    assert (await trip.delete(link_rule=DeleteRules.DELETE_LINKS))["n"] == 3
    assert [vehicle.name for vehicle in await Vehicle.find().with_children()] == ["kept"]


class Source(Document):
    name: str


class Article(Document):
    source: Link[Source]


class Comment(Document):
    article: Link[Article] = Link(on_delete="cascade")


class Bookmark(Document):
    article: Link[Article] | None = Link(on_delete="nullify")


async def test_a_crash_between_two_commands_leaves_no_dangling_link(mongod: Server, database_name: str) -> None:
    async with await connect(mongod.uri, database=database_name) as client:
        article = Article(source=Source(name="x"))
        await article.insert(link_rule=WriteRules.WRITE)
        await Comment(article=article).insert()
        await Bookmark(article=article).insert()
        plain = client.pymongo()[database_name]
        await plain.command("profile", 2)
        await article.delete(link_rule=DeleteRules.DELETE_LINKS)
        await plain.command("profile", 0)
        writes = plain["system.profile"].find({"op": {"$in": ["update", "remove"]}}).sort("ts")
        order = [(row["op"], row["ns"].split(".")[1]) async for row in writes]
        assert order == [("update", "Bookmark"), ("remove", "Comment"), ("remove", "Article"), ("remove", "Source")]
        await client.pymongo().drop_database(database_name)


def test_a_back_link_of_links_in_a_dict_is_refused() -> None:
    class Museum(Document):
        paintings: list[BackLink["Painting"]] = BackLink(original_field="places")

    class Painting(Document):
        places: dict[str, Link[Museum]]

    with pytest.raises(SchemaError, match=r"Painting\.places, which stands in a dict"):
        _ = Museum.paintings


def test_a_back_link_of_links_in_lists_of_lists_is_refused() -> None:
    class Stadium(Document):
        games: list[BackLink["Season"]] = BackLink(original_field="rounds")

    class Season(Document):
        rounds: list[list[Link[Stadium]]]

    with pytest.raises(SchemaError, match=r"Season\.rounds, which stands in a list of lists"):
        _ = Stadium.games


class Shelf(Document):
    name: str


class Denying(Document):
    shelf: Link[Shelf] = Link(on_delete="deny")


class Cascading(Document):
    shelf: Link[Shelf] = Link(on_delete="cascade")


class Below(Document):
    above: Link[Cascading] = Link(on_delete="cascade")


class Nullified(Document):
    shelf: Link[Shelf] | None = Link(on_delete="nullify")


class Pulled(Document):
    shelves: list[Link[Shelf]] = Link(on_delete="pull")


async def test_deletions_obey_the_links(database: Any) -> None:
    kept, gone = Shelf(name="kept"), Shelf(name="gone")
    await Shelf.insert_many([kept, gone])
    cascading = Cascading(shelf=gone)
    await cascading.insert()
    await Cascading(shelf=kept).insert()
    await Below(above=cascading).insert()
    await Nullified(shelf=gone).insert()
    await Pulled(shelves=[gone, kept, gone]).insert()
    denying = Denying(shelf=gone)
    await denying.insert()
    with pytest.raises(DeleteDenied, match=r"Denying\.shelf"):
        await gone.delete()
    assert [await Shelf.count(), await Cascading.count(), await Below.count()] == [2, 2, 1]
    assert await Nullified.find(Nullified.shelf == gone).count() == 1
    await denying.delete()
    assert (await Shelf.find(Shelf.name == "gone").delete())["n"] == 3
    assert [await Shelf.count(), await Cascading.count(), await Below.count()] == [1, 1, 0]
    assert (await Nullified.find().one()).shelf is None
    assert [shelf.id for shelf in (await Pulled.find().one()).shelves] == [kept.id]
