"""Deleting documents that others link to: what `on_delete` says is done to the links, before the documents go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .client import default_client
from .errors import DeleteDenied, SchemaError
from .lazy import by_ids
from .link_fields import link_fields
from .link_shapes import is_plain, link_rows, without_links
from .links import LinkField, link_key, subclasses
from .operation import Operation, Script
from .settings import root_of

if TYPE_CHECKING:
    from .document import Document


def referrers(cls: type[Document]) -> Iterator[tuple[type[Document], LinkField]]:
    """The links of other classes, and of the class itself, that say what a deletion here does to them."""
    from .document import Document

    for other in subclasses(Document):
        for link in _links_of(other):
            leads_here = not link.to.is_back and (issubclass(cls, link.to.target) or issubclass(link.to.target, cls))
            if leads_here and link.options.on_delete != "nothing":
                yield other, link


def _links_of(cls: type[Document]) -> tuple[LinkField, ...]:
    """The links of a class; none of one that is not finished and says nothing of deletions.

    Raises:
        SchemaError: it says what a deletion does to a link, and where the link leads cannot be told.
    """
    try:
        return link_fields(cls)
    except SchemaError:
        said = (options for base in cls.__mro__ for options in vars(base).get("__link_options__", {}).values())
        if any(options.on_delete != "nothing" for options in said):
            raise
        return ()


def has_rules(cls: type[Document]) -> bool:
    """Whether a deletion here has consequences."""
    return next(referrers(cls), None) is not None


def delete_with_rules(cls: type[Document], ids: list[Any], session: Any, links_too: bool = False) -> Script[int]:
    """Deletes documents by id, and does to the links that lead to them what their declarations say.

    Where the server has transactions, in one. Elsewhere links are cut before documents are deleted, and cascaded
    documents before those they link to, so that a crash leaves no dangling link behind.

    Raises:
        DeleteDenied: a link that denies it leads to one of them; nothing is deleted.
    """
    core = default_client().core
    topology = yield core.topology()
    if session is not None or not (topology["replica_set"] or topology["sharded"]):
        deleted: int = yield from _delete(cls, ids, session, links_too)
        return deleted
    own = yield default_client().start_session()
    yield own.start_transaction()
    try:
        deleted = yield from _delete(cls, ids, own, links_too)
    except BaseException:
        yield own.abort()
        raise
    yield own.commit()
    return deleted


def _delete(cls: type[Document], ids: list[Any], session: Any, links_too: bool) -> Script[int]:
    doomed: dict[type[Any], dict[Any, Any]] = {_holder(cls): {link_key(id): id for id in ids}}
    if links_too:
        yield from _add_linked(_holder(cls), ids, session, doomed)
    given_first = list(doomed)
    #: What was added and has not been looked at.
    fresh = {known: list(found.values()) for known, found in doomed.items()}
    cut: list[tuple[type[Any], LinkField, list[Any]]] = []
    denied: list[tuple[type[Any], LinkField, list[Any]]] = []
    while fresh:
        target, wanted = fresh.popitem()
        for other, link in referrers(target):
            if link.options.on_delete == "deny":
                denied.append((other, link, wanted))
            elif link.options.on_delete == "cascade":
                found = yield _ids(other, link, wanted, session)
                known = doomed.setdefault(_holder(other), {})
                new = [id for id in found if link_key(id) not in known]
                known.update((link_key(id), id) for id in new)
                if new:
                    fresh.setdefault(_holder(other), []).extend(new)
            else:
                cut.append((other, link, wanted))
    for other, link, wanted in denied:
        found = yield _ids(other, link, wanted, session)
        keeping = [id for id in found if link_key(id) not in doomed.get(_holder(other), {})]
        if keeping:
            raise DeleteDenied(
                f"{other.__name__}.{link.stored} leads to what is to be deleted, and denies it: {len(keeping)} "
                f"{'document' if len(keeping) == 1 else 'documents'}, such as {keeping[0]!r}; nothing was deleted"
            )
    for other, link, wanted in cut:
        yield from _cut(other, link, wanted, session)
    deleted = 0
    # What leads to others goes before them.
    cascaded = [target for target in reversed(list(doomed)) if target not in given_first]
    for target in [*cascaded, *given_first]:
        given = list(doomed[target].values())
        if given:
            result = yield _of_ids(target, given, session)._delete_plainly()
            deleted += result["n"]
    return deleted


def _holder(cls: type[Any]) -> type[Any]:
    """The class that stands for the whole collection of a class: ids are unique there."""
    return root_of(cls) or cls


def _of_ids(holder: type[Any], ids: list[Any], session: Any) -> Any:
    return by_ids(holder, ids).session(session)


def _ids(other: type[Document], link: LinkField, wanted: list[Any], session: Any) -> Operation[list[Any]]:
    """The ids of the class's own documents whose link leads to one of these."""

    def script() -> Script[list[Any]]:
        if is_plain(link):
            rows = yield other.find({link.stored: {"$in": wanted}}).session(session).project("_id").to_list()
        else:
            met = {"$match": {"_link": {"$in": wanted}}}
            stages = [*link_rows(link), met, {"$group": {"_id": "$_id"}}]
            rows = yield other.find().session(session).aggregate(stages).to_list()
        return [row["_id"] for row in rows]

    return Operation(script, "referrers")


def _cut(other: type[Document], link: LinkField, wanted: list[Any], session: Any) -> Script[None]:
    pull = link.options.on_delete == "pull"
    simple: Any = None
    if pull and link.layers[-1] == ("list",) and not any(link.layers[:-1]):
        forms = [*wanted, *(reference for id in wanted for reference in _references(link, id))]
        simple = {"$pull": {link.stored: {"$in": forms}}}
    elif not pull and not any(link.layers):
        simple = {"$set": {link.stored: None}}
    if simple is not None:
        yield other.find({link.stored: {"$in": wanted}}).session(session).update(simple)
        return
    holding = yield _ids(other, link, wanted, session)
    if holding:
        yield _of_ids(other, holding, session).update(without_links(link, wanted, pull))


def _references(link: LinkField, id: Any) -> Iterator[dict[str, Any]]:
    settings = link.to.target.settings()
    yield {"$ref": settings.name, "$id": id}
    if settings.database is not None:
        yield {"$ref": settings.name, "$id": id, "$db": settings.database}


def _add_linked(
    holder: type[Any], ids: list[Any], session: Any, doomed: dict[type[Any], dict[Any, Any]]
) -> Script[None]:
    """The documents that these lead to, and what those lead to, are deleted too."""
    from ._core import links_at

    fresh = {holder: ids}
    while fresh:
        target, wanted = fresh.popitem()
        documents = yield _of_ids(target, wanted, session).fetch_links(depth=0).to_list()
        members: dict[type[Any], list[Any]] = {}
        for document in documents:
            members.setdefault(type(document), []).append(document)
        for cls, alike in members.items():
            for link in link_fields(cls):
                if link.to.is_back:
                    continue
                below = _holder(link.to.target)
                known = doomed.setdefault(below, {})
                for found in links_at(alike, list(link.path)):
                    if found.key not in known:
                        known[found.key] = found.id
                        fresh.setdefault(below, []).append(found.id)
