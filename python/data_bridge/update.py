"""Updates: what is written into stored documents, merged and checked before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import ir
from ._core import DType, Schema
from .closed_values import refuse_unaccepted
from .errors import CompileError
from .field_update import FieldUpdate
from .fields import Expression, FieldProxy, value
from .fields.nodes import Built, term
from .ir import stages
from .ir.elements import check_named
from .ir.operators import UPDATE_STAGES
from .ir.parse_updates import elements_at, names_in
from .update_checks import Each, identifiers, operation
from .update_operators import *  # noqa: F403
from .update_pipelines import check_computed

__all__ = [
    "ArrayFilters",
    "Bit",
    "CurrentDate",
    "Each",
    "FieldUpdate",
    "Inc",
    "Mul",
    "Pop",
    "Pull",
    "PullAll",
    "Rename",
    "Set",
    "SetOnInsert",
    "Unset",
    "merge_updates",
    "operation",
    "with_filters",
]


class Set(FieldUpdate):
    """Stores values; in a pipeline, computes fields: `Set(total=F.a + F.b)`."""

    op = "$set"

    def __init__(self, values: Mapping[Any, Any] | None = None, /, **named: Any) -> None:
        super().__init__({**(values or {}), **named})

    def stage(self) -> stages.Set:
        """The pipeline stage."""
        return stages.Set(tuple((str(key), value(item)) for key, item in self.values.items()))


class Unset(FieldUpdate):
    """Removes fields, by proxy or stored path; in a pipeline too."""

    op = "$unset"

    def __init__(self, *fields: Any) -> None:
        super().__init__(dict.fromkeys(fields, ""))

    def stage(self) -> stages.Unset:
        """The pipeline stage."""
        return stages.Unset(tuple(str(key) for key in self.values))


class CurrentDate(FieldUpdate):
    """Stores the server's time: `CurrentDate(User.seen)`, or by field `CurrentDate({User.seen: "timestamp"})`."""

    op = "$currentDate"

    def __init__(self, *fields: Any) -> None:
        by_field = len(fields) == 1 and isinstance(fields[0], Mapping)
        super().__init__(fields[0] if by_field else dict.fromkeys(fields))


class ArrayFilters:
    """Which elements `$[name]` stands for: `ArrayFilters(cheap=lambda item: item.price < 5)`.

    Args:
        filters: filters as MQL, such as `{"cheap.price": {"$lt": 5}}`.
        named: by name, a function of the element, or a value that it equals.
    """

    def __init__(self, *filters: Mapping[str, Any], **named: Any) -> None:
        self.filters = [dict(each) for each in filters]
        self.named = named

    def documents(self, operations: Iterable[ir.UpdateOperation], schema: Schema | None) -> dict[str, dict[str, Any]]:
        """The filters by name.

        Raises:
            CompileError: a filter is of no name, or of several, or there are two of one name.
        """
        found: dict[str, dict[str, Any]] = {}
        for each in self.filters:
            roots = set(names_in(each))
            if len(roots) != 1 or next(iter(roots)).startswith("$"):
                raise CompileError(
                    f"{each!r} is not an array filter: its keys begin with one name", code="bad_array_filter"
                )
            name = roots.pop()
            _refuse_second(name, found)
            check_named(name, _elements(name, operations, schema), each, ("array_filters", None))
            found[name] = each
        for name, given in self.named.items():
            _refuse_second(name, found)
            found[name] = _array_filter(name, given, _elements(name, operations, schema))
        return found


def _refuse_second(name: str, known: Mapping[str, Any]) -> None:
    if name in known:
        raise CompileError(
            f"there are two array filters called {name!r}",
            code="bad_array_filter",
            hint=f'join them: {{"$and": [{{"{name}...": ...}}, {{"{name}...": ...}}]}}',
        )


def _elements(name: str, operations: Iterable[ir.UpdateOperation], schema: Schema | None) -> DType:
    """The type of the elements that a name stands for."""
    for each in operations:
        if f"$[{name}]" in each.path.split("."):
            return elements_at(schema, each.path, name)
    return DType.any()


def _array_filter(name: str, given: Any, dtype: DType) -> dict[str, Any]:
    element: FieldProxy[Any] = FieldProxy(ir.Field(name, dtype, name))
    test = given(element) if callable(given) and not isinstance(given, Expression) else element == given
    document: dict[str, Any] = term(test).to_mql()
    return document


def with_filters(updates: Iterable[Any], array_filters: Iterable[Mapping[str, Any]]) -> list[Any]:
    """The updates, and filters given as PyMongo takes them: `[{"cheap.price": {"$lt": 5}}]`."""
    filters = list(array_filters)
    return [*updates, ArrayFilters(*filters)] if filters else list(updates)


def merge_updates(updates: Iterable[Any], schema: Schema | None) -> ir.UpdateOperators | ir.UpdatePipeline:
    """Several updates as one.

    Args:
        updates: operations, update classes, dicts of operators, array filters; or one list of stages.

    Raises:
        CompileError: there is nothing to do, two of them touch one path, or an array filter is missing or of no use.
    """
    updates = list(updates)
    if any(isinstance(update, (list, tuple)) for update in updates):
        return _pipeline(updates, schema)
    operations: list[ir.UpdateOperation] = []
    filters: list[ArrayFilters] = []
    for update in updates:
        if isinstance(update, ir.UpdateOperation):
            operations.append(update)
        elif isinstance(update, FieldUpdate):
            operations.extend(update.operations(schema))
        elif isinstance(update, ArrayFilters):
            filters.append(update)
        elif isinstance(update, Mapping):
            operations.extend(_of_dict(update, schema))
        else:
            raise CompileError(
                "a predicate is not an update" if isinstance(update, Built) else f"{update!r} is not an update",
                code="malformed_update",
                hint='write User.name.set("x"), Set({User.name: "x"}) or {"$set": {"name": "x"}}',
            )
    if not operations:
        raise CompileError("the update changes nothing", code="empty_update", hint="give one operation or more")
    _refuse_conflicts(operations)
    for each in operations:
        if each.op in _WRITING:
            refuse_unaccepted(each.op, schema, each.path, _written(each.operand))
    return ir.UpdateOperators(tuple(operations), _filters(operations, filters, schema))


#: Operators that store what they are given.
_WRITING = frozenset({"$set", "$setOnInsert", "$min", "$max", "$push", "$addToSet"})


def _written(operand: Any) -> Any:
    return operand["$each"] if isinstance(operand, Mapping) and "$each" in operand else operand


def _pipeline(updates: list[Any], schema: Schema | None) -> ir.UpdatePipeline:
    from .pipeline import to_stages

    if len(updates) != 1:
        raise CompileError("a pipeline update stands alone", code="malformed_update", hint="put all into one list")
    for each in updates[0]:
        if isinstance(each, (ir.UpdateOperation, ArrayFilters)) or (
            isinstance(each, FieldUpdate) and not hasattr(each, "stage")
        ):
            shown = "an array filter" if isinstance(each, ArrayFilters) else each.op
            raise CompileError(
                f"a list is an update by stages, and {shown} is none",
                code="not_an_update_stage",
                hint="give several updates one after the other: update(User.age.inc(1), User.name.set('x'))",
            )
    nodes = to_stages(updates[0], schema)
    if not nodes:
        raise CompileError("the update changes nothing", code="empty_update", hint="give one stage or more")
    for node in nodes:
        name = next(iter(node.to_mql() if not isinstance(node, ir.Raw) else node.value))
        if name not in UPDATE_STAGES:
            raise CompileError(
                f"{name} cannot stand in an update",
                code="not_an_update_stage",
                hint=f"there are {', '.join(sorted(UPDATE_STAGES))}",
            )
    check_computed(nodes, schema)
    return ir.UpdatePipeline(nodes)


def _filters(
    operations: list[ir.UpdateOperation], given: list[ArrayFilters], schema: Schema | None
) -> tuple[dict[str, Any], ...]:
    """The array filters, each used and none missing: the server refuses both."""
    known: dict[str, dict[str, Any]] = {}
    for each in given:
        for name, document in each.documents(operations, schema).items():
            _refuse_second(name, known)
            known[name] = document
    used = {name: each.path for each in operations for name in identifiers(each.path)}
    for name, path in used.items():
        if name not in known and given:
            raise CompileError(
                f"{path!r} needs an array filter called {name!r}",
                code="missing_array_filter",
                path=path,
                hint=f"add ArrayFilters({name}=lambda item: ...)",
            )
    for name in known:
        if name not in used:
            raise CompileError(f"no path uses the array filter {name!r}", code="unused_array_filter", path=name)
    return tuple(known.values())


def _of_dict(update: Mapping[str, Any], schema: Schema | None) -> list[ir.UpdateOperation]:
    parsed = ir.parse_update(update, schema)
    assert isinstance(parsed, ir.UpdateOperators)
    owner = schema.name if schema else "document"
    return [operation(each.op, ir.Field(each.path, each.dtype, owner), each.operand) for each in parsed.operations]


def _refuse_conflicts(operations: list[ir.UpdateOperation]) -> None:
    touched = [(each.path, each) for each in operations]
    touched += [(each.operand, each) for each in operations if each.op == "$rename"]
    seen: dict[str, ir.UpdateOperation] = {}
    for path, each in sorted(touched, key=lambda item: item[0].split(".")):
        parts = path.split(".")
        for length in range(1, len(parts) + 1):
            other = seen.get(".".join(parts[:length]))
            if other is not None:
                raise CompileError(
                    f"{other.op} of {other.path!r} and {each.op} of {each.path!r} touch one path",
                    code="conflicting_updates",
                    path=each.path,
                    hint="leave one out, or write two updates",
                )
        seen[path] = each
