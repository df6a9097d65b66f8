"""A class's documents as columns: their types, from the annotations.

| annotation | Arrow |
|---|---|
| `bool`, `int`, `float` | `bool`, `int64`, `double` |
| `str`, paths, addresses | `large_string` |
| members of an `Enum` or a `Literal` | what is stored of them: `large_string` or `int64` |
| `ObjectId`, `UUID`, a link (the id it holds) | `large_string`, as JSON has them; a link as its id |
| `bytes` | `large_binary` |
| `datetime`, `date`, `time`, `timedelta` | `timestamp[ms, UTC]`, `date32`, `time64[us]`, `duration[us]` |
| `Decimal` | `decimal128(38, s)`; `s` is what the values of the answer need |
| `X | None` | nullable |
| list, set, tuple of any length | `large_list` |
| `dict[str, X]` | `map<string, X>` |
| a model | `struct` |

Columns are named as the fields are. Back links, and what a class keeps besides its fields, have no columns.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from pydantic import BaseModel, SecretStr

from ._core import ColumnLayout, Layout
from .errors import SchemaError
from .layout import field_converter, layout_of, needs_pydantic
from .links import link_of_field
from .schema import serialized_fields, stored_name

#: Kinds of values that are no columns, and why.
_WITHOUT = {"any": "may hold anything", "validate": "is read by pydantic alone"}


def column_layout(layout: Layout, cls: type[BaseModel], others: tuple[type[BaseModel], ...] = ()) -> ColumnLayout:
    """How documents become columns of a class.

    Args:
        layout: reads the documents; that of a family, where they are of several classes.
        cls: the class whose fields are the columns.
        others: the other classes that the documents may be of.

    Raises:
        SchemaError: a field has no Arrow type.
    """
    reader = _Reader()
    columns = reader.struct(cls, ())
    for other in others:
        # The columns are these; what is stored in them must be what is loaded, in each class.
        reader.struct(other, (), only=cls.model_fields)
    return ColumnLayout(layout, columns, reader.direct)


class _Reader:
    """Reads the columns of classes; `direct` stays true while stored values are those of loaded documents."""

    def __init__(self) -> None:
        self.direct = True

    def struct(
        self, cls: type[BaseModel], above: tuple[type[BaseModel], ...], only: Container[str] | None = None
    ) -> tuple[Any, ...]:
        """The columns of a class, or some of them, that stands in those above it."""
        if cls in above:
            raise SchemaError(f"{cls.__name__} holds itself, and so has no Arrow type: {_ADVICE}")
        if needs_pydantic(cls) or cls.model_config.get("extra") == "forbid":
            self.direct = False
        fields, serialized = [], serialized_fields(cls)
        for name, field in cls.model_fields.items():
            to = link_of_field(field)
            if (to is not None and to.is_back) or (only is not None and name not in only):
                continue
            place = f"{cls.__name__}.{name}"
            if name in serialized:
                raise SchemaError(f"{place} is stored by a serializer of its own, and has no Arrow type: {_ADVICE}")
            converter = field_converter(field, None if to is None else (None,))
            spec = self._spec(converter or ("validate",), place, (*above, cls))
            if layout_of(cls).validates(name):
                self.direct = False
            fields.append((stored_name(name, field), name, spec, spec[0] == "optional" and field.default is None))
        return "struct", fields

    def _spec(self, converter: tuple[Any, ...], place: str, above: tuple[type[BaseModel], ...]) -> tuple[Any, ...]:
        kind = converter[0]
        if kind in _WITHOUT:
            raise SchemaError(f"{place} {_WITHOUT[kind]}, and has no Arrow type: {_ADVICE}")
        if kind in ("list", "tuple", "set", "frozenset", "dict", "optional"):
            self.direct = self.direct and kind not in ("set", "frozenset")
            inner = self._spec(converter[1], place, above)
            return (kind if kind in ("dict", "optional") else "list"), inner
        if kind == "model":
            return self.struct(converter[1].model, above)
        if kind == "link":
            id: tuple[Any, ...] = field_converter(converter[1][1].target.model_fields["id"], None) or ("validate",)
            return "link", self._spec(id[1] if id[0] == "optional" else id, place, above)
        if kind == "members":
            return self._members(converter[1], place)
        if kind == "text":
            if converter[1] is SecretStr:
                raise SchemaError(f"{place} is a secret, which is put in no column: {_ADVICE}")
            # Such as a path, which is not written as it was stored.
            self.direct = False
            return ("str",)
        return (kind,)

    @staticmethod
    def _members(members: dict[Any, Any], place: str) -> tuple[Any, ...]:
        types = {type(stored) for stored in members}
        if len(types) != 1:
            raise SchemaError(f"{place} holds texts and integers, and has no Arrow type: {_ADVICE}")
        return (types.pop().__name__,)


_ADVICE = "project the other fields into a model, `query.project(Model)`"
