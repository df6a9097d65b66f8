"""Expressions of arrays."""

from __future__ import annotations

from typing import Any

from mongo_expressions import Scope, known, lazy, neighbours, takes_names, takes_values
from mongo_sets import array, has
from mongo_values import MISSING, ORDER, Refused, is_null, same, truth, whole


@takes_values("$arrayElemAt")
def element_at(value: Any, index: Any) -> Any:
    if is_null(value) or is_null(index):
        return None
    place = whole(index)
    values = array(value)
    return values[place] if -len(values) <= place < len(values) else MISSING


@takes_values("$first")
def first(value: Any) -> Any:
    return element_at(value, 0)


@takes_values("$last")
def last(value: Any) -> Any:
    return element_at(value, -1)


def count(value: Any) -> int:
    found = whole(value)
    if found < 1:
        raise Refused("no count")
    return found


@takes_names("$firstN")
def first_n(given: dict[str, Any]) -> Any:
    return array(given["input"])[: count(given["n"])]


@takes_names("$lastN")
def last_n(given: dict[str, Any]) -> Any:
    return array(given["input"])[-count(given["n"]) :]


@takes_names("$minN")
def min_n(given: dict[str, Any]) -> Any:
    number = count(given["n"])
    return sorted((each for each in array(given["input"]) if not is_null(each)), key=ORDER)[:number]


@takes_names("$maxN")
def max_n(given: dict[str, Any]) -> Any:
    number = count(given["n"])
    values = (each for each in array(given["input"]) if not is_null(each))
    return sorted(values, key=ORDER, reverse=True)[:number]


@takes_values("$concatArrays", folds=neighbours)
def concatenated(*values: Any) -> Any:
    found: list[Any] = []
    for value in values:
        if is_null(value):
            return None
        found += array(value)
    return found


def since_8(body: dict[str, Any], *names: str) -> None:
    """Refuses the arguments that only newer servers have."""
    if any(name in body for name in names):
        raise Refused("an argument of newer servers")


@lazy("$filter")
def filtered(scope: Scope, body: Any) -> Any:
    since_8(body, "arrayIndexAs")
    known(body["cond"], scope, body.get("as", "this"))
    value = scope.of(body["input"])
    if is_null(value):
        return None
    name = body.get("as", "this")
    limit = scope.of(body.get("limit"))
    most = None if is_null(limit) else count(limit)
    return [each for each in array(value) if truth(scope.of(body["cond"], **{name: each}))][:most]


@lazy("$map")
def mapped(scope: Scope, body: Any) -> Any:
    since_8(body, "arrayIndexAs")
    known(body["in"], scope, body.get("as", "this"))
    value = scope.of(body["input"])
    if is_null(value):
        return None
    found = [scope.of(body["in"], **{body.get("as", "this"): each}) for each in array(value)]
    return [None if each is MISSING else each for each in found]


@lazy("$reduce")
def reduced(scope: Scope, body: Any) -> Any:
    since_8(body, "as", "valueAs", "arrayIndexAs")
    known(body["in"], scope, "this", "value")
    value = scope.of(body["input"])
    if is_null(value):
        return None
    found = scope.of(body["initialValue"])
    for each in array(value):
        found = scope.of(body["in"], this=each, value=found)
    return found


@takes_values("$in")
def is_in(value: Any, values: Any) -> Any:
    return has(array(values), value)


def bound(value: Any) -> int:
    found = whole(value)
    if found < 0:
        raise Refused("a negative position")
    return found


@takes_values("$indexOfArray")
def index_of(value: Any, wanted: Any, start: Any = 0, end: Any = 2**31 - 1) -> Any:
    if is_null(value):
        return None
    values = array(value)
    places = range(bound(start), min(bound(end), len(values)))
    return next((place for place in places if same(values[place], wanted)), -1)


@takes_values("$range")
def numbers(start: Any, end: Any, step: Any = 1) -> Any:
    by = whole(step)
    if not by:
        raise Refused("no step")
    return list(range(whole(start), whole(end), by))


@takes_values("$reverseArray")
def turned(value: Any) -> Any:
    return None if is_null(value) else array(value)[::-1]


@takes_values("$size")
def size(value: Any) -> Any:
    return len(array(value))


@takes_values("$slice")
def part(value: Any, *places: Any) -> Any:
    if is_null(value) or is_null(places[0]):
        return None
    values = array(value)
    if len(places) == 1:
        number = whole(places[0])
        return values[:number] if number >= 0 else values[number:]
    start = whole(places[0])
    if is_null(places[1]):
        return None
    start = max(start + len(values), 0) if start < 0 else start
    return values[start : start + count(places[1])]


@lazy("$sortArray")
def in_order(scope: Scope, body: Any) -> Any:
    value = scope.of(body["input"])
    if is_null(value):
        return None
    by = body["sortBy"]
    keys = by if isinstance(by, dict) else {"": by}
    found = array(value)
    for path, way in reversed(keys.items()):

        def key(each: Any, path: str = path) -> Any:
            at = each
            if path:
                at = scope.of(f"$$each.{path}", each=each) if isinstance(each, dict) else MISSING
            return ORDER(None if at is MISSING else at)

        found = sorted(found, key=key, reverse=way == -1)
    return found


@lazy("$zip")
def zipped(scope: Scope, body: Any) -> Any:
    longest = body.get("useLongestLength", False)
    fill = body.get("defaults")
    if not body["inputs"] or (fill and (not longest or len(fill) != len(body["inputs"]))):
        raise Refused("nothing to zip, or no place for what fills")
    inputs = [scope.of(each) for each in body["inputs"]]
    spare = scope.of(fill) or [None] * len(inputs)
    for value in inputs:
        if is_null(value):
            return None
        array(value)
    length = (max if longest else min)(len(value) for value in inputs)
    return [
        [value[place] if place < len(value) else other for value, other in zip(inputs, spare, strict=True)]
        for place in range(length)
    ]
