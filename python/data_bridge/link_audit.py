"""Looking for links that lead nowhere, in the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .link_fields import link_fields
from .links import LinkField
from .operation import Operation, Script

if TYPE_CHECKING:
    from .document import Document

_EXAMPLES = 5


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
    """The links of a class that lead to no document; an empty list when all is well."""

    def script() -> Script[list[Dangling]]:
        found = []
        for link in link_fields(cls):
            if link.to.is_back:
                continue
            rows = yield cls.aggregate(_pipeline(link)).to_list()
            found += [Dangling(link.stored, row["count"], row["examples"]) for row in rows]
        return found

    return Operation(script, f"{cls.__name__}.audit_links()")


def _pipeline(link: LinkField) -> list[dict[str, Any]]:
    referred = {"$getField": {"field": {"$literal": "$id"}, "input": "$_link"}}
    item = {"$ifNull": [referred, "$_link"]}
    value: Any = "$_link"
    if link.many:
        of_dict = {"$map": {"input": {"$objectToArray": value}, "in": "$$this.v"}}
        is_dict = {"$and": [{"$eq": [{"$type": value}, "object"]}, {"$not": [{"$ifNull": [referred, False]}]}]}
        value = {
            "$switch": {
                "branches": [
                    {"case": {"$isArray": [value]}, "then": value},
                    {"case": is_dict, "then": of_dict},
                ],
                "default": [value],
            }
        }
    parts = link.stored.count(".") + 1 if link.many else 1
    return [
        {"$set": {"_link": f"${link.stored}"}},
        {"$set": {"_link": value}},
        # Lists in lists of documents are lists of lists.
        *[{"$unwind": "$_link"} for _ in range(parts)],
        {"$match": {"_link": {"$ne": None}}},
        {"$set": {"_link": item}},
        {
            "$lookup": {
                "from": link.to.target.settings().name,
                "localField": "_link",
                "foreignField": "_id",
                "as": "_met",
            }
        },
        {"$match": {"_met": []}},
        {"$group": {"_id": None, "count": {"$sum": 1}, "documents": {"$addToSet": "$_id"}}},
        {"$project": {"_id": 0, "count": 1, "examples": {"$slice": ["$documents", _EXAMPLES]}}},
    ]
