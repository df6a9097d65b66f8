"""Documents on a real server: written, read, changed and deleted."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from bson import ObjectId
from models import Address, Item, User, user
from pydantic import BaseModel, Field

from data_bridge import Avg, Count, Document, F, Group, Limit, Match, Sort, connect, fn
from data_bridge.embedded import Server
from data_bridge.errors import (
    BulkWriteError,
    CompileError,
    DecodeError,
    DocumentNotFound,
    DuplicateKeyError,
    MultipleDocumentsFound,
    NotConnected,
)


@pytest.fixture
async def users(client: Any) -> list[User]:
    """A hundred stored users, in the order of their numbers."""
    await User.sync_indexes()
    made = [user(number, tags=["vip"] if number % 3 == 0 else []) for number in range(100)]
    await User.insert_many(made)
    return made


async def test_inserted_documents_have_ids_and_come_back(users: list[User]) -> None:
    assert len({made.id for made in users}) == 100
    assert await User.get(users[5].id) == users[5]
    assert await User.get(str(users[5].id)) == users[5]
    assert await User.get(ObjectId()) is None


async def test_a_pipeline_is_built_stage_by_stage(users: list[User]) -> None:
    class City(BaseModel):
        id: str = Field(alias="_id")
        n: int

    start = User.pipeline().match(User.age > 25)
    grouped = start.group(by=User.address.city, n=Count()).sort(n=-1, _id=1)
    stages = [Match(User.age > 25), Group(by=User.address.city, n=Count()), Sort(n=-1, _id=1)]
    assert grouped.plan().commands == User.aggregate(stages).plan().commands
    rows = await grouped
    assert [row["n"] for row in rows] == sorted((row["n"] for row in rows), reverse=True)
    assert await grouped.limit(1).output(City) == [City(**rows[0])]
    assert await start.count("n") == [{"n": await start.count()}] == [{"n": 64}]
    [last] = await start.stage({"$sort": {"age": 1}}, {"$skip": 63}).project(User.age, id=False)
    assert last == {"age": 89}
    with pytest.raises(CompileError, match="no field 'm' exists"):
        grouped.match(F.m > 1).plan()
    with pytest.raises(CompileError, match="no field 'agee'"):
        User.pipeline().match({"agee": 1})


async def test_keys_of_a_filter_dict_may_be_fields(users: list[User]) -> None:
    found = User.find({User.address.city: "NYC", User.age: {"$lt": 3}})
    assert found.plan().commands == User.find({"address.city": "NYC", "age": {"$lt": 3}}).plan().commands
    assert await found.count() > 0
    with pytest.raises(CompileError, match="a filter's keys are field names"):
        User.find({User.age + 1: 5})


async def test_a_collation_may_be_its_locale(users: list[User]) -> None:
    query = User.find().collation("en")
    assert query.plan().commands == User.find().collation({"locale": "en"}).plan().commands
    assert await query.count() == 100


async def test_time_limits_are_milliseconds_or_spans(users: list[User]) -> None:
    for limit in (2500, timedelta(seconds=2.5)):
        query = User.find().max_time(limit)
        assert query.plan().commands[0]["maxTimeMS"] == 2500
        assert await query.count() == 100
    with pytest.raises(TypeError, match="max_time takes milliseconds"):
        User.find().max_time(2.5)  # type: ignore[arg-type]


async def test_find_one_takes_what_find_takes(users: list[User]) -> None:
    assert await User.find_one(User.age > 25, sort=-User.age, skip=1) == sorted(users, key=lambda u: -u.age)[1]


async def test_find_sorts_skips_limits_and_projects(users: list[User]) -> None:
    found = await User.find((User.age > 25) & (User.address.city == "NYC")).sort(-User.age).skip(1).limit(3).to_list()
    expected = sorted((made for made in users if made.age > 25 and made.address.city == "NYC"), key=lambda u: -u.age)
    assert found == expected[1:4]

    class Name(BaseModel):
        name: str

    assert (await User.find(User.age == 3).project(Name))[0] == Name(name="user 3")
    [row] = await User.find(User.name == "user 3").project(User.age, double=User.age * 2)
    assert row == {"_id": users[3].id, "age": 3, "double": 6}


async def test_counting_and_asking(users: list[User]) -> None:
    vips = User.find(User.tags.contains("vip"))
    assert await vips.count() == 34
    assert await vips.exists()
    assert not await User.find(User.age > 1000).exists()
    assert sorted(await User.distinct(User.address.city)) == ["LA", "NYC"]
    assert await User.find(User.age < 3).sum(User.age) == sum(made.age for made in users if made.age < 3)
    for field in (User.name, User.tags, "name"):
        with pytest.raises(CompileError, match=r"\$sum takes a number"):
            await vips.sum(field)
    assert await User.find(User.age.in_([])).to_list() == []
    assert await User.find(User.age.in_([])).count() == 0
    assert await User.find_one(User.age.in_([])) is None


async def test_one_wants_exactly_one(users: list[User]) -> None:
    assert await User.find(User.name == "user 3").one() == users[3]
    with pytest.raises(DocumentNotFound):
        await User.find(User.name == "nobody").one()
    with pytest.raises(MultipleDocumentsFound):
        await User.find(User.age == 3).one()


async def test_dicts_are_queries_too(users: list[User]) -> None:
    expected = [made for made in users if made.age in (3, 4)]
    assert await User.find({"age": {"$in": [3, 4]}}).sort("_id") == expected
    assert await User.find({"$or": [{"age": 3}, {"age": 4}]}, sort="_id") == expected


async def test_streams_in_both_worlds(users: list[User]) -> None:
    seen = [each async for each in User.find().sort(User.id).batch_size(7)]
    assert seen == users
    assert list(User.find().sort(User.id).batch_size(7)) == users
    assert User.find().count().run_sync() == 100


async def test_aggregates(users: list[User]) -> None:
    rows = await User.aggregate(
        [
            Match(User.age > 25),
            Group(by=User.address.city, count=Count(), mean=Avg(User.age)),
            Sort(count=-1),
            Limit(5),
        ]
    ).to_list()
    assert {row["_id"]: row["count"] for row in rows} == {
        city: sum(made.age > 25 and made.address.city == city for made in users) for city in ("NYC", "LA")
    }

    class Row(BaseModel):
        city: str

    typed = await User.aggregate([Group(by=User.address.city), {"$set": {"city": "$_id"}}], output=Row)
    assert {row.city for row in typed} == {"NYC", "LA"}
    upper = await User.find(User.name == "user 3").aggregate([{"$match": {}}]).project(shout=fn.to_upper(F.name))
    assert [row["shout"] for row in upper] == ["USER 3"]


async def test_save_writes_only_what_changed(users: list[User]) -> None:
    loaded = await User.get(users[0].id)
    assert loaded is not None
    assert not loaded.is_changed
    loaded.tags.append("new")
    loaded.address.city = "Rome"
    assert loaded.changes == {"tags": ["vip", "new"], "address.city": "Rome"}
    await User.find(User.id == loaded.id).update(User.age.set(77))
    await loaded.save()
    stored = await User.get(loaded.id)
    assert stored is not None
    assert (stored.tags, stored.address.city, stored.age) == (["vip", "new"], "Rome", 77)
    loaded.name = "gone"
    loaded.rollback()
    assert loaded.name == "user 0"


async def test_updates(users: list[User]) -> None:
    result = await User.find(User.age < 10).update(User.age.inc(100), User.tags.push("old"))
    assert result["n"] == result["modified"] == sum(made.age < 10 for made in users)
    await users[1].inc({User.age: 5})
    assert users[1].age == 106
    await users[1].set({User.items: [Item(name="pen", price=1.5)]})
    assert users[1].items == [Item(name="pen", price=1.5)]
    assert await User.find(User.items.any(lambda item: item.price > 1)).to_list() == [users[1]]
    after = await User.find(User.name == "user 2").find_one_and_update(User.age.inc(1), return_document="after")
    assert after.age == 103


async def test_upserts(client: Any) -> None:
    fresh = user(7)
    result = await User.find(User.name == "user 7").upsert(User.age.set(50), on_insert=fresh)
    assert len(result["upserted"]) == 1
    stored = await User.find(User.name == "user 7").one()
    assert (stored.age, stored.email) == (50, fresh.email)


async def test_replace_delete_and_refresh(users: list[User]) -> None:
    users[2].name = "replaced"
    await users[2].replace()
    await users[2].refresh()
    assert users[2].name == "replaced"
    await users[2].delete()
    with pytest.raises(DocumentNotFound):
        await users[2].refresh()
    assert (await User.find(User.address.city == "LA").delete())["n"] == 49
    assert await User.find_one(User.name == "user 5").find_one_and_delete() == users[5]
    assert (await User.delete_all())["n"] == 49


async def test_a_duplicate_names_its_index_and_value(users: list[User]) -> None:
    with pytest.raises(DuplicateKeyError) as raised:
        await user(200, email="3@example.org").insert()
    assert raised.value.index == "email_1"
    assert raised.value.key == {"email": "3@example.org"}


async def test_an_unordered_insert_reports_each_failure(users: list[User]) -> None:
    batch = [user(200), user(3), user(201), user(4)]
    with pytest.raises(BulkWriteError) as raised:
        await User.insert_many(batch, ordered=False)
    assert [failure["index"] for failure in raised.value.failures] == [1, 3]
    assert raised.value.inserted == 2


async def test_what_does_not_fit_is_raised_skipped_or_given_raw(users: list[User]) -> None:
    await User.collection().update_one({"_id": users[0].id}, {"$set": {"age": "old"}})
    with pytest.raises(DecodeError) as raised:
        await User.find().to_list()
    assert raised.value.document_id == users[0].id
    assert raised.value.path == "age"


async def test_pages_meet_every_document_once(users: list[User]) -> None:
    for order in ([User.age], [-User.age], [User.nickname, -User.age]):
        query, seen, after = User.find().sort(*order), [], None
        while True:
            page = await query.paginate(7, after=after)
            seen.extend(each.id for each in page.items)
            after = page.next
            if after is None:
                break
        assert sorted(seen) == sorted(made.id for made in users)


async def test_explain_tells_the_index_and_warns_without_one(users: list[User]) -> None:
    assert (await User.find(User.email == "3@example.org").explain()).index == "email_1"
    scan = await User.find(User.age == 3).explain()
    assert any("collection scan" in warning for warning in scan.warnings)
    assert "examined 0 keys and 100 documents, returned 2" in str(scan)


def test_everything_works_without_an_event_loop(mongod: Server, database_name: str) -> None:
    with connect(mongod.uri, database=database_name).run_sync():
        made = user(1).insert().run_sync()
        assert User.get(made.id).run_sync() == made
        assert User.find().run_sync() == [made]
        made.address = Address(street="x", city="y")
        made.save().run_sync()
        assert User.find(User.address.city == "y").count().run_sync() == 1
        User.delete_all().run_sync()


def test_running_without_a_connection_says_what_to_do() -> None:
    with pytest.raises(NotConnected, match="connect"):
        User.find().to_list().run_sync()


async def test_a_transaction_is_kept_or_undone_as_a_whole(replica_set: Server, database_name: str) -> None:
    async with await connect(replica_set.uri, database=database_name) as connected:
        await user(1).insert()
        for end, age in (("abort", 1), ("commit", 50)):
            session = await connected.start_session()
            await session.start_transaction()
            await User.find().session(session).update(User.age.set(50))
            await getattr(session, end)()
            assert [each.age for each in await User.find()] == [age]
        await User.delete_all()


class Odd(Document):
    model_config = {"extra": "allow"}

    n: int = 0


async def test_a_changed_field_whose_name_is_no_path_is_saved_under_its_name(client: Any) -> None:
    odd = Odd.model_validate({"n": 1, "x.y": 1, "$z": 2, "x": {"y": 7}, "w": 1})
    await odd.insert()
    extra = odd.__pydantic_extra__
    assert extra is not None
    extra["x.y"] = {"$add": [1, "$n"]}
    extra["$z"] = "$n"
    del extra["w"]
    odd.n = 5
    await odd.save()
    stored = await client.pymongo()[client.database]["Odd"].find_one({"_id": odd.id})
    del stored["_id"]
    assert stored == {"n": 5, "x.y": {"$add": [1, "$n"]}, "$z": "$n", "x": {"y": 7}}
    assert odd.previous_changes == {"n": 5, "x.y": {"$add": [1, "$n"]}, "$z": "$n", "w": None}
    del extra["$z"]
    await odd.save()
    assert "$z" not in await client.pymongo()[client.database]["Odd"].find_one({"_id": odd.id})


class Keyed(Document):
    id: dict[str, Any]  # type: ignore[assignment]
    n: int = 0


async def test_a_document_whose_id_is_a_document_is_saved(client: Any) -> None:
    keyed = await Keyed(id={"a": 1}).insert()
    other = await Keyed(id={"a": 2}).insert()
    keyed.n = 5
    await keyed.save()
    assert [each.n for each in await Keyed.find().sort(Keyed.id).to_list()] == [5, 0]
    assert (await other.refresh()).n == 0


async def test_the_database_that_nobody_named_is_test(mongod: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_URI", mongod.uri)
    async with await connect() as client:
        assert client.database == "test"
        try:
            made = await user(1).insert()
            stored = client.pymongo()["test"][User.settings().name]
            assert [row["_id"] async for row in stored.find()] == [made.id]
            assert await User.collection().count_documents({}) == await User.count() == 1
        finally:
            await client.pymongo().drop_database("test")


class Priced(Document):
    price: Decimal
    prices: list[Decimal] = []


async def test_decimals_are_pythons_own_where_a_query_gives_one_value(client: Any) -> None:
    await Priced.insert_many([Priced(price=Decimal("1.50"), prices=[Decimal(1)]), Priced(price=Decimal("2.25"))])
    found = Priced.find()
    assert await found.sum(Priced.price) == Decimal("3.75")
    assert [await each for each in (found.min(Priced.price), found.max(Priced.price))] == [
        Decimal("1.50"),
        Decimal("2.25"),
    ]
    assert sorted(await found.distinct(Priced.price)) == [Decimal("1.50"), Decimal("2.25")]
    assert await found.distinct(Priced.prices) == [Decimal(1)]
    assert isinstance(await found.avg(Priced.price), Decimal)
