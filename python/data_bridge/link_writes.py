"""Saving documents with the documents they link to: one insert and one update for each collection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .events import SkipHooks
from .link_fields import link_fields
from .operation import Script
from .settings import root_of, settings_of
from .writing import ensure_id

#: Documents that an error names; of more it says how many.
_NAMED = 10


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


def write_linked(
    roots: list[Any],
    session: Any = None,
    validate: bool = True,
    skip: SkipHooks = False,
    roots_too: bool = True,
) -> Script[None]:
    """Inserts what is new and writes what changed, of the roots and of everything they lead to.

    Ids are given before anything is sent, so that new documents may link to one another.

    Args:
        roots_too: whether the roots themselves are written, or what they lead to alone.

    Raises:
        DocumentNotFound: a changed document was deleted meanwhile.
        DuplicateKeyError, BulkWriteError: the server refused one; notes on the error say what was written before, and
            what of it leads to documents that are not stored.
    """
    order = linked_first(roots)
    for document in order:
        ensure_id(document)
    groups: dict[Any, list[Any]] = {}
    left_out = frozenset() if roots_too else frozenset(map(id, roots))
    order = [document for document in order if id(document) not in left_out]
    for document in order:
        groups.setdefault(_together(type(document)), []).append(document)
    before = {id(document): document._image for document in order}
    try:
        for (cls, _), members in groups.items():
            bulk = cls.bulk(session=session, validate=validate, hooks=skip is not True)
            bulk._skip = skip
            for document in members:
                if document._image is None:
                    bulk.insert(document)
            for document in members:
                if document._image is not None:
                    bulk.save(document)
            yield bulk.execute()
    except Exception as error:
        _note(error, [document for document in order if document._image is not before[id(document)]])
        raise


def _together(cls: type[Any]) -> tuple[type[Any], bool]:
    """What is written with the same commands: classes of one collection, if they have revisions alike."""
    return root_of(cls) or cls, settings_of(cls).use_revision


def _note(error: Exception, written: list[Any]) -> None:
    """Says on the error what is stored by now, and which of it leads to a document that never was."""
    half = [
        f"{_named(document)}.{link.stored}"
        for document in written
        for link in link_fields(type(document))
        if not link.to.is_back and any(linked._image is None for linked in _documents(document, link.path))
    ]
    if written:
        error.add_note(f"written before this: {_listed([_named(document) for document in written])}")
    if half:
        error.add_note(f"of these, links lead to documents that are not stored: {_listed(half)}")


def _named(document: Any) -> str:
    return f"{type(document).__name__}({document.id!r})"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
