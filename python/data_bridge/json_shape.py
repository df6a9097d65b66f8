"""How a class's documents look in JSON, for the codec, which writes them from the stored bytes.

A class that pydantic writes in a way of its own (serializers, computed fields, settings of JSON) has no shape: its
documents are loaded, and written by pydantic.
"""

from __future__ import annotations

import json
from typing import Any, TypeAlias

import bson
from pydantic import BaseModel, RootModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from .links import LinkTo
from .types import object_id_text

#: By field: the name in JSON with its colon, none of a field that is left out; and the value of documents without it.
Shape: TypeAlias = dict[str, tuple[bytes | None, bytes | None]]

#: Functions of this library that write a value as the codec does.
_OURS = frozenset({object_id_text, LinkTo.dump})


def shape_of(cls: type[BaseModel]) -> Shape | None:
    """The shape, or None where pydantic must write."""
    overridden = any("model_dump_json" in vars(base) for base in cls.__mro__ if base is not BaseModel)
    if overridden or issubclass(cls, RootModel) or _is_special(cls.__pydantic_core_schema__):
        return None
    shape = {}
    for name, field in cls.model_fields.items():
        label = None if field.exclude else json.dumps(field.serialization_alias or name, ensure_ascii=False) + ":"
        shape[name] = (None if label is None else label.encode(), _default(cls, name, field))
    return shape


def _default(cls: type[BaseModel], name: str, field: FieldInfo) -> bytes | None:
    """The value of a document that has none, when it is the same for all."""
    if field.default is PydanticUndefined or field.exclude:
        return None
    instance = cls.model_construct(_fields_set={name}, **{name: field.default})
    try:
        # Of an instance with nothing else, pydantic warns of what is missing.
        written: bytes = cls.__pydantic_serializer__.to_json(instance, include={name}, by_alias=False, warnings=False)
    except Exception:
        # What cannot be written is an error only for a document that lacks the field.
        return None
    return written[len(json.dumps(name, ensure_ascii=False).encode()) + 2 : -1]


def _is_special(schema: Any) -> bool:
    """Whether something in a core schema is written in a way of its own."""
    if isinstance(schema, (list, tuple)):
        return any(map(_is_special, schema))
    if not isinstance(schema, dict):
        return False
    serialization = schema.get("serialization")
    if serialization is not None:
        return serialization.get("function") not in _OURS
    if schema.get("type") == "is-instance" and schema.get("cls") is bson.ObjectId:
        # pydantic alone does not write plain ObjectIds, and says so.
        return True
    if schema.get("computed_fields") or schema.get("serialization_exclude_if") is not None:
        return True
    config = schema.get("config")
    if isinstance(config, dict) and any(key.startswith("ser_json") for key in config):
        return True
    return any(_is_special(value) for key, value in schema.items() if key not in ("metadata", "config", "default"))
