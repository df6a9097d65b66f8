"""What documents know of what is stored of them, whatever became of the writes."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import Any

import pytest
from bson import ObjectId

from data_bridge import Document, connect
from data_bridge.embedded import Server
from data_bridge.errors import BulkWriteError, DuplicateKeyError
from data_bridge.events import Insert, after_event, before_event


class Note(Document):
    number: int
    text: str = "x"


class Special(Note):
    more: int = 0


class Revised(Document):
    number: int

    class Settings:
        use_revision = True


class Heard(Document):
    calls: int = 0

    @before_event(Insert)
    def before(self) -> None:
        self.calls += 1

    @after_event(Insert)
    def after(self) -> None:
        self.calls += 10


async def test_a_document_is_not_written_to_the_collection_of_another_class(client: Any) -> None:
    special = await Special(number=1).insert()
    special.more = 42
    for write in ("save", "replace", "delete", "insert"):
        with pytest.raises(TypeError, match="writes to the collection 'Note', and Special documents are stored in 'Sp"):
            getattr(Note.bulk(), write)(special)
    with pytest.raises(TypeError, match="a bulk of Note writes to the collection"):
        Note.bulk().update(Special.find(), {"$set": {"number": 1}})
    for operation in (Note.insert_many, Note.replace_many):
        with pytest.raises(TypeError, match="write them with Special"):
            await operation([special])
    for single in (Note.insert_one, Note.replace_one):
        with pytest.raises(TypeError, match="write them with Special"):
            await single(special)
        with pytest.raises(TypeError, match=r"takes a Note, not \{'number': 1\}"):
            await single({"number": 1})  # type: ignore[arg-type]
    await special.save()
    assert (await Special.get(special.id)).more == 42
    assert await Note.count() == 0


async def test_a_refused_insert_leaves_the_revision(client: Any) -> None:
    stored = await Revised(number=1).insert()
    again = await Revised.get(stored.id)
    new = Revised(number=2)
    with pytest.raises(DuplicateKeyError):
        await again.insert()
    with pytest.raises(BulkWriteError):
        await Revised.insert_many([new, again], ordered=False)
    assert again.revision_id == stored.revision_id
    again.number, new.number = 5, 6
    await again.save()
    await new.save()
    assert [each.number for each in await Revised.find().sort("number").to_list()] == [5, 6]


@pytest.mark.parametrize("bulk", [False, True])
async def test_a_deleted_lazy_document_keeps_its_values(client: Any, bulk: bool) -> None:
    note = await Note(number=1, text="kept").insert()
    lazy = await Note.get(note.id, lazy=True)
    assert lazy is not None
    if bulk:
        async with Note.bulk() as writes:
            writes.delete(lazy)
    else:
        await lazy.delete()
    assert lazy.text == "kept"
    assert lazy.is_changed
    await lazy.save()
    assert await Note.get(note.id) == note


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "model_copy": lambda document: document.model_copy(),
    "pickle": lambda document: pickle.loads(pickle.dumps(document)),
}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("lazy", [False, True])
async def test_a_copy_is_of_the_same_stored_document(client: Any, way: str, lazy: bool) -> None:
    note = await Note(number=1).insert()
    copied = COPIES[way](await Note.get(note.id, lazy=lazy))
    assert not copied.is_changed
    copied.number = 2
    assert copied.changes == {"number": 2}
    await copied.save()
    assert (await Note.get(note.id)).number == 2
    assert COPIES[way](Note(number=3)).is_changed


async def test_a_copy_with_another_id_is_a_new_document(client: Any) -> None:
    note = await Note(number=1).insert()
    other = note.model_copy(update={"id": None, "number": 2})
    await other.save()
    assert [each.number for each in await Note.find().sort("number").to_list()] == [1, 2]


async def test_hooks_are_called_once_of_a_document_that_is_given_twice(client: Any) -> None:
    heard = Heard()
    async with Heard.bulk() as bulk:
        bulk.insert(heard)
        bulk.insert(heard)
    assert heard.calls == 11


@pytest.mark.parametrize("how", ["one by one", "bulk"])
async def test_what_a_transaction_wrote_is_new_again_when_it_is_aborted(
    replica_set: Server, database_name: str, how: str
) -> None:
    client = await connect(replica_set.uri, database=database_name)
    try:
        changed, gone, revised = Note(number=1), Note(number=2), Revised(number=3)
        for document in (changed, gone, revised):
            await document.insert()
        lazy = await Note.get(gone.id, lazy=True)
        assert lazy is not None
        first, several, revision = Note(number=4), [Note(number=5), Note(number=6)], revised.revision_id
        session = await client.start_session()
        for attempt in range(2):
            await session.start_transaction()
            changed.number = revised.number = 10
            if how == "bulk":
                async with Note.bulk(session=session) as notes:
                    notes.save(changed)
                    notes.insert(first)
                    notes.delete(lazy)
                async with Revised.bulk(session=session) as others:
                    others.save(revised)
            else:
                await changed.save(session=session)
                await first.save(session=session)
                await lazy.delete(session=session)
                await revised.replace(session=session)
            await Note.insert_many(several, session=session)
            assert not changed.is_changed
            if attempt == 0:
                await session.abort()
                assert changed.changes == {"number": 10}
                assert lazy.text == "x"
                assert (lazy.is_changed, first.is_changed, several[0].is_changed) == (False, True, True)
                assert revised.revision_id == revision
        await session.commit()
        assert sorted(each.number for each in await Note.find_all().to_list()) == [4, 5, 6, 10]
        assert (await Revised.get(revised.id)).number == 10
        assert revised.revision_id != revision
        await session.start_transaction()
        await session.abort()
        assert not changed.is_changed
    finally:
        await client.close()


@pytest.mark.parametrize("how", ["cancelled", "block", "beside one that cannot be decoded", "refreshed"])
async def test_documents_know_what_is_stored_however_a_transaction_is_given_up(
    replica_set: Server, database_name: str, how: str
) -> None:
    client = await connect(replica_set.uri, database=database_name)
    try:
        note, broken = await Note(number=5).insert(), ObjectId()
        await Note.collection().insert_one({"_id": broken, "number": "bad"})
        session = await client.start_session()
        await session.start_transaction()
        note.number = 6
        await note.save(session=session)
        if how == "cancelled":

            async def abort() -> None:
                await session.abort()

            task = asyncio.create_task(abort())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        elif how == "block":
            async with session:
                pass
        elif how == "refreshed":
            await note.refresh(session=session)
            await session.abort()
        else:
            lazy = await Note.get(broken, lazy=True)
            assert lazy is not None
            await lazy.delete(session=session)
            await session.abort()
        assert note.changes == {"number": 6}
        await note.save()
        assert (await Note.get(note.id)).number == 6
    finally:
        await client.close()


async def test_what_was_not_committed_is_new_again_when_the_next_transaction_begins(
    replica_set: Server, database_name: str
) -> None:
    client = await connect(replica_set.uri, database=database_name)
    try:
        await Note(number=0).insert()
        session = await client.start_session()
        note = Note(number=1)
        await session.start_transaction()
        await note.insert(session=session)
        with pytest.raises(DuplicateKeyError):
            await Note(id=note.id, number=1).insert(session=session)
        with pytest.raises(Exception, match="aborted"):
            await session.commit()
        await session.start_transaction()
        assert note.is_changed
        await note.save(session=session)
        await session.commit()
        assert (await Note.get(note.id)) == note
    finally:
        await client.close()
