"""Links on a real server: stored, followed in queries, fetched, written and deleted."""

import asyncio
import linecache
import warnings
from collections.abc import AsyncIterator
from typing import Any

import pytest
from bson import DBRef, ObjectId

from data_bridge import (
    BackLink,
    Count,
    DeleteRules,
    Document,
    EmbeddedDocument,
    Group,
    Link,
    OneByOneWarning,
    Sort,
    WriteRules,
    fetch_links,
)
from data_bridge.embedded import Server
from data_bridge.errors import (
    BulkWriteError,
    CompileError,
    EncodeError,
    LinkNotFetched,
    LinkTargetMissing,
    SchemaError,
)


class Country(Document):
    name: str


class Author(Document):
    name: str
    country: Link[Country] | None = None
    books: list[BackLink["Book"]] = BackLink(original_field="author")


class Cover(EmbeddedDocument):
    artist: Link[Author] | None = None


class Book(Document):
    title: str
    year: int = 2000
    author: Link[Author]
    editors: list[Link[Author]] = []
    cover: Cover | None = None
    roles: dict[str, Link[Author]] = {}


class Referring(Document):
    """Stores references, not ids."""

    author: Link[Author]
    more: list[Link[Author]] = []

    class Settings:
        link_storage = "dbref"


@pytest.fixture
async def library(client: Any) -> AsyncIterator[dict[str, Any]]:
    france, britain = Country(name="France"), Country(name="Britain")
    await Country.insert_many([france, britain])
    ann, bob = Author(name="Ann", country=france), Author(name="Bob", country=britain.id)
    cid = Author(name="Cid")
    await Author.insert_many([ann, bob, cid])
    ghost = ObjectId()
    one = Book(title="one", year=2001, author=ann, editors=[bob, bob, ghost, ann], cover=Cover(artist=cid))
    two = Book(title="two", year=2002, author=bob.id, roles={"index": cid})
    three = Book(title="three", year=2003, author=ghost)
    await Book.insert_many([one, two, three])
    return {"ann": ann, "bob": bob, "cid": cid, "ghost": ghost, "one": one, "two": two, "three": three}


STRATEGIES = pytest.mark.parametrize("strategy", ["auto", "batch", "lookup"])


async def titles(*predicates: Any, strategy: str = "auto") -> list[str]:
    found = await Book.find(*predicates).sort("title").fetch_links(depth=0, strategy=strategy).to_list()
    return [book.title for book in found]


async def stored(client: Any, name: str) -> list[dict[str, Any]]:
    return [row async for row in client.pymongo()[client.database][name].find().sort("_id")]


@STRATEGIES
async def test_predicates_go_through_links(library: dict[str, Any], strategy: str) -> None:
    async def found(predicate: Any) -> list[str]:
        return await titles(predicate, strategy=strategy)

    assert await found(Book.author.name == "Ann") == ["one"]
    assert await found(Book.author.name != "Ann") == ["three", "two"]
    assert await found(~(Book.author.name == "Ann")) == ["three", "two"]
    assert await found(Book.author.name.in_(["Ann", "Bob"])) == ["one", "two"]
    assert await found(Book.author.name.not_in(["Ann"])) == ["three", "two"]
    assert await found(Book.author.country.name == "Britain") == ["two"]
    assert await found(Book.author.country == None) == ["three"]  # noqa: E711
    assert await found(Book.author.name.startswith("A") | (Book.year > 2002)) == ["one", "three"]
    assert await found(Book.editors.name == "Ann") == ["one"]
    assert await found(Book.cover.artist.name == "Cid") == ["one"]
    assert await found(Book.author.name.exists()) == ["one", "two"]
    assert await found(Book.author.name.exists(False)) == ["three"]
    assert await found({"author.name": "Bob"}) == ["two"]


@STRATEGIES
async def test_back_links_are_asked_too(library: dict[str, Any], strategy: str) -> None:
    query = Author.find(Author.books.title == "two").fetch_links(depth=0, strategy=strategy)
    assert [author.name for author in await query] == ["Bob"]
    nobody = Author.find(~Author.books.title.exists()).fetch_links(depth=0, strategy=strategy)
    assert [author.name for author in await nobody] == ["Cid"]


@STRATEGIES
async def test_terminals_over_linked_predicates(library: dict[str, Any], strategy: str) -> None:
    query = Book.find(Book.author.name == "Ann").fetch_links(depth=0, strategy=strategy)
    assert await query.count() == 1
    assert await query.exists()
    assert await query.distinct(Book.title) == ["one"]
    page = await query.paginate(5)
    assert [book.title for book in page.items] == ["one"]


async def test_the_link_itself_is_asked_without_a_join(library: dict[str, Any]) -> None:
    ann = library["ann"]
    for predicate in (Book.author == ann, Book.author == ann.id, Book.author == str(ann.id), Book.author.id == ann.id):
        assert await titles(predicate) == ["one"]
        assert len(Book.find(predicate).plan().to_dict()["commands"]) == 1
        assert "lookup" not in str(Book.find(predicate).plan())
    assert await titles(Book.author != ann) == ["three", "two"]
    assert await titles(Book.editors == library["bob"]) == ["one"]


async def test_writes_over_linked_predicates(library: dict[str, Any]) -> None:
    assert (await Book.find(Book.author.name == "Bob").update(Book.year.set(1)))["modified"] == 1
    assert await titles(Book.year == 1) == ["two"]
    assert (await Book.find(Book.author.name == "Bob").delete())["n"] == 1
    assert await titles() == ["one", "three"]
    with pytest.raises(CompileError, match="upsert"):
        await Book.find(Book.author.name == "Zoe").upsert(Book.year.set(1))


async def test_sorting_grouping_and_projecting_by_linked_fields(library: dict[str, Any]) -> None:
    assert [book.title for book in await Book.find().sort(Book.author.name)] == ["three", "one", "two"]
    assert [book.title for book in await Book.find().sort(-Book.author.country.name).limit(2)] == ["one", "two"]
    rows = await Book.aggregate([Group(by=Book.author.country.name, books=Count()), Sort(_id=1)])
    assert rows == [{"_id": None, "books": 1}, {"_id": "Britain", "books": 1}, {"_id": "France", "books": 1}]
    rows = await Book.find(Book.year == 2001).project("title", writer=Book.author.name)
    assert [(row["title"], row["writer"]) for row in rows] == [("one", "Ann")]


async def test_fetching_keeps_order_duplicates_and_dangling_links(library: dict[str, Any], client: Any) -> None:
    before = await stored(client, "Book")
    one, three, two = await Book.find().sort("title").fetch_links()
    assert one.author.name == "Ann"
    shown = [editor.missing if isinstance(editor, Link) else editor.name for editor in one.editors]
    assert shown == ["Bob", "Bob", True, "Ann"]
    assert one.editors[0] is one.editors[1]
    assert one.editors[3] is one.author
    assert one.cover is not None
    assert one.cover.artist.name == "Cid"
    assert two.roles["index"] is one.cover.artist
    assert isinstance(three.author, Link)
    assert three.author.missing
    assert three.author.id == library["ghost"]
    for book in (one, two, three):
        assert not book.is_changed
        await book.save()
        await book.replace()
    assert await stored(client, "Book") == before


async def test_depth_paths_and_narrowed_fetches(library: dict[str, Any]) -> None:
    one = await Book.find_one(Book.title == "one").fetch_links(depth=2)
    assert one is not None
    assert one.author.country.name == "France"
    one = await Book.find_one(Book.title == "one").fetch_links(Book.author.country)
    assert one is not None
    assert one.author.country.name == "France"
    assert isinstance(one.editors[0], Link)
    one = await Book.find_one(Book.title == "one").fetch_links(Book.editors.fetch(filter=Author.name == "Ann"))
    assert one is not None
    assert [isinstance(editor, Link) for editor in one.editors] == [True, True, True, False]
    with pytest.raises(CompileError, match="has no link 'title'"):
        await Book.find().fetch_links(Book.title)


async def test_cycles_end_at_the_depth(library: dict[str, Any]) -> None:
    ann = await Author.find_one(Author.name == "Ann").fetch_links(depth=3)
    assert ann is not None
    [book] = ann.books
    assert book.title == "one"
    assert book.author.books[0].title == "one"


async def test_back_links_are_fetched_sorted_and_limited(library: dict[str, Any]) -> None:
    more = [Book(title=f"more {number}", year=number, author=library["ann"]) for number in range(4)]
    await Book.insert_many(more)
    authors = await Author.find().sort("name").fetch_links(Author.books.fetch(sort=-Book.year, limit=2))
    assert [[book.year for book in author.books] for author in authors] == [[2001, 3], [2002], []]


async def test_an_unfetched_back_link_is_no_empty_list(library: dict[str, Any]) -> None:
    ann = await Author.find_one(Author.name == "Ann")
    assert ann is not None
    for use in (list, len, bool):
        with pytest.raises(LinkNotFetched, match="not fetched"):
            use(ann.books)
    assert "books" not in ann.model_dump()
    assert [book.title for book in await ann.fetch_link("books")] == ["one"]


async def test_a_link_used_as_the_document(library: dict[str, Any], mongod: Server, client: Any) -> None:
    two = await Book.find_one(Book.title == "two")
    assert two is not None
    with pytest.raises(LinkNotFetched, match=r"await link\.fetch\(\)"):
        _ = two.author.name
    with pytest.raises(AttributeError, match="nam"):
        _ = two.author.nam
    assert (await two.author.fetch()).name == "Bob"
    assert two.author.name == "Bob"

    def without_a_loop() -> str:
        again = Book.find_one(Book.title == "two").run_sync()
        return str(again.author.name)

    assert await asyncio.to_thread(without_a_loop) == "Bob"
    three = await Book.find_one(Book.title == "three")
    assert three is not None
    with pytest.raises(LinkTargetMissing, match="no Author"):
        await three.author.fetch()


async def commands_of(client: Any) -> int:
    """How many reads and writes the server has answered."""
    status = await client.pymongo().admin.command("serverStatus")
    metrics = status["metrics"]["commands"]
    return sum(int(metrics[name]["total"]) for name in ("find", "aggregate", "insert", "update", "delete"))


async def test_links_of_one_turn_are_one_command(library: dict[str, Any], client: Any) -> None:
    books = await Book.find(Book.author.name.exists()).to_list()
    before = await commands_of(client)
    found = await asyncio.gather(*(book.author.fetch() for book in books for _ in range(5)))
    assert {author.name for author in found} == {"Ann", "Bob"}
    assert await commands_of(client) == before + 1


async def test_fetching_for_documents_at_hand_is_one_command_for_each_class(
    library: dict[str, Any], client: Any
) -> None:
    books, authors = await Book.find().to_list(), await Author.find().to_list()
    before = await commands_of(client)
    await fetch_links([*books, *authors], depth=1)
    # Authors for the books; countries and books for the authors.
    assert await commands_of(client) == before + 3


async def test_fetching_one_after_another_is_noticed(library: dict[str, Any]) -> None:
    books = [book for book in await Book.find(Book.author.name.exists()) for _ in range(6)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for book in books:
            fresh = await Book.get(book.id)
            assert fresh is not None
            await fresh.author.fetch()
    [noticed] = [warning for warning in caught if warning.category is OneByOneWarning]
    assert "`.fetch_links(Book.author)` on the query, or `await fetch_links(documents, Book.author)`" in str(
        noticed.message
    )
    assert noticed.filename == __file__
    assert "await fresh.author.fetch()" in linecache.getline(noticed.filename, noticed.lineno)


async def test_references_and_ids_are_both_read(client: Any) -> None:
    ann, bob = Author(name="Ann"), Author(name="Bob")
    await Author.insert_many([ann, bob])
    plain = client.pymongo()[client.database]["Referring"]
    await plain.insert_many([{"author": ann.id, "more": [DBRef("Author", bob.id), ann.id]}])
    await Referring(author=bob, more=[ann]).insert()
    assert (await plain.find_one({"author": DBRef("Author", bob.id)})) is not None
    for strategy in ("batch", "lookup"):
        for name in ("Ann", "Bob"):
            query = Referring.find(Referring.author.name == name).fetch_links(strategy=strategy)
            assert [found.author.name for found in await query] == [name]
            query = Referring.find(Referring.more.name == name).fetch_links(strategy=strategy)
            assert len(await query) == (2 if name == "Ann" else 1)
    assert await Referring.find(Referring.author == ann).count() == 1
    assert await Referring.find(Referring.author == bob).count() == 1
    assert [row.author.name for row in await Referring.find().sort(Referring.author.name).fetch_links()] == [
        "Ann",
        "Bob",
    ]
    for found in await Referring.find():
        assert not found.is_changed


async def test_a_graph_is_written_with_two_commands_for_each_collection(client: Any) -> None:
    country = Country(name="Chile")
    authors = [Author(name=f"author {number}", country=country) for number in range(20)]
    book = Book(title="new", author=authors[0], editors=authors)
    with pytest.raises(EncodeError, match="never saved"):
        await book.insert()
    before = await commands_of(client)
    await book.insert(link_rule=WriteRules.WRITE)
    assert await commands_of(client) == before + 3
    assert [await Country.count(), await Author.count(), await Book.count()] == [1, 20, 1]
    book.title, authors[3].name, country.name = "newer", "changed", "Peru"
    before = await commands_of(client)
    await book.save(link_rule=WriteRules.WRITE)
    assert await commands_of(client) == before + 3
    assert await Book.find(Book.title == "newer", Book.editors.name == "changed").count() == 1


async def test_a_failed_graph_says_what_was_written(client: Any) -> None:
    ann = Author(name="Ann")
    await ann.insert()
    book = Book(title="a", author=Author(name="new"))
    await book.insert(link_rule=WriteRules.WRITE)
    twin = Book(id=book.id, title="b", author=Author(name="newer"))
    with pytest.raises((BulkWriteError, Exception)) as caught:
        await twin.insert(link_rule=WriteRules.WRITE)
    assert "written before this: Author(" in "".join(getattr(caught.value, "__notes__", []))


async def test_delete_rules_of_the_call(client: Any) -> None:
    ann, bob = Author(name="Ann"), Author(name="Bob")
    book = Book(title="x", author=ann, editors=[bob])
    await book.insert(link_rule=WriteRules.WRITE)
    await book.delete(link_rule=DeleteRules.DELETE_LINKS)
    assert [await Book.count(), await Author.count()] == [0, 0]


async def test_dangling_links_are_found(library: dict[str, Any]) -> None:
    found = {dangling.path: dangling for dangling in await Book.audit_links()}
    assert set(found) == {"author", "editors"}
    assert (found["author"].count, found["author"].examples) == (1, [library["three"].id])
    assert (found["editors"].count, found["editors"].examples) == (1, [library["one"].id])


class Shelf(Document):
    name: str


def test_declarations_that_cannot_be_are_refused() -> None:
    with pytest.raises(SchemaError, match="on_delete is 'explode'"):
        Link(on_delete="explode")
    with pytest.raises(SchemaError, match="nullify"):

        class Strict(Document):
            shelf: Link[Shelf] = Link(on_delete="nullify")

    with pytest.raises(SchemaError, match="pull"):

        class Single(Document):
            shelf: Link[Shelf] = Link(on_delete="pull")

    with pytest.raises(SchemaError, match="none: annotate it"):

        class Plain(Document):
            shelf: int = Link(on_delete="deny")


def test_a_document_may_be_built_without_validation() -> None:
    author = Author.model_construct(name="Ann")
    with pytest.raises(LinkNotFetched):
        list(author.books)
    assert author.model_copy(deep=True).name == "Ann"
