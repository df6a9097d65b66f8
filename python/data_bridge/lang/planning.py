"""What a terminal would send: its request as a node of the IR."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import ir
from ..link_values import linked_values

if TYPE_CHECKING:
    from ..query import Query


def node_of(query: Query[Any], terminal: str, arguments: Sequence[Any], named: Mapping[str, Any]) -> ir.Plan:
    """The request of a terminal.

    Args:
        query: the documents it is about.
        terminal: a name of `READS` or `WRITES`.
        arguments, named: what the terminal is given.
    """
    return _NODES[terminal](query, *arguments, **named)


def _to_list(query: Query[Any], length: int | None = None) -> ir.Plan:
    asked = query if length is None else query._at_most(length)
    return asked._read("aggregate" if query._is_pipeline else "find")


def _explain(query: Query[Any], verbosity: str = "executionStats") -> ir.Plan:
    return query._read(query._terminal())


def _one(query: Query[Any]) -> ir.Plan:
    return query._at_most(2)._read("find")


def _distinct(query: Query[Any], field: Any) -> ir.Plan:
    linked = linked_values(query, field)
    return query._read("distinct", str(field)) if linked is None else linked._read("aggregate")


def _accumulated(name: str) -> Callable[..., ir.Plan]:
    def node(query: Query[Any], field: Any) -> ir.Plan:
        return query._accumulated(name, field)._read("aggregate")

    return node


def _paginate(query: Query[Any], size: int, after: str | None = None) -> ir.Plan:
    page, _ = query._page(size, after)
    return page._read("find")


def _update(many: bool | None, upsert: bool) -> Callable[..., ir.Plan]:
    def node(query: Query[Any], *updates: Any, array_filters: Sequence[Mapping[str, Any]] = ()) -> ir.Plan:
        return query._update_node(updates, not query._single if many is None else many, upsert, array_filters)

    return node


def _delete(many: bool) -> Callable[..., ir.Plan]:
    def node(query: Query[Any]) -> ir.Plan:
        return query._delete_node(many and not query._single)

    return node


_NODES: Mapping[str, Callable[..., ir.Plan]] = {
    "to_list": _to_list,
    "explain": _explain,
    "first": lambda query: query._read("first"),
    "one": _one,
    "count": lambda query: query._read("count"),
    "exists": lambda query: query._read("exists"),
    "distinct": _distinct,
    **{name: _accumulated(name) for name in ("sum", "avg", "min", "max")},
    "paginate": _paginate,
    "update": _update(None, False),
    "update_one": _update(False, False),
    "upsert": _update(False, True),
    "delete": _delete(True),
    "delete_one": _delete(False),
    "find_one_and_update": lambda query, *updates, **how: query._update_one_node(updates, **how),
    "find_one_and_replace": lambda query, replacement, **how: query._replace_one_node(replacement, **how),
    "find_one_and_delete": lambda query, *, sort=None: query._modify_node(sort, remove=True),
}
