"""Reading through links: at once, many, and by every terminal."""

import asyncio
import tracemalloc
from typing import Annotated, Any

import pytest
from bson import ObjectId
from pydantic import BaseModel, Field
from pymongo import MongoClient

from data_bridge import BackLink, Document, EmbeddedDocument, Indexed, Link, WriteRules, connect, fetch_links
from data_bridge.embedded import Server
from data_bridge.errors import CompileError, LinkTargetMissing


class Land(Document):
    name: str


class Writer(Document):
    name: str
    age: int = 0
    land: Link[Land] | None = None
    books: list[BackLink["Book"]] = BackLink(original_field="writer")


class Book(Document):
    number: int
    writer: Link[Writer] | None = None
    helpers: list[Link[Writer]] = []


class Small(Document):
    """Fetched two at a time."""

    number: int

    class Settings:
        max_link_batch_size = 2


class Holder(Document):
    smalls: list[Link[Small]] = []


class Eager(Document):
    small: Link[Small]

    class Settings:
        eager_load_links = True


@pytest.fixture
async def shelf(client: Any) -> list[Writer]:
    """Thirty books of three writers, and one of nobody."""
    lands = [Land(name="x"), Land(name="y")]
    await Land.insert_many(lands)
    writers = [Writer(name=name, age=number * 10, land=lands[number % 2]) for number, name in enumerate("abc")]
    await Writer.insert_many(writers)
    await Book.insert_many([Book(number=number, writer=writers[number % 3]) for number in range(30)])
    await Book(number=30).insert()
    return writers


async def commands(client: Any) -> int:
    status = await client.pymongo().admin.command("serverStatus")
    metrics = status["metrics"]["commands"]
    names = ("find", "aggregate", "getMore", "count", "distinct", "insert", "update", "delete", "findAndModify")
    return sum(int(metrics[name]["total"]) for name in names)


@pytest.mark.parametrize("strategy", ["auto", "batch", "lookup"])
async def test_every_terminal_takes_linked_predicates(shelf: list[Writer], strategy: str) -> None:
    query = Book.find(Book.writer.land.name == "x", Book.number < 20).fetch_links(depth=0, strategy=strategy)
    numbers = [number for number in range(20) if number % 3 != 1]
    assert await query.count() == len(numbers)
    assert await query.exists()
    assert not await query.find(Book.number < 0).exists()
    assert sorted(await query.distinct(Book.number)) == numbers
    assert await query.sum(Book.number) == sum(numbers)
    assert await query.max(Book.number) == numbers[-1]
    first = await query.sort(-Book.number).first()
    assert first is not None
    assert first.number == numbers[-1]
    seen: list[int] = []
    after = None
    while True:
        page = await query.sort(-Book.number).paginate(4, after)
        seen += [book.number for book in page.items]
        after = page.next
        if after is None:
            break
    assert seen == numbers[::-1]
    assert [book.number async for book in query.sort("number").batch_size(3)] == numbers


async def test_values_behind_links(shelf: list[Writer], client: Any) -> None:
    assert sorted(await Book.distinct(Book.writer.name)) == ["a", "b", "c"]
    assert sorted(await Book.find(Book.writer.land.name == "x").distinct(Book.writer.name)) == ["a", "c"]
    assert await Book.find(Book.number == 30).distinct(Book.writer.name) == []
    assert sorted(await Writer.find(Writer.name == "b").distinct(Writer.books.number)) == list(range(1, 30, 3))
    plain = client.pymongo()[client.database]["Writer"]
    await plain.update_one({"name": "b"}, {"$set": {"name": None}})
    await plain.update_one({"name": "c"}, {"$unset": {"name": 1}})
    assert set(await Book.distinct(Book.writer.name)) == {"a", None}
    assert set(await Writer.distinct("name")) == {"a", None}
    for row, name in zip(shelf, "abc", strict=True):
        await plain.update_one({"_id": row.id}, {"$set": {"name": name}})
    assert await Book.find(Book.number < 3).sum(Book.writer.age) == 30
    assert await Book.find().max(Book.writer.land.name) == "y"
    rows = await Book.find(Book.writer.name == "b").sort("number").limit(2).project("number", who=Book.writer.name)
    assert [(row["number"], row["who"]) for row in rows] == [(1, "b"), (4, "b")]
    ordered = await Book.find(Book.number < 7).sort(-Book.writer.age, Book.number)
    assert [book.number for book in ordered] == [2, 5, 1, 4, 0, 3, 6]


async def test_pages_by_a_linked_field_are_refused(shelf: list[Writer]) -> None:
    with pytest.raises(CompileError, match=r"writer\.name"):
        await Book.find().sort(Book.writer.name).paginate(5)


async def test_updates_and_deletes_take_linked_predicates(shelf: list[Writer], client: Any) -> None:
    of_b = Book.find(Book.writer.name == "b")
    before = await commands(client)
    assert (await of_b.update(Book.number.inc(100)))["modified"] == 10
    assert await commands(client) - before == 2  # the ids of the writers, then the update
    assert (await Book.find(Book.writer.name == "b", Book.number < 105).update_one(Book.number.set(1)))["modified"] == 1
    changed = await Book.find(Book.writer.land.name == "y").find_one_and_update(Book.number.set(2))
    assert changed is not None
    assert (await Book.find(Book.writer.name.in_(["a", "b"])).delete())["n"] == 20
    assert (await Book.find(Book.writer.name.exists(False)).delete())["n"] == 1
    assert (await Book.find(Book.writer.name != "c").delete())["n"] == 0
    assert await Book.count() == 10
    assert (await Writer.find(Writer.books.number.exists(False)).delete())["n"] == 2


async def test_concurrent_fetches_of_one_document_give_one_answer(shelf: list[Writer], client: Any) -> None:
    book = await Book.find_one(Book.number == 3)
    assert book is not None
    ways = [book.fetch_links(), book.fetch_link("writer"), fetch_links([book]), fetch_links([book, book], depth=2)]
    link = book.writer
    lazy = [link.fetch() for _ in range(20)]  # type: ignore[union-attr]
    await asyncio.gather(*ways, *lazy, *(Book.find(Book.number == 3).fetch_links().to_list() for _ in range(5)))
    assert book.writer is not None
    assert book.writer.name == "a"
    assert not book.is_changed
    books = await Book.find(Book.number < 30)
    before = await commands(client)
    writers = await asyncio.gather(*(each.writer.fetch() for each in books))  # type: ignore[union-attr]
    assert await commands(client) - before == 1
    assert [writer.name for writer in writers] == ["abc"[each.number % 3] for each in books]
    assert len({id(writer) for writer in writers}) == 3


async def test_one_waiter_gone_leaves_the_others_waiting(shelf: list[Writer]) -> None:
    one, other = await Book.find(Book.number.in_([0, 3])).sort("number")
    cancelled = asyncio.ensure_future(_fetched(one))
    waiting = asyncio.ensure_future(_fetched(other))
    await asyncio.sleep(0)
    cancelled.cancel()
    assert (await waiting).name == "a"
    with pytest.raises(asyncio.CancelledError):
        await cancelled


async def _fetched(book: Book) -> Any:
    return await book.writer.fetch()  # type: ignore[union-attr]


async def test_a_missing_document_is_said_to_each_that_waits(client: Any) -> None:
    ghost = ObjectId()
    await Book.insert_many([Book(number=number, writer=ghost) for number in range(3)])
    books = await Book.find()
    found = await asyncio.gather(*(_fetched(book) for book in books), return_exceptions=True)
    assert [type(each) for each in found] == [LinkTargetMissing] * 3
    assert all(book.writer.missing for book in books)  # type: ignore[union-attr]


async def test_batches_are_as_large_as_the_settings_say(client: Any) -> None:
    smalls = [Small(number=number) for number in range(5)]
    await Small.insert_many(smalls)
    await Holder(smalls=[*smalls, *smalls]).insert()
    before = await commands(client)
    holder = await Holder.find().fetch_links().one()
    assert await commands(client) - before == 1 + 3
    assert [small.number for small in holder.smalls] == [0, 1, 2, 3, 4] * 2
    holder, before = await Holder.find().one(), await commands(client)
    fetched = await asyncio.gather(*(link.fetch() for link in holder.smalls))  # type: ignore[attr-defined]
    assert await commands(client) - before == 3
    assert [small.number for small in fetched] == [0, 1, 2, 3, 4] * 2


async def test_links_are_fetched_unasked_where_the_settings_say_so(client: Any) -> None:
    small = Small(number=7)
    await small.insert()
    await Eager(small=small).insert()
    assert [eager.small.number for eager in await Eager.find()] == [7]
    eager = await Eager.find().one()
    assert eager.small.number == 7
    unfetched = await Eager.find().fetch_links(depth=0).one()
    assert isinstance(unfetched.small, Link)


async def test_a_hundred_thousand_links_are_read_in_batches_within_bounds(client: Any) -> None:
    plain = client.pymongo()[client.database]
    count, targets = 100_000, 12_000
    await plain["Writer"].insert_many([{"_id": ObjectId(), "name": "x" * 20} for _ in range(targets)])
    ids = [row["_id"] async for row in plain["Writer"].find({}, {"_id": 1})]
    links = [ids[number * 7 % targets] for number in range(count)]
    await plain["Book"].insert_one({"number": 1, "helpers": links})
    before = await commands(client)
    book = await Book.find().fetch_links(Book.helpers).one()
    # The document, and two batches of 10,000 ids.
    assert await commands(client) - before <= 1 + 2 * 2
    tracemalloc.start()
    try:
        book = await Book.find().fetch_links(Book.helpers).one()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60 * 2**20
    assert [helper.id for helper in book.helpers] == links
    assert len({id(helper) for helper in book.helpers}) == targets
    assert not book.is_changed
    await book.save()
    assert (await plain["Book"].find_one({}))["helpers"] == links


class Known(BaseModel):
    id: Any = Field(alias="_id")
    name: str


class Nameless(BaseModel):
    name: str


async def test_a_narrowed_fetch_neither_copies_nor_loses(shelf: list[Writer], client: Any) -> None:
    ghost = ObjectId()
    await Book(number=50, writer=shelf[0], helpers=[shelf[1], ghost, shelf[2], shelf[1]]).insert()
    before = await Book.collection().find_one({"number": 50})
    shapes = (Book.writer.fetch(project=Known), Book.helpers.fetch(project=Known, filter=Writer.age < 20))
    book = await Book.find(Book.number == 50).fetch_links(*shapes).one()
    assert type(book.writer) is Known
    assert [each.name if isinstance(each, Known) else each.missing for each in book.helpers] == ["b", False, False, "b"]
    assert not book.is_changed
    await book.save(link_rule=WriteRules.WRITE)
    await book.replace()
    assert await Book.collection().find_one({"number": 50}) == before
    # What the filter left out can still be fetched, and what is not there is known only then.
    assert (await book.helpers[2].fetch()).name == "c"
    await book.fetch_links(Book.helpers)
    assert [isinstance(each, Link) and each.missing for each in book.helpers] == [False, True, False, False]


async def test_back_links_may_be_narrowed_in_every_way(shelf: list[Writer]) -> None:
    class Numbered(BaseModel):
        number: int
        writer: Link[Writer] | None

    narrow = Writer.books.fetch(filter=Book.number > 3, sort=-Book.number, limit=2, project=Numbered)
    writers = await Writer.find().sort("name").fetch_links(narrow)
    assert [[book.number for book in writer.books] for writer in writers] == [[27, 24], [28, 25], [29, 26]]
    assert {type(book) for writer in writers for book in writer.books} == {Numbered}


async def test_what_cannot_be_narrowed_is_refused(client: Any) -> None:
    for fetch, message in (
        (Book.helpers.fetch(sort="name"), r"Book\.helpers: the order .*only back links"),
        (Book.helpers.fetch(limit=1), "only back links"),
        (Writer.books.fetch(project=Nameless), r"Writer\.books: .*Nameless.* must hold the link 'writer'"),
        (Book.writer.fetch(project=Nameless), r"Book\.writer: .*Nameless.*must hold its id"),
    ):
        cls = Writer if "Writer" in message else Book
        with pytest.raises(CompileError, match=message):
            cls.find().fetch_links(fetch)
        with pytest.raises(CompileError, match=message):
            await fetch_links([cls.model_construct()], fetch)


class Stand(EmbeddedDocument):
    keeper: Link[Writer] | None = None


class Market(Document):
    owner: Link[Writer]
    friends: list[Link[Writer]] = []
    ranked: Link[Writer] | None = None
    rare: Annotated[Link[Writer] | None, Indexed(sparse=True, name="rare_sparse")] = None
    plain: Link[Writer] = Link(index=False)
    stands: list[Stand] = []
    by_name: dict[str, Link[Writer]] = {}

    class Settings:
        index_links = True
        indexes = [[("ranked", -1), ("_id", 1)]]


class Stall(Document):
    owner: Link[Writer] = Link(index=True)
    other: Link[Writer] | None = None


async def test_links_are_indexed_where_the_class_or_the_link_says_so(client: Any) -> None:
    wanted = ["friends_1", "owner_1", "ranked_-1__id_1", "rare_1", "rare_sparse", "stands.keeper_1"]
    assert sorted(await Market.sync_indexes()) == wanted
    assert sorted(await Market.collection().index_information()) == ["_id_", *wanted]
    assert await Stall.sync_indexes() == ["owner_1"]
    assert await Book.sync_indexes() == []
    explained = await Market.find(Market.owner == ObjectId()).explain()
    assert explained.index == "owner_1"
    assert (await Market.find(Market.stands.keeper == ObjectId()).explain()).index == "stands.keeper_1"


def test_links_are_fetched_without_an_event_loop(mongod: Server, database_name: str) -> None:
    with (
        connect(mongod.uri, database=database_name).run_sync(),
        MongoClient[dict[str, Any]](mongod.uri) as plain,
    ):
        writer = Writer(name="a").insert().run_sync()
        Book(number=1, writer=writer).insert().run_sync()
        book = Book.find().one().run_sync()
        assert book.writer is not None
        assert book.writer.name == "a"  # read there and then
        assert [each.writer.name for each in Book.find().fetch_links().run_sync()] == ["a"]
        books = list(Book.find())
        fetch_links(books).run_sync()
        assert books[0].writer is not None
        assert books[0].writer.name == "a"
        assert Writer.find().fetch_links().one().run_sync().books[0].number == 1
        plain.drop_database(database_name)
