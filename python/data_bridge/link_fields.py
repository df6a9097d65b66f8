"""The links that document classes declare, found once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ForwardRef, get_args, get_origin

from pydantic import BaseModel

from .completion import complete
from .errors import SchemaError
from .link_shapes import is_plain
from .links import LinkField, LinkOptions, LinkTo, link_in, link_of_field
from .schema import stored_name

if TYPE_CHECKING:
    from .document import Document

_FIELDS: dict[type[BaseModel], tuple[LinkField, ...]] = {}


def link_fields(cls: type[BaseModel]) -> tuple[LinkField, ...]:
    """The links of a class and of the documents embedded in it.

    Raises:
        SchemaError: an annotation names what is not defined, or the options of a link are not those that it can have.
    """
    known = _FIELDS.get(cls)
    if known is None:
        found = tuple(_fields(cls, (), (), (), ()))
        # What was said of annotations that could not be evaluated yet.
        for name, options in vars(cls).get("__link_options__", {}).items():
            check_options(cls, name, options)
        known = _FIELDS[cls] = found
    return known


def link_options(cls: type[BaseModel], name: str) -> LinkOptions:
    """What the declaration of a field says of its link."""
    for base in cls.__mro__:
        found = vars(base).get("__link_options__", {}).get(name)
        if found is not None:
            options: LinkOptions = found
            return options
    return LinkOptions()


def link_crossed(cls: type[BaseModel], path: str) -> LinkField | None:
    """The link that a stored path goes on behind, if any; a reference's own parts (`author.$id`) are on this side."""
    for link in link_fields(cls):
        if path.startswith(link.stored + ".") and not path.startswith(link.stored + ".$"):
            return link
    return None


def _fields(
    cls: type[BaseModel],
    path: tuple[str, ...],
    stored: tuple[str, ...],
    above: tuple[tuple[str, ...], ...],
    seen: tuple[type, ...],
) -> Iterator[LinkField]:
    if cls in seen:  # a class that embeds itself: its links are reached through the first level
        return
    complete(cls)
    for name, field in cls.model_fields.items():
        here = (*path, name)
        at = (*stored, stored_name(name, field))
        to = link_of_field(field)
        if to is not None:
            layers = (*above, _layers(field.annotation))
            yield LinkField(here, ".".join(at), to, any(layers), link_options(cls, name), layers)
            continue
        for embedded, layer in _embedded(field.annotation):
            yield from _fields(embedded, here, at, (*above, layer), (*seen, cls))


def _container(annotation: Any) -> tuple[str, ...]:
    """What the annotation itself adds: a list, a dict, or nothing."""
    origin = get_origin(annotation)
    if not isinstance(origin, type):
        return ()
    return ("dict",) if issubclass(origin, Mapping) else ("list",) if issubclass(origin, Collection) else ()


def _layers(annotation: Any) -> tuple[str, ...]:
    """The lists and dicts that the links of an annotation stand in, outermost first."""
    inner = [_layers(argument) for argument in get_args(annotation) if link_in(argument) is not None]
    return (*_container(annotation), *max(inner, key=len, default=()))


def _embedded(annotation: Any) -> Iterator[tuple[type[BaseModel], tuple[str, ...]]]:
    """The models in an annotation, with the lists and dicts that they stand in."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, ()
        return
    for argument in get_args(annotation):
        for embedded, below in _embedded(argument):
            yield embedded, (*_container(annotation), *below)


def check_options(cls: type[BaseModel], name: str, options: LinkOptions) -> None:
    """Refuses a declaration that could not be done.

    Raises:
        SchemaError: the field is no link, or its type cannot hold what `on_delete` would leave.
    """
    field = cls.__pydantic_fields__.get(name)
    annotation: Any = cls.__annotations__.get(name) if field is None else field.annotation
    if isinstance(annotation, (str, ForwardRef)):  # not evaluated yet: a class that it names does not exist
        return
    where = f"{cls.__name__}.{name}"
    if field is not None and link_of_field(field) is None:
        raise SchemaError(f"{where} has the options of a link and is none: annotate it as Link[...] or BackLink[...]")
    listed = bool(_layers(annotation))
    if options.on_delete == "pull" and not listed:
        raise SchemaError(f"{where}: on_delete='pull' takes a link out of a list, and this is none; give 'nullify'")
    if options.on_delete == "nullify" and (listed or type(None) not in get_args(annotation)):
        raise SchemaError(f"{where}: on_delete='nullify' leaves null, which the type does not allow; add `| None`")


def original_of(cls: type[Document], to: LinkTo, options: LinkOptions) -> LinkField:
    """The link on the other side that a back link follows.

    Raises:
        SchemaError: the other class has no such link, it leads elsewhere, or it stands where no filter finds it.
    """
    name = options.original_field
    for field in link_fields(to.target):
        if ".".join(field.path) == name and not field.to.is_back:
            if not issubclass(cls, field.to.target) and not issubclass(field.to.target, cls):
                raise SchemaError(
                    f"{to.target.__name__}.{name} leads to {field.to.target.__name__}, not to {cls.__name__}"
                )
            if not is_plain(field):
                where = "a dict" if any("dict" in layers for layers in field.layers) else "a list of lists"
                raise SchemaError(
                    f"{cls.__name__} has a back link of {to.target.__name__}.{name}, which stands in {where}: no "
                    "filter of the server finds what leads here; keep such links in a list"
                )
            return field
    links = ", ".join(".".join(field.path) for field in link_fields(to.target)) or "none"
    raise SchemaError(
        f"{cls.__name__} has a back link of {to.target.__name__}.{name}, which is no link; links: {links}"
    )
