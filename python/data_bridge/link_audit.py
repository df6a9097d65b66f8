"""Looking for links that lead nowhere, in the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .inheritance import reach_of
from .lazy import by_ids
from .link_fields import link_fields
from .link_shapes import link_rows
from .links import LinkField, link_key
from .operation import Operation, Script

if TYPE_CHECKING:
    from .document import Document

_EXAMPLES = 5
#: Ids that are looked for with one command.
_BATCH = 10_000


@dataclass(frozen=True)
class Dangling:
    """Links of one field that lead to no document.

    Attributes:
        path: the stored path of the link.
        count: how many such links there are; one document may hold several.
        examples: ids of documents that hold one.
    """

    path: str
    count: int
    examples: list[Any]


def audit_links(cls: type[Document]) -> Operation[list[Dangling]]:
    """The links of a class that lead to no document of the class they are declared to; empty when all is well."""

    def script() -> Script[list[Dangling]]:
        found = []
        for link in link_fields(cls):
            if link.to.is_back:
                continue
            if link.to.target.settings().database == cls.settings().database:
                rows = yield cls.aggregate([*link_rows(link), *_joined(link)]).to_list()
                found += [Dangling(link.stored, row["count"], row["examples"]) for row in rows]
            else:
                found += yield from _across_databases(cls, link)
        return found

    return Operation(script, f"{cls.__name__}.audit_links()")


def _across_databases(cls: type[Document], link: LinkField) -> Script[list[Dangling]]:
    """The same where the server cannot join: each id that is linked to is looked for."""
    each = {"$group": {"_id": "$_link", "count": {"$sum": 1}, "documents": {"$addToSet": "$_id"}}}
    few = {"$project": {"count": 1, "documents": {"$slice": ["$documents", _EXAMPLES]}}}
    rows = yield cls.aggregate([*link_rows(link), each, few]).to_list()
    count = 0
    examples: dict[Any, Any] = {}
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        there = yield by_ids(link.to.target, [row["_id"] for row in batch]).project("_id").to_list()
        known = {link_key(row["_id"]) for row in there}
        for row in batch:
            if link_key(row["_id"]) not in known:
                count += row["count"]
                examples.update((link_key(id), id) for id in row["documents"])
    return [Dangling(link.stored, count, list(examples.values())[:_EXAMPLES])] if count else []


def _joined(link: LinkField) -> list[dict[str, Any]]:
    """Those of the links that no document is found for."""
    target = link.to.target
    only = reach_of(target, True).condition
    return [
        {
            "$lookup": {
                "from": target.settings().name,
                "localField": "_link",
                "foreignField": "_id",
                "as": "_met",
                "pipeline": [*([] if only is None else [only.to_mql()]), {"$project": {"_id": 1}}],
            }
        },
        {"$match": {"_met": []}},
        {"$group": {"_id": None, "count": {"$sum": 1}, "documents": {"$addToSet": "$_id"}}},
        {"$project": {"_id": 0, "count": 1, "examples": {"$slice": ["$documents", _EXAMPLES]}}},
    ]
