"""Expressions that name values: a Python function's parameters are the variables.

`map_(User.items, lambda item: item.price * item.count)` is `$map` over `$$item`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

from . import ir
from ._core import DType
from .errors import CompileError
from .fields import MISSING, Path, Value, named, value
from .fields.expression import Expression, Predicate, T_co
from .ir.parse_expressions import SYSTEM
from .ir.places import nearest

if TYPE_CHECKING:
    from pydantic import BaseModel

    from .arguments import Items, Whole

T = TypeVar("T")
U = TypeVar("U")
E = TypeVar("E")

#: The server's rule for names of variables. Source: MongoDB manual, "Variables in Aggregation Expressions".
_NAME = re.compile(r"[a-z][a-zA-Z0-9_]*")


class Variable(Path[T_co]):
    """`$$name` and what is below it, of which type checkers know nothing."""

    __slots__ = ()
    __ir__: ir.Variable

    @property
    def _label(self) -> str:
        return self.__ir__.name

    def _deeper(self, name: str, dtype: DType) -> ir.Variable:
        return ir.Variable(f"{self.__ir__.name}.{name}", dtype)

    def __str__(self) -> str:
        return self.__ir__.name

    def __repr__(self) -> str:
        return f"$${self.__ir__.name}"

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def in_(self, values: Any) -> Any:
        """The value is one of these."""
        return Value(self.__ir__).in_(values)

    def not_in(self, values: Any) -> Any:
        """The value is none of these."""
        return Value(self.__ir__).not_in(values)

    def between(self, low: Any, high: Any) -> Any:
        """`low <= value <= high`."""
        return Value(self.__ir__).between(low, high)

    if not TYPE_CHECKING:

        def map(self, body: Callable[[Any], Any]) -> Value:
            """A value computed of each element."""
            return map_(self, body)

        def filter(self, condition: Callable[[Any], Any], limit: Any = MISSING) -> Value:
            """The elements for which the condition holds."""
            return filter_(self, condition, limit=limit)

        def reduce(self, initial: Any, body: Callable[[Any, Any], Any]) -> Value:
            """One value of all elements."""
            return reduce_(self, initial, body)


def variable(name: str, dtype: DType | None = None) -> Variable[Any]:
    """A variable by its name: a system variable such as "NOW" and "ROOT", or one that is bound around.

    Raises:
        CompileError: it is named as system variables are, and there is none of the name.
    """
    root = name.split(".")[0]
    if root[:1].isupper() and root not in SYSTEM | {"IDX"}:
        hint = f"{nearest(root, SYSTEM)} system variables: {', '.join(sorted(SYSTEM))}".strip()
        raise CompileError(f"there is no system variable {root!r}", code="unknown_variable", hint=hint)
    return Variable(ir.Variable(name, dtype or DType.any()))


def _parameters(function: Callable[..., Any], count: int, operator: str) -> list[str]:
    names = list(inspect.signature(function).parameters)
    if len(names) != count:
        raise CompileError(
            f"{operator} gives its function {count} values, and it takes {len(names)}", code="bad_function"
        )
    for name in names:
        if not _NAME.fullmatch(name):
            raise CompileError(
                f"{operator}: {name!r} cannot name a variable",
                code="bad_variable",
                hint="begin with a small letter, then letters, digits and _",
            )
    return names


def _element(node: ir.Expr) -> DType:
    items = [member.element for member in node.dtype.members if member.kind == "array" and member.element]
    return DType.union(items) if items else DType.any()


def _list(given: Any, operator: str) -> ir.Expr:
    node = value(given)
    if not any(kind.kind in ("any", "array", "null") for kind in node.dtype.members) and "." not in _path(node):
        raise CompileError(f"{operator} works on lists: {given!r} is {node.dtype}", code="not_a_list", path=_path(node))
    return node


def _path(node: ir.Expr) -> str:
    return node.path if isinstance(node, ir.Field) else ""


@overload
def cond(if_: Any, then: Expression[T], else_: Expression[U]) -> Value[T | U]: ...
@overload
def cond(if_: Any, then: Expression[T], else_: U) -> Value[T | U]: ...
@overload
def cond(if_: Any, then: T, else_: Expression[U]) -> Value[T | U]: ...
@overload
def cond(if_: Any, then: T, else_: U) -> Value[T | U]: ...
def cond(if_: Any, then: Any, else_: Any) -> Value[Any]:
    """One of two values, by a condition: `cond(User.age >= 18, "adult", "child")`."""
    return named("$cond", **{"if": if_, "then": then, "else": else_})


@overload
def switch(*branches: tuple[Any, Expression[T]], default: Expression[T] = MISSING) -> Value[T]: ...
@overload
def switch(*branches: tuple[Any, Expression[T]], default: T) -> Value[T]: ...
@overload
def switch(*branches: tuple[Any, T], default: T = MISSING) -> Value[T]: ...
@overload
def switch(*branches: tuple[Any, Any], default: Any = MISSING) -> Value[Any]: ...
def switch(*branches: tuple[Any, Any], default: Any = MISSING) -> Value[Any]:
    """The value of the first branch whose condition holds: `switch((User.age < 13, "child"), ..., default="adult")`.

    Args:
        branches: pairs of a condition and a value.
        default: the value when none holds; without it the server fails then.

    Raises:
        CompileError: there is no branch, or one is not a pair.
    """
    if len(branches) == 1 and isinstance(branches[0], list):
        branches = tuple(branches[0])
    if not branches or any(not isinstance(branch, tuple) or len(branch) != 2 for branch in branches):
        raise CompileError("switch takes pairs of a condition and a value, one or more", code="bad_switch")
    cases = [{"case": condition, "then": then} for condition, then in branches]
    return named("$switch", branches=cases, default=default)


@overload
def let(body: Callable[[Any], Any], vars: Mapping[str, Any] | None = None, /, **values: Any) -> Value[Any]: ...
@overload
def let(body: Callable[[Any, Any], Any], vars: Mapping[str, Any] | None = None, /, **values: Any) -> Value[Any]: ...
@overload
def let(body: Any, vars: Mapping[str, Any] | None = None, /, **values: Any) -> Value[Any]: ...
def let(body: Any, vars: Mapping[str, Any] | None = None, /, **values: Any) -> Value[Any]:
    """A value computed with names for other values: `let(lambda total: total * total, total=User.a + User.b)`.

    Args:
        body: a function whose parameters are the names, or a value.
        vars: the values by name, when they are not given by keyword.

    Raises:
        CompileError: a parameter has no value, or a name is none the server takes.
    """
    given = {name: value(item) for name, item in {**(vars or {}), **values}.items()}
    for name in given:
        if not _NAME.fullmatch(name):
            raise CompileError(f"let: {name!r} cannot name a variable", code="bad_variable")
    if not isinstance(body, Expression) and callable(body):
        parameters = list(inspect.signature(body).parameters)
        missing = [name for name in parameters if name not in given]
        if missing:
            raise CompileError(f"let: {', '.join(missing)} has no value", code="bad_function")
        body = body(*(Variable(ir.Variable(name, given[name].dtype)) for name in parameters))
    return Value(ir.Call("$let", {"vars": ir.DocumentExpr(given), "in": value(body)}))


@overload
def map_(input: Items[BaseModel], in_: Callable[[Any], Any]) -> Value[list[Any]]: ...
@overload
def map_(input: Items[E], in_: Callable[[Value[E]], Value[U]]) -> Value[list[U]]: ...
@overload
def map_(input: Items[E], in_: Callable[[Value[E]], Predicate]) -> Value[list[bool]]: ...
@overload
def map_(input: Items[E], in_: Callable[[Value[E]], U]) -> Value[list[U]]: ...
@overload
def map_(input: Items[Any], in_: Expression[U], as_: str = "this") -> Value[list[U]]: ...
def map_(input: Any, in_: Any, as_: str = "this") -> Value[Any]:
    """A value computed of each element.

    Args:
        input: the list.
        in_: a function of an element, or a value in which `variable(as_)` is the element.
        as_: the element's name, when `in_` is no function.
    """
    node = _list(input, "map")
    name, body = _scoped(node, in_, as_, "map")
    return Value(ir.Call("$map", {"input": node, "as": ir.Literal(name), "in": body}))


@overload
def filter_(input: Items[BaseModel], cond: Callable[[Any], Any], *, limit: Whole = MISSING) -> Value[list[Any]]: ...
@overload
def filter_(input: Items[E], cond: Callable[[Value[E]], Any], *, limit: Whole = MISSING) -> Value[list[E]]: ...
@overload
def filter_(input: Items[E], cond: Expression[Any], as_: str = "this", limit: Whole = MISSING) -> Value[list[E]]: ...
def filter_(input: Any, cond: Any, as_: str = "this", limit: Any = MISSING) -> Value[Any]:
    """The elements for which a condition holds.

    Args:
        input: the list.
        cond: a function of an element, or a condition in which `variable(as_)` is the element.
        as_: the element's name, when `cond` is no function.
        limit: at most so many elements, from the first; since 5.2.
    """
    node = _list(input, "filter")
    name, body = _scoped(node, cond, as_, "filter")
    parts = {"input": node, "as": ir.Literal(name), "cond": body}
    return Value(ir.Call("$filter", parts if limit is MISSING else {**parts, "limit": value(limit)}))


def _scoped(node: ir.Expr, body: Any, name: str, operator: str) -> tuple[str, ir.Expr]:
    if not isinstance(body, Expression) and callable(body):
        [name] = _parameters(body, 1, operator)
        body = body(Variable(ir.Variable(name, _element(node))))
    elif not _NAME.fullmatch(name):
        raise CompileError(f"{operator}: {name!r} cannot name a variable", code="bad_variable")
    return name, value(body)


@overload
def reduce_(input: Items[Any], initial_value: Any, in_: Callable[[Any, Any], Any]) -> Value[Any]: ...
@overload
def reduce_(input: Items[Any], initial_value: Any, in_: Any) -> Value[Any]: ...
def reduce_(input: Any, initial_value: Any, in_: Any) -> Value[Any]:
    """One value of all elements: `reduce_(User.items, 0, lambda total, item: total + item.price)`.

    Args:
        input: the list.
        initial_value: the value before the first element.
        in_: a function of the value so far and an element, or a value in which `variable("value")` and
            `variable("this")` are these.
    """
    node = _list(input, "reduce")
    if isinstance(in_, Expression) or not callable(in_):
        return named("$reduce", **{"input": node, "initialValue": initial_value, "in": in_})
    names = _parameters(in_, 2, "reduce")
    body = _call(in_, names, ["value", "this"], node)
    if _binds(body, {"value", "this"}):
        # The server calls both by fixed names, which something inside hides: they get names of their own.
        bound = ir.DocumentExpr(
            {name: ir.Variable(fixed) for name, fixed in zip(names, ["value", "this"], strict=True)}
        )
        body = ir.Call("$let", {"vars": bound, "in": _call(in_, names, names, node)})
    return named("$reduce", **{"input": node, "initialValue": initial_value, "in": body})


def _call(function: Callable[..., Any], names: Sequence[str], variables: Sequence[str], node: ir.Expr) -> ir.Expr:
    types = [DType.any(), _element(node)]
    found: list[Variable[Any]] = [
        Variable(ir.Variable(name, dtype)) for name, dtype in zip(variables, types, strict=True)
    ]
    return value(function(*found))


def _binds(node: Any, names: set[str]) -> bool:
    """Whether something inside binds one of these names anew."""
    if isinstance(node, ir.Call):
        if node.name == "$reduce":
            return True
        args = node.args
        if isinstance(args, dict):
            bound = args.get("as")
            if isinstance(bound, ir.Literal) and bound.value in names:
                return True
            variables = args.get("vars")
            if isinstance(variables, ir.DocumentExpr) and names & set(variables.fields):
                return True
    if isinstance(node, ir.Node):
        return any(_binds(part, names) for part in node._parts())
    if isinstance(node, dict):
        return any(_binds(part, names) for part in node.values())
    return isinstance(node, (tuple, list)) and any(_binds(part, names) for part in node)
