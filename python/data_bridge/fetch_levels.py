"""Reading what links lead to, level by level.

All reads of a level are sent at once: one for each class that links lead to, whatever classes hold them, and one for
each back link. A document that several of them find is one object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import _core
from .fetch_paths import Fetch, Level
from .lazy import batch_size, by_ids, in_batches
from .link_fields import link_fields, original_of
from .links import LinkField, link_key
from .operation import Operation, Script, together

if TYPE_CHECKING:
    from .document import Document


@dataclass
class Holders:
    """Documents of one class, and what is fetched of their links.

    Attributes:
        levels: the links by their stored paths; None for all.
    """

    cls: type[Any]
    levels: dict[str, Level] | None
    documents: list[Any] = field(default_factory=list)

    def chosen(self) -> Iterator[Chosen]:
        """The links that are fetched of them."""
        for link in link_fields(self.cls):
            if self.levels is None:
                yield Chosen(self, link, Level(Fetch(link.stored)))
            elif link.stored in self.levels:
                yield Chosen(self, link, self.levels[link.stored])


@dataclass(frozen=True)
class Chosen:
    """A link that is fetched of documents."""

    holders: Holders
    link: LinkField
    level: Level

    @property
    def target(self) -> type[Document]:
        return self.link.to.target

    @property
    def read_with(self) -> Any:
        """Links alike in this are read with one command."""
        fetch = self.level.fetch
        plain = not self.link.to.is_back and fetch.filter is None and fetch.project is None
        return self.target, None if plain else (id(self.holders), self.link.stored)


def fetch_levels(front: list[Holders], depth: int, session: Any) -> Script[None]:
    """Puts documents in the links' places, and in those of what was fetched: as the levels say, or as deep as given."""
    while front:
        depth -= 1
        # Paths end by themselves.
        chosen = [each for holders in front for each in holders.chosen() if holders.levels is not None or depth >= 0]
        fetched = yield from _fetch_level(chosen, session)
        below = [Holders(each.target, each.level.below, _at(each)) for each in chosen if each.level.below]
        everything = any(holders.levels is None for holders in front)
        front = [holders for holders in below if holders.documents]
        if everything and depth > 0:
            front += [Holders(cls, None, list(found.values())) for cls, found in fetched.items()]


def described_levels(root: Holders, depth: int) -> Iterator[str]:
    """A line for the links that one command fetches, level by level."""
    front, number = [root], 0
    while front:
        number, depth = number + 1, depth - 1
        chosen = [each for holders in front for each in holders.chosen() if holders.levels is not None or depth >= 0]
        for group in _groups(chosen):
            link, target = group[0].link, group[0].target
            by = original_of(group[0].holders.cls, link.to, link.options).stored if link.to.is_back else "_id"
            size = f"{batch_size(target):,} ids a command"
            yield f"level {number}: {_named(group)} -> {target.settings().name} by {by}, {size}"
        everything = any(holders.levels is None for holders in front)
        front = [Holders(each.target, each.level.below) for each in chosen if each.level.below]
        if everything and depth > 0:
            front += [Holders(target, None) for target in dict.fromkeys(each.target for each in chosen)]


def _groups(chosen: Iterable[Chosen]) -> Iterable[list[Chosen]]:
    """The links that are read together."""
    groups: dict[Any, list[Chosen]] = {}
    for each in chosen:
        groups.setdefault(each.read_with, []).append(each)
    return groups.values()


def _named(group: Sequence[Chosen]) -> str:
    """How the links of a group are called."""
    names: dict[str, list[str]] = {}
    for each in group:
        names.setdefault(each.holders.cls.__name__, []).append(each.link.stored)
    return "; ".join(f"{holder}.{', '.join(dict.fromkeys(links))}" for holder, links in names.items())


#: The documents that were fetched, by class and id.
_Fetched = dict[type[Any], dict[Any, Any]]


@dataclass
class _Reading:
    """Commands, and what puts the documents that they find in the links' places."""

    commands: list[Operation[Any]]
    place: Callable[[list[Any]], None]


def _fetch_level(chosen: list[Chosen], session: Any) -> Script[_Fetched]:
    groups = _groups(chosen)
    readings = [(_back if group[0].link.to.is_back else _forward)(group, session) for group in groups]
    answers = yield together([command for reading in readings for command in reading.commands])
    fetched: _Fetched = {}
    rest = iter(answers)
    for reading in readings:
        found = [document for _ in reading.commands for document in next(rest)]
        reading.place([fetched.setdefault(type(each), {}).setdefault(_key(each), each) for each in found])
    return fetched


def _key(document: Any) -> Any:
    # What leads back may be fetched as a model that does not hold its own id.
    return link_key(document.id) if "id" in type(document).model_fields else id(document)


def _forward(group: list[Chosen], session: Any) -> _Reading:
    """One command for a class, whatever the number of links that lead there."""
    ids: dict[Any, Any] = {}
    for each in group:
        for found in _core.links_at(each.holders.documents, list(each.link.path)):
            ids.setdefault(found.key, found.id)
    fetch, target = group[0].level.fetch, group[0].target

    def place(documents: list[Any]) -> None:
        found = {link_key(document.id): document for document in documents}
        for each in group:
            _core.place_links(each.holders.documents, list(each.link.path), found, each.level.fetch.filter is None)

    queries = (by_ids(target, part) for part in in_batches(ids.values(), target))
    return _Reading([_narrowed(query, fetch, session, group).to_list() for query in queries], place)


def _back(group: list[Chosen], session: Any) -> _Reading:
    """The documents of the other side whose links lead to these, given to each in the order of the sort."""
    [one] = group
    link, fetch, holders = one.link, one.level.fetch, one.holders
    original = original_of(holders.cls, link.to, link.options)
    ids = {link_key(document.id): document.id for document in holders.documents}
    sort = ["_id"] if fetch.sort is None else fetch.sort if isinstance(fetch.sort, (list, tuple)) else [fetch.sort]

    def place(others: list[Any]) -> None:
        leading: dict[Any, list[Any]] = {key: [] for key in ids}
        for other in others:
            for key in dict.fromkeys(found.key for found in _core.links_at([other], list(original.path))):
                if key in leading:
                    leading[key].append(other)
        for document in holders.documents:
            found = leading[link_key(document.id)][: fetch.limit]
            _place(document, link.path, found if link.many else (found[0] if found else None))

    queries = (_leading(one.target, original, part) for part in in_batches(ids.values(), one.target))
    return _Reading([_narrowed(query, fetch, session, group).sort(*sort).to_list() for query in queries], place)


def _narrowed(query: Any, fetch: Fetch, session: Any, group: list[Chosen]) -> Any:
    if fetch.filter is not None:
        query = query.find(fetch.filter)
    if fetch.project is not None:
        query = query.project(fetch.project)
    query = query._with(purpose=f"documents of {group[0].target.__name__}, for {_named(group)}")
    return query if session is None else query.session(session)


def _leading(target: type[Document], original: LinkField, ids: list[Any]) -> Any:
    """The query for the documents whose link leads to one of these."""
    return target.find({original.stored: {"$in": ids}}).with_children()


def _place(document: Any, path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        document = getattr(document, name)
    vars(document)[path[-1]] = value


def _at(chosen: Chosen) -> list[Any]:
    """The distinct fetched documents at a link."""
    seen: dict[int, Any] = {}
    _collect(chosen.holders.documents, chosen.link.path, chosen.target, seen)
    return list(seen.values())


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
