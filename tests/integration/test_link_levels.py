"""What a fetch sends for each level, and that one document is one object there."""

from typing import Any

import pytest

from data_bridge import BackLink, Document, Link, fetch_links, log_queries
from data_bridge.query_log import QueryEvent


class Land(Document):
    name: str


class Being(Document):
    name: str
    home: Link[Land] | None = None
    led: Link["Being"] | None = None
    leads: list[BackLink["Being"]] = BackLink(original_field="led")

    class Settings:
        is_root = True


class Elf(Being):
    age: int = 1


class Press(Document):
    land: Link[Land]


class Tale(Document):
    hero: Link[Being]
    elf: Link[Elf]
    press: Link[Press]


@pytest.fixture
async def tale(client: Any) -> Tale:
    land = await Land(name="x").insert()
    elf = Elf(name="elf", home=land)
    await elf.insert()
    elf.led = elf
    await elf.save()
    press = await Press(land=land).insert()
    return await Tale(hero=elf, elf=elf, press=press).insert()


async def sent(work: Any) -> list[tuple[str, ...]]:
    events: list[QueryEvent] = []
    with log_queries(to=events.append):
        await work
    return sorted(event.purposes for event in events)


async def test_a_class_is_read_once_for_a_level_whoever_leads_there(tale: Tale) -> None:
    found = await Tale.find().one()
    assert await sent(found.fetch_links("hero.home", "press.land")) == [
        ("documents of Being, for Tale.hero",),
        ("documents of Land, for Being.home; Press.land",),
        ("documents of Press, for Tale.press",),
    ]
    assert found.hero.home is found.press.land
    plan = Tale.find().fetch_links("hero.home", "press.land").plan()
    assert plan.fetches[-1] == "level 2: Being.home; Press.land -> Land by _id, 10,000 ids a command"
    purposes = await sent(Tale.find().fetch_links(depth=2).to_list())
    assert [each for (each,) in purposes if "of Land" in each] == ["documents of Land, for Elf.home; Press.land"]


async def test_documents_of_several_classes_share_their_reads(tale: Tale) -> None:
    being, press = await Being.find().with_children().one(), await Press.find().one()
    purposes = await sent(fetch_links([being, press]))
    assert ("documents of Land, for Elf.home; Press.land",) in purposes
    assert being.home is press.land


async def test_a_document_that_several_links_lead_to_is_one_object(tale: Tale) -> None:
    found = await Tale.find().fetch_links().one()
    assert type(found.hero) is Elf
    assert found.hero is found.elf
    elf = await Elf.find().fetch_links(depth=2).one()
    assert elf.led is elf.leads[0]
    # At the next level it is another object: how deep its own links are fetched differs.
    assert elf.led.led is not elf.led
    assert elf.led.led is elf.led.leads[0]
    assert isinstance(elf.led.led.led, Link)


async def test_reads_of_a_level_are_sent_at_once(tale: Tale) -> None:
    events: list[QueryEvent] = []
    found = await Tale.find().one()
    with log_queries(to=events.append):
        await found.fetch_links()
    assert len(events) == 3
    assert max(event.started_ns for event in events) < min(event.ended_ns for event in events)
