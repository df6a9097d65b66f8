"""What stages have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from .. import ir
from .._core import DType, Schema
from ..errors import CompileError
from ..fields import OpenField, value
from ..fields.nodes import MISSING, Built, NoValue, term
from ..ir import stages
from ..ir.parse_stages import DEEPEST_PIPELINE

#: How many pipelines there are around the one that is being made into nodes.
_AROUND: ContextVar[int] = ContextVar("around", default=0)


class _Fields:
    """`F.name`: a field that an earlier stage made. Python finds it in `__dict__` the next time."""

    def __getattr__(self, name: str) -> OpenField[Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        field = vars(self)[name] = self[name]
        return field

    def __getitem__(self, name: str) -> OpenField[Any]:
        return OpenField(ir.Field(name, DType.any(), "F"))


F = _Fields()


class Stage(NoValue):
    """A stage of an aggregation."""

    instead = "it is a stage: write it in aggregate([...]), or in the list of a sub-pipeline"

    def stage(self, schema: Schema | None) -> Any:
        """The stage's node."""
        raise NotImplementedError


def schema_of(given: Any) -> Schema | None:
    """What is known of another collection's documents: nothing, where its name is given and not its class."""
    return None if given is None or isinstance(given, str) else given.schema()


def of_others(node: Any, given: Any) -> Any:
    """The stage's node, which knows the class of the other documents that it reads, where one is given."""
    if given is not None and not isinstance(given, str):
        stages.set_other(node, given)
    return node


class GenericStage(Stage):
    """A stage that the IR has no node for: its body, with expressions in it.

    Args:
        body: what stands under the stage's name; arguments that are `MISSING` were not given.
    """

    name: str
    #: The other collection that the stage reads, as it was given.
    other: Any = None

    def __init__(self, body: Any) -> None:
        if isinstance(body, Mapping):
            body = {key: item for key, item in body.items() if item is not MISSING}
        self.body = body

    def stage(self, schema: Schema | None) -> Any:
        return of_others(stages.GenericStage(self.name, self.body), self.other)


def conjunction(predicates: Sequence[Any], schema: Schema | None) -> ir.Expr:
    """Predicates and dicts as one predicate."""
    if len(predicates) == 1:
        return term(predicates[0], schema)
    return ir.And(tuple(term(each, schema) for each in predicates))


def projection(fields: Sequence[Any], named: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Paths to keep and values to compute."""
    kept: list[tuple[str, Any]] = [(str(field), True) for field in fields]
    for name, given in named.items():
        path = "_id" if name == "id" else name
        kept.append((path, bool(given) if isinstance(given, int) and given in (0, 1) else value(given)))
    return tuple(kept)


def to_stages(given: Sequence[Any], schema: Schema | None) -> tuple[Any, ...]:
    """Stages and stage documents as nodes.

    Raises:
        CompileError: there are too many pipelines around this one.
    """
    depth = _AROUND.get()
    if depth > DEEPEST_PIPELINE:
        raise CompileError(f"pipelines are nested more than {DEEPEST_PIPELINE} levels deep", code="too_deep")
    outer = _AROUND.set(depth + 1)
    try:
        return _to_stages(given, schema)
    finally:
        _AROUND.reset(outer)


#: Stages that write.
WRITING = frozenset({"$merge", "$out"})


def refuse_writing(given: Iterable[Any]) -> None:
    """Refuses stages that write, where they were not written as `Merge` and `Out`: data may hold them, and no classes.

    Raises:
        CompileError: a dict, or a node that was made of one, writes.
    """
    for each in given:
        if isinstance(each, Stage):
            continue
        name = each.name if isinstance(each, stages.GenericStage) else None
        if isinstance(each, Mapping):
            name = next(iter(each), None)
        if name in WRITING:
            own = name[1:].capitalize()
            raise CompileError(
                f"{name} writes into a collection, and a pipeline of dicts may come from anywhere",
                code="writing_not_allowed",
                path=name,
                hint=f"write {own}(...), or aggregate([...], allow_writing=True)",
            )


def _to_stages(given: Sequence[Any], schema: Schema | None) -> tuple[Any, ...]:
    nodes: list[Any] = []
    for each in given:
        known = None if nodes else schema
        if isinstance(each, Stage):
            nodes.append(each.stage(known))
        elif hasattr(each, "stage"):
            nodes.append(each.stage())
        elif isinstance(each, ir.Node):
            nodes.append(each)
        elif isinstance(each, Built):
            raise CompileError(
                f"{each!r} is no stage", code="not_a_stage", hint="write Match(User.age > 25), Project(User.name), ..."
            )
        else:
            nodes.extend(ir.parse_pipeline([each], known))
    return tuple(nodes)
