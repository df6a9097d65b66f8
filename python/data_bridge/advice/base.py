"""What an adviser is given and gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..explain.tree import PlanStage, ServerPlan
from .shape import Shape

#: The bounds of a key of which everything is read.
_WHOLE = ("[MinKey, MaxKey]", "[MaxKey, MinKey]")


@dataclass(frozen=True)
class Advice:
    """One way to make a query cheaper.

    Attributes:
        kind: which adviser says it: "collection_scan".
        message: what is slow and why, in words.
        code: what to write; empty when there is nothing to write.
    """

    kind: str
    message: str
    code: str = ""

    def __str__(self) -> str:
        return self.message + "".join(f"\n    {line}" for line in self.code.splitlines())

    def to_dict(self) -> dict[str, str]:
        return {"kind": self.kind, "message": self.message, "code": self.code}


@dataclass(frozen=True)
class JoinedLink:
    """A back link that a query fetches.

    Attributes:
        field: the link's path here.
        target: the other class's name.
        path: the stored path there that must equal this document's id.
        indexes: the other collection's indexes.
    """

    field: str
    target: str
    path: str
    indexes: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Case:
    """A query that was explained: all that advice is drawn from.

    Attributes:
        model: the class's name.
        shape: what the query asks for.
        plan: what the server does.
        indexes: the collection's indexes, as the server lists them.
        options: the query's collation, hint and other options.
        annotations: of each stored top-level field, its name in Python and its type, as they would be written.
        links: the stored paths of links to other documents.
        joins: the back links that are fetched.
    """

    model: str
    shape: Shape
    plan: ServerPlan
    indexes: Sequence[Mapping[str, Any]] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    annotations: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    links: frozenset[str] = frozenset()
    joins: Sequence[JoinedLink] = ()

    @property
    def scans(self) -> bool:
        """Whether every document of the collection is read."""
        return self.plan.root.has("COLLSCAN")

    @property
    def whole_index(self) -> str | None:
        """The name of an index that is read from end to end, and with it every document that is in it."""
        for stage in self.plan.stages:
            spans = [span for each in stage.bounds.values() for span in each]
            if stage.name == "IXSCAN" and spans and all(span in _WHOLE for span in spans):
                return stage.index
        return None

    @property
    def sorting(self) -> PlanStage | None:
        """The stage that puts the stored documents in the query's order in memory."""
        wanted = [path for path, _ in self.shape.sort]
        for stage in self.plan.stages:
            if stage.name not in ("SORT", "$sort") or stage.has("GROUP", "$group"):
                continue
            pattern = stage.details.get("sortPattern") or stage.details.get("sortKey") or {}
            if wanted and list(pattern) == wanted:
                return stage
        return None

    def has_index_on(self, keys: Sequence[tuple[str, Any]]) -> bool:
        """Whether an index has these keys already, be it of use to the query or not."""
        wanted = [path for path, _ in keys]
        return any(list(index["key"])[: len(wanted)] == wanted for index in self.indexes)


def index_code(case: Case, keys: Sequence[tuple[str, Any]]) -> str:
    """The declaration of an index: on the field where one top-level field is enough, else in the settings."""
    if len(keys) == 1 and keys[0][0] in case.annotations:
        name, annotation = case.annotations[keys[0][0]]
        return f"{name}: Annotated[{annotation}, Indexed()]"
    listed = ", ".join(f'("{path}", {direction})' for path, direction in keys)
    return f"class Settings:\n    indexes = [[{listed}]]"


def words(paths: Sequence[str]) -> str:
    """Paths in a sentence: "a", "a and b", "a, b and c"."""
    return paths[0] if len(paths) == 1 else f"{', '.join(paths[:-1])} and {paths[-1]}"
