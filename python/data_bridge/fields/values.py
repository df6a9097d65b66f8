"""Computed values: what expressions and functions give."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .. import ir
from .expression import MISSING, Predicate, values_of
from .methods import Methods


class Value(Methods):
    """A computed value, with Python's operators and the methods of its type; as a predicate, whether it is true."""

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

    def map(self, body: Callable[[Any], Any]) -> Value:
        """A value computed of each element: `User.items.map(lambda item: item.price * item.count)`."""
        from ..lambdas import map_

        return map_(self, body)

    def filter(self, condition: Callable[[Any], Any], limit: Any = MISSING) -> Value:
        """The elements for which the condition holds: `User.items.filter(lambda item: item.price > 5)`."""
        from ..lambdas import filter_

        return filter_(self, condition, limit=limit)

    def reduce(self, initial: Any, body: Callable[[Any, Any], Any]) -> Value:
        """One value of all elements: `User.items.reduce(0, lambda total, item: total + item.price)`."""
        from ..lambdas import reduce_

        return reduce_(self, initial, body)
