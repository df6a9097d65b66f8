"""Instances made without pydantic beside those that pydantic makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ValidationError, create_model

from data_bridge import Document, EmbeddedDocument
from data_bridge._core import construct
from data_bridge.construction import Constructor


class Inner(EmbeddedDocument):
    text: str
    number: int | None = None


def slowly(cls: Any, values: dict[str, Any]) -> Any:
    """What pydantic makes, asked as its own constructor asks it."""
    made = cls.__new__(cls)
    (BaseModel.__init__ if cls.__init__ is Constructor.__init__ else cls.__init__)(made, **values)
    return made


def native(cls: Any, values: dict[str, Any]) -> Any:
    """What is made without pydantic; None where nothing is."""
    made = cls.__new__(cls)
    return made if construct(made, values) else None


def outcome(make: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    """All that can be seen of an instance or of a refusal."""
    try:
        made = make(*args, **keywords)
    except ValidationError as refused:
        return [(each["type"], each["loc"], each["msg"]) for each in refused.errors(include_url=False)]
    return seen(made)


def seen(value: Any) -> Any:
    """A value with its type, and with all that is in it."""
    if isinstance(value, BaseModel):
        parts = [vars(value), value.__pydantic_fields_set__, value.__pydantic_extra__]
        return type(value), [seen(part) for part in parts], seen(getattr(value, "__pydantic_private__", None))
    if isinstance(value, dict):
        return dict, [(seen(key), seen(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value), [seen(item) for item in value]
    return type(value), repr(sorted(value) if isinstance(value, set) else value)


def document_of(annotation: Any, **more: Any) -> Any:
    return create_model("Holder", __base__=Document, first=(annotation, ...), second=(annotation | None, None), **more)
