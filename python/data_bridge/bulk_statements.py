"""What is sent for each of the writes that a bulk collects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import _core, ir
from .errors import CompileError
from .events import Delete, Event, Insert, Replace, Save, Update
from .query import Query
from .revision import renewed, unchanged
from .writing import encoded, itself, save_of

if TYPE_CHECKING:
    from .document import Document

_EVENTS = {"insert": Insert, "save": Save, "replace": Replace, "update": Update, "delete": Delete}


class Write:
    """One collected write, the statement that is sent for it, and what the document has to know afterwards."""

    def __init__(
        self, position: int, what: str, target: Any, updates: tuple[Any, ...] = (), upsert: bool = False
    ) -> None:
        self.position = position
        self.what = what
        self.target = target
        self.updates = updates
        self.upsert = upsert
        self.document: Document | None = None if isinstance(target, Query) else target
        #: "insert", "update" or "delete"; with no statement nothing is sent.
        self.command = ""
        self.statement: bytes | None = None
        #: The bytes that are stored when the write is done, for documents written as a whole.
        self.image: bytes | None = None
        self.changes: _core.Changes | None = None
        #: The revision before the write.
        self.revision: Any = None
        self.done = False

    def events(self) -> frozenset[Event]:
        """The events that the write is; saving a new document is an insert too."""
        new = self.what == "save" and self.document is not None and self.document._image is None
        return frozenset({_EVENTS[self.what], Insert} if new else {_EVENTS[self.what]})


def build(writes: Sequence[Write], session: Any) -> None:
    """Makes the statements. A document that is given several times is written once, as it is now."""
    written: set[int] = set()
    for write in writes:
        if write.what in ("update", "delete"):
            _selecting(write, session)
        elif id(write.target) not in written:
            written.add(id(write.target))
            _whole(write, session)


def _selecting(write: Write, session: Any) -> None:
    query = write.target if write.document is None else itself(write.document, session)
    many = write.document is None and not query._single
    if write.what == "delete":
        node: ir.Plan = ir.Delete(query._source(), query._filter(), many, query._options)
    else:
        node = query._update_node(write.updates, many, write.upsert)
    compiled = query._compile(node)
    if len(compiled.commands) > 1:
        # The ids would be those from before the bulk.
        message = f"a bulk of {query._cls.__name__} cannot read the ids of linked documents between its writes"
        hint = "update or delete by this query outside of the bulk, or filter by the link itself"
        raise CompileError(message, code="bulk_over_link", hint=hint)
    write.command, write.statement = write.what, compiled.statement


def _whole(write: Write, session: Any) -> None:
    document: Document = write.target
    if write.what == "save" and document._image is not None:
        save = save_of(document)
        if save is not None:
            write.command, write.statement = "update", save.statement
            write.image, write.changes, write.revision = save.image, save.changes, save.revision
        return
    write.revision = renewed(document)
    write.image = encoded(document)
    if write.what != "replace":
        write.command, write.statement = "insert", write.image
        return
    query = itself(document, session, unchanged(document, write.revision))
    node = ir.Replace(query._source(), query._filter(), document, False, {})
    write.command, write.statement = "update", query._compile(node).statement
