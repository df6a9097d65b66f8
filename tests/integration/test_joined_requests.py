"""What is asked for in one turn of the event loop and sent together, held equal to what separate requests give."""

from __future__ import annotations

import asyncio
import uuid
from itertools import count
from typing import Annotated, Any

import pytest
from bson import Binary, ObjectId
from pydantic import Field

from data_bridge import Document, Indexed, Link, log_queries
from data_bridge.client import Client, default_client
from data_bridge.errors import (
    CompileError,
    DecodeError,
    DocumentNotFound,
    DuplicateKeyError,
    EncodeError,
    RevisionConflict,
)
from data_bridge.query_log import QueryEvent

NUMBERS = count(1)


class Part(Document):
    name: str
    code: Annotated[int, Indexed(unique=True)] = Field(default_factory=lambda: -next(NUMBERS))
    weight: float = 1.0

    class Settings:
        name = "joined_parts"


class Loose(Document):
    id: Any = None  # type: ignore[assignment]
    n: int = 0

    class Settings:
        name = "joined_loose"


class Revised(Document):
    n: int = 0

    class Settings:
        name = "joined_revised"
        use_revision = True


class Shape(Document):
    n: int = 0

    class Settings:
        name = "joined_shapes"
        is_root = True


class Round(Shape):
    radius: int = 1


class Owner(Document):
    part: Link[Part]

    class Settings:
        name = "joined_owners"
        eager_load_links = True


@pytest.fixture(autouse=True)
async def indexed(client: Client) -> None:
    await Part.sync_indexes()


class Keeper(Document):
    part: Link[Part]
    other: Link[Part]

    class Settings:
        name = "joined_keepers"


class Sent:
    """The commands that are sent in a block."""

    def __enter__(self) -> Sent:
        self.events: list[QueryEvent] = []
        self._log = log_queries(to=self.events.append)
        self._log.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._log.__exit__(*error)

    @property
    def operations(self) -> list[str]:
        return [event.operation for event in self.events]


async def test_gets_of_one_turn_take_two_commands() -> None:
    parts = [Part(name=f"p{n}") for n in range(50)]
    await Part.insert_many(parts)
    ids = [part.id for part in parts]
    with Sent() as sent:
        found = await asyncio.gather(*(Part.get(id) for id in ids))
    assert [part.name for part in found if part] == [part.name for part in parts]
    assert sent.operations == ["find", "find"]


async def test_gets_one_after_another_are_sent_one_by_one() -> None:
    part = await Part(name="a").insert()
    with Sent() as sent:
        for _ in range(3):
            assert (await Part.get(part.id)) == part
    assert len(sent.operations) == 3


async def test_everybody_gets_a_document_of_their_own() -> None:
    part = await Part(name="a").insert()
    found = await asyncio.gather(*(Part.get(part.id) for _ in range(8)))
    assert len({id(each) for each in found}) == 8
    assert found == [part] * 8


async def test_what_is_not_there_is_none() -> None:
    parts = [await Part(name=f"p{n}").insert() for n in range(3)]
    ids = [ObjectId(), parts[0].id, ObjectId(), parts[1].id, ObjectId()]
    with Sent() as sent:
        found = await asyncio.gather(*(Part.get(id) for id in ids))
    assert [each and each.name for each in found] == [None, "p0", None, "p1", None]
    assert len(sent.operations) == 2


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        (5.0, 5),
        (5, 5.0),
        ("a", "a"),
        ({"x": 1, "y": [2]}, {"x": 1, "y": [2]}),
        (Binary.from_uuid(uuid.UUID(int=7)), uuid.UUID(int=7)),
        (None, None),
        (b"\x00\xff", b"\x00\xff"),
    ],
    ids=repr,
)
async def test_ids_of_every_kind(stored: Any, asked: Any) -> None:
    await (
        default_client()
        .pymongo()[default_client().database]["joined_loose"]
        .insert_many([{"_id": stored, "n": 1}, {"_id": "other", "n": 2}])
    )
    alone = await Loose.get(asked)
    together = await asyncio.gather(*(Loose.get(id) for id in ("other", asked, "none", asked, "other")))
    assert alone is not None
    assert [each and each.n for each in together] == [2, 1, None, 1, 2]


async def test_a_collation_of_the_collection_counts() -> None:
    client = default_client()
    database = client.pymongo()[client.database]
    await database.drop_collection("joined_loose")
    await database.create_collection("joined_loose", collation={"locale": "en", "strength": 2})
    try:
        await Loose(id="ann", n=1).insert()
        found = await asyncio.gather(*(Loose.get(id) for id in ("x", "ANN", "ann", "Ann", "y")))
        assert [each and each.n for each in found] == [None, 1, 1, 1, None]
    finally:
        await database.drop_collection("joined_loose")


async def test_a_document_that_does_not_fit_harms_nobody_else() -> None:
    client = default_client()
    bad = ObjectId()
    await client.pymongo()[client.database]["joined_parts"].insert_one({"_id": bad, "name": 5, "code": 0})
    good = [await Part(name=f"p{n}").insert() for n in range(3)]
    ids = [good[0].id, bad, good[1].id, good[2].id]
    found = await asyncio.gather(*(Part.get(id) for id in ids), return_exceptions=True)
    assert isinstance(found[1], DecodeError)
    assert found[1].document_id == bad
    assert [each.name for each in found if isinstance(each, Part)] == ["p0", "p1", "p2"]


async def test_a_family_keeps_its_classes() -> None:
    shapes = [await (Round(n=n) if n % 2 else Shape(n=n)).insert() for n in range(6)]
    ids = [shape.id for shape in shapes]
    assert [type(each) for each in await asyncio.gather(*(Shape.get(id, with_children=True) for id in ids))] == [
        type(shape) for shape in shapes
    ]
    rounds = await asyncio.gather(*(Round.get(id) for id in ids))
    assert [each and each.n for each in rounds] == [None, 1, None, 3, None, 5]


async def test_links_are_fetched_where_the_class_says_so() -> None:
    part = await Part(name="a").insert()
    owners = [await Owner(part=part).insert() for _ in range(4)]
    found = await asyncio.gather(*(Owner.get(owner.id) for owner in owners))
    assert [owner.part.name for owner in found if owner] == ["a"] * 4
    refreshed = await owners[0].refresh()
    assert refreshed.part.name == "a"


async def test_a_cancelled_get_harms_nobody_else() -> None:
    parts = [await Part(name=f"p{n}").insert() for n in range(5)]
    tasks = [asyncio.ensure_future(Part.get(part.id)) for part in parts]
    await asyncio.sleep(0)
    tasks[2].cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(found[2], asyncio.CancelledError)
    assert [each.name for each in found if isinstance(each, Part)] == ["p0", "p1", "p3", "p4"]


async def test_a_session_is_not_joined_with_others(client: Client) -> None:
    part = await Part(name="a").insert()
    session = await client.start_session()
    with Sent() as sent:
        found = await asyncio.gather(*(Part.get(part.id, session=session) for _ in range(3)))
    assert found == [part] * 3
    assert len(sent.operations) == 3


async def test_inserts_of_one_turn() -> None:
    parts = [Part(name=f"p{n}", code=n) for n in range(40)]
    with Sent() as sent:
        await asyncio.gather(*(part.insert() for part in parts))
    assert sent.operations == ["insert", "insert"]
    assert not any(part.is_changed for part in parts)
    assert await Part.count() == 40


async def test_each_insert_that_is_refused_gets_its_own_error() -> None:
    await Part(name="first", code=3).insert()
    parts = [Part(name=f"p{n}", code=n) for n in range(6)]
    outcome = await asyncio.gather(*(part.insert() for part in parts), return_exceptions=True)
    assert [type(each) for each in outcome] == [Part, Part, Part, DuplicateKeyError, Part, Part]
    assert isinstance(outcome[3], DuplicateKeyError)
    assert outcome[3].key == {"code": 3}
    assert [part.is_changed for part in parts] == [False, False, False, True, False, False]


async def test_a_document_that_cannot_be_encoded_harms_nobody_else() -> None:
    parts = [Part(name=f"p{n}") for n in range(4)]
    parts[2].name = "\ud800"
    outcome = await asyncio.gather(*(part.insert() for part in parts), return_exceptions=True)
    assert isinstance(outcome[2], (EncodeError, ValueError))
    assert await Part.count() == 3


async def test_a_document_that_is_too_large_harms_nobody_else() -> None:
    parts = [Part(name=f"p{n}") for n in range(4)]
    parts[2].name = "x" * 17_000_000
    outcome = await asyncio.gather(*(part.insert() for part in parts), return_exceptions=True)
    assert isinstance(outcome[2], EncodeError)
    assert await Part.count() == 3


async def test_saves_of_one_turn() -> None:
    parts = [await Part(name=f"p{n}").insert() for n in range(40)]
    for part in parts:
        part.weight += 1
    with Sent() as sent:
        await asyncio.gather(*(part.save() for part in parts))
    assert sent.operations == ["update", "update"]
    assert not any(part.is_changed for part in parts)
    assert parts[7].previous_changes == {"weight": 2.0}
    assert await Part.find(Part.weight == 2).count() == 40


async def test_saves_of_deleted_documents_say_so() -> None:
    parts = [await Part(name=f"p{n}").insert() for n in range(6)]
    await Part.find(Part.name.in_(["p2", "p4"])).delete()
    for part in parts:
        part.weight = 9
    outcome = await asyncio.gather(*(part.save() for part in parts), return_exceptions=True)
    assert [isinstance(each, DocumentNotFound) for each in outcome] == [False, False, True, False, True, False]
    assert await Part.find(Part.weight == 9).count() == 4
    assert [part.is_changed for part in parts] == [False, False, True, False, True, False]


async def test_saves_that_break_an_index_say_so() -> None:
    parts = [await Part(name=f"p{n}", code=n).insert() for n in range(5)]
    parts[3].code = 0
    parts[4].code = 70
    parts[1].weight = 5
    outcome = await asyncio.gather(*(part.save() for part in parts), return_exceptions=True)
    assert [type(each) for each in outcome] == [Part, Part, Part, DuplicateKeyError, Part]
    assert {part.code for part in await Part.find().to_list()} == {0, 1, 2, 3, 70}


async def test_revisions_are_kept_and_conflicts_found() -> None:
    documents = [await Revised(n=n).insert() for n in range(5)]
    before = [document.revision_id for document in documents]  # type: ignore[attr-defined]
    theirs = await Revised.get(documents[2].id)
    assert theirs is not None
    theirs.n = 70
    await theirs.save()
    for document in documents:
        document.n += 10
    outcome = await asyncio.gather(*(document.save() for document in documents), return_exceptions=True)
    assert [isinstance(each, RevisionConflict) for each in outcome] == [False, False, True, False, False]
    stored = {document.id: document for document in await Revised.find().to_list()}
    assert [stored[document.id].n for document in documents] == [10, 11, 70, 13, 14]
    assert documents[2].revision_id == before[2]  # type: ignore[attr-defined]
    for document in (*documents[:2], *documents[3:]):
        assert stored[document.id].revision_id == document.revision_id  # type: ignore[attr-defined]


async def test_replacements_of_one_turn() -> None:
    parts = [await Part(name=f"p{n}").insert() for n in range(10)]
    for part in parts:
        part.name += "!"
    with Sent() as sent:
        await asyncio.gather(*(part.replace() for part in parts))
    assert sent.operations == ["update", "update"]
    assert sorted(part.name for part in await Part.find().to_list()) == [f"p{n}!" for n in range(10)]


async def test_blocking_calls_are_sent_one_by_one() -> None:
    part = Part(name="a")
    await asyncio.to_thread(lambda: part.insert().run_sync())
    part.name = "b"
    await asyncio.to_thread(lambda: part.save().run_sync())
    found = await asyncio.to_thread(lambda: Part.get(part.id).run_sync())
    assert found is not None
    assert found.name == "b"


async def test_links_of_documents_fetched_together_take_a_command_for_each_class() -> None:
    parts = [await Part(name=f"p{n}").insert() for n in range(6)]
    await Keeper.insert_many([Keeper(part=parts[n % 6], other=parts[-1 - n % 6]) for n in range(50)])
    keepers = await Keeper.find().to_list()
    with Sent() as sent:
        await asyncio.gather(*(keeper.fetch_links() for keeper in keepers))
    assert sent.operations == ["find"]
    assert {keeper.part.name for keeper in keepers} == {part.name for part in parts}
    keepers = await Keeper.find().to_list()
    with Sent() as sent:
        await asyncio.gather(*(keeper.fetch_link(Keeper.other) for keeper in keepers))
    assert sent.operations == ["find"]
    assert {keeper.other.name for keeper in keepers} == {part.name for part in parts}


async def test_a_path_that_is_no_link_is_the_error_of_who_asked() -> None:
    part = await Part(name="p").insert()
    owners = [await Owner(part=part).insert() for _ in range(3)]
    asked = [owners[0].fetch_links(Owner.part), owners[1].fetch_links("id"), owners[2].fetch_links(Owner.part)]
    outcome = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(each, CompileError) for each in outcome] == [False, True, False]


async def test_an_id_that_cannot_be_sent_is_the_error_of_who_asked() -> None:
    await Loose(id=1, n=1).insert()
    asked = [Loose.get(id) for id in (1, 2**70, 1, "none")]
    outcome = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 20)
    assert [type(each) for each in outcome] == [Loose, EncodeError, Loose, type(None)]
