"""Updates: what is written into stored documents, merged and checked before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from . import ir
from ._core import DType, Schema, dtype_of
from .errors import CompileError
from .fields import FieldProxy, coerce, to_ir
from .ir import stages
from .ir.paths import dtype_at

_NUMBERS = frozenset({"int", "double", "decimal", "any"})
_LISTS = frozenset({"array", "any"})
_NUMERIC = frozenset({"$inc", "$mul"})
_OF_LISTS = frozenset({"$push", "$addToSet", "$pull", "$pullAll", "$pop"})
_OF_ELEMENTS = frozenset({"$push", "$addToSet"})
_OF_VALUES = frozenset({"$set", "$setOnInsert", "$min", "$max"})


def operation(op: str, field: ir.Field, operand: Any) -> ir.UpdateOperation:
    """One update of one field, checked against the field's type.

    Raises:
        CompileError: the operator makes no sense for the type, or the value does not fit.
    """
    dtype = field.dtype
    kinds = {member.kind for member in dtype.members}
    if op in _NUMERIC and not (kinds & _NUMBERS and dtype_of(operand).kind in _NUMBERS):
        raise _misfit(op, field, operand, "takes a number on a number field")
    if op in _OF_LISTS and not kinds & _LISTS:
        raise _misfit(op, field, operand, "works on lists")
    if op in _OF_VALUES:
        operand = coerce(field, operand)
        if operand is None and not dtype.nullable:
            raise _misfit(op, field, operand, "cannot store None where the class allows none")
        if not stores(dtype, operand):
            raise _misfit(op, field, operand, f"takes a value of type {dtype}")
    if op in _OF_ELEMENTS and not (isinstance(operand, Mapping) and "$each" in operand):
        items = [member.element for member in dtype.members if member.element is not None]
        if items and not any(stores(item, operand) for item in items):
            raise _misfit(op, field, operand, f"adds elements of type {items[0]}")
    return ir.UpdateOperation(op, field.path, dtype, operand)


def stores(dtype: DType, value: Any) -> bool:
    """Whether a field of this type may be given the value: unlike in a comparison, a list is not its elements."""
    given = dtype_of(value)
    for member in dtype.members:
        if member.kind == "any" or given.kind == "any":
            return True
        if (member.kind == "array") == (given.kind == "array") and (
            member.kind == "null" if given.kind == "null" else member.kind != "null" and member.comparable_to(given)
        ):
            return True
    return False


def _misfit(op: str, field: ir.Field, operand: Any, rule: str) -> CompileError:
    return CompileError(
        f"{op} {rule}: {field.label} is {field.dtype} and was given {operand!r}", code="update_misfit", path=field.path
    )


class FieldUpdate:
    """Updates of several fields with one operator: `Set({User.name: "Ann"})`, or by stored path as text."""

    op: ClassVar[str]

    def __init__(self, values: Mapping[Any, Any]) -> None:
        self.values = values

    def operations(self, schema: Schema | None) -> list[ir.UpdateOperation]:
        """The updates, checked against the schema."""
        return [operation(self.op, _field(key, schema), value) for key, value in self.values.items()]


def _field(key: Any, schema: Schema | None) -> ir.Field:
    if isinstance(key, FieldProxy):
        return key.__ir__
    return ir.Field(key, dtype_at(schema, key), schema.name if schema else "document")


class Set(FieldUpdate):
    """Stores values; in a pipeline, computes fields: `Set(total=F.a + F.b)`."""

    op = "$set"

    def __init__(self, values: Mapping[Any, Any] | None = None, /, **named: Any) -> None:
        super().__init__({**(values or {}), **named})

    def stage(self) -> stages.Set:
        """The pipeline stage."""
        return stages.Set(tuple((str(key), to_ir(value)) for key, value in self.values.items()))


class Unset(FieldUpdate):
    """Removes fields, by proxy or stored path; in a pipeline too."""

    op = "$unset"

    def __init__(self, *fields: Any) -> None:
        super().__init__(dict.fromkeys(fields, ""))

    def stage(self) -> stages.Unset:
        """The pipeline stage."""
        return stages.Unset(tuple(str(key) for key in self.values))


class SetOnInsert(FieldUpdate):
    """Stores values only when an upsert inserts."""

    op = "$setOnInsert"


class Inc(FieldUpdate):
    """Adds to numbers."""

    op = "$inc"


class Mul(FieldUpdate):
    """Multiplies numbers."""

    op = "$mul"


class Min(FieldUpdate):
    """Stores values that are less."""

    op = "$min"


class Max(FieldUpdate):
    """Stores values that are greater."""

    op = "$max"


class Push(FieldUpdate):
    """Appends to lists."""

    op = "$push"


class AddToSet(FieldUpdate):
    """Appends what lists do not hold."""

    op = "$addToSet"


class Pull(FieldUpdate):
    """Removes values from lists."""

    op = "$pull"


class Pop(FieldUpdate):
    """Removes last (1) or first (-1) elements."""

    op = "$pop"


class Rename(FieldUpdate):
    """Gives fields other stored names."""

    op = "$rename"


class CurrentDate(FieldUpdate):
    """Stores the server's time."""

    op = "$currentDate"

    def __init__(self, *fields: Any) -> None:
        super().__init__(dict.fromkeys(fields, True))


def merge_updates(updates: Iterable[Any], schema: Schema | None) -> ir.UpdateOperators | ir.UpdatePipeline:
    """Several updates as one.

    Args:
        updates: operations, update classes, dicts of operators; or one list of stages.

    Raises:
        CompileError: there is nothing to do, or two of them touch one path.
    """
    updates = list(updates)
    if len(updates) == 1 and isinstance(updates[0], (list, tuple)):
        from .pipeline import to_stages

        return ir.UpdatePipeline(to_stages(updates[0], schema))
    operations: list[ir.UpdateOperation] = []
    for update in updates:
        if isinstance(update, ir.UpdateOperation):
            operations.append(update)
        elif isinstance(update, FieldUpdate):
            operations.extend(update.operations(schema))
        elif isinstance(update, Mapping):
            operations.extend(_of_dict(update, schema))
        else:
            raise CompileError(
                f"{update!r} is not an update",
                code="malformed_update",
                hint='write User.name.set("x"), Set({User.name: "x"}) or {"$set": {"name": "x"}}',
            )
    if not operations:
        raise CompileError("the update changes nothing", code="empty_update", hint="give one operation or more")
    _refuse_conflicts(operations)
    return ir.UpdateOperators(tuple(operations))


def _of_dict(update: Mapping[str, Any], schema: Schema | None) -> list[ir.UpdateOperation]:
    parsed = ir.parse_update(update, schema)
    assert isinstance(parsed, ir.UpdateOperators)
    owner = schema.name if schema else "document"
    return [operation(each.op, ir.Field(each.path, each.dtype, owner), each.operand) for each in parsed.operations]


def _refuse_conflicts(operations: list[ir.UpdateOperation]) -> None:
    seen: dict[str, ir.UpdateOperation] = {}
    for each in sorted(operations, key=lambda operation: operation.path.split(".")):
        parts = each.path.split(".")
        for length in range(1, len(parts) + 1):
            other = seen.get(".".join(parts[:length]))
            if other is not None:
                raise CompileError(
                    f"{other.op} of {other.path!r} and {each.op} of {each.path!r} touch one path",
                    code="conflicting_updates",
                    path=each.path,
                    hint="leave one out, or write two updates",
                )
        seen[each.path] = each
