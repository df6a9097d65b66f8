"""Whether an update makes sense for the field it changes, told before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from . import ir
from ._core import DType, Schema, dtype_of
from .closed_values import unaccepted
from .errors import CompileError
from .fields import FieldProxy, coerce
from .fields.expression import Expression
from .fields.order import order
from .fields.path import admits
from .ir.elements import check_condition, check_order
from .ir.operators import UPDATES
from .ir.paths import unknown_field

BITS = ("and", "or", "xor")
_POSITIONAL = re.compile(r"\$\[(?P<name>[^\]]*)\]|\$")
_IDENTIFIER = re.compile(r"[a-z][a-zA-Z0-9]*")


class Each:
    """Several elements, and how a push puts them: `Push({User.tags: Each(["a", "b"], slice=-5)})`.

    Args:
        values: the elements.
        position: where they go, from the end when negative; at the end without it.
        slice: how many of all elements stay: the first ones, or the last when negative.
        sort: the order of all elements: 1 or -1, or keys of their fields.
    """

    def __init__(
        self, values: Iterable[Any], *, position: int | None = None, slice: int | None = None, sort: Any = None
    ) -> None:
        if isinstance(values, (str, bytes, Mapping)):
            raise CompileError(f"each takes a list of elements, not {values!r}", code="not_a_list")
        self.values = list(values)
        self.modifiers: dict[str, Any] = {}
        for name, given in (("$position", position), ("$slice", slice)):
            if given is not None and (not isinstance(given, int) or isinstance(given, bool)):
                raise CompileError(f"{name[1:]} is a whole number, not {given!r}", code="bad_modifier")
            if given is not None:
                self.modifiers[name] = given
        if sort is not None:
            self.modifiers["$sort"] = order(sort).value  # type: ignore[attr-defined]


def operation(op: str, field: ir.Field, operand: Any) -> ir.UpdateOperation:
    """One update of one field, checked against the field's type.

    Raises:
        CompileError: there is no such operator, it makes no sense for the type, or the value does not fit.
    """
    if op not in UPDATES:
        raise CompileError(unknown_field("an update", op, UPDATES), code="unknown_operator", path=field.path)
    kind, takes = UPDATES[op]
    _check_path(field.path)
    if op != "$unset":
        refuse_back_link(field)
    if isinstance(operand, (Expression, ir.Expr)) and not (kind == "condition" and isinstance(operand, Expression)):
        raise CompileError(
            f"{op} of {field.label} takes a value, not an expression",
            code="update_of_expression",
            path=field.path,
            hint="compute it in a pipeline: update([Set(total=User.a + User.b)])",
        )
    if not any(admits(each, field.dtype) for each in takes):
        raise _misfit(op, field, operand, _SENSE.get(takes[0], f"works on {' or '.join(takes)} fields"))
    return ir.UpdateOperation(op, field.path, field.dtype, _CHECKS[kind](op, field, operand))


def refuse_back_link(field: ir.Field) -> None:
    """Refuses a write of a back link.

    Raises:
        CompileError: the field is one, which is not stored with its document.
    """
    if field.dtype.back is not None:
        raise CompileError(
            f"{field.label} is a back link, which is not stored: the links {field.dtype.back!r} of others lead here",
            code="update_of_back_link",
            path=field.path,
            hint=f"write {field.dtype.back!r} of the others",
        )


_SENSE = {"number": "takes a number on a number field", "array": "works on lists"}


def _check_path(path: str) -> None:
    for segment in path.split("."):
        if segment.startswith("$") and not _POSITIONAL.fullmatch(segment):
            raise CompileError(
                f"{path!r}: {segment!r} is not a position",
                code="bad_path",
                path=path,
                hint='write "$" for the element the filter found, "$[]" for all, "$[name]" with an array filter',
            )


def identifiers(path: str) -> list[str]:
    """The names of the array filters that a path uses.

    Raises:
        CompileError: a name is none the server takes.
    """
    found = [match["name"] for match in _POSITIONAL.finditer(path) if match["name"]]
    for name in found:
        if not _IDENTIFIER.fullmatch(name):
            raise CompileError(
                f"{path!r}: an array filter cannot be called {name!r}: small letter first, then letters and digits",
                code="bad_path",
                path=path,
            )
    return found


def _document_fault(dtype: DType, value: Any) -> str:
    """Why a document, or one in a list, is no document of the class; nothing when it is one."""
    if isinstance(value, (list, tuple)):
        items = [member.element for member in dtype.members if member.kind == "array" and member.element]
        return next((fault for item in value if items and (fault := _document_fault(items[0], item))), "")
    schemas = [member.schema for member in dtype.members if member.kind in ("document", "map", "any", "link")]
    if not isinstance(value, Mapping) or not schemas or None in schemas:
        return ""
    faults = [_fault_of(schema, value) for schema in schemas if schema is not None]
    return "" if "" in faults else faults[0]


def _fault_of(schema: Schema, value: Mapping[str, Any]) -> str:
    for name, item in value.items():
        dtype = schema.field(str(name))
        if dtype is None:
            if schema.open:
                continue
            return f"{schema.name} has no field {str(name)!r}"
        if item is None and not dtype.nullable:
            return f"{schema.name}.{name} cannot be None"
        if not stores(dtype, item):
            return f"{schema.name}.{name} is {dtype}, not {item!r}"
        if fault := unaccepted(schema, str(name), item):
            return fault
        if fault := _document_fault(dtype, item):
            return fault
    for name, dtype, required in schema.fields():
        if required and name not in value and not dtype.nullable:
            return f"{schema.name} needs {name!r}"
    return ""


def stores(dtype: DType, value: Any) -> bool:
    """Whether a field of this type may be given the value: unlike in a comparison, a list is not its elements."""
    members = dtype.members
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [member.element for member in members if member.kind == "array" and member.element is not None]
        if any(all(stores(item, each) for each in value) for item in items):
            return True
        return any(member.kind == "any" for member in members)
    if isinstance(value, Mapping) and all(member.kind in ("map", "null") for member in members):
        items = [member.element for member in members if member.element is not None]
        return any(all(stores(item, each) for each in value.values()) for item in items)
    return _stores_kind(dtype, dtype_of(value)) and not _fraction_of_int(dtype, value)


def stores_type(dtype: DType, given: DType) -> bool:
    """Whether a field of this type may be given a computed value of another: whether any of its types is stored."""
    return any(_stores_kind(dtype, member) for member in given.members)


def _stores_kind(dtype: DType, given: DType) -> bool:
    if given.kind == "any":
        return True
    return any(
        member.kind == "any"
        or (
            (member.kind == "array") == (given.kind == "array")
            and (
                member.kind == "null" if given.kind == "null" else member.kind != "null" and member.comparable_to(given)
            )
        )
        for member in dtype.members
    )


def _fraction_of_int(dtype: DType, value: Any) -> bool:
    """A fraction for a field of whole numbers."""
    kinds = {member.kind for member in dtype.members}
    return isinstance(value, float) and "int" in kinds and not kinds & {"double", "decimal"} and not value.is_integer()


def _misfit(op: str, field: ir.Field, operand: Any, rule: str) -> CompileError:
    return CompileError(
        f"{op} {rule}: {field.label} is {field.dtype} and was given {operand!r}", code="update_misfit", path=field.path
    )


def check_stored(op: str, field: ir.Field, operand: Any) -> Any:
    """The value as the field stores it.

    Raises:
        CompileError: the field does not store it.
    """
    operand = coerce(field, operand)
    if operand is None and not field.dtype.nullable:
        raise _misfit(op, field, operand, "cannot store None where the class allows none")
    if not stores(field.dtype, operand):
        raise _misfit(op, field, operand, f"takes a value of type {field.dtype}")
    _check_document(op, field, field.dtype, operand)
    return operand


def _check_document(op: str, field: ir.Field, dtype: DType, value: Any) -> None:
    fault = _document_fault(dtype, value)
    if fault:
        raise _misfit(op, field, value, f"takes a value of type {dtype}, and {fault}")


def _number(op: str, field: ir.Field, operand: Any) -> Any:
    if dtype_of(operand).kind not in ("int", "double", "decimal", "any"):
        raise _misfit(op, field, operand, "takes a number on a number field")
    if _fraction_of_int(field.dtype, operand):
        raise _misfit(op, field, operand, "takes a whole number on a field of whole numbers")
    return operand


def _nothing(op: str, field: ir.Field, operand: Any) -> Any:
    return ""


def _path(op: str, field: ir.Field, operand: Any) -> Any:
    name = str(operand)
    if not name or name.startswith("$") or ".$" in name or "$" in field.path:
        raise _misfit(op, field, operand, "takes another field's name, with no position in it")
    return name


def _date_type(op: str, field: ir.Field, operand: Any) -> Any:
    kinds = {member.kind for member in field.dtype.members}
    if isinstance(operand, Mapping):
        operand = operand.get("$type")
    if operand in (None, True):
        return {"$type": "timestamp"} if "timestamp" in kinds and not kinds & {"date", "any"} else True
    if operand not in ("date", "timestamp") or not kinds & {operand, "any"}:
        raise _misfit(op, field, operand, 'stores a "date" or a "timestamp", as the field is')
    return {"$type": operand}


def _end(op: str, field: ir.Field, operand: Any) -> Any:
    if isinstance(operand, bool) or operand not in (1, -1):
        raise _misfit(op, field, operand, "takes 1 for the last element or -1 for the first")
    return operand


def _bits(op: str, field: ir.Field, operand: Any) -> Any:
    whole = isinstance(operand, Mapping) and all(
        name in BITS and isinstance(each, int) and not isinstance(each, bool) for name, each in operand.items()
    )
    if not operand or not whole:
        raise _misfit(op, field, operand, "takes whole numbers as 'and', 'or' or 'xor'")
    return dict(operand)


def _check_element(op: str, field: ir.Field, element: Any, verb: str) -> None:
    if isinstance(element, (Expression, ir.Expr)):
        raise _misfit(op, field, element, f"{verb} values, not expressions")
    items = [member.element for member in field.dtype.members if member.element is not None]
    if items and not any(stores(item, element) for item in items):
        raise _misfit(op, field, element, f"{verb} elements of type {items[0]}")
    for item in items:
        _check_document(op, field, item, element)


def _element(op: str, field: ir.Field, operand: Any) -> Any:
    given = operand
    if isinstance(operand, Mapping) and "$each" in operand:
        known = {"$each", "$position", "$slice", "$sort"} if op == "$push" else {"$each"}
        unknown = [name for name in operand if name not in known]
        if unknown:
            raise _misfit(op, field, unknown[0], f"knows {', '.join(sorted(known))}")
        modifiers = {name.removeprefix("$"): _whole(given) for name, given in operand.items() if name != "$each"}
        given = Each(operand["$each"], **modifiers)
    if isinstance(given, Each):
        if op != "$push" and given.modifiers:
            raise _misfit(op, field, next(iter(given.modifiers)), "takes elements only")
        if isinstance(given.modifiers.get("$sort"), Mapping):
            check_order(field, given.modifiers["$sort"], (field.path, None))
        elements = [coerce(field, element) for element in given.values]
        for element in elements:
            _check_element(op, field, element, "adds")
        return {"$each": elements, **given.modifiers}
    given = coerce(field, given)
    _check_element(op, field, given, "adds")
    # A document whose keys begin with "$" would be read as modifiers.
    return (
        {"$each": [given]} if isinstance(given, Mapping) and any(str(key).startswith("$") for key in given) else given
    )


def _whole(given: Any) -> Any:
    """A modifier, its numbers as whole ones: the server takes 1.0 for 1."""
    if isinstance(given, Mapping):
        return {name: _whole(item) for name, item in given.items()}
    return int(given) if isinstance(given, float) and given.is_integer() else given


def _elements(op: str, field: ir.Field, operand: Any) -> Any:
    if isinstance(operand, (str, bytes, Mapping)) or not isinstance(operand, Iterable):
        raise _misfit(op, field, operand, "takes a list of elements")
    elements = [coerce(field, element) for element in operand]
    for element in elements:
        _check_element(op, field, element, "removes")
    return elements


def _condition(op: str, field: ir.Field, operand: Any) -> Any:
    if isinstance(operand, Mapping):
        check_condition(field, operand, (field.path, None))
        return dict(operand)
    if not isinstance(operand, Expression) and callable(operand):
        items = [member.element for member in field.dtype.members if member.kind == "array" and member.element]
        operand = operand(FieldProxy(ir.Field("", items[0] if items else DType.any(), f"{field.label}[]")))
    if isinstance(operand, Expression):
        return _element_filter(field, operand)
    operand = coerce(field, operand)
    _check_element(op, field, operand, "removes")
    return operand


def _element_filter(field: ir.Field, condition: Expression[Any]) -> Any:
    try:
        found: dict[str, Any] = ir.ElemMatch(ir.Field("x", DType.any(), "x"), condition.__ir__).to_mql()
    except CompileError as error:
        if error.code != "not_a_predicate":
            raise
        raise CompileError(
            f"{field.label}: {error.message}, and the server computes nothing of an element that it may remove",
            code=error.code,
            path=field.path,
            hint="keep the others by a pipeline: update([Set(items=User.items.filter(lambda item: ...))])",
        ) from None
    return found["x"]["$elemMatch"]


_CHECKS = {
    "value": check_stored,
    "number": _number,
    "nothing": _nothing,
    "path": _path,
    "date_type": _date_type,
    "end": _end,
    "bits": _bits,
    "element": _element,
    "elements": _elements,
    "condition": _condition,
}
