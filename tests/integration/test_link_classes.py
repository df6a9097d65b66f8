"""A link leads to documents of one class: what else is given for it is refused, wherever it is given."""

from typing import Any

import pytest
from bson import DBRef, ObjectId
from pydantic import BaseModel, ValidationError

from data_bridge import Document, EmbeddedDocument, Link
from data_bridge.errors import CompileError


class Animal(Document):
    name: str

    class Settings:
        is_root = True


class Dog(Animal):
    pass


class Owner(Document):
    name: str


class Collar(EmbeddedDocument):
    owner: Link[Owner] | None = None


class Card(Document):
    owner: Link[Owner] | None = None
    others: list[Link[Owner]] = []
    by_role: dict[str, Link[Owner]] = {}
    collar: Collar = Collar()
    dog: Link[Dog] | None = None
    animal: Link[Animal] | None = None


@pytest.fixture
async def stored(client: Any) -> dict[str, Any]:
    ann, rex = await Owner(name="Ann").insert(), await Dog(name="Rex").insert()
    return {"ann": ann, "rex": rex, "card": await Card(owner=ann).insert()}


async def test_what_is_assigned_is_checked_when_it_is_saved(stored: dict[str, Any]) -> None:
    card, rex = stored["card"], stored["rex"]
    for wrong in (rex, card, "zz", 5, {"name": "Ann"}, (await Card(dog=rex).insert()).dog):
        for assign in (
            lambda given: setattr(card, "owner", given),
            lambda given: card.others.append(given),
            lambda given: card.by_role.update(x=given),
            lambda given: setattr(card.collar, "owner", given),
        ):
            assign(wrong)
            with pytest.raises(ValidationError, match="links to Owner"):
                await card.save()
            with pytest.raises(ValidationError, match="links to Owner"):
                await card.replace()
            card.rollback()
    assert (await Card.get(card.id)) == card


async def test_the_error_names_both_classes(stored: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="owner\n  links to Owner, and was given a Dog"):
        Card(owner=stored["rex"])
    with pytest.raises(ValidationError, match="links to Owner by its id, which 'zz' is not"):
        Card(owner="zz")


async def test_an_id_that_is_assigned_becomes_a_link(stored: dict[str, Any]) -> None:
    card, ann = await Card().insert(), stored["ann"]
    for given in (ann, ann.id, str(ann.id), DBRef("Owner", ann.id), (await Card.get(stored["card"].id)).owner):
        card.owner, card.others = given, [given]
        await card.save()
        there = await Card.get(card.id)
        assert there is not None
        assert there.owner.id == ann.id
        assert [link.id for link in there.others] == [ann.id]
        await card.set({Card.owner: None, Card.others: []})


async def test_a_part_of_a_document_that_was_fetched_may_be_saved(stored: dict[str, Any]) -> None:
    class Name(BaseModel):
        id: Any
        name: str

    [card] = await Card.find(Card.owner == stored["ann"]).fetch_links(Card.owner.fetch(project=Name))
    card.others = [stored["ann"]]
    await card.save()
    assert (await Card.get(card.id)).owner.id == stored["ann"].id


async def test_classes_of_a_line_may_stand_for_each_other(stored: dict[str, Any]) -> None:
    rex = stored["rex"]
    card = await Card(animal=rex, dog=rex).insert()
    card.animal = (await Card.get(card.id)).dog
    card.dog = (await Card.get(card.id)).animal
    await card.save()
    assert await Card.find(Card.animal == rex, Card.dog == card.animal).count() == 1
    cat = await Animal(name="Tom").insert()
    card.dog = cat
    with pytest.raises(ValidationError, match="links to Dog, and was given a Animal"):
        await card.save()
    with pytest.raises(CompileError, match=r"Card.dog links to Dog, and was given a Animal"):
        Card.find(Card.dog == cat)


@pytest.mark.parametrize(
    "ask",
    [
        lambda dog: Card.find(Card.owner == dog),
        lambda dog: Card.find(Card.owner != dog),
        lambda dog: Card.find(Card.owner.in_([ObjectId(), dog])),
        lambda dog: Card.find(Card.others == dog),
        lambda dog: Card.find(Card.others.contains(dog)),
        lambda dog: Card.find(Card.collar.owner == dog),
        lambda dog: Card.find().update(Card.owner.set(dog)),
        lambda dog: Card.find().update(Card.others.push(dog)),
        lambda dog: Card.find().update({"$set": {"owner": dog}}),
        lambda dog: Card.find().update(Card.by_role.set({"x": dog})),
    ],
)
async def test_queries_and_updates_take_documents_of_the_class(stored: dict[str, Any], ask: Any) -> None:
    with pytest.raises(CompileError, match="links to Owner, and was given a Dog") as raised:
        ask(stored["rex"])
    assert raised.value.code == "wrong_class"
    assert raised.value.hint == "give a Owner, a link to one, or its id"
