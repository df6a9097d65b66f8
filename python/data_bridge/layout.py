"""From pydantic classes to class layouts: how the codec reads and writes their instances.

What the codec cannot do exactly as pydantic would is left to pydantic, for that field alone where possible.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import inspect
import ipaddress
import pathlib
import types
import uuid
from collections.abc import Iterable
from copy import deepcopy
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import bson
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ._core import FieldAccess, Layout, LazyLayout
from .completion import complete
from .errors import SchemaError
from .fields_set import FieldsSet
from .inheritance import class_id_of
from .links import UNFETCHED, Link, LinkTo, link_of_field
from .per_class import Related
from .reading import field_reader, other_names, reader_of, reads_as_a_whole
from .schema import CLASS_ID, serialized_fields, stored_name
from .settings import root_of, settings_of

_FAMILIES: dict[tuple[type[BaseModel], ...], Layout] = {}

_EXACT: dict[Any, str] = {
    Any: "any",
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    bytes: "bytes",
    bson.ObjectId: "object_id",
    datetime.datetime: "datetime",
    datetime.date: "date",
    datetime.time: "time",
    datetime.timedelta: "timedelta",
    decimal.Decimal: "decimal",
    uuid.UUID: "uuid",
}
#: Classes of which `class(text)` is what pydantic makes of a text.
_FROM_TEXT: frozenset[Any] = frozenset(
    {
        *(getattr(pathlib, name) for name in ("Path", "PurePath", "PosixPath", "PurePosixPath")),
        *(ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Interface, ipaddress.IPv6Interface),
        *(ipaddress.IPv4Network, ipaddress.IPv6Network, SecretStr),
    }
)
#: Constraints and settings under which a value of the right type becomes another one, beside functions.
_CHANGING = ("strip_whitespace", "to_lower", "to_upper")
_CHANGING_SETTINGS = ("use_enum_values", *(f"str_{each}" for each in _CHANGING))
_CONTAINERS = {list: "list", set: "set", frozenset: "frozenset", dict: "dict"}


def layout_of(cls: type[BaseModel]) -> Layout:
    """The layout of a class, made once.

    Raises:
        SchemaError: an annotation names what is not defined, or BaseModel itself; or links cannot be stored as the
            settings say.
    """
    return _LAYOUTS.of(cls)


def _begin(cls: type[BaseModel]) -> Layout:
    if cls is BaseModel:
        raise SchemaError(
            "a field that holds a BaseModel, of any class, cannot be read back: name the classes that it may hold "
            "(Cat | Dog), or store a dict"
        )
    complete(cls)
    return Layout(cls)


def _define(cls: type[BaseModel], layout: Layout) -> None:
    validators, serializers = _validated(cls), serialized_fields(cls)
    ordered = sorted(cls.model_fields.items(), key=lambda item: stored_name(*item) != "_id")
    fields = [_field(cls, name, field, name in validators, name in serializers) for name, field in ordered]
    fields.sort(key=lambda field: field[0] is None)
    layout.define(
        fields,
        extra=str(cls.model_config.get("extra") or "ignore"),
        private=cls.model_post_init if cls.__private_attributes__ else None,
        read=lambda stored: reader_of(cls)(stored),
        other_names=other_names(cls),
        validated=needs_pydantic(cls),
        shares_complete=issubclass(cls, FieldsSet) and cls.model_config.get("extra") != "allow",
        plain_attributes=not any(_is_hidden(cls, name) for name in cls.model_fields),
        keeps_image=_is_document(cls),
        class_id=None if root_of(cls) is None else (CLASS_ID, class_id_of(cls)),
        drops_nulls=_is_document(cls) and not settings_of(cls).keep_nulls,
    )


_LAYOUTS = Related(_begin, _define)


def family_layout(classes: tuple[type[BaseModel], ...]) -> Layout:
    """The layout of documents of several classes of a family: each is decoded into the class it was stored as."""
    known = _FAMILIES.get(classes)
    if known is None:
        known = Layout(classes[0])
        known.choose_by(CLASS_ID, {class_id_of(cls): layout_of(cls) for cls in classes})
        _FAMILIES[classes] = known
    return known


def decoding(cls: type[BaseModel], layout: Layout, lazy: bool) -> Layout | LazyLayout:
    """The layout for reading a class's documents, lazily only where nobody asks at once whether they fit."""
    return LazyLayout(layout) if lazy and settings_of(cls).on_invalid == "raise" else layout


def _is_hidden(cls: type[BaseModel], name: str) -> bool:
    """Whether the class has an attribute of its own under a field's name."""
    found = inspect.getattr_static(cls, name, PydanticUndefined)
    return found is not PydanticUndefined and not isinstance(found, FieldAccess)


def _is_document(cls: type[BaseModel]) -> bool:
    return getattr(cls, "__data_bridge_image__", False)


def _validated(cls: type[BaseModel]) -> set[str]:
    """The fields with validators of the user's own."""
    decorators = cls.__pydantic_decorators__
    checks: list[Any] = [*decorators.field_validators.values(), *decorators.validators.values()]
    validated = {name for check in checks for name in check.info.fields}
    return set(cls.model_fields) if "*" in validated else validated


def needs_pydantic(cls: type[BaseModel]) -> bool:
    """Only pydantic can build instances: code of the user's runs when one is made."""
    decorators = cls.__pydantic_decorators__
    # pydantic puts a `model_post_init` of its own on classes with private attributes.
    own = [vars(base)["model_post_init"] for base in cls.__mro__ if "model_post_init" in vars(base)]
    post_init = any(getattr(function, "__module__", "").split(".")[0] != "pydantic" for function in own)
    whole = decorators.model_validators or decorators.root_validators or cls.__pydantic_custom_init__ or post_init
    return bool(whole) or reads_as_a_whole(cls)


def _field(cls: type[BaseModel], name: str, field: FieldInfo, validated: bool, serialized: bool) -> tuple[Any, ...]:
    to = link_of_field(field)
    if to is not None and to.is_back:
        return None, name, ("any",), ("value", UNFETCHED), None, False, None
    form = None if to is None else _link_form(cls, name, to)
    set_to_change = any(cls.model_config.get(setting) for setting in _CHANGING_SETTINGS)
    changed = validated or set_to_change or any(_changes_values(item) for item in field.metadata)
    strange = changed or field.discriminator is not None
    converter = None if strange else field_converter(field, form)
    if converter is None:
        converter = ("validate", field_reader(cls, name))
    serializer = None
    if serialized:
        serializer = _serializer(cls, name, field)
    return stored_name(name, field), name, converter, _default(cls, field), serializer, name == "id", form


def field_converter(field: FieldInfo, links: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    """The codec's converter of a field's annotation, as if no function of the user's changed values."""
    annotation: Any = field.annotation
    if links is not None and field.metadata:
        annotation = Annotated[(annotation, *field.metadata)]
    return converter_of(annotation, links)


def _link_form(cls: type[BaseModel], name: str, to: LinkTo) -> tuple[Any, ...]:
    """How a class stores its links: `(None,)` as ids, or the collection and database of references.

    Raises:
        SchemaError: the ids are documents, which a reference cannot be told from.
    """
    if settings_of(cls).link_storage == "id":
        return (None,)
    id = to.target.model_fields["id"].annotation
    if isinstance(id, type) and issubclass(id, BaseModel):
        raise SchemaError(
            f"{cls.__name__}.{name} leads to {to.target.__name__}, whose ids are documents: they are stored as they "
            f'stand, with link_storage = "id", and not as references'
        )
    target = settings_of(to.target)
    own = settings_of(cls).database
    return ((target.name, None if target.database == own else target.database),)


def _changes_values(item: Any) -> bool:
    """Metadata that may turn a stored value into another one; a mere constraint was met before it was stored."""
    validates = type(item).__name__ in {"BeforeValidator", "AfterValidator", "PlainValidator", "WrapValidator"}
    return validates or any(getattr(item, constraint, None) is True for constraint in _CHANGING)


def _serializer(cls: type[BaseModel], name: str, field: FieldInfo) -> Any:
    """A function from an instance to what is stored of the field, as `model_dump` gives it."""
    key = field.serialization_alias or field.alias or name

    def dump(instance: BaseModel) -> Any:
        dumped = cls.__pydantic_serializer__.to_python(instance, include={name}, by_alias=True)
        # What is left out of dumps is stored as it is.
        return dumped[key] if key in dumped else getattr(instance, name)

    return dump


def _default(cls: type[BaseModel], field: FieldInfo) -> tuple[str, Any] | None:
    if field.validate_default or (field.validate_default is None and cls.model_config.get("validate_default")):
        return None
    if field.default_factory is not None:
        # One that is given the other values is left to pydantic, which has them validated.
        return None if field.default_factory_takes_validated_data else ("factory", field.default_factory)
    if field.default is PydanticUndefined:
        return None
    # As pydantic tells what may change: it copies those for each instance.
    return ("value", field.default) if _hashable(field.default) else ("factory", lambda: deepcopy(field.default))


def converter_of(annotation: Any, links: tuple[Any, ...] | None = None) -> tuple[Any, ...] | None:
    """The codec's converter of an annotation, or None where only pydantic knows; `links` is the form of its links."""
    if _hashable(annotation) and annotation in _EXACT:
        return (_EXACT[annotation],)
    if _hashable(annotation) and annotation in _FROM_TEXT:
        return ("text", annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        to = next((item for item in arguments[1:] if isinstance(item, LinkTo)), None)
        if to is not None and links is not None:
            return ("link", (Link, to))
        if any(_changes_values(item) for item in arguments[1:]):
            return None
        return converter_of(arguments[0], links)
    if origin is Literal:
        members = _members(member for member in arguments if member is not None)
        return ("optional", members) if members and None in arguments else members
    if origin in (Union, types.UnionType):
        rest = [member for member in arguments if member is not type(None)]
        inner = converter_of(rest[0], links) if len(rest) == 1 and len(arguments) == 2 else None
        return ("optional", inner) if inner else None
    if origin in _CONTAINERS:
        return _container(origin, arguments, links)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        inner = converter_of(arguments[0], links)
        return ("tuple", inner) if inner else None
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _members(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return ("model", layout_of(annotation))
    return None


def _container(origin: Any, arguments: tuple[Any, ...], links: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    if not arguments or (origin is dict and arguments[0] is not str):
        return None
    inner = converter_of(arguments[-1], links)
    return (_CONTAINERS[origin], inner) if inner else None


def _members(members: Iterable[Any]) -> tuple[Any, ...] | None:
    """The converter to members by what is stored of them; None where that does not come back as it was stored, or does
    not tell one from another.
    """
    stored = [(getattr(member, "value", member), member) for member in members]
    plain = all(type(value) is str or (type(value) is int and -(2**63) <= value < 2**63) for value, _ in stored)
    return ("members", dict(stored)) if plain and len(dict(stored)) == len(stored) else None


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
