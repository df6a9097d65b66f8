"""The numbers under which hashed indexes store values: half of an MD5 over a value's type and bytes."""

from __future__ import annotations

import hashlib
import struct
from decimal import ROUND_HALF_EVEN
from typing import Any

import bson
from bson import Decimal128
from mongo_expressions import Scope, lazy
from mongo_values import MISSING, exact, is_number, number, place_of

#: What begins every hash, four bytes.
SEED = 0
#: What ends a document.
END = struct.pack("<i", 0)


def _whole(value: Any) -> int:
    """A number cut to 64 bits; decimals are rounded, and what is no number is zero."""
    found = exact(value)
    if found.is_nan():
        return 0
    if found.is_infinite() or not -(2**63) <= found < 2**63:
        return 2**63 - 1 if found > 0 else -(2**63)
    return int(found.to_integral_value(ROUND_HALF_EVEN) if isinstance(value, Decimal128) else found)


def _bytes(value: Any, name: str | None) -> bytes:
    """What is hashed of a value.

    Args:
        value: the value.
        name: of the field in whose document it is.
    """
    head = struct.pack("<i", place_of(value)) + (b"" if name is None else name.encode() + b"\0")
    if isinstance(value, list):
        value = {str(place): each for place, each in enumerate(value)}
    if isinstance(value, dict):
        return head + b"".join(_bytes(each, key) for key, each in value.items()) + END
    if is_number(value):
        return head + struct.pack("<q", _whole(value))
    # Of a document with one field that has no name: its length, the type and the end of the name come first.
    return head + bson.encode({"": value})[6:-1]


@lazy("$toHashedIndexKey")
def hashed(scope: Scope, body: Any) -> Any:
    value = scope.of(body)
    digest = hashlib.md5(struct.pack("<i", SEED) + _bytes(None if value is MISSING else value, None)).digest()
    return number("long", int.from_bytes(digest[:8], "little", signed=True))
