"""Document classes: pydantic models whose class attributes are fields to query by."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr
from pydantic._internal._model_construction import ModelMetaclass

from . import ir
from .construction import Constructor, keep_constructor
from .copies import Copies
from .crud import Crud
from .fields import FieldAccess, FieldProxy, Predicate, SortKey, building, no_such_field
from .fields_set import FieldsSet
from .inheritance import register
from .lazy_fields import LazyFields
from .link_fields import check_options
from .links import UNFETCHED, LinkOptions, declared_fully, link_of_field
from .revision import REVISION, wants_revision
from .schema import schema_of, stored_name
from .settings import Settings, check_inner, settings_of
from .types import PydanticObjectId


# Pydantic's own decorator does not reach metaclasses derived from its own.
@dataclass_transform(kw_only_default=True, field_specifiers=(Field, PrivateAttr))
class DocumentMeta(ModelMetaclass):
    """Puts a field access on the class for each field, once pydantic has built it.

    Raises:
        SchemaError: the settings say what cannot be, or the class cannot be told apart from another of its family.
    """

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **keywords: Any) -> type:
        options = {key: value for key, value in namespace.items() if isinstance(value, LinkOptions)}
        for key, value in options.items():
            del namespace[key]
            if value.original_field is not None:
                # A back link is not stored: what it leads to comes from the other side.
                namespace[key] = Field(default=UNFETCHED, exclude=True, repr=False)
        namespace["__link_options__"] = options
        stored = any(getattr(base, "__data_bridge_image__", False) for base in bases)
        if stored and wants_revision(bases, namespace):
            namespace.setdefault("__annotations__", {})[REVISION] = uuid.UUID | None
            namespace[REVISION] = None
        building(1)
        try:
            cls: Any = super().__new__(mcs, name, bases, namespace, **keywords)
        finally:
            building(-1)
        for field, chosen in options.items():
            check_options(cls, field, chosen)
        for field, declared in cls.__pydantic_fields__.items():
            to = link_of_field(declared)
            if to is not None:
                to.declared_in(cls.__module__)
            type.__setattr__(cls, field, FieldAccess(field))
        if stored:
            check_inner(cls)
            settings_of(cls)
            register(cls)
        declared_fully(cls)
        keep_constructor(cls)
        built: type = cls
        return built

    if TYPE_CHECKING:
        # To checkers a mapped field that holds a document, and a link, is the document's class: so its fields are
        # known, and what follows is what else a field has.
        def __eq__(cls, other: object) -> Predicate: ...  # type: ignore[override]  # pyright: ignore
        def __ne__(cls, other: object) -> Predicate: ...  # type: ignore[override]  # pyright: ignore
        def __pos__(cls) -> SortKey: ...
        def __neg__(cls) -> SortKey: ...
        def asc(cls) -> SortKey: ...
        def desc(cls) -> SortKey: ...
        def exists(cls, present: bool = True) -> Predicate: ...
        def is_null(cls) -> Predicate: ...
        def in_(cls, values: Iterable[Any]) -> Predicate: ...
        def not_in(cls, values: Iterable[Any]) -> Predicate: ...
        def type_(cls, *types: str) -> Predicate: ...
        def set(cls, value: Any) -> ir.UpdateOperation: ...
        def unset(cls) -> ir.UpdateOperation: ...
        def set_on_insert(cls, value: Any) -> ir.UpdateOperation: ...
        def rename(cls, name: str) -> ir.UpdateOperation: ...

    else:

        def __getattr__(cls, name: str) -> Any:
            if name.startswith("_") or not cls.__dict__.get("__pydantic_complete__", False):
                return super().__getattr__(name)
            raise no_such_field(cls, name)

        def __getitem__(cls, name: Any) -> Any:
            if isinstance(name, str):
                if name in cls.model_fields:
                    return proxy_of(cls, name)
                raise no_such_field(cls, name)
            return cls.__class_getitem__(name)


def proxy_of(cls: type[BaseModel], name: str) -> FieldProxy[Any]:
    """The proxy of a class's own field."""
    schema = schema_of(cls)
    stored = stored_name(name, cls.model_fields[name])
    dtype = schema.field(stored)
    if dtype is None:
        raise no_such_field(cls, name)
    return FieldProxy(ir.Field(stored, dtype, cls.__name__))


class EmbeddedDocument(Constructor, FieldsSet, BaseModel, metaclass=DocumentMeta):
    """A document inside another: a pydantic model without a collection of its own."""

    model_config = ConfigDict(populate_by_name=True, arbitrary_types_allowed=True)


class Document(Crud, Constructor, FieldsSet, LazyFields, Copies, BaseModel, metaclass=DocumentMeta):  # type: ignore[misc]  # `schema` is pydantic 1's
    """A document of a collection.

    A pydantic model with an `id`, stored as `_id`: an ObjectId unless it is redeclared. The inner class `Settings`
    says where it is stored and how.
    """

    #: The stored bytes; what the last write changed; the layout by which a lazy document's fields are still decoded.
    __slots__ = ("__image__", "__pending__", "__previous__")
    __data_bridge_image__: ClassVar[bool] = True

    model_config = ConfigDict(populate_by_name=True, arbitrary_types_allowed=True)

    if TYPE_CHECKING:
        # Classes declare it anew with types of their own, and on the class it is a field to query by.
        id: Any = None
    else:
        id: PydanticObjectId | None = None

    @classmethod
    def settings(cls) -> Settings:
        """The class's settings, merged with those of its bases."""
        return settings_of(cls)
