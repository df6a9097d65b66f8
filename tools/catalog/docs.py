"""The table as a page of documentation."""

from __future__ import annotations

from . import classes
from .accumulators import name_of
from .functions import BY_HAND, default
from .table import Operator, Table

HEAD = """# Operators

Every operator, how it is written in Python, and the first MongoDB version that has it. A query that needs more than the
connected server has is refused before it is sent. Written by `make generate` from `ir/catalog/*.toml`: change those.
"""


def page(table: Table) -> str:
    """The page `docs/operators.md`."""
    parts = [HEAD]
    parts += _section("Expressions", "`from data_bridge import fn`", table, "expressions", _expression)
    parts += _section(
        "Accumulators",
        "In `Group`, `Bucket` and `BucketAuto`; all but `MergeObjects` in `SetWindowFields` too.",
        table,
        "accumulators",
        _class,
    )
    parts += _section("Window functions", "In `SetWindowFields` only.", table, "windows", _class)
    parts += _section("Query operators", "In `find`, `Match` and wherever a filter stands.", table, "queries", _written)
    parts += _section(
        "Update operators", "In `update`, `update_one`, `upsert` and `find_one_and_update`.", table, "updates", _written
    )
    parts += _section("Stages", "In `aggregate`.", table, "stages", _stage)
    return "\n".join(parts)


def _section(title: str, where: str, table: Table, kind: str, written: object) -> list[str]:
    lines = [f"## {title}", "", where, ""]
    for group, rows in table.groups(kind).items():
        if len(table.groups(kind)) > 1:
            lines += [f"### {group.capitalize()}", ""]
        lines += ["| Python | MQL | since | |", "|---|---|---|---|"]
        for row in rows:
            form = written(row).replace("|", "\\|")  # type: ignore[operator]
            lines.append(f"| {form} | `{row.mql}` | {row.since} | {row.doc} |")
        lines.append("")
    return lines


def _parameters(row: Operator) -> str:
    parts = []
    for each in row.arguments:
        if each.stars:
            parts.append(f"*{each.python}")
        elif not each.optional and not default(each):
            parts.append(each.python)
    parts += [f"{each.python}=" for each in row.arguments if each.optional]
    return ", ".join(parts)


def _expression(row: Operator) -> str:
    form = f"`fn.{row.key}({_parameters(row)})`"
    if row.key in BY_HAND:
        return f"`{BY_HAND[row.key]}(...)`, `fn.{row.key}(...)`"
    return f"{form}, `.{row.method}(...)`" if row.method else form


def _class(row: Operator) -> str:
    return "`Count()`" if row.key == "count" else f"`{name_of(row)}({_parameters(row)})`"


def _written(row: Operator) -> str:
    return ", ".join(f"`{each}`" for each in row.more.get("python") or [classes.call(row)])


def _stage(row: Operator) -> str:
    if row.more.get("node"):
        return _written(row)
    stars = "fields" if row.arguments and row.arguments[0].stars else ""
    return f"`{row.title}({f'**{stars}' if stars else _parameters(row)})`"
