"""Aggregation expressions: array.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from ..arguments import (
    Items,
    Order,
    Whole,
)
from ..fields.nodes import MISSING, constant, listed, named, positions, present, single
from ..fields.order import order
from ..fields.values import Value

E = TypeVar("E")


def array_elem_at(array: Items[E], index: Whole) -> Value[E]:
    """The element at a position, from the end when negative; nothing when there is none.

    `$arrayElemAt`, since MongoDB 3.2.
    """
    return listed("$arrayElemAt", array, index)


def array_to_object(array: Items[Any]) -> Value[dict[str, Any]]:
    """A document made of [key, value] pairs or of {k, v} documents.

    `$arrayToObject`, since MongoDB 3.4.4.
    """
    return listed("$arrayToObject", array)


def concat_arrays(*arrays: Items[E]) -> Value[list[E]]:
    """Lists one after the other.

    `$concatArrays`, since MongoDB 3.2.
    """
    return listed("$concatArrays", *arrays)


def first(array: Items[E]) -> Value[E]:
    """The first element; nothing of an empty list.

    `$first`, since MongoDB 4.4.
    """
    return single("$first", array)


def first_n(input: Items[E], n: Whole) -> Value[list[E]]:
    """The first n elements.

    `$firstN`, since MongoDB 5.2.
    """
    return named("$firstN", input=input, n=n)


def in_(value: Any, array: Items[Any]) -> Value[bool]:
    """Whether a list holds a value.

    `$in`, since MongoDB 3.4.
    """
    return listed("$in", value, array)


def index_of_array(array: Items[Any], search: Any, start: Whole = MISSING, end: Whole = MISSING) -> Value[int]:
    """Position of the first element that equals a value, or -1.

    `$indexOfArray`, since MongoDB 3.4.
    """
    return listed("$indexOfArray", *positions(array, search, start, end))


def is_array(value: Any) -> Value[bool]:
    """Whether the value is a list.

    `$isArray`, since MongoDB 3.2.
    """
    return listed("$isArray", value)


def last(array: Items[E]) -> Value[E]:
    """The last element; nothing of an empty list.

    `$last`, since MongoDB 4.4.
    """
    return single("$last", array)


def last_n(input: Items[E], n: Whole) -> Value[list[E]]:
    """The last n elements.

    `$lastN`, since MongoDB 5.2.
    """
    return named("$lastN", input=input, n=n)


def max_n(input: Items[E], n: Whole) -> Value[list[E]]:
    """The n greatest elements.

    `$maxN`, since MongoDB 5.2.
    """
    return named("$maxN", input=input, n=n)


def min_n(input: Items[E], n: Whole) -> Value[list[E]]:
    """The n least elements.

    `$minN`, since MongoDB 5.2.
    """
    return named("$minN", input=input, n=n)


def bottom(input: Items[Any], sort_by: Order, *, output: Any = MISSING) -> Value[Any]:
    """The last element in an order.

    `$bottom`, since MongoDB 8.3.
    """
    return named("$bottom", input=input, sortBy=order(sort_by), output=output)


def bottom_n(input: Items[Any], n: Whole, sort_by: Order, *, output: Any = MISSING) -> Value[list[Any]]:
    """The last n elements in an order.

    `$bottomN`, since MongoDB 8.3.
    """
    return named("$bottomN", input=input, n=n, sortBy=order(sort_by), output=output)


def range(start: Whole, end: Whole, step: Whole = MISSING) -> Value[list[int]]:
    """Whole numbers from a start up to an end, which is not among them.

    `$range`, since MongoDB 3.4.
    """
    return listed("$range", *positions(start, end, step))


def reverse_array(array: Items[E]) -> Value[list[E]]:
    """The list from its end to its start.

    `$reverseArray`, since MongoDB 3.4.
    """
    return single("$reverseArray", array)


def size(array: Items[Any]) -> Value[int]:
    """How many elements a list has; the server fails on what is no list.

    `$size`, since MongoDB 2.6.
    """
    return single("$size", array)


def slice(array: Items[E], n: Whole, *, position: Whole = MISSING) -> Value[list[E]]:
    """Part of a list: the first n elements, the last when n is negative, or n from a position.

    `$slice`, since MongoDB 3.2.
    """
    return listed("$slice", *present(array, position, n))


def sort_array(input: Items[E], sort_by: Order) -> Value[list[E]]:
    """The list in order: of its elements (1 or -1), or of their fields.

    `$sortArray`, since MongoDB 5.2.
    """
    return named("$sortArray", input=input, sortBy=order(sort_by))


def top(input: Items[Any], sort_by: Order, *, output: Any = MISSING) -> Value[Any]:
    """The first element in an order.

    `$top`, since MongoDB 8.3.
    """
    return named("$top", input=input, sortBy=order(sort_by), output=output)


def top_n(input: Items[Any], n: Whole, sort_by: Order, *, output: Any = MISSING) -> Value[list[Any]]:
    """The first n elements in an order.

    `$topN`, since MongoDB 8.3.
    """
    return named("$topN", input=input, n=n, sortBy=order(sort_by), output=output)


def zip(
    inputs: Sequence[Any], *, use_longest_length: bool = MISSING, defaults: Sequence[Any] = MISSING
) -> Value[list[list[Any]]]:
    """Lists of the first elements, of the second ones, and so on.

    `$zip`, since MongoDB 3.4.
    """
    return named("$zip", inputs=inputs, useLongestLength=constant(use_longest_length), defaults=defaults)
