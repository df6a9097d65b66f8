"""Texts into queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import LangError
from ..query import Query
from .build import Builder
from .limits import Limits
from .parser import parse_tree
from .reach import check_links, check_reach
from .statement import Statement

_LIMITS = Limits()


def parse(
    text: str,
    models: Iterable[type[Any]] | Mapping[str, type[Any]],
    *,
    allow_writing: bool = False,
    allow_javascript: bool = False,
    limits: Limits = _LIMITS,
) -> Any:
    """The query that a text says.

    Args:
        text: a query as Python writes it: `User.find(User.age > 25).sort(-User.age).limit(10)`.
        models: the document classes that it may name, or a dict of them by other names. Only their collections are
            read, joins and links included.
        allow_writing: whether it may update, delete, write into any collection with `Out` and `Merge`, and ask about
            the server, as `CurrentOp` and `ListSessions` do.
        allow_javascript: whether it may hold programs for the server, as in `Where`.
        limits: how large it may be.

    Returns:
        A `Query` or an `Aggregation`; or, when a method such as `count()` ends it, a `Statement`.

    Raises:
        LangError: the text cannot be read, a name is unknown, or it does what is not allowed.
    """
    named = _by_name(models)
    found = evaluate(text, named, allow_writing, allow_javascript, limits)
    if isinstance(found, (Query, Statement)):
        check_links(found, named.values(), text)
        return found
    raise LangError(
        "the text is not a query",
        code="not_a_query",
        text=text,
        position=0,
        expected=["a query: User.find(...), User.aggregate([...])"],
    )


def evaluate(
    text: str, models: Mapping[str, type[Any]], writing: bool, javascript: bool, limits: Limits = _LIMITS
) -> Any:
    """The value of any text: a query, a condition, a stage, ...

    Raises:
        LangError: as `parse`.
    """
    if not isinstance(text, str):
        raise TypeError(f"a query's text is a str, not {type(text).__name__}")
    builder = Builder(text, models, writing, javascript)
    found = builder.value(parse_tree(text, limits))
    query = found.query if isinstance(found, Statement) else found
    if builder.reaches and isinstance(query, Query):
        check_reach(query._stages, models.values(), writing, javascript, text)
    return found


def _by_name(models: Iterable[type[Any]] | Mapping[str, type[Any]]) -> Mapping[str, type[Any]]:
    named: dict[str, Any] = {}
    if isinstance(models, Mapping):
        named.update({str(name): model for name, model in models.items()})
    else:
        named.update({model.__name__: model for model in models})
    for name, model in named.items():
        if not isinstance(model, type) or not hasattr(model, "model_fields"):
            raise TypeError(f"{name} is {model!r}: models are document classes, or pydantic models to project to")
    return named


__all__ = ["evaluate", "parse"]
