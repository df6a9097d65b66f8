"""What Python must know of update operators and stages to check them as they are written."""

from __future__ import annotations

from .table import Table


def module(table: Table) -> str:
    """The module `data_bridge/ir/operators.py`."""
    updates = {row.mql: (row.more["operand"], tuple(row.more["takes"].split("|"))) for row in table["updates"]}
    stages = sorted(row.mql for row in table["stages"] if row.more.get("update"))
    return f'''"""Facts of update operators and stages.

Written by `make generate` from `ir/catalog/*.toml`: change those.
"""

#: By update operator, what its operand is and the types of fields it makes sense for.
UPDATES: dict[str, tuple[str, tuple[str, ...]]] = {updates!r}

#: The stages that an update pipeline may use.
UPDATE_STAGES = frozenset({stages!r})
'''
