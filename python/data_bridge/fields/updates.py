"""Updates of a field: what a write does to it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .. import ir
from .expression import Expression, T_co
from .nodes import MISSING
from .path import Path

if TYPE_CHECKING:
    from bson import Decimal128

    from ..arguments import Listed, Number

E = TypeVar("E")


class FieldUpdates(Path[T_co]):
    """The update operators of a field, as methods."""

    __slots__ = ()
    __ir__: ir.Field

    def _update(self, op: str, operand: Any) -> ir.UpdateOperation:
        from ..update_checks import operation

        return operation(op, self.__ir__, operand)

    @overload
    def set(self: FieldUpdates[float | Decimal | Decimal128 | None], value: Number) -> ir.UpdateOperation: ...
    @overload
    def set(self, value: T_co | Expression[T_co] | None) -> ir.UpdateOperation: ...
    def set(self, value: Any) -> ir.UpdateOperation:
        """Stores the value."""
        return self._update("$set", value)

    def unset(self) -> ir.UpdateOperation:
        """Removes the field."""
        return self._update("$unset", "")

    def inc(self: FieldUpdates[float | Decimal | Decimal128 | None], amount: Number = 1) -> ir.UpdateOperation:
        """Adds to the number."""
        return self._update("$inc", amount)

    def mul(self: FieldUpdates[float | Decimal | Decimal128 | None], factor: Number) -> ir.UpdateOperation:
        """Multiplies the number."""
        return self._update("$mul", factor)

    @overload
    def min(self: FieldUpdates[float | Decimal | Decimal128 | None], value: Number) -> ir.UpdateOperation: ...
    @overload
    def min(self, value: T_co | Expression[T_co] | None) -> ir.UpdateOperation: ...
    def min(self, value: Any) -> ir.UpdateOperation:
        """Stores the value if it is less."""
        return self._update("$min", value)

    @overload
    def max(self: FieldUpdates[float | Decimal | Decimal128 | None], value: Number) -> ir.UpdateOperation: ...
    @overload
    def max(self, value: T_co | Expression[T_co] | None) -> ir.UpdateOperation: ...
    def max(self, value: Any) -> ir.UpdateOperation:
        """Stores the value if it is greater."""
        return self._update("$max", value)

    @overload
    def set_on_insert(self: FieldUpdates[float | Decimal | Decimal128 | None], value: Number) -> ir.UpdateOperation: ...
    @overload
    def set_on_insert(self, value: T_co | Expression[T_co] | None) -> ir.UpdateOperation: ...
    def set_on_insert(self, value: Any) -> ir.UpdateOperation:
        """Stores the value only when an upsert inserts."""
        return self._update("$setOnInsert", value)

    def push(
        self: FieldUpdates[Listed[E] | None],
        value: E = MISSING,
        /,
        *,
        each: Iterable[E] | None = None,
        position: int | None = None,
        slice: int | None = None,
        sort: Any = None,
    ) -> ir.UpdateOperation:
        """Appends to the list: one value, or each of several.

        Args:
            value: the one element.
            each: the elements, instead of a value.
            position: where they go, from the end when negative.
            slice: how many of all elements stay: the first ones, or the last when negative.
            sort: the order of all elements: 1 or -1, or keys of their fields.
        """
        from ..update_checks import Each

        if position is None and slice is None and sort is None and each is None:
            return self._update("$push", _one("push", value))
        elements = [_one("push", value)] if each is None else _all("push", value, each)
        return self._update("$push", Each(elements, position=position, slice=slice, sort=sort))

    def add_to_set(
        self: FieldUpdates[Listed[E] | None], value: E = MISSING, /, *, each: Iterable[E] | None = None
    ) -> ir.UpdateOperation:
        """Appends to the list what it does not hold: one value, or each of several."""
        from ..update_checks import Each

        given = _one("add_to_set", value) if each is None else Each(_all("add_to_set", value, each))
        return self._update("$addToSet", given)

    def pull(self: FieldUpdates[Listed[Any] | None], condition: Any) -> ir.UpdateOperation:
        """Removes every element that equals a value or meets a condition.

        Args:
            condition: a value; a function of the element, such as `lambda item: item.price > 5`; or MQL.
        """
        return self._update("$pull", condition)

    def pull_all(self: FieldUpdates[Listed[E] | None], values: Iterable[E]) -> ir.UpdateOperation:
        """Removes every element that is one of these."""
        return self._update("$pullAll", values)

    def bit(self, *, and_: int | None = None, or_: int | None = None, xor: int | None = None) -> ir.UpdateOperation:
        """Combines the integer with others, bit by bit."""
        given = {"and": and_, "or": or_, "xor": xor}
        return self._update("$bit", {name: number for name, number in given.items() if number is not None})

    def pop(self: FieldUpdates[Listed[Any] | None], end: int = 1) -> ir.UpdateOperation:
        """Removes the last element, or with -1 the first."""
        return self._update("$pop", end)

    def rename(self, name: str) -> ir.UpdateOperation:
        """Gives the field another stored name."""
        return self._update("$rename", name)

    def current_date(self, type: str | None = None) -> ir.UpdateOperation:
        """Stores the server's time: a "date" or a "timestamp", as the field is declared when not said."""
        return self._update("$currentDate", type)


def _one(method: str, value: Any) -> Any:
    if value is MISSING:
        raise TypeError(f"{method} takes a value, or each=[...]")
    return value


def _all(method: str, value: Any, each: Iterable[Any]) -> Iterable[Any]:
    if value is not MISSING:
        raise TypeError(f"{method} takes a value or each=[...], not both")
    return each
