"""Declared indexes."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel
from pymongo import IndexModel

from . import requests
from .client import default_client
from .errors import CompileError, SchemaError, ServerError
from .inheritance import family, reach_of
from .ir.paths import dtype_at
from .link_fields import link_fields
from .link_shapes import is_plain
from .operation import Script
from .schema import stored_name
from .settings import settings_of

if TYPE_CHECKING:
    from .document import Document

#: A user who may not list indexes, a collection that does not exist, a view.
_NO_INDEXES = (13, 26, 166)


#: What an index on one path may be, beside the directions.
_KINDS = ("2d", "2dsphere", "text", "hashed")
#: What MongoDB knows of an index. Source: MongoDB manual, "createIndexes".
_OPTIONS = (
    *("unique", "sparse", "name", "expireAfterSeconds", "partialFilterExpression", "collation", "hidden"),
    *("background", "storageEngine", "wildcardProjection", "bits", "min", "max", "2dsphereIndexVersion"),
    *("weights", "default_language", "language_override", "textIndexVersion", "prepareUnique"),
)


class Indexed:
    """Declares an index on a field: `email: Annotated[str, Indexed(unique=True)]`.

    Args:
        direction: 1, -1, or a kind such as "2dsphere" or "text".
        options: those of MongoDB's `createIndexes`: `unique`, `sparse`, `name`, `expireAfterSeconds`, ...

    Raises:
        SchemaError: an option does not exist, or the direction is none.
    """

    def __init__(self, direction: int | str = 1, **options: Any) -> None:
        for option in options:
            if option not in _OPTIONS:
                near = difflib.get_close_matches(option, _OPTIONS, n=1)
                guess = f"did you mean {near[0]!r}? " if near else ""
                raise SchemaError(f"an index has no option {option!r}; {guess}options: {', '.join(_OPTIONS)}")
        if not isinstance(direction, (int, str)):
            name = getattr(direction, "__name__", repr(direction))
            said = ", ".join(f"{option}={value!r}" for option, value in options.items())
            raise SchemaError(
                f"Indexed says how a field is indexed and not its type: write Annotated[{name}, Indexed({said})]"
            )
        if direction not in (1, -1, *_KINDS) or isinstance(direction, bool):
            raise SchemaError(f"the direction of an index is 1, -1 or one of {', '.join(_KINDS)}, not {direction!r}")
        self.direction = direction
        self.options = options

    # Pydantic asks what stands in an annotation; of the class itself, with one argument less.
    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any] | None = None) -> Any:
        if handler is None:
            raise SchemaError("Indexed was not called: write Annotated[str, Indexed()]")
        if source is self:
            raise SchemaError(f"{self!r} stands in the place of a type: write Annotated[str, {self!r}]")
        return handler(source)

    def __repr__(self) -> str:
        said = [] if self.direction == 1 else [repr(self.direction)]
        return f"Indexed({', '.join([*said, *(f'{name}={value!r}' for name, value in self.options.items())])})"


def indexes_of(cls: type[Document]) -> list[dict[str, Any]]:
    """The declared indexes, and those on links, as `createIndexes` takes them: `key`, `name` and options.

    A family's are those of all its classes.

    Raises:
        SchemaError: an entry of `Settings.indexes` is none of a name, a list of (name, direction) and an IndexModel.
    """
    found: dict[str, dict[str, Any]] = {}
    for member in family(cls).values() or [cls]:
        for model in _models_of(member):
            found.setdefault(model.document["name"], {**model.document, "key": dict(model.document["key"])})
    return list(found.values())


def check_paths(declared: Iterable[Mapping[str, Any]], cls: type[Document]) -> None:
    """Looks whether the paths of declared indexes are there.

    Raises:
        SchemaError: one is not.
    """
    schema = reach_of(cls, True).source.schema
    for index in declared:
        for path in index["key"]:
            # An index of everything below a path, or a stored part of a link, is of no field.
            if "$" in path:
                continue
            try:
                dtype_at(schema, path)
            except CompileError as error:
                raise SchemaError(f"the index {index['name']!r} of {cls.__name__}: {error.message}") from None


def unique_paths(listed: Sequence[Mapping[str, Any]]) -> list[str]:
    """The paths on which an index of the server's keeps any two stored documents apart, missing counted as a value.

    Only indexes of one path that leave no document out and compare texts as queries do. Not `_id`: a sharded collection
    may hold one twice.
    """
    default = next((index.get("collation") for index in listed if index["name"] == "_id_"), None)
    return [
        next(iter(index["key"]))
        for index in listed
        if index.get("unique")
        and len(index["key"]) == 1
        and not {"sparse", "partialFilterExpression"} & set(index)
        and index.get("collation") == default
    ]


def listed_indexes(cls: type[Document]) -> Script[list[dict[str, Any]]]:
    """The indexes of the class's collection, as the server lists them; none when it lists none."""
    settings = cls.settings()
    try:
        reply = yield requests.command(default_client(), settings.database, {"listIndexes": settings.name})
    except ServerError as error:
        if error.code in _NO_INDEXES:
            return []
        raise
    listed: list[dict[str, Any]] = reply["cursor"]["firstBatch"]
    return listed


def known_indexes(cls: type[Document], listed: Iterable[Mapping[str, Any]] = ()) -> list[tuple[list[str], bool, bool]]:
    """What plans are chosen by: of each index the keys, whether it is unique, and whether all documents are in it that
    have the keys.

    Args:
        listed: indexes that the server lists, besides those that are declared.
    """
    found = {}
    for index in (*listed, *indexes_of(cls)):
        keys = list(index["key"])
        # An index of texts, places or hashes serves other tests than equality, or is no order.
        if all(direction in (1, -1) for direction in index["key"].values()):
            whole = "partialFilterExpression" not in index and not index.get("hidden")
            found[tuple(keys)] = (keys, bool(index.get("unique")), whole)
    return list(found.values())


def _models_of(cls: type[BaseModel]) -> Iterator[IndexModel]:
    serving: set[str] = set()
    for model in _given(cls):
        # One that leaves documents out does not serve a filter on the link alone.
        if not {"sparse", "partialFilterExpression"} & set(model.document):
            serving.add(next(iter(model.document["key"])))
        yield model
    by_default = settings_of(cls).index_links
    for link in link_fields(cls):
        wanted = by_default if link.options.index is None else link.options.index
        # Keys of a dict are no path that an index could be on.
        if wanted and not link.to.is_back and is_plain(link) and link.stored not in serving:
            yield IndexModel([(link.stored, 1)])


def _given(cls: type[BaseModel]) -> Iterator[IndexModel]:
    for path, indexed in _declared(cls, "", frozenset()):
        yield IndexModel([(path, indexed.direction)], **indexed.options)
    for entry in settings_of(cls).indexes:
        if isinstance(entry, IndexModel):
            yield entry
        elif isinstance(entry, (str, list)):
            yield IndexModel(entry)
        else:
            raise SchemaError(
                f"{cls.__name__}.Settings.indexes: {entry!r} is not a name, a list of pairs or IndexModel"
            )


def _declared(cls: type[BaseModel], prefix: str, above: frozenset[type]) -> Iterator[tuple[str, Indexed]]:
    for name, field in cls.model_fields.items():
        path = prefix + stored_name(name, field)
        for item in field.metadata:
            if isinstance(item, Indexed):
                yield path, item
        for nested in _models(field.annotation):
            # A class that holds itself would never end.
            if nested not in above:
                yield from _declared(nested, f"{path}.", above | {cls})


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
