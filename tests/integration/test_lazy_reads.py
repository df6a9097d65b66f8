"""Lazy documents from a real server: every way to ask for them, and every way to write them back."""

from __future__ import annotations

from typing import Any

import pytest

from data_bridge import Document, EmbeddedDocument, Link, after_event, before_event, lang
from data_bridge.errors import DecodeError, DocumentNotFound
from data_bridge.events import Save


class Part(EmbeddedDocument):
    name: str
    weight: float = 1.0


class Maker(Document):
    name: str

    class Settings:
        name = "lazy_makers"


class Machine(Document):
    id: int
    name: str
    power: int = 1
    parts: list[Part] = []
    maker: Link[Maker] | None = None

    class Settings:
        name = "lazy_machines"
        is_root = True


class Robot(Machine):
    arms: int = 2
    seen: list[str] = []

    @before_event(Save)
    def _before(self) -> None:
        self.seen.append(f"before {self.power}")

    @after_event(Save)
    def _after(self) -> None:
        self.seen.append("after")


class Lenient(Document):
    id: int
    name: str

    class Settings:
        name = "lazy_lenient"
        on_invalid = "skip"


def pending(document: Document) -> bool:
    return object.__getattribute__(document, "__pending__") is not None


async def machines() -> list[Machine]:
    maker = await Maker(name="Acme").insert()
    made = [
        Machine(id=1, name="press", power=5, parts=[Part(name="plate")], maker=maker),  # type: ignore[arg-type]
        Machine(id=2, name="saw"),
    ]
    await Machine.insert_many(made)
    await Robot(id=3, name="arm").insert()
    return made


async def test_every_read_can_be_lazy(client: Any) -> None:
    await machines()
    eager = await Machine.find(sort=Machine.id, with_children=True)
    assert [type(each) for each in eager] == [Machine, Machine, Robot]
    lazy = Machine.find(sort=Machine.id, with_children=True, lazy=True)
    for got in (
        await lazy,
        await Machine.find(sort=Machine.id).with_children().lazy(),
        [each async for each in lazy],
        (await lazy.paginate(5)).items,
        await Machine.find_all(sort=Machine.id, with_children=True, lazy=True),
        await Machine.find().with_children().lazy().aggregate([{"$sort": {"_id": 1}}], output=Machine),
    ):
        assert all(map(pending, got))
        assert [each.name for each in got] == ["press", "saw", "arm"]
    assert await lazy == eager
    for one in (
        await Machine.find_one(Machine.id == 1, lazy=True),
        await Machine.find(Machine.id == 1).lazy().first(),
        await Machine.find(Machine.id == 1).lazy().one(),
        await Machine.get(1, lazy=True),
    ):
        assert one is not None
        assert pending(one)
        assert one == eager[0]
    assert not pending((await Machine.find(lazy=True).lazy(False))[0])


def test_lazy_queries_have_a_text() -> None:
    query = Machine.find(Machine.power > 1, lazy=True)
    assert str(query) == "Machine.find(Machine.power > 1).lazy()"
    assert lang.parse(str(query), models=[Machine]) == query
    assert query != Machine.find(Machine.power > 1)


async def test_changes_of_lazy_documents_are_saved(client: Any) -> None:
    await machines()
    lazy = await Machine.find_one(Machine.id == 1, lazy=True)
    assert lazy is not None
    assert not lazy.is_changed
    lazy.power = 9
    lazy.parts[0].weight = 2.5
    assert lazy.changes == {"power": 9, "parts": [{"name": "plate", "weight": 2.5}]}
    await lazy.save()
    assert lazy.previous_changes == {"power": 9, "parts": [{"name": "plate", "weight": 2.5}]}
    assert await Machine.get(1) == lazy

    again = await Machine.get(1, lazy=True)
    assert again is not None
    again.parts.append(Part(name="bolt"))
    again.rollback()
    assert again == lazy

    other = await Machine.get(2, lazy=True)
    assert other is not None
    await Machine.find(Machine.id == 2).update(Machine.power.set(7))
    assert await other.refresh() is other
    assert other.power == 7
    await (await Machine.find_one(Machine.id == 2, lazy=True)).update(Machine.power.inc(1))  # type: ignore[union-attr]
    assert (await Machine.get(2)).power == 8  # type: ignore[union-attr]
    third = await Machine.get(2, lazy=True)
    assert third is not None
    third.name = "band saw"
    await third.replace()
    assert (await Machine.get(2)).name == "band saw"  # type: ignore[union-attr]
    await third.delete()
    with pytest.raises(DocumentNotFound):
        await third.refresh()


async def test_hooks_of_lazy_documents_run(client: Any) -> None:
    await machines()
    robot = await Robot.get(3, lazy=True)
    assert robot is not None
    assert pending(robot)
    await robot.save()
    assert robot.seen == ["before 1", "after"]
    assert (await Robot.get(3)).seen == ["before 1"]  # type: ignore[union-attr]


async def test_links_of_lazy_documents_are_fetched(client: Any) -> None:
    await machines()
    [fetched] = await Machine.find(Machine.id == 1, lazy=True).fetch_links()
    assert pending(fetched)
    assert fetched.maker.name == "Acme"  # type: ignore[union-attr]
    [plain] = await Machine.find(Machine.id == 1, lazy=True)
    assert (await plain.maker.fetch()).name == "Acme"  # type: ignore[union-attr]
    await plain.fetch_links()
    assert plain == (await Machine.find(Machine.id == 1).fetch_links())[0]


async def test_what_does_not_fit_is_named_when_it_is_read(client: Any) -> None:
    await Machine.collection().insert_one({"_id": 9, "_class_id": "Machine", "name": "odd", "power": "much"})
    [odd] = await Machine.find(lazy=True)
    assert odd.name == "odd"
    for use in (lambda: odd.power, odd.model_dump, lambda: odd.is_changed):
        with pytest.raises(DecodeError) as refused:
            use()
        assert (refused.value.document_id, refused.value.path) == (9, "power")


async def test_settings_that_need_to_know_at_once_are_obeyed(client: Any) -> None:
    await Lenient.collection().insert_many([{"_id": 1, "name": "fits"}, {"_id": 2, "name": 5}])
    assert [each.id for each in await Lenient.find(lazy=True)] == [1]
