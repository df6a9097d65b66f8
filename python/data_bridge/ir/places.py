"""Where in MQL something stands: told in errors, and put together only then."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypeGuard

from data_bridge.errors import CompileError

#: The names on the way, the innermost first: `("x", ("$set", ("0", None)))` is `0.$set.x`.
Place: TypeAlias = tuple[Any, Any] | None


def told(at: Place) -> str:
    """The place as a dotted path."""
    names: list[str] = []
    while at is not None:
        name, at = at
        names.append(str(name))
    return ".".join(reversed(names))


def wrong(
    message: str, at: Place, hint: str | None = None, *, code: str = "malformed_expression", whole: str = "expression"
) -> CompileError:
    """The error for MQL that no server takes.

    Args:
        message: what is wrong, and what was expected.
        at: where.
        hint: what would be right.
        code: which part of the language it is.
        whole: what the outermost place is called.
    """
    return CompileError(message, code=code, path=told(at) or whole, hint=hint)


def shown(given: Any) -> str:
    """A value in a message: of a long or deep one some."""
    return _SHORT.repr(given)


class _Short(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:
        # Python refuses to write very long ones.
        return super().repr_int(x, level) if x.bit_length() < 1000 else f"a number of {x.bit_length()} bits"


_SHORT = _Short()
_SHORT.maxdict = _SHORT.maxlist = _SHORT.maxtuple = 6
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 80
_SHORT.maxlevel = 4


def nearest(name: Any, known: Iterable[str], most: int = 3) -> str:
    """What was perhaps meant, at most so many names, as the beginning of a hint."""
    found = difflib.get_close_matches(str(name), sorted(known), n=most)
    return f"did you mean {' or '.join(map(repr, found))}?" if found else ""


def slip(name: str, known: Iterable[str]) -> str:
    """The name that one which is not known is nearly: nothing when there is none, for it may be of a newer server."""
    if name in known:
        return ""
    found = difflib.get_close_matches(name, sorted(known), n=1, cutoff=_ALIKE)
    return found[0] if found else ""


#: How alike a name must be to one that is known to be taken for a slip.
_ALIKE = 0.8


def is_dict(given: Any) -> TypeGuard[Mapping[Any, Any]]:
    """Whether BSON would store it as a document. Asking an abstract class takes long, and most are dicts."""
    return type(given) is dict or isinstance(given, Mapping)


def is_list(given: Any) -> TypeGuard[Sequence[Any]]:
    """Whether BSON would store it as an array."""
    return type(given) is list or (
        isinstance(given, Sequence) and not isinstance(given, (str, bytes, bytearray, memoryview))
    )
