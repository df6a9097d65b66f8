"""The server's plan as a tree, the same whichever engine and topology made it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

N = TypeVar("N", int, float)


@dataclass(frozen=True)
class PlanStage:
    """One stage of the server's plan.

    Attributes:
        name: as the server calls it: "IXSCAN", "FETCH", "$group".
        index: the name of the index that it reads.
        bounds: of each key of the index, the intervals that are read.
        returned: documents (or keys) it gave; None when the plan was not run.
        keys, documents: index keys and documents it examined itself.
        milliseconds: the server's estimate of its time, its inputs' included.
        inputs: the stages it reads from.
        shard: where it ran, in a sharded cluster.
        details: everything else that the server says of it.
    """

    name: str
    index: str | None = None
    bounds: Mapping[str, list[str]] = field(default_factory=dict)
    returned: int | None = None
    keys: int | None = None
    documents: int | None = None
    milliseconds: float | None = None
    inputs: tuple[PlanStage, ...] = ()
    shard: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def walk(self, depth: int = 0) -> Iterator[tuple[int, PlanStage]]:
        """This stage and those below it, outermost first, each with its depth."""
        yield depth, self
        for stage in self.inputs:
            yield from stage.walk(depth + 1)

    def has(self, *names: str) -> bool:
        """Whether a stage of one of these names is here or below."""
        return any(stage.name in names for _, stage in self.walk())

    @property
    def line(self) -> str:
        """The stage in one line, without its inputs."""
        parts = [self.name]
        if self.shard is not None:
            parts.append(f"on {self.shard}")
        if self.index is not None:
            parts.append(self.index)
        if self.bounds:
            parts.append("{" + ", ".join(f"{path}: {' '.join(spans)}" for path, spans in self.bounds.items()) + "}")
        counted = [("keys", self.keys), ("documents", self.documents), ("returned", self.returned)]
        facts = [f"{name} {count}" for name, count in counted if count is not None]
        if self.milliseconds is not None:
            facts.append(f"{self.milliseconds:g} ms")
        return " ".join(parts) + (f"  ({', '.join(facts)})" if facts else "")

    def to_dict(self) -> dict[str, Any]:
        """The stage and its inputs as data; what the server does not tell is left out."""
        known = {
            "index": self.index,
            "bounds": dict(self.bounds) or None,
            "returned": self.returned,
            "keys": self.keys,
            "documents": self.documents,
            "milliseconds": self.milliseconds,
            "shard": self.shard,
            "details": dict(self.details) or None,
        }
        told = {name: value for name, value in known.items() if value is not None}
        return {"stage": self.name, **told, "inputs": [stage.to_dict() for stage in self.inputs]}


@dataclass(frozen=True)
class ServerPlan:
    """The winning plan and what running it took; counts are None when it was not run.

    Attributes:
        root: the outermost stage.
        returned: documents that were given.
        keys, documents: index keys and documents that were examined, on all shards.
        milliseconds: how long it ran; in a cluster, on the slowest shard.
    """

    root: PlanStage
    returned: int | None = None
    keys: int | None = None
    documents: int | None = None
    milliseconds: float | None = None

    @property
    def stages(self) -> list[PlanStage]:
        """All stages, outermost first."""
        return [stage for _, stage in self.root.walk()]

    @property
    def indexes(self) -> list[str]:
        """The indexes of the queried collection that are used, each once."""
        # A join's index is one of the other collection.
        names = [stage.index for stage in self.stages if stage.index is not None and stage.name != "EQ_LOOKUP"]
        return list(dict.fromkeys(names))

    @property
    def text(self) -> str:
        """The plan for people, a stage a line."""
        lines = ["  " * depth + stage.line for depth, stage in self.root.walk()]
        if self.documents is not None:
            examined = f"examined {self.keys or 0} keys and {self.documents} documents, returned {self.returned or 0}"
            lines.append(examined + ("" if self.milliseconds is None else f", in {self.milliseconds:g} ms"))
        return "\n".join(lines)


def total(counts: Iterable[N | None]) -> N | None:
    """The sum of those that are known; None when none is."""
    known = [count for count in counts if count is not None]
    return sum(known[1:], known[0]) if known else None
