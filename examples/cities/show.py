"""How the demo looks: titles, sources, tables. Plain text when the output is not a terminal."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from bson import json_util
from pydantic import BaseModel
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from data_bridge.plan import Plan

WIDTH = 100
ROWS = 8
CELL = 24
MANY_COLUMNS = 7

console = Console(width=WIDTH if not sys.stdout.isatty() else None)


class Throughput(ProgressColumn):
    """Documents a second, over the whole task."""

    def render(self, task: Task) -> Text:
        speed = task.completed / task.elapsed if task.elapsed else 0.0
        return Text(f"{speed:,.0f} documents/s")


def progress() -> Progress:
    return Progress(
        TextColumn("{task.description:<10}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        Throughput(),
        TimeElapsedColumn(),
        console=console,
    )


def title(function: Callable[..., Any]) -> None:
    console.print()
    console.print(Rule(inspect.getdoc(function) or function.__name__, align="left", style="cyan"))


def source(function: Callable[..., Any]) -> None:
    """The body of the function, without its docstring."""
    text = textwrap.dedent(inspect.getsource(function))
    definition = ast.parse(text).body[0]
    assert isinstance(definition, ast.AsyncFunctionDef | ast.FunctionDef)
    first = definition.body[1].lineno - 1
    code = textwrap.dedent("\n".join(text.splitlines()[first:]))
    if console.is_terminal:
        console.print(Syntax("", "python", theme="ansi_dark").highlight(code.rstrip()))
    else:
        console.print(code, markup=False, highlight=False)


def result(value: Any, seconds: float) -> None:
    """The result as a table where it has rows, the time that it took, and the plan where one is given with it."""
    value, plan = value if isinstance(value, tuple) else (value, None)
    rows = as_rows(value)
    if rows is None:
        lines(str(value))
    elif rows:
        console.print(table(rows[:ROWS]))
    noun = f"{len(rows):,} {'row' if len(rows) == 1 else 'rows'}, " if rows is not None else ""
    shown = f" ({ROWS} shown)" if rows is not None and len(rows) > ROWS else ""
    console.print(f"{noun}{seconds * 1000:,.1f} ms{shown}", style="dim", highlight=False)
    if plan is not None:
        lines(steps(plan), style="dim")


def steps(plan: Plan) -> str:
    """What is sent, in order, and why so."""
    found = [*plan.to_dict()["links"]]
    for number, step in enumerate(plan.steps, 1):
        found += [f"{number}. {step.purpose}", f"   {json_util.dumps(step.command)}"]
    return "\n".join([*found, *(f"then {fetch}" for fetch in plan.fetches)])


def lines(text: str, style: str = "") -> None:
    """Text as it is, with lines that are too long folded below their beginning."""
    for line in text.splitlines():
        inside = " " * (len(line) - len(line.lstrip()) + 2)
        # Commas and brackets of a command are the places to fold it.
        spaced = line.replace(",", ", ").replace(",  ", ", ") if len(line) > console.width else line
        folded = textwrap.wrap(spaced, console.width, subsequent_indent=inside, break_on_hyphens=False)
        console.print("\n".join(folded), style=style, markup=False, highlight=False)


def as_rows(value: Any) -> list[dict[str, Any]] | None:
    """Documents and dicts as flat rows; None for anything else."""
    if isinstance(value, BaseModel | Mapping):
        return [flat(value)]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [flat(row) if isinstance(row, BaseModel | Mapping) else {"value": row} for row in value]
    return None


def flat(row: BaseModel | Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    items = row.model_dump() if isinstance(row, BaseModel) else dict(row)
    out: dict[str, Any] = {}
    for name, value in items.items():
        out |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return out


def table(rows: list[dict[str, Any]]) -> Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    if len(names) > MANY_COLUMNS:  # lists are what one can do without
        names = [name for name in names if not any(isinstance(row.get(name), list) for row in rows)]
    out = Table(show_edge=False, pad_edge=False, header_style="bold")
    for name in names:
        column = [row[name] for row in rows if name in row]
        numeric = all(isinstance(value, int | float) for value in column)
        narrow = numeric or all(len(str(value)) <= CELL // 2 for value in column)
        header = name.rsplit(".", 1)[-1]
        width = max(len(header), *(len(cell(value, name)) for value in column)) if narrow else None
        justify: Literal["left", "right"] = "right" if numeric else "left"
        out.add_column(header, justify=justify, overflow="ellipsis", no_wrap=True, min_width=width)
    for row in rows:
        out.add_row(*(Text(cell(row.get(name, ""), name)) for name in names))
    return out


def cell(value: Any, name: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and name not in ("id", "_id"):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, list):
        shown = ", ".join(map(str, value))
        if len(shown) > CELL:
            return f"{', '.join(map(str, value[:2]))[: CELL - 8]}... ({len(value)})"
        return shown
    return str(value)
