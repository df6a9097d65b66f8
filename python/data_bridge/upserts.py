"""What an upsert may insert: the equalities of its filter and what the update sets, which must make a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from . import ir
from ._core import DType, Schema
from .errors import CompileError
from .inheritance import class_id_of
from .ir import stages
from .ir.paths import step
from .schema import CLASS_ID, schema_of
from .settings import root_of
from .update_checks import operation, stores

if TYPE_CHECKING:
    from .document import Document

Updated = ir.UpdateOperators | ir.UpdatePipeline


def inserting(cls: type[Document], filter: ir.Expr | None, update: Updated) -> Updated:
    """The update; what it inserts is of the class, and has an id that the class reads.

    Raises:
        CompileError: there is no such id, or an equality of the filter is no value of its field.
    """
    schema, written = schema_of(cls), _written(update)
    equalities = dict(_equalities(filter))
    for path, value in equalities.items():
        if path not in written:
            _check(schema, path, value)
    said = {path.split(".")[0] for path in (*equalities, *written)}
    if root_of(cls) is not None and CLASS_ID not in written:
        update = _with(update, schema, CLASS_ID, class_id_of(cls))
    return update if "_id" in said else _with_id(cls, schema, update)


def says_id(filter: ir.Expr | None) -> bool:
    """Whether what is inserted has its id from the filter."""
    return any(path.split(".")[0] == "_id" for path, _ in _equalities(filter))


def _written(update: Updated) -> set[str]:
    """The fields that have the update's value in what is inserted, whatever the filter says."""
    if isinstance(update, ir.UpdateOperators):
        return {each.path for each in update.operations if each.op in ("$set", "$setOnInsert")}
    return {path for node in update.stages if isinstance(node, stages.Set) for path, _ in node.fields}


def _with_id(cls: type[Document], schema: Schema, update: Updated) -> Updated:
    dtype, field = schema.field("_id"), cls.model_fields["id"]
    if field.default_factory is not None and not field.default_factory_takes_validated_data:
        return _with(update, schema, "_id", field.default_factory())  # type: ignore[call-arg]
    if dtype is None or stores(dtype, ObjectId()):
        return update
    raise CompileError(
        f"the upsert may insert a document whose id is an ObjectId, and {cls.__name__}.id is {dtype}",
        code="upsert_without_id",
        path="_id",
        hint=f"add {cls.__name__}.id == ... to the filter, or {cls.__name__}.id.set_on_insert(...)",
    )


def _with(update: Updated, schema: Schema, path: str, value: Any) -> Updated:
    """The update, which gives the field of an inserted document this value."""
    field = ir.Field(path, schema.field(path) or DType.any(), schema.name)
    inserted = operation("$setOnInsert", field, value)
    if isinstance(update, ir.UpdateOperators):
        return ir.UpdateOperators((*update.operations, inserted), update.array_filters)
    # An insert by pipeline begins with the filter's equalities only.
    known = ir.Call("$ifNull", (field, ir.Literal(inserted.operand)))
    return ir.UpdatePipeline((*update.stages, stages.Set(((path, known),))))


def _equalities(filter: Any) -> Iterator[tuple[str, Any]]:
    """What the server stores of a filter when it inserts: one of several is none, one of one is."""
    if isinstance(filter, ir.And) or (isinstance(filter, ir.Or) and len(filter.terms) == 1):
        for term in filter.terms:
            yield from _equalities(term)
        return
    subject: Any = None
    values: tuple[Any, ...] = ()
    if isinstance(filter, ir.Compare) and filter.op == "eq" and isinstance(filter.right, ir.Literal):
        subject, values = filter.left, (filter.right.value,)
    elif isinstance(filter, ir.In):
        needle, among, negated = filter._parts()
        subject, values = needle, among if len(among) == 1 and not negated else ()
    elif isinstance(filter, ir.All):
        subject, values = filter._parts()
    if isinstance(subject, ir.Field):
        yield from ((subject.path, value) for value in values)


def _check(schema: Schema, path: str, value: Any) -> None:
    """Refuses an equality that asks elements of a list, and any other that is no value of its field."""
    dtype = DType.document(schema)
    for segment in path.split("."):
        known = dtype.non_null()
        if known.kind == "link":  # what is asked of a linked document is not stored
            return
        if known.kind == "array":
            break
        try:
            dtype = step(known, segment, path)
        except CompileError:  # where anything may be
            return
    else:
        if stores(dtype, value):
            return
    raise CompileError(
        f"an upsert stores the equalities of its filter: it would insert {value!r} at {schema.name}.{path}, where "
        f"there is {dtype}",
        code="upsert_of_element",
        path=path,
        hint="ask elements of a list with .any(lambda item: item == ...), which stores nothing",
    )
