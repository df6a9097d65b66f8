"""Errors that a slip leads to say what to write."""

from typing import Any

import pytest
from models import User

from data_bridge import connect
from data_bridge.bulk import BulkResult
from data_bridge.errors import CompileError, ConnectionFailure


@pytest.mark.parametrize(
    ("slip", "told"),
    [
        (lambda: User.age > 1 & User.age < 5, r"write (User.age > 1) & (User.age < 5)"),
        (lambda: User.age in [1, 2], "User.age.in_([1, 2]) for in"),
        (lambda: User.age.in_(3), "write [3, ...]"),
        (lambda: User.age.in_(1, 2), "write .in_([1, 2])"),
        (lambda: User.age.not_in(1, 2), "User.age: give one list of values"),
        (lambda: User.find().sort("agee").plan(), "did you mean 'age'? fields: "),
        (lambda: User.find().project("nme").plan(), "did you mean 'name'? fields: "),
        (lambda: User.name.contain("x"), "did you mean contains()"),
        (lambda: User.name.lenght(), "did you mean length()"),
        (lambda: User.find("6b02e6ae34ea58b98430381b"), "a document is found by its id with User.get(id)"),
        (lambda: User.find().update(User.age == 5), "a predicate is not an update\n  hint: write User.name.set"),
    ],
)
def test_slips(slip: Any, told: str) -> None:
    with pytest.raises(CompileError) as raised:
        slip()
    assert told in str(raised.value)


def test_the_result_of_a_bulk_is_short() -> None:
    assert repr(BulkResult(inserted=2, upserted=list(range(1000)))) == "BulkResult(inserted=2, upserted=1000)"
    assert repr(BulkResult()) == "BulkResult()"


@pytest.mark.parametrize("name", ["my db", "a.b", "", "x" * 64, "a/b"])
def test_databases_have_names_that_the_server_takes(name: str) -> None:
    with pytest.raises(ValueError, match="a database has a name of 63 bytes at most"):
        connect("mongodb://127.0.0.1:1", database=name).run_sync()


def test_a_server_that_does_not_answer_is_named_with_the_reason() -> None:
    with pytest.raises(ConnectionFailure, match=r"^127.0.0.1:1: Connection refused; no server .* answered in time"):
        connect("mongodb://127.0.0.1:1", server_selection_timeout_ms=50).run_sync()
