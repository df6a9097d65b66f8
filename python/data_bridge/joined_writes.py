"""Writes of single documents: many that are asked for in one turn of an event loop are sent with one command.

The first of a turn is sent at once, so that a single one waits for nothing; those that follow it go together. What is
refused of those is sent once more by itself, so that everyone gets the error that is theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import requests
from .client import default_client
from .errors import BulkWriteError
from .operation import Operation
from .settings import settings_of
from .turns import Waiting, answer_alone, ask_at_once, settle
from .writing import misses

if TYPE_CHECKING:
    from .document import Document

#: Bytes of a statement that travels by itself.
_LARGE = 1024 * 1024


class WriteOne:
    """The request of a statement that writes one whole document; its answer has "n", how many it found or inserted.

    Args:
        document: what is written.
        kind: "insert" or "update".
        statement: the encoded document, or the encoded statement that selects it by its id.
        session: of a transaction.
    """

    __slots__ = ("_kind", "_session", "_settings", "_statement", "document")

    def __init__(self, document: Document, kind: str, statement: bytes, session: Any) -> None:
        self.document = document
        self._kind = kind
        self._statement = statement
        self._session = session
        self._settings = settings_of(type(document))

    def start(self) -> Any:
        """Sends it on the running event loop, now or at the end of the loop's turn."""
        if self._session is not None or len(self._statement) > _LARGE:
            return self.alone().start()
        settings = self._settings
        key = (WriteOne, default_client(), settings.database, settings.name, self._kind, settings.use_revision)
        return ask_at_once(key, self, _send)

    def wait(self) -> Any:
        """Sends it and blocks."""
        return self.alone().wait()

    def alone(self) -> Any:
        """The request of this one statement."""
        return self.batch([self._statement])

    def batch(self, statements: list[bytes]) -> Any:
        """The request of statements like this one."""
        settings = self._settings
        return requests.write_batch(
            default_client(), settings.database, settings.name, self._kind, statements, False, self._session
        )


async def _send(asked: Waiting[WriteOne]) -> None:
    writes = [write for write, _ in asked]
    refused: set[int] = set()
    try:
        reply = await writes[0].batch([write._statement for write in writes]).start()
        found = reply["n"]
    except BulkWriteError as error:
        if not error.failures or error.write_concern_error:
            raise
        refused = {failure["index"] for failure in error.failures}
        found = error.inserted
    sent = [index for index in range(len(asked)) if index not in refused]
    missed: set[int] = set()
    if found < len(sent):
        gone, changed = await Operation(lambda: misses([writes[index].document for index in sent], None))
        missed = {id(document) for document in (*gone, *changed)}
    for index, (write, future) in enumerate(asked):
        if index in refused:
            answer_alone(future, write.alone)
        else:
            settle(future, {"n": int(id(write.document) not in missed)})
