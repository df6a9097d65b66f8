"""Hooks, checks before writes, previous changes and sessions of instance writes, on a real server."""

import asyncio
from typing import Annotated, Any

import pytest
from pydantic import Base64Bytes, BaseModel, Field, Json, ValidationError, field_validator, model_validator

from data_bridge import (
    After,
    Before,
    Delete,
    Document,
    Indexed,
    Insert,
    Replace,
    Save,
    Update,
    ValidateOnSave,
    after_event,
    before_event,
    connect,
)
from data_bridge.embedded import Server
from data_bridge.errors import BulkWriteError, DocumentNotFound


class Base(Document):
    name: Annotated[str, Indexed(unique=True)]
    log: list[str] = []
    age: int = Field(default=1, ge=0)

    @before_event(Insert, Save)
    def tidy(self) -> None:
        self.name = self.name.strip()
        heard.append("tidy")

    @before_event([Insert, Replace], Update, Delete)
    async def early(self) -> None:
        await asyncio.sleep(0)
        heard.append("early")

    @after_event(Insert, Save, Replace, Update, Delete)
    def late(self) -> None:
        heard.append("late")


class Person(Base):
    @before_event(ValidateOnSave)
    def look(self) -> None:
        heard.append("look")

    @after_event(Delete)
    def fail(self) -> None:
        if self.name == "stays":
            raise ZeroDivisionError("a hook's own")


class Quiet(Base):
    def late(self) -> None:
        """No hook any more."""


heard: list[str] = []


@pytest.fixture(autouse=True)
def silence() -> None:
    heard.clear()


def taken() -> list[str]:
    found = list(heard)
    heard.clear()
    return found


async def test_hooks_are_called_around_each_write(client: Any) -> None:
    person = await Person(name=" Ann ").insert()
    assert person.name == "Ann"
    assert taken() == ["tidy", "early", "look", "late"]
    person.age = 5
    await person.save()
    assert taken() == ["tidy", "look", "late"]
    await person.replace()
    assert taken() == ["early", "look", "late"]
    for write in (person.update(Person.age.inc(1)), person.set({Person.age: 3}), person.inc({Person.age: 2})):
        await write
        assert taken() == ["early", "late"]
    await person.delete()
    assert taken() == ["early", "late"]
    await Person(name="Bob").save()
    assert taken() == ["tidy", "early", "look", "late"]


async def test_a_subclass_may_silence_a_hook(client: Any) -> None:
    await Quiet(name="Ann").insert()
    assert taken() == ["tidy", "early"]


async def test_hooks_are_left_out_when_asked(client: Any) -> None:
    person = await Person(name=" Ann ").insert(skip_hooks=True)
    assert (taken(), person.name) == ([], " Ann ")
    await person.save(skip_hooks=["tidy", Person.look])
    assert taken() == ["late"]
    await person.save(hooks=False)
    await person.save(skip_hooks=[Before, After])
    assert taken() == []
    await person.save(skip_hooks=After)
    assert taken() == ["tidy", "look"]
    with pytest.raises(ValueError, match=r"Person has no hook 'tidi'; did you mean 'tidy'"):
        await person.save(skip_hooks=["tidi"])
    await person.delete(skip_hooks="late")
    assert taken() == ["early"]
    await Person.insert_many([Person(name="b"), Person(name="c")], hooks=False)
    assert taken() == []


async def test_what_a_hook_raises_comes_out_and_stops_the_write(client: Any) -> None:
    class Strict(Document):
        name: str = "x"

        @before_event(Insert)
        async def refuse(self) -> None:
            raise ZeroDivisionError("a hook's own")

    with pytest.raises(ZeroDivisionError, match="a hook's own"):
        await Strict().insert()
    assert await Strict.count() == 0
    person = await Person(name="stays").insert()
    with pytest.raises(ZeroDivisionError):
        await person.delete()
    assert await Person.count() == 0


def test_async_hooks_run_without_an_event_loop(mongod: Server, database_name: str) -> None:
    with connect(mongod.uri, database=database_name).run_sync():
        Person(name="Ann").insert().run_sync()
        assert taken() == ["tidy", "early", "look", "late"]
        Person.delete_all().run_sync()


def test_what_is_no_event_is_refused() -> None:
    with pytest.raises(TypeError, match="'insert' is not an event: give Insert, Save"):
        before_event("insert")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="needs an event"):
        after_event()


class Inner(BaseModel):
    size: int = Field(ge=0)


class Checked(Document):
    age: Annotated[int, Field(ge=0)] = 1
    inner: Inner = Inner(size=1)
    items: list[Inner] = []
    parts: list[str] = []
    secret: str = ""
    full_name: str = Field(default="", alias="fullName")
    low: int = 0
    high: int = 10

    @field_validator("parts", mode="before")
    @classmethod
    def split(cls, value: Any) -> Any:
        return value.split(",") if isinstance(value, str) else value

    @field_validator("secret")
    @classmethod
    def hashed(cls, value: str) -> str:
        return f"#{value}"

    @model_validator(mode="after")
    def ordered(self) -> "Checked":
        if self.low > self.high:
            raise ValueError("low is above high")
        return self

    @model_validator(mode="before")
    @classmethod
    def plain(cls, data: Any) -> Any:
        return dict(data)


def checked(**values: Any) -> Checked:
    return Checked(**{"parts": "a,b", "secret": "x", **values})


async def test_values_are_checked_before_they_are_written(client: Any) -> None:
    made = await checked().insert()
    assert (made.secret, made.parts) == ("#x", ["a", "b"])
    changes: list[tuple[str, Any]] = [("age", -1), ("age", "old"), ("low", 11), ("full_name", 3)]
    for name, value in changes:
        kept = getattr(made, name)
        setattr(made, name, value)
        with pytest.raises(ValidationError):
            await made.save()
        with pytest.raises(ValidationError):
            await made.replace()
        setattr(made, name, kept)
    made.inner.size = -1
    with pytest.raises(ValidationError, match=r"inner\.size"):
        await made.save()
    made.inner.size = 1
    made.items.append(Inner(size=1))
    made.items[0].size = -1
    with pytest.raises(ValidationError, match=r"items\.0\.size"):
        await made.save()
    made.items[0].size = 2
    made.age = "42"  # type: ignore[assignment]
    await made.save()
    assert made.age == 42
    assert (await Checked.collection().find_one({}))["age"] == 42
    wrong = checked()
    wrong.age = -1
    with pytest.raises(ValidationError):
        await wrong.insert()
    with pytest.raises(ValidationError):
        await Checked.insert_many([wrong])
    await Checked.insert_many([wrong], validate=False)
    made.age = -5
    await made.save(validate=False)
    assert await Checked.find({"age": {"$lt": 0}}).count() == 2


class Hostile(Document):
    """Its validators take what users give, and not what they made of it."""

    parts: list[str] = []
    size: int = 1
    raw: Base64Bytes
    data: Json[list[int]]

    @field_validator("parts", mode="before")
    @classmethod
    def split(cls, value: Any) -> Any:
        return value.split(",")


async def test_validators_are_not_run_on_their_own_results(client: Any) -> None:
    made = await Hostile(parts="a,b", raw=b"aGk=", data="[1]").insert()  # type: ignore[arg-type]
    assert (made.raw, made.data, made.is_changed) == (b"hi", [1], False)
    made.size = 2
    await made.save()
    made.parts.append("c")
    await made.save()
    assert made.previous_changes == {"parts": ["a", "b", "c"]}
    assert (await Hostile.collection().find_one({}))["parts"] == ["a", "b", "c"]


async def test_previous_changes_tell_what_the_last_write_changed(client: Any) -> None:
    made = await Checked.insert_one(checked())
    assert made.previous_changes == {}
    made.age, made.inner.size = 7, 3
    assert made.changes == {"age": 7, "inner.size": 3}
    await made.save()
    assert (made.changes, made.previous_changes) == ({}, {"age": 7, "inner.size": 3})
    made.low = 2
    await made.replace()
    assert made.previous_changes == {"low": 2}
    await made.inc({Checked.high: 5})
    assert made.previous_changes == {"high": 15}
    await made.save()
    assert made.previous_changes == {"high": 15}


class Size(BaseModel):
    width: float


async def test_a_save_leaves_what_the_class_does_not_know(client: Any) -> None:
    class Thing(Document):
        size: Size
        parts: list[Size] = []
        b: int = 5
        c: str | None = None

    stored = {"size": {"width": 1, "depth": 2}, "parts": [{"width": 1, "x": 1}], "newer": {"y": 1}}
    await Thing.collection().insert_one(dict(stored))
    loaded = await Thing.find_one()
    assert not loaded.is_changed
    loaded.c = "new"
    loaded.size.width = 3
    assert loaded.changes == {"c": "new", "size.width": 3.0}
    await loaded.save()
    row = await Thing.collection().find_one({}, {"_id": 0})
    assert row == {**stored, "size": {"width": 3.0, "depth": 2}, "c": "new"}
    assert not loaded.is_changed


async def test_writes_take_a_session(replica_set: Server, database_name: str) -> None:
    async with await connect(replica_set.uri, database=database_name) as connected:
        await checked().insert()
        await Checked.delete_all()
        session = await connected.start_session()
        await session.start_transaction()
        one = await checked().insert(session=session)
        two = checked()
        await Checked.insert_many([two], session=session)
        one.age = 2
        await one.save(session=session)
        await one.replace(session=session)
        await one.set({Checked.age: 3}, session=session)
        await one.inc({Checked.age: 1}, session=session)
        await two.delete(session=session)
        await one.refresh(session=session)
        assert one.age == 4
        assert await Checked.get(one.id) is None
        assert await Checked.get(one.id, session=session) == one
        await session.commit()
        assert await Checked.find().to_list() == [one]
        await session.start_transaction()
        async with Checked.bulk(session=session) as bulk:
            bulk.insert(checked())
            bulk.delete(Checked.find(Checked.age == 4))
        assert await Checked.find().session(session).count() == 1
        assert await Checked.find(Checked.age == 1).session(session).exists()
        assert not await Checked.find(Checked.age == 4).session(session).exists()
        await session.abort()
        assert await Checked.find().to_list() == [one]
        with pytest.raises(DocumentNotFound):
            await checked().set({Checked.age: 1})
        await Checked.delete_all()


async def test_documents_know_which_of_a_refused_batch_went_in(client: Any) -> None:
    await Person.sync_indexes()
    batch = [Person(name=name) for name in ("a", "b", "a", "c")]
    with pytest.raises(BulkWriteError):
        await Person.insert_many(batch)
    assert [each.is_changed for each in batch] == [False, False, True, True]
    with pytest.raises(TypeError, match="takes Person documents"):
        await Person.insert_many([Quiet(name="x")])  # type: ignore[list-item]
