"""What is sent for the writes that a bulk collects."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from . import _core, ir
from .errors import CompileError
from .events import Delete, Event, Insert, Replace, Save, Update
from .operation import PAUSE, Script
from .query import Query
from .revision import renewed
from .settings import settings_of
from .validation import check
from .writing import encoded, encoded_all, itself, replacement, save_of

if TYPE_CHECKING:
    from .document import Document

_EVENTS = {"insert": Insert, "save": Save, "replace": Replace, "update": Update, "delete": Delete}
#: Revisions before the writes, with their documents, by the writes' places.
Revisions = dict[int, tuple[Any, UUID | None]]


class Run:
    """Writes of one kind, collected one after another: of whole documents, or one update or deletion.

    Args:
        what: "insert", "save", "replace", "update" or "delete".
        start: the place of the first among all writes.
        update: what is done to what is updated, checked already.
        upsert: of an update.
    """

    def __init__(
        self,
        what: str,
        start: int,
        update: ir.UpdateOperators | ir.UpdatePipeline | None = None,
        upsert: bool = False,
    ) -> None:
        self.what = what
        self.start = start
        self.update = update
        self.upsert = upsert
        #: Documents, or the query of what is updated or deleted.
        self.targets: list[Any] = []

    @property
    def is_whole(self) -> bool:
        """Documents are written, or what changed in them."""
        return self.what not in ("update", "delete")

    @property
    def end(self) -> int:
        """The place of what is collected next."""
        return self.start + len(self.targets)

    def documents(self) -> Iterator[tuple[int, Document]]:
        """The documents, with the places of their writes."""
        return ((place, each) for place, each in enumerate(self.targets, self.start) if not isinstance(each, Query))

    def events(self, document: Document) -> frozenset[Event]:
        """The events that the write of a document is; saving a new one is an insert too."""
        new = self.what == "save" and document._image is None
        return frozenset({_EVENTS[self.what], Insert} if new else {_EVENTS[self.what]})


class Kind(enum.IntEnum):
    """What goes into one command; of unordered writes, what comes first here is sent first.

    Documents must each be found, which is not known of what a query finds.
    """

    INSERT = 0
    DOCUMENT = 1
    UPDATE = 2
    DELETE = 3

    @property
    def command(self) -> str:
        """The command's name."""
        return ("insert", "update", "update", "delete")[self]


@dataclass(frozen=True, slots=True)
class Batch:
    """Writes that can be sent with one command, a column for each thing to know of them.

    Attributes:
        places: those of the writes among all.
        targets: the documents, or the queries of what is written.
        images: what is stored of the documents when it is done; None of updates and deletions.
        changes: what that changes in the stored documents.
    """

    kind: Kind
    places: Sequence[int]
    targets: list[Any]
    statements: list[bytes]
    images: list[bytes] | None = None
    changes: Sequence[_core.Changes | None] = ()

    def part(self, chosen: Sequence[int]) -> Batch:
        """Some of them, by where they stand in this batch."""
        return Batch(
            self.kind,
            [self.places[at] for at in chosen],
            [self.targets[at] for at in chosen],
            [self.statements[at] for at in chosen],
            None if self.images is None else [self.images[at] for at in chosen],
            [self.changes[at] for at in chosen] if self.changes else (),
        )


def joined(batches: Sequence[Batch]) -> Batch:
    """Batches of one kind as one."""
    if len(batches) == 1:
        return batches[0]
    return Batch(
        batches[0].kind,
        [place for batch in batches for place in batch.places],
        [target for batch in batches for target in batch.targets],
        [statement for batch in batches for statement in batch.statements],
        None if batches[0].images is None else [image for batch in batches for image in batch.images or ()],
        [change for batch in batches for change in batch.changes or [None] * len(batch.places)],
    )


#: How many updates and deletions are compiled before other tasks of the loop have their turn.
_TURN = 50


def build(runs: Sequence[Run], session: Any, validate: bool, before: Revisions) -> Script[list[Batch]]:
    """Makes the statements. A document that is given several times is written once, as it is now.

    Args:
        validate: check the documents that are written first.
        before: is told of every document that is given a new revision.

    Raises:
        pydantic.ValidationError: a value is not what its field takes.
    """
    whole = [run for run in runs if run.is_whole]
    revised = any(settings_of(cls).use_revision for cls in {type(each) for run in whole for each in run.targets})
    if validate and (revised or len(whole) < len(runs)):
        # Nothing is given an id or a revision before all are checked.
        for document in chain.from_iterable(run.targets for run in whole):
            check(document)
        validate = False
    given: set[int] = set()
    batches: list[Batch] = []
    for is_whole, group in groupby(runs, attrgetter("is_whole")):
        if not is_whole:
            # They may select documents that were given their ids here.
            for number, run in enumerate(group, 1):
                batches += _selecting(run, session)
                if number % _TURN == 0:
                    yield PAUSE
        elif revised:
            for run in group:
                for place, document in _not_given(run, given):
                    batches += _one(run.what, place, document, session, before)
        else:
            batches += _whole([(run.what, *_columns(run, given)) for run in group], session, validate)
    # Of documents that were all given before nothing is left.
    return [batch for batch in batches if batch.places]


def _columns(run: Run, given: set[int]) -> tuple[Sequence[int], list[Any]]:
    """The places and documents of a run, without those that were given before."""
    ids = set(map(id, run.targets))
    if len(ids) == len(run.targets) and not ids & given:
        given |= ids
        return range(run.start, run.end), run.targets
    new = list(_not_given(run, given))
    return [place for place, _ in new], [document for _, document in new]


def _not_given(run: Run, given: set[int]) -> Iterator[tuple[int, Document]]:
    """The places and documents of a run, each document once, and none that was given before."""
    for place, document in run.documents():
        if id(document) not in given:
            given.add(id(document))
            yield place, document


def _selecting(run: Run, session: Any) -> list[Batch]:
    """An update or deletion; none where the query finds nothing whatever is stored."""
    [target] = run.targets
    query = target if isinstance(target, Query) else itself(target, session)
    many = query is target and not query._single
    if run.update is None:
        node: ir.Plan = ir.Delete(query._source(), query._filter(), many, query._options)
    else:
        node = query._update_with(run.update, many, run.upsert)
    compiled = query._compile(node)
    if len(compiled.commands) > 1:
        # The ids would be those from before the bulk.
        message = f"a bulk of {query._cls.__name__} cannot read the ids of linked documents between its writes"
        hint = "update or delete by this query outside of the bulk, or filter by the link itself"
        raise CompileError(message, code="bulk_over_link", hint=hint)
    if compiled.statement is None:
        return []
    kind = Kind.DELETE if run.what == "delete" else Kind.UPDATE
    return [Batch(kind, [run.start], [target], [compiled.statement])]


def _whole(columns: Sequence[tuple[str, Sequence[int], list[Any]]], session: Any, validate: bool) -> list[Batch]:
    """The writes of documents without revisions: of each run what it is, the places and the documents."""
    images = encoded_all([document for _, _, documents in columns for document in documents], validate)
    batches = []
    start = 0
    for what, places, documents in columns:
        now = images[start : start + len(documents)]
        start += len(documents)
        if what == "insert":
            batches.append(Batch(Kind.INSERT, places, documents, now, now))
        elif what == "replace":
            statements = [replacement(document, None, session) for document in documents]
            batches.append(Batch(Kind.DOCUMENT, places, documents, statements, now))
        else:
            batches += _saved(places, documents, now)
    return batches


def _saved(places: Sequence[int], documents: list[Any], images: list[bytes]) -> list[Batch]:
    changed, changes, statements, new = _core.saves(documents, images)
    if len(changed) == len(documents):
        return [Batch(Kind.DOCUMENT, places, documents, statements, images, changes)]
    updates = [
        Batch(Kind.DOCUMENT, [places[at]], [documents[at]], [statement], [images[at]], [change])
        for at, change, statement in zip(changed, changes, statements, strict=True)
    ]
    inserts = [Batch(Kind.INSERT, [places[at]], [documents[at]], [images[at]], [images[at]]) for at in new]
    return sorted(updates + inserts, key=lambda batch: batch.places[0])


def _one(what: str, place: int, document: Document, session: Any, before: Revisions) -> list[Batch]:
    """The write of a document of a class that may have revisions; none where nothing changed."""
    if what == "save" and document._image is not None:
        save = save_of(document)
        if save is None:
            return []
        before[place] = document, save.revision
        return [Batch(Kind.DOCUMENT, [place], [document], [save.statement], [save.image], [save.changes])]
    revision = renewed(document)
    before[place] = document, revision
    image = encoded(document)
    if what == "replace":
        return [Batch(Kind.DOCUMENT, [place], [document], [replacement(document, revision, session)], [image])]
    return [Batch(Kind.INSERT, [place], [document], [image], [image])]
