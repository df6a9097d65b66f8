"""Links are followed to fields without an index."""

from __future__ import annotations

from typing import Any

from .base import Advice, Case, index_code


def unindexed_links(case: Case) -> list[Advice]:
    """Of conditions behind a link, of back links that are fetched, and of joins in a pipeline."""
    found = []
    for path in case.shape.of_kind("equality"):
        if case.scans and path in case.links and not case.has_index_on([(path, 1)]):
            message = f"unindexed link: every document of {case.model} is read to find those that link by {path}"
            found.append(Advice("unindexed_links", message, index_code(case, [(path, 1)])))
    for join in case.joins:
        if not any(next(iter(index["key"]), None) == join.path for index in join.indexes):
            message = f"unindexed link: {join.field} is fetched by {join.target}.{join.path}, which has no index"
            found.append(Advice("unindexed_links", message, _in_class(join.target, join.path)))
    for stage in case.plan.stages:
        joined = _scanned(stage.name, stage.details)
        if joined is not None:
            collection, field = joined
            message = f"unindexed link: $lookup reads every document of {collection} for each document"
            found.append(Advice("unindexed_links", message, _in_class(collection, field) if field else ""))
    return found


def _scanned(name: str, details: Any) -> tuple[str, str | None] | None:
    """The collection that a join reads whole, and the field it joins by."""
    if name == "EQ_LOOKUP" and details.get("strategy") in ("NestedLoopJoin", "HashJoin"):
        collection = str(details.get("foreignCollection", "")).partition(".")[2]
        return collection, details.get("foreignField")
    # The classic engine counts the scans it made.
    if name == "$lookup" and int(details.get("collectionScans") or 0) > 0:
        return str(details.get("from")), details.get("foreignField")
    return None


def _in_class(name: str, path: str) -> str:
    return f'# in the class of {name}\nclass Settings:\n    indexes = ["{path}"]'
