"""Classes whose fields have plain types: for their documents a look at the types of the values is a whole check."""

from __future__ import annotations

import datetime
import uuid
from typing import Any, TypeAlias

from ._core import Fit
from .layout import layout_of

__all__ = ["Fit", "fit_of"]

#: What a core schema may say of plain types beside the type.
_SAYS_NOTHING = frozenset({"type", "ref", "microseconds_precision"})
_EXACT: dict[str, type] = {
    "none": type(None),
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "bytes": bytes,
    "date": datetime.date,
    "time": datetime.time,
    "datetime": datetime.datetime,
    "timedelta": datetime.timedelta,
    "uuid": uuid.UUID,
}
_MODEL = frozenset({"type", "ref", "cls", "config", "schema", "revalidate_instances", "root_model"})
_FIELDS = frozenset({"type", "ref", "model_name", "fields"})
_FIELD = frozenset({"type", "schema", "validation_alias", "serialization_exclude", "serialization_alias"})
#: The configuration that changes nothing about which values are valid.
_CONFIG = frozenset({"title", "validate_by_alias", "validate_by_name", "extra_fields_behavior", "validate_default"})
_DEFAULTS = {"default", "default_factory", "default_factory_takes_data", "copy_default"}
#: Types around another: where that stands, and what else may be said.
_INNER: dict[str, tuple[str, set[str]]] = {
    "nullable": ("schema", {"type", "ref", "schema"}),
    "list": ("items_schema", {"type", "ref", "items_schema"}),
    "default": ("schema", {"type", "ref", "schema", *_DEFAULTS}),
}


def fit_of(schema: dict[str, Any], makes_ids: bool = False) -> Fit | None:
    """What tells that an instance is valid by the types of its values; None where pydantic must look closer.

    Args:
        schema: a core schema that takes an instance, as checks use it.
        makes_ids: instances without an id are written with a new ObjectId.
    """
    shape = _shape(schema, {})
    return None if shape is None else Fit(shape, makes_ids)


Shape: TypeAlias = tuple[Any, ...] | None


def _shape(schema: Any, known: dict[str, Any]) -> Shape:
    """The shape that `Fit` takes.

    Args:
        known: the definitions that the schema may refer to, by their names.
    """
    kind, said = schema["type"], set(schema)
    if kind in _EXACT:
        return ("exact", _EXACT[kind]) if said <= _SAYS_NOTHING else None
    if kind == "is-instance":
        return ("exact", schema["cls"]) if said <= {"type", "ref", "cls"} else None
    if kind == "json-or-python":
        return _shape(schema["python_schema"], known)
    if kind == "any":
        return ("any",) if said <= _SAYS_NOTHING else None
    if kind == "definitions":
        return _shape(schema["schema"], {each["ref"]: each for each in schema["definitions"] if "ref" in each})
    if kind == "definition-ref":
        name = schema["schema_ref"]
        # Inside itself a definition is unknown: it has no end.
        others = {other: each for other, each in known.items() if other != name}
        return _shape(known[name], others) if name in known else None
    if kind in _INNER:
        name, may_say = _INNER[kind]
        inner = _shape(schema[name], known) if name in schema and said <= may_say else None
        return inner if inner is None or kind == "default" else (kind, inner)
    if kind == "union":
        choices = [_shape(choice[0] if isinstance(choice, tuple) else choice, known) for choice in schema["choices"]]
        return ("union", *choices) if said <= {"type", "ref", "choices"} and None not in choices else None
    if kind == "dict":
        names = ("keys_schema", "values_schema")
        parts = [_shape(schema[name], known) if name in schema else ("any",) for name in names]
        return ("dict", *parts) if said <= {"type", "ref", *names} and None not in parts else None
    return _model(schema, known) if kind == "model" else None


def _model(schema: dict[str, Any], known: dict[str, Any]) -> Shape:
    of_fields = schema["schema"]
    if not (set(schema) <= _MODEL and set(schema.get("config", ())) <= _CONFIG and not schema.get("root_model")):
        return None
    if of_fields["type"] != "model-fields" or not set(of_fields) <= _FIELDS:
        return None
    fields = {
        name: _shape(field["schema"], known) if set(field) <= _FIELD else None
        for name, field in of_fields["fields"].items()
    }
    return None if None in fields.values() else ("model", layout_of(schema["cls"]), fields)
