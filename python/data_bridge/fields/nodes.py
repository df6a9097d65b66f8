"""What values written in Python mean in a query: nodes of the IR."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from bson import ObjectId

from .. import ir
from .._core import DType, Schema
from ..errors import CompileError
from ..ir.mql import SCALARS
from ..links import Link, subclasses
from ..schema import is_of
from .list_tests import asking_elements
from .spans import MOVING, spans

if TYPE_CHECKING:
    from .values import Value

C = TypeVar("C", bound="Value[Any]")


class Built:
    """Whatever holds a node: a field, a computed value, a predicate."""

    __slots__ = ("__ir__",)
    __ir__: Any

    def __init__(self, node: ir.Expr) -> None:
        self.__ir__ = node

    def __repr__(self) -> str:
        return repr(self.__ir__)


class NoValue:
    """What stands in queries and is no value in them."""

    __slots__ = ()
    #: What to write where it was given as one.
    instead: str


def term(other: Any, schema: Schema | None = None) -> ir.Expr:
    """A predicate or a filter document as a node."""
    if isinstance(other, Built):
        node: ir.Expr = other.__ir__
        return node
    if isinstance(other, Mapping):
        return ir.parse_filter(other, schema)
    if isinstance(other, ir.Expr):
        return other
    raise _no_predicate(other)


def _no_predicate(given: Any) -> CompileError:
    """The error for what Python computed where a predicate should stand."""
    if isinstance(given, bool):
        message = f"a comparison gave {given} before it came to a query: one side of it must be a field or a value"
        hint = "write User.age == 3, and & | ~ for and, or, not; User['name'] where a method has the name of the field"
        return CompileError(message, code="not_a_predicate", hint=hint)
    hint = "write User.age > 25, or a filter as a dict"
    if isinstance(given, (str, ObjectId)) and ObjectId.is_valid(given):
        hint = "a document is found by its id with User.get(id)"
    elif isinstance(given, (int, float, str)):
        hint += "; & and | bind tighter than comparisons: write (User.age > 1) & (User.age < 5)"
    return CompileError(f"{given!r} is no predicate", code="not_a_predicate", hint=hint)


def to_ir(value: Any) -> ir.Expr:
    """What a value written in a query means: an expression's node, or a literal."""
    if isinstance(value, Built):
        node: ir.Expr = value.__ir__
        return node
    if isinstance(value, ir.Expr):
        return value
    if isinstance(value, NoValue):
        raise CompileError(f"{value!r} is no value", code="not_a_value", hint=value.instead)
    return ir.Literal(value)


def value(given: Any) -> ir.Expr:
    """A value in an aggregation: expressions inside dicts and lists are found, all else is a literal.

    A dict that holds no expression is data, whoever made it: a key in it that reads like an operator is none.
    """
    if isinstance(given, Built):
        node: ir.Expr = given.__ir__
        return asking_elements(node) if isinstance(node, ir.Predicate) else node
    # Most are of these, and asking an abstract class takes long.
    if type(given) in SCALARS:
        return ir.Literal(given)
    if isinstance(given, Mapping):
        fields = {str(key): value(item) for key, item in given.items()}
        if any(key.startswith("$") or "." in key or not key for key in fields) and all(map(_constant, fields.values())):
            return ir.Literal(dict(given))
        return ir.DocumentExpr(fields)
    if isinstance(given, (list, tuple)):
        return ir.ArrayExpr(tuple(value(item) for item in given))
    return to_ir(given)


def _constant(node: ir.Expr) -> bool:
    if isinstance(node, ir.DocumentExpr):
        return all(map(_constant, node.fields.values()))
    if isinstance(node, ir.ArrayExpr):
        return all(map(_constant, node.items))
    return isinstance(node, ir.Literal)


def of_documents(given: Any, written: str) -> ir.Expr:
    """A value that groups and accumulators compute of each document.

    Args:
        given: the value.
        written: how a field is given there, with `{}` in its place.

    Raises:
        CompileError: it is a constant text, or holds one that is written as MQL writes a field.
    """
    text = given if isinstance(given, str) else _path_text(given)
    if text is None:
        return value(given)
    name = text.lstrip("$")
    field = f"{written.format(f'User.{name}')} for the field, and " if name else ""
    raise CompileError(
        f"{text!r} is a constant text, the same for every document",
        code="constant_text",
        hint=f"write {field}fn.literal({text!r}) for the text itself",
    )


def _path_text(given: Any) -> str | None:
    """A text, in dicts and lists too, that MQL would read as a field."""
    if isinstance(given, str):
        return given if given.startswith("$") else None
    parts = given.values() if isinstance(given, Mapping) else given if isinstance(given, (list, tuple)) else ()
    return next(filter(None, map(_path_text, parts)), None)


def result(node: ir.Expr) -> Value[Any]:
    """A computed value, with the methods of one."""
    return _VALUE(node)


#: The class of computed values, which is built of what is here.
_VALUE: type[Value[Any]]


def gives_results(cls: type[C]) -> type[C]:
    """Makes a class the one of computed values."""
    global _VALUE
    _VALUE = cls
    return cls


def single(name: str, given: Any) -> Value[Any]:
    """An operator of one argument."""
    return result(ir.Call(name, (value(given),), True))


def listed(name: str, *given: Any) -> Value[Any]:
    """An operator of positional arguments; trailing ones that are None were not given."""
    if name in MOVING and any(isinstance(each, datetime.timedelta) for each in given):
        given = spans(name, given)
    return result(ir.Call(name, tuple(map(value, given))))


def named(name: str, /, **given: Any) -> Value[Any]:
    """An operator of named arguments, by their MQL names; those that are `MISSING` were not given."""
    return result(ir.Call(name, {key: value(item) for key, item in given.items() if item is not MISSING}))


def constant(given: Any) -> Any:
    """A value that the server does not evaluate: it stands as it is."""
    return given if given is MISSING or isinstance(given, (Built, ir.Expr)) else ir.Literal(given)


class _Missing:
    """The default of an optional argument: None is a value."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()


def positions(*given: Any) -> tuple[Any, ...]:
    """Positional arguments without the optional ones at the end that were not given.

    Raises:
        TypeError: one before the last was left out, so that the rest would stand in its place.
    """
    found = tuple(item for item in given if item is not MISSING)
    if any(item is MISSING for item in given[: len(found)]):
        raise TypeError("positions cannot be left out: give the arguments before the last one too")
    return found


def present(*given: Any) -> tuple[Any, ...]:
    """Positional arguments without those that were not given, wherever they stand."""
    return tuple(item for item in given if item is not MISSING)


def coerce(field: ir.Field, value: Any) -> Any:
    """The value as the field stores it: 24 hex digits for an ObjectId, a member's value, a document's id."""
    kind = type(value)
    if kind is str:
        dtype = field.dtype
        if dtype.kind != "string" and _holds(dtype, "object_id") and ObjectId.is_valid(value):
            return ObjectId(value)
        return value
    if kind is int or kind is float or value is None:
        return value
    if isinstance(value, Enum):
        return value.value
    is_link = isinstance(value, Link)
    if is_link or (hasattr(value, "__data_bridge_image__") and _holds(field.dtype, "object_id", "link", "any")):
        if value.id is None:
            raise CompileError(
                f"{field.label} is compared with a {kind.__name__} that has no id",
                code="no_id",
                path=field.path,
                hint="insert() it first",
            )
        _check_class(field, value)
        return value.id
    if kind in (list, tuple, dict) and _holds(field.dtype, "link"):
        # Links in lists and dicts are stored as links too, never as copies of the documents.
        if kind is dict:
            return {key: coerce(field, item) for key, item in value.items()}
        return [coerce(field, item) for item in value]
    return value


def _check_class(field: ir.Field, value: Any) -> None:
    """Refuses a document, or a link to one, where links lead to another class."""
    schemas = list(_linked(field.dtype))
    given = value._to.target if isinstance(value, Link) else type(value)
    # A link may lead to a class below the one that it names.
    classes = [given, *subclasses(given)] if isinstance(value, Link) else [given]
    if schemas and not any(is_of(cls, schema) for schema in schemas for cls in classes):
        target = schemas[0].name
        raise CompileError(
            f"{field.label} links to {target}, and was given a {given.__name__}",
            code="wrong_class",
            path=field.path,
            hint=f"give a {target}, a link to one, or its id",
        )


def _linked(dtype: DType) -> Iterator[Schema]:
    """What the links lead to that values of the type are, or hold in lists and dicts."""
    for member in dtype.members:
        if member.kind == "link" and member.schema is not None:
            yield member.schema
        elif member.kind in ("array", "map") and member.element is not None:
            yield from _linked(member.element)


def _holds(dtype: DType, *kinds: str) -> bool:
    """Whether values of the type are of one of these kinds, or lists or dicts of or links by them."""
    for member in dtype.members:
        if member.kind in kinds:
            return True
        if member.kind in ("link", "array", "map") and member.element is not None and _holds(member.element, *kinds):
            return True
    return False


def values_of(label: str, given: Iterable[Any]) -> list[Any]:
    """The values of a membership test.

    Raises:
        CompileError: a text was given where a list of them was meant.
    """
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise CompileError(
            f"{label}: give a list of values, not {given!r}", code="not_a_list", hint=f"write [{given!r}, ...]"
        )
    return list(given)
