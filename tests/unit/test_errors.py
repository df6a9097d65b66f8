"""Errors are data."""

from __future__ import annotations

import pytest

from data_bridge import errors


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_is_one_of_ours(name: str) -> None:
    assert issubclass(getattr(errors, name), errors.DataBridgeError)
    assert getattr(errors, name).__doc__


def test_a_compile_error_carries_all() -> None:
    one = errors.CompileError("no", code="unknown_field", path="filter.age", hint="did you mean 'ages'?")
    assert (one.code, one.path, one.errors) == ("unknown_field", "filter.age", (one,))
    assert str(one) == "no\n  hint: did you mean 'ages'?"
    assert errors.CompileError("two", errors=[one, one]).errors == (one, one)


def test_values_that_do_not_fit_are_value_errors() -> None:
    assert issubclass(errors.EncodeError, ValueError)
    decoding = errors.DecodeError("bad", document_id=3, path="address.city")
    assert isinstance(decoding, ValueError)
    assert (decoding.document_id, decoding.path) == (3, "address.city")


def test_messages_say_what_to_do() -> None:
    assert "report" in str(errors.InternalError("boom"))
    assert "connect" in str(errors.NotConnected())
    assert isinstance(errors.NotConnected(), errors.ConnectionFailure)
    assert str(errors.ServerError("no", code=59, code_name="CommandNotFound")) == "no [CommandNotFound (59)]"
    failed = errors.BulkWriteError("1 failed", failures=[{"index": 4, "code": 1, "message": "why"}], inserted=2)
    assert "index 4: why" in str(failed)
