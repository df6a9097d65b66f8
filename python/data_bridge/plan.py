"""What a query becomes, and what the server makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from . import _core


class Plan:
    """A compiled query: the IR, each rule that fired, the commands. `str()` is for people, `to_dict()` for programs.

    Args:
        compiled: the query, compiled.
        server: the version of a server that must be able to run it, such as "7.0".
        python: writes the Python expression that builds the query.
        fetches: what is fetched of the links of what is found.

    Raises:
        CompileError: that server lacks something of the query.
    """

    def __init__(
        self,
        compiled: _core.Compiled,
        server: str | None = None,
        *,
        python: Callable[[], str],
        fetches: Sequence[str] = (),
    ) -> None:
        self._compiled = compiled
        self._python = python
        self.fetches = list(fetches)
        if server is not None:
            compiled.check_server(server)

    def for_server(self, version: str) -> Plan:
        """The plan itself, if a server of this version can run it.

        Args:
            version: "7.0" (kept up to date) or "7.0.3".

        Raises:
            CompileError: the server lacks an operator, named with the version that has it.
        """
        return Plan(self._compiled, version, python=self._python, fetches=self.fetches)

    @property
    def requires(self) -> dict[str, str]:
        """The operators that not every server has, and the first version of each."""
        return dict(self._compiled.requires)

    @property
    def commands(self) -> list[dict[str, Any]]:
        """What is sent, in order."""
        return self._compiled.commands

    @property
    def rules(self) -> list[str]:
        """The names of the rules that fired, in order."""
        return [firing["rule"] for firing in self._compiled.to_dict()["rules"]]

    def to_dict(self) -> dict[str, Any]:
        """The plan as data: `plan`, `optimized`, `rules`, `commands`, `fetches`."""
        return {**self._compiled.to_dict(), "fetches": self.fetches}

    def text(self, verbose: bool = False) -> str:
        """The plan for people; verbose leaves nothing out."""
        lines = [self._compiled.text(verbose)]
        if self.fetches:
            lines += ["then fetches", *(f"  {fetch}" for fetch in self.fetches)]
        return "\n".join(lines)

    def to_python(self) -> str:
        """The Python expression that builds the query: for someone who knows MQL, the way over."""
        return self._python()

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()


class Explain(Plan):
    """A plan, and the server's own: winning plan, index, what was examined, warnings."""

    def __init__(
        self,
        compiled: _core.Compiled,
        reply: Mapping[str, Any] | None,
        *,
        python: Callable[[], str],
        fetches: Sequence[str] = (),
    ) -> None:
        super().__init__(compiled, python=python, fetches=fetches)
        #: The server's whole answer; None when nothing would be sent.
        self.server = reply

    @property
    def stages(self) -> list[dict[str, Any]]:
        """The winning plan's stages, outermost first."""
        return [] if self.server is None else list(_walk(_winning(self.server)))

    @property
    def index(self) -> str | None:
        """The name of the index used."""
        names = [stage["indexName"] for stage in self.stages if "indexName" in stage]
        return names[0] if names else None

    @property
    def warnings(self) -> list[str]:
        """What makes the query slow, in words."""
        kinds = [stage.get("stage") for stage in self.stages]
        found = []
        if "COLLSCAN" in kinds:
            found.append("collection scan: every document is read; an index on the filtered fields would help")
        if "SORT" in kinds:
            found.append("sort in memory: an index that ends with the sort's fields would give the order for free")
        return found

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "server": self.server, "index": self.index, "warnings": self.warnings}

    def text(self, verbose: bool = False) -> str:
        lines = [super().text(verbose), "server"]
        for depth, stage in enumerate(self.stages):
            index = f" {stage['indexName']}" if "indexName" in stage else ""
            lines.append(f"  {'  ' * depth}{stage.get('stage', '?')}{index}")
        execution = _execution(self.server or {})
        if execution:
            examined = execution.get("totalDocsExamined", 0)
            keys, returned = execution.get("totalKeysExamined", 0), execution.get("nReturned", 0)
            lines.append(f"  examined {keys} keys and {examined} documents, returned {returned}")
        lines += [f"  warning: {warning}" for warning in self.warnings]
        return "\n".join(lines)


def _winning(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    planner = _cursor(reply).get("queryPlanner", {})
    winning: Mapping[str, Any] = planner.get("winningPlan", {})
    # The slot-based engine wraps the plan.
    inner: Mapping[str, Any] = winning.get("queryPlan", winning)
    return inner


def _cursor(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    stages = reply.get("stages")
    if stages and "$cursor" in stages[0]:
        inner: Mapping[str, Any] = stages[0]["$cursor"]
        return inner
    return reply


def _execution(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _cursor(reply).get("executionStats", {})
    return found


def _walk(stage: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if not stage:
        return
    yield dict(stage)
    for inner in [stage.get("inputStage", {}), *stage.get("inputStages", [])]:
        yield from _walk(inner)
