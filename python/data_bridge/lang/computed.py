"""Computed values as text: operators, functions, and functions of parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from .. import functions, ir
from .conditions import ATOM, POWER, PRODUCT, SUM, Bound, Conditions, call, placed
from .written import NoForm, is_name, quoted

_INFIX = {
    "$add": ("+", SUM),
    "$subtract": ("-", SUM),
    "$multiply": ("*", PRODUCT),
    "$divide": ("/", PRODUCT),
    "$mod": ("%", PRODUCT),
    "$pow": ("**", POWER),
}


@cache
def _functions() -> Mapping[str, tuple[str, Mapping[str, str]]]:
    """By MQL name in small letters, each function's name and its parameters by theirs."""
    found: dict[str, tuple[str, Mapping[str, str]]] = {}
    for name in functions.__all__:
        parameters = inspect.signature(vars(functions)[name]).parameters
        found[plain(name)] = (name, {plain(each): each for each in parameters})
    return found


def known_parameters(name: str) -> Mapping[str, str]:
    """The parameters of the function for an operator, by their names in small letters; none when there is none."""
    return _functions().get(plain(name), ("", {}))[1]


def plain(name: str) -> str:
    """A name as MQL and Python both have it: small letters without signs."""
    return name.replace("_", "").removeprefix("$").lower()


class Computed(Conditions):
    """Writes computed values too."""

    def __init__(self, cls: type[Any] | None, python: bool, free: bool = False) -> None:
        super().__init__(cls, python, free)
        #: Constant documents are marked as such even where a function may take them as they are.
        self.marking = False
        #: The parameters around, which are variables of the server.
        self.variables: set[str] = set()

    def parameter(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self.elements.values() or name in self.variables:
            name, number = f"{wanted}{number}", number + 1
        return name

    def value(self, node: Any) -> str:
        """A value in an aggregation, where it stands alone or between commas."""
        return self.bound(node)[0]

    def bound(self, node: Any) -> Bound:
        """A value in an aggregation."""
        if type(node) is ir.Literal:
            if _holds_more(node):
                # As it stands it would be read as a computed one.
                return call("ir.Literal", self.literal(node.value)), ATOM
            text = self.literal(node.value)
            return text, SUM if text.startswith("-") else ATOM
        if type(node) is ir.DocumentExpr:
            return self._document(node), ATOM
        if type(node) is ir.ArrayExpr:
            return f"[{', '.join(self.value(item) for item in node.items)}]", ATOM
        return self.predicate(node)

    def _document(self, node: ir.DocumentExpr) -> str:
        return "{" + ", ".join(f"{quoted(name)}: {self.value(item)}" for name, item in node.fields.items()) + "}"

    def expression(self, node: Any) -> Bound:
        if type(node) is ir.Field:
            return self.field(node), ATOM
        if type(node) is ir.Variable:
            return self._variable(node), ATOM
        if type(node) is ir.Call:
            return self._call(node)
        if type(node) is ir.Computed:
            return call("Expr", self.value(node.term)), ATOM
        if type(node) is ir.Filter:
            return self.predicate(node.predicate)
        raise NoForm(f"{type(node).__name__} has no form of its own")

    def _variable(self, node: ir.Variable) -> str:
        first, *rest = node.name.split(".")
        if first in self.variables:
            return first + self.below(rest)
        return call("variable", quoted(node.name))

    def _call(self, node: ir.Call) -> Bound:
        args = node.args
        if isinstance(args, dict):
            special = _SPECIAL.get(node.name)
            if special is not None:
                return special(self, args), ATOM
            return self._named(node.name, args), ATOM
        if node.name in _INFIX and len(args) == 2:
            infix = self._infix(node.name, args)
            if infix is not None:
                return infix
        if node.name == "$floor" and type(args[0]) is ir.Call and args[0].name == "$divide":
            divided = self._infix("$divide", args[0].args, "//") if len(args[0].args) == 2 else None
            if divided is not None:
                return divided
        if node.name == "$literal" and type(args[0]) is ir.Literal:
            return call("fn.literal", self.literal(args[0].value)), ATOM
        name, _ = self._function(node.name)
        if node.name == "$slice" and len(args) == 3:
            return call("fn.slice", self.value(args[0]), self.value(args[2]), position=self.value(args[1])), ATOM
        return call(f"fn.{name}", *(self.argument(each) for each in args)), ATOM

    def _function(self, name: str) -> tuple[str, Mapping[str, str]]:
        try:
            return _functions()[plain(name)]
        except KeyError:
            raise NoForm(f"there is no function {name}") from None

    def _named(self, name: str, args: Mapping[str, Any]) -> str:
        function, parameters = self._function(name)
        return call(f"fn.{function}", **self.by_parameter(parameters, args))

    def by_parameter(self, parameters: Mapping[str, str], args: Mapping[str, Any]) -> dict[str, str]:
        """Arguments by Python's names for MQL's."""
        try:
            return {parameters[plain(key)]: self.argument(item) for key, item in args.items()}
        except KeyError as error:
            raise NoForm(f"there is no argument {error}") from None

    def argument(self, node: Any) -> str:
        """A function's argument: a value, or a constant that the function takes as it is."""
        return self.constant(node) if type(node) is ir.Literal else self.value(node)

    def constant(self, node: ir.Literal) -> str:
        """A constant argument: documents are orders and the like, which functions take as they are."""
        if _holds_more(node) and (self.marking or not isinstance(node.value, dict)):
            return self.value(node)
        return self.literal(node.value)

    def _infix(self, name: str, args: Any, sign: str | None = None) -> Bound | None:
        left, right = args
        if not any(isinstance(each, ir.Expr) and type(each) not in _CONSTANTS for each in args):
            return None
        # What Python's own types do with an operator comes before what expressions do.
        if any(type(each) in _CONSTANTS and not _is_number(each) for each in args):
            return None
        own, binds = _INFIX[name]
        if sign is None and name == "$pow":
            return f"{placed(self.bound(left), ATOM)} ** {placed(self.bound(right), POWER)}", POWER
        return f"{placed(self.bound(left), binds)} {sign or own} {placed(self.bound(right), binds + 1)}", binds

    # Functions of parameters

    def _scoped(self, names: list[str], body: Any) -> str:
        if not all(is_name(name) for name in names):
            raise NoForm("a variable's name is none of Python's")
        around = set(self.variables)
        self.variables |= set(names)
        try:
            return f"lambda {', '.join(names)}: {self.value(body)}" if names else self.value(body)
        finally:
            self.variables = around

    def _of_elements(self, function: str, args: Mapping[str, Any], body: str) -> str:
        name = args["as"].value
        more = {"limit": self.value(args["limit"])} if "limit" in args else {}
        return call(function, self.value(args["input"]), self._scoped([name], args[body]), **more)

    def _reduce(self, args: Mapping[str, Any]) -> str:
        body = self._scoped(["value", "this"], args["in"])
        return call("fn.reduce", self.value(args["input"]), self.value(args["initialValue"]), body)

    def _let(self, args: Mapping[str, Any]) -> str:
        bound = args["vars"]
        return call("fn.let", self._scoped(list(bound.fields), args["in"]), self._document(bound))

    def _switch(self, args: Mapping[str, Any]) -> str:
        branches = [
            f"({self.value(each.fields['case'])}, {self.value(each.fields['then'])})" for each in args["branches"].items
        ]
        return call("fn.switch", *branches, default=self.value(args["default"]) if "default" in args else "")

    def _cond(self, args: Mapping[str, Any]) -> str:
        return call("fn.cond", *(self.value(args[part]) for part in ("if", "then", "else")))


def _holds_more(node: ir.Literal) -> bool:
    return isinstance(node.value, (dict, list, tuple))


def _is_number(node: ir.Literal) -> bool:
    return type(node) is ir.Literal and type(node.value) in (int, float)


_CONSTANTS = (ir.Literal, ir.DocumentExpr, ir.ArrayExpr)
_SPECIAL: Mapping[str, Callable[[Computed, Mapping[str, Any]], str]] = {
    "$map": lambda self, args: self._of_elements("fn.map", args, "in"),
    "$filter": lambda self, args: self._of_elements("fn.filter", args, "cond"),
    "$reduce": Computed._reduce,
    "$let": Computed._let,
    "$switch": Computed._switch,
    "$cond": Computed._cond,
}
