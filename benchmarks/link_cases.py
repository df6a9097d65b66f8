"""What is measured of links: times as in `cases`, and how many commands the server answers."""

from __future__ import annotations

from typing import Any

from pymongo import MongoClient

from . import library
from .case import Case, call, given, unchecked
from .peers.link_peer import LinkPeer

#: A new document links to this many.
LINKED = 20
#: Of these the server is asked by reading and writing documents; others keep connections alive.
_COUNTED = ("find", "getMore", "aggregate", "count", "distinct", "insert", "update", "delete", "findAndModify")


def commands(uri: str) -> int:
    """How many commands that read or write documents the server has answered."""
    with MongoClient[dict[str, Any]](uri) as client:
        answered = client.admin.command("serverStatus")["metrics"]["commands"]
    return sum(int(answered[name]["total"]) for name in _COUNTED)


def _name(_: LinkPeer, round_number: int) -> str:
    """Another author each time."""
    return str(library.author(round_number * 37 % library.AUTHORS)["name"])


def _new_book(peer: LinkPeer, round_number: int) -> Any:
    return peer.make(library.NEW + round_number * (LINKED + 1), LINKED)


def _same(peer: LinkPeer, books: list[Any], numbers: list[int], ordered: bool = False) -> None:
    found = [library.seen(book) for book in books]
    wanted = [library.expected(number) for number in numbers]
    assert (found if ordered else sorted(found)) == wanted, f"{peer.label}: {found[:3]} is not {wanted[:3]}"


def _check_longest(peer: LinkPeer, count: int, books: list[Any]) -> None:
    longest = sorted(range(library.BOOKS), key=lambda number: -library.plain(number)["pages"])
    _same(peer, books, longest[:count], ordered=True)


def _of(name: str) -> list[int]:
    return [number for number in range(library.BOOKS) if f"Author {library.author_of(number)}" == name]


def _check_written(peer: LinkPeer, name: str, books: list[Any]) -> None:
    _same(peer, books, _of(name))


def _check_count(peer: LinkPeer, name: str, count: int) -> None:
    assert count == len(_of(name)), f"{peer.label}: {count}"


def _check_first(peer: LinkPeer, count: int, books: list[Any]) -> None:
    _same(peer, books, list(range(count)))


async def _found_then_fetched(peer: LinkPeer, count: int) -> list[Any]:
    books = await peer.find(count)
    await peer.fetch(books)
    return books


def drop_new(uri: str, database: str, books: int) -> None:
    """Removes what was inserted, after looking that it is all there and linked.

    Raises:
        AssertionError: a book or a tag is missing.
    """
    new = {"_id": {"$gte": library.NEW}}
    with MongoClient[dict[str, Any]](uri) as client:
        target = client[database]
        tags = {row["_id"] for row in target["tags"].find(new)}
        found = [row for name in (library.BY_ID, library.BY_REFERENCE) for row in target[name].find(new)]
        linked = [getattr(link, "id", link) for row in found for link in row["tags"]]
        assert len(found) == books, f"{len(found)} books inserted, not {books}"
        assert len(linked) == books * LINKED, f"{len(linked)} links stored"
        assert set(linked) == tags, "links and tags differ"
        for name in ("tags", library.BY_ID, library.BY_REFERENCE):
            target[name].delete_many(new)


CASES = [
    Case("links: 10 fetched by the query", "longest", given(10), call("longest"), _check_longest),
    Case(
        "links: 10, then fetched at hand", "longest_then_links", given(10), call("longest_then_links"), _check_longest
    ),
    Case("links: filter on a linked field", "written_by", _name, call("written_by"), _check_written),
    Case("links: count by a linked field", "count_written_by", _name, call("count_written_by"), _check_count),
    Case("links: 1,000 books with links", "with_links", given(1000), call("with_links"), _check_first),
    Case("links: 20,000 books with links", "with_links", given(library.BOOKS), call("with_links"), _check_first),
    Case("links: insert one with 20 linked", "insert", _new_book, call("insert"), unchecked, after=drop_new),
]
#: Where commands are counted and not time.
COUNTED = [
    Case("commands: 50 books with links by the query", "with_links", given(50), call("with_links"), _check_first),
    Case("commands: 50 books, then links at hand", "fetch", given(50), _found_then_fetched, _check_first),
    Case("commands: insert one with 20 linked", "insert", _new_book, call("insert"), unchecked, after=drop_new),
]
