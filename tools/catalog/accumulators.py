"""Accumulators and window functions as Python classes."""

from __future__ import annotations

from .functions import docstring, passed, signature
from .table import Operator, Table

#: A stage too, so written by hand.
BY_HAND = {"count"}

HEAD = '''"""{doc}

Written by `make generate` from `ir/catalog/{source}.toml`: change that.
"""

from __future__ import annotations

from typing import Any, Literal

from .arguments import Items, Moment, Number, Order, Record, Whole
from .fields.nodes import MISSING, constant
from .fields.order import order
from .outputs import Accumulator, WindowFunction, listed, named
from .field_update import FieldUpdate
'''


def accumulators(table: Table) -> str:
    """The module `data_bridge/accumulators.py`."""
    head = HEAD.format(doc="Accumulators: what groups, buckets and windows compute.", source="accumulators")
    rows = [row for row in table["accumulators"] if row.key not in BY_HAND]
    # Where one stands decides which it is.
    updates = {row.key for row in table["updates"]}
    classes = (_class(row, "Accumulator", row.key in updates) for row in rows)
    return "\n\n\n".join([head.strip(), *classes, _all(rows)])


def windows(table: Table) -> str:
    """The module `data_bridge/windows.py`."""
    head = HEAD.format(doc="Window functions: what `SetWindowFields` alone computes.", source="windows")
    rows = table["windows"]
    return "\n\n\n".join([head.strip(), *(_class(row, "WindowFunction") for row in rows), _all(rows)])


def name_of(row: Operator) -> str:
    """The class name: `JsAccumulator` for the one that would hide its base."""
    return "JsAccumulator" if row.key == "accumulator" else row.title


def _all(rows: list[Operator]) -> str:
    return f"__all__ = {sorted(name_of(row) for row in rows)!r}\n"


def _class(row: Operator, base: str, update: bool = False) -> str:
    bases = f"FieldUpdate, {base}" if update else base
    lines = [f"class {name_of(row)}({bases}):", docstring(row).rstrip(), "", f'    name = "{row.mql}"']
    if update:
        lines.append(f'    op = "{row.mql}"')
    parameters = ", ".join(["self", *signature(row, row.arguments)])
    lines += ["", f"    def __init__({parameters}) -> None:"]
    if update:
        lines.append("        FieldUpdate.__init__(self, of)")
        lines.append(f"        {base}.__init__(self, of)")
    else:
        lines.append(f"        super().__init__({_given(row)})")
    return "\n".join(lines)


def _given(row: Operator) -> str:
    if not row.arguments:
        return ""
    match row.shape:
        case "single":
            return passed(row.arguments[0])
        case "array":
            return f"listed({', '.join(passed(each) for each in row.arguments)})"
    return "named({" + ", ".join(f'"{each.name}": {passed(each)}' for each in row.arguments) + "})"
