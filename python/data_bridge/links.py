"""Links between documents: declared by an annotation, stored as an id, followed in queries, fetched on request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar, get_args, get_origin, overload

import bson
from bson import DBRef
from bson.raw_bson import RawBSONDocument
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError, core_schema

from .errors import LinkNotFetched, LinkTargetMissing, SchemaError
from .operation import Operation, Script

if TYPE_CHECKING:
    from .document import Document

T = TypeVar("T")
_set = object.__setattr__


class WriteRules(Enum):
    """What a save does with the documents that links lead to."""

    DO_NOTHING = "nothing"
    WRITE = "write"


class DeleteRules(Enum):
    """What a delete does with the documents that the deleted one links to."""

    DO_NOTHING = "nothing"
    DELETE_LINKS = "delete"


#: What happens to a link when the document it leads to is deleted.
OnDelete = Literal["nothing", "cascade", "deny", "nullify", "pull"]
ON_DELETE: tuple[str, ...] = get_args(OnDelete)


@dataclass(frozen=True)
class LinkOptions:
    """What `Link(...)` and `BackLink(...)` say where a field is declared.

    Attributes:
        on_delete: what happens to the link when the document it leads to is deleted.
        original_field: the link on the other side that a back link follows.
        index: whether `sync_indexes()` makes an index on the link; None leaves it to `Settings.index_links`.
    """

    on_delete: OnDelete = "nothing"
    original_field: str | None = None
    index: bool | None = None


class LinkTo:
    """The metadata of an annotation: which class a link leads to."""

    __slots__ = ("_adapter", "_class", "_given", "_module", "is_back")

    def __init__(self, target: Any, is_back: bool = False) -> None:
        self._given = given = getattr(target, "__forward_arg__", target)
        if not isinstance(given, (str, TypeVar)) and not hasattr(given, "__data_bridge_image__"):
            name = getattr(given, "__name__", repr(given))
            raise SchemaError(
                f"{'BackLink' if is_back else 'Link'}[{name}]: a link leads to a class of documents, which {name} is "
                f"not; a field of other values is declared {name}"
            )
        self._class: type[Document] | None = None
        self._adapter: TypeAdapter[Any] | None = None
        self._module: str | None = None
        self.is_back = is_back

    def declared_in(self, module: str) -> None:
        """Remembers where a name is to be looked for first."""
        self._module = self._module or module

    @property
    def target(self) -> type[Document]:
        """The class, found by its name when it was given before it existed.

        Raises:
            SchemaError: no document class has that name, or several of other modules have.
        """
        if self._class is None:
            given = self._given
            self._class = found = _document_named(given, self._module) if isinstance(given, str) else given
            return found
        return self._class

    def id_of(self, value: Any) -> Any:
        """The id that a value given for the link holds, in the target's own type of ids."""
        if isinstance(value, DBRef):
            value = value.id
        elif isinstance(value, dict) and "$id" in value:
            value = value["$id"]
        if self._adapter is None:
            field = self.target.model_fields["id"]
            annotation: Any = field.annotation
            for each in field.metadata:
                annotation = Annotated[annotation, each]
            self._adapter = TypeAdapter(annotation)
        return self._adapter.validate_python(value)

    def validate(self, value: Any) -> Any:
        """A `Link`, or the document itself where one is given.

        Raises:
            PydanticCustomError: it is of another class, or no id of this one.
        """
        target = self.target
        if isinstance(value, Link):
            if value._to is self or may_lead(value._to.target, target):
                return value
            raise PydanticCustomError(
                "link_class", "links to {target}, and was given a link to {given}", self._of(value)
            )
        if isinstance(value, target):
            return value
        if isinstance(value, BaseModel) and hasattr(value, "__data_bridge_image__"):
            raise PydanticCustomError("link_class", "links to {target}, and was given a {given}", self._of(value))
        try:
            given = self.id_of(value)
        except ValidationError:
            given = None
        if given is None:
            context = {**self._of(value), "value": repr(value)}
            raise PydanticCustomError("link_id", "links to {target} by its id, which {value} is not", context)
        return Link._to_id(given, self)

    def _of(self, value: Any) -> dict[str, str]:
        """The names of the link's class and of the one that was given."""
        given = value._to.target if isinstance(value, Link) else type(value)
        return {"target": self.target.__name__, "given": given.__name__}

    def linked(self, value: Any) -> Any:
        """The value, if it is what a document holds: a `Link`, a document, or a part of one that was fetched."""
        if isinstance(value, BaseModel) and not hasattr(value, "__data_bridge_image__"):
            return value
        if not isinstance(value, (Link, BaseModel)):
            raise PydanticCustomError("link_id", "is no link yet")
        return self.validate(value)

    def checking(self) -> core_schema.CoreSchema:
        """What checks a value that was assigned: an id becomes a `Link`, as one that is given to a new document."""
        if self.is_back:
            return core_schema.any_schema()
        return core_schema.lax_or_strict_schema(
            core_schema.no_info_plain_validator_function(self.validate),
            core_schema.no_info_plain_validator_function(self.linked),
        )

    @staticmethod
    def dump(value: Any, info: core_schema.SerializationInfo) -> Any:
        if isinstance(value, BaseModel):
            return value.model_dump(mode=info.mode, by_alias=info.by_alias or False)
        given = value.id if isinstance(value, Link) else value
        return str(given) if info.mode == "json" and not isinstance(given, (str, int, float, bool)) else given

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.validate,
            serialization=core_schema.plain_serializer_function_ser_schema(self.dump, info_arg=True),
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        name = self._given if isinstance(self._given, str) else self._given.__name__
        return {"title": f"Link to {name}", "description": f"The id of a {name}, or the document itself"}


def may_lead(target: type[Any], wanted: type[Any]) -> bool:
    """Whether a link to one class may stand for a link to another: it leads to a document of a class of the line."""
    return issubclass(target, wanted) or issubclass(wanted, target)


def link_of_schema(schema: Mapping[str, Any]) -> LinkTo | None:
    """The link that a core schema makes."""
    if schema.get("type") != "function-plain":
        return None
    to = getattr(schema["function"]["function"], "__self__", None)
    return to if isinstance(to, LinkTo) else None


def _document_named(name: str, module: str | None) -> type[Document]:
    from .document import Document

    found = [cls for cls in subclasses(Document) if cls.__name__ == name]
    # A class that was defined again, as notebooks do, stands for itself.
    near = [cls for cls in found if cls.__module__ == module]
    if near:
        return near[-1]
    if len(found) == 1:
        return found[0]
    modules = ", ".join(sorted({cls.__module__ for cls in found}))
    raise SchemaError(
        f"a link leads to {name!r}, and no document class has that name"
        if not found
        else f"a link in {module} leads to {name!r}, and several modules have a class of that name: {modules}"
    )


def declared_fully(cls: type[Any]) -> None:
    """Notes that nothing in the declaration of a class was refused."""
    type.__setattr__(cls, "__declared__", True)


def subclasses(cls: type[Any]) -> Iterator[type[Any]]:
    """The classes below a class, each once.

    A class whose declaration was refused is none of them, even while the error's traceback keeps it alive.
    """
    seen: dict[type[Any], None] = {}
    waiting = list(cls.__subclasses__())
    while waiting:
        child = waiting.pop(0)
        if child not in seen and "__declared__" in vars(child):
            seen[child] = None
            waiting += child.__subclasses__()
    return iter(seen)


class _Declaring(type):
    """Calling `Link(...)` says how a link is declared; the links themselves are made of ids."""

    # A type checker must take the options for the default of a field of links.
    def __call__(
        cls, *, on_delete: OnDelete = "nothing", original_field: str | None = None, index: bool | None = None
    ) -> Any:
        if on_delete not in ON_DELETE:
            raise SchemaError(f"on_delete is {on_delete!r}; give one of {', '.join(ON_DELETE)}")
        return LinkOptions(on_delete, original_field, index)


class Link(Generic[T], metaclass=_Declaring):
    """A link that was not fetched: the id of a document.

    Declared as `author: Link[Author]`; options stand where a default would: `= Link(on_delete="deny")`. The field
    stays required. Until it is fetched the attribute is a `Link`; afterwards it is the document. Used as the document
    outside of an event loop, it is fetched there and then.

    Attributes:
        id: the id of the document.
        missing: a fetch found no document with this id.
    """

    __slots__ = ("_document", "_to", "id", "missing")

    if TYPE_CHECKING:
        id: Any
        missing: bool
        _to: LinkTo
        _document: Any

        def __new__(cls, *, on_delete: OnDelete = "nothing", index: bool | None = None) -> Any: ...

        @overload
        def __get__(self, instance: None, owner: Any) -> type[T]: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> T: ...
        def __get__(self, instance: object | None, owner: Any) -> Any: ...
        def __set__(self, instance: object, value: T | Link[T]) -> None: ...

    else:

        def __class_getitem__(cls, target: Any) -> Any:
            return Annotated[Any, LinkTo(target)]

    @classmethod
    def _to_id(cls, id: Any, to: LinkTo) -> Link[T]:
        link: Link[T] = object.__new__(cls)
        link.id, link._to, link._document, link.missing = id, to, None, False
        return link

    @property
    def key(self) -> Any:
        """The id as something to look up by."""
        return link_key(self.id)

    def fetch(self) -> Operation[T]:
        """The document. Links fetched in one turn of the event loop are read with one command.

        Raises:
            LinkTargetMissing: no document has the id.
        """
        from .lazy import fetch_lazily

        def script() -> Script[T]:
            if self._document is None:
                found = yield fetch_lazily(self._to.target, self)
                self.missing = found is None
                if found is None:
                    raise LinkTargetMissing(f"no {self._to.target.__name__} with id {self.id!r} is stored")
                self._document = found
            document: T = self._document
            return document

        return Operation(script, f"Link({self.id!r}).fetch()")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in Link.__slots__:
            raise AttributeError(name)
        target = self._to.target
        if self._document is None:
            if name not in target.model_fields and not hasattr(target, name):
                raise AttributeError(f"{target.__name__!r} object has no attribute {name!r}")
            if _in_event_loop():
                raise LinkNotFetched(
                    f"this link to {target.__name__} is not fetched, so {name!r} cannot be read: "
                    f"`await link.fetch()`, or fetch with the query: `.fetch_links(...)`"
                )
            self.fetch().run_sync()
        return getattr(self._document, name)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Link):
            return bool(self.key == other.key) and self._to.target is other._to.target
        return isinstance(other, self._to.target) and bool(self.key == link_key(other.id))

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"Link({self._to.target.__name__}, {self.id!r}{', missing' if self.missing else ''})"

    def __deepcopy__(self, memo: Any) -> Link[T]:
        return self

    def __reduce__(self) -> Any:
        return _restored, (self._to.target, self.id)


def _restored(target: Any, id: Any) -> Any:
    return Link._to_id(id, LinkTo(target))


class BackLink(Generic[T], metaclass=_Declaring):
    """The documents whose links lead here: `books: list[BackLink["Book"]] = BackLink(original_field="author")`.

    It is not stored. `fetch_links` puts the documents there; before that, reading it raises `LinkNotFetched`.
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def __new__(cls, *, original_field: str) -> Any: ...

        @overload
        def __get__(self, instance: None, owner: Any) -> type[T]: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> T: ...
        def __get__(self, instance: object | None, owner: Any) -> Any: ...

    else:

        def __class_getitem__(cls, target: Any) -> Any:
            return Annotated[Any, LinkTo(target, is_back=True)]


class Unfetched(list[Any]):
    """What stands for a back link that was not fetched: a list to pydantic, and to nobody else."""

    __slots__ = ()

    def _refuse(self, *_: Any) -> Any:
        raise LinkNotFetched("this back link is not fetched: `await document.fetch_link(...)`, or `.fetch_links(...)`")

    __iter__ = __len__ = __getitem__ = __bool__ = __contains__ = __reversed__ = _refuse
    append = extend = insert = remove = pop = index = count = sort = reverse = _refuse  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)

    def __copy__(self) -> Unfetched:
        return self

    def __deepcopy__(self, memo: Any) -> Unfetched:
        return self

    def __repr__(self) -> str:
        return "<not fetched>"


UNFETCHED = Unfetched()


def link_key(id: Any) -> Any:
    """An id as something to look up by: ids that are documents or lists cannot be hashed."""
    try:
        hash(id)
    except TypeError:
        if isinstance(id, BaseModel):
            from .layout import layout_of

            # The model and the document that it is stored as are one id.
            id = RawBSONDocument(layout_of(type(id)).encode(id))
        return bson.encode({"k": id})
    return id


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@dataclass(frozen=True)
class LinkField:
    """A link that a class declares, itself or in embedded documents.

    Attributes:
        path: the attribute names that lead to it.
        stored: the dotted stored path.
        to: where it leads.
        many: it stands in a list or a dict, or below one.
        options: what its declaration says.
        layers: for each name of the stored path, the lists and dicts that stand there, outermost first.
    """

    path: tuple[str, ...]
    stored: str
    to: LinkTo
    many: bool
    options: LinkOptions
    layers: tuple[tuple[str, ...], ...]


def link_in(annotation: Any) -> LinkTo | None:
    """The link that an annotation is, or holds in a list, a dict or a union."""
    if get_origin(annotation) is Annotated:
        for item in get_args(annotation)[1:]:
            if isinstance(item, LinkTo):
                return item
    for argument in get_args(annotation):
        found = link_in(argument)
        if found is not None:
            return found
    return None


def link_of_field(field: Any) -> LinkTo | None:
    """The link that a pydantic field is, or holds in a list, a dict or a union."""
    for item in field.metadata:
        if isinstance(item, LinkTo):
            return item
    return link_in(field.annotation)
