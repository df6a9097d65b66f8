"""Expressions as users write them, with Python's operators, and predicates.

The overloads are for type checkers: `T` in `Expression[T]` is what the value is where there is one. Of stored data any
value may be null or missing, and operators pass that on; so every operand may be None, and no result speaks of it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, Never, TypeVar, overload

from bson import Decimal128, ObjectId

from .. import ir
from .._core import Comparisons, Maker
from ..errors import CompileError
from .nodes import Built, NoValue, coerce, listed, single, term
from .spans import between_dates, milliseconds

if TYPE_CHECKING:
    from ..arguments import Day, Exact, Id, Listed, Number, Real, Whole
    from .values import Value

T_co = TypeVar("T_co", covariant=True)
E = TypeVar("E")


class Expression(Built, Generic[T_co]):
    """A value or a predicate, with Python's operators."""

    __slots__ = ()

    @overload  # type: ignore[override]
    def __eq__(self: Expression[float | Decimal | Decimal128 | None], other: Number) -> Predicate: ...
    @overload
    def __eq__(self: Expression[datetime.date | None], other: Day) -> Predicate: ...
    @overload
    def __eq__(self: Expression[ObjectId | None], other: Id) -> Predicate: ...
    @overload
    def __eq__(self: Expression[Listed[E] | None], other: E) -> Predicate: ...
    @overload
    def __eq__(self, other: T_co | Expression[T_co] | None) -> Predicate: ...
    def __eq__(self, other: Any) -> Predicate:  # pyright: ignore[reportIncompatibleMethodOverride]
        return compare("eq", self.__ir__, other)

    @overload  # type: ignore[override]
    def __ne__(self: Expression[float | Decimal | Decimal128 | None], other: Number) -> Predicate: ...
    @overload
    def __ne__(self: Expression[datetime.date | None], other: Day) -> Predicate: ...
    @overload
    def __ne__(self: Expression[ObjectId | None], other: Id) -> Predicate: ...
    @overload
    def __ne__(self: Expression[Listed[E] | None], other: E) -> Predicate: ...
    @overload
    def __ne__(self, other: T_co | Expression[T_co] | None) -> Predicate: ...
    def __ne__(self, other: Any) -> Predicate:  # pyright: ignore[reportIncompatibleMethodOverride]
        return compare("ne", self.__ir__, other)

    @overload
    def __gt__(self: Expression[float | Decimal | Decimal128 | None], other: Number) -> Predicate: ...
    @overload
    def __gt__(self: Expression[datetime.date | None], other: Day) -> Predicate: ...
    @overload
    def __gt__(self: Expression[ObjectId | None], other: Id) -> Predicate: ...
    @overload
    def __gt__(self: Expression[Listed[E] | None], other: E) -> Predicate: ...
    @overload
    def __gt__(self, other: T_co | Expression[T_co] | None) -> Predicate: ...
    def __gt__(self, other: Any) -> Predicate:
        return compare("gt", self.__ir__, other)

    @overload
    def __ge__(self: Expression[float | Decimal | Decimal128 | None], other: Number) -> Predicate: ...
    @overload
    def __ge__(self: Expression[datetime.date | None], other: Day) -> Predicate: ...
    @overload
    def __ge__(self: Expression[ObjectId | None], other: Id) -> Predicate: ...
    @overload
    def __ge__(self: Expression[Listed[E] | None], other: E) -> Predicate: ...
    @overload
    def __ge__(self, other: T_co | Expression[T_co] | None) -> Predicate: ...
    def __ge__(self, other: Any) -> Predicate:
        return compare("gte", self.__ir__, other)

    @overload
    def __lt__(self: Expression[float | Decimal | Decimal128 | None], other: Number) -> Predicate: ...
    @overload
    def __lt__(self: Expression[datetime.date | None], other: Day) -> Predicate: ...
    @overload
    def __lt__(self: Expression[ObjectId | None], other: Id) -> Predicate: ...
    @overload
    def __lt__(self: Expression[Listed[E] | None], other: E) -> Predicate: ...
    @overload
    def __lt__(self, other: T_co | Expression[T_co] | None) -> Predicate: ...
    def __lt__(self, other: Any) -> Predicate:
        return compare("lt", self.__ir__, other)

    @overload
    def __le__(self: Expression[float | Decimal | Decimal128 | None], other: Number) -> Predicate: ...
    @overload
    def __le__(self: Expression[datetime.date | None], other: Day) -> Predicate: ...
    @overload
    def __le__(self: Expression[ObjectId | None], other: Id) -> Predicate: ...
    @overload
    def __le__(self: Expression[Listed[E] | None], other: E) -> Predicate: ...
    @overload
    def __le__(self, other: T_co | Expression[T_co] | None) -> Predicate: ...
    def __le__(self, other: Any) -> Predicate:
        return compare("lte", self.__ir__, other)

    def __hash__(self) -> int:
        return hash(self.__ir__)

    @overload
    def __add__(self: Expression[Never], other: Any) -> Value[Any]: ...
    @overload
    def __add__(self, other: Expression[Never]) -> Value[Any]: ...
    @overload
    def __add__(self: Expression[int | None], other: Whole) -> Value[int]: ...
    @overload
    def __add__(self: Expression[float | None], other: Real) -> Value[float]: ...
    @overload
    def __add__(self: Expression[Decimal | Decimal128 | None], other: Number) -> Value[Decimal]: ...
    @overload
    def __add__(self: Expression[float | None], other: Exact) -> Value[Decimal]: ...
    @overload
    def __add__(
        self: Expression[datetime.date | None], other: Real | datetime.timedelta
    ) -> Value[datetime.datetime]: ...
    @overload
    def __add__(self: Expression[float | None], other: Day) -> Value[datetime.datetime]: ...
    def __add__(self, other: Any) -> Value[Any]:
        return listed("$add", self, other)

    @overload
    def __radd__(self: Expression[Never], other: Any) -> Value[Any]: ...
    @overload
    def __radd__(self: Expression[int | None], other: int) -> Value[int]: ...
    @overload
    def __radd__(self: Expression[float | None], other: float) -> Value[float]: ...
    @overload
    def __radd__(
        self: Expression[Decimal | Decimal128 | None], other: float | Decimal | Decimal128
    ) -> Value[Decimal]: ...
    @overload
    def __radd__(self: Expression[float | None], other: Decimal | Decimal128) -> Value[Decimal]: ...
    @overload
    def __radd__(
        self: Expression[datetime.date | None], other: float | datetime.timedelta
    ) -> Value[datetime.datetime]: ...
    @overload
    def __radd__(self: Expression[float | None], other: datetime.date) -> Value[datetime.datetime]: ...
    def __radd__(self, other: Any) -> Value[Any]:
        return listed("$add", other, self)

    @overload
    def __sub__(self: Expression[Never], other: Any) -> Value[Any]: ...
    @overload
    def __sub__(self, other: Expression[Never]) -> Value[Any]: ...
    @overload
    def __sub__(self: Expression[int | None], other: Whole) -> Value[int]: ...
    @overload
    def __sub__(self: Expression[float | None], other: Real) -> Value[float]: ...
    @overload
    def __sub__(self: Expression[Decimal | Decimal128 | None], other: Number) -> Value[Decimal]: ...
    @overload
    def __sub__(self: Expression[float | None], other: Exact) -> Value[Decimal]: ...
    @overload
    def __sub__(self: Expression[datetime.date | None], other: Day) -> Value[int]: ...
    @overload
    def __sub__(
        self: Expression[datetime.date | None], other: Real | datetime.timedelta
    ) -> Value[datetime.datetime]: ...
    def __sub__(self, other: Any) -> Value[Any]:
        return listed("$subtract", self, other)

    @overload
    def __rsub__(self: Expression[Never], other: Any) -> Value[Any]: ...
    @overload
    def __rsub__(self: Expression[int | None], other: int) -> Value[int]: ...
    @overload
    def __rsub__(self: Expression[float | None], other: float) -> Value[float]: ...
    @overload
    def __rsub__(
        self: Expression[Decimal | Decimal128 | None], other: float | Decimal | Decimal128
    ) -> Value[Decimal]: ...
    @overload
    def __rsub__(self: Expression[float | None], other: Decimal | Decimal128) -> Value[Decimal]: ...
    @overload
    def __rsub__(self: Expression[datetime.date | None], other: datetime.date) -> Value[int]: ...
    @overload
    def __rsub__(self: Expression[float | None], other: datetime.date) -> Value[datetime.datetime]: ...
    def __rsub__(self, other: Any) -> Value[Any]:
        return listed("$subtract", other, self)

    @overload
    def __mul__(self: Expression[Never], other: Any) -> Value[Any]: ...
    @overload
    def __mul__(self, other: Expression[Never]) -> Value[Any]: ...
    @overload
    def __mul__(self: Expression[int | None], other: Whole) -> Value[int]: ...
    @overload
    def __mul__(self: Expression[float | None], other: Real) -> Value[float]: ...
    @overload
    def __mul__(self: Expression[Decimal | Decimal128 | None], other: Number) -> Value[Decimal]: ...
    @overload
    def __mul__(self: Expression[float | None], other: Exact) -> Value[Decimal]: ...
    def __mul__(self, other: Any) -> Value[Any]:
        return listed("$multiply", self, other)

    @overload
    def __rmul__(self: Expression[Never], other: Any) -> Value[Any]: ...
    @overload
    def __rmul__(self: Expression[int | None], other: int) -> Value[int]: ...
    @overload
    def __rmul__(self: Expression[float | None], other: float) -> Value[float]: ...
    @overload
    def __rmul__(
        self: Expression[Decimal | Decimal128 | None], other: float | Decimal | Decimal128
    ) -> Value[Decimal]: ...
    @overload
    def __rmul__(self: Expression[float | None], other: Decimal | Decimal128) -> Value[Decimal]: ...
    def __rmul__(self, other: Any) -> Value[Any]:
        return listed("$multiply", other, self)

    @overload
    def __truediv__(self: Expression[Never], other: Any) -> Value[Any]: ...
    @overload
    def __truediv__(self, other: Expression[Never]) -> Value[Any]: ...
    @overload
    def __truediv__(self: Expression[float | None], other: Real) -> Value[float]: ...
    @overload
    def __truediv__(self: Expression[Decimal | Decimal128 | None], other: Number) -> Value[Decimal]: ...
    @overload
    def __truediv__(self: Expression[float | None], other: Exact) -> Value[Decimal]: ...
    def __truediv__(self, other: Any) -> Value[Any]:
        return listed("$divide", self, other)

    @overload
    def __rtruediv__(self: Expression[Never], other: Any) -> Value[Any]: ...
    @overload
    def __rtruediv__(self: Expression[float | None], other: float) -> Value[float]: ...
    @overload
    def __rtruediv__(
        self: Expression[Decimal | Decimal128 | None], other: float | Decimal | Decimal128
    ) -> Value[Decimal]: ...
    @overload
    def __rtruediv__(self: Expression[float | None], other: Decimal | Decimal128) -> Value[Decimal]: ...
    def __rtruediv__(self, other: Any) -> Value[Any]:
        return listed("$divide", other, self)

    @overload
    def __floordiv__(self: Expression[Never], other: Any) -> Value[Any]: ...
    @overload
    def __floordiv__(self, other: Expression[Never]) -> Value[Any]: ...
    @overload
    def __floordiv__(self: Expression[float | None], other: Real) -> Value[float]: ...
    @overload
    def __floordiv__(self: Expression[Decimal | Decimal128 | None], other: Number) -> Value[Decimal]: ...
    @overload
    def __floordiv__(self: Expression[float | None], other: Exact) -> Value[Decimal]: ...
    def __floordiv__(self, other: Any) -> Value[Any]:
        return single("$floor", listed("$divide", self, other))

    @overload
    def __rfloordiv__(self: Expression[Never], other: Any) -> Value[Any]: ...
    @overload
    def __rfloordiv__(self: Expression[float | None], other: float) -> Value[float]: ...
    @overload
    def __rfloordiv__(
        self: Expression[Decimal | Decimal128 | None], other: float | Decimal | Decimal128
    ) -> Value[Decimal]: ...
    @overload
    def __rfloordiv__(self: Expression[float | None], other: Decimal | Decimal128) -> Value[Decimal]: ...
    def __rfloordiv__(self, other: Any) -> Value[Any]:
        return single("$floor", listed("$divide", other, self))

    @overload
    def __mod__(self: Expression[Never], other: Any) -> Value[Any]: ...
    @overload
    def __mod__(self, other: Expression[Never]) -> Value[Any]: ...
    @overload
    def __mod__(self: Expression[int | None], other: Whole) -> Value[int]: ...
    @overload
    def __mod__(self: Expression[float | None], other: Real) -> Value[float]: ...
    @overload
    def __mod__(self: Expression[Decimal | Decimal128 | None], other: Number) -> Value[Decimal]: ...
    @overload
    def __mod__(self: Expression[float | None], other: Exact) -> Value[Decimal]: ...
    def __mod__(self, other: Any) -> Value[Any]:
        return listed("$mod", self, other)

    @overload
    def __rmod__(self: Expression[Never], other: Any) -> Value[Any]: ...
    @overload
    def __rmod__(self: Expression[int | None], other: int) -> Value[int]: ...
    @overload
    def __rmod__(self: Expression[float | None], other: float) -> Value[float]: ...
    @overload
    def __rmod__(
        self: Expression[Decimal | Decimal128 | None], other: float | Decimal | Decimal128
    ) -> Value[Decimal]: ...
    @overload
    def __rmod__(self: Expression[float | None], other: Decimal | Decimal128) -> Value[Decimal]: ...
    def __rmod__(self, other: Any) -> Value[Any]:
        return listed("$mod", other, self)

    @overload
    def __pow__(self: Expression[Never], other: Any) -> Value[Any]: ...
    @overload
    def __pow__(self, other: Expression[Never]) -> Value[Any]: ...
    @overload
    def __pow__(self: Expression[float | None], other: Real) -> Value[float]: ...
    @overload
    def __pow__(self: Expression[Decimal | Decimal128 | None], other: Number) -> Value[Decimal]: ...
    @overload
    def __pow__(self: Expression[float | None], other: Exact) -> Value[Decimal]: ...
    def __pow__(self, other: Any) -> Value[Any]:
        return listed("$pow", self, other)

    @overload
    def __rpow__(self: Expression[Never], other: Any) -> Value[Any]: ...
    @overload
    def __rpow__(self: Expression[float | None], other: float) -> Value[float]: ...
    @overload
    def __rpow__(
        self: Expression[Decimal | Decimal128 | None], other: float | Decimal | Decimal128
    ) -> Value[Decimal]: ...
    @overload
    def __rpow__(self: Expression[float | None], other: Decimal | Decimal128) -> Value[Decimal]: ...
    def __rpow__(self, other: Any) -> Value[Any]:
        return listed("$pow", other, self)

    @overload
    def __abs__(self: Expression[Never]) -> Value[Any]: ...
    @overload
    def __abs__(self: Expression[int | None]) -> Value[int]: ...
    @overload
    def __abs__(self: Expression[float | None]) -> Value[float]: ...
    @overload
    def __abs__(self: Expression[Decimal | Decimal128 | None]) -> Value[Decimal]: ...
    def __abs__(self) -> Value[Any]:
        return single("$abs", self)

    def __and__(self, other: Any) -> Predicate:
        return predicate(ir.And.of((self.__ir__, term(other))))

    def __or__(self, other: Any) -> Predicate:
        return predicate(ir.Or.of((self.__ir__, term(other))))

    def __rand__(self, other: Any) -> Predicate:
        return Predicate(ir.And((term(other), self.__ir__)))

    def __ror__(self, other: Any) -> Predicate:
        return Predicate(ir.Or((term(other), self.__ir__)))

    def __invert__(self) -> Predicate:
        return Predicate(ir.Not(self.__ir__))

    def __bool__(self) -> bool:
        raise CompileError(
            "a query expression has no truth value in Python",
            code="python_boolean",
            hint="write & for and, | for or, ~ for not, each side in parentheses, a range as (a <= x) & (x <= b), and "
            "User.age.in_([1, 2]) for in",
        )


class Predicate(Expression[bool]):
    """An expression that is true or false of a document: `&`, `|` and `~` combine it."""

    __slots__ = ()


#: The predicate of a node, as its class makes it, in a third of the time.
predicate: Callable[[ir.Expr], Predicate] = Maker(Predicate, ["__ir__"]).of
#: `left op value` of a field and a plain value that needs no coercion; None of others.
_plainly_compared: Callable[[str, ir.Expr, Any], Predicate | None] = Comparisons(
    ir.Field, ir.Literal, ir.Compare, Predicate
).of


class SortKey(NoValue):
    """A path and a direction, 1 or -1."""

    __slots__ = ("direction", "path")
    instead = "-User.age is an order; the negative of a value is 0 - User.age, and the value itself is User.age"

    def __init__(self, path: str, direction: int) -> None:
        self.path = path
        self.direction = direction

    def __repr__(self) -> str:
        return f"{'-' if self.direction < 0 else '+'}{self.path}"


def compare(op: str, left: ir.Expr, other: Any) -> Predicate:
    """`left op other`, the other coerced to the field's type."""
    made = _plainly_compared(op, left, other)
    if made is not None:
        return made
    return predicate(ir.Compare(op, left, other.__ir__ if isinstance(other, Built) else _literal(left, other)))


def _literal(left: ir.Expr, other: Any) -> ir.Literal:
    if type(left) is ir.Field:
        return ir.Literal(coerce(left, other))
    if isinstance(other, datetime.timedelta) and between_dates(left):
        return ir.Literal(milliseconds(other))
    return ir.Literal(other)
