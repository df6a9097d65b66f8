"""The server's expressions in plain Python: paths, variables, and what each family of operators is entered in."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

from mongo_values import MISSING, Refused, stored

F = TypeVar("F", bound=Callable[..., Any])


class Scope(NamedTuple):
    """What an expression sees.

    Args:
        root: the document.
        variables: by name, without dollars.
    """

    root: dict[str, Any]
    variables: dict[str, Any]

    def of(self, expression: Any, **more: Any) -> Any:
        """An expression's value, with more variables."""
        return evaluate(expression, self._replace(variables={**self.variables, **more}) if more else self)


#: How an operator's value is found from what stands under it.
OPERATORS: dict[str, Callable[[Scope, Any], Any]] = {}


#: The groups of arguments that are computed first.
Fold = Callable[[list[Any]], list[list[Any]]]


def nothing_first(_: list[Any]) -> list[list[Any]]:
    return []


def all_constants(given: list[Any]) -> list[list[Any]]:
    """Of operators whose arguments may change places."""
    found = [each for each in given if is_constant(each)]
    return [found] if len(found) > 1 else []


def neighbours(given: list[Any]) -> list[list[Any]]:
    """Of operators whose arguments may not."""
    runs = [list(run) for constant, run in groupby(given, is_constant) if constant]
    return [run for run in runs if len(run) > 1]


def known(expression: Any, scope: Scope, *names: str) -> None:
    """Refuses variables that nobody gives, also where no document comes to be evaluated.

    Args:
        expression: what stands in an operator that gives variables; others in it look after themselves.
        scope: around the operator.
        names: of the operator's variables.
    """
    if isinstance(expression, str) and expression.startswith("$$"):
        first = expression[2:].split(".")[0]
        if first not in names and first not in scope.variables:
            raise Refused(f"no variable {first}")
    elif isinstance(expression, list):
        for each in expression:
            known(each, scope, *names)
    elif isinstance(expression, dict) and not BINDING & set(expression):
        for each in expression.values():
            known(each, scope, *names)


#: What is inside of these is no expression, or one with more variables.
BINDING = {"$literal", "$const", "$map", "$filter", "$reduce", "$let"}


def is_constant(expression: Any) -> bool:
    if isinstance(expression, dict):
        if "$ifNull" in expression and expression["$ifNull"][0] not in (None, {"$literal": None}, {"$const": None}):
            # The server looks no further than a constant.
            return is_constant(expression["$ifNull"][0])
        return next(iter(expression), "") in ("$literal", "$const") or all(map(is_constant, expression.values()))
    if isinstance(expression, list):
        return all(map(is_constant, expression))
    return not (isinstance(expression, str) and expression.startswith("$"))


def lazy(*names: str) -> Callable[[F], F]:
    """Enters a function of the scope and of what stands under the operator, not yet evaluated."""

    def enter(function: F) -> F:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return enter


def takes_values(*names: str, folds: Fold = nothing_first) -> Callable[[F], F]:
    """Enters a function of the operator's arguments, by position.

    Args:
        names: of the operators.
        folds: which of the constants among the arguments the server computes first, so that they may fail first.
    """

    def enter(function: F) -> F:
        def call(scope: Scope, body: Any) -> Any:
            given = body if isinstance(body, list) else [body]
            for run in folds(given):
                function(*(scope.of(each) for each in run))
            if folds is all_constants:
                # What is computed first stands last.
                given = sorted(given, key=is_constant)
            return function(*(scope.of(each) for each in given))

        OPERATORS.update(dict.fromkeys(names, call))
        return function

    return enter


def takes_names(*names: str) -> Callable[[F], F]:
    """Enters a function of the operator's arguments, by name."""

    def enter(function: F) -> F:
        def call(scope: Scope, body: Any) -> Any:
            return function({name: scope.of(each) for name, each in body.items()})

        OPERATORS.update(dict.fromkeys(names, call))
        return function

    return enter


def answer(expression: Any, document: dict[str, Any]) -> Any:
    """What the server computes of a document, `MISSING` when nothing.

    Raises:
        Refused: the server answers with an error.
    """
    document = stored(document)
    return evaluate(stored(expression), Scope(document, {"ROOT": document, "CURRENT": document, "REMOVE": MISSING}))


def evaluate(expression: Any, scope: Scope) -> Any:
    if isinstance(expression, str) and expression.startswith("$"):
        return _read(expression, scope)
    if isinstance(expression, list):
        found = [evaluate(each, scope) for each in expression]
        return [None if each is MISSING else each for each in found]
    if not isinstance(expression, dict):
        return expression
    name = next(iter(expression), "")
    if name.startswith("$"):
        return OPERATORS[name](scope, expression[name])
    fields = {name: evaluate(each, scope) for name, each in expression.items()}
    return {name: value for name, value in fields.items() if value is not MISSING}


def _read(text: str, scope: Scope) -> Any:
    first, *parts = text.lstrip("$").split(".")
    if not text.startswith("$$"):
        return _path(scope.root, [first, *parts])
    if first not in scope.variables:
        raise Refused(f"no variable {first}")
    return _path(scope.variables[first], parts)


def _path(value: Any, parts: list[str]) -> Any:
    """What stands at a path; of an array, what stands there in each of its documents."""
    if not parts:
        return value
    if isinstance(value, dict):
        return _path(value.get(parts[0], MISSING), parts[1:])
    if isinstance(value, list):
        found = [_path(each, parts) for each in value if isinstance(each, dict)]
        return [each for each in found if each is not MISSING]
    return MISSING
