"""Dotted paths through a schema."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from data_bridge._core import DType, Schema
from data_bridge.errors import CompileError

_ANY = DType.any()


def unknown_field(owner: str, name: str, fields: Iterable[str]) -> str:
    """The message for a name that an owner does not have."""
    fields = list(fields)
    nearest = difflib.get_close_matches(name, fields, n=1)
    guess = f"did you mean {nearest[0]!r}? " if nearest else ""
    return f"{owner} has no field {name!r}; {guess}fields: {', '.join(fields)}"


def step(dtype: DType, segment: str, owner: str) -> DType:
    """The type one name further along a path.

    Raises:
        CompileError: nothing can be there.
    """
    kind = dtype.kind
    if kind == "any" or (kind == "link" and segment.startswith("$")):
        return DType.any()
    if kind == "map":
        return _inner(dtype)
    if kind == "array":
        item = _inner(dtype)
        return item if segment.isdigit() or segment.startswith("$") else step(item, segment, owner)
    if kind in ("document", "link") and dtype.schema is not None:
        return _of_schema(dtype.schema, segment)
    if kind == "union":
        return _of_union(dtype, segment, owner)
    raise CompileError(
        f"{owner} is {dtype}, which has no fields such as {segment!r}", code="not_a_document", path=owner
    )


def _inner(dtype: DType) -> DType:
    return dtype.element or DType.any()


def _of_schema(schema: Schema, segment: str) -> DType:
    found = schema.field(segment)
    if found is not None:
        return found
    if schema.open:
        return DType.any()
    names = [name for name, _, _ in schema.fields()]
    raise CompileError(unknown_field(schema.name, segment, names), code="unknown_field", path=segment)


def _of_union(dtype: DType, segment: str, owner: str) -> DType:
    found: list[DType] = []
    refusal: CompileError | None = None
    for member in dtype.non_null().members:
        try:
            found.append(step(member, segment, owner))
        except CompileError as error:
            refusal = error
    if found:
        return DType.union(found)
    raise refusal or CompileError(f"{owner} is always null", code="not_a_document", path=owner)


def dtype_at(schema: Schema | None, path: str) -> DType:
    """The declared type at a dotted stored path; without a schema, anything.

    Raises:
        CompileError: the schema has nothing there.
    """
    if schema is None:
        return _ANY
    dtype = DType.document(schema)
    walked = schema.name
    for segment in path.split("."):
        dtype = step(dtype, segment, walked)
        walked = f"{walked}.{segment}"
    return dtype


def owner_at(schema: Schema | None, path: str) -> tuple[Schema | None, str]:
    """The class whose field a stored path leads to, and the field's name; no class where it cannot be told.

    Args:
        schema: where the path begins.
        path: dotted; positions in lists, and keys of dicts, are of the field that holds the lists or dicts.
    """
    owner, name = None, ""
    dtype = None if schema is None else DType.document(schema)
    for segment in path.split("."):
        known = None if dtype is None else dtype.non_null()
        if segment.isdigit() or segment.startswith("$"):
            dtype = known.element if known is not None and known.kind == "array" else known
            continue
        while known is not None and known.kind == "array":
            known = None if known.element is None else known.element.non_null()
        if known is not None and known.kind == "map":
            dtype = known.element
        elif known is not None and known.kind == "document" and known.schema is not None:
            owner, name = known.schema, segment
            dtype = owner.field(segment)
        else:
            return None, ""
    return owner, name
