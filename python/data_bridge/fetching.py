"""Fetching links: one command for each class and level, each document decoded once, every link led to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import _core
from .errors import CompileError
from .inheritance import descendants, family
from .lazy import by_ids
from .link_fields import link_fields, original_of
from .links import LinkField, link_key
from .operation import Operation, Script, together

if TYPE_CHECKING:
    from .document import Document

#: Ids in one command, unless the class's settings say otherwise.
BATCH = 10_000


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
class _Level:
    """What is fetched at one link, and behind it."""

    fetch: Fetch
    below: dict[str, _Level] = field(default_factory=dict)


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
    for cls, members in by_class.items():
        # Of several classes, each has the links that it has.
        kin = {*by_class, *family(cls).values()}
        known = [path for path in paths if _leads(cls, path) or not any(_leads(other, path) for other in kin)]
        if known or not paths:
            yield from _fetch(cls, members, _levels(cls, known), depth if not paths else 0, session)


def check_paths(cls: type[Document], paths: Sequence[Any]) -> None:
    """Refuses paths of links that neither the class nor one below it has, and fetches that cannot be done.

    Raises:
        CompileError: says which.
    """
    for path in paths:
        _levels(next((member for member in descendants(cls) if _leads(member, path)), cls), [path])


def _leads(cls: type[Document], path: Any) -> bool:
    """Whether the path begins with a link of the class."""
    return any(_begins(path.path if isinstance(path, Fetch) else str(path), link) for link in link_fields(cls))


def _begins(path: str, link: LinkField) -> bool:
    return path == link.stored or path.startswith(link.stored + ".")


def described(cls: type[Document], paths: Sequence[Any], depth: int) -> list[str]:
    """What fetching does, in words: a line for the links that one command fetches, level by level."""
    return list(_described(cls, _levels(cls, paths), depth, 1))


def _described(cls: type[Document], levels: dict[str, _Level] | None, depth: int, number: int) -> Iterator[str]:
    if levels is None and depth <= 0:
        return
    alike: dict[tuple[str, str], list[str]] = {}
    chosen = [link for link in link_fields(cls) if levels is None or link.stored in levels]
    for link in chosen:
        target = link.to.target
        size = target.settings().max_link_batch_size or BATCH
        by = "_id" if not link.to.is_back else original_of(cls, link.to, link.options).stored
        fetch = levels[link.stored].fetch if levels is not None else Fetch("")
        plain = not link.to.is_back and fetch.filter is None and fetch.project is None
        what = f"{target.settings().name} by {by}, {size:,} ids a command"
        alike.setdefault((what, "" if plain else link.stored), []).append(link.stored)
    for (what, _), fields in alike.items():
        yield f"level {number}: {cls.__name__}.{', '.join(fields)} -> {what}"
    if levels is None:
        for target in dict.fromkeys(link.to.target for link in chosen):
            yield from _described(target, None, depth - 1, number + 1)
    else:
        for link in chosen:
            yield from _described(link.to.target, levels[link.stored].below, 0, number + 1)


def _levels(cls: type[Document], paths: Sequence[Any]) -> dict[str, _Level] | None:
    """The links to fetch by their stored paths; None for all."""
    if not paths:
        return None
    top: dict[str, _Level] = {}
    for given in paths:
        fetch = given if isinstance(given, Fetch) else Fetch(str(given))
        levels, rest, owner = top, fetch.path, cls
        while True:
            link = _link_on(owner, rest)
            level = levels.setdefault(link.stored, _Level(Fetch(link.stored)))
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


def _fetch(
    cls: type[Document], documents: list[Any], levels: dict[str, _Level] | None, depth: int, session: Any
) -> Script[None]:
    if not documents or (levels is None and depth <= 0):
        return
    chosen = [link for link in link_fields(cls) if levels is None or link.stored in levels]
    level_of = {
        link.stored: levels[link.stored] if levels is not None else _Level(Fetch(link.stored)) for link in chosen
    }
    forward = [link for link in chosen if not link.to.is_back]
    fetched: dict[type[Any], list[Any]] = {}
    yield from _forward(cls, documents, forward, level_of, session, fetched)
    for link in chosen:
        if link.to.is_back:
            yield from _back(cls, documents, link, level_of[link.stored].fetch, session, fetched)
    if levels is None:
        for target, found in fetched.items():
            yield from _fetch(target, found, None, depth - 1, session)
    else:
        for link in chosen:
            below = level_of[link.stored].below
            if below:
                targets = list(_at(documents, link))
                yield from _fetch(link.to.target, targets, below, 0, session)


def _at(documents: list[Any], link: LinkField) -> Iterable[Any]:
    """The distinct fetched documents at a link."""
    seen: dict[int, Any] = {}
    _collect(documents, link.path, link.to.target, seen)
    return seen.values()


def _collect(value: Any, path: tuple[str, ...], target: type[Any], seen: dict[int, Any]) -> None:
    if isinstance(value, (list, tuple)):
        for item in value:
            _collect(item, path, target, seen)
    elif isinstance(value, dict):
        for item in value.values():
            _collect(item, path, target, seen)
    elif path:
        if value is not None and path[0] in getattr(value, "__dict__", {}):
            _collect(value.__dict__[path[0]], path[1:], target, seen)
    elif isinstance(value, target):
        seen[id(value)] = value


def _forward(
    cls: type[Document],
    documents: list[Any],
    links: list[LinkField],
    level_of: dict[str, _Level],
    session: Any,
    fetched: dict[type[Any], list[Any]],
) -> Script[None]:
    """One command for each target class, whatever the number of links that lead there."""
    groups: dict[Any, list[LinkField]] = {}
    for link in links:
        fetch = level_of[link.stored].fetch
        plain = fetch.filter is None and fetch.project is None
        groups.setdefault((link.to.target, None if plain else link.stored), []).append(link)
    requests: list[Operation[Any]] = []
    members: list[list[LinkField]] = []
    for (target, stored), group in groups.items():
        ids: dict[Any, Any] = {}
        for link in group:
            for found in _core.links_at(documents, list(link.path)):
                ids.setdefault(found.key, found.id)
        fetch = level_of[stored].fetch if stored else Fetch("")
        wanted = list(ids.values())
        purpose = f"documents of {target.__name__}, for {cls.__name__}.{', '.join(link.stored for link in group)}"
        size = target.settings().max_link_batch_size or BATCH
        for start in range(0, len(wanted), size):
            query = _narrowed(by_ids(target, wanted[start : start + size]), fetch, session, purpose)
            requests.append(query.to_list())
            members.append(group)
    answers = yield together(requests)
    by_group: dict[int, tuple[list[LinkField], dict[Any, Any]]] = {}
    for group, answer in zip(members, answers, strict=True):
        _, found = by_group.setdefault(id(group), (group, {}))
        found.update((link_key(document.id), document) for document in answer)
        for document in answer:
            fetched.setdefault(type(document), []).append(document)
    for group, found in by_group.values():
        for link in group:
            _core.place_links(documents, list(link.path), found, level_of[link.stored].fetch.filter is None)


def _narrowed(query: Any, fetch: Fetch, session: Any, purpose: str) -> Any:
    if fetch.filter is not None:
        query = query.find(fetch.filter)
    if fetch.project is not None:
        query = query.project(fetch.project)
    query = query._with(purpose=purpose)
    return query if session is None else query.session(session)


def _back(
    cls: type[Document],
    documents: list[Any],
    link: LinkField,
    fetch: Fetch,
    session: Any,
    fetched: dict[type[Any], list[Any]],
) -> Script[None]:
    """The documents of the other side whose links lead to these, given to each in the order of the sort."""
    original = original_of(cls, link.to, link.options)
    ids = {link_key(document.id): document.id for document in documents}
    target = link.to.target
    wanted = list(ids.values())
    size = target.settings().max_link_batch_size or BATCH
    purpose = f"documents of {target.__name__}, for {cls.__name__}.{link.stored}"
    requests = []
    for start in range(0, len(wanted), size):
        query = _narrowed(_leading(target, original, wanted[start : start + size]), fetch, session, purpose)
        sort = fetch.sort if isinstance(fetch.sort, (list, tuple)) else [fetch.sort]
        requests.append((query.sort(*sort) if fetch.sort is not None else query.sort("_id")).to_list())
    answers = yield together(requests)
    groups: dict[Any, list[Any]] = {key: [] for key in ids}
    for answer in answers:
        for other in answer:
            fetched.setdefault(type(other), []).append(other)
            for key in dict.fromkeys(found.key for found in _core.links_at([other], list(original.path))):
                if key in groups:
                    groups[key].append(other)
    for document in documents:
        found = groups[link_key(document.id)]
        found = found if fetch.limit is None else found[: fetch.limit]
        value: Any = found if link.many else (found[0] if found else None)
        _place(document, link.path, value)


def _leading(target: type[Document], original: LinkField, ids: list[Any]) -> Any:
    """The query for the documents whose link leads to one of these."""
    return target.find({original.stored: {"$in": ids}}).with_children()


def _place(document: Any, path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        document = getattr(document, name)
    vars(document)[path[-1]] = value
