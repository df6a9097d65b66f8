"""What Python must know of operators and stages to check them as they are written."""

from __future__ import annotations

from .classes import PLACES
from .table import Table


def module(table: Table) -> str:
    """The module `data_bridge/ir/operators.py`."""
    updates = {row.mql: (row.more["operand"], tuple(row.more["takes"].split("|"))) for row in table["updates"]}
    stages = sorted(row.mql for row in table["stages"] if row.more.get("update"))
    server = sorted(row.mql for row in table["stages"] if row.group == "inspect")
    queries = {where: sorted(row.mql for row in table["queries"] if row.more["where"] == where) for where in PLACES}
    return f'''"""Facts of operators and stages.

Written by `make generate` from `ir/catalog/*.toml`: change those.
"""

#: By update operator, what its operand is and the types of fields it makes sense for.
UPDATES: dict[str, tuple[str, tuple[str, ...]]] = {updates!r}

#: The operators that stand under a field of a filter.
FIELD_OPERATORS = frozenset({queries["field"]!r})

#: The operators that stand at the top of a filter.
FILTER_OPERATORS = frozenset({queries["filter"]!r})

#: All stages of pipelines.
STAGES = frozenset({sorted({row.mql for row in table["stages"]})!r})

#: The stages that tell of the server, and not of what a collection holds.
SERVER_STAGES = frozenset({server!r})

#: The stages that an update pipeline may use.
UPDATE_STAGES = frozenset({stages!r})
'''
