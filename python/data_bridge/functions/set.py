"""Aggregation expressions: set.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

from typing import Any, TypeVar

from ..arguments import (
    Items,
)
from ..fields.nodes import listed
from ..fields.values import Value

E = TypeVar("E")


def all_elements_true(array: Items[Any]) -> Value[bool]:
    """Whether no element is null, zero or false.

    `$allElementsTrue`, since MongoDB 2.6.
    """
    return listed("$allElementsTrue", array)


def any_element_true(array: Items[Any]) -> Value[bool]:
    """Whether some element is not null, zero or false.

    `$anyElementTrue`, since MongoDB 2.6.
    """
    return listed("$anyElementTrue", array)


def set_difference(array: Items[E], without: Items[E]) -> Value[list[E]]:
    """Different elements of one list that another does not hold, in no order.

    `$setDifference`, since MongoDB 2.6.
    """
    return listed("$setDifference", array, without)


def set_equals(*arrays: Items[Any]) -> Value[bool]:
    """Whether lists hold the same elements, order and repeats apart.

    `$setEquals`, since MongoDB 2.6.
    """
    return listed("$setEquals", *arrays)


def set_intersection(*arrays: Items[E]) -> Value[list[E]]:
    """Different elements that all lists hold, in no order.

    `$setIntersection`, since MongoDB 2.6.
    """
    return listed("$setIntersection", *arrays)


def set_is_subset(array: Items[Any], within: Items[Any]) -> Value[bool]:
    """Whether every element of one list is in another.

    `$setIsSubset`, since MongoDB 2.6.
    """
    return listed("$setIsSubset", array, within)


def set_union(*arrays: Items[E]) -> Value[list[E]]:
    """Different elements of all lists, in no order.

    `$setUnion`, since MongoDB 2.6.
    """
    return listed("$setUnion", *arrays)
