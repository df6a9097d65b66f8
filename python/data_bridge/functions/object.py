"""Aggregation expressions: object.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

from typing import Any

from ..arguments import (
    Items,
    Record,
    Text,
)
from ..fields.nodes import listed, named, single
from ..fields.values import Value


def get_field(field: Text, input: Any) -> Value[Any]:
    """A field by its name, which may hold dots and dollar signs.

    `$getField`, since MongoDB 5.0.
    """
    return named("$getField", field=field, input=input)


def merge_objects(*documents: Record | Items[Any]) -> Value[dict[str, Any]]:
    """One document of several, or of one list's documents: later fields win.

    `$mergeObjects`, since MongoDB 3.6.
    """
    return listed("$mergeObjects", *documents)


def object_to_array(document: Record) -> Value[list[dict[str, Any]]]:
    """A document's fields as a list of {k, v}.

    `$objectToArray`, since MongoDB 3.4.4.
    """
    return single("$objectToArray", document)


def set_field(field: Text, input: Record, value: Any) -> Value[dict[str, Any]]:
    """The document with a field set, by a name that may hold dots and dollar signs.

    `$setField`, since MongoDB 5.0.
    """
    return named("$setField", field=field, input=input, value=value)


def unset_field(field: Text, input: Record) -> Value[dict[str, Any]]:
    """The document without a field.

    `$unsetField`, since MongoDB 5.0.
    """
    return named("$unsetField", field=field, input=input)
