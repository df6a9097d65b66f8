"""Query operators as classes that are built of their operands, or by the method of a field.

Written by `make generate` from `ir/catalog/queries.toml`: change that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from . import ir
from .fields import Predicate
from .fields.subjects import compared, tested


class Eq(Predicate):
    """The value, or an element of the list, equals this.

    `$eq`, since MongoDB 3.0.
    """

    __slots__ = ()

    def __init__(self, left: Any, right: Any) -> None:
        super().__init__((compared(left) == right).__ir__)


class Gt(Predicate):
    """The value is greater, among values of its kind.

    `$gt`, since MongoDB 1.0.
    """

    __slots__ = ()

    def __init__(self, left: Any, right: Any) -> None:
        super().__init__((compared(left) > right).__ir__)


class Gte(Predicate):
    """The value is greater or equal, among values of its kind.

    `$gte`, since MongoDB 1.0.
    """

    __slots__ = ()

    def __init__(self, left: Any, right: Any) -> None:
        super().__init__((compared(left) >= right).__ir__)


class In(Predicate):
    """The value, or an element of the list, is one of these.

    `$in`, since MongoDB 1.0.
    """

    __slots__ = ()

    def __init__(self, field: Any, values: Iterable[Any]) -> None:
        super().__init__(tested(field).in_(values).__ir__)


class Lt(Predicate):
    """The value is less, among values of its kind.

    `$lt`, since MongoDB 1.0.
    """

    __slots__ = ()

    def __init__(self, left: Any, right: Any) -> None:
        super().__init__((compared(left) < right).__ir__)


class Lte(Predicate):
    """The value is less or equal, among values of its kind.

    `$lte`, since MongoDB 1.0.
    """

    __slots__ = ()

    def __init__(self, left: Any, right: Any) -> None:
        super().__init__((compared(left) <= right).__ir__)


class Ne(Predicate):
    """Neither the value nor an element of the list equals this.

    `$ne`, since MongoDB 1.0.
    """

    __slots__ = ()

    def __init__(self, left: Any, right: Any) -> None:
        super().__init__((compared(left) != right).__ir__)


class NotIn(Predicate):
    """The value is none of these; missing counts as none.

    `$nin`, since MongoDB 1.0.
    """

    __slots__ = ()

    def __init__(self, field: Any, values: Iterable[Any]) -> None:
        super().__init__(tested(field).not_in(values).__ir__)


class Exists(Predicate):
    """The field is stored, if only as null.

    `$exists`, since MongoDB 1.0.
    """

    __slots__ = ()

    def __init__(self, field: Any, present: bool = True) -> None:
        super().__init__(tested(field).exists(present).__ir__)


class Type(Predicate):
    """The stored value has one of these BSON types.

    `$type`, since MongoDB 1.0.
    """

    __slots__ = ()

    def __init__(self, field: Any, *types: str | int) -> None:
        super().__init__(tested(field).type_(*types).__ir__)


class Comment(Predicate):
    """A note that the server's log shows; it holds always.

    `$comment`, since MongoDB 2.6.
    """

    __slots__ = ()

    def __init__(self, note: Any) -> None:
        super().__init__(ir.Raw({"$comment": note}))


class Mod(Predicate):
    """The number leaves this remainder.

    `$mod`, since MongoDB 1.0.
    """

    __slots__ = ()

    def __init__(self, field: Any, divisor: int, remainder: int) -> None:
        super().__init__(tested(field).mod(divisor, remainder).__ir__)


class Regex(Predicate):
    """The text matches a PCRE pattern; `options` are letters of "imsx".

    `$regex`, since MongoDB 1.0.
    """

    __slots__ = ()

    def __init__(self, field: Any, pattern: str | re.Pattern[str], options: str = "") -> None:
        super().__init__(tested(field).regex(pattern, options).__ir__)


class All(Predicate):
    """The list holds all of these.

    `$all`, since MongoDB 1.0.
    """

    __slots__ = ()

    def __init__(self, field: Any, values: Iterable[Any]) -> None:
        super().__init__(tested(field).all_(values).__ir__)


class ElemMatch(Predicate):
    """One element meets the whole predicate: a function of the element, or a dict.

    `$elemMatch`, since MongoDB 1.4.
    """

    __slots__ = ()

    def __init__(self, field: Any, predicate: Any) -> None:
        super().__init__(tested(field).elem_match(predicate).__ir__)


class Size(Predicate):
    """The list has exactly this many elements.

    `$size`, since MongoDB 1.0.
    """

    __slots__ = ()

    def __init__(self, field: Any, count: int) -> None:
        super().__init__(tested(field).size(count).__ir__)


class BitsAllClear(Predicate):
    """All these bits are 0; bits are a mask or a list of positions.

    `$bitsAllClear`, since MongoDB 3.2.
    """

    __slots__ = ()

    def __init__(self, field: Any, bits: int | bytes | list[int]) -> None:
        super().__init__(tested(field).bits_all_clear(bits).__ir__)


class BitsAllSet(Predicate):
    """All these bits are 1; bits are a mask or a list of positions.

    `$bitsAllSet`, since MongoDB 3.2.
    """

    __slots__ = ()

    def __init__(self, field: Any, bits: int | bytes | list[int]) -> None:
        super().__init__(tested(field).bits_all_set(bits).__ir__)


class BitsAnyClear(Predicate):
    """Some of these bits is 0; bits are a mask or a list of positions.

    `$bitsAnyClear`, since MongoDB 3.2.
    """

    __slots__ = ()

    def __init__(self, field: Any, bits: int | bytes | list[int]) -> None:
        super().__init__(tested(field).bits_any_clear(bits).__ir__)


class BitsAnySet(Predicate):
    """Some of these bits is 1; bits are a mask or a list of positions.

    `$bitsAnySet`, since MongoDB 3.2.
    """

    __slots__ = ()

    def __init__(self, field: Any, bits: int | bytes | list[int]) -> None:
        super().__init__(tested(field).bits_any_set(bits).__ir__)


class GeoIntersects(Predicate):
    """Shares a point with a GeoJSON geometry.

    `$geoIntersects`, since MongoDB 2.4.
    """

    __slots__ = ()

    def __init__(self, field: Any, geometry: Any) -> None:
        super().__init__(tested(field).intersects(geometry).__ir__)


class GeoWithin(Predicate):
    """Lies inside a geometry: a `Polygon`, a `Circle`, a GeoJSON dict, ...

    `$geoWithin`, since MongoDB 2.4.
    """

    __slots__ = ()

    def __init__(self, field: Any, geometry: Any) -> None:
        super().__init__(tested(field).within(geometry).__ir__)


class Near(Predicate):
    """Nearest first to a GeoJSON point, between two distances in meters; needs a geo index.

    `$near`, since MongoDB 1.4.
    """

    __slots__ = ()

    def __init__(
        self, field: Any, point: Any, *, max_distance: float | None = None, min_distance: float | None = None
    ) -> None:
        super().__init__(tested(field).near(point, max_distance=max_distance, min_distance=min_distance).__ir__)


class NearSphere(Predicate):
    """Nearest first on a sphere, between two distances in meters; needs a geo index.

    `$nearSphere`, since MongoDB 1.8.
    """

    __slots__ = ()

    def __init__(
        self, field: Any, point: Any, *, max_distance: float | None = None, min_distance: float | None = None
    ) -> None:
        super().__init__(tested(field).near_sphere(point, max_distance=max_distance, min_distance=min_distance).__ir__)


__all__ = [
    "All",
    "BitsAllClear",
    "BitsAllSet",
    "BitsAnyClear",
    "BitsAnySet",
    "Comment",
    "ElemMatch",
    "Eq",
    "Exists",
    "GeoIntersects",
    "GeoWithin",
    "Gt",
    "Gte",
    "In",
    "Lt",
    "Lte",
    "Mod",
    "Ne",
    "Near",
    "NearSphere",
    "NotIn",
    "Regex",
    "Size",
    "Type",
]
