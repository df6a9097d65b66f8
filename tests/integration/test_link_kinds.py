"""Links wherever they may stand, to whatever they may lead: stored, asked, fetched and saved again."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from bson import ObjectId

from data_bridge import BackLink, Count, Document, EmbeddedDocument, Group, Link, WriteRules, fetch_links
from data_bridge.errors import CompileError, SchemaError


class Person(Document):
    name: str


class Credit(EmbeddedDocument):
    role: str
    person: Link[Person]


class Scene(EmbeddedDocument):
    title: str
    director: Link[Person] | None = None
    credits: list[Credit] = []
    cast: dict[str, Link[Person]] = {}


class Film(Document):
    title: str
    opening: Scene
    scenes: list[Scene] = []
    by_name: dict[str, Scene] = {}
    crew: dict[str, list[Link[Person]]] = {}


@pytest.fixture
async def people(client: Any) -> dict[str, Person]:
    people = {name: Person(name=name) for name in ("Ann", "Bob", "Cid")}
    await Person.insert_many(list(people.values()))
    return people


def film(people: dict[str, Person], ghost: Any) -> Film:
    ann, bob, cid = people.values()
    return Film(
        title="one",
        opening=Scene(title="first", director=ann, credits=[Credit(role="x", person=bob)], cast={"a": cid}),
        scenes=[
            Scene(title="second", director=None, credits=[Credit(role="y", person=ghost)], cast={"b": ghost}),
            Scene(title="third", director=bob, credits=[Credit(role=role, person=ann) for role in "xyz"]),
        ],
        by_name={"last": Scene(title="last", director=cid, cast={"c": ann, "d": bob})},
        crew={"sound": [ann, ann, bob], "light": []},
    )


async def test_links_below_documents_lists_and_dicts(people: dict[str, Person], client: Any) -> None:
    ann, bob, _cid = people.values()
    ghost = ObjectId()
    await film(people, ghost).insert()
    plain = client.pymongo()[client.database]["Film"]
    before = await plain.find_one({})
    assert before["opening"]["credits"] == [{"role": "x", "person": bob.id}]
    assert before["by_name"]["last"]["cast"] == {"c": ann.id, "d": bob.id}
    assert before["crew"] == {"sound": [ann.id, ann.id, bob.id], "light": []}
    found = await Film.find().fetch_links().one()
    assert (found.opening.director.name, found.opening.credits[0].person.name) == ("Ann", "Bob")
    assert found.opening.cast["a"].name == "Cid"
    assert found.scenes[0].director is None
    assert [found.scenes[0].credits[0].person.missing, found.scenes[0].cast["b"].missing] == [True, True]
    assert [credit.person for credit in found.scenes[1].credits] == [found.opening.director] * 3
    assert found.scenes[1].credits[0].person is found.opening.director
    assert {name: person.name for name, person in found.by_name["last"].cast.items()} == {"c": "Ann", "d": "Bob"}
    assert [person.name for person in found.crew["sound"]] == ["Ann", "Ann", "Bob"]
    assert not found.is_changed
    found.title = "two"
    await found.save()
    await found.replace()
    assert await plain.find_one({}) == {**before, "title": "two"}


@pytest.mark.parametrize("strategy", ["auto", "batch", "lookup"])
async def test_predicates_through_links_in_embedded_documents(people: dict[str, Person], strategy: str) -> None:
    await film(people, ObjectId()).insert()

    async def meets(predicate: Any) -> bool:
        return await Film.find(predicate).fetch_links(depth=0, strategy=strategy).exists()

    assert await meets(Film.opening.director.name == "Ann")
    assert not await meets(Film.opening.director.name == "Bob")
    assert await meets(Film.opening.credits.person.name == "Bob")
    assert await meets(Film.scenes.director.name == "Bob")
    assert not await meets(Film.scenes.director.name == "Cid")
    assert await meets(Film.scenes.credits.person.name == "Ann")
    assert not await meets(Film.scenes.credits.person.name != "Ann")
    assert await meets(Film.scenes.credits.person.name != "Cid")


class Animal(Document):
    name: str
    keeper: Link["Keeper"] | None = None

    class Settings:
        is_root = True


class Dog(Animal):
    tricks: int = 0


class Cat(Animal):
    lives: int = 9


class Police(Dog):
    handler: Link["Keeper"] | None = None


class Keeper(Document):
    name: str
    animals: list[BackLink[Animal]] = BackLink(original_field="keeper")
    dogs: list[BackLink[Dog]] = BackLink(original_field="keeper")


class Owner(Document):
    pet: Link[Animal]
    pets: list[Link[Animal]] = []
    dog: Link[Dog] | None = None


async def test_a_link_to_a_root_gives_what_was_stored(client: Any) -> None:
    dog, cat, plain = Dog(name="Rex", tricks=3), Cat(name="Tom"), Animal(name="It")
    for animal in (dog, cat, plain):
        await animal.insert()
    await Owner(pet=cat, pets=[dog, cat, plain], dog=dog).insert()
    for depth in (1, 2):
        owner = await Owner.find().fetch_links(depth=depth).one()
        assert type(owner.pet) is Cat
        assert [type(pet) for pet in owner.pets] == [Dog, Cat, Animal]
        assert owner.dog is not None
        assert owner.dog.tricks == 3
    owner = await Owner.find().one()
    assert type(await owner.pet.fetch()) is Cat
    assert [type(await pet.fetch()) for pet in owner.pets] == [Dog, Cat, Animal]
    for strategy in ("batch", "lookup"):
        for predicate in (Owner.pet.name == "Tom", Owner.pets.name == "Rex", Owner.dog.tricks == 3):
            assert await Owner.find(predicate).fetch_links(strategy=strategy).count() == 1, strategy


async def test_a_link_to_a_subclass_does_not_meet_the_others(client: Any) -> None:
    cat = Cat(name="Tom")
    await cat.insert()
    await client.pymongo()[client.database]["Owner"].insert_one({"pet": cat.id, "pets": [], "dog": cat.id})
    owner = await Owner.find().fetch_links().one()
    assert isinstance(owner.dog, Link)
    assert owner.dog.missing
    assert type(owner.pet) is Cat
    for strategy in ("batch", "lookup"):
        assert await Owner.find(Owner.dog.name == "Tom").fetch_links(strategy=strategy).count() == 0, strategy
        assert await Owner.find(Owner.pet.name == "Tom").fetch_links(strategy=strategy).count() == 1, strategy


async def test_links_that_only_a_subclass_has_are_fetched_of_its_documents(client: Any) -> None:
    jo = Keeper(name="jo")
    await jo.insert()
    await Animal.insert_many([Police(name="a", handler=jo), Cat(name="b", keeper=jo), Animal(name="c")])
    found = await Animal.find().sort("name").with_children().fetch_links(Police.handler, Animal.keeper)
    assert [animal.name for animal in found] == ["a", "b", "c"]
    assert [found[0].handler.name, found[1].keeper.name] == ["jo", "jo"]
    await fetch_links(await Animal.find().with_children(), "handler")
    with pytest.raises(CompileError, match="has no link 'paws'"):
        Animal.find().fetch_links("paws")
    with pytest.raises(CompileError, match="has no link 'paws'"):
        await fetch_links(found, "paws")


async def test_a_back_link_of_a_subclass_leads_to_its_documents_only(client: Any) -> None:
    class Puppy(Dog):
        pass

    jo = Keeper(name="jo")
    await jo.insert()
    for animal in (Dog(name="Rex", keeper=jo), Puppy(name="Pip", keeper=jo), Cat(name="Tom", keeper=jo)):
        await animal.insert()
    for strategy in ("batch", "lookup"):
        for name, count in {"Rex": 1, "Pip": 1, "Tom": 0}.items():
            query = Keeper.find(Keeper.dogs.name == name).fetch_links(depth=0, strategy=strategy)
            assert await query.count() == count, (strategy, name)
        assert await Keeper.find(Keeper.animals.name == "Tom").fetch_links(strategy=strategy).count() == 1
    jo = await Keeper.find().fetch_links().one()
    assert [type(animal) for animal in jo.animals] == [Dog, Puppy, Cat]
    assert [type(dog) for dog in jo.dogs] == [Dog, Puppy]
    rows = await Keeper.aggregate([Group(by=Keeper.dogs.name, n=Count())])
    assert [sorted(row["_id"]) for row in rows] == [["Pip", "Rex"]]


class Elsewhere(Document):
    name: str

    class Settings:
        database = "test_links_elsewhere"


class Here(Document):
    title: str
    far: Link[Elsewhere]


class HereByReference(Here):
    class Settings:
        link_storage = "dbref"


@pytest.mark.parametrize("cls", [Here, HereByReference])
async def test_links_to_another_database(client: Any, cls: type[Here]) -> None:
    try:
        far = Elsewhere(name="far")
        await cls(title="here", far=far).insert(link_rule=WriteRules.WRITE)
        assert await client.pymongo()["test_links_elsewhere"]["Elsewhere"].count_documents({}) == 1
        for strategy in ("auto", "batch"):
            found = await cls.find(cls.far.name == "far").fetch_links(strategy=strategy).one()
            assert found.far.name == "far"
        assert await cls.find(cls.far == far).count() == 1
        assert await cls.find(cls.far.name != "far").count() == 0
        assert await cls.find(cls.far.name == "far", cls.id == found.id).count() == 1
        with pytest.raises(CompileError, match="another database"):
            await cls.find(cls.far.name == "far").fetch_links(strategy="lookup")
        with pytest.raises(CompileError, match="another database"):
            await cls.find().sort(cls.far.name)
        assert await cls.audit_links() == []
        await far.delete()
        [dangling] = await cls.audit_links()
        assert (dangling.path, dangling.count, dangling.examples) == ("far", 1, [found.id])
    finally:
        await client.pymongo().drop_database("test_links_elsewhere")


class Node(Document):
    name: str
    parent: Link["Node"] | None = None
    friends: list[Link["Node"]] = []
    children: list[BackLink["Node"]] = BackLink(original_field="parent")


async def test_links_to_the_same_class(client: Any) -> None:
    top = Node(name="top")
    middle = Node(name="middle", parent=top)
    low = Node(name="low", parent=middle, friends=[top, middle])
    await low.insert(link_rule=WriteRules.WRITE)
    for strategy in ("batch", "lookup"):
        found = await Node.find(Node.parent.parent.name == "top").fetch_links(depth=2, strategy=strategy).one()
        assert found.name == "low"
        assert found.parent is not None
        assert found.parent.parent.name == "top"
        names = [node.name for node in await Node.find(Node.children.name == "middle").fetch_links(strategy=strategy)]
        assert names == ["top"]
    await found.fetch_links(Node.parent.children)
    assert found.parent is not None
    assert [child.name for child in found.parent.children] == ["low"]


async def test_a_cycle_of_new_documents_is_saved(client: Any) -> None:
    ann, bob = Node(name="ann"), Node(name="bob")
    ann.parent, bob.parent = bob, ann
    ann.friends = [ann, bob, ann]
    await ann.save(link_rule=WriteRules.WRITE)
    assert await Node.count() == 2
    again = await Node.find_one(Node.name == "ann").fetch_links(depth=3)
    assert again is not None
    assert again.parent is not None
    assert again.parent.parent.name == "ann"
    assert [friend.name for friend in again.friends] == ["ann", "bob", "ann"]
    before = [row async for row in client.pymongo()[client.database]["Node"].find().sort("_id")]
    await again.save(link_rule=WriteRules.WRITE)
    assert [row async for row in client.pymongo()[client.database]["Node"].find().sort("_id")] == before


class ByInt(Document):
    id: int
    name: str


class ByStr(Document):
    id: str
    name: str


class ByUUID(Document):
    id: UUID
    name: str


class Key(EmbeddedDocument):
    shop: int
    code: str


class ByKey(Document):
    id: Key
    name: str


class Kinds(Document):
    number: Link[ByInt]
    text: Link[ByStr]
    uuid: Link[ByUUID]
    key: Link[ByKey]
    numbers: list[Link[ByInt]] = []
    texts: list[Link[ByStr]] = []
    uuids: list[Link[ByUUID]] = []
    keys: list[Link[ByKey]] = []


class KindsByReference(Kinds):
    key: Link[ByInt]  # type: ignore[assignment]
    keys: list[Link[ByInt]] = []  # type: ignore[assignment]

    class Settings:
        link_storage = "dbref"


@pytest.mark.parametrize("cls", [Kinds, KindsByReference])
@pytest.mark.parametrize("strategy", ["batch", "lookup"])
async def test_ids_of_any_type(client: Any, cls: type[Kinds], strategy: str) -> None:
    uuid = uuid4()
    number, text, unique = ByInt(id=0, name="zero"), ByStr(id="", name="nothing"), ByUUID(id=uuid, name="u")
    composed = ByKey(id=Key(shop=1, code="a"), name="k")
    for target in (number, text, unique, composed):
        await target.insert()
    by_key = cls is Kinds
    key: Any = composed if by_key else number
    stored = cls(
        number=0, text="", uuid=str(uuid), key=key, numbers=[0, 9], texts=["", "x"], uuids=[uuid], keys=[key, key]
    )
    await stored.insert()
    predicates = [cls.number.name == "zero", cls.text.name == "nothing", cls.uuid.name == "u", cls.key.name == key.name]
    predicates += [cls.numbers.name == "zero", cls.texts.name == "nothing", cls.uuids.name == "u"]
    predicates += [cls.keys.name == key.name, cls.number == number, cls.number == 0, cls.text == "", cls.uuid == uuid]
    predicates += [cls.key == key, cls.uuids == unique, cls.numbers.in_([0, 3]), cls.texts == text, cls.keys == key]
    for predicate in predicates:
        assert await cls.find(predicate).fetch_links(depth=0, strategy=strategy).count() == 1, predicate
    found = await cls.find().fetch_links().one()
    assert [found.number.name, found.text.name, found.uuid.name, found.key.name] == ["zero", "nothing", "u", key.name]
    assert [isinstance(each, Link) for each in (*found.numbers, *found.texts)] == [False, True, False, True]
    assert found.keys[0] is found.keys[1]
    assert not found.is_changed
    fresh = await cls.find().one()
    assert (await fresh.key.fetch()).name == key.name
    await fetch_links([fresh])
    assert fresh.uuids[0].name == "u"


def test_a_reference_to_an_id_that_is_a_document_is_refused() -> None:
    class Referring(Document):
        key: Link[ByKey]

        class Settings:
            link_storage = "dbref"

    with pytest.raises(SchemaError, match=r"Referring\.key.*link_storage"):
        Referring(key=ByKey(id=Key(shop=1, code="a"), name="k")).insert().run_sync()
