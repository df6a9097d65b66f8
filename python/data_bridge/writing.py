"""The steps that every write of whole documents is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from bson import ObjectId

from . import _core, ir, requests
from .client import default_client
from .errors import BulkWriteError, DecodeError, DocumentNotFound, RevisionConflict, SchemaError
from .events import After, Before, Event, Insert, SkipHooks, ValidateOnSave, hooks_of, run_hooks
from .ir import stages
from .layout import layout_of
from .links import link_key
from .operation import Script
from .query import Query
from .revision import REVISION, put_back, renewed, revision_now, revision_of, unchanged
from .schema import makes_ids, schema_of
from .settings import settings_of
from .timeseries import prepare_collection
from .transactions import remember
from .validation import check, fit_of_class

if TYPE_CHECKING:
    from .document import Document

set_attribute = object.__setattr__
_VALIDATION = frozenset({ValidateOnSave})
INSERTED = frozenset({Insert})


def is_hooked(cls: type[Document], skip: SkipHooks) -> bool:
    """Whether hooks of a class are to be called, or named that it may not have."""
    return skip is not True and bool(skip or hooks_of(cls))


def prepare(document: Document, events: frozenset[Event], validate: bool, skip: SkipHooks) -> Script[None]:
    """Calls the hooks before a write, and checks what they leave.

    Raises:
        pydantic.ValidationError: a value is not what its field takes.
    """
    hooked = is_hooked(type(document), skip)
    if hooked:
        yield from run_hooks(document, Before, events, skip)
    if validate:
        if hooked:
            yield from run_hooks(document, Before, _VALIDATION, skip)
        check(document)
        if hooked:
            yield from run_hooks(document, After, _VALIDATION, skip)


def check_place(taker: str, cls: type[Document], given: type[Any], value: Any, kinds: str) -> None:
    """Checks that what is given to a method of a class is stored where the class's documents are.

    Args:
        taker: the method, as it is called.
        given: the class of the value, or of the query that it is.
        kinds: what the method takes.

    Raises:
        TypeError: it is of no such class, or of one with a collection of its own.
    """
    if not issubclass(given, cls):
        raise TypeError(f"{taker} takes {kinds}, not {value!r}")
    here, there = settings_of(cls), settings_of(given)
    if (here.database, here.name) != (there.database, there.name):
        raise TypeError(
            f"{taker} writes to the collection {here.name!r}, and {given.__name__} documents are stored in "
            f"{there.name!r}: write them with {given.__name__}"
        )


def encoded(document: Document) -> bytes:
    """The document's bytes, with an id."""
    ensure_id(document)
    return layout_of(type(document)).encode(document)


def encoded_all(documents: Sequence[Document], validate: bool) -> list[bytes]:
    """The bytes of each, with ids; all are checked first, if that is asked for.

    Raises:
        pydantic.ValidationError: a value is not what its field takes.
    """
    return _core.encode_all(list(documents), fit_of_class, check if validate else None, encoded)


def ensure_id(document: Document) -> None:
    """Gives a new document its id.

    Raises:
        SchemaError: the class's ids cannot be made here.
    """
    if document.id is None:
        cls = type(document)
        if not makes_ids(cls):
            kind = schema_of(cls).field("_id")
            raise SchemaError(f"{cls.__name__}.id is {kind} and has no value: give one, or a default_factory")
        vars(document)["id"] = ObjectId()
        document.__pydantic_fields_set__.add("id")


def changes_of(document: Document, now: bytes) -> _core.Changes:
    """What differs from the stored document."""
    image: bytes = document._image  # type: ignore[assignment]
    return layout_of(type(document)).changes(now, image)


@dataclass(frozen=True, slots=True)
class Save:
    """What is sent to save a changed document, and what it has to know before and afterwards.

    Attributes:
        image: the document's bytes when it is saved.
        changes: what differs from the stored document.
        statement: the update that makes the changes.
        revision: the document's revision before, in classes that have revisions.
    """

    image: bytes
    changes: _core.Changes
    statement: bytes
    revision: UUID | None


def save_of(document: Document) -> Save | None:
    """What saves a stored document, which gets its new revision; None when nothing in it changed."""
    image = encoded(document)
    changes = changes_of(document, image)
    if not changes:
        return None
    revision = renewed(document)
    condition = revision_of(document, revision)
    if condition is not None:
        image = encoded(document)
        changes = changes_of(document, image)
    return Save(image, changes, changes.statement(condition), revision)


def prepare_all(
    documents: Sequence[Document], events: frozenset[Event], validate: bool, skip: SkipHooks
) -> Script[list[bytes]]:
    """Calls the hooks before a write, checks what they leave, and gives the bytes of each, with ids and new revisions.

    Raises:
        pydantic.ValidationError: a value is not what its field takes.
    """
    hooked = revised = False
    for cls in set(map(type, documents)):
        hooked = hooked or is_hooked(cls, skip)
        revised = revised or settings_of(cls).use_revision
    if hooked:
        for document in documents:
            yield from prepare(document, events, validate, skip)
        validate = False
    if revised:
        for document in documents if validate else ():
            check(document)
        for document in documents:
            renewed(document)
        validate = False
    return encoded_all(documents, validate)


def insert_all(
    cls: type[Document], documents: list[Document], ordered: bool, session: Any, validate: bool, skip: SkipHooks
) -> Script[None]:
    """Inserts documents with one request; those that went in know it, whatever became of the others.

    Raises:
        pydantic.ValidationError: a value is not what its field takes.
        BulkWriteError, DuplicateKeyError: some were refused.
    """
    remember(session, documents)
    revised = any(settings_of(each).use_revision for each in set(map(type, documents)))
    before = list(map(revision_now, documents)) if revised else []
    images: list[bytes] = []
    try:
        images = yield from prepare_all(documents, INSERTED, validate, skip)
        if documents:
            yield from _insert_prepared(cls, documents, images, ordered, session)
    except BaseException:
        for index, revision in enumerate(before):
            if not images or documents[index]._image is not images[index]:
                put_back(documents[index], revision)
        raise


def _insert_prepared(
    cls: type[Document], documents: list[Document], images: list[bytes], ordered: bool, session: Any
) -> Script[None]:
    settings = settings_of(cls)
    yield from prepare_collection(cls)
    try:
        yield requests.write_batch(
            default_client(), settings.database, settings.name, "insert", images, ordered, session
        )
    except BulkWriteError as error:
        failed = {failure["index"] for failure in error.failures}
        for index, document in enumerate(documents):
            if index not in failed and not (ordered and index > min(failed)):
                stored(document, images[index])
        raise
    _core.set_images(documents, images)


def stored(document: Document, image: bytes, changes: _core.Changes | None = None) -> None:
    """Remembers what is stored now, and what the write changed."""
    set_attribute(document, "__image__", image)
    set_attribute(document, "__previous__", changes)


def forget_stored(document: Document) -> None:
    """Remembers that nothing is stored of the document any more."""
    try:
        # A lazy one has its values there.
        vars(document)
    except DecodeError:
        # It tells of that whenever it is asked for a value, and cannot be written.
        return
    set_attribute(document, "__image__", None)


def by_id(cls: type[Document], id: Any, *more: ir.Expr | None) -> Query[Any]:
    """The document with this id, whatever its class, if it also meets further conditions."""
    field = ir.Field("_id", schema_of(cls).field("_id"), cls.__name__)  # type: ignore[arg-type]
    matches = [ir.Compare("eq", field, ir.Literal(id)), *(each for each in more if each is not None)]
    return Query(cls, tuple(stages.Match(each) for each in matches), by_id=True)


def itself(document: Document, session: Any, condition: ir.Expr | None = None) -> Query[Any]:
    """The stored document, if it also meets the condition.

    Raises:
        DocumentNotFound: the document has no id yet.
    """
    return by_id(type(document), id_of(document), condition).session(session)


def replacement(document: Document, revision: UUID | None, session: Any) -> bytes:
    """The statement that puts a document in the place of the stored one, if that still has this revision.

    Raises:
        DocumentNotFound: the document has no id yet.
    """
    query = itself(document, session, unchanged(document, revision))
    node = ir.Replace(query._source(), query._filter(), document, False, {})
    # An id is equal to something, so there is a statement.
    statement: bytes = query._compile(node).statement  # type: ignore[assignment]
    return statement


def id_of(document: Document) -> Any:
    """The id of a stored document.

    Raises:
        DocumentNotFound: it has none yet.
    """
    if document.id is None:
        raise DocumentNotFound(f"this {type(document).__name__} has no id: insert() it first")
    return document.id


def misses(documents: Sequence[Document], session: Any) -> Script[tuple[list[Document], list[Document]]]:
    """Of stored documents of one collection that were just written together, those that are not stored (first list),
    and those that have another revision than they should (second): the server only counts what it finds."""
    cls = type(documents[0])
    revised = settings_of(cls).use_revision
    ids = {id(document): _core.decode_document(encoded(document))["_id"] for document in documents}
    query: Query[Any] = Query(cls, by_id=True).find({"_id": {"$in": list(ids.values())}})
    rows = yield query.session(session).project("_id", *([REVISION] if revised else [])).to_list()
    there = {link_key(row["_id"]): row.get(REVISION) for row in rows}
    gone = [document for document in documents if link_key(ids[id(document)]) not in there]
    changed = [
        document
        for document in documents
        if revised
        and link_key(ids[id(document)]) in there
        and there[link_key(ids[id(document)])] != vars(document).get(REVISION)
    ]
    return gone, changed


def missed(document: Document, session: Any) -> Script[DocumentNotFound | RevisionConflict]:
    """The error that says why a write found no document: it is not there, or has another revision."""
    name = type(document).__name__
    if settings_of(type(document)).use_revision:
        there = yield itself(document, session).exists()
        if there:
            return RevisionConflict(
                f"{name} {document.id!r} was changed by someone else since it was loaded: refresh() it and try again"
            )
    return DocumentNotFound(f"no {name} with id {document.id!r} is stored")
