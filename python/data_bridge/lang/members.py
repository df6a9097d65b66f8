"""What a name means: at the start of a path, below a value, and as a method of it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from typing import Any

from ..document import Document, DocumentMeta, proxy_of
from ..fields.path import Path
from ..fields.proxy import FieldProxy, no_such_field
from ..fields.values import Value
from ..lambdas import Variable
from ..outputs import Output
from ..pipeline_builder import PipelineBuilder
from ..query import Query
from ..stages.base import F
from . import names
from .literals import CONSTANTS
from .statement import Statement


class MemberError(Exception):
    """A name that means nothing where it stands."""

    def __init__(self, message: str, code: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint


class Known:
    """Something that can be called."""

    __slots__ = ("function", "label", "writes")
    what = "a function"
    hint = "call it: (...)"

    def __init__(self, label: str, function: Callable[..., Any], writes: bool = False) -> None:
        self.label = label
        self.function = function
        #: It changes stored documents when it is run.
        self.writes = writes


class Namespace:
    """What stands before the dot of names: `fn`, `F`, `re`."""

    __slots__ = ("label",)
    what = "what names stand below"
    hint = "write a dot and a name behind it"

    def __init__(self, label: str) -> None:
        self.label = label


_F = Namespace("F")


def root(name: str, models: Mapping[str, Any], scope: Mapping[str, Any]) -> Any:
    """What a name means that is neither a class nor a parameter.

    Raises:
        MemberError: nothing.
    """
    if name == "F":
        return _F
    if name in CONSTANTS:
        return CONSTANTS[name]
    functions = names.functions_by_name()
    if name in functions:
        return Known(name, functions[name])
    if name in names.namespaces():
        return Namespace(name)
    known = [*models, *scope, *(each for each in functions if "." not in each), "F", "fn"]
    raise MemberError(_unknown(f"{name!r} is not known", name, known, f"classes: {', '.join(models)}"), "unknown_name")


#: Longer paths are not kept: texts could fill the memory with them.
_KEPT_PATH = 200


def field_of(cls: Any, path: str) -> FieldProxy[Any]:
    """The field of a class at a path of names.

    Raises:
        MemberError: one of the names can be no field.
        CompileError: there is no such field.
    """
    return _known_field(cls, path) if len(path) <= _KEPT_PATH else _known_field.__wrapped__(cls, path)


@lru_cache(maxsize=4096)
def _known_field(cls: Any, path: str) -> FieldProxy[Any]:
    first, *names = path.split(".")
    # A proxy keeps those that were made below it, and texts may name any number: they are not kept on the class.
    found = proxy_of(cls, first) if first in cls.model_fields else attribute(cls, first)
    for name in names:
        found = attribute(found, name)
    return found


def attribute(base: Any, name: str) -> Any:
    """What a name means below a value, when it is not called.

    Raises:
        MemberError: nothing.
        CompileError: a field has no such field.
    """
    if name.startswith("__"):
        raise MemberError(f"{name!r}: names that begin with __ mean nothing in a query", "hidden_name")
    if isinstance(base, Path):
        return base[name]
    if isinstance(base, DocumentMeta):
        # Classes are known by their fields alone: nothing else of them is looked up.
        cls: Any = base
        if name in cls.model_fields:
            return field_of(cls, name)
        if name in _methods_of(base):
            raise MemberError(f"{base.__name__}.{name} is a method", "not_a_value", "call it: (...)")
        raise no_such_field(base, name)
    if isinstance(base, Namespace):
        label = f"{base.label}.{name}"
        return F[name] if base is _F else CONSTANTS[label] if label in CONSTANTS else _no_member(base, name)
    return _no_member(base, name)


def method(base: Any, name: str) -> Known:
    """The method of a value.

    Raises:
        MemberError: it has none of that name.
        CompileError: there is one, but not for values of this type.
    """
    if isinstance(base, FieldProxy) and name in names.FIELD_METHODS:
        return Known(name, getattr(base, name))
    if isinstance(base, (FieldProxy, Variable)):
        found = getattr(base, name) if name in ("in_", "not_in", "between", "map", "filter", "reduce") else None
        if found is None:
            found = base._method(name)
        if found is None:
            raise _no_method(base, name, names.FIELD_METHODS | names.VALUE_METHODS)
        return Known(name, found)
    allowed = _methods_of(base)
    if name not in allowed:
        raise _no_method(base, name, allowed)
    return allowed[name](base, name)


def _own(base: Any, name: str) -> Known:
    return Known(name, getattr(base, name))


def _staged(base: Any, name: str) -> Known:
    """What takes stages: whether they may write is judged of the whole text, however they are written."""
    return Known(name, partial(getattr(base, name), allow_writing=True))


def _ending(base: Any, name: str) -> Known:
    def end(*arguments: Any, **named: Any) -> Statement:
        return Statement(base, name, arguments, named)

    return Known(name, end, name in names.WRITES)


def _counting(base: Any, name: str) -> Known:
    """Of a pipeline: with a name a stage, and without one the end of it."""
    return Known(name, lambda *named: base.count(*named) if named else Statement(base, name))


def _of_class(base: Any, name: str) -> Known:
    if name == "get":

        def get(id: Any) -> Statement:
            return Statement(base.find_one(field_of(base, "id") == id), "first")

        return Known(name, get)
    return _ending(base.find(), names.CLASS_WRITES.get(name, name))


def _methods_of(base: Any) -> Mapping[str, Callable[[Any, str], Known]]:
    """The methods of a value, by name, each with what finds it."""
    if isinstance(base, type):
        return _OF_CLASSES if issubclass(base, Document) else {}
    for kind, methods in _OF_VALUES:
        if isinstance(base, kind):
            return methods
    if isinstance(base, (Namespace, Known)):
        functions = names.functions_by_name()
        start = f"{base.label}."
        return {each.removeprefix(start): _in_namespace for each in functions if each.startswith(start)}
    return {}


_OF_CLASSES: Mapping[str, Callable[[Any, str], Known]] = {
    **dict.fromkeys(names.CLASS_QUERIES, _own),
    "aggregate": _staged,
    **dict.fromkeys((*names.CLASS_READS, *names.CLASS_WRITES, "get"), _of_class),
}
_OF_QUERIES: Mapping[str, Callable[[Any, str], Known]] = {
    **dict.fromkeys(names.QUERY_METHODS, _own),
    "aggregate": _staged,
    **dict.fromkeys(names.READS | names.WRITES, _ending),
}
_OF_VALUES: tuple[tuple[type, Mapping[str, Callable[[Any, str], Known]]], ...] = (
    (
        PipelineBuilder,
        {**_OF_QUERIES, **dict.fromkeys(names.PIPELINE_METHODS, _own), "count": _counting, "stage": _staged},
    ),
    (Query, _OF_QUERIES),
    (Value, dict.fromkeys(names.VALUE_METHODS, _own)),
    (Output, dict.fromkeys(names.OUTPUT_METHODS, _own)),
)


def _in_namespace(base: Namespace | Known, name: str) -> Known:
    label = f"{base.label}.{name}"
    return Known(label, names.functions_by_name()[label])


def _no_method(base: Any, name: str, known: Iterable[str]) -> MemberError:
    known = sorted(known)
    if not known:
        return MemberError(f"{_named(base)} has no methods", "no_such_method")
    listed = f"there are {', '.join(known)}" if len(known) < 40 else ""
    return MemberError(_unknown(f"{_named(base)} has no method {name!r}", name, known, listed), "no_such_method")


def _no_member(base: Any, name: str) -> Any:
    if name in _methods_of(base):
        raise MemberError(f"{name} is a method", "not_a_value", "call it: (...)")
    raise MemberError(f"{_named(base)} has no field {name!r}", "no_such_field")


def _named(base: Any) -> str:
    """How messages call a value."""
    if isinstance(base, Path):
        return base._label
    if isinstance(base, Namespace):
        return base.label
    if isinstance(base, type):
        return base.__name__
    if isinstance(base, Statement):
        return f"{base.terminal}() ends the query, and what it gives"
    if isinstance(base, Query):
        return "a query"
    return "a computed value" if isinstance(base, Value) else f"{type(base).__name__}"


def _unknown(message: str, name: str, known: Iterable[str], more: str) -> str:
    nearest = difflib.get_close_matches(name, list(known), n=1)
    guess = f"; did you mean {nearest[0]!r}?" if nearest else ""
    foreign = [each for each in name if not each.isascii()]
    letters = f"; {foreign[0]!r} in it is U+{ord(foreign[0]):04X}, no ASCII letter" if foreign else ""
    return f"{message}{guess}{letters}{f'; {more}' if more else ''}"
