"""Update operators as classes: of every field they are given, and what it is updated with.

Written by `make generate` from `ir/catalog/updates.toml`: change that.
"""

from __future__ import annotations

from .field_update import FieldUpdate


class Inc(FieldUpdate):
    """Adds to the number.

    `$inc`, since MongoDB 1.0.
    """

    op = "$inc"


class Mul(FieldUpdate):
    """Multiplies the number.

    `$mul`, since MongoDB 2.6.
    """

    op = "$mul"


class Rename(FieldUpdate):
    """Gives the field another stored name.

    `$rename`, since MongoDB 1.0.
    """

    op = "$rename"


class SetOnInsert(FieldUpdate):
    """Stores the value only when an upsert inserts.

    `$setOnInsert`, since MongoDB 2.4.
    """

    op = "$setOnInsert"


class Pop(FieldUpdate):
    """Removes the last element, or with -1 the first.

    `$pop`, since MongoDB 1.0.
    """

    op = "$pop"


class Pull(FieldUpdate):
    """Removes every element that equals a value or meets a condition.

    `$pull`, since MongoDB 1.0.
    """

    op = "$pull"


class PullAll(FieldUpdate):
    """Removes every element that is one of these.

    `$pullAll`, since MongoDB 1.0.
    """

    op = "$pullAll"


class Bit(FieldUpdate):
    """Combines the integer with another, bit by bit: as `and`, `or` or `xor`.

    `$bit`, since MongoDB 1.0.
    """

    op = "$bit"


__all__ = ["Bit", "Inc", "Mul", "Pop", "Pull", "PullAll", "Rename", "SetOnInsert"]
