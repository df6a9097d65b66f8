"""Values that stand in linked documents, read by a join."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .ir import Raw
from .link_fields import link_crossed
from .operation import Operation, Script
from .stages import Project
from .types import python_number

if TYPE_CHECKING:
    from .query import Query


def distinct_values(query: Query[Any], field: Any) -> Operation[list[Any]]:
    """The different values of a field, a linked document's too: lists give their elements, and null is a value.

    A link that leads to no document, or to one without the field, gives none.
    """
    label = f"distinct({field})"
    linked = linked_values(query, field)

    def script() -> Script[list[Any]]:
        if linked is None:
            values = yield query._operation(query._read("distinct", str(field)), label)
        else:
            rows = yield linked.to_list()
            values = [row["_id"] for row in rows]
        return list(map(python_number, values))

    return Operation(script, f"{query._cls.__name__}.find(...).{label}")


def linked_values(query: Query[Any], field: Any) -> Query[Any] | None:
    """The rows whose ids are the different values of a linked document's field; None of any other field."""
    if link_crossed(query._cls, str(field)) is None:
        return None
    unwound = {"$unwind": {"path": "$value", "preserveNullAndEmptyArrays": True}}
    # Whether the field is a list is for the server to see.
    there = Raw({"$match": {"value": {"$exists": True, "$ne": []}}})
    # A linked list of lists is one of its own elements' lists.
    pipeline = [
        Project(value=field),
        there,
        unwound,
        there,
        unwound,
        {"$group": {"_id": "$value"}},
    ]
    rows: Query[Any] = query.aggregate(pipeline)._with(fetch=None)
    return rows
