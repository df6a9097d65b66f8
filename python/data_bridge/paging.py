"""Pages by key: each begins behind the last document of the page before."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import bson

from . import ir
from .errors import CompileError
from .ir import stages
from .ir.paths import dtype_at
from .layout import layout_of
from .link_fields import link_crossed

if TYPE_CHECKING:
    from ._core import Schema
    from .document import Document

T = TypeVar("T")


class Page(Generic[T]):
    """Documents, and where the next page starts (None at the end)."""

    def __init__(self, items: list[T], next: str | None) -> None:
        self.items = items
        self.next = next


def cursor_of(document: Any, keys: Sequence[tuple[str, int]]) -> str:
    """Where a document stands in an order, as text."""
    stored = bson.decode(layout_of(type(document)).encode(document))
    values = [_at(stored, path) for path, _ in keys]
    return base64.urlsafe_b64encode(bson.encode({"k": [path for path, _ in keys], "v": values})).decode()


def page_keys(cls: type[Document], given: Sequence[Any]) -> list[tuple[str, int]]:
    """The order of pages: the query's, made unique by the id.

    Raises:
        CompileError: the order is by a field of linked documents, which a page's last document does not hold.
    """
    sorts = [stage for stage in given if isinstance(stage, stages.Sort)]
    keys = list(sorts[-1].keys) if sorts else []
    for path, _ in keys:
        link = link_crossed(cls, path)
        if link is not None:
            raise CompileError(
                f"pages cannot be in the order of {path!r}, which is stored where the link {link.stored!r} leads to",
                code="page_by_link",
                path=path,
                hint="sort by a field of the class itself, or use skip() and limit()",
            )
    return keys if any(path == "_id" for path, _ in keys) else [*keys, ("_id", 1)]


def _at(stored: Any, path: str) -> Any:
    for part in path.split("."):
        stored = stored.get(part) if isinstance(stored, Mapping) else None
    return stored


def behind(schema: Schema, keys: Sequence[tuple[str, int]], after: str) -> ir.Expr:
    """What stands behind a cursor: greater in the first key, or equal there and greater in the next, and so on."""
    try:
        cursor = bson.decode(base64.urlsafe_b64decode(after.encode()))
        values = cursor["v"] if cursor["k"] == [path for path, _ in keys] else None
    except Exception as error:
        raise CompileError(f"{after!r} is not a page cursor", code="bad_cursor") from error
    if values is None:
        raise CompileError("the page cursor is of a query with another order", code="bad_cursor")
    fields = [ir.Field(path, dtype_at(schema, path), schema.name) for path, _ in keys]
    return ir.Or(tuple(ir.And(tuple(_behind(fields, keys, values, level))) for level in range(len(keys))))


def _behind(
    fields: Sequence[ir.Field], keys: Sequence[tuple[str, int]], values: Sequence[Any], level: int
) -> Iterator[ir.Expr]:
    for position in range(level):
        yield ir.Compare("eq", fields[position], ir.Literal(values[position]))
    op = "gt" if keys[level][1] == 1 else "lt"
    last = ir.Compare(op, fields[level], ir.Literal(values[level]))
    null = ir.Compare("eq", fields[level], ir.Literal(None))
    if values[level] is None:
        # Null and missing come first: behind them, going up, is all that is not null; going down, nothing.
        yield ir.Not(null) if op == "gt" else ir.In(fields[level], ())
    else:
        yield ir.Or((last, null)) if op == "lt" else last
