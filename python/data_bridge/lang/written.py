"""Values as text: the literals of the language, which are Python's where Python has them."""

from __future__ import annotations

import datetime
import decimal
import enum
import keyword
import re
import unicodedata
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import bson
from bson.code import Code

_NAME = re.compile(r"[^\W\d]\w*")


class NoForm(Exception):
    """There is no text that means this."""


def is_name(name: Any) -> bool:
    """Whether a text can stand as a name, behind a dot or before an argument."""
    return (
        isinstance(name, str)
        and _NAME.fullmatch(name) is not None
        and name.isidentifier()
        and not keyword.iskeyword(name)
        and not name.startswith("__")
        and unicodedata.normalize("NFKC", name) == name
    )


def written(value: Any, python: bool) -> str:
    """A value as a literal.

    Args:
        value: anything that MongoDB can store.
        python: as Python has it, where the language has a shorter form.

    Raises:
        NoForm: the value has no literal.
    """
    kind = type(value)
    if kind is str:
        return quoted(value)
    if kind is bool or kind is bytes or value is None:
        return repr(value)
    if kind is int:
        return _whole(value)
    if kind is float:
        return repr(value) if value - value == 0 else f'float("{value}")'
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)}: {written(item, python)}" for key, item in value.items()) + "}"
    if kind is list:
        return "[" + ", ".join(written(item, python) for item in value) + "]"
    if isinstance(value, tuple):
        items = ", ".join(written(item, python) for item in value)
        return f"({items},)" if len(value) == 1 else f"({items})"
    form = _FORMS.get(kind)
    if form is not None:
        return form(value)
    if isinstance(value, datetime.datetime):
        return _moment(value, python)
    if isinstance(value, datetime.date):
        return f'date.fromisoformat("{value.isoformat()}")'
    return _of_subclass(value, python)


def quoted(text: str) -> str:
    """A text between double quotes."""
    written = repr(text)
    if written[0] == '"':
        return written
    inner = written[1:-1].replace("\\'", "'").replace('"', '\\"')
    return f'"{inner}"'


def _whole(value: int) -> str:
    if not -(2**63) <= value < 2**63:
        raise NoForm(f"{value} is no 64-bit number")
    return repr(value)


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise NoForm(f"{key!r} is a key, and no text")
    return quoted(str(key))


def _moment(value: datetime.datetime, python: bool) -> str:
    text = value.isoformat()
    if value.tzinfo is not None and value.utcoffset() == datetime.timedelta(0):
        text = text.replace("+00:00", "Z")
    return f'datetime.fromisoformat("{text}")' if python else f'datetime("{text}")'


def _of_subclass(value: Any, python: bool) -> str:
    """A value of a class below one that has literals: it is stored as that one would be."""
    if isinstance(value, enum.Enum):
        return written(value.value, python)
    if isinstance(value, bson.ObjectId):
        return _FORMS[bson.ObjectId](value)
    for base in (str, int, float, bytes, list):
        if isinstance(value, base):
            plain: Any = base
            return written(plain(value), python)
    if isinstance(value, (set, frozenset)):
        return written(list(value), python)
    image = getattr(value, "model_dump", None)
    if image is not None:
        return written(image(by_alias=True), python)
    raise NoForm(f"{type(value).__name__} has no literal")


def _pattern(value: re.Pattern[Any]) -> str:
    default = re.compile("" if isinstance(value.pattern, str) else b"").flags
    flags = value.flags & ~default
    pattern = written(value.pattern, False)
    return f"re.compile({pattern}, {flags})" if flags else f"re.compile({pattern})"


def _regex(value: Any) -> str:
    pattern = written(value.pattern, False)
    letters = "".join(letter for letter, flag in _LETTERS.items() if int(value.flags) & flag)
    return f'bson.Regex({pattern}, "{letters}")' if letters else f"bson.Regex({pattern})"


_LETTERS = {"i": re.I, "l": re.L, "m": re.M, "s": re.S, "u": re.U, "x": re.X}


def _reference(value: Any) -> str:
    parts = [quoted(value.collection), written(value.id, False)]
    if value.database is not None:
        parts.append(quoted(value.database))
    return f"DBRef({', '.join(parts)})"


def _code(value: Any) -> str:
    if value.scope is not None:
        raise NoForm("a program with a scope has no literal")
    return f"Code({quoted(str(value))})"


_FORMS: Mapping[type, Callable[[Any], str]] = {
    bson.ObjectId: lambda value: f'ObjectId("{value}")',
    bson.Decimal128: lambda value: f'Decimal128("{value}")',
    decimal.Decimal: lambda value: f'Decimal("{value}")',
    bson.Int64: lambda value: f"Int64({int(value)})",
    uuid.UUID: lambda value: f'UUID("{value}")',
    bson.Binary: lambda value: f"Binary({bytes(value)!r}, {value.subtype})",
    bson.Timestamp: lambda value: f"Timestamp({value.time}, {value.inc})",
    bson.MinKey: lambda _: "MinKey()",
    bson.MaxKey: lambda _: "MaxKey()",
    bson.DBRef: _reference,
    Code: _code,
    re.Pattern: _pattern,
    bson.Regex: _regex,
}
