"""Computed values: what expressions and functions give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pydantic import BaseModel

from .. import ir
from .expression import Predicate, T_co
from .methods import Methods
from .nodes import MISSING, gives_results, values_of

if TYPE_CHECKING:
    from ..arguments import Listed, Whole

E = TypeVar("E")
U = TypeVar("U")


@gives_results
class Value(Methods[T_co]):
    """A computed value, with Python's operators and the methods of its type; as a predicate, whether it is true.

    To type checkers a `Value[int]` is one that computes integers; `T` is what the value is where there is one.
    """

    __slots__ = ()

    def in_(self, values: Iterable[Any]) -> Predicate:
        """The value is one of these."""
        return Predicate(ir.In(self.__ir__, tuple(values_of("in_", values))))

    def not_in(self, values: Iterable[Any]) -> Predicate:
        """The value is none of these."""
        return Predicate(ir.In(self.__ir__, tuple(values_of("not_in", values)), True))

    def between(self, low: Any, high: Any) -> Predicate:
        """`low <= value <= high`."""
        range_: Predicate = (self >= low) & (self <= high)
        return range_

    @overload
    def map(self: Value[Sequence[BaseModel] | None], body: Callable[[Any], Any]) -> Value[list[Any]]: ...
    @overload
    def map(self: Value[Listed[E] | None], body: Callable[[Value[E]], Value[U]]) -> Value[list[U]]: ...
    @overload
    def map(self: Value[Listed[E] | None], body: Callable[[Value[E]], Predicate]) -> Value[list[bool]]: ...
    @overload
    def map(self: Value[Listed[E] | None], body: Callable[[Value[E]], U]) -> Value[list[U]]: ...
    def map(self: Value[Any], body: Callable[[Any], Any]) -> Value[Any]:
        """A value computed of each element: `User.items.map(lambda item: item.price * item.count)`."""
        from ..lambdas import map_

        return map_(self, body)

    @overload
    def filter(
        self: Value[Sequence[BaseModel] | None], condition: Callable[[Any], Any], limit: Whole = MISSING
    ) -> Value[Any]: ...
    @overload
    def filter(
        self: Value[Listed[E] | None], condition: Callable[[Value[E]], Any], limit: Whole = MISSING
    ) -> Value[list[E]]: ...
    def filter(self: Value[Any], condition: Callable[[Any], Any], limit: Any = MISSING) -> Value[Any]:
        """The elements for which the condition holds: `User.items.filter(lambda item: item.price > 5)`."""
        from ..lambdas import filter_

        return filter_(self, condition, limit=limit)

    @overload
    def reduce(
        self: Value[Sequence[BaseModel] | None], initial: Any, body: Callable[[Any, Any], Any]
    ) -> Value[Any]: ...
    @overload
    def reduce(self: Value[Listed[E] | None], initial: Any, body: Callable[[Any, Value[E]], Any]) -> Value[Any]: ...
    def reduce(self: Value[Any], initial: Any, body: Callable[[Any, Any], Any]) -> Value[Any]:
        """One value of all elements: `User.items.reduce(0, lambda total, item: total + item.price)`."""
        from ..lambdas import reduce_

        return reduce_(self, initial, body)
