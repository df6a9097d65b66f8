"""Updates that write links: what they store is what a save would, and never a copy of a document."""

from collections.abc import Callable
from typing import Any

import pytest
from bson import DBRef

from data_bridge import ArrayFilters, Document, EmbeddedDocument, Link
from data_bridge.errors import CompileError
from data_bridge.update import Each, Set


class Hand(Document):
    name: str


class Deed(Document):
    title: str
    by: Link[Hand] | None = None
    helpers: list[Link[Hand]] = []
    roles: dict[str, Link[Hand]] = {}


class TrustedDeed(Deed):
    class Settings:
        trust_schema = True


class ReferringDeed(Deed):
    """Stores references, and it is known that all are."""

    class Settings:
        link_storage = "dbref"
        trust_schema = True


class Task(EmbeddedDocument):
    what: str = ""
    who: Link[Hand] | None = None


class Chore(Document):
    tasks: list[Task] = []
    helpers: list[Link[Hand]] = []
    plans: list[list[Task]] = []


CLASSES = pytest.mark.parametrize("cls", [Deed, TrustedDeed, ReferringDeed])


@pytest.fixture
async def hands(client: Any) -> list[Hand]:
    made = [Hand(name=name) for name in "abc"]
    await Hand.insert_many(made)
    return made


async def stored_of(cls: type[Deed]) -> Any:
    return await cls.collection().find_one({})


def given_as(hand: Hand, kind: str) -> Any:
    links = {"document": hand, "id": hand.id, "text": str(hand.id), "reference": DBRef("Hand", hand.id)}
    return {**links, "link": Deed(title="x", by=hand.id).by}[kind]


@CLASSES
@pytest.mark.parametrize("kind", ["document", "id", "text", "reference", "link"])
async def test_an_update_stores_the_link_that_a_save_would(hands: list[Hand], cls: type[Deed], kind: str) -> None:
    a, b, c = (given_as(hand, kind) for hand in hands)
    id = (await cls(title="x", by=hands[0]).insert()).id
    await cls.find().update(cls.by.set(b), cls.helpers.set([a, b]), cls.roles.set({"x": a}))
    await cls.find().update(cls.helpers.push(c), Set({"roles.y": b}))
    await cls.find().update(cls.helpers.push(each=[a, c], slice=-4))
    await cls.find().update(cls.helpers.add_to_set(b))
    await cls.find().update({"$push": {"helpers": Each([a], position=0)}})
    updated = await stored_of(cls)
    helpers = [hands[number] for number in (0, 1, 2, 0, 2)]
    saved = cls(id=id, title="x", by=hands[1], helpers=helpers, roles={"x": hands[0], "y": hands[1]})
    await saved.replace()
    assert await stored_of(cls) == updated
    assert await cls.find(cls.by == b, cls.helpers == a, cls.helpers.name == "c").count() == 1
    found = await cls.find().fetch_links().one()
    assert [each.name for each in found.helpers] == ["a", "b", "c", "a", "c"]


@CLASSES
@pytest.mark.parametrize("kind", ["document", "id", "reference", "link"])
async def test_links_are_taken_out_in_either_form(hands: list[Hand], cls: type[Deed], kind: str) -> None:
    a, b, c = hands
    both = [a.id, DBRef("Hand", a.id), b.id, DBRef("Hand", b.id), c.id]
    await cls.collection().insert_one({"title": "x", "helpers": both})
    await cls.find().update(cls.helpers.pull(given_as(a, kind)))
    assert (await stored_of(cls))["helpers"] == both[2:]
    await cls.find().update(cls.helpers.pull_all([given_as(b, kind)]))
    assert (await stored_of(cls))["helpers"] == [c.id]


@CLASSES
async def test_an_upsert_stores_the_link_that_it_asked_for(hands: list[Hand], cls: type[Deed]) -> None:
    a, b, _ = hands
    for _ in range(2):
        await cls.find(cls.by == a, cls.title == "new").upsert(cls.roles.set({"x": b}))
    assert await cls.find(cls.by == a).count() == 1
    upserted = await stored_of(cls)
    await cls(id=upserted["_id"], title="new", by=a, roles={"x": b}).replace()
    assert (await stored_of(cls))["by"] == upserted["by"]


async def test_what_is_no_link_or_was_never_saved_is_refused(hands: list[Hand]) -> None:
    for update in (
        lambda: Deed.by.set(Hand(name="new")),
        lambda: Deed.helpers.push(Hand(name="new")),
        lambda: Deed.helpers.set([hands[0], Hand(name="new")]),
        lambda: Deed.roles.set({"x": Hand(name="new")}),
        lambda: Deed.helpers.push(3),
    ):
        with pytest.raises(CompileError, match=r"no id|link<Hand>"):
            update()


async def test_a_list_of_links_is_asked_for_as_a_whole(hands: list[Hand]) -> None:
    a, b, _ = hands
    await Deed(title="x", helpers=[a, b]).insert()
    assert await Deed.find(Deed.helpers.in_([b, str(a.id)])).count() == 1
    for unsaved in (lambda: Deed.by == Hand(name="new"), lambda: Deed.by.in_([Hand(name="new")])):
        with pytest.raises(CompileError, match="no id"):
            unsaved()


#: Updates whose conditions name fields of linked documents, and where.
ACROSS: dict[str, tuple[Any, str]] = {
    "pull what differs": (Chore.tasks.pull(lambda task: task.who.name != "b"), "tasks.who.name"),
    "pull by a link": (Chore.helpers.pull(lambda hand: hand.name == "b"), "helpers.name"),
    "pull by an id": (Chore.helpers.pull(lambda hand: hand.id == Hand(name="x", id="0" * 24).id), "helpers._id"),
    "pull, MQL": ({"$pull": {"tasks": {"$or": [{"what": "x"}, {"who.name": {"$ne": "b"}}]}}}, "tasks.who.name"),
    "pull, in a list": ({"$pull": {"plans": {"$elemMatch": {"who.name": "b"}}}}, "plans.who.name"),
    "push, in order": (Chore.tasks.push(each=[], sort={"who.name": 1}), "tasks.who.name"),
    "set below a link": ({"$set": {"helpers.$[].name": "z"}}, "helpers.name"),
    "unset at a position": (Chore.tasks["0"].who.name.unset(), "tasks.0.who.name"),
}
NAMED: dict[str, tuple[Any, str]] = {
    "function": (ArrayFilters(t=lambda task: task.who.name == "b"), "tasks.who.name"),
    "MQL": (ArrayFilters({"t.who.name": {"$ne": "b"}}), "tasks.who.name"),
    "negated": (ArrayFilters(t=lambda task: ~(task.who.name == "b")), "tasks.who.name"),
}


@pytest.mark.parametrize("update", ACROSS)
async def test_an_update_follows_no_link_in_what_it_asks_elements(hands: list[Hand], update: str) -> None:
    given, path = ACROSS[update]
    tasks = [Task(what=hand.name, who=hand) for hand in hands]
    await Chore(tasks=tasks, helpers=hands, plans=[tasks]).insert()
    before = await Chore.collection().find_one({})
    for change in (Chore.find().update(given), Chore.find().find_one_and_update(given)):
        with pytest.raises(CompileError) as raised:
            await change
        assert (raised.value.code, raised.value.path) == ("link_not_followed", path)
    assert await Chore.collection().find_one({}) == before


@pytest.mark.parametrize("named", NAMED)
async def test_an_array_filter_follows_no_link(hands: list[Hand], named: str) -> None:
    filters, path = NAMED[named]
    await Chore(tasks=[Task(what=hand.name, who=hand) for hand in hands]).insert()
    before = await Chore.collection().find_one({})
    with pytest.raises(CompileError) as raised:
        await Chore.find().update(Chore.tasks["$[t]"].what.set("z"), filters)
    assert (raised.value.code, raised.value.path) == ("link_not_followed", path)
    assert await Chore.collection().find_one({}) == before


#: What is pulled by a link itself, and the numbers of the tasks or helpers that stay.
PULLED: dict[str, tuple[Callable[[list[Hand]], Any], list[int]]] = {
    "tasks of one": (lambda hands: Chore.tasks.pull(lambda task: task.who == hands[0].id), [1, 2]),
    "tasks of others": (lambda hands: Chore.tasks.pull(lambda task: task.who != hands[0].id), [0]),
    "tasks of some": (lambda hands: Chore.tasks.pull(lambda task: task.who.in_([hands[1].id, hands[2].id])), [0]),
    "tasks, two tests": (
        lambda hands: Chore.tasks.pull(lambda task: (task.who != hands[0].id) & (task.what == "b")),
        [0, 2],
    ),
    "tasks, either test": (
        lambda hands: Chore.tasks.pull(lambda task: (task.who == hands[0].id) | (task.what == "b")),
        [2],
    ),
    "tasks, negated": (lambda hands: Chore.tasks.pull(lambda task: ~(task.who == hands[0].id)), [0]),
    "tasks, MQL": (lambda hands: {"$pull": {"tasks": {"who": {"$nin": [hands[0].id]}}}}, [0]),
    "helpers": (lambda hands: Chore.helpers.pull(hands[0]), [1, 2]),
    "other helpers": (lambda hands: Chore.helpers.pull(lambda hand: hand != hands[0].id), [0]),
    "helpers that are none of some": (
        lambda hands: Chore.helpers.pull(lambda hand: hand.not_in([hands[0].id, hands[1].id])),
        [0, 1],
    ),
    "helpers, negated": (lambda hands: Chore.helpers.pull(lambda hand: ~(hand == hands[0].id)), [0]),
}


async def stored_with(hands: list[Hand], form: str) -> list[Any]:
    """A stored chore, and the links in it: as ids, or as references that others wrote."""
    links: list[Any] = [DBRef("Hand", hand.id) if form == "reference" else hand.id for hand in hands]
    tasks = [{"what": hand.name, "who": link} for hand, link in zip(hands, links, strict=True)]
    await Chore.collection().insert_one({"tasks": tasks, "helpers": links, "plans": []})
    return links


@pytest.mark.parametrize("form", ["id", "reference"])
@pytest.mark.parametrize("pulled", PULLED)
async def test_elements_are_pulled_by_their_links_in_either_form(hands: list[Hand], pulled: str, form: str) -> None:
    make, staying = PULLED[pulled]
    links = await stored_with(hands, form)
    await Chore.find().update(make(hands))
    stored = await Chore.collection().find_one({})
    tasks, helpers = [links.index(task["who"]) for task in stored["tasks"]], list(map(links.index, stored["helpers"]))
    assert (tasks if "tasks" in pulled else helpers) == staying
    assert (helpers if "tasks" in pulled else tasks) == [0, 1, 2]


@pytest.mark.parametrize("form", ["id", "reference"])
async def test_array_filters_compare_links_in_either_form(hands: list[Hand], form: str) -> None:
    a, b, c = hands
    links = await stored_with(hands, form)
    some = ArrayFilters(t=lambda task: (task.who == a.id) | (task.who == c.id), h=lambda hand: hand != b.id)
    await Chore.find().update(Chore.tasks["$[t]"].what.set("z"), Chore.helpers["$[h]"].set(b), some)
    stored = await Chore.collection().find_one({})
    assert [task["what"] for task in stored["tasks"]] == ["z", "b", "z"]
    assert stored["helpers"] == [b.id, links[1], b.id]
