"""Saving documents with the documents they link to: one insert and one update for each collection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from . import _core
from .client import default_client
from .errors import DataBridgeError, DocumentNotFound
from .link_fields import link_fields
from .operation import Script

if TYPE_CHECKING:
    from .document import Document


def linked_first(roots: list[Any]) -> list[Any]:
    """The documents that can be reached through fetched links, each once, linked ones first."""
    order: list[Any] = []
    state: dict[int, bool] = {}
    stack: list[tuple[Any, Iterator[Any]]] = []

    def enter(document: Any) -> None:
        if id(document) not in state:
            state[id(document)] = False
            stack.append((document, _linked(document)))

    for root in roots:
        enter(root)
        while stack:
            document, rest = stack[-1]
            following = next(rest, None)
            if following is not None:
                enter(following)
                continue
            stack.pop()
            order.append(document)
    return order


def _linked(document: Any) -> Iterator[Any]:
    for link in link_fields(type(document)):
        if not link.to.is_back:
            yield from _documents(document, link.path)


def _documents(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    if isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _documents(item, path)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _documents(item, path)
    elif path:
        if value is not None:
            yield from _documents(getattr(value, "__dict__", {}).get(path[0]), path[1:])
    elif hasattr(value, "__data_bridge_image__"):
        yield value


def write_linked(roots: list[Any], session: Any = None) -> Script[list[Any]]:
    """Inserts what is new and writes what changed, of the roots and of everything they lead to.

    Gives the documents that were written.

    Raises:
        DocumentNotFound: a changed document was deleted meanwhile.
        DuplicateKeyError, BulkWriteError: the server refused one; a note on the error says what was written before.
    """
    order = linked_first(roots)
    for document in order:
        document._ensure_id()
    groups: dict[type[Any], tuple[list[Any], list[Any]]] = {}
    for document in order:
        new, loaded = groups.setdefault(type(document), ([], []))
        (new if document._image is None else loaded).append(document)
    written: list[Any] = []
    try:
        for cls, (new, loaded) in groups.items():
            if new:
                yield cls.insert_many(new, **({} if session is None else {"session": session}))
                written += new
            written += yield from _update(cls, loaded, session)
    except DataBridgeError as error:
        if written:
            names = ", ".join(f"{type(document).__name__}({document.id!r})" for document in written[:10])
            more = f" and {len(written) - 10} more" if len(written) > 10 else ""
            error.add_note(f"written before this: {names}{more}")
        raise
    return written


def _update(cls: type[Document], documents: list[Any], session: Any) -> Script[list[Any]]:
    """Writes what changed of loaded documents, in one command."""
    statements: list[dict[str, Any]] = []
    changed: list[tuple[Any, bytes]] = []
    for document in documents:
        encoded = document._encoded()
        values, removed = _core.diff(encoded, document._image)
        update: dict[str, Any] = {}
        if values:
            update["$set"] = values
        if removed:
            update["$unset"] = dict.fromkeys(removed, "")
        if update:
            statements.append({"q": {"_id": document.id}, "u": update})
            changed.append((document, encoded))
    if not statements:
        return []
    settings = cls.settings()
    command = {"update": settings.name, "updates": statements, "ordered": False}
    reply = yield _core.command(default_client().core, settings.database, command, True, session)
    if reply["n"] != len(statements):
        raise DocumentNotFound(
            f"{len(statements) - reply['n']} of {len(statements)} changed {cls.__name__} documents are no longer stored"
        )
    for document, encoded in changed:
        object.__setattr__(document, "__image__", encoded)
    return [document for document, _ in changed]
