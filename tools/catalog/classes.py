"""Query and update operators as Python classes."""

from __future__ import annotations

import ast

from .functions import docstring
from .table import Operator, Table

#: Where a query operator stands whose class is made.
PLACES = ("field", "filter")

QUERIES = '''"""Query operators as classes that are built of their operands, or by the method of a field.

Written by `make generate` from `ir/catalog/queries.toml`: change that.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import ir
from .fields import Predicate
from .fields.subjects import compared, tested
'''

UPDATES = '''"""Update operators as classes: of every field they are given, and what it is updated with.

Written by `make generate` from `ir/catalog/updates.toml`: change that.
"""

from __future__ import annotations

from .field_update import FieldUpdate
'''


def queries(table: Table) -> str:
    """The module `data_bridge/query_operators.py`."""
    return _module(QUERIES, [(row, _query(row)) for row in _made(query_rows(table))])


def updates(table: Table) -> str:
    """The module `data_bridge/update_operators.py`."""
    return _module(UPDATES, [(row, _update(row)) for row in _made(update_rows(table))])


def query_rows(table: Table) -> list[Operator]:
    """The query operators that are classes of predicates, those by hand among them."""
    return [row for row in table["queries"] if row.more["where"] in PLACES]


def update_rows(table: Table) -> list[Operator]:
    """The update operators that are not accumulators too, those by hand among them."""
    accumulators = {row.key for row in table["accumulators"]}
    return [row for row in table["updates"] if row.key not in accumulators]


def call(row: Operator) -> str:
    """How the class is called, for a page: `In(field, values)`."""
    if row.kind == "updates":
        return f"{row.title}({{field: value}})"
    parts = []
    taken = _taken(row)
    for names, ahead in ((taken.args, ""), ([taken.vararg] if taken.vararg else [], "*")):
        parts += [f"{ahead}{each.arg}" for each in names]
    parts += [f"{each.arg}=" for each in taken.kwonlyargs]
    return f"{row.title}({', '.join([*_subject(row), *parts])})"


def _made(rows: list[Operator]) -> list[Operator]:
    """Those whose classes are made.

    Raises:
        ValueError: an operator runs a program: its class must ask whether it may, and texts must know it.
    """
    found = [row for row in rows if not row.more.get("node")]
    for row in found:
        if row.purity == "code":
            raise ValueError(f"{row.kind}.{row.key}: the class of what runs a program is written by hand (node = true)")
    return found


def _module(head: str, made: list[tuple[Operator, str]]) -> str:
    names = f"__all__ = {sorted(row.title for row, _ in made)!r}\n"
    return "\n\n\n".join([head.strip(), *(text for _, text in made), names])


def _update(row: Operator) -> str:
    return f'class {row.title}(FieldUpdate):\n{docstring(row)}\n    op = "{row.mql}"'


def _query(row: Operator) -> str:
    subject = [f"{name}: Any" for name in _subject(row)]
    return "\n".join(
        [
            f"class {row.title}(Predicate):",
            docstring(row),
            "    __slots__ = ()",
            "",
            f"    def __init__({', '.join(['self', *subject, _parameters(row)])}) -> None:",
            f"        super().__init__({_built(row)})",
        ]
    )


def _subject(row: Operator) -> list[str]:
    """The name of what the operator is asked of, if it is asked of one thing."""
    if row.more["where"] == "filter":
        return []
    return ["left" if _is_sign(row) else "field"]


def _is_sign(row: Operator) -> bool:
    return row.method is not None and not row.method.isidentifier()


def _parameters(row: Operator) -> str:
    return str(row.more.get("parameters", "operand: Any"))


def _taken(row: Operator) -> ast.arguments:
    [function] = ast.parse(f"def f({_parameters(row)}): ...").body
    assert isinstance(function, ast.FunctionDef)
    return function.args


def _built(row: Operator) -> str:
    """The node that the class hands to its base.

    Raises:
        ValueError: several parameters are no operand, so a method must make one of them.
    """
    taken = _taken(row)
    given = [each.arg for each in taken.args]
    if _is_sign(row):
        return f"(compared(left) {row.method} {given[0]}).__ir__"
    if row.method:
        given += [f"*{taken.vararg.arg}"] if taken.vararg else []
        given += [f"{each.arg}={each.arg}" for each in taken.kwonlyargs]
        return f"tested(field).{row.method}({', '.join(given)}).__ir__"
    if len(given) != 1 or taken.vararg or taken.kwonlyargs:
        raise ValueError(f"queries.{row.key}: without a method the operand is one parameter")
    if row.more["where"] == "filter":
        return f'ir.Raw({{"{row.mql}": {given[0]}}})'
    return f'ir.FieldOperator(tested(field).__ir__, "{row.mql}", {given[0]})'
