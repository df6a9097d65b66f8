"""What type checkers are told of results: the table's `returns` as overloads."""

from __future__ import annotations

from dataclasses import dataclass, field

from .table import Operator

#: Results whatever the arguments are.
PLAIN = {
    "int": "int",
    "bool": "bool",
    "string": "str",
    "double": "float",
    "date": "datetime.datetime",
    "decimal": "Decimal",
    "binary": "bytes",
    "object": "dict[str, Any]",
    "object_id": "ObjectId",
    "array": "list[Any]",
    "array<int>": "list[int]",
    "array<double>": "list[float]",
    "array<string>": "list[str]",
    "array<object>": "list[dict[str, Any]]",
    "array<array>": "list[list[Any]]",
}
UNKNOWN = "Expression[Never]"


@dataclass(frozen=True)
class Overload:
    """A result, and the annotations of the arguments that it takes.

    Attributes:
        result: the parameter of `Value`.
        given: annotations by argument name, where they differ from what the table says.
    """

    result: str
    given: dict[str, str] = field(default_factory=dict)


def overloads(operator: Operator) -> list[Overload]:
    """What checkers try one after the other; a value of unknown type comes first, for it would match the others too."""
    returns = operator.returns
    numbers = [each.name for each in operator.arguments if {"number"} <= set(each.types)]
    name, _, inner = returns.removesuffix(")").partition("(")
    if returns in PLAIN:
        return [Overload(PLAIN[returns])]
    if name in ("element", "same"):
        items = {each.name: "Items[E]" for each in operator.arguments if each.types == ("array",)}
        items = items if inner in items else {}
        return [Overload("E" if name == "element" else "list[E]", items)] if items else [Overload("Any")]
    if returns == "constant":
        return [Overload("T", {operator.arguments[0].name: "T"})]
    if name not in ("float", "numeric", "widest", "sum", "difference") or not numbers:
        return [Overload("Any")]
    measured = [inner] if inner else numbers
    found = _numeric(measured, name in ("widest", "sum", "difference"), len(measured) > 1 or _many(operator))
    return found + _dates(measured, name, _many(operator))


def _many(operator: Operator) -> bool:
    return any(each.stars for each in operator.arguments)


def _numeric(names: list[str], whole: bool, mixed: bool) -> list[Overload]:
    def all_of(annotation: str) -> dict[str, str]:
        return dict.fromkeys(names, annotation)

    found = [Overload("Any", {each: UNKNOWN}) for each in names]
    if whole:
        found.append(Overload("int", all_of("Whole")))
    found.append(Overload("float", all_of("Real")))
    return [*found, Overload("Decimal", all_of("Number" if mixed else "Exact"))]


def _dates(names: list[str], name: str, many: bool) -> list[Overload]:
    if name == "sum" and many:
        return [Overload("datetime.datetime", dict.fromkeys(names, "Day | Real"))]
    if name == "difference":
        first, second = names
        return [
            Overload("int", {first: "Day", second: "Day"}),
            Overload("datetime.datetime", {first: "Day", second: "Real"}),
        ]
    return []
