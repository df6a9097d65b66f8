"""What accumulators and window functions have in common: outputs of groups, buckets and windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from . import ir
from .errors import CompileError
from .fields.nodes import MISSING, NoValue, of_documents, value
from .ir import stages
from .ir.collisions import refuse_collisions

#: Bounds of a window by their names.
BOUNDS = ("unbounded", "current")


class Output(NoValue):
    """A value computed over several documents.

    Args:
        given: the one argument, or what `named` and `listed` make of several; nothing for an output that takes none.
    """

    name: ClassVar[str]
    instead = "it is computed of several documents: write it in Group(..., name=...) and then F.name"

    def __init__(self, given: Any = MISSING) -> None:
        self.given = given

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def operand(self) -> Any:
        """The arguments as nodes: None, one node, a tuple of them, or a dict by MQL name."""
        given = self.given
        if isinstance(given, _Named):
            return {name: self._argument(name, item) for name, item in given.items() if item is not MISSING}
        if isinstance(given, _Listed):
            return tuple(value(item) for item in given)
        if given is MISSING:
            return None
        node = of_documents(given, f"{type(self).__name__}({{}})")
        # A list would be read as several operands; a concatenation of one list is that list.
        return ir.Call("$concatArrays", (node,)) if isinstance(node, ir.ArrayExpr) else node

    def _argument(self, name: str, given: Any) -> ir.Expr:
        computed = name in ("input", "output")
        return of_documents(given, f"{type(self).__name__}({name}={{}}, ...)") if computed else value(given)

    def body(self) -> dict[str, Any]:
        """The output as it stands in a stage's body."""
        operand = self.operand()
        if operand is None:
            return {self.name: {}}
        if isinstance(operand, dict):
            return {self.name: {name: _plain(item) for name, item in operand.items()}}
        return {self.name: operand}

    def over(
        self, *, documents: tuple[Any, Any] | None = None, range: tuple[Any, Any] | None = None, unit: str | None = None
    ) -> Windowed:
        """The output over a window around each document.

        Args:
            documents: first and last document, by distance: -2, 0, "current", "unbounded".
            range: least and greatest value of the sort field, by difference.
            unit: the unit of a range of dates, such as "day".

        Raises:
            CompileError: not exactly one of `documents` and `range` is given, or a bound is none.
        """
        if (documents is None) == (range is None):
            raise CompileError("a window is of documents or of a range: give one of them", code="bad_window")
        name, bounds = ("documents", documents) if range is None else ("range", range)
        if bounds is None or len(bounds) != 2 or any(isinstance(each, str) and each not in BOUNDS for each in bounds):
            raise CompileError(
                f"{bounds!r} is not a window: give a pair of numbers, {' or '.join(map(repr, BOUNDS))}",
                code="bad_window",
            )
        window: dict[str, Any] = {name: list(bounds)}
        return Windowed(self, window if unit is None else {**window, "unit": unit})


class _Named(dict[str, Any]):
    """Arguments by their MQL names."""


class _Listed(tuple[Any, ...]):
    """Arguments by position."""

    __slots__ = ()


def named(given: Mapping[str, Any]) -> Any:
    """Arguments by their MQL names."""
    return _Named(given)


def listed(*given: Any) -> Any:
    """Arguments by position."""
    return _Listed(given)


def _plain(node: ir.Expr) -> Any:
    """Constant documents, such as an order, stand as they are; other literals are quoted where they must be."""
    return node.value if isinstance(node, ir.Literal) and isinstance(node.value, Mapping) else node


class Windowed:
    """An output and its window."""

    def __init__(self, output: Output, window: dict[str, Any]) -> None:
        self.output = output
        self.window = window

    def body(self) -> dict[str, Any]:
        """The output as it stands in a stage's body."""
        return {**self.output.body(), "window": self.window}


class Accumulator(Output):
    """What a group computes over its documents."""

    def node(self) -> stages.Accumulator:
        """The accumulator's node."""
        return stages.Accumulator(self.name, self.operand())


class WindowFunction(Output):
    """What is computed over a window of documents only."""

    def node(self) -> stages.Accumulator:
        """A group has no windows.

        Raises:
            CompileError: always.
        """
        raise CompileError(
            f"{self.name} works over windows only",
            code="window_only",
            hint="use it in SetWindowFields(..., name=...)",
        )


def outputs(given: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs by name, as they stand in a stage's body.

    Raises:
        CompileError: one is no accumulator, or is below another.
    """
    for name, output in given.items():
        if not hasattr(output, "body"):
            raise CompileError(
                f"{name}={output!r} is not an accumulator",
                code="not_an_accumulator",
                hint="write Sum(User.age), Count()",
            )
    refuse_collisions("the stage", list(given.items()))
    return {name: output.body() for name, output in given.items()}
