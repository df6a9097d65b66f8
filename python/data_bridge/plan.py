"""What a query becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import _core
from .plan_output import Tree, as_json, changed, diagram, plan_boxes, tree_lines
from .steps import Step, steps_of, steps_otherwise


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
    def steps(self) -> list[Step]:
        """The commands with what each is for."""
        return steps_of(self._compiled)

    @property
    def rules(self) -> list[str]:
        """The names of the rules that fired, in order."""
        return [firing["rule"] for firing in self._compiled.to_dict()["rules"]]

    def to_dict(self) -> dict[str, Any]:
        """The plan as data: `plan`, `optimized`, `rules`, `links`, `commands`, `steps`, `otherwise`, `fetches`."""
        most, otherwise = steps_otherwise(self._compiled)
        instead = {"ids": most, "steps": [step.to_dict() for step in otherwise]} if otherwise else None
        steps = [step.to_dict() for step in self.steps]
        return {**self._compiled.to_dict(), "steps": steps, "otherwise": instead, "fetches": self.fetches}

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

    def to_json(self, indent: int | None = None) -> str:
        """The plan as relaxed extended JSON."""
        return as_json(self.to_dict(), indent)

    def to_mermaid(self) -> str:
        """The plan as a Mermaid flowchart: the query as it was asked, and as it is run, with what differs marked."""
        return diagram(self._trees())

    def _trees(self) -> list[Tree]:
        plan = self._compiled.to_dict()
        asked, run = plan["plan"], plan["optimized"]
        # The tree's lines stand the other way round.
        last = len(tree_lines(run)) - 1
        marked = {last - number for number in changed(asked, run)}
        return [Tree("plan", tree_lines(asked)), Tree("optimized", tree_lines(run), marked)]

    def _repr_html_(self) -> str:
        return plan_boxes(self.to_dict())
