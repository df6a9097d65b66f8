"""Classes whose fields have plain types: for their documents a look at the types of the values is a whole check."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from typing import Any, TypeAlias

from ._core import Fit
from .layout import layout_of, needs_pydantic
from .links import link_of_schema

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
#: Instances of a class, and what may be said of them.
_CLASSES: dict[str, set[str]] = {
    "is-instance": {"cls"},
    "enum": {"cls", "members", "sub_type", "strict", "missing"},
}
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


def shape_of(schema: Mapping[str, Any]) -> Shape:
    """The shape of the values that a core schema takes as they are, `("unknown",)` where only pydantic can tell."""
    return _Reader().shape(schema, {})


class _Reader:
    """Reads one schema. Models that refer to one another can be read in more ways than there is time for."""

    def __init__(self) -> None:
        self._left = 2000

    def shape(self, schema: Mapping[str, Any], known: dict[str, Any]) -> Shape:
        """
        Args:
            known: the definitions that the schema may refer to, by their names.
        """
        self._left -= 1
        if self._left < 0:
            return _UNKNOWN
        kind = schema["type"]
        conditions = _CONDITIONS.get(kind, frozenset()) & schema.keys()
        if conditions:
            inner = self.shape({name: said for name, said in schema.items() if name not in conditions}, known)
            return _conditional(kind, inner, {name: schema[name] for name in conditions})
        said = schema.keys() - _SAYS_NOTHING
        if kind in _EXACT:
            return ("exact", _EXACT[kind]) if said <= _OF_EXACT else _UNKNOWN
        if kind in _CLASSES:
            return _class(schema["cls"]) if said <= _CLASSES[kind] else _UNKNOWN
        if kind == "literal":
            return _literal(schema["expected"]) if said <= {"expected"} else _UNKNOWN
        if kind == "json-or-python":
            return self.shape(schema["python_schema"], known)
        if kind == "lax-or-strict" and link_of_schema(schema["lax_schema"]) is not None:
            return self.shape(schema["lax_schema"], known)
        if kind == "function-plain":
            return _UNKNOWN if link_of_schema(schema) is None else ("made", schema["function"]["function"])
        if kind == "any":
            return _UNKNOWN if said else ("any",)
        if kind == "definitions":
            return self.shape(schema["schema"], {each["ref"]: each for each in schema["definitions"] if "ref" in each})
        if kind == "definition-ref":
            return self._definition(schema["schema_ref"], known)
        if kind in _INNER:
            name, may_say = _INNER[kind]
            inner = self.shape(schema[name], known) if name in schema and said <= {name, *may_say} else _UNKNOWN
            return inner if kind == "default" else (kind, inner)
        if kind == "union":
            choices = [choice[0] if isinstance(choice, tuple) else choice for choice in schema["choices"]]
            return ("union", *(self.shape(choice, known) for choice in choices)) if said <= {"choices"} else _UNKNOWN
        if kind == "dict":
            names = ("keys_schema", "values_schema")
            parts = (self.shape(schema[name], known) if name in schema else ("any",) for name in names)
            return ("dict", *parts) if said <= set(names) else _UNKNOWN
        return self._model(schema, known, said) if kind == "model" else _UNKNOWN

    def _definition(self, name: str, known: dict[str, Any]) -> Shape:
        # Inside itself a definition is unknown: it has no end.
        others = {other: each for other, each in known.items() if other != name}
        return self.shape(known[name], others) if name in known else _UNKNOWN

    def _model(self, schema: Mapping[str, Any], known: dict[str, Any], said: set[str]) -> Shape:
        of_fields, config = schema["schema"], schema.get("config", {})
        if not (said <= _MODEL and config.keys() <= _CONFIG and not schema.get("root_model")):
            return _UNKNOWN
        if of_fields["type"] != "model-fields" or not of_fields.keys() - _SAYS_NOTHING <= _FIELDS:
            return _UNKNOWN
        fields = {
            name: self.shape(field["schema"], known) if field.keys() - _SAYS_NOTHING <= _FIELD else _UNKNOWN
            for name, field in of_fields["fields"].items()
        }
        return ("model", layout_of(schema["cls"]), fields, _given(schema))


def _class(cls: Any) -> Shape:
    return ("exact", cls) if isinstance(cls, type) else _UNKNOWN


def _conditional(kind: str, inner: Shape, conditions: dict[str, Any]) -> Shape:
    if not conditions.keys() <= _BOUNDS:
        return ("sized", inner, conditions.get("min_length", 0), conditions.get("max_length"))
    if kind == "float":
        # Pydantic compares with the nearest double.
        return ("within", inner, {name: float(bound) for name, bound in conditions.items()})
    plain = all(type(bound) is int for bound in conditions.values())
    return ("within", inner, conditions) if plain else _UNKNOWN


def _literal(expected: list[Any]) -> Shape:
    """Values of one class that are equal only to themselves."""
    classes = {type(value) for value in expected}
    one = classes in ({str}, {int})
    return ("one of", ("exact", classes.pop()), frozenset(expected)) if one else _UNKNOWN


def _given(schema: Mapping[str, Any]) -> list[tuple[str, list[str]]] | None:
    """The fields of a model, and what each may be given as; None where only pydantic makes instances of values."""
    cls, config = schema["cls"], schema.get("config", {})
    defaults = config.get("validate_default") or any(field.validate_default for field in cls.model_fields.values())
    private = any(attribute.default_factory is not None for attribute in cls.__private_attributes__.values())
    own_ways = needs_pydantic(cls) or cls.__new__ is not object.__new__ or "revalidate_instances" in schema
    if own_ways or defaults or private:
        return None
    given = []
    for name, field in schema["schema"]["fields"].items():
        alias = field.get("validation_alias", name)
        if not isinstance(alias, str):
            return None
        by_alias = [alias] if alias == name or config.get("validate_by_alias", True) else []
        by_name = [name] if alias != name and config.get("validate_by_name", False) else []
        given.append((name, by_alias + by_name))
    keys = [key for _, keys in given for key in keys]
    return given if len(keys) == len(set(keys)) else None
