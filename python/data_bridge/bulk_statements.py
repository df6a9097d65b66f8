"""What is sent for each of the writes that a bulk collects."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from . import _core, ir
from .errors import CompileError
from .events import Delete, Event, Insert, Replace, Save, Update
from .query import Query
from .revision import put_back, renewed, unchanged
from .settings import settings_of
from .validation import check
from .writing import encoded, encoded_all, itself, save_of

if TYPE_CHECKING:
    from .document import Document

_EVENTS = {"insert": Insert, "save": Save, "replace": Replace, "update": Update, "delete": Delete}


class Kind(enum.IntEnum):
    """What is sent with the same commands; of unordered writes, what comes first is sent first.

    Documents must each be found, which is not known of what a query finds.
    """

    INSERT = 0
    DOCUMENT = 1
    UPDATE = 2
    DELETE = 3

    @property
    def command(self) -> str:
        """ "insert", "update" or "delete"."""
        return _COMMANDS[self]


_COMMANDS = ("insert", "update", "update", "delete")


class Write:
    """One collected write, the statement that is sent for it, and what the document has to know afterwards.

    Args:
        position: its place among all.
        what: "insert", "save", "replace", "update" or "delete".
        target: a document, or the query of what is written.
    """

    #: A document is written, or what changed in it.
    is_whole = True
    updates: tuple[Any, ...] = ()
    upsert = False
    #: What is sent; None where nothing is. Only what is sent has a kind.
    statement: bytes | None = None
    kind = Kind.INSERT
    #: The bytes that are stored when the write is done, for documents written as a whole.
    image: bytes | None = None
    changes: _core.Changes | None = None
    #: The revision before the write.
    revision: Any = None

    def __init__(self, position: int, what: str, target: Any) -> None:
        self.position = position
        self.what = what
        self.target = target

    @property
    def document(self) -> Document | None:
        """What is written, if it is no query."""
        return None if isinstance(self.target, Query) else self.target

    def events(self) -> frozenset[Event]:
        """The events that the write is; saving a new document is an insert too."""
        new = self.what == "save" and self.target._image is None
        return frozenset({_EVENTS[self.what], Insert} if new else {_EVENTS[self.what]})


def build(writes: Sequence[Write], session: Any, validate: bool) -> None:
    """Makes the statements. A document that is given several times is written once, as it is now.

    Args:
        validate: check the documents that are written first.

    Raises:
        pydantic.ValidationError: a value is not what its field takes.
    """
    whole = [write for write in writes if write.is_whole]
    revised = {cls for cls in {type(write.target) for write in whole} if settings_of(cls).use_revision}
    if validate and (revised or len(whole) < len(writes)):
        # Nothing is given an id or a revision before all are checked.
        for write in whole:
            check(write.target)
        validate = False
    given: set[int] = set()
    for is_whole, group in groupby(writes, attrgetter("is_whole")):
        if is_whole:
            _whole(_not_given(list(group), given), revised, session, validate)
        else:
            for write in group:
                # It may select a document that was given its id here.
                _selecting(write, session)


def _not_given(writes: list[Write], given: set[int]) -> list[Write]:
    """Those of documents that were not given before, which are given now."""
    ids = {id(write.target) for write in writes}
    if len(ids) == len(writes) and not ids & given:
        given |= ids
        return writes
    new = []
    for write in writes:
        if id(write.target) not in given:
            given.add(id(write.target))
            new.append(write)
    return new


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
    write.kind = Kind.DELETE if write.what == "delete" else Kind.UPDATE
    write.statement = compiled.statement


def _whole(writes: list[Write], revised: set[type[Any]], session: Any, validate: bool) -> None:
    plain = writes
    if revised:
        plain = [write for write in writes if type(write.target) not in revised]
        for write in writes:
            if type(write.target) in revised:
                _revised(write, session)
    saved: list[Write] = []
    images = encoded_all([write.target for write in plain], validate)
    for write, image in zip(plain, images, strict=True):
        write.image = image
        if write.what == "save" and getattr(write.target, "__image__", None) is not None:
            saved.append(write)
        else:
            _new_or_replaced(write, session)
    now = [write.image for write in saved if write.image is not None]
    for write, changes, statement in zip(saved, *_core.saves([write.target for write in saved], now), strict=True):
        if changes is None:
            write.image = None
        else:
            write.kind, write.changes, write.statement = Kind.DOCUMENT, changes, statement


def _revised(write: Write, session: Any) -> None:
    document: Document = write.target
    if write.what == "save" and document._image is not None:
        save = save_of(document)
        if save is not None:
            write.kind, write.statement = Kind.DOCUMENT, save.statement
            write.image, write.changes, write.revision = save.image, save.changes, save.revision
        return
    write.revision = renewed(document)
    try:
        write.image = encoded(document)
    except BaseException:
        put_back(document, write.revision)
        raise
    _new_or_replaced(write, session)


def _new_or_replaced(write: Write, session: Any) -> None:
    if write.what != "replace":
        write.kind, write.statement = Kind.INSERT, write.image
        return
    document: Document = write.target
    query = itself(document, session, unchanged(document, write.revision))
    node = ir.Replace(query._source(), query._filter(), document, False, {})
    write.kind, write.statement = Kind.DOCUMENT, query._compile(node).statement
