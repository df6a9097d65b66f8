"""Unique indexes as facts: taken when the server says so, printed where used, dropped with the connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import pytest

from data_bridge import Document, Indexed, connect
from data_bridge.embedded import Server


class Account(Document):
    email: Annotated[str, Indexed(unique=True)]
    nick: Annotated[str | None, Indexed(unique=True, sparse=True)] = None
    age: int

    class Settings:
        name = "unique_accounts"


@pytest.fixture
def connected(mongod: Server) -> Iterator[str]:
    with connect(mongod.uri, database="unique_facts").run_sync():
        Account.delete_all().run_sync()
        yield mongod.uri


def test_nothing_is_relied_on_before_the_server_was_asked(connected: str) -> None:
    query = Account.find(Account.email == "a").sort(Account.age)
    assert "sort" in query.plan().commands[0]


def test_a_unique_index_is_relied_on_and_named(connected: str) -> None:
    Account.sync_indexes().run_sync()
    Account.insert_many([Account(email="a", nick="x", age=1), Account(email="b", nick="y", age=2)]).run_sync()
    query = Account.find(Account.email == "a").sort(Account.age)
    assert query.plan().commands == [{"find": "unique_accounts", "filter": {"email": "a"}}]
    assert "knowing Account.email: another value in every document (unique indexes" in str(query.plan())
    by_email = Account.find().sort(Account.email, -Account.age)
    assert by_email.plan().commands[0]["sort"] == {"email": 1}
    assert [account.age for account in by_email.to_list().run_sync()] == [1, 2]


def test_an_index_that_leaves_documents_out_keeps_nothing_apart(connected: str) -> None:
    Account.sync_indexes().run_sync()
    assert Account.find().sort(Account.nick, Account.age).plan().commands[0]["sort"] == {"nick": 1, "age": 1}


def test_a_collation_and_another_connection_take_the_fact_away(connected: str) -> None:
    Account.sync_indexes().run_sync()
    query = Account.find(Account.email == "a").sort(Account.age)
    assert "sort" not in query.plan().commands[0]
    assert "sort" in query.collation({"locale": "en", "strength": 1}).plan().commands[0]
    with connect(connected, database="unique_facts").run_sync():
        assert "sort" in query.plan().commands[0]
