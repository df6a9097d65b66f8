"""Classes whose fields have plain types: for their documents a look at the types of the values is a whole check."""

from __future__ import annotations

import datetime
import uuid
from typing import Any, TypeAlias

from ._core import Fit
from .layout import layout_of, needs_pydantic
from .links import LinkTo

__all__ = ["Fit", "Shape", "fit_of", "shape_of"]

#: What a core schema may say of values beside their type, and changes nothing about which are valid.
_SAYS_NOTHING = frozenset({"type", "ref", "metadata", "serialization"})
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
#: What a schema of exact values may say more: a value of the very type is what every mode takes.
_OF_EXACT = frozenset({"strict", "microseconds_precision"})
_BOUNDS = frozenset({"ge", "gt", "le", "lt"})
_SIZES = frozenset({"min_length", "max_length"})
#: The bounds that are looked at here, by the kind of schema.
_CONDITIONS: dict[str, frozenset[str]] = {
    "int": _BOUNDS,
    "float": _BOUNDS,
    "str": _SIZES,
    "bytes": _SIZES,
    "list": _SIZES,
    "dict": _SIZES,
}
_MODEL = frozenset(
    {"cls", "config", "schema", "custom_init", "generic_origin", "post_init", "revalidate_instances", "root_model"}
)
_FIELDS = frozenset({"model_name", "fields", "computed_fields"})
_FIELD = frozenset(
    {"schema", "validation_alias", "serialization_exclude", "serialization_exclude_if", "serialization_alias", "frozen"}
)
#: The configuration that changes nothing about which values are valid.
_CONFIG = frozenset(
    {
        "title",
        "validate_by_alias",
        "validate_by_name",
        "extra_fields_behavior",
        "validate_default",
        "hide_input_in_errors",
        "loc_by_alias",
        "serialize_by_alias",
        "validation_error_cause",
        "ser_json_bytes",
        "ser_json_inf_nan",
        "ser_json_temporal",
        "ser_json_timedelta",
    }
)
_DEFAULTS = {"default", "default_factory", "default_factory_takes_data", "copy_default"}
#: Types around another: where that stands, and what else may be said.
_INNER: dict[str, tuple[str, set[str]]] = {
    "nullable": ("schema", set()),
    "list": ("items_schema", set()),
    "default": ("schema", _DEFAULTS),
}

#: What `Fit` and `Builder` take.
Shape: TypeAlias = tuple[Any, ...]
_UNKNOWN: Shape = ("unknown",)


def fit_of(schema: dict[str, Any], makes_ids: bool = False) -> Fit | None:
    """What tells that an instance is valid by the types of its values; None where pydantic must look closer.

    Args:
        schema: a core schema that takes an instance, as checks use it.
        makes_ids: instances without an id are written with a new ObjectId.
    """
    fit = Fit(shape_of(schema), makes_ids)
    return fit if fit.is_known else None


def shape_of(schema: Any, known: dict[str, Any] | None = None) -> Shape:
    """The shape of the values that a core schema takes as they are; `("unknown",)` stands where only pydantic can tell.

    Args:
        known: the definitions that the schema may refer to, by their names.
    """
    kind, known = schema["type"], known or {}
    conditions = _CONDITIONS.get(kind, frozenset()) & schema.keys()
    if conditions:
        inner = shape_of({name: said for name, said in schema.items() if name not in conditions}, known)
        return _conditional(inner, {name: schema[name] for name in conditions})
    said = schema.keys() - _SAYS_NOTHING
    if kind in _EXACT:
        return ("exact", _EXACT[kind]) if said <= _OF_EXACT else _UNKNOWN
    if kind == "is-instance":
        return ("exact", schema["cls"]) if said <= {"cls"} else _UNKNOWN
    if kind == "enum":
        return ("exact", schema["cls"]) if said <= {"cls", "members", "sub_type", "strict", "missing"} else _UNKNOWN
    if kind == "literal":
        return _literal(schema["expected"]) if said <= {"expected"} else _UNKNOWN
    if kind == "json-or-python":
        return shape_of(schema["python_schema"], known)
    if kind == "function-plain":
        function = schema["function"]["function"]
        return ("made", function) if isinstance(getattr(function, "__self__", None), LinkTo) else _UNKNOWN
    if kind == "any":
        return _UNKNOWN if said else ("any",)
    if kind == "definitions":
        return shape_of(schema["schema"], {each["ref"]: each for each in schema["definitions"] if "ref" in each})
    if kind == "definition-ref":
        name = schema["schema_ref"]
        # Inside itself a definition is unknown: it has no end.
        others = {other: each for other, each in known.items() if other != name}
        return shape_of(known[name], others) if name in known else _UNKNOWN
    if kind in _INNER:
        name, may_say = _INNER[kind]
        inner = shape_of(schema[name], known) if name in schema and said <= {name, *may_say} else _UNKNOWN
        return inner if kind == "default" else (kind, inner)
    if kind == "union":
        choices = (shape_of(choice[0] if isinstance(choice, tuple) else choice, known) for choice in schema["choices"])
        return ("union", *choices) if said <= {"choices"} else _UNKNOWN
    if kind == "dict":
        names = ("keys_schema", "values_schema")
        parts = (shape_of(schema[name], known) if name in schema else ("any",) for name in names)
        return ("dict", *parts) if said <= set(names) else _UNKNOWN
    return _model(schema, known, said) if kind == "model" else _UNKNOWN


def _conditional(inner: Shape, conditions: dict[str, Any]) -> Shape:
    if conditions.keys() <= _BOUNDS:
        return ("within", inner, conditions)
    return ("sized", inner, conditions.get("min_length", 0), conditions.get("max_length"))


def _literal(expected: list[Any]) -> Shape:
    """Values of one class that are equal only to themselves."""
    classes = {type(value) for value in expected}
    one = classes in ({str}, {int})
    return ("one of", ("exact", classes.pop()), frozenset(expected)) if one else _UNKNOWN


def _model(schema: dict[str, Any], known: dict[str, Any], said: set[str]) -> Shape:
    of_fields, config = schema["schema"], schema.get("config", {})
    if not (said <= _MODEL and config.keys() <= _CONFIG and not schema.get("root_model")):
        return _UNKNOWN
    if of_fields["type"] != "model-fields" or not of_fields.keys() - _SAYS_NOTHING <= _FIELDS:
        return _UNKNOWN
    fields = {
        name: shape_of(field["schema"], known) if field.keys() - _SAYS_NOTHING <= _FIELD else _UNKNOWN
        for name, field in of_fields["fields"].items()
    }
    return ("model", layout_of(schema["cls"]), fields, _given(schema))


def _given(schema: dict[str, Any]) -> list[tuple[str, list[str]]] | None:
    """The fields of a model, and what each may be given as; None where only pydantic makes instances of values."""
    cls, config = schema["cls"], schema.get("config", {})
    checks_defaults = config.get("validate_default") or any(
        field.validate_default for field in cls.model_fields.values()
    )
    own_ways = needs_pydantic(cls) or cls.__new__ is not object.__new__ or "revalidate_instances" in schema
    if own_ways or checks_defaults:
        return None
    given = []
    for name, field in schema["schema"]["fields"].items():
        alias = field.get("validation_alias", name)
        if not isinstance(alias, str):
            return None
        by_alias = [alias] if alias == name or config.get("validate_by_alias", True) else []
        by_name = [name] if alias != name and config.get("validate_by_name", False) else []
        given.append((name, by_alias + by_name))
    return given
