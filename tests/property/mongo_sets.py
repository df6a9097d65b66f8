"""Expressions of arrays as sets, and of fields of documents."""

from __future__ import annotations

from typing import Any

from mongo_expressions import Scope, all_constants, is_constant, lazy, takes_values
from mongo_values import MISSING, Refused, distinct, is_null, same, truth


def array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Refused("no array")
    return value


def has(values: list[Any], value: Any) -> bool:
    return any(same(value, each) for each in values)


@takes_values("$setUnion", folds=all_constants)
def union(*values: Any) -> Any:
    found: list[Any] = []
    for value in values:
        if is_null(value):
            return None
        found += array(value)
    return distinct(found)


@takes_values("$setIntersection", folds=all_constants)
def intersection(*values: Any) -> Any:
    found: list[Any] = []
    for position, value in enumerate(values):
        if is_null(value):
            return None
        given = array(value)
        found = [each for each in found if has(given, each)] if position else distinct(given)
    return found


@takes_values("$setDifference")
def difference(left: Any, right: Any) -> Any:
    if is_null(left) or is_null(right):
        return None
    left, right = array(left), array(right)
    return [each for each in distinct(left) if not has(right, each)]


@takes_values("$setEquals")
def equal_sets(*values: Any) -> Any:
    first, *others = (array(value) for value in values)
    return all(is_subset(first, other) and is_subset(other, first) for other in others)


@takes_values("$setIsSubset")
def is_subset(left: Any, right: Any) -> Any:
    left, right = array(left), array(right)
    return all(has(right, each) for each in left)


@takes_values("$anyElementTrue")
def any_element(value: Any) -> Any:
    return any(truth(each) for each in array(value))


@takes_values("$allElementsTrue")
def all_elements(value: Any) -> Any:
    return all(truth(each) for each in array(value))


@takes_values("$mergeObjects")
def merged(*values: Any) -> Any:
    found: dict[str, Any] = {}
    # Of a single list, its elements.
    for value in values[0] if len(values) == 1 and isinstance(values[0], list) else values:
        if not is_null(value) and not isinstance(value, dict):
            raise Refused("no document")
        found |= value or {} if not is_null(value) else {}
    return found


@takes_values("$objectToArray")
def pairs(value: Any) -> Any:
    if is_null(value):
        return None
    if not isinstance(value, dict):
        raise Refused("no document")
    return [{"k": name, "v": each} for name, each in value.items()]


@takes_values("$arrayToObject")
def from_pairs(value: Any) -> Any:
    if is_null(value):
        return None
    found: dict[str, Any] = {}
    kinds = set()
    for each in array(value):
        kinds.add(type(each))
        if isinstance(each, dict) and set(each) == {"k", "v"}:
            name, item = each["k"], each["v"]
        elif isinstance(each, list) and len(each) == 2:
            name, item = each
        else:
            raise Refused("no pair")
        if not isinstance(name, str) or "\0" in name or len(kinds) > 1:
            raise Refused("no name")
        found[name] = item
    return found


def constant_name(scope: Scope, expression: Any) -> str:
    name = scope.of(expression)
    # Written as it is: what is computed of constants is none.
    if isinstance(expression, dict) and next(iter(expression), "") not in ("$literal", "$const"):
        raise Refused("no constant name")
    if not is_constant(expression) or not isinstance(name, str):
        raise Refused("no constant name")
    return name


@lazy("$getField")
def get_field(scope: Scope, body: Any) -> Any:
    if not (isinstance(body, dict) and "field" in body):
        body = {"field": body}
    name, value = constant_name(scope, body["field"]), scope.of(body.get("input", "$$CURRENT"))
    if isinstance(value, dict):
        return value.get(name, MISSING)
    return None if value is None else MISSING


@lazy("$setField", "$unsetField")
def set_field(scope: Scope, body: dict[str, Any]) -> Any:
    name, value = constant_name(scope, body["field"]), scope.of(body["input"])
    if is_null(value):
        return None
    if not isinstance(value, dict):
        raise Refused("no document")
    found = {**value, name: scope.of(body.get("value", "$$REMOVE"))}
    return {name: each for name, each in found.items() if each is not MISSING}
