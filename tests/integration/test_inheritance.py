"""Families of documents in one collection, on a real server."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId
from pydantic import ConfigDict

from data_bridge import Count, Document, EmbeddedDocument, Group, Sort
from data_bridge.errors import CompileError, DecodeError, SchemaError
from data_bridge.layout import family_layout


class Engine(EmbeddedDocument):
    power: int


class Vehicle(Document):
    color: str
    owner: str | None = None

    class Settings:
        name = "vehicles"
        is_root = True
        indexes = ["color"]


class Bicycle(Vehicle):
    frame: int


class Car(Vehicle):
    fuel: str
    engine: Engine | None = None

    class Settings:
        indexes = ["fuel"]


class Bus(Car):
    seats: int = 50


class Truck(Vehicle):
    model_config = ConfigDict(extra="forbid")
    load: int

    class Settings:
        class_id = "lorry"


@pytest.fixture
async def fleet(client: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "vehicle": Vehicle(color="red"),
        "bicycle": Bicycle(color="red", frame=52),
        "car": Car(color="blue", fuel="petrol", engine=Engine(power=90)),
        "bus": Bus(color="red", fuel="diesel", seats=40),
        "truck": Truck(color="blue", load=7),
    }
    await Vehicle.insert_many(list(made.values()))
    return made


async def test_documents_are_stored_with_their_class_behind_the_id(fleet: dict[str, Any]) -> None:
    stored = {row["_class_id"]: row async for row in Vehicle.collection().find()}
    assert list(stored) == ["Vehicle", "Vehicle.Bicycle", "Vehicle.Car", "Vehicle.Car.Bus", "lorry"]
    assert list(stored["Vehicle.Car"])[:3] == ["_id", "_class_id", "color"]
    assert Bus.settings().name == "vehicles"
    assert not Bus.settings().is_root


async def test_a_root_gives_its_own_and_with_children_all(fleet: dict[str, Any]) -> None:
    assert await Vehicle.find().to_list() == [fleet["vehicle"]]
    assert await Vehicle.count() == 1
    everything = await Vehicle.find(with_children=True).sort(Vehicle.id)
    assert everything == list(fleet.values())
    assert [type(each) for each in everything] == [Vehicle, Bicycle, Car, Bus, Truck]
    assert [each.is_changed for each in everything] == [False] * 5
    assert await Vehicle.find(Vehicle.color == "red").with_children().count() == 3
    assert [each async for each in Vehicle.find().with_children().sort(Vehicle.id)] == everything
    assert await Vehicle.find_one(Vehicle.color == "blue", with_children=True, sort="_id") == fleet["car"]
    assert await Vehicle.find_all(with_children=True, sort="-_id", limit=1).to_list() == [fleet["truck"]]


async def test_a_class_below_gives_its_own_and_with_children_those_below_it(fleet: dict[str, Any]) -> None:
    assert await Car.find(with_children=True).sort(Car.id) == [fleet["car"], fleet["bus"]]
    assert await Car.find().to_list() == [fleet["car"]]
    assert await Car.find(with_children=True).with_children(False).to_list() == [fleet["car"]]
    assert await Bus.find().to_list() == [fleet["bus"]]
    assert await Car.find(Bus.seats == 40, with_children=True).to_list() == [fleet["bus"]]
    assert await Truck.find(Truck.load > 5).to_list() == [fleet["truck"]]
    page = await Car.find(with_children=True).paginate(1)
    assert page.items == [fleet["car"]]
    assert (await Car.find(with_children=True).paginate(1, after=page.next)).items == [fleet["bus"]]


def test_the_condition_is_part_of_the_plan() -> None:
    assert Car.find().plan().commands[0]["filter"] == {"_class_id": "Vehicle.Car"}
    assert Car.find(Car.fuel == "gas", with_children=True).plan().commands[0]["filter"] == {
        "_class_id": {"$in": ["Vehicle.Car", "Vehicle.Car.Bus"]},
        "fuel": "gas",
    }
    assert Vehicle.find().plan().commands[0]["filter"] == {"_class_id": "Vehicle"}
    assert Vehicle.find(with_children=True).plan().commands[0]["filter"] == {}
    assert "_class_id" in str(Bus.find().plan())


async def test_fields_of_children_are_fields_of_the_query(fleet: dict[str, Any]) -> None:
    assert await Vehicle.find(Car.fuel == "petrol").with_children().to_list() == [fleet["car"]]
    assert await Vehicle.find({"engine.power": {"$gt": 50}}).with_children().to_list() == [fleet["car"]]
    assert await Vehicle.find({"_class_id": "lorry"}, with_children=True).to_list() == [fleet["truck"]]
    with pytest.raises(CompileError, match="fuel"):
        Vehicle.find(Car.fuel == "petrol").plan()
    with pytest.raises(CompileError, match="frame"):
        Car.find({"frame": 3})


async def test_get_sends_the_id_alone_and_looks_at_the_class_afterwards(
    fleet: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = fleet["bus"]
    assert await Bus.get(bus.id) == await Vehicle.get(bus.id, with_children=True) == bus
    assert await Car.get(bus.id, with_children=True) == bus
    assert await Vehicle.get(bus.id) is None
    assert await Car.get(bus.id) is None
    assert await Bicycle.get(bus.id) is None
    assert await Vehicle.get(str(fleet["vehicle"].id)) == fleet["vehicle"]
    assert await Car.get(ObjectId()) is None
    filters: list[Any] = []
    from data_bridge import _core

    execute = _core.execute

    def recorded(client: Any, compiled: Any, *rest: Any) -> Any:
        filters.append(compiled.commands[0]["filter"])
        return execute(client, compiled, *rest)

    monkeypatch.setattr(_core, "execute", recorded)
    await Bus.get(bus.id)
    assert filters == [{"_id": bus.id}]


async def test_a_class_that_is_not_defined_is_an_error_that_names_the_document(fleet: dict[str, Any]) -> None:
    inserted = await Vehicle.collection().insert_one({"_class_id": "Vehicle.Boat", "color": "white"})
    with pytest.raises(DecodeError, match=r"Vehicle\.Boat.*import the module") as raised:
        await Vehicle.find(with_children=True).to_list()
    assert raised.value.document_id == inserted.inserted_id
    with pytest.raises(DecodeError, match="Boat"):
        await Vehicle.get(inserted.inserted_id)
    assert len(await Car.find(with_children=True).to_list()) == 2
    await Vehicle.collection().update_one({"_id": inserted.inserted_id}, {"$unset": {"_class_id": 1}})
    with pytest.raises(DecodeError, match="has no text in _class_id"):
        await Vehicle.find(with_children=True).to_list()


async def test_what_becomes_of_an_unknown_class_is_a_setting(client: Any) -> None:
    class Plant(Document):
        class Settings:
            is_root = True
            on_invalid = "skip"

    class Animal(Document):
        class Settings:
            is_root = True
            on_invalid = "raw"

    for root in (Plant, Animal):
        await root.collection().insert_many([{"_id": ObjectId(), "_class_id": id} for id in (root.__name__, "gone")])
    assert [type(each) for each in await Plant.find(with_children=True)] == [Plant]
    assert [type(each) for each in await Animal.find(with_children=True)] == [Animal, dict]


async def test_writes_touch_their_own_classes_only(fleet: dict[str, Any]) -> None:
    assert (await Car.find(with_children=True).update(Car.color.set("green")))["n"] == 2
    assert (await Vehicle.update_all(Vehicle.color.set("grey")))["n"] == 1
    assert (await Vehicle.find(Vehicle.color == "green").with_children().update(Vehicle.owner.set("Ann")))["n"] == 2
    fleet["bus"].seats = 60
    await fleet["bus"].save()
    assert (await Bus.find().one()).seats == 60
    await fleet["car"].set({Car.fuel: "gas"})
    assert (fleet["car"].fuel, fleet["car"].owner) == ("gas", "Ann")
    fleet["truck"].load = 9
    await fleet["truck"].replace()
    await fleet["truck"].refresh()
    assert fleet["truck"].load == 9
    assert (await Vehicle.collection().find_one({"_id": fleet["truck"].id}))["_class_id"] == "lorry"
    assert (await Car.delete_all())["n"] == 1
    assert await Vehicle.find(with_children=True).count() == 4


async def test_what_an_upsert_inserts_is_of_the_class(client: Any) -> None:
    await Car.find(Car.color == "pink").upsert(Car.fuel.set("gas"))
    await Car.find(Car.color == "gold").upsert([{"$set": {"fuel": "petrol"}}])
    await Bus.find(Bus.color == "lime").upsert(Bus.seats.set(3), on_insert=Bus(color="lime", fuel="gas"))
    await Car.find(Car.color == "teal").find_one_and_update(Car.fuel.set("air"), upsert=True)
    rows = [(row["color"], row["_class_id"]) async for row in Vehicle.collection().find()]
    cars = "Vehicle.Car"
    assert rows == [("pink", cars), ("gold", cars), ("lime", "Vehicle.Car.Bus"), ("teal", cars)]


async def test_aggregates_over_a_class(fleet: dict[str, Any]) -> None:
    cars = Car.find(with_children=True)
    rows = await cars.aggregate([Group(by=Car.color, count=Count()), Sort(_id=1)]).to_list()
    assert rows == [{"_id": "blue", "count": 1}, {"_id": "red", "count": 1}]
    rows = await Vehicle.find(with_children=True).aggregate([Group(by=Vehicle.color, count=Count())]).to_list()
    assert {row["_id"]: row["count"] for row in rows} == {"red": 3, "blue": 2}


async def test_rows_of_a_projection_are_of_the_class_they_are_put_into(fleet: dict[str, Any]) -> None:
    rows = await Car.find(with_children=True).project(Car).sort("_id")
    assert [(type(row), row.fuel) for row in rows] == [(Car, "petrol"), (Car, "diesel")]
    cars = Car.find(with_children=True)
    rows = await cars.aggregate([{"$unset": "_class_id"}, Sort(_id=1)], output=Car).to_list()
    assert [(type(row), row.color) for row in rows] == [(Car, "blue"), (Car, "red")]


async def test_a_stage_that_must_be_first_stays_first(client: Any) -> None:
    await Car.collection().create_index([("place", "2dsphere")])
    point = {"type": "Point", "coordinates": [0, 0]}
    await Car.collection().insert_one({"_class_id": "Vehicle.Car", "place": point})
    await Car.collection().insert_one({"_class_id": "Vehicle", "place": point})
    near = {"$geoNear": {"near": point, "distanceField": "far", "key": "place"}}
    assert [row["_class_id"] for row in await Car.aggregate([near]).to_list()] == ["Vehicle.Car"]


async def test_indexes_of_a_family_are_those_of_all_classes(client: Any) -> None:
    assert sorted(await Vehicle.sync_indexes()) == ["color_1", "fuel_1"]
    assert set(await Vehicle.collection().index_information()) == {"_id_", "color_1", "fuel_1"}


def test_a_document_inside_another_keeps_its_fields() -> None:
    class Garage(Document):
        first: Truck

    stored = Garage(first=Truck(color="red", load=1))
    from data_bridge.layout import layout_of

    layout = layout_of(Garage)
    assert layout.decode(layout.encode(stored)) == stored


def test_the_children_may_be_defined_late() -> None:
    class Shape(Document):
        class Settings:
            is_root = True

    assert Shape.find(with_children=True).plan().commands

    class Circle(Shape):
        radius: int

    assert Shape.find(Circle.radius == 3, with_children=True).plan().commands[0]["filter"] == {"radius": 3}
    layout = family_layout((Shape, Circle))
    from data_bridge._core import encode_document

    assert type(layout.decode(encode_document({"_class_id": "Shape.Circle", "radius": 1}))) is Circle


def test_families_that_cannot_be_are_refused() -> None:
    with pytest.raises(SchemaError, match=r"shares the collection of its root.*leave it out"):

        class Boat(Vehicle):
            class Settings:
                name = "boats"

    with pytest.raises(SchemaError, match="two roots"):

        class Plane(Vehicle):
            class Settings:
                is_root = True

    with pytest.raises(SchemaError, match="same class id 'lorry'"):

        class Cart(Vehicle):
            class Settings:
                class_id = "lorry"

    with pytest.raises(SchemaError, match="_class_id"):

        class Tram(Vehicle):
            kind: str

            model_config = ConfigDict(alias_generator=lambda name: "_class_id" if name == "kind" else name)


def test_a_subclass_outside_a_family_has_its_own_collection() -> None:
    class Base(Document):
        class Settings:
            name = "bases"
            keep_nulls = False

    class Derived(Base):
        pass

    assert Derived.settings().name == "Derived"
    assert not Derived.settings().keep_nulls
    assert "_class_id" not in str(Derived.find().plan())
