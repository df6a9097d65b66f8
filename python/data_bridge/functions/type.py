"""Aggregation expressions: type.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from bson import ObjectId

from ..arguments import (
    Text,
    Truth,
    Whole,
)
from ..fields.nodes import MISSING, named, single
from ..fields.values import Value


def convert(
    input: Any,
    to: Any,
    *,
    base: Whole = MISSING,
    byte_order: Text = MISSING,
    format: Text = MISSING,
    on_error: Any = MISSING,
    on_null: Any = MISSING,
) -> Value[Any]:
    """A value as another BSON type, named as in `type` or by number.

    `$convert`, since MongoDB 4.0.
    `base` since MongoDB 8.3.
    `byte_order` since MongoDB 8.1.
    `format` since MongoDB 8.0.
    """
    return named(
        "$convert", input=input, to=to, base=base, byteOrder=byte_order, format=format, onError=on_error, onNull=on_null
    )


def deserialize_ejson(input: Any, *, on_error: Any = MISSING) -> Value[Any]:
    """The BSON value that an extended JSON document describes.

    `$deserializeEJSON`, since MongoDB 8.3.
    """
    return named("$deserializeEJSON", input=input, onError=on_error)


def is_number(value: Any) -> Value[bool]:
    """Whether the value is a number of any type.

    `$isNumber`, since MongoDB 4.4.
    """
    return single("$isNumber", value)


def serialize_ejson(input: Any, *, relaxed: Truth = MISSING, on_error: Any = MISSING) -> Value[Any]:
    """A value as extended JSON.

    `$serializeEJSON`, since MongoDB 8.3.
    """
    return named("$serializeEJSON", input=input, relaxed=relaxed, onError=on_error)


def to_array(value: Any) -> Value[list[Any]]:
    """The value as a list.

    `$toArray`, since MongoDB 8.3.
    """
    return single("$toArray", value)


def to_bool(value: Any) -> Value[bool]:
    """The value as a boolean.

    `$toBool`, since MongoDB 4.0.
    """
    return single("$toBool", value)


def to_date(value: Any) -> Value[datetime.datetime]:
    """The value as a date: text, milliseconds since 1970, an ObjectId or a timestamp.

    `$toDate`, since MongoDB 4.0.
    """
    return single("$toDate", value)


def to_decimal(value: Any) -> Value[Decimal]:
    """The value as a 128-bit decimal.

    `$toDecimal`, since MongoDB 4.0.
    """
    return single("$toDecimal", value)


def to_double(value: Any) -> Value[float]:
    """The value as a double.

    `$toDouble`, since MongoDB 4.0.
    """
    return single("$toDouble", value)


def to_int(value: Any) -> Value[int]:
    """The value as a 32-bit integer.

    `$toInt`, since MongoDB 4.0.
    """
    return single("$toInt", value)


def to_long(value: Any) -> Value[int]:
    """The value as a 64-bit integer.

    `$toLong`, since MongoDB 4.0.
    """
    return single("$toLong", value)


def to_object(value: Any) -> Value[dict[str, Any]]:
    """The value as a document.

    `$toObject`, since MongoDB 8.3.
    """
    return single("$toObject", value)


def to_object_id(value: Any) -> Value[ObjectId]:
    """The value as an ObjectId.

    `$toObjectId`, since MongoDB 4.0.
    """
    return single("$toObjectId", value)


def to_string(value: Any) -> Value[str]:
    """The value as text.

    `$toString`, since MongoDB 4.0.
    """
    return single("$toString", value)


def to_uuid(value: Any) -> Value[bytes]:
    """Text as a UUID.

    `$toUUID`, since MongoDB 8.0.
    """
    return single("$toUUID", value)


def type(value: Any) -> Value[str]:
    """Name of the value's BSON type, or "missing".

    `$type`, since MongoDB 3.4.
    """
    return single("$type", value)
