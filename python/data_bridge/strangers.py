"""Fields of a filter are of the class that is asked: one of another class would be taken by its name alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from . import ir
from .errors import CompileError
from .link_fields import link_fields
from .links import subclasses
from .settings import settings_of

if TYPE_CHECKING:
    from .document import Document


def refuse_strangers(node: ir.Expr, cls: type[Document]) -> None:
    """Looks whose the fields of a predicate are.

    Raises:
        CompileError: one is of a class of documents that is neither above nor below the query's, nor stored beside it.
    """
    # Most queries are a few comparisons of fields of the class itself.
    name = cls.__name__
    for term in node.terms if type(node) is ir.And else (node,):
        if type(term) is not ir.Compare or type(term.right) is not ir.Literal:
            break
        if type(term.left) is not ir.Field or term.left.owner != name:
            break
    else:
        return
    for field in _fields(node):
        if field.owner != name and (owners := _strangers(field.owner, cls)):
            raise CompileError(
                f"{field.label} is a field of {field.owner}, and the query is of {name}",
                code="other_class",
                path=field.path,
                hint=_instead(field, owners, cls),
            )


def _fields(node: ir.Expr) -> Iterator[ir.Field]:
    """The fields of whole documents in a predicate."""
    waiting: list[Any] = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, ir.Field):
            yield each
        elif isinstance(each, ir.ElemMatch):
            # What is asked of an element is of the element.
            waiting.append(each._parts()[0])
        elif isinstance(each, ir.Expr) and not isinstance(each, ir.Literal):
            waiting += each._parts()
        elif isinstance(each, tuple):
            waiting += each
        elif isinstance(each, dict):
            waiting += each.values()


def _strangers(owner: str, cls: type[Document]) -> list[type[Document]]:
    """The classes of that name, if the documents of each are none of the class's; none of what is no such class."""
    from .document import Document

    stored = settings_of(cls).database, settings_of(cls).name
    found = [each for each in subclasses(Document) if each.__name__ == owner]
    for each in found:
        beside = (settings_of(each).database, settings_of(each).name) == stored
        if beside or issubclass(cls, each) or issubclass(each, cls):
            return []
    return found


def _instead(field: ir.Field, owners: list[type[Document]], cls: type[Document]) -> str:
    """How the query's class leads to the field."""
    for link in link_fields(cls):
        if any(issubclass(owner, link.to.target) for owner in owners):
            return f"through the link: {cls.__name__}.{'.'.join(link.path)}.{field.path}"
    if field.path.split(".")[0] in cls.model_fields:
        return f"write {cls.__name__}.{field.path}"
    return f"no link of {cls.__name__} leads to {field.owner}"
