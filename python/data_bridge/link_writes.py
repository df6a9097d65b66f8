"""Saving documents with the documents they link to: one insert and one update for each collection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .errors import DataBridgeError
from .link_fields import link_fields
from .operation import Script
from .writing import ensure_id


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


def write_linked(roots: list[Any], session: Any = None, validate: bool = True, hooks: bool = True) -> Script[None]:
    """Inserts what is new and writes what changed, of the roots and of everything they lead to.

    Ids are given before anything is sent, so that new documents may link to one another.

    Raises:
        DocumentNotFound: a changed document was deleted meanwhile.
        DuplicateKeyError, BulkWriteError: the server refused one; a note on the error says what was written before.
    """
    order = linked_first(roots)
    for document in order:
        ensure_id(document)
    groups: dict[type[Any], tuple[list[Any], list[Any]]] = {}
    for document in order:
        new, loaded = groups.setdefault(type(document), ([], []))
        (new if document._image is None else loaded).append(document)
    written: list[Any] = []
    for cls, (new, loaded) in groups.items():
        bulk = cls.bulk(session=session, validate=validate, hooks=hooks)
        for document in new:
            bulk.insert(document)
        for document in loaded:
            bulk.save(document)
        try:
            yield bulk.execute()
        except DataBridgeError as error:
            _note(error, written)
            raise
        written += [*new, *loaded]


def _note(error: DataBridgeError, written: list[Any]) -> None:
    if written:
        names = ", ".join(f"{type(document).__name__}({document.id!r})" for document in written[:10])
        more = f" and {len(written) - 10} more" if len(written) > 10 else ""
        error.add_note(f"written before this: {names}{more}")
