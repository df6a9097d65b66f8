"""Validators: what the server refuses to store, made of a class's schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import requests
from ._core import DType, Schema
from .client import default_client
from .errors import SchemaError, ServerError
from .inheritance import class_id_of, family
from .operation import Script
from .schema import CLASS_ID, schema_of
from .settings import settings_of

if TYPE_CHECKING:
    from .document import Document

NAMESPACE_NOT_FOUND = 26

#: BSON's names of the types that a field's values are stored as. The codec reads any number into a float field, and
#: integers of both sizes.
_BSON_TYPES: dict[str, Any] = {
    "null": "null",
    "bool": "bool",
    "int": ["int", "long"],
    "double": ["double", "int", "long"],
    "decimal": "decimal",
    "string": "string",
    "binary": "binData",
    "object_id": "objectId",
    "date": "date",
    "timestamp": "timestamp",
    "regex": "regex",
}


def validator_of(cls: type[Document]) -> dict[str, Any]:
    """What `sync_validator` writes; of a family, what any of its classes allows.

    Raises:
        SchemaError: the collection is a time series, which takes no validator.
    """
    settings = settings_of(cls)
    if settings.timeseries is not None:
        raise SchemaError(f"{cls.__name__} is a time series: the server takes no validator for it")
    if settings.validator is False:
        return {}
    members = family(cls)
    if members:
        schema: dict[str, Any] = {"anyOf": [_of_member(member) for member in members.values()]}
    else:
        schema = json_schema(schema_of(cls), ())
    strict = {"$jsonSchema": schema}
    return strict if settings.validator is True else {"$and": [strict, dict(settings.validator)]}


def _of_member(cls: type[Document]) -> dict[str, Any]:
    schema = json_schema(schema_of(cls), ())
    properties = {**schema["properties"], CLASS_ID: {"enum": [class_id_of(cls)]}}
    return {**schema, "properties": properties}


def json_schema(schema: Schema, above: tuple[str, ...]) -> dict[str, Any]:
    """The documents of a schema in MongoDB's dialect of JSON schema, which has no references.

    Args:
        above: the names of the schemas it stands in: a schema inside itself is only said to be a document.
    """
    if schema.name in above:
        return {"bsonType": "object"}
    above = (*above, schema.name)
    made: dict[str, Any] = {"bsonType": "object"}
    required = [name for name, _, needed in schema.fields() if needed]
    if required:
        made["required"] = required
    made["properties"] = {name: schema_of_type(schema, name, dtype, above) for name, dtype, _ in schema.fields()}
    if not schema.open:
        made["additionalProperties"] = False
    return made


def schema_of_type(schema: Schema, name: str, dtype: DType, above: tuple[str, ...] = ()) -> dict[str, Any]:
    """What a field of a schema may hold."""
    values = schema.values(name)
    return _of_type(dtype, above) if values is None else {"enum": values}


def _of_type(dtype: DType, above: tuple[str, ...]) -> dict[str, Any]:
    kind = dtype.kind
    if kind in _BSON_TYPES:
        return {"bsonType": _BSON_TYPES[kind]}
    if kind == "union":
        return {"anyOf": [_of_type(member, above) for member in dtype.members]}
    if kind == "document" and dtype.schema is not None:
        return json_schema(dtype.schema, above)
    inner = dtype.element
    if kind == "array" and inner is not None:
        return {"bsonType": "array", "items": _of_type(inner, above)}
    if kind == "map" and inner is not None:
        return {"bsonType": "object", "additionalProperties": _of_type(inner, above)}
    return {}


def is_kept(cls: type[Document]) -> Script[bool]:
    """Whether the server refuses what does not fit the class, and compares texts by their bytes."""
    settings = settings_of(cls)
    if settings.timeseries is not None or settings.validator is False:
        return False
    command = {"listCollections": 1, "filter": {"name": settings.name}}
    reply = yield requests.command(default_client(), settings.database, command)
    for found in reply["cursor"]["firstBatch"]:
        options = found.get("options", {})
        strict = options.get("validationLevel", "strict") == "strict" and options.get("validationAction") != "warn"
        return bool(strict and options.get("validator") == validator_of(cls) and "collation" not in options)
    return False


def write_validator(cls: type[Document]) -> Script[dict[str, Any]]:
    """Makes the server refuse what does not fit; creates the collection if it does not exist."""
    settings, client = settings_of(cls), default_client()
    validator = validator_of(cls)
    terms = {"validator": validator, "validationLevel": "strict", "validationAction": "error"}
    try:
        yield requests.command(client, settings.database, {"collMod": settings.name, **terms}, True)
    except ServerError as error:
        if error.code != NAMESPACE_NOT_FOUND:
            raise
        yield requests.command(client, settings.database, {"create": settings.name, **terms}, True)
    return validator
