"""What `explain()` gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import _core
from ..plan import Plan
from ..plan_output import box, plan_boxes, side_by_side
from .reading import read_reply
from .tree import PlanStage, ServerPlan

if TYPE_CHECKING:
    from ..advice import Advice


class Explain(Plan):
    """A plan, and the server's own: every stage, index use, what was examined, and advice.

    `str()` is for people, `to_dict()` for programs, and a notebook shows it as a page.

    Args:
        compiled: the query, compiled.
        reply: the server's whole answer; None when nothing would be sent.
        advisers: makes the advice from the server's plan.
        note: what a reader must know of how the answer came about.
        python: writes the Python expression that builds the query.
        fetches: what is fetched of the links of what is found.
    """

    def __init__(
        self,
        compiled: _core.Compiled,
        reply: Mapping[str, Any] | None,
        advisers: Callable[[ServerPlan], Sequence[Advice]] | None = None,
        note: str | None = None,
        *,
        python: Callable[[], str],
        fetches: Sequence[str] = (),
    ) -> None:
        super().__init__(compiled, python=python, fetches=fetches)
        #: The server's whole answer; None when nothing would be sent.
        self.server = reply
        #: The winning plan, or None when nothing would be sent.
        self.winning: ServerPlan | None = None if reply is None else read_reply(reply)
        #: How the query could be made cheaper.
        self.advice: list[Advice] = [] if advisers is None or self.winning is None else list(advisers(self.winning))
        #: What a reader must know of how the answer came about.
        self.note = note

    @property
    def stages(self) -> list[PlanStage]:
        """The winning plan's stages, those of the pipeline included, outermost first."""
        return [] if self.winning is None else self.winning.stages

    @property
    def index(self) -> str | None:
        """The name of the index used; the first, if there are several."""
        return self.indexes[0] if self.indexes else None

    @property
    def indexes(self) -> list[str]:
        """The names of the indexes used."""
        return [] if self.winning is None else self.winning.indexes

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
        return None if self.winning is None else self.winning.keys

    @property
    def documents_examined(self) -> int | None:
        """How many documents were read; None when the query was not run."""
        return None if self.winning is None else self.winning.documents

    @property
    def milliseconds(self) -> float | None:
        """How long the server ran; None when the query was not run."""
        return None if self.winning is None else self.winning.milliseconds

    @property
    def warnings(self) -> list[str]:
        """What makes the query slow, in words."""
        return [advice.message for advice in self.advice]

    def to_dict(self) -> dict[str, Any]:
        """The plan as data, with `winning` (the server's plan), `index`, the counts, `advice` and the raw answer."""
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
            "server": self.server,
        }

    def server_text(self) -> str:
        """The server's plan, without the query's."""
        lines = ["server"]
        if self.server is None:
            lines.append("  nothing is sent")
        elif self.winning is None:
            lines.append("  the server tells no plan")
        else:
            lines += [f"  {line}" for line in self.winning.text.splitlines()]
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

    def _trees(self) -> list[tuple[str, list[tuple[int, str]]]]:
        trees = super()._trees()
        if self.winning is None:
            return trees
        return [*trees, ("server", [(depth, stage.line) for depth, stage in self.winning.root.walk()])]

    def _repr_html_(self) -> str:
        boxes = [box("server", self.server_text().removeprefix("server\n"))]
        if self.advice:
            boxes.append(box("advice", "\n".join(map(str, self.advice))))
        return plan_boxes(self._compiled.to_dict()) + side_by_side(boxes)
