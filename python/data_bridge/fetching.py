"""Fetching links: one command for each class and level, each document decoded once, every link led to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .fetch_levels import Holders, described_levels, fetch_levels
from .fetch_paths import Fetch, leads, levels_of
from .inheritance import descendants, family
from .operation import Operation, Script
from .settings import settings_of

if TYPE_CHECKING:
    from .document import Document

__all__ = ["Fetch", "check_paths", "described", "fetch_links", "fetch_script"]


def fetch_links(documents: Any, *paths: Any, depth: int = 1) -> Operation[None]:
    """Puts the documents that links lead to in the links' places.

    Args:
        documents: a document, or any number of them, of any classes.
        paths: links as fields (`Book.author`), as stored paths, or as `Book.author.fetch(...)`; none means all.
        depth: how many links are followed from each document, when no paths say so.

    Raises:
        CompileError: a path is not a link of the documents' class.
    """
    given = (
        list(documents) if isinstance(documents, Iterable) and not hasattr(documents, "model_fields") else [documents]
    )

    def script() -> Script[None]:
        yield from fetch_script(given, paths, depth, None)

    return Operation(script, "fetch_links(...)")


def fetch_script(documents: list[Any], paths: Sequence[Any], depth: int, session: Any) -> Script[None]:
    """The work of `fetch_links`, for other scripts."""
    by_class: dict[type[Any], list[Any]] = {}
    for document in documents:
        by_class.setdefault(type(document), []).append(document)
    front: list[Holders] = []
    for cls, members in by_class.items():
        # Of several classes, each has the links that it has.
        kin = {*by_class, *family(cls).values()}
        known = [path for path in paths if leads(cls, path) or not any(leads(other, path) for other in kin)]
        if known or not paths:
            front.append(Holders(cls, levels_of(cls, known), members))
    yield from fetch_levels(front, 0 if paths else depth, session)


def fetch_eagerly(cls: type[Document], documents: list[Any], session: Any) -> Script[None]:
    """Fetches the links that the class's settings say are fetched with its documents."""
    if settings_of(cls).eager_load_links:
        yield from fetch_script(documents, (), 1, session)


def check_paths(cls: type[Document], paths: Sequence[Any]) -> None:
    """Refuses paths of links that neither the class nor one below it has, and fetches that cannot be done.

    Raises:
        CompileError: says which.
    """
    for path in paths:
        levels_of(next((member for member in descendants(cls) if leads(member, path)), cls), [path])


def described(cls: type[Document], paths: Sequence[Any], depth: int) -> list[str]:
    """What fetching does, in words: a line for the links that one command fetches, level by level."""
    return list(described_levels(Holders(cls, levels_of(cls, paths)), depth))
