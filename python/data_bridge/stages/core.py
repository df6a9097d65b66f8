"""Stages that the IR has nodes of its own for, and those that are written in a way of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._core import Schema
from ..errors import CompileError
from ..fields import value
from ..fields.nodes import of_documents
from ..fields.order import sort_keys
from ..ir import stages
from ..ir.mql import spelled
from ..update import Set
from .base import GenericStage, Stage, conjunction, of_others, projection, schema_of, to_stages
from .parts import collection as collection_name
from .parts import path


class Match(Stage):
    """Keeps the documents that meet every predicate."""

    def __init__(self, *predicates: Any) -> None:
        self.predicates = predicates

    def stage(self, schema: Schema | None) -> Any:
        return stages.Match(conjunction(self.predicates, schema))


class Project(Stage):
    """Keeps fields, and computes named ones: `Project(User.name, total=F.a + F.b)`; `id=False` drops the id."""

    def __init__(self, *fields: Any, **named: Any) -> None:
        self.fields = fields
        self.named = named

    def stage(self, schema: Schema | None) -> Any:
        return stages.Project(projection(self.fields, self.named))


class AddFields(Stage):
    """Computes fields: an older name of `Set`."""

    def __init__(self, fields: Mapping[Any, Any] | None = None, /, **named: Any) -> None:
        self.set = Set(fields, **named)

    def stage(self, schema: Schema | None) -> Any:
        return spelled(self.set.stage(), "$addFields")


class Sort(Stage):
    """Orders documents: `Sort(-User.age)`, `Sort(count=-1)`."""

    def __init__(self, *keys: Any, **named: int) -> None:
        self.keys = (*keys, *((name, direction) for name, direction in named.items()))

    def stage(self, schema: Schema | None) -> Any:
        return stages.Sort(sort_keys(self.keys))


class Skip(Stage):
    """Leaves out the first documents."""

    def __init__(self, count: int) -> None:
        self.count = count

    def stage(self, schema: Schema | None) -> Any:
        return stages.Skip(self.count)


class Limit(Stage):
    """Keeps the first documents."""

    def __init__(self, count: int) -> None:
        self.count = count

    def stage(self, schema: Schema | None) -> Any:
        return stages.Limit(self.count)


class Sample(Stage):
    """Keeps some documents by chance."""

    def __init__(self, size: int) -> None:
        self.size = size

    def stage(self, schema: Schema | None) -> Any:
        return stages.Sample(self.size)


class Unwind(Stage):
    """One document for each element of a list.

    Args:
        path: the list's field.
        index: a field for the element's position.
        preserve: keep documents whose list is missing, null or empty.
    """

    def __init__(self, path: Any, index: str | None = None, preserve: bool = False) -> None:
        self.path = path
        self.index = index
        self.preserve = preserve

    def stage(self, schema: Schema | None) -> Any:
        return stages.Unwind(str(self.path).removeprefix("$"), self.index, self.preserve)


class Group(Stage):
    """One document for each value of `by`, which becomes its `_id`: `Group(by=User.city, count=Count())`."""

    def __init__(self, by: Any = None, **outputs: Any) -> None:
        self.by = by
        self.outputs = outputs

    def stage(self, schema: Schema | None) -> Any:
        for name, output in self.outputs.items():
            if name.startswith("$") or "." in name:
                raise CompileError(
                    f"{name!r} cannot name an output of a group",
                    code="bad_name",
                    hint="give a field's name: without dots and no '$' at its start",
                )
            if not hasattr(output, "node"):
                raise CompileError(
                    f"{name}={output!r} is not an accumulator",
                    code="not_an_accumulator",
                    hint="write Sum(User.age), Count()",
                )
        outputs = tuple((name, output.node()) for name, output in self.outputs.items())
        return stages.Group(None if self.by is None else of_documents(self.by, "Group(by={})"), outputs)


class Lookup(Stage):
    """Documents of another collection, as a list.

    Args:
        collection: the other collection's name, or its document class.
        local, foreign: the fields that must be equal.
        name: the list's field.
        pipeline: stages for the other documents; None is not the same as no stages.
        let: values of this document that the stages may name, as `variable("name")`.
    """

    def __init__(
        self,
        collection: Any,
        *,
        local: Any = None,
        foreign: Any = None,
        name: str,
        pipeline: Any = None,
        let: Mapping[str, Any] | None = None,
    ) -> None:
        if (local is None) != (foreign is None):
            raise CompileError("a lookup by fields names both: local and foreign", code="malformed_lookup")
        if local is None and pipeline is None:
            raise CompileError("a lookup takes local and foreign, or a pipeline, or all", code="malformed_lookup")
        self.collection = collection
        self.local = local
        self.foreign = foreign
        self.name = name
        self.pipeline = pipeline
        self.let = let or {}

    def stage(self, schema: Schema | None) -> Any:
        other = collection_name(self.collection)
        inner = None if self.pipeline is None else to_stages(self.pipeline, schema_of(self.collection))
        local, foreign = (None if path is None else str(path) for path in (self.local, self.foreign))
        let = {name: value(item) for name, item in self.let.items()}
        return of_others(stages.Lookup(other, local, foreign, let, inner, self.name), self.collection)


class Facet(Stage):
    """Several pipelines over the same documents, each a list under its name."""

    def __init__(self, **pipelines: Sequence[Any]) -> None:
        self.pipelines = pipelines

    def stage(self, schema: Schema | None) -> Any:
        return stages.Facet({name: to_stages(each, schema) for name, each in self.pipelines.items()})


class Count(Stage):
    """The number of documents: a stage `Count("n")`, or in a group `count=Count()`."""

    def __init__(self, name: str = "count") -> None:
        self.name = name

    def stage(self, schema: Schema | None) -> Any:
        return stages.CountStage(self.name)

    def node(self) -> stages.Accumulator:
        """The accumulator."""
        return stages.Accumulator("$count", None)

    def body(self) -> dict[str, Any]:
        """The accumulator as it stands in a stage's body."""
        return {"$count": {}}


class SortByCount(GenericStage):
    """The values of an expression and how often each occurs, most frequent first."""

    name = "$sortByCount"

    def __init__(self, by: Any) -> None:
        super().__init__(of_documents(by, "SortByCount({})"))


class ReplaceRoot(GenericStage):
    """Puts another document in the place of each."""

    name = "$replaceRoot"

    def __init__(self, new_root: Any) -> None:
        super().__init__({"newRoot": value(new_root)})


class ReplaceWith(GenericStage):
    """Puts another document in the place of each: a short name of `ReplaceRoot`."""

    name = "$replaceWith"

    def __init__(self, expression: Any) -> None:
        super().__init__(value(expression))


class UnionWith(Stage):
    """The documents of another collection behind these.

    Args:
        collection: the other collection's name, or its document class; None when the stages begin with `Documents`.
        pipeline: stages for its documents.
    """

    def __init__(self, collection: Any = None, pipeline: Sequence[Any] | None = None) -> None:
        if collection is None and not pipeline:
            raise CompileError(
                "a union is with a collection, or with stages that give documents", code="malformed_union"
            )
        self.collection = collection
        self.pipeline = pipeline

    def stage(self, schema: Schema | None) -> Any:
        other = None if self.collection is None else collection_name(self.collection)
        inner = to_stages(self.pipeline or (), schema_of(self.collection))
        return of_others(stages.UnionWith(other, inner), self.collection)


class Merge(Stage):
    """Writes the documents into a collection, joining those that are there.

    Args:
        into: the collection's name, its document class, or (database, name).
        on: the fields that say which documents are the same; `_id` without them.
        let: values that the stages of `when_matched` may name.
        when_matched: "merge", "replace", "keepExisting", "fail", or the stages of an update pipeline, where
            `variable("new")` is the new document.
        when_not_matched: "insert", "discard" or "fail".
    """

    MATCHED = ("replace", "keepExisting", "merge", "fail")
    NOT_MATCHED = ("insert", "discard", "fail")

    def __init__(
        self,
        into: Any,
        *,
        on: Any = None,
        let: Mapping[str, Any] | None = None,
        when_matched: str | Sequence[Any] = "merge",
        when_not_matched: str = "insert",
    ) -> None:
        for name, given, known in (
            ("when_matched", when_matched, self.MATCHED),
            ("when_not_matched", when_not_matched, self.NOT_MATCHED),
        ):
            if isinstance(given, str) and given not in known:
                raise CompileError(f"{name} is {given!r}", code="unknown_word", hint=f"there are {', '.join(known)}")
        self.into = into
        self.on = on
        self.let = let
        self.when_matched = when_matched
        self.when_not_matched = when_not_matched

    def stage(self, schema: Schema | None) -> Any:
        body: dict[str, Any] = {"into": _target(self.into)}
        if self.on is not None:
            body["on"] = [path(each) for each in self.on] if isinstance(self.on, (list, tuple)) else path(self.on)
        if self.let is not None:
            body["let"] = {name: value(item) for name, item in self.let.items()}
        matched = self.when_matched
        body["whenMatched"] = matched if isinstance(matched, str) else to_stages(matched, None)
        body["whenNotMatched"] = self.when_not_matched
        return stages.GenericStage("$merge", body)


def _target(into: Any) -> Any:
    if isinstance(into, tuple):
        return {"db": into[0], "coll": into[1]}
    return collection_name(into)


class Out(Stage):
    """Writes the documents as a whole collection, in the place of what it held.

    Args:
        into: the collection's name, its document class, or (database, name).
        timeseries: options of a time series collection, which needs (database, name); since 7.0.3.
    """

    def __init__(self, into: Any, *, timeseries: Mapping[str, Any] | None = None) -> None:
        if timeseries is not None and not isinstance(into, tuple):
            raise CompileError("a time series is written into (database, name)", code="malformed_out")
        self.into = into
        self.timeseries = timeseries

    def stage(self, schema: Schema | None) -> Any:
        target = _target(self.into)
        return stages.GenericStage(
            "$out", target if self.timeseries is None else {**target, "timeseries": dict(self.timeseries)}
        )
