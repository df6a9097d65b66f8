"""Ids first = a join in the server = an evaluator written here, over random graphs of links, on a real server."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from bson import DBRef
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from data_bridge import BackLink, Document, F, Group, Limit, Link, Match, Project, Push, Sort, Unwind, connect
from data_bridge.embedded import Server

NAMES = st.sampled_from(["Ann", "Bob", None])
IDS = st.integers(1, 4)
#: 9 leads nowhere; 3 of the ids are always stored; a text is an id of the wrong type.


def links(collection: str) -> st.SearchStrategy[Any]:
    """What is stored of links to a collection, in both forms, and what leads nowhere."""
    return st.one_of(IDS, IDS.map(lambda id: DBRef(collection, id)), st.sampled_from([9, None, "wrong"]))


LINKS = links("Person")
PEOPLE = st.dictionaries(
    IDS, st.fixed_dictionaries({}, optional={"name": NAMES, "age": st.integers(0, 3), "friend": LINKS}), max_size=4
)
THINGS = st.lists(
    st.fixed_dictionaries({}, optional={"owner": LINKS, "users": st.lists(LINKS, max_size=3) | st.none()}), max_size=6
)


class Person(Document):
    id: int
    name: str | None = None
    age: int = 0
    friend: Link["Person"] | None = None
    things: list[BackLink["Thing"]] = BackLink(original_field="owner")


class Thing(Document):
    id: int
    owner: Link[Person] | None = None
    users: list[Link[Person]] = []


class KeptPerson(Person):
    """The same people, of whom it is known that their links are ids."""

    friend: Link["KeptPerson"] | None = None
    things: list[BackLink["KeptThing"]] = BackLink(original_field="owner")

    class Settings:
        name = "Person"
        trust_schema = True


class KeptThing(Thing):
    owner: Link[KeptPerson] | None = None
    users: list[Link[KeptPerson]] = []

    class Settings:
        name = "Thing"
        trust_schema = True


Row = dict[str, Any]
Data = dict[str, dict[int, Row]]


def targets(data: Data, value: Any) -> list[Row]:
    """The people that a stored link, or a list of them, leads to."""
    found = []
    for item in value if isinstance(value, list) else [value]:
        id = item.id if isinstance(item, DBRef) else item
        if id is not None and id in data["people"]:
            found.append(data["people"][id])
    return found


LEAVES: list[tuple[Any, Any]] = [
    (lambda person: person.name == "Ann", lambda row: row.get("name") == "Ann"),
    (lambda person: person.name.in_(["Ann", "Bob"]), lambda row: row.get("name") in ("Ann", "Bob")),
    (lambda person: person.age > 1, lambda row: row.get("age", -1) > 1),
    (lambda person: person.name.startswith("B"), lambda row: (row.get("name") or "").startswith("B")),
    (lambda person: person.name.exists(), lambda row: "name" in row),
]


def some(data: Data, link: str, leaf: Any) -> Any:
    return lambda row: any(leaf(target) for target in targets(data, row.get(link)))


def friend(data: Data, link: str, leaf: Any) -> Any:
    return lambda row: any(some(data, "friend", leaf)(target) for target in targets(data, row.get(link)))


@st.composite
def predicates(draw: st.DrawFn, thing: Any = Thing) -> tuple[Any, Any]:
    """A predicate over things, and the function of the data that says which rows meet it."""
    link = draw(st.sampled_from(["owner", "users"]))
    built, leaf = draw(st.sampled_from(LEAVES))
    far = draw(st.booleans())
    field = getattr(thing, link)
    predicate = built(field.friend if far else field)
    follow = friend if far else some

    def simple(data: Data) -> Any:
        return follow(data, link, leaf)

    shape = draw(st.sampled_from(["plain", "not", "null", "not null", "ne", "and", "or", "any", "position"]))
    if shape == "any":
        other, other_leaf = draw(st.sampled_from(LEAVES))

        def both(person: Any) -> Any:
            return built(person.friend if far else person) & other(person)

        def meets(data: Data) -> Any:
            first = (lambda target: some(data, "friend", leaf)(target)) if far else leaf
            return some(data, "users", lambda target: first(target) and other_leaf(target))

        return thing.users.any(both), meets
    if shape == "position":
        at = draw(st.integers(0, 1))

        def one(data: Data) -> Any:
            met = follow(data, "users", leaf)
            return lambda row: met({"users": (row.get("users") or [])[at : at + 1]})

        return built(thing.users[at].friend if far else thing.users[at]), one
    if shape == "not":
        return ~predicate, lambda data: lambda row: not simple(data)(row)
    if shape == "ne":
        return field.name != "Ann", lambda data: lambda row: not some(data, link, LEAVES[0][1])(row)
    if shape in ("null", "not null"):

        def is_null(data: Data) -> Any:
            nulls = some(data, link, lambda target: target.get("name") is None)
            return lambda row: nulls(row) or not targets(data, row.get(link))

        if shape == "null":
            return field.name.is_null(), is_null
        return field.name != None, lambda data: lambda row: not is_null(data)(row)  # noqa: E711
    other, other_leaf = draw(st.sampled_from(LEAVES))
    if shape == "and":
        return predicate & other(
            thing.owner
        ), lambda data: lambda row: simple(data)(row) and some(data, "owner", other_leaf)(row)
    if shape == "or":
        return predicate | other(
            thing.owner
        ), lambda data: lambda row: simple(data)(row) or some(data, "owner", other_leaf)(row)
    return predicate, simple


@pytest.fixture(scope="module")
def database(mongod: Server) -> Iterator[Any]:
    with connect(mongod.uri, database="link_strategies").run_sync(), MongoClient[dict[str, Any]](mongod.uri) as plain:
        yield plain["link_strategies"]
        plain.drop_database("link_strategies")


def load(database: Any, people: dict[int, Row], things: list[Row]) -> Data:
    stored = {id: {"_id": id, **row} for id, row in people.items()}
    rows = {number: {"_id": number, **row} for number, row in enumerate(things)}
    for name, documents in (("Person", stored), ("Thing", rows)):
        database[name].delete_many({})
        if documents:
            database[name].insert_many([dict(row) for row in documents.values()])
    return {"people": stored, "things": rows}


QUIET = settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@QUIET
@given(people=PEOPLE, things=THINGS, query=predicates(), only=st.none() | st.lists(st.integers(0, 5), max_size=3))
def test_all_strategies_agree(
    database: Any, people: dict[int, Row], things: list[Row], query: tuple[Any, Any], only: list[int] | None
) -> None:
    data = load(database, people, things)
    predicate, meets = query
    if only is not None:  # few documents, and so another way
        predicate = Thing.id.in_(only) & predicate
    expected = [id for id, row in data["things"].items() if meets(data)(row) and (only is None or id in only)]
    for strategy in ("auto", "batch", "lookup"):
        for flags in (True, False):
            built = Thing.find(predicate).sort("_id").fetch_links(depth=0, strategy=strategy).optimize(flags)
            rows = built.project("_id").to_list().run_sync()
            assert [row["_id"] for row in rows] == expected, strategy
            assert built.count().run_sync() == len(expected), strategy


@QUIET
@given(people=PEOPLE, things=THINGS, first=predicates(), then=predicates(), limit=st.integers(1, 4))
def test_strategies_agree_around_a_limit(
    database: Any, people: dict[int, Row], things: list[Row], first: Any, then: Any, limit: int
) -> None:
    data = load(database, people, things)
    kept = [id for id, row in data["things"].items() if first[1](data)(row)][:limit]
    expected = [id for id in kept if then[1](data)(data["things"][id])]
    pipeline = [Match(first[0]), Sort(Thing.id), Limit(limit), Match(then[0]), Project(Thing.id)]
    for strategy in ("auto", "batch", "lookup"):
        rows = Thing.find().fetch_links(depth=0, strategy=strategy).aggregate(pipeline).to_list().run_sync()
        assert [row["_id"] for row in rows] == expected, strategy


RENAMED = SimpleNamespace(owner=F.by, users=F.them)


@QUIET
@given(people=PEOPLE, things=THINGS, query=predicates(RENAMED))
def test_strategies_agree_behind_a_stage(database: Any, people: dict[int, Row], things: list[Row], query: Any) -> None:
    data = load(database, people, things)
    expected = [id for id, row in data["things"].items() if query[1](data)(row)]
    pipeline = [Project(by=Thing.owner, them=Thing.users), Match(query[0]), Sort(Thing.id), Project("_id")]
    for strategy in ("auto", "batch", "lookup"):
        for flags in (True, False):
            found = Thing.find().fetch_links(depth=0, strategy=strategy).aggregate(pipeline).optimize(flags)
            assert [row["_id"] for row in found.to_list().run_sync()] == expected, strategy


@QUIET
@given(people=PEOPLE, things=THINGS)
def test_linked_fields_of_elements_are_read(database: Any, people: dict[int, Row], things: list[Row]) -> None:
    data = load(database, people, things)
    ages = {
        id: sorted(target.get("age", -1) for user in row.get("users") or [] for target in targets(data, user))
        for id, row in data["things"].items()
    }
    age = Thing.users.age.if_null(-1)
    pipeline = [Unwind(Thing.users), Match(Thing.users.id.exists()), Group(by=Thing.id, ages=Push(age)), Sort(_id=1)]
    rows = Thing.aggregate(pipeline).to_list().run_sync()
    assert {row["_id"]: sorted(row["ages"]) for row in rows} == {id: found for id, found in ages.items() if found}


@QUIET
@given(people=PEOPLE, things=THINGS, only=st.none() | st.lists(IDS, max_size=3), negated=st.booleans())
def test_back_links_agree(
    database: Any, people: dict[int, Row], things: list[Row], only: list[int] | None, negated: bool
) -> None:
    data = load(database, people, things)
    owners = {
        target["_id"]
        for row in data["things"].values()
        if len(targets(data, row.get("users"))) > 1
        for target in targets(data, row.get("owner"))
    }
    wanted = [id for id, row in data["things"].items() if len(targets(data, row.get("users"))) > 1]
    predicate = Person.things.id.in_(wanted)
    met = sorted(set(data["people"]) - owners if negated else owners)
    expected = [id for id in met if only is None or id in only]
    query = Person.find(~predicate if negated else predicate).sort("_id")
    if only is not None:
        query = query.find(Person.id.in_(only))
    for strategy in ("auto", "batch", "lookup"):
        rows = query.fetch_links(depth=0, strategy=strategy).project("_id").to_list().run_sync()
        assert [row["_id"] for row in rows] == expected, strategy


def as_ids(row: Row) -> Row:
    """The row with the ids of references in their place."""
    plain = {key: value.id if isinstance(value, DBRef) else value for key, value in row.items()}
    if plain.get("users") is not None:
        plain["users"] = [item.id if isinstance(item, DBRef) else item for item in plain["users"]]
    return plain


@QUIET
@given(people=PEOPLE, things=THINGS, query=predicates(KeptThing), only=st.none() | st.lists(IDS, max_size=3))
def test_links_whose_form_is_known_agree(
    database: Any, people: dict[int, Row], things: list[Row], query: tuple[Any, Any], only: list[int] | None
) -> None:
    data = load(database, {id: as_ids(row) for id, row in people.items()}, [as_ids(row) for row in things])
    predicate, meets = query
    if only is not None:
        predicate = KeptThing.id.in_(only) & predicate
    expected = [id for id, row in data["things"].items() if meets(data)(row) and (only is None or id in only)]
    owned = sorted(
        id
        for id in data["people"]
        if any(row.get("owner") == id and (row["_id"] in expected) for row in data["things"].values())
    )
    for strategy in ("auto", "batch", "lookup"):
        built = KeptThing.find(predicate).sort("_id").fetch_links(depth=0, strategy=strategy)
        assert [row["_id"] for row in built.project("_id").to_list().run_sync()] == expected, strategy
        back = KeptPerson.find(KeptPerson.things.id.in_(expected)).fetch_links(depth=0, strategy=strategy)
        assert [row["_id"] for row in back.sort("_id").project("_id").to_list().run_sync()] == owned, strategy
    for person in data["people"]:
        met = [id for id in expected if data["things"][id].get("owner") == person]
        assert KeptThing.find(KeptThing.owner == person, predicate).count().run_sync() == len(met)


def fits(row: Row) -> bool:
    """Whether the class can load it."""
    users = row.get("users", [])
    return users is not None and None not in users and "wrong" not in (*users, row.get("owner"), row.get("friend"))


@QUIET
@given(people=PEOPLE, things=THINGS)
def test_fetching_and_saving_loses_nothing(database: Any, people: dict[int, Row], things: list[Row]) -> None:
    things = [row for row in things if fits(row)]
    load(database, {id: row for id, row in people.items() if fits(row)}, things)
    before = list(database["Thing"].find().sort("_id"))
    for thing in Thing.find().fetch_links(depth=2).to_list().run_sync():
        assert not thing.is_changed
        thing.save().run_sync()
    assert list(database["Thing"].find().sort("_id")) == before


class Animal(Document):
    id: int
    name: str | None = None
    friend: Link["Animal"] | None = None
    hunted: Link["Cat"] | None = None

    class Settings:
        name = "link_strategies_animals"
        is_root = True


class Cat(Animal):
    lives: int = 9


class Lion(Cat):
    pride: str = ""


class Cage(Document):
    id: int
    anyone: list[Link[Animal]] = []
    cat: Link[Cat] | None = None


ANIMAL_KINDS: dict[str, type[Animal]] = {"Animal": Animal, "Animal.Cat": Cat, "Animal.Cat.Lion": Lion}
KIN = links("link_strategies_animals")
ANIMALS = st.dictionaries(
    IDS,
    st.fixed_dictionaries(
        {"_class_id": st.sampled_from([*ANIMAL_KINDS])},
        optional={"name": NAMES, "friend": KIN, "hunted": KIN},
    ),
)
CAGES = st.lists(
    st.fixed_dictionaries({}, optional={"anyone": st.lists(KIN, max_size=3) | st.none(), "cat": KIN}), max_size=5
)


@QUIET
@given(animals=ANIMALS, cages=CAGES, name=NAMES, negated=st.booleans())
def test_links_into_a_family_agree(
    database: Any, animals: dict[int, Row], cages: list[Row], name: str | None, negated: bool
) -> None:
    rows = [{"_id": id, **row} for id, row in animals.items()]
    for collection, documents in (("link_strategies_animals", rows), ("Cage", list(enumerated(cages)))):
        database[collection].delete_many({})
        if documents:
            database[collection].insert_many([dict(row) for row in documents])
    data: Data = {"people": {row["_id"]: row for row in rows}, "things": {}}

    def of_kind(value: Any, kind: type[Animal]) -> list[Row]:
        return [row for row in targets(data, value) if issubclass(ANIMAL_KINDS[row["_class_id"]], kind)]

    def meets(found: list[Row]) -> bool:
        same = any(row.get("name") == name for row in found) or (name is None and not found)
        return same != negated

    for link, kind in (("anyone", Animal), ("cat", Cat)):
        field = getattr(Cage, link)
        far = [(field, 1), (field.friend, 2), (field.hunted, 3)]
        for path, which in far:
            expected = []
            for cage in enumerated(cages):
                found = of_kind(cage.get(link), kind)
                if which == 2:
                    found = [each for row in found for each in of_kind(row.get("friend"), Animal)]
                if which == 3:
                    found = [each for row in found for each in of_kind(row.get("hunted"), Cat)]
                if meets(found):
                    expected.append(cage["_id"])
            predicate = path.name != name if negated else path.name == name
            for strategy in ("auto", "batch", "lookup"):
                query = Cage.find(predicate).sort("_id").fetch_links(depth=0, strategy=strategy)
                assert [row["_id"] for row in query.project("_id").to_list().run_sync()] == expected, (link, strategy)


def enumerated(rows: list[Row]) -> Iterator[Row]:
    return ({"_id": number, **row} for number, row in enumerate(rows))


@QUIET
@given(animals=ANIMALS, cages=CAGES)
def test_fetched_links_are_of_their_stored_class(database: Any, animals: dict[int, Row], cages: list[Row]) -> None:
    def loads(row: Row) -> bool:
        values = [item for value in row.values() for item in (value if isinstance(value, list) else [value])]
        return "wrong" not in values and None not in (row.get("anyone", []) or [None])

    rows = [{"_id": id, **row} for id, row in animals.items() if loads(row)]
    kept = [row for row in enumerated(cages) if loads(row)]
    for collection, documents in (("link_strategies_animals", rows), ("Cage", kept)):
        database[collection].delete_many({})
        if documents:
            database[collection].insert_many(documents)
    stored = {row["_id"]: ANIMAL_KINDS[row["_class_id"]] for row in rows}
    for cage, row in zip(Cage.find().sort("_id").fetch_links(depth=2).to_list().run_sync(), kept, strict=True):
        given = [(cage.cat, row.get("cat"), Cat)] if cage.cat is not None else []
        given += [(found, value, Animal) for found, value in zip(cage.anyone, row.get("anyone", []), strict=True)]
        seen: dict[int, Any] = {}
        for found, value, kind in given:
            id = value.id if isinstance(value, DBRef) else value
            assert found.id == id
            fits = id in stored and issubclass(stored[id], kind)
            assert type(found) is (stored[id] if fits else Link)
            assert seen.setdefault(id, found) is found or not fits
        assert not cage.is_changed
