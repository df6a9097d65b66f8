"""Updates that write links: what they store is what a save would, and never a copy of a document."""

from typing import Any

import pytest
from bson import DBRef

from data_bridge import Document, Link
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
