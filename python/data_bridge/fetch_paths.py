"""What is to be fetched: the links of a class that paths name, and what is said of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import CompileError
from .link_fields import link_fields, original_of
from .links import LinkField

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .document import Document


@dataclass(frozen=True)
class Fetch:
    """What is fetched of one link: `Book.author.fetch(filter=..., sort=..., limit=..., project=...)`.

    Attributes:
        path: the stored path of the link, through other links.
        filter: only documents that meet it; a link whose document does not stays a link.
        sort, limit: the order of a back link's documents, and how many of them each document gets.
        project: a model to load instead of the whole class; in the place of a link it has the field `id`.
    """

    path: str
    filter: Any = None
    sort: Any = None
    limit: int | None = None
    project: Any = None


@dataclass
class Level:
    """What is fetched at one link, and behind it."""

    fetch: Fetch
    below: dict[str, Level] = field(default_factory=dict)


def leads(cls: type[Document], path: Any) -> bool:
    """Whether the path begins with a link of the class."""
    return any(_begins(path.path if isinstance(path, Fetch) else str(path), link) for link in link_fields(cls))


def _begins(path: str, link: LinkField) -> bool:
    return path == link.stored or path.startswith(link.stored + ".")


def levels_of(cls: type[Document], paths: Sequence[Any]) -> dict[str, Level] | None:
    """The links to fetch by their stored paths; None for all."""
    if not paths:
        return None
    top: dict[str, Level] = {}
    for given in paths:
        fetch = given if isinstance(given, Fetch) else Fetch(str(given))
        levels, rest, owner = top, fetch.path, cls
        while True:
            link = _link_on(owner, rest)
            level = levels.setdefault(link.stored, Level(Fetch(link.stored)))
            if len(rest) <= len(link.stored):
                _check(owner, link, fetch)
                level.fetch = fetch
                break
            rest, owner, levels = rest[len(link.stored) + 1 :], link.to.target, level.below
    return top


def _check(owner: type[Document], link: LinkField, fetch: Fetch) -> None:
    """Refuses what could not be done to the link.

    Raises:
        CompileError: a link is to be sorted or limited, or loaded as a model that does not know its id; or a back link
            as one that does not know where it leads.
    """
    where = f"{owner.__name__}.{link.stored}"
    if link.to.is_back:
        path = original_of(owner, link.to, link.options).path
        if fetch.project is not None and not any(path == each.path for each in link_fields(fetch.project)):
            message = f"{where}: {fetch.project!r} must hold the link {'.'.join(path)!r}, which says whose each one is"
            raise CompileError(message, code="no_original", path=link.stored, hint="declare it as it is in the class")
        return
    if fetch.sort is not None or fetch.limit is not None:
        message = f"{where}: the order and number of links are stored, and kept; only back links are sorted and limited"
        raise CompileError(message, code="sorted_link", path=link.stored)
    if fetch.project is not None and "id" not in getattr(fetch.project, "model_fields", {}):
        message = f"{where}: {fetch.project!r} stands in the link's place and must hold its id"
        hint = "give a pydantic model with the field `id`, aliased to `_id`"
        raise CompileError(message, code="no_id", path=link.stored, hint=hint)


def _link_on(cls: type[Document], path: str) -> LinkField:
    for link in link_fields(cls):
        if _begins(path, link):
            return link
    links = ", ".join(link.stored for link in link_fields(cls)) or "none"
    raise CompileError(f"{cls.__name__} has no link {path!r}; links: {links}", code="not_a_link", path=path)
