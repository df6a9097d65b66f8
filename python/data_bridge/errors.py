"""What can go wrong, as data: every error carries what a program needs to act on it, and says what to do.

Exceptions raised in hooks and validators are Python's own and come out unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


class DataBridgeError(Exception):
    """The base of every error of this package."""


class CompileError(DataBridgeError):
    """A query that cannot be compiled. Nothing was sent.

    Args:
        message: what is wrong and what would be right.
        code: a stable name for this kind of error.
        path: where in the query it is.
        hint: what to write instead.
        errors: all errors of the query, when there are several; else this one.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "invalid_query",
        path: str | None = None,
        hint: str | None = None,
        errors: Iterable[CompileError] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.path = path
        self.hint = hint
        self.errors: tuple[CompileError, ...] = tuple(errors) or (self,)

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class LangError(CompileError):
    """A query's text that cannot be read: the message, and under the line a caret where it goes wrong.

    Args:
        message: what is wrong.
        text: the whole text.
        position: where in it, counted from 0; `line` and `column` count from 1.
        expected: what could stand there, in words.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        text: str,
        position: int,
        expected: Sequence[str] = (),
        path: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, code=code, path=path, hint=hint)
        self.position = position
        self.line = text.count("\n", 0, position) + 1
        start = text.rfind("\n", 0, position) + 1
        self.column = position - start + 1
        self.expected = tuple(expected)
        self._shown = _excerpt(text, start, position)

    def __str__(self) -> str:
        lines = [f"{self.message} (line {self.line}, column {self.column})", *self._shown]
        if self.expected:
            lines.append(f"  expected: {', '.join(self.expected)}")
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


#: Of a longer line so much is shown around the spot.
_SHOWN = 100


def _excerpt(text: str, start: int, position: int) -> tuple[str, str]:
    """The line, or the part of it around a position, and a caret below the spot."""
    end = text.find("\n", position, position + _SHOWN)
    end = min(len(text), position + _SHOWN) if end < 0 else end
    first = max(start, position - _SHOWN)
    before = "..." if first > start else ""
    after = "..." if end < len(text) and text[end] != "\n" else ""
    # What is not printable would move the caret.
    line = "".join(each if each.isprintable() else " " for each in text[first:end])
    return f"  {before}{line}{after}", f"  {' ' * (len(before) + position - first)}^"


class SchemaError(DataBridgeError):
    """A document class that cannot be mapped to a collection."""


class EncodeError(DataBridgeError, ValueError):
    """A Python value that MongoDB cannot store as it stands; `path` says where it is."""

    def __init__(self, message: str, *, path: str | None = None) -> None:
        super().__init__(message)
        self.path = path


class DecodeError(DataBridgeError, ValueError):
    """A stored document that does not fit its class; `document_id` and `path` say which and where."""

    def __init__(self, message: str, *, document_id: Any = None, path: str | None = None) -> None:
        super().__init__(message)
        self.document_id = document_id
        self.path = path


class DocumentNotFound(DataBridgeError):
    """One document was asked for and there is none."""


class MultipleDocumentsFound(DataBridgeError):
    """One document was asked for and there are several."""


class RevisionConflict(DataBridgeError):
    """The document was changed by someone else since it was loaded: refresh it and try again."""


class LinkNotFetched(DataBridgeError, RuntimeError):
    """A field of a linked document was read before the link was fetched."""


class DeleteDenied(DataBridgeError):
    """A link that denies it leads to a document that was to be deleted."""


class LinkTargetMissing(DataBridgeError):
    """A link names a document that does not exist."""


class DuplicateKeyError(DataBridgeError):
    """A unique index refused the write.

    Attributes:
        index: the name of the index, such as `email_1`.
        key: the values that are already there, by field.
        details: what the server said.
    """

    def __init__(
        self,
        message: str,
        *,
        index: str | None = None,
        key: Mapping[str, Any] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.index = index
        self.key = dict(key or {})
        self.details = dict(details or {})


class BulkWriteError(DataBridgeError):
    """Some statements of a write were refused; the others, unless it was ordered, were carried out.

    Attributes:
        failures: one dict for each refused statement: `index` (its place among all given), `code`, `message`, and for
            duplicate keys `key` and `key_pattern`.
        inserted: how many documents were written.
        write_concern_error: what the server said when the write concern was not met.
    """

    def __init__(
        self,
        message: str,
        *,
        failures: Sequence[Mapping[str, Any]] = (),
        inserted: int = 0,
        write_concern_error: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.failures = [dict(failure) for failure in failures]
        self.inserted = inserted
        self.write_concern_error = dict(write_concern_error) if write_concern_error is not None else None

    def __str__(self) -> str:
        message = super().__str__()
        if not self.failures:
            return message
        first = self.failures[0]
        return f"{message}; the first, at index {first.get('index')}: {first.get('message')}"


class ConnectionFailure(DataBridgeError):
    """The server cannot be reached, or the connection was lost. `labels` are those of the MongoDB error."""

    def __init__(self, message: str, *, labels: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.labels = tuple(labels)


class NotConnected(ConnectionFailure):
    """An operation was run before `connect()`."""

    def __init__(
        self, message: str = "there is no connection: run `await connect(...)` or `connect(...).run_sync()` first"
    ) -> None:
        super().__init__(message)


class OperationTimeout(DataBridgeError):
    """The operation took longer than it may: raise `max_time`, or make the query cheaper (see `.explain()`)."""

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.details = dict(details or {})


class ServerError(DataBridgeError):
    """The server refused a command.

    Attributes:
        code: the server's error code.
        code_name: its name, such as `NamespaceNotFound`.
        details: the whole reply.
        labels: such as `TransientTransactionError`.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int = 0,
        code_name: str = "",
        details: Mapping[str, Any] | None = None,
        labels: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.code_name = code_name
        self.details = dict(details or {})
        self.labels = tuple(labels)

    def __str__(self) -> str:
        name = f"{self.code_name} ({self.code})" if self.code_name else f"code {self.code}"
        return f"{super().__str__()} [{name}]"


class InternalError(DataBridgeError):
    """A bug in data-bridge. Please report it, with the query and this message."""

    def __str__(self) -> str:
        return f"{super().__str__()} (this is a bug in data-bridge: please report it, with the query that led here)"


__all__ = [
    "BulkWriteError",
    "CompileError",
    "ConnectionFailure",
    "DataBridgeError",
    "DecodeError",
    "DeleteDenied",
    "DocumentNotFound",
    "DuplicateKeyError",
    "EncodeError",
    "InternalError",
    "LangError",
    "LinkNotFetched",
    "LinkTargetMissing",
    "MultipleDocumentsFound",
    "NotConnected",
    "OperationTimeout",
    "RevisionConflict",
    "SchemaError",
    "ServerError",
]
