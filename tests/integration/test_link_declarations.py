"""Links declared in the ways that Python allows: annotations that are evaluated later, classes that come later."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bson import DBRef

import data_bridge
from data_bridge import BackLink, Document, EmbeddedDocument, Link
from data_bridge.errors import SchemaError

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(data_bridge.__file__).parents[1])}


class Land(Document):
    name: str
    towns: list[BackLink[Town]] = BackLink(original_field="land")
    capital: Link[Town] | None = Link(on_delete="nullify")
    seat: Seat | None = None


class Seat(EmbeddedDocument):
    town: Link[Town] | None = None
    others: list[Link["Town"]] = []  # noqa: UP037  # quoted twice, as code that is being moved is

    class Settings:
        link_storage = "dbref"


class Town(Document):
    name: str
    land: Link[Land]


async def test_links_to_classes_that_are_defined_later(client: Any) -> None:
    land = await Land(name="x", capital=None).insert()
    town = await Town(name="y", land=land).insert()
    land.capital, land.seat = town, Seat(town=town, others=[town])
    await land.save()
    for predicate in (Land.capital.name == "y", Land.towns.name == "y", Land.seat.others.name == "y"):
        assert await Land.find(predicate).count() == 1
    found = await Land.find().fetch_links().one()
    assert found.capital is not None
    assert found.seat is not None
    assert [found.capital.name, found.towns[0].name, found.seat.town.name] == ["y", "y", "y"]  # type: ignore[union-attr]
    await town.delete()
    assert (await Land.find().one()).capital is None


async def test_links_in_an_embedded_document_are_stored_as_its_settings_say(client: Any) -> None:
    land = await Land(name="x", capital=None).insert()
    town = await Town(name="y", land=land).insert()
    land.capital, land.seat = town, Seat(town=town)
    await land.save()
    row = await Land.collection().find_one({})
    assert row is not None
    assert (row["capital"], row["seat"]["town"]) == (town.id, DBRef("Town", town.id))


MISTAKES = [
    ("Link[Nowhere]", "Lost.find(Lost.name == 'x')", "an annotation of Lost names 'Nowhere', which is not defined"),
    ("Link[Nowhere]", "Late.find().delete().run_sync()", "NotConnected"),
    (
        "list[Link[Late]] = Link(on_delete='nullify')",
        "Lost.find().fetch_links('link')",
        "Lost.link: on_delete='nullify'",
    ),
    (
        "list[Link[Late]] = Link(on_delete='nullify')",
        "Late.find().delete().run_sync()",
        "Lost.link: on_delete='nullify'",
    ),
    (
        "Link[Nowhere] = Link(on_delete='deny')",
        "Late.find().delete().run_sync()",
        "names 'Nowhere', which is not defined",
    ),
    ("int = Link(on_delete='deny')", "pass", "has the options of a link and is none"),
]


@pytest.mark.parametrize(("annotation", "use", "said"), MISTAKES)
def test_mistakes_are_said_as_soon_as_they_can_be(annotation: str, use: str, said: str) -> None:
    program = f"""
from __future__ import annotations
from data_bridge import Document, Link
class Lost(Document):
    name: str
    link: {annotation}
class Late(Document):
    name: str
{use}
"""
    # In a process of its own: an unfinished class would be met by every later deletion in this one.
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert said in done.stderr.splitlines()[-1], done.stderr


async def test_a_refused_class_stays_without_consequences(client: Any) -> None:
    with pytest.raises(SchemaError) as refused:

        class Wrong(Document):
            land: int = Link(on_delete="deny")

    land = await Land(name="x", capital=None).insert()
    assert (await land.delete())["n"] == 1
    # Until here the error has kept the class alive.
    assert "Wrong.land" in str(refused.value)
