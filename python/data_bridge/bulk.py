"""Writes that are collected and sent together.

```python
async with User.bulk() as bulk:
    bulk.insert(ann)
    bulk.save(bob)
    bulk.update(User.find(User.age < 18), User.group.set("young"))
    bulk.delete(eve)
print(bulk.result.inserted)
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from . import _core, requests
from .bulk_statements import Batch, Kind, Revisions, Run, build, joined
from .client import default_client
from .errors import BulkWriteError, CompileError, DocumentNotFound, DuplicateKeyError, RevisionConflict, ServerError
from .events import After, Event, SkipHooks, run_hooks
from .link_deletes import has_rules
from .operation import Operation, Script
from .query import Query, WriteResult
from .revision import put_back
from .settings import settings_of
from .timeseries import prepare_collection
from .transactions import remember
from .update import merge_updates
from .writing import check_place, forget_stored, is_hooked, misses, prepare

if TYPE_CHECKING:
    from .document import Document

T = TypeVar("T")
_NONE: frozenset[Event] = frozenset()
_KIND = attrgetter("kind")


@dataclass(repr=False)
class BulkResult:
    """What the writes did, summed up."""

    inserted: int = 0
    #: Documents that updates, saves and replacements found.
    matched: int = 0
    modified: int = 0
    deleted: int = 0
    #: The ids of what upserts inserted.
    upserted: list[Any] = field(default_factory=list)

    def __repr__(self) -> str:
        counts = {"inserted": self.inserted, "matched": self.matched, "modified": self.modified}
        counts |= {"deleted": self.deleted, "upserted": len(self.upserted)}
        return f"BulkResult({', '.join(f'{name}={count}' for name, count in counts.items() if count)})"


class Bulk(Generic[T]):
    """Collects writes of a class; they are sent when its block ends without an exception.

    Args:
        cls: the class.
        ordered: in the order they were given, up to the first that is refused; else all that are not refused, with
            all inserts first, then the updates, then the deletes.
        session: of a transaction.
        validate: check the documents' values.
        hooks: call the documents' hooks.
    """

    def __init__(self, cls: type[Document], ordered: bool, session: Any, validate: bool, hooks: bool) -> None:
        self._cls = cls
        self._ordered = ordered
        self._session = session
        self._validate = validate
        self._skip: SkipHooks = not hooks
        self._runs: list[Run] = []
        #: What the server did.
        self._done: list[Batch] = []
        self._before: Revisions = {}
        #: What the writes did, once they were sent.
        self.result: BulkResult | None = None

    def insert(self, document: T) -> None:
        """Inserts the document."""
        self._collect("insert", document)

    def save(self, document: T) -> None:
        """Inserts a new document; of a stored one, writes what changed until the block ends."""
        self._collect("save", document)

    def replace(self, document: T) -> None:
        """Puts the document in the place of the stored one."""
        self._collect("replace", document)

    def update(self, target: T | Query[Any], *updates: Any, upsert: bool = False) -> None:
        """Updates the documents of a query (the first of a `find_one`), or one stored document.

        A document given here does not learn what was stored: `refresh()` it.

        Raises:
            CompileError: the update cannot be compiled.
        """
        cls: type[Any] = target._cls if isinstance(target, Query) else type(target)
        self._check(target, cls)
        self._select("update", target, merge_updates(updates, Query(cls)._schema()), upsert)

    def delete(self, target: T | Query[Any]) -> None:
        """Deletes the documents of a query (the first of a `find_one`), or one document.

        Raises:
            CompileError: links lead to the class that say what a deletion does to them, which a bulk cannot do.
        """
        if has_rules(self._cls):
            raise CompileError(
                f"links lead to {self._cls.__name__} that say what a deletion does to them, and a bulk does not obey",
                code="bulk_of_rules",
                hint="delete apart: `await document.delete()`, or `.delete()` on a query",
            )
        self._check(target, target._cls if isinstance(target, Query) else type(target))
        self._select("delete", target)

    def _collect(self, what: str, document: Any) -> None:
        self._refuse_again()
        # Most are of the class itself, which is quicker to see.
        if type(document) is not self._cls:
            self._check(document, type(document))
        runs = self._runs
        if not runs or runs[-1].what != what:
            runs.append(Run(what, self._count))
        runs[-1].targets.append(document)

    def _select(self, what: str, target: Any, update: Any = None, upsert: bool = False) -> None:
        self._refuse_again()
        run = Run(what, self._count, update, upsert)
        run.targets.append(target)
        self._runs.append(run)

    @property
    def _count(self) -> int:
        return self._runs[-1].end if self._runs else 0

    def _check(self, target: Any, cls: type[Any]) -> None:
        name = self._cls.__name__
        kinds = f"a {name}" + (f" or a query of {name}" if cls is not type(target) else "")
        check_place(f"a bulk of {name}", self._cls, cls, target, kinds)

    # Sending

    def execute(self) -> Operation[BulkResult]:
        """Sends what was collected; the end of the block does it by itself.

        Raises:
            BulkWriteError: writes were refused; `failures` names each by its place among those given.
            CompileError: the query of an update or delete goes through links.
            DocumentNotFound: a saved or replaced document is not stored.
            RevisionConflict: one was changed meanwhile, and the class has revisions.
            RuntimeError: this was done before, whatever came of it.
        """

        def script() -> Script[BulkResult]:
            self._refuse_again()
            result = self.result = BulkResult()
            if self._session is not None:
                remember(self._session, (document for _, _, document in self._documents()))
            events = self._events()
            for run, place, document in self._documents() if events else ():
                validate = self._validate and run.is_whole
                yield from prepare(document, events.get(place, _NONE), validate, self._skip)
            try:
                batches = yield from build(self._runs, self._session, self._validate and not events, self._before)
                yield from prepare_collection(self._cls)
                yield from self._send(batches, result)
            finally:
                self._settle()
            for _, place, document in self._documents() if events else ():
                if place in events:
                    yield from run_hooks(document, After, events[place], self._skip)
            return result

        return Operation(script, f"{self._cls.__name__}.bulk().execute()")

    def _refuse_again(self) -> None:
        if self.result is not None:
            raise RuntimeError("this bulk was carried out already: begin another")

    def _events(self) -> dict[int, frozenset[Event]]:
        """What happens to the documents whose hooks are called, by the places of their writes."""
        classes: set[type[Any]] = {type(each) for run in self._runs for each in run.targets}
        hooked = {cls for cls in classes if not issubclass(cls, Query) and is_hooked(cls, self._skip)}
        return {
            place: run.events(document)
            for run, place, document in (self._documents() if hooked else ())
            if type(document) in hooked
        }

    def _documents(self) -> Iterator[tuple[Run, int, Document]]:
        """The documents that are written, with their runs and the places of their writes.

        One that is given several times to be written whole is written once.
        """
        given: set[int] = set()
        for run in self._runs:
            for place, document in run.documents():
                if run.is_whole:
                    if id(document) in given:
                        continue
                    given.add(id(document))
                yield run, place, document

    def _groups(self, batches: list[Batch]) -> Iterator[Batch]:
        """What each request sends."""
        if not self._ordered:
            batches = sorted(batches, key=_KIND)
        for _, group in groupby(batches, _KIND):
            yield joined(list(group))

    def _send(self, batches: list[Batch], result: BulkResult) -> Script[None]:
        failures: list[dict[str, Any]] = []
        for batch in self._groups(batches):
            try:
                reply = yield self._request(batch)
            except (BulkWriteError, DuplicateKeyError, ServerError) as error:
                refused = _refusals(error, batch.places)
                failures += refused
                places = {failure["index"] for failure in refused}
                end = min(places) if self._ordered else self._count
                done = batch.part([at for at, place in enumerate(batch.places) if place < end and place not in places])
                self._done.append(done)
                if batch.kind is Kind.INSERT:
                    result.inserted += len(done.places)
                if self._ordered:
                    break
                continue
            _count(result, batch.kind, reply)
            if batch.kind is Kind.DOCUMENT and reply["n"] < len(batch.places):
                yield from self._refuse_missed(batch)
            else:
                self._done.append(batch)
        if failures:
            failures.sort(key=lambda failure: int(failure["index"]))
            message = f"{len(failures)} of {self._count} writes were refused"
            raise BulkWriteError(message, failures=failures, inserted=result.inserted)

    def _request(self, batch: Batch) -> Any:
        settings, client, command = settings_of(self._cls), default_client(), batch.kind.command
        return requests.write_batch(
            client, settings.database, settings.name, command, batch.statements, self._ordered, self._session
        )

    def _refuse_missed(self, batch: Batch) -> Script[None]:
        """Says which of the saved documents are not stored as they should be by now."""
        gone, changed = yield from misses(batch.targets, self._session)
        lost = {id(document) for document in (*gone, *changed)}
        self._done.append(batch.part([at for at, target in enumerate(batch.targets) if id(target) not in lost]))
        name = self._cls.__name__
        if gone:
            ids = [document.id for document in gone]
            raise DocumentNotFound(f"of the {name} documents to save, these are not stored: {ids!r}")
        if changed:
            ids = [document.id for document in changed]
            raise RevisionConflict(
                f"these {name} documents were changed by someone else since they were loaded: {ids!r}"
            )

    def _settle(self) -> None:
        """Lets the documents know what became of them."""
        for batch in self._done:
            if batch.images is not None:
                _core.set_images(batch.targets, batch.images, batch.changes)
            elif batch.kind is Kind.DELETE:
                for target in batch.targets:
                    if not isinstance(target, Query):
                        forget_stored(target)
        done = {place for batch in self._done for place in batch.places} if self._before else ()
        for place, (document, revision) in self._before.items():
            if place not in done:
                put_back(document, revision)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self.result is None:
            await self.execute()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self.result is None:
            self.execute().run_sync()


def _refusals(error: BulkWriteError | DuplicateKeyError | ServerError, places: Sequence[int]) -> list[dict[str, Any]]:
    """The refused of the writes at these places, by those; an error that is not of a write is raised."""
    if isinstance(error, BulkWriteError):
        if not error.failures:
            raise error
        return [{**failure, "index": places[failure["index"]]} for failure in error.failures]
    # A refused command says "ok": a refused statement of one command does not.
    if "ok" in error.details or len(places) > 1:
        raise error
    details = error.details
    failure = {"index": places[0], "code": details.get("code"), "message": details.get("errmsg", str(error))}
    return [{**failure, "key": details.get("keyValue"), "key_pattern": details.get("keyPattern")}]


def _count(result: BulkResult, kind: Kind, reply: WriteResult) -> None:
    if kind is Kind.INSERT:
        result.inserted += reply["n"]
    elif kind is Kind.DELETE:
        result.deleted += reply["n"]
    else:
        result.upserted += reply["upserted"]
        result.matched += reply["n"] - len(reply["upserted"])
        result.modified += reply["modified"]
