"""How pydantic reads what is stored.

In a stored document values stand under their stored names, at every depth, and as BSON gives them back. A class's own
validator expects the names by which it is made, and values as a program gives them.
"""

from __future__ import annotations

import datetime
import enum
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import bson
from pydantic import BaseModel, EncodedBytes, EncodedStr
from pydantic.fields import FieldInfo

from .core_schemas import (
    CoreSchema,
    changed_first,
    definitions_of,
    fields_inside,
    model_inside,
    referred,
    resolved,
    schema_of_model,
    validator_of,
    with_inner,
    within,
)
from .links import link_of_field
from .per_class import per_class
from .schema import stored_name

Read = Callable[[Any], Any]


@per_class
def reader_of(cls: type[BaseModel]) -> Read:
    """Makes an instance of a stored document; raises what validation raises."""
    return validator_of(_stored_schema(cls)).validate_python


def field_reader(cls: type[BaseModel], name: str) -> Read:
    """Makes the value of a field of what is stored of it; raises what validation raises."""
    schema, definitions = definitions_of(_stored_schema(cls))
    model = model_inside(schema)
    if model is None:
        return _unread
    field = fields_inside(model)[name]["schema"]
    whole = {"type": "definitions", "schema": field, "definitions": definitions}
    return validator_of(whole, model.get("config")).validate_python


def other_names(cls: type[BaseModel]) -> list[str]:
    """The keys at which a field may be given where an instance is made, and under which no field is stored."""
    model = schema_of_model(cls)
    if model is None:
        return []
    stored = {name: stored_name(name, field) for name, field in cls.model_fields.items() if not _is_back(field)}
    given = {way[0] for name in stored for way in _ways(fields_inside(model)[name].get("validation_alias", name))}
    return sorted(({*stored} | given) - {*stored.values()})


def _is_back(field: FieldInfo) -> bool:
    to = link_of_field(field)
    return to is not None and to.is_back


def _ways(said: Any) -> list[Any]:
    """Where a core schema says that a value is looked for: paths, each a list of keys and positions."""
    path = [said] if isinstance(said, str) else said
    return path if isinstance(path[0], list) else [path]


def reads_as_a_whole(cls: type[BaseModel]) -> bool:
    """Whether a field's value depends on more than what is stored of the field: a function of the user's may look at
    other fields, or the class says how what it does not name is read.
    """
    model = schema_of_model(cls)
    if model is None:
        return True
    fields = fields_inside(model).values()
    return "extras_schema" in model["schema"] or any(_is_told(each) for field in fields for each in within(field))


def _is_told(schema: CoreSchema) -> bool:
    """Whether a function that is not pydantic's own is given what is known beside the value."""
    function = schema.get("function")
    if not isinstance(function, dict) or function["type"] != "with-info":
        return False
    return str(getattr(function["function"], "__module__", "")).split(".")[0] != "pydantic"


@per_class
def _stored_schema(cls: type[BaseModel]) -> CoreSchema:
    schema: Any = cls.__pydantic_core_schema__
    return _Stored(definitions_of(schema)[1]).schema(schema)


def _unread(value: Any) -> Any:
    raise ValueError(f"a class that makes its own schema reads {value!r} only with the whole document")


class _Stored:
    """Makes core schemas of classes those of what is stored."""

    def __init__(self, definitions: list[CoreSchema]) -> None:
        self._definitions = definitions

    def schema(self, schema: CoreSchema) -> CoreSchema:
        model = model_inside(schema)
        if model is not None:
            return _converted(_renaming(model), self._inside(schema))
        kind = schema["type"]
        if kind == "model-fields":
            fields = {name: self._field(name, field) for name, field in schema["fields"].items()}
            return {**with_inner(schema, self.schema), "fields": fields}
        if kind == "tagged-union" and not callable(schema["discriminator"]):
            return {**with_inner(schema, self.schema), "discriminator": self._discriminator(schema)}
        if kind == "json":
            # What the text said is stored.
            return referred(schema, self.schema(schema["schema"]) if "schema" in schema else {"type": "any"})
        if kind == "function-after" and isinstance(_owner(schema), (EncodedBytes, EncodedStr)):
            # What was encoded is stored decoded.
            return referred(schema, self.schema(schema["schema"]))
        return _converted(_native(schema), with_inner(schema, self.schema))

    def _inside(self, schema: CoreSchema) -> CoreSchema:
        """A model, whose names are put right before it is read, and the functions around it."""
        inside = self.schema if schema["type"] == "model" else self._inside
        return {**schema, "schema": inside(schema["schema"])}

    def _field(self, name: str, field: CoreSchema) -> CoreSchema:
        changed = with_inner(field, self.schema)
        alias = field.get("validation_alias")
        if alias is None or isinstance(alias, str):
            return changed
        # Of several ways the first is by the name.
        return {**changed, "validation_alias": [[name], *_ways(alias)]}

    def _discriminator(self, schema: CoreSchema) -> list[list[str | int]]:
        ways = _ways(schema["discriminator"])
        asked = {way[0] for way in ways}
        models = (model_inside(resolved(choice, self._definitions)) for choice in schema["choices"].values())
        names = [_names(model["cls"]) for model in models if model is not None]
        stored = {stored: None for each in names for stored, given in each.items() if given in asked}
        return [*([name] for name in stored), *ways]


def _converted(change: Read | None, schema: CoreSchema) -> CoreSchema:
    return schema if change is None else changed_first(change, schema)


def _names(cls: type[BaseModel]) -> dict[str, str]:
    """By stored names, those by which instances are made."""
    by_alias = cls.model_config.get("validate_by_alias") is not False
    return {
        stored_name(name, field): field.validation_alias
        if by_alias and isinstance(field.validation_alias, str)
        else name
        for name, field in cls.model_fields.items()
    }


def _renaming(model: CoreSchema) -> Read | None:
    """What gives the stored values of a model the names by which it is made; None where they have them."""
    cls = model["cls"]
    if model.get("root_model"):
        return lambda value: value["root"] if isinstance(value, dict) and value.keys() == {"root"} else value
    names = {stored: given for stored, given in _names(cls).items() if stored != given}
    if not names:
        return None

    def rename(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        others = {key: item for key, item in value.items() if key not in names}
        return others | {names[key]: item for key, item in value.items() if key in names}

    return rename


def _native(schema: CoreSchema) -> Read | None:
    """What makes of a stored value the one that a program would give; None where it is that."""
    kind = schema["type"]
    if kind == "literal":
        members = {(type(each.value), each.value): each for each in schema["expected"] if isinstance(each, enum.Enum)}
        return _members(members) if members else None
    if kind == "datetime" and schema.get("tz_constraint") == "naive":
        return _naive
    return _INSTANCES.get(schema["cls"]) if kind == "is-instance" else None


def _members(members: dict[tuple[type, Any], enum.Enum]) -> Read:
    def member(value: Any) -> Any:
        try:
            return members.get((type(value), value), value)
        except TypeError:
            return value

    return member


def _naive(value: Any) -> Any:
    aware = isinstance(value, datetime.datetime) and value.tzinfo is not None
    return value.astimezone(datetime.UTC).replace(tzinfo=None) if aware else value


#: Values come to pydantic as the types that it knows.
_INSTANCES: dict[Any, Read] = {
    bson.Decimal128: lambda value: bson.Decimal128(value) if isinstance(value, Decimal) else value,
    # Compiling a text sets a flag of its own.
    bson.Regex: lambda value: (
        bson.Regex(value.pattern, value.flags & ~re.UNICODE) if isinstance(value, re.Pattern) else value
    ),
}


def _owner(schema: CoreSchema) -> Any:
    return getattr(schema["function"]["function"], "__self__", None)
