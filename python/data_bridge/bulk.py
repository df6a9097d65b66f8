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

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from . import _core, requests
from .bulk_statements import Kind, Write, build
from .client import default_client
from .errors import BulkWriteError, CompileError, DocumentNotFound, DuplicateKeyError, RevisionConflict, ServerError
from .events import After, Event, SkipHooks, run_hooks
from .link_deletes import has_rules
from .operation import Operation, Script
from .query import Query, WriteResult
from .revision import put_back
from .settings import settings_of
from .timeseries import prepare_collection
from .update import merge_updates
from .writing import is_hooked, misses, prepare, set_attribute

if TYPE_CHECKING:
    from .document import Document

T = TypeVar("T")
_NONE: frozenset[Event] = frozenset()
_KIND = attrgetter("kind")


@dataclass
class BulkResult:
    """What the writes did, summed up."""

    inserted: int = 0
    #: Documents that updates, saves and replacements found.
    matched: int = 0
    modified: int = 0
    deleted: int = 0
    #: The ids of what upserts inserted.
    upserted: list[Any] = field(default_factory=list)


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
        self._writes: list[Write] = []
        #: Of those, what the server did.
        self._done: list[Write] = []
        #: What the writes did, once they were sent.
        self.result: BulkResult | None = None

    def insert(self, document: T) -> None:
        """Inserts the document."""
        self._collect(Write(len(self._writes), "insert", document))

    def save(self, document: T) -> None:
        """Inserts a new document; of a stored one, writes what changed until the block ends."""
        self._collect(Write(len(self._writes), "save", document))

    def replace(self, document: T) -> None:
        """Puts the document in the place of the stored one."""
        self._collect(Write(len(self._writes), "replace", document))

    def update(self, target: T | Query[Any], *updates: Any, upsert: bool = False) -> None:
        """Updates the documents of a query (the first of a `find_one`), or one stored document.

        A document given here does not learn what was stored: `refresh()` it.

        Raises:
            CompileError: the update cannot be compiled.
        """
        merge_updates(updates, Query(self._cls)._schema())
        self._select("update", target, updates, upsert)

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
        self._select("delete", target)

    def _select(self, what: str, target: Any, updates: tuple[Any, ...] = (), upsert: bool = False) -> None:
        write = Write(len(self._writes), what, target)
        write.is_whole, write.updates, write.upsert = False, updates, upsert
        self._collect(write)

    def _collect(self, write: Write) -> None:
        self._refuse_again()
        # Most are of the class itself, which is quicker to see.
        if type(write.target) is not self._cls:
            self._check(write)
        self._writes.append(write)

    def _check(self, write: Write) -> None:
        target = write.target
        queried = isinstance(target, Query) and not write.is_whole
        if not issubclass(target._cls if queried else type(target), self._cls):
            kinds = f"a {self._cls.__name__}" + (f" or a query of {self._cls.__name__}" if queried else "")
            raise TypeError(f"a bulk of {self._cls.__name__} takes {kinds}, not {target!r}")

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
            hooked = self._hooked()
            events = {write.position: write.events() for write in hooked}
            if hooked:
                for write in self._writes:
                    if write.document is not None:
                        validate = self._validate and write.is_whole
                        yield from prepare(write.document, events.get(write.position, _NONE), validate, self._skip)
            try:
                build(self._writes, self._session, self._validate and not hooked)
                yield from prepare_collection(self._cls)
                yield from self._send(result)
            finally:
                self._settle()
            for write in hooked:
                yield from run_hooks(write.document, After, events[write.position], self._skip)
            return result

        return Operation(script, f"{self._cls.__name__}.bulk().execute()")

    def _refuse_again(self) -> None:
        if self.result is not None:
            raise RuntimeError("this bulk was carried out already: begin another")

    def _hooked(self) -> list[Write]:
        """The writes of documents whose hooks are called."""
        classes: set[type[Any]] = {type(write.target) for write in self._writes}
        hooked = {cls for cls in classes if not issubclass(cls, Query) and is_hooked(cls, self._skip)}
        return [write for write in self._writes if type(write.target) in hooked] if hooked else []

    def _groups(self) -> Iterator[list[Write]]:
        """The writes of each request."""
        writes = [write for write in self._writes if write.statement is not None]
        if not self._ordered:
            writes.sort(key=_KIND)
        for _, group in groupby(writes, _KIND):
            yield list(group)

    def _send(self, result: BulkResult) -> Script[None]:
        failures: list[dict[str, Any]] = []
        for group in self._groups():
            try:
                reply = yield self._request(group)
            except (BulkWriteError, DuplicateKeyError, ServerError) as error:
                refused = _refusals(error, group)
                failures += refused
                first = min(failure["index"] for failure in refused)
                places = {failure["index"] for failure in refused}
                done = [
                    write
                    for write in group
                    if write.position not in places and not (self._ordered and write.position > first)
                ]
                self._done += done
                if group[0].kind is Kind.INSERT:
                    result.inserted += len(done)
                if self._ordered:
                    break
                continue
            _count(result, group[0].kind, reply)
            if group[0].kind is Kind.DOCUMENT and reply["n"] < len(group):
                yield from self._refuse_missed(group)
            else:
                self._done += group
        if failures:
            failures.sort(key=lambda failure: int(failure["index"]))
            message = f"{len(failures)} of {len(self._writes)} writes were refused"
            raise BulkWriteError(message, failures=failures, inserted=result.inserted)

    def _request(self, group: list[Write]) -> Any:
        settings, client = settings_of(self._cls), default_client()
        statements = [write.statement for write in group if write.statement is not None]
        return requests.write_batch(
            client, settings.database, settings.name, group[0].kind.command, statements, self._ordered, self._session
        )

    def _refuse_missed(self, writes: list[Write]) -> Script[None]:
        """Says which of the saved documents are not stored as they should be by now."""
        gone, changed = yield from misses([write.target for write in writes], self._session)
        lost = {id(document) for document in (*gone, *changed)}
        self._done += [write for write in writes if id(write.target) not in lost]
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
        written = [write for write in self._done if write.image is not None]
        _core.set_images(
            [write.target for write in written],
            [write.image for write in written if write.image is not None],
            [write.changes for write in written],
        )
        for write in self._done:
            if write.kind is Kind.DELETE and write.document is not None:
                set_attribute(write.document, "__image__", None)
        if len(self._done) < len(self._writes):
            done = set(map(id, self._done))
            for write in self._writes:
                if write.image is not None and id(write) not in done:
                    put_back(write.target, write.revision)

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


def _refusals(error: BulkWriteError | DuplicateKeyError | ServerError, group: list[Write]) -> list[dict[str, Any]]:
    """The refused writes by their place among all; an error that is not of a write is raised."""
    if isinstance(error, BulkWriteError):
        if not error.failures:
            raise error
        return [{**failure, "index": group[failure["index"]].position} for failure in error.failures]
    # A refused command says "ok": a refused statement of one command does not.
    if "ok" in error.details or len(group) > 1:
        raise error
    details = error.details
    failure = {"index": group[0].position, "code": details.get("code"), "message": details.get("errmsg", str(error))}
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
