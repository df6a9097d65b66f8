"""Stages: what is done to a stream of documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from data_bridge.errors import CompileError

from .collisions import refuse_collisions
from .expressions import Expr
from .node import Node


class Stage(Node):
    """One stage."""

    __slots__ = ("other",)
    #: The class of other documents that the stage reads, where it was given: not part of what the stage means, which
    #: goes by their collection's name. Unset on others.
    other: Any


#: Notes the class of the other documents.
set_other: Callable[[Stage, Any], None] = vars(Stage)["other"].__set__


def _check_names(stage: str, paths: Sequence[str], least: int = 1) -> None:
    """Refuses a stage of no fields, and names that the server reads as operators."""
    if len(paths) < least:
        raise CompileError(f"{stage} names no field", code="empty_stage", path=stage, hint="give one field or more")
    for path in paths:
        if path.startswith("$") or ".$" in path:
            raise CompileError(f"{path!r} is not a field name: it starts with '$'", code="not_a_field", path=path)


class Match(Stage, kind="match"):
    """Keeps the documents that meet the predicate."""

    __slots__ = ("predicate",)
    predicate: Expr


class Project(Stage, kind="project"):
    """Keeps, drops or computes fields: (path, True | False | expression)."""

    __slots__ = ("fields",)
    fields: tuple[tuple[str, Any], ...]

    def __init__(self, fields: tuple[tuple[str, Any], ...]) -> None:
        _check_names("$project", [path for path, _ in fields])
        dropped = [path for path, kept in fields if kept is False and path != "_id"]
        named = [path for path, kept in fields if kept is not False and path != "_id"]
        if dropped and named:
            raise CompileError(
                f"$project keeps {named[0]!r} and drops {dropped[0]!r}: what it does not keep is dropped already",
                code="mixed_projection",
                path=dropped[0],
                hint="name what is kept, or what is dropped; only the id may be dropped beside what is kept",
            )
        refuse_collisions("$project", fields)
        super().__init__(fields)


class Set(Stage, kind="set"):
    """Computes fields: (path, expression)."""

    __slots__ = ("fields",)
    fields: tuple[tuple[str, Expr], ...]

    def __init__(self, fields: tuple[tuple[str, Expr], ...]) -> None:
        _check_names("$set", [path for path, _ in fields], least=0)
        refuse_collisions("$set", fields)
        super().__init__(fields)


class Unset(Stage, kind="unset"):
    """Drops fields."""

    __slots__ = ("paths",)
    paths: tuple[str, ...]

    def __init__(self, paths: tuple[str, ...]) -> None:
        _check_names("$unset", paths)
        refuse_collisions("$unset", tuple((path, None) for path in paths))
        super().__init__(paths)


class Sort(Stage, kind="sort"):
    """Orders by (path, 1 | -1)."""

    __slots__ = ("keys",)
    keys: tuple[tuple[str, int], ...]


def _check_count(stage: str, count: object, least: int) -> None:
    """Refuses what is no number of documents; what is too few only where no server takes it."""
    if isinstance(count, bool) or not isinstance(count, int) or not least <= count < 2**63:
        raise CompileError(f"{stage} takes a whole number from {least}, not {count!r}", code="bad_count", path=stage)


class Skip(Stage, kind="skip"):
    """Leaves out the first documents."""

    __slots__ = ("count",)
    count: int

    def __init__(self, count: int) -> None:
        _check_count("$skip", count, 0)
        super().__init__(count)


class Limit(Stage, kind="limit"):
    """Keeps the first documents."""

    __slots__ = ("count",)
    count: int

    def __init__(self, count: int) -> None:
        # None at all is an error of the compiler, told with all others.
        _check_count("$limit", count, 0)
        super().__init__(count)


class Sample(Stage, kind="sample"):
    """Keeps some documents by chance."""

    __slots__ = ("size",)
    size: int

    def __init__(self, size: int) -> None:
        _check_count("$sample", size, 0)
        super().__init__(size)


class Accumulator(Node, kind="accumulator"):
    """What a group computes over its documents."""

    __slots__ = ("name", "operand")
    name: str
    operand: Expr | dict[str, Expr] | None


class Group(Stage, kind="group"):
    """One document for each value of `by`: (name, accumulator)."""

    __slots__ = ("by", "outputs")


class Unwind(Stage, kind="unwind"):
    """One document for each element of a list."""

    __slots__ = ("path", "index", "preserve")


class CountStage(Stage, kind="count_stage"):
    """One document with the number of documents."""

    __slots__ = ("name",)
    name: str

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not name or name.startswith("$") or "." in name:
            hint = "give a field's name: without dots and no '$' at its start"
            raise CompileError(f"{name!r} cannot name a count", code="bad_name", path="$count", hint=hint)
        super().__init__(name)


class Lookup(Stage, kind="lookup"):
    """Documents of another collection, as a list."""

    __slots__ = ("collection", "local", "foreign", "let", "pipeline", "name")


class UnionWith(Stage, kind="union_with"):
    """The documents of another collection behind these; without a collection, what the pipeline makes."""

    __slots__ = ("collection", "pipeline")
    collection: str | None
    pipeline: tuple[Node, ...]


class Facet(Stage, kind="facet"):
    """Several pipelines over the same documents: one document with a list under each name."""

    __slots__ = ("outputs",)
    outputs: dict[str, tuple[Node, ...]]


class GenericStage(Stage, kind="generic_stage"):
    """A stage the IR has no node for; expressions and stages may stand in its body."""

    __slots__ = ("name", "body")
    name: str
    body: Any
