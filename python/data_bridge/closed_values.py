"""Fields that may be given a few values only: those of an enum or a `Literal`."""

from __future__ import annotations

import enum
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from ._core import Schema
from .errors import CompileError
from .ir.paths import owner_at
from .ir.places import nearest, shown

_PLAIN = (str, bytes, int, float)


def accepted_values(annotation: Any) -> list[Any] | None:
    """The only values, None apart, that a field may be given, or the lists and dicts that it holds.

    Args:
        annotation: the field's.

    Returns:
        The values as they are stored; None when there are more than can be told.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is None or annotation is type(None):
        return []
    if origin is Annotated:
        return accepted_values(arguments[0])
    if hasattr(annotation, "__value__"):  # a `type` alias
        return accepted_values(annotation.__value__)
    if origin is Literal:
        return _plain(each.value if isinstance(each, enum.Enum) else each for each in arguments if each is not None)
    if origin in (Union, types.UnionType):
        return _joined(arguments)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        # A counter names its keys alone.
        return accepted_values(arguments[1]) if len(arguments) == 2 else None
    if isinstance(origin, type) and issubclass(origin, Iterable):
        return _joined(item for item in arguments if item is not Ellipsis)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum) and not issubclass(annotation, enum.Flag):
        return _plain(member.value for member in annotation)
    return None


def _plain(values: Iterable[Any]) -> list[Any] | None:
    found = list(values)
    return found if all(isinstance(each, _PLAIN) for each in found) else None


def _joined(annotations: Iterable[Any]) -> list[Any] | None:
    found: list[Any] = []
    for each in annotations:
        accepted = accepted_values(each)
        if accepted is None:
            return None
        found += accepted
    return found


def refuse_unaccepted(op: str, schema: Schema | None, path: str, value: Any) -> None:
    """Refuses to write what a field of a closed set of values may not be given.

    Args:
        op: what writes, for the message.
        schema: whose field it is; None allows any.
        path: the field's stored path, positions in lists included.
        value: what is written: a value, or elements of the field's list.

    Raises:
        CompileError: a value is none of those that the field takes; it lists them.
    """
    owner, name = owner_at(schema, path)
    fault = unaccepted(owner, name, value) if owner is not None else ""
    if fault:
        raise CompileError(f"{op}: {fault}", code="value_not_accepted", path=path)


def unaccepted(schema: Schema, name: str, value: Any) -> str:
    """What a class's field takes, where it does not take the value; nothing where it does."""
    accepted = schema.accepts(name)
    if not accepted:
        return ""
    for each in _leaves(value):
        if each is not None and not any(_same(each, known) for known in accepted):
            texts = [known for known in accepted if isinstance(known, str)]
            said = f"; {nearest(each, texts, 1)}" if isinstance(each, str) and nearest(each, texts, 1) else ""
            return f"{schema.name}.{name} takes {_either(accepted)}, not {shown(each)}{said}"
    return ""


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, enum.Enum):
        yield value.value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from _leaves(each)
    else:
        yield value


def _same(given: Any, known: Any) -> bool:
    return bool(given == known) and isinstance(given, bool) == isinstance(known, bool)


def _either(known: list[Any]) -> str:
    return repr(known[0]) if len(known) == 1 else f"one of {', '.join(map(repr, known))}"
