"""Comparison, boolean, conditional and variable expressions."""

from __future__ import annotations

from typing import Any

from mongo_expressions import Scope, lazy, takes_values
from mongo_values import MISSING, Refused, compare, is_null, is_number, truth, type_of


@takes_values("$cmp")
def cmp(left: Any, right: Any) -> Any:
    return compare(left, right)


@takes_values("$eq")
def eq(left: Any, right: Any) -> Any:
    return compare(left, right) == 0


@takes_values("$ne")
def ne(left: Any, right: Any) -> Any:
    return compare(left, right) != 0


@takes_values("$gt")
def gt(left: Any, right: Any) -> Any:
    return compare(left, right) > 0


@takes_values("$gte")
def gte(left: Any, right: Any) -> Any:
    return compare(left, right) >= 0


@takes_values("$lt")
def lt(left: Any, right: Any) -> Any:
    return compare(left, right) < 0


@takes_values("$lte")
def lte(left: Any, right: Any) -> Any:
    return compare(left, right) <= 0


@takes_values("$and")
def all_of(*values: Any) -> Any:
    return all(truth(value) for value in values)


@takes_values("$or")
def any_of(*values: Any) -> Any:
    return any(truth(value) for value in values)


@takes_values("$not")
def negated(value: Any) -> Any:
    return not truth(value)


@lazy("$cond")
def cond(scope: Scope, body: Any) -> Any:
    condition, then, otherwise = (
        (body["if"], body["then"], body["else"]) if isinstance(body, dict) else body  # by name or by position
    )
    return scope.of(then if truth(scope.of(condition)) else otherwise)


@lazy("$switch")
def switch(scope: Scope, body: Any) -> Any:
    for branch in body["branches"]:
        if truth(scope.of(branch["case"])):
            return scope.of(branch["then"])
    if "default" not in body:
        raise Refused("no branch is taken")
    return scope.of(body["default"])


@takes_values("$ifNull")
def if_null(*values: Any) -> Any:
    return next((value for value in values[:-1] if not is_null(value)), values[-1])


@lazy("$let")
def let(scope: Scope, body: Any) -> Any:
    return scope.of(body["in"], **{name: scope.of(each) for name, each in body["vars"].items()})


@lazy("$literal", "$const")
def literal(_: Scope, body: Any) -> Any:
    return body


@takes_values("$type")
def type_name(value: Any) -> Any:
    return type_of(value)


@takes_values("$isNumber")
def is_number_(value: Any) -> Any:
    return is_number(value)


@takes_values("$isArray")
def is_array(value: Any = MISSING) -> Any:
    return isinstance(value, list)
