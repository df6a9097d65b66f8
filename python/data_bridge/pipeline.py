"""Aggregation stages and accumulators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import ir
from ._core import DType, Schema
from .fields import FieldProxy, SortKey, to_ir
from .ir import stages
from .update import Set, Unset


class _Fields:
    """`F.name`: a field that an earlier stage made."""

    def __getattr__(self, name: str) -> FieldProxy:
        if name.startswith("__"):
            raise AttributeError(name)
        return FieldProxy(ir.Field(name, DType.any(), "F"))

    def __getitem__(self, name: str) -> FieldProxy:
        return FieldProxy(ir.Field(name, DType.any(), "F"))


F = _Fields()


class Stage:
    """A stage of an aggregation."""

    def stage(self, schema: Schema | None) -> Any:
        """The stage's node."""
        raise NotImplementedError


def value(given: Any) -> ir.Expr:
    """A value in an aggregation: expressions inside dicts and lists are found, all else is a literal."""
    if isinstance(given, Mapping):
        return ir.DocumentExpr({str(key): value(item) for key, item in given.items()})
    if isinstance(given, (list, tuple)):
        return ir.ArrayExpr(tuple(value(item) for item in given))
    return to_ir(given)


class Match(Stage):
    """Keeps the documents that meet every predicate."""

    def __init__(self, *predicates: Any) -> None:
        self.predicates = predicates

    def stage(self, schema: Schema | None) -> Any:
        return stages.Match(conjunction(self.predicates, schema))


def conjunction(predicates: Sequence[Any], schema: Schema | None) -> ir.Expr:
    """Predicates and dicts as one predicate."""
    terms = tuple(ir.parse_filter(each, schema) if isinstance(each, Mapping) else to_ir(each) for each in predicates)
    return terms[0] if len(terms) == 1 else ir.And(terms)


class Project(Stage):
    """Keeps fields, and computes named ones: `Project(User.name, total=F.a + F.b)`; `id=False` drops the id."""

    def __init__(self, *fields: Any, **named: Any) -> None:
        self.fields = fields
        self.named = named

    def stage(self, schema: Schema | None) -> Any:
        return stages.Project(projection(self.fields, self.named))


def projection(fields: Sequence[Any], named: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Paths to keep and values to compute."""
    kept: list[tuple[str, Any]] = [(str(field), True) for field in fields]
    for name, given in named.items():
        path = "_id" if name == "id" else name
        kept.append((path, bool(given) if isinstance(given, int) and given in (0, 1) else value(given)))
    return tuple(kept)


class Sort(Stage):
    """Orders documents: `Sort(-User.age)`, `Sort(count=-1)`."""

    def __init__(self, *keys: Any, **named: int) -> None:
        self.keys = (*keys, *((name, direction) for name, direction in named.items()))

    def stage(self, schema: Schema | None) -> Any:
        return stages.Sort(sort_keys(self.keys))


def sort_keys(keys: Sequence[Any]) -> tuple[tuple[str, int], ...]:
    """Sort keys in any of their forms: `-User.age`, `User.age`, `"-age"`, `("age", -1)`."""
    read = []
    for key in keys:
        if isinstance(key, SortKey):
            read.append((key.path, key.direction))
        elif isinstance(key, FieldProxy):
            read.append((str(key), 1))
        elif isinstance(key, str):
            read.append((key.lstrip("+-"), -1 if key.startswith("-") else 1))
        elif isinstance(key, (tuple, list)) and len(key) == 2:
            read.append((str(key[0]), key[1]))
        elif isinstance(key, (list, tuple)):
            read.extend(sort_keys(key))
        else:
            raise TypeError(f"{key!r} is not a sort key: write -User.age, 'age' or ('age', -1)")
    return tuple(read)


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
        outputs = tuple((name, accumulator.node()) for name, accumulator in self.outputs.items())
        return stages.Group(None if self.by is None else value(self.by), outputs)


class Lookup(Stage):
    """Documents of another collection, as a list.

    Args:
        collection: the other collection's name, or its document class.
        local, foreign: the fields that must be equal.
        name: the list's field.
        pipeline: stages for the other documents.
    """

    def __init__(
        self, collection: Any, *, local: Any = None, foreign: Any = None, name: str, pipeline: Any = None
    ) -> None:
        self.collection = collection
        self.local = local
        self.foreign = foreign
        self.name = name
        self.pipeline = pipeline

    def stage(self, schema: Schema | None) -> Any:
        other = self.collection if isinstance(self.collection, str) else self.collection.settings().name
        inner = None if self.pipeline is None else to_stages(self.pipeline, None)
        local, foreign = (None if path is None else str(path) for path in (self.local, self.foreign))
        return stages.Lookup(other, local, foreign, {}, inner, self.name)


class SortByCount(Stage):
    """The values of an expression and how often each occurs, most frequent first."""

    def __init__(self, by: Any) -> None:
        self.by = by

    def stage(self, schema: Schema | None) -> Any:
        return stages.GenericStage("$sortByCount", value(self.by))


class ReplaceRoot(Stage):
    """Puts another document in the place of each."""

    def __init__(self, new_root: Any) -> None:
        self.new_root = new_root

    def stage(self, schema: Schema | None) -> Any:
        return stages.GenericStage("$replaceRoot", {"newRoot": value(self.new_root)})


class Facet(Stage):
    """Several pipelines over the same documents, each a list under its name."""

    def __init__(self, **pipelines: Sequence[Any]) -> None:
        self.pipelines = pipelines

    def stage(self, schema: Schema | None) -> Any:
        return stages.GenericStage("$facet", {name: to_stages(each, schema) for name, each in self.pipelines.items()})


class Count(Stage):
    """The number of documents: a stage `Count("n")`, or in a group `count=Count()`."""

    def __init__(self, name: str = "count") -> None:
        self.name = name

    def stage(self, schema: Schema | None) -> Any:
        return stages.CountStage(self.name)

    def node(self) -> stages.Accumulator:
        """The accumulator."""
        return stages.Accumulator("$count", None)


class Accumulator:
    """What a group computes over its documents."""

    name: str

    def __init__(self, of: Any) -> None:
        self.of = of

    def node(self) -> stages.Accumulator:
        """The accumulator's node."""
        return stages.Accumulator(self.name, value(self.of))


def _accumulator(name: str, doc: str) -> type[Accumulator]:
    title = name[1].upper() + name[2:]
    return type(title, (Accumulator,), {"name": name, "__doc__": doc, "__module__": __name__})


Sum = _accumulator("$sum", "The sum of the numbers; other values count as nothing.")
Avg = _accumulator("$avg", "The mean of the numbers; null when there are none.")
Min = _accumulator("$min", "The least value.")
Max = _accumulator("$max", "The greatest value.")
First = _accumulator("$first", "The value of the first document.")
Last = _accumulator("$last", "The value of the last document.")
Push = _accumulator("$push", "All values, as a list.")
AddToSet = _accumulator("$addToSet", "The different values, in no order.")
StdDevPop = _accumulator("$stdDevPop", "The population standard deviation of the numbers.")
StdDevSamp = _accumulator("$stdDevSamp", "The sample standard deviation of the numbers.")


def to_stages(given: Sequence[Any], schema: Schema | None) -> tuple[Any, ...]:
    """Stages and stage documents as nodes."""
    nodes: list[Any] = []
    for each in given:
        known = None if nodes else schema
        if isinstance(each, Stage):
            nodes.append(each.stage(known))
        elif isinstance(each, (Set, Unset)):
            nodes.append(each.stage())
        elif isinstance(each, ir.Node):
            nodes.append(each)
        else:
            nodes.extend(ir.parse_pipeline([each], known))
    return tuple(nodes)
