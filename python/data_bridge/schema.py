"""From pydantic classes to schemas: what the compiler knows of a class's stored documents."""

from __future__ import annotations

import datetime
import decimal
import enum
import ipaddress
import pathlib
import re
import types
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import bson
from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

from ._core import DType, Schema, dtype_of
from .closed_values import accepted_values
from .completion import complete
from .errors import SchemaError
from .links import LinkTo, link_of_field
from .per_class import Related, per_class
from .settings import root_of, settings_of
from .trust import BY_SETTINGS, LINKS_BY_SETTINGS

_UNIONS: dict[tuple[type[BaseModel], ...], Schema] = {}

#: What the documents of a class that shares its root's collection, and of those below it, hold in `CLASS_ID`.
_CLASS_IDS: dict[type[BaseModel], list[str]] = {}

#: The stored field that says which class of a family a document is of.
CLASS_ID = "_class_id"

_SCALARS: dict[type, DType] = {
    type(None): DType.null(),
    bool: DType.bool(),
    int: DType.int(),
    float: DType.double(),
    str: DType.string(),
    bytes: DType.binary(),
    bson.ObjectId: DType.object_id(),
    bson.Decimal128: DType.decimal(),
    bson.Timestamp: DType.timestamp(),
    bson.Regex: DType.regex(),
    decimal.Decimal: DType.decimal(),
    datetime.datetime: DType.date(),
    datetime.date: DType.date(),
    datetime.time: DType.string(),
    datetime.timedelta: DType.double(),
    uuid.UUID: DType.binary(),
    re.Pattern: DType.regex(),
    pathlib.PurePath: DType.string(),
    SecretStr: DType.string(),
    SecretBytes: DType.binary(),
    ipaddress._BaseAddress: DType.string(),
    ipaddress._BaseNetwork: DType.string(),
}


def stored_child(dtype: DType, name: str) -> str:
    """The stored name of what Python calls `name` below a value of this type."""
    for member in dtype.members:
        inner = member.element if member.kind == "array" else member
        if inner is not None and inner.kind == "array":
            return stored_child(inner, name)
        schema = None if inner is None else inner.schema
        stored = None if schema is None else schema.stored_name(name)
        if stored is not None:
            return stored
    return name


@per_class
def makes_ids(cls: type[BaseModel]) -> bool:
    """Whether documents of a class can be given a new id: it is an ObjectId, or may be."""
    kind = schema_of(cls).field(stored_name("id", cls.model_fields["id"]))
    return kind is not None and kind.non_null().kind in ("object_id", "any")


def stored_name(name: str, field: FieldInfo) -> str:
    """The name a field is stored under: its alias, and `_id` for `id`."""
    if name == "id":
        return "_id"
    return field.serialization_alias or field.alias or name


def schema_of(cls: type[BaseModel]) -> Schema:
    """The schema of a class, made once.

    Raises:
        SchemaError: an annotation names what is not defined.
    """
    return _SCHEMAS.of(cls)


def is_of(cls: type[Any], schema: Schema) -> bool:
    """Whether the schema is that of the class, or of one above it."""
    return any(_SCHEMAS.known(base) == schema for base in cls.__mro__)


def serialized_fields(cls: type[BaseModel]) -> set[str]:
    """The fields that the user's own functions write: what they store is not told by the annotation."""
    decorators = cls.__pydantic_decorators__.field_serializers.values()
    named = {name for each in decorators for name in each.info.fields}
    if "*" in named:
        return set(cls.model_fields)
    return named | {name for name, field in cls.model_fields.items() if any(map(_serializes, field.metadata))}


def _serializes(item: Any) -> bool:
    return type(item).__name__ in {"PlainSerializer", "WrapSerializer"}


def admit(cls: type[BaseModel], class_id: str) -> None:
    """Makes what is stored with this class id a document of the class: links to the class lead to no other."""
    _CLASS_IDS.setdefault(cls, []).append(class_id)
    schema = _SCHEMAS.known(cls)
    if schema is not None:
        schema.admit(CLASS_ID, class_id)


def _begin(cls: type[BaseModel]) -> Schema:
    complete(cls)
    return Schema(cls.__name__)


def _define(cls: type[BaseModel], schema: Schema) -> None:
    for class_id in _CLASS_IDS.get(cls, ()):
        schema.admit(CLASS_ID, class_id)
    serialized = serialized_fields(cls)
    fields, renamed, values, accepts = [], {}, {}, {}
    for name, field in cls.model_fields.items():
        stored = stored_name(name, field)
        if "." in stored or stored.startswith("$"):
            raise SchemaError(
                f"{cls.__name__}.{name} would be stored as {stored!r}, which queries and updates read as a path or an "
                f"operator: give it an alias without dots and no '$' at its start, such as {_plain(stored)!r}"
            )
        dtype = DType.any()
        if name not in serialized:
            dtype = _of_links(cls, name, field) or dtype_of_annotation(field.annotation)
            if (closed := _values(field.annotation)) is not None:
                values[stored] = closed
            if accepted := accepted_values(field.annotation):
                accepts[stored] = accepted
        fields.append((stored, dtype, field.is_required()))
        if name != stored:
            renamed[name] = stored
    if root_of(cls) is not None:
        fields.append((CLASS_ID, DType.string(), True))
    collection = _collection(cls)
    schema.define(fields, cls.model_config.get("extra") == "allow", collection, renamed, values, accepts)
    if collection is not None:
        _note_indexes(cls, schema)
    if collection is not None and settings_of(cls).trust_schema:
        schema.set_trust(BY_SETTINGS, links=True)
    if collection is not None and settings_of(cls).trust_links:
        schema.set_links_lead(LINKS_BY_SETTINGS)


def _plain(stored: str) -> str:
    return stored.lstrip("$").replace(".", "_")


_SCHEMAS = Related(_begin, _define)


def _note_indexes(cls: type[BaseModel], schema: Schema) -> None:
    from .indexes import known_indexes

    schema.set_indexes(known_indexes(cls))  # type: ignore[arg-type]


def _values(annotation: Any) -> list[Any] | None:
    """The only values that a field may hold, stored as what they are; None when there are more than can be told."""
    values: list[Any] = []
    if get_origin(annotation) is Literal:
        values = [each.value if isinstance(each, enum.Enum) else each for each in get_args(annotation)]
    elif isinstance(annotation, type) and issubclass(annotation, enum.Enum) and not issubclass(annotation, enum.Flag):
        values = [member.value for member in annotation]
    return values if values and all(isinstance(value, (str, int)) for value in values) else None


def _collection(cls: type[BaseModel]) -> tuple[str | None, str] | None:
    if not hasattr(cls, "__data_bridge_image__"):
        return None
    settings = settings_of(cls)
    return settings.database, settings.name


def _of_links(cls: type[BaseModel], name: str, field: FieldInfo) -> DType | None:
    """The type of a field of links; None for every other field."""
    to = link_of_field(field)
    if to is None:
        return None
    target = to.target
    id = DType.union([dtype_of_annotation(target.model_fields["id"].annotation)]).non_null()
    back = None
    if to.is_back:
        from .link_fields import link_options, original_of

        back = original_of(cls, to, link_options(cls, name)).stored  # type: ignore[arg-type]
    link = DType.link(schema_of(target), id, back, settings_of(cls).link_storage == "dbref")
    if any(isinstance(item, LinkTo) for item in field.metadata):
        return link
    return _replaced(field.annotation, link)


def _replaced(annotation: Any, link: DType) -> DType:
    """The type of an annotation that holds links, in lists, dicts and unions."""
    if get_origin(annotation) is Annotated and any(isinstance(item, LinkTo) for item in get_args(annotation)[1:]):
        return link
    if get_origin(annotation) is Annotated:
        return _replaced(get_args(annotation)[0], link)
    if get_origin(annotation) in (Union, types.UnionType):
        return DType.union([_replaced(member, link) for member in get_args(annotation)])
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return DType.map(_replaced(get_args(annotation)[1], link))
    if isinstance(origin, type) and issubclass(origin, Iterable):
        return DType.array(_replaced(get_args(annotation)[0], link))
    return dtype_of_annotation(annotation)


def union_schema(classes: tuple[type[BaseModel], ...]) -> Schema:
    """The schema of documents that are of any of these classes; the first gives it its name."""
    if len(classes) == 1:
        return schema_of(classes[0])
    known = _UNIONS.get(classes)
    if known is not None:
        return known
    schemas = [schema_of(cls) for cls in classes]
    union = _UNIONS[classes] = Schema(f"{classes[0].__name__} or its children")
    fields: dict[str, list[tuple[DType, bool]]] = {}
    for schema in schemas:
        for name, dtype, required in schema.fields():
            fields.setdefault(name, []).append((dtype, required))
    union.define(
        [
            (
                name,
                DType.union([dtype for dtype, _ in found]),
                len(found) == len(schemas) and all(required for _, required in found),
            )
            for name, found in fields.items()
        ],
        any(schema.open for schema in schemas),
    )
    _note_indexes(classes[0], union)
    if all(schema.trust == BY_SETTINGS for schema in schemas):
        union.set_trust(BY_SETTINGS, links=True)
    return union


def dtype_of_annotation(annotation: Any) -> DType:
    """The type of the values that a field with this annotation stores; anything where that cannot be told."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return dtype_of_annotation(get_args(annotation)[0])
    if origin is Literal:
        return DType.union([dtype_of(value) for value in get_args(annotation)])
    if origin in (Union, types.UnionType):
        return DType.union([dtype_of_annotation(member) for member in get_args(annotation)])
    if hasattr(annotation, "__value__"):  # a `type` alias
        return dtype_of_annotation(annotation.__value__)
    if origin is not None:
        return _container(origin, get_args(annotation))
    if not isinstance(annotation, type):
        return DType.any()
    return _class(annotation)


def _container(origin: Any, arguments: tuple[Any, ...]) -> DType:
    if not isinstance(origin, type):
        return DType.any()
    if issubclass(origin, Counter):
        return DType.map(DType.int())
    if issubclass(origin, Mapping):
        return DType.map(dtype_of_annotation(arguments[1]))
    if issubclass(origin, re.Pattern):
        return DType.regex()
    if issubclass(origin, Iterable):
        items = [dtype_of_annotation(item) for item in arguments if item is not Ellipsis]
        return DType.array(DType.union(items) if items else DType.any())
    return DType.any()


def _class(cls: type) -> DType:
    if issubclass(cls, enum.Enum):
        return DType.union([dtype_of(member) for member in cls]) if len(cls) else DType.any()
    if cls is BaseModel:
        return DType.any()
    if issubclass(cls, BaseModel):
        return DType.document(schema_of(cls))
    if cls in (list, tuple, set, frozenset):
        return DType.array(DType.any())
    if issubclass(cls, Mapping):
        return DType.map(DType.any())
    for base in cls.__mro__:
        if base in _SCALARS:
            return _SCALARS[base]
        # pydantic's own text types: EmailStr, urls, ...
        if base.__module__ == "pydantic.networks":
            return DType.string()
    return DType.any()
