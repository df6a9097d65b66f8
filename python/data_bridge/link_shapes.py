"""Where the links of a field stand in stored documents: in lists, in dicts, in embedded documents, in any nesting.

What a plain path reaches, the server finds by itself and by an index; what stands in dicts, and in lists of lists, it
must be led to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .links import LinkField

_Rebuilt = Callable[[Any], Any]


def id_of(value: Any) -> dict[str, Any]:
    """The id that a stored link holds: a reference's own, or the value itself."""
    return {"$ifNull": [{"$getField": {"field": {"$literal": "$id"}, "input": value}}, value]}


def link_rows(link: LinkField) -> list[dict[str, Any]]:
    """Stages that give a row for each link that is not null, with its id as `_link`."""
    found: list[dict[str, Any]] = []
    base = "$"
    for name, layers in zip(link.stored.split("."), link.layers, strict=True):
        found.append({"$set": {"_link": base + name}})
        for layer in layers:
            if layer == "dict":
                found.append({"$set": {"_link": _values("$_link")}})
            found.append({"$unwind": "$_link"})
        base = "$_link."
    return [*found, {"$match": {"_link": {"$ne": None}}}, {"$set": {"_link": id_of("$_link")}}]


def _values(document: Any) -> dict[str, Any]:
    """The values of a stored dict; what is none has none."""
    values = {"$map": {"input": {"$objectToArray": document}, "in": "$$this.v"}}
    return {"$cond": [_is_document(document), values, []]}


def _is_document(value: Any) -> dict[str, Any]:
    return {"$eq": [{"$type": value}, "object"]}


def is_plain(link: LinkField) -> bool:
    """Whether a filter on the stored path finds the link: no dict stands above it, and no list in a list."""
    return all(layers in ((), ("list",)) for layers in link.layers)


def without_links(link: LinkField, ids: list[Any], pull: bool) -> list[dict[str, Any]]:
    """The update that takes links to these ids out of their lists and dicts, or puts null in their place."""
    names, gone = link.stored.split("."), {"$literal": ids}

    def leads_there(value: Any) -> dict[str, Any]:
        return {"$in": [id_of(value), gone]}

    def step(position: int, depth: int) -> _Rebuilt:
        """What becomes of the value at a layer of a name."""
        layers = link.layers[position]
        last = position == len(names) - 1
        if depth == len(layers):
            return _in_field(names[position + 1], step(position + 1, 0)) if not last else nulled
        drops = leads_there if last and pull and depth == len(layers) - 1 else None
        inner: _Rebuilt = _itself if drops else step(position, depth + 1)
        variable = f"at{position}_{depth}"
        return _in_list(variable, inner, drops) if layers[depth] == "list" else _in_dict(variable, inner, drops)

    def nulled(value: Any) -> Any:
        return {"$cond": [leads_there(value), None, value]}

    return [{"$set": {names[0]: step(0, 0)(f"${names[0]}")}}]


def _itself(value: Any) -> Any:
    return value


def _in_field(name: str, inner: _Rebuilt) -> _Rebuilt:
    def rebuilt(document: Any) -> Any:
        merged = {"$mergeObjects": [document, {name: inner(f"{document}.{name}")}]}
        return {"$cond": [_is_document(document), merged, document]}

    return rebuilt


def _in_list(variable: str, inner: _Rebuilt, drops: _Rebuilt | None) -> _Rebuilt:
    item = f"$${variable}"

    def rebuilt(items: Any) -> Any:
        kept: Any = {"$map": {"input": items, "as": variable, "in": inner(item)}}
        if drops is not None:
            kept = {"$filter": {"input": items, "as": variable, "cond": {"$not": [drops(item)]}}}
        return {"$cond": [{"$isArray": [items]}, kept, items]}

    return rebuilt


def _in_dict(variable: str, inner: _Rebuilt, drops: _Rebuilt | None) -> _Rebuilt:
    key, item = f"$${variable}.k", f"$${variable}.v"

    def rebuilt(document: Any) -> Any:
        entries: Any = {"$objectToArray": document}
        if drops is not None:
            kept = {"$filter": {"input": entries, "as": variable, "cond": {"$not": [drops(item)]}}}
        else:
            kept = {"$map": {"input": entries, "as": variable, "in": {"k": key, "v": inner(item)}}}
        return {"$cond": [_is_document(document), {"$arrayToObject": kept}, document]}

    return rebuilt
