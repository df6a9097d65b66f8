"""What the settings of a class do, on a real server."""

import datetime
import enum
from typing import Any

import pytest
from bson import ObjectId
from pydantic import BaseModel, Field

from data_bridge import Document, EmbeddedDocument, TimeSeriesConfig
from data_bridge.embedded import Server
from data_bridge.errors import DocumentNotFound, RevisionConflict, SchemaError, ServerError


class Page(Document):
    title: str
    visits: int = 0
    tags: list[str] = []

    class Settings:
        name = "pages"
        use_revision = True


async def test_a_revision_is_kept_by_every_write(client: Any) -> None:
    page = await Page(title="a").insert()
    seen = {page.revision_id}
    for write in (
        lambda: page.save(),
        lambda: page.replace(),
        lambda: page.inc({Page.visits: 1}),
        lambda: page.update([{"$set": {"visits": 7}}]),
    ):
        page.title += "x"
        await write()
        seen.add(page.revision_id)
        assert (await Page.collection().find_one({}))["revision_id"].as_uuid() == page.revision_id
    assert len(seen) == 5
    assert None not in seen
    await page.save()
    assert page.revision_id in seen
    assert page.visits == 7
    assert await Page.find(Page.revision_id == page.revision_id).count() == 1


async def test_a_document_that_someone_else_changed_is_not_written(client: Any) -> None:
    mine = await Page(title="a").insert()
    theirs = await Page.get(mine.id)
    assert theirs is not None
    theirs.title = "b"
    await theirs.save()
    before = mine.revision_id
    mine.visits = 5
    for write in (mine.save, mine.replace, lambda: mine.inc({Page.visits: 1})):
        with pytest.raises(RevisionConflict, match="changed by someone else"):
            await write()
        assert mine.revision_id == before
    await mine.refresh()
    mine.visits = 5
    await mine.save()
    assert ((await Page.find().one()).title, mine.title) == ("b", "b")
    await theirs.delete()
    mine.visits = 6
    with pytest.raises(DocumentNotFound):
        await mine.save()


async def test_other_classes_have_no_revision(client: Any) -> None:
    class Plain(Document):
        a: int = 1

    assert "revision_id" not in Plain.model_fields
    assert "revision_id" not in await Plain.collection().find_one({"_id": (await Plain().insert()).id})


class Inner(EmbeddedDocument):
    a: int | None = None
    b: int | None = 3


class Sparse(Document):
    name: str | None = None
    needed: str | None
    other: str | None = "other"
    inner: Inner = Inner()
    inners: list[Inner] = []

    class Settings:
        keep_nulls = False


async def test_nulls_are_left_out_where_they_come_back_by_themselves(client: Any) -> None:
    made = await Sparse(needed=None, other=None, inner=Inner(b=None), inners=[Inner()]).insert()
    row = await Sparse.collection().find_one({}, {"_id": 0})
    assert row == {"needed": None, "other": None, "inner": {"b": None}, "inners": [{"b": 3}]}
    loaded = await Sparse.get(made.id)
    assert loaded == made
    assert not loaded.is_changed
    loaded.name = "x"
    await loaded.save()
    loaded.name = None
    await loaded.save()
    assert "name" not in await Sparse.collection().find_one({})
    await Sparse.collection().update_one({}, {"$set": {"name": None}})
    await loaded.refresh()
    assert not loaded.is_changed


class Reading(Document):
    at: datetime.datetime
    sensor: str
    value: float

    class Settings:
        name = "readings"
        timeseries = TimeSeriesConfig("at", "sensor", "minutes", expire_after_seconds=3600)


NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)


async def test_a_time_series_is_made_by_the_first_insert_or_by_syncing(client: Any) -> None:
    await Reading.insert_many([Reading(at=NOW, sensor="a", value=1.5), Reading(at=NOW, sensor="b", value=2.5)])
    assert [each.value for each in await Reading.find(Reading.sensor == "b")] == [2.5]
    listed = [each async for each in await Reading.collection().database.list_collections()]
    [found] = [each for each in listed if each["name"] == "readings"]
    assert found["type"] == "timeseries"
    assert found["options"]["expireAfterSeconds"] == 3600
    assert found["options"]["timeseries"]["metaField"] == "sensor"
    client.prepared.clear()
    await Reading(at=NOW, sensor="a", value=3).insert()
    await Reading.collection().drop()
    client.prepared.clear()
    await Reading.sync_indexes()
    assert (await Reading.collection().database.command("listCollections"))["cursor"]["firstBatch"]


async def test_an_ordinary_collection_does_not_become_a_time_series(client: Any) -> None:
    await Reading.collection().insert_one({"at": NOW})
    with pytest.raises(SchemaError, match=r"'readings' exists and is a collection"):
        await Reading(at=NOW, sensor="a", value=1).insert()


async def test_time_series_of_other_fields_are_refused(client: Any) -> None:
    class Wrong(Document):
        at: str

        class Settings:
            timeseries = TimeSeriesConfig("at")

    with pytest.raises(SchemaError, match=r"time_field 'at' is string, not a date"):
        await Wrong(at="x").insert()
    with pytest.raises(SchemaError, match=r"granularity is 'days'; give one of seconds"):
        TimeSeriesConfig("at", granularity="days")
    with pytest.raises(SchemaError, match="takes no validator"):
        await Reading.sync_validator()


class Color(enum.Enum):
    RED = "red"


class Node(BaseModel):
    value: int
    next: "Node | None" = None


class Strict(Document):
    name: str
    size: float = 1
    color: Color = Color.RED
    node: Node | None = None
    counts: dict[str, int] = {}
    when: datetime.datetime | None = None
    tags: list[str] = Field(default=[], alias="labels")


async def test_a_validator_refuses_what_does_not_fit_whoever_writes_it(client: Any) -> None:
    written = await Strict.sync_validator()
    options = await Strict.collection().options()
    assert options == {"validator": written, "validationLevel": "strict", "validationAction": "error"}
    fits = Strict(name="a", size=3, node=Node(value=1, next=Node(value=2)), counts={"a": 1}, labels=["x"], when=NOW)
    await fits.insert()
    await Strict(name="b").insert()
    collection = Strict.collection()
    for wrong in (
        {"name": 1},
        {"size": "x"},
        {"unknown": 1},
        {"tags": ["x"]},
        {"labels": [1]},
        {"node": {"value": "x"}},
        {"counts": {"a": "x"}},
    ):
        with pytest.raises(Exception, match="failed validation"):
            await collection.insert_one({"name": "c", **wrong})
    with pytest.raises(Exception, match="failed validation"):
        await collection.insert_one({})
    with pytest.raises(ServerError, match="validation"):
        await Strict.find().update({"$unset": {"name": ""}})


async def test_a_family_has_one_validator(client: Any) -> None:
    class Shape(Document):
        color: str

        class Settings:
            is_root = True
            validator = {"color": {"$ne": "mauve"}}

    class Circle(Shape):
        radius: int

    await Circle.sync_validator()
    await Shape(color="red").insert()
    await Circle(color="red", radius=1).insert()
    for wrong in ({"_class_id": "Shape", "color": "red", "radius": 1}, {"_class_id": "Shape.Circle", "color": "red"}):
        with pytest.raises(Exception, match="failed validation"):
            await Shape.collection().insert_one(wrong)
    with pytest.raises(ServerError, match="validation"):
        await Shape(color="mauve").insert()


async def test_a_validator_can_be_taken_away(client: Any) -> None:
    class Free(Document):
        class Settings:
            validator = False

    await Free.collection().database.create_collection("Free", validator={"a": 1})
    assert await Free.sync_validator() == {}
    await Free.collection().insert_one({"_id": ObjectId()})


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [
        ("name", "", "a text"),
        ("database", 3, "a text or None"),
        ("indexes", "name", "a list"),
        ("is_root", 1, "True or False"),
        ("class_id", 5, "a text or None"),
        ("use_revision", "yes", "True or False"),
        ("trust_schema", None, "True or False"),
        ("validator", "strict", "True, False or a dict"),
        ("link_storage", "ref", '"id" or "dbref"'),
        ("eager_load_links", 0, "True or False"),
        ("max_link_batch_size", 0, "an integer above 0"),
        ("keep_nulls", "no", "True or False"),
        ("timeseries", {"timeField": "at"}, "a TimeSeriesConfig or None"),
        ("on_invalid", "drop", '"raise", "skip" or "raw"'),
    ],
)
def test_each_setting_takes_its_own_kind_of_value(key: str, value: Any, kind: str) -> None:
    settings = type("Settings", (), {key: value, "__qualname__": "Odd.Settings"})
    with pytest.raises(SchemaError, match=rf"Odd\.Settings\.{key} is .*it takes {kind}"):
        type(Document)("Odd", (Document,), {"__module__": __name__, "__qualname__": "Odd", "Settings": settings})


def test_unknown_settings_name_the_nearest() -> None:
    with pytest.raises(SchemaError, match=r"did you mean 'use_revision'"):

        class Odd(Document):
            class Settings:
                use_revisions = True


def test_settings_are_merged_along_bases() -> None:
    class Common:
        keep_nulls = False
        link_storage = "dbref"

    class Base(Document):
        class Settings(Common):
            name = "bases"
            database = "elsewhere"

    class Derived(Base):
        class Settings:
            link_storage = "id"

    settings = Derived.settings()
    assert (settings.name, settings.database, settings.keep_nulls, settings.link_storage) == (
        "Derived",
        "elsewhere",
        False,
        "id",
    )


def test_the_registered_schema_is_given() -> None:
    assert [name for name, _, _ in Page.schema().fields()] == ["_id", "title", "visits", "tags", "revision_id"]


async def test_another_database_is_written_to(client: Any, mongod: Server, database_name: str) -> None:
    class Away(Document):
        class Settings:
            database = f"{database_name}_away"

    made = await Away().insert()
    assert await Away.get(made.id) == made
    assert Away.collection().database.name == f"{database_name}_away"
    await Away.collection().database.client.drop_database(f"{database_name}_away")
