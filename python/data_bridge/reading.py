"""How pydantic reads what is stored.

In a stored document values stand under their stored names, at every depth, and as BSON gives them back. A class's own
validator expects the names by which it is made, and values as a program gives them.
"""

from __future__ import annotations

import datetime
import enum
import re
from collections.abc import Callable, Hashable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import bson
from pydantic import BaseModel, EncodedBytes, EncodedStr, TypeAdapter
from pydantic.fields import FieldInfo

from .core_schemas import (
    CoreSchema,
    changed_first,
    definitions_of,
    fields_inside,
    inlined,
    model_inside,
    models_of,
    referred,
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
    return validator_of(_stored_schema(cls), {"title": cls.__name__}).validate_python


def field_reader(cls: type[BaseModel], name: str) -> Read:
    """Makes the value of a field of what is stored of it; raises what validation raises."""
    schema, definitions = definitions_of(_stored_schema(cls))
    model = model_inside(schema)
    if model is None:
        return _unread
    field = fields_inside(model)[name]["schema"]
    whole = {"type": "definitions", "schema": field, "definitions": definitions}
    return validator_of(whole, model.get("config")).validate_python


def _unread(value: Any) -> Any:
    raise ValueError(f"a class that makes its own schema reads {value!r} only with the whole document")


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


#: What BSON has no type for comes as another one, which strict fields would not take.
_NOT_IN_BSON = frozenset(
    {
        "set",
        "frozenset",
        "tuple",
        "deque",
        "counter",
        "ordered-dict",
        "date",
        "time",
        "timedelta",
        "enum",
        "lax-or-strict",
    }
)


class _Stored:
    """Makes core schemas of classes those of what is stored."""

    def __init__(self, definitions: list[CoreSchema]) -> None:
        self._definitions = definitions
        #: The stored names of the model that is gone through.
        self._stored: dict[str, str] = {}

    def schema(self, schema: CoreSchema) -> CoreSchema:
        schema = inlined(schema, self._definitions)
        model = model_inside(schema)
        if model is not None:
            return _converted(_renaming(model), self._inside(schema))
        kind = schema["type"]
        if kind == "model-fields":
            fields = {name: self._field(name, field) for name, field in schema["fields"].items()}
            return {**with_inner(schema, self.schema), "fields": fields}
        if kind == "tagged-union":
            discriminator = _choosing(schema, self._definitions)
            return {**with_inner(schema, self.schema), "discriminator": discriminator}
        if kind == "json":
            # What the text said is stored.
            return referred(schema, self.schema(schema["schema"]) if "schema" in schema else {"type": "any"})
        if kind == "function-after" and isinstance(_owner(schema), (EncodedBytes, EncodedStr)):
            # What was encoded is stored decoded.
            return referred(schema, self.schema(schema["schema"]))
        loose = {"strict": False} if kind in _NOT_IN_BSON else {}
        return _converted(_native(schema), {**with_inner(schema, self.schema), **loose})

    def _inside(self, schema: CoreSchema) -> CoreSchema:
        """A model, whose names are put right before it is read, and the functions around it."""
        if schema["type"] != "model":
            return {**schema, "schema": self._inside(schema["schema"])}
        around, self._stored = self._stored, _stored_names(schema["cls"])
        try:
            return {**schema, "schema": self.schema(schema["schema"])}
        finally:
            self._stored = around

    def _field(self, name: str, field: CoreSchema) -> CoreSchema:
        changed = with_inner(field, self.schema)
        alias = field.get("validation_alias")
        if alias is None or isinstance(alias, str):
            return changed
        # Of several ways the first is by the name; where another field is stored, there is nothing of this one.
        others = {stored for other, stored in self._stored.items() if other != name}
        return {**changed, "validation_alias": [[name], *(way for way in _ways(alias) if way[0] not in others)]}


def _stored_names(cls: type[BaseModel]) -> dict[str, str]:
    return {name: stored_name(name, field) for name, field in cls.model_fields.items()}


def _given_names(cls: type[BaseModel]) -> dict[str, str]:
    """By stored names, those by which instances are made."""
    config = cls.model_config
    by_alias = config.get("validate_by_alias") is not False
    by_name = bool(config.get("populate_by_name") or config.get("validate_by_name"))

    def given(name: str, field: FieldInfo) -> str:
        alias = field.validation_alias
        if not (by_alias and isinstance(alias, str)):
            return name
        # Another field might be read there too.
        return name if by_name and alias != name and alias in cls.model_fields else alias

    return {stored_name(name, field): given(name, field) for name, field in cls.model_fields.items()}


def _renaming(model: CoreSchema) -> Read | None:
    """What gives the stored values of a model the names by which it is made; None where they have them."""
    cls = model["cls"]
    if model.get("root_model"):
        return lambda value: value["root"] if isinstance(value, dict) and value.keys() == {"root"} else value
    names = {stored: given for stored, given in _given_names(cls).items() if stored != given}
    if not names:
        return None

    def rename(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        others = {key: item for key, item in value.items() if key not in names}
        return others | {names[key]: item for key, item in value.items() if key in names}

    return rename


class _Choice(NamedTuple):
    """A way to tell that a document is one of a union's: the key and value of its tag, and the keys of its fields."""

    key: str
    stored: Hashable
    tag: Hashable
    keys: frozenset[str]


def _choosing(schema: CoreSchema, definitions: list[CoreSchema]) -> Callable[[Any], Hashable]:
    """What tells which of a union's models a stored value is."""
    said, choices = schema["discriminator"], schema["choices"]
    models = {tag: models_of(choice, definitions) for tag, choice in choices.items()}
    if callable(said):
        told = said
        names = [_given_names(model["cls"]) for found in models.values() for model in found]

        def ask(value: Any) -> Hashable:
            if isinstance(value, dict):
                given = {names_of[key]: value[key] for names_of in names for key in value if key in names_of}
                value = {**given, **value}
            answer: Hashable = told(value)
            return answer

        return ask
    asked = {way[0] for way in _ways(said)}
    ways = [way for tag, found in models.items() for model in found for way in _choices_of(tag, model, asked)]
    return lambda value: _tag(value, ways)


def _choices_of(tag: Hashable, model: CoreSchema, asked: set[Any]) -> Iterator[_Choice]:
    names = _given_names(model["cls"])
    stored = tag.value if isinstance(tag, enum.Enum) else tag
    keys = {key for key, given in names.items() if given in asked}
    for key in keys | asked:
        yield _Choice(key, stored, tag, frozenset(names))


def _tag(value: Any, ways: list[_Choice]) -> Hashable:
    # A function of the user's may have made an instance already.
    held = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    found = [way for way in ways if way.key in held and held[way.key] in (way.stored, way.tag)]
    # What is a tag of one may be a plain field of another, which holds its own tag besides.
    return max(found, key=lambda way: len(way.keys & held.keys())).tag if found else None


def _native(schema: CoreSchema) -> Read | None:
    """What makes of a stored value the one that a program would give; None where it is that."""
    kind = schema["type"]
    if kind == "literal":
        members = {(type(each.value), each.value): each for each in schema["expected"] if isinstance(each, enum.Enum)}
        return _members(members) if members else None
    if kind == "datetime" and schema.get("tz_constraint") == "naive":
        return _naive
    if kind == "function-plain" and schema["function"]["function"] in _PATTERNS:
        return _pattern
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


#: How pydantic reads a pattern.
_SCHEMAS: list[Any] = [TypeAdapter(kind).core_schema for kind in (re.Pattern, re.Pattern[str])]
_PATTERNS = [schema["function"]["function"] for schema in _SCHEMAS]


def _pattern(value: Any) -> Any:
    try:
        return value.try_compile() if isinstance(value, bson.Regex) else value
    except re.error:
        # One that only the server understands.
        return value


#: Values come to pydantic as the types that it knows.
_INSTANCES: dict[Any, Read] = {
    bson.Decimal128: lambda value: bson.Decimal128(value) if isinstance(value, Decimal) else value,
    bson.Int64: lambda value: bson.Int64(value) if type(value) is int else value,
}


def _owner(schema: CoreSchema) -> Any:
    return getattr(schema["function"]["function"], "__self__", None)


def _converted(change: Read | None, schema: CoreSchema) -> CoreSchema:
    return schema if change is None else changed_first(change, schema)
