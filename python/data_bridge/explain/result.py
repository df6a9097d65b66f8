"""What `explain()` gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import _core
from ..plan import Plan
from ..plan_output import Tree, box, plan_boxes, side_by_side
from ..steps import Step
from .tree import PlanStage, ServerPlan, total

if TYPE_CHECKING:
    from ..advice import Advice


@dataclass(frozen=True)
class ExplainedCommand:
    """One command of a plan, and what the server says of it.

    Attributes:
        step: the command, and what it is for.
        server: the server's whole answer.
        winning: its plan; None when it tells none.
        advice: how it could be made cheaper.
    """

    step: Step
    server: Mapping[str, Any]
    winning: ServerPlan | None
    advice: Sequence[Advice] = ()

    @property
    def text(self) -> str:
        """The server's plan for people."""
        return "the server tells no plan" if self.winning is None else self.winning.text

    def to_dict(self) -> dict[str, Any]:
        """The command and the server's plan as data."""
        plan = self.winning
        return {
            **self.step.to_dict(),
            "winning": None if plan is None else plan.root.to_dict(),
            "indexes": [] if plan is None else plan.indexes,
            "returned": None if plan is None else plan.returned,
            "keys_examined": None if plan is None else plan.keys,
            "documents_examined": None if plan is None else plan.documents,
            "milliseconds": None if plan is None else plan.milliseconds,
            "advice": [advice.to_dict() for advice in self.advice],
            "server": self.server,
        }


class Explain(Plan):
    """A plan, and the server's own of each command: every stage, index use, what was examined, and advice.

    `str()` is for people, `to_dict()` for programs, and a notebook shows it as a page. Indexes, advice and counts are
    those of all commands; `server`, `winning`, `index` and `returned` those of the last one, which gives the documents.

    Args:
        compiled: the query, compiled.
        explained: the commands that were explained, in the order they are sent; none when nothing would be sent.
        note: what a reader must know of how the answer came about.
        python: writes the Python expression that builds the query.
        fetches: what is fetched of the links of what is found.
    """

    def __init__(
        self,
        compiled: _core.Compiled,
        explained: Sequence[ExplainedCommand],
        note: str | None = None,
        *,
        python: Callable[[], str],
        fetches: Sequence[str] = (),
    ) -> None:
        super().__init__(compiled, python=python, fetches=fetches)
        #: Each command with the server's plan.
        self.explained = list(explained)
        #: What a reader must know of how the answer came about.
        self.note = note

    @property
    def server(self) -> Mapping[str, Any] | None:
        """The server's whole answer of the last command; None when nothing would be sent."""
        return self.explained[-1].server if self.explained else None

    @property
    def winning(self) -> ServerPlan | None:
        """The winning plan of the last command, or None when nothing would be sent."""
        return self.explained[-1].winning if self.explained else None

    @property
    def plans(self) -> list[ServerPlan]:
        """The winning plan of each command."""
        return [each.winning for each in self.explained if each.winning is not None]

    @property
    def advice(self) -> list[Advice]:
        """How the query could be made cheaper."""
        return list(dict.fromkeys(advice for each in self.explained for advice in each.advice))

    @property
    def stages(self) -> list[PlanStage]:
        """The stages of the winning plans, those of pipelines included; of each command the outermost first."""
        return [stage for plan in self.plans for stage in plan.stages]

    @property
    def index(self) -> str | None:
        """The name of the index used by the last command; the first, if there are several."""
        return self.winning.indexes[0] if self.winning is not None and self.winning.indexes else None

    @property
    def indexes(self) -> list[str]:
        """The names of the indexes used."""
        return list(dict.fromkeys(index for plan in self.plans for index in plan.indexes))

    @property
    def scans_collection(self) -> bool:
        """Whether every document of a collection is read."""
        return any(stage.name == "COLLSCAN" for stage in self.stages)

    @property
    def returned(self) -> int | None:
        """How many documents were given; None when the query was not run."""
        return None if self.winning is None else self.winning.returned

    @property
    def keys_examined(self) -> int | None:
        """How many index keys were read; None when the query was not run."""
        return total(plan.keys for plan in self.plans)

    @property
    def documents_examined(self) -> int | None:
        """How many documents were read; None when the query was not run."""
        return total(plan.documents for plan in self.plans)

    @property
    def milliseconds(self) -> float | None:
        """How long the server ran; None when the query was not run."""
        return total(plan.milliseconds for plan in self.plans)

    @property
    def warnings(self) -> list[str]:
        """What makes the query slow, in words."""
        return [advice.message for advice in self.advice]

    def to_dict(self) -> dict[str, Any]:
        """The plan as data, with `winning` (the server's plan), `index`, the counts, `advice` and the raw answer.

        `explained` has these of each command.
        """
        return {
            **super().to_dict(),
            "winning": None if self.winning is None else self.winning.root.to_dict(),
            "index": self.index,
            "indexes": self.indexes,
            "returned": self.returned,
            "keys_examined": self.keys_examined,
            "documents_examined": self.documents_examined,
            "milliseconds": self.milliseconds,
            "advice": [advice.to_dict() for advice in self.advice],
            "warnings": self.warnings,
            "note": self.note,
            "explained": [each.to_dict() for each in self.explained],
            "server": self.server,
        }

    def server_text(self) -> str:
        """The server's plan, without the query's."""
        lines = ["server"]
        if not self.explained:
            lines.append("  nothing is sent")
        alone = len(self.explained) == 1
        for number, each in enumerate(self.explained, 1):
            if not alone:
                lines.append(f"  {number}. {each.step.purpose}")
            lines += [f"  {'' if alone else '   '}{line}" for line in each.text.splitlines()]
        if self.note:
            lines.append(f"  note: {self.note}")
        return "\n".join(lines)

    def advice_text(self) -> str:
        """The advice, with the code to write; empty without any."""
        lines = [f"  {line}" for advice in self.advice for line in str(advice).splitlines()]
        return "\n".join(["advice", *lines]) if lines else ""

    def text(self, verbose: bool = False) -> str:
        """Both plans and the advice for people; verbose leaves nothing of the query's out."""
        parts = [super().text(verbose), self.server_text(), self.advice_text()]
        return "\n".join(part for part in parts if part)

    def _trees(self) -> list[Tree]:
        alone = len(self.explained) == 1
        servers = [
            Tree(
                "server" if alone else f"server {number}: {each.step.purpose}",
                [(depth, stage.line) for depth, stage in each.winning.root.walk()],
            )
            for number, each in enumerate(self.explained, 1)
            if each.winning is not None
        ]
        return [*super()._trees(), *servers]

    def _repr_html_(self) -> str:
        boxes = [box("server", self.server_text().removeprefix("server\n"))]
        if self.advice:
            boxes.append(box("advice", "\n".join(map(str, self.advice))))
        return plan_boxes(Plan.to_dict(self)) + side_by_side(boxes)
