"""Predicates of a field: what a filter asks of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, overload

from pydantic import BaseModel

from .. import ir
from .._core import DType
from ..errors import CompileError
from ..geo import Point, geojson, near, shape
from ..ir.parse import element_at
from ..ir.parse_expressions import Scope
from .expression import Expression, Predicate, T_co, compare
from .nodes import coerce, single, to_ir, values_of
from .path import Path
from .values import Value

if TYPE_CHECKING:
    from bson import Decimal128

    from ..arguments import Listed, Number
    from .proxy import FieldProxy

E = TypeVar("E")

#: What a pattern may match: text, or texts in a list.
Written: TypeAlias = str | list[str] | set[str] | frozenset[str] | tuple[str, ...] | None


#: The names of BSON's types, in the order of their numbers from 1.
_TYPES = (
    *("double", "string", "object", "array", "binData", "undefined", "objectId", "bool", "date", "null", "regex"),
    *("dbPointer", "javascript", "symbol", "javascriptWithScope", "int", "timestamp", "long", "decimal"),
)
_NUMBERED = {**dict(enumerate(_TYPES, 1)), -1: "minKey", 127: "maxKey"}


def _type_name(given: str | int) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, (list, tuple, set, frozenset)):
        hint = f"give one after the other: type_({', '.join(map(repr, given))})"
        raise CompileError(f"{given!r} is no type of BSON", code="unknown_type", hint=hint)
    if type(given) is not int or given not in _NUMBERED:
        raise CompileError(f"{given!r} is no type of BSON", code="unknown_type", hint=f"types: {', '.join(_TYPES)}")
    return _NUMBERED[given]


class FieldPredicates(Path[T_co]):
    """The query operators of a field, as methods."""

    __slots__ = ()
    __ir__: ir.Field

    @overload
    def in_(self: FieldPredicates[Listed[E] | None], values: Iterable[E | None]) -> Predicate: ...
    @overload
    def in_(self, values: Iterable[T_co | None]) -> Predicate: ...
    def in_(self, values: Any, *more: Any) -> Predicate:
        """The value, or an element of the list, is one of these."""
        return Predicate(ir.In(self.__ir__, self._coerced(values, more)))

    @overload
    def not_in(self: FieldPredicates[Listed[E] | None], values: Iterable[E | None]) -> Predicate: ...
    @overload
    def not_in(self, values: Iterable[T_co | None]) -> Predicate: ...
    def not_in(self, values: Any, *more: Any) -> Predicate:
        """The value is none of these, nor an element of the list is; missing counts as none."""
        return Predicate(ir.In(self.__ir__, self._coerced(values, more), True))

    def _coerced(self, values: Any, more: tuple[Any, ...] = ()) -> tuple[Any, ...]:
        if more:
            raise CompileError(
                f"{self.__ir__.label}: give one list of values",
                code="not_a_list",
                path=self.__ir__.path,
                hint=f"write .in_({[values, *more]!r})",
            )
        return tuple(coerce(self.__ir__, value) for value in values_of(self.__ir__.label, values))

    @overload
    def between(self: FieldPredicates[float | Decimal | Decimal128 | None], low: Number, high: Number) -> Predicate: ...
    @overload
    def between(self, low: T_co | Expression[T_co], high: T_co | Expression[T_co]) -> Predicate: ...
    def between(self, low: Any, high: Any) -> Predicate:
        """`low <= value <= high`; on a list, each bound may be met by another element."""
        range_: Predicate = (self >= low) & (self <= high)
        return range_

    def exists(self, present: bool = True) -> Predicate:
        """The field is stored, if only as null."""
        return Predicate(ir.Exists(self.__ir__, present))

    def is_null(self) -> Predicate:
        """The value is null or missing."""
        return Predicate(ir.Compare("eq", self.__ir__, ir.Literal(None)))

    def type_(self, *types: str | int) -> Predicate:
        """The stored value has one of these BSON types, such as "string" or "int", or their numbers."""
        return Predicate(ir.IsType(self.__ir__, tuple(map(_type_name, types))))

    def _escaped(self, text: Any) -> str:
        if not isinstance(text, str):
            raise CompileError(
                f"{self.__ir__.label} is searched for text, not for {text!r}", code="not_text", path=self.__ir__.path
            )
        # The server refuses a pattern that has this character as it is.
        return re.escape(text).replace("\0", r"\x00")

    def _text(self, pattern: str, options: str = "") -> Predicate:
        if not self.__ir__.dtype.comparable_to(DType.string()):
            raise CompileError(
                f"{self.__ir__.label} is {self.__ir__.dtype}: only text matches a pattern",
                code="not_text",
                path=self.__ir__.path,
            )
        return Predicate(ir.Regex(self.__ir__, pattern, options))

    def startswith(self: FieldPredicates[Written], text: str) -> Predicate:
        """The text begins with this."""
        return self._text("^" + self._escaped(text))

    def endswith(self: FieldPredicates[Written], text: str) -> Predicate:
        """The text ends with this."""
        return self._text(self._escaped(text) + r"\z")

    @overload
    def contains(self: FieldPredicates[str | None], value: str) -> Predicate: ...
    @overload
    def contains(self: FieldPredicates[Listed[E] | None], value: E) -> Predicate: ...
    def contains(self, value: Any) -> Predicate:
        """A list holds the value; a text holds the substring."""
        if any(member.kind == "array" for member in self.__ir__.dtype.members):
            return compare("eq", self.__ir__, value)
        return self._text(self._escaped(value))

    def icontains(self: FieldPredicates[Written], text: str) -> Predicate:
        """The text holds the substring, whatever the case."""
        return self._text(self._escaped(text), "i")

    def regex(self: FieldPredicates[Written], pattern: str | re.Pattern[str], options: str = "") -> Predicate:
        """The text matches the PCRE pattern; `options` are letters of "imsx"."""
        if isinstance(pattern, re.Pattern):
            flags = {re.I: "i", re.M: "m", re.S: "s", re.X: "x"}
            options = "".join(letter for flag, letter in flags.items() if pattern.flags & flag)
            pattern = pattern.pattern
        if not isinstance(pattern, str):
            raise CompileError(f"{pattern!r} is no pattern: give text", code="not_text", path=self.__ir__.path)
        return self._text(pattern, options)

    def _item(self) -> Any:
        items = [member.element for member in self.__ir__.dtype.members if member.kind == "array" and member.element]
        if not items and not any(member.kind == "any" for member in self.__ir__.dtype.members):
            raise CompileError(
                f"{self.__ir__.label} is {self.__ir__.dtype}, not a list", code="not_a_list", path=self.__ir__.path
            )
        return type(self)(ir.Field("", items[0] if items else DType.any(), f"{self.__ir__.label}[]"))

    @overload
    def any(self: FieldPredicates[Sequence[BaseModel] | None], predicate: Callable[[Any], Any]) -> Predicate: ...
    @overload
    def any(self: FieldPredicates[Listed[E] | None], predicate: Callable[[FieldProxy[E]], Any]) -> Predicate: ...
    def any(self, predicate: Callable[[Any], Any]) -> Predicate:
        """One element meets the whole predicate: `User.items.any(lambda item: (item.price > 5) & (item.n == 1))`."""
        return self.elem_match(predicate)

    def elem_match(self, predicate: Any) -> Predicate:
        """One element meets the whole predicate: a dict, a function of the element, or built from its fields."""
        if not isinstance(predicate, Expression) and callable(predicate):
            predicate = predicate(self._item())
        if isinstance(predicate, Mapping):
            return Predicate(element_at(self.__ir__, predicate, Scope(programs=False), 0, (str(self), None)))
        return Predicate(ir.ElemMatch(self.__ir__, to_ir(predicate)))

    @overload
    def all_(self: FieldPredicates[Listed[E] | None], values: Iterable[E]) -> Predicate: ...
    @overload
    def all_(self, values: Iterable[T_co]) -> Predicate: ...
    def all_(self, values: Iterable[Any]) -> Predicate:
        """The list holds all of these."""
        return Predicate(ir.All(self.__ir__, self._coerced(values)))

    @overload
    def size(self: FieldPredicates[Listed[Any] | None]) -> Value[int]: ...
    @overload
    def size(self: FieldPredicates[Listed[Any] | None], count: int) -> Predicate: ...
    def size(self, count: int | None = None) -> Predicate | Value[int]:
        """The list has exactly this many elements; without a number, how many it has: `$size`."""
        self._item()
        if count is not None and (isinstance(count, bool) or not isinstance(count, int)):
            raise CompileError(f"a size is a whole number, not {count!r}", code="bad_size", path=self.__ir__.path)
        return single("$size", self) if count is None else Predicate(ir.Size(self.__ir__, count))

    def mod(self: FieldPredicates[float | Decimal | Decimal128 | None], divisor: int, remainder: int) -> Predicate:
        """The number leaves this remainder.

        Raises:
            CompileError: the divisor is zero, which the server refuses, or one of them is no number.
        """
        if any(isinstance(each, bool) or not isinstance(each, (int, float)) for each in (divisor, remainder)):
            raise CompileError(
                f"{self.__ir__.label}: a remainder is of numbers, not {divisor!r} and {remainder!r}",
                code="not_a_number",
                path=self.__ir__.path,
            )
        if divisor == 0:
            raise CompileError(
                f"{self.__ir__.label}: no number has a remainder by 0", code="zero_divisor", path=self.__ir__.path
            )
        return Predicate(ir.Mod(self.__ir__, divisor, remainder))

    def _operator(self, name: str, operand: Any) -> Predicate:
        return Predicate(ir.FieldOperator(self.__ir__, name, operand))

    def _bits(self, bits: Any) -> Any:
        found = [bits] if isinstance(bits, int) else list(bits)
        if any(not isinstance(bit, int) or isinstance(bit, bool) or bit < 0 for bit in found):
            raise CompileError(
                f"{self.__ir__.label}: bits are a mask or a list of positions, none below 0, not {bits!r}",
                code="bad_bits",
                path=self.__ir__.path,
            )
        return bits

    def bits_all_set(self, bits: int | bytes | list[int]) -> Predicate:
        """All these bits are 1; bits are a mask or a list of positions."""
        return self._operator("$bitsAllSet", self._bits(bits))

    def bits_any_set(self, bits: int | bytes | list[int]) -> Predicate:
        """Some of these bits is 1."""
        return self._operator("$bitsAnySet", self._bits(bits))

    def bits_all_clear(self, bits: int | bytes | list[int]) -> Predicate:
        """All these bits are 0."""
        return self._operator("$bitsAllClear", self._bits(bits))

    def bits_any_clear(self, bits: int | bytes | list[int]) -> Predicate:
        """Some of these bits is 0."""
        return self._operator("$bitsAnyClear", self._bits(bits))

    @overload
    def near(
        self, point: Point, /, *, max_distance: float | None = None, min_distance: float | None = None
    ) -> Predicate: ...
    @overload
    def near(
        self,
        longitude: float,
        latitude: float,
        max_distance: float | None = None,
        min_distance: float | None = None,
    ) -> Predicate: ...
    def near(
        self,
        longitude: Any,
        latitude: float | None = None,
        max_distance: float | None = None,
        min_distance: float | None = None,
    ) -> Predicate:
        """Nearest first, between two distances in meters; needs a 2dsphere index. A `Point` may be given too."""
        if latitude is None and isinstance(longitude, (int, float)):
            raise TypeError(f"near takes a longitude and a latitude, or a Point, and no {longitude!r} alone")
        point = longitude if latitude is None else Point(longitude, latitude)
        return self._operator("$near", near(point, max_distance, min_distance))

    def near_sphere(
        self, point: Any, max_distance: float | None = None, min_distance: float | None = None
    ) -> Predicate:
        """Nearest first on a sphere: to a GeoJSON point in meters, to a flat pair in radians."""
        return self._operator("$nearSphere", near(point, max_distance, min_distance))

    def within(self, geometry: Any) -> Predicate:
        """Inside a geometry: a `Polygon`, a `Circle`, a GeoJSON dict, ..."""
        return self._operator("$geoWithin", shape(geometry))

    def intersects(self, geometry: Any) -> Predicate:
        """Shares a point with a GeoJSON geometry."""
        return self._operator("$geoIntersects", shape(geojson(geometry)))
