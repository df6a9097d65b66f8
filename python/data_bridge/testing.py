"""Assertions on query plans, for the tests of programs that use data-bridge.

```python
async def test_adults_are_found_by_index() -> None:
    await assert_no_collection_scan(User.find(User.age > 25))
    await assert_uses_index(User.find(User.email == "a@b.c"), "email_1")
```
Each is an operation: await it, or call its `run_sync()`. One that was forgotten warns, as any operation does.
"""

from __future__ import annotations

from typing import Any

from .explain import Explain
from .operation import Operation, Script
from .query import Query

__all__ = ["assert_no_collection_scan", "assert_uses_index"]


def assert_no_collection_scan(query: Query[Any]) -> Operation[None]:
    """Asserts that the server would answer the query without reading whole collections; the query is not run.

    A query that sends nothing, because no document can match, reads nothing.

    Raises:
        AssertionError: it would; with the plan and what to write against it.
    """

    def script() -> Script[None]:
        found: Explain = yield query.explain(verbosity="queryPlanner")
        if found.scans_collection:
            raise AssertionError(f"the query reads every document of a collection:\n{found}")

    return Operation(script, "assert_no_collection_scan(...)")


def assert_uses_index(query: Query[Any], name: str) -> Operation[None]:
    """Asserts that the server would use this index for the query; the query is not run.

    Args:
        name: the index's name, such as "email_1".

    Raises:
        AssertionError: it would not; with the indexes it would use, and the plan.
    """

    def script() -> Script[None]:
        found: Explain = yield query.explain(verbosity="queryPlanner")
        if name not in found.indexes:
            used = ", ".join(found.indexes) or "none"
            raise AssertionError(f"the query does not use the index {name!r}; indexes used: {used}\n{found}")

    return Operation(script, "assert_uses_index(...)")
