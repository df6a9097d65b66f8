"""The commands of a plan, each with what it is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from . import _core


class Step(NamedTuple):
    """One command of a plan.

    Attributes:
        purpose: what it is for: "ids of Author, for Book.author", "documents of Book".
        model: the name of the class whose collection it is about.
        database: where; None for the connection's.
        command: the command. Where it holds what an earlier one finds stands "<ids of 1>", by that one's number.
        ids: how many ids it found; None for a command that is not read for ids, or was not run.
    """

    purpose: str
    model: str
    database: str | None
    command: dict[str, Any]
    ids: int | None = None

    def to_dict(self) -> dict[str, Any]:
        return {"purpose": self.purpose, "database": self.database, "command": self.command}


def steps_of(compiled: _core.Compiled) -> list[Step]:
    """The plan's commands, in the order they are sent."""
    return [Step(*each) for each in compiled.steps]


def steps_otherwise(compiled: _core.Compiled) -> tuple[int, list[Step]]:
    """How many ids are too many, and what is sent when there are more; nothing where there is no other way."""
    most, found = compiled.otherwise or (0, [])
    return most, [Step(*each) for each in found]


def steps_sent(compiled: _core.Compiled, course: tuple[Sequence[int | None], bool]) -> list[Step]:
    """The commands that were sent, as the course of the run tells."""
    counts, fell_back = course
    steps = steps_of(compiled)
    feeds = [step._replace(ids=count) for step, count in zip(steps, counts, strict=False)]
    if fell_back:
        return [*(step for step in feeds if step.ids is not None), *steps_otherwise(compiled)[1]]
    return [*feeds, *steps[len(feeds) :]]
