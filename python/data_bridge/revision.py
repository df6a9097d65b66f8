"""Revisions: an id of a document's state, new with each write, that a write's filter asks for."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from . import ir
from .schema import schema_of
from .settings import settings_of

if TYPE_CHECKING:
    from .document import Document

REVISION = "revision_id"


def wants_revision(bases: tuple[type, ...], namespace: dict[str, Any]) -> bool:
    """Whether a class that is being made needs the field: it or a base asks for revisions, and none has it yet."""
    asked = getattr(namespace.get("Settings"), "use_revision", None)
    if asked is None:
        asked = any(settings_of(base).use_revision for base in bases)
    known = any(REVISION in getattr(base, "model_fields", {}) for base in bases)
    return bool(asked) and not known and REVISION not in namespace.get("__annotations__", {})


def revision_now(document: Document) -> uuid.UUID | None:
    """The document's revision; None in classes that have none."""
    if not settings_of(type(document)).use_revision:
        return None
    revision: uuid.UUID | None = vars(document).get(REVISION)
    return revision


def renewed(document: Document) -> uuid.UUID | None:
    """Gives the document a new revision, and gives the one before; nothing happens to classes without revisions."""
    if not settings_of(type(document)).use_revision:
        return None
    before = revision_now(document)
    put_back(document, uuid.uuid4())
    return before


def put_back(document: Document, revision: uuid.UUID | None) -> None:
    """Sets the revision; of classes without revisions, nothing."""
    if settings_of(type(document)).use_revision:
        vars(document)[REVISION] = revision
        document.__pydantic_fields_set__.add(REVISION)


def revision_of(document: Document, revision: uuid.UUID | None) -> dict[str, Any] | None:
    """The values that the stored document still has if it has this revision; None of classes without revisions."""
    return {REVISION: revision} if settings_of(type(document)).use_revision else None


def unchanged(document: Document, revision: uuid.UUID | None) -> ir.Expr | None:
    """The condition that the stored document still has this revision."""
    cls = type(document)
    if not settings_of(cls).use_revision:
        return None
    field = ir.Field(REVISION, schema_of(cls).field(REVISION), cls.__name__)  # type: ignore[arg-type]
    return ir.Compare("eq", field, ir.Literal(revision))
