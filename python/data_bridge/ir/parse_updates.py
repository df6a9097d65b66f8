"""Updates of MQL, as plain Python, into the IR."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from bson import Decimal128

from data_bridge._core import DType, Schema
from data_bridge.errors import CompileError

from .elements import check_condition, check_named, check_order
from .expressions import Field
from .mql import spelled
from .operators import UPDATE_STAGES, UPDATES
from .parse_stages import parse_pipeline
from .paths import dtype_at
from .places import Place, is_dict, is_list, nearest, shown, told
from .places import wrong as misplaced
from .plans import UpdateOperation, UpdateOperators, UpdatePipeline

#: The error for an update that no server takes.
wrong = partial(misplaced, code="malformed_update", whole="update")
_MODIFIERS = {"$push": ("$each", "$position", "$slice", "$sort"), "$addToSet": ("$each",)}
_BITS = ("and", "or", "xor")
_IDENTIFIER = re.compile(r"[a-z][a-zA-Z0-9]*")
_POSITION = re.compile(r"\$(\[(?P<name>[^\]]*)\])?")
_REFERENCE = ("$id", "$ref", "$db")
Number = (int, float, Decimal128)


def parse_update(
    update: Any, schema: Schema | None = None, array_filters: Sequence[Any] = ()
) -> UpdateOperators | UpdatePipeline:
    """An update document, or a list of stages, as an update.

    Args:
        update: MQL, as PyMongo takes it.
        schema: the fields that may be named; None allows any.
        array_filters: what says which elements `$[name]` in a path stands for.

    Raises:
        CompileError: the update is malformed or names a field that does not exist; its path says where.
    """
    if is_list(update):
        if array_filters:
            raise wrong("an update by stages has no array filters", ("array_filters", None))
        return _pipeline(update, schema)
    if not is_dict(update) or not update:
        raise wrong(f"an update is a dict of operators or a list of stages, not {shown(update)}", None)
    operations = []
    for op, fields in update.items():
        at: Place = (op, None)
        if not isinstance(op, str) or not op.startswith("$"):
            raise wrong(f"{op!r} is not an update operator; to put a whole document in place use replace_one", at)
        known = UPDATES.get(op)
        if known is None:
            hint = f"operators: {', '.join(UPDATES)}"
            message = f"there is no update operator {op!r}; {nearest(op, UPDATES, 1)}".rstrip("; ")
            raise wrong(message, at, hint, code="unknown_operator")
        if not is_dict(fields):
            raise wrong(f"{op} takes a dict of fields, not {shown(fields)}", at)
        check = _CHECKS[known[0]]
        for path, operand in fields.items():
            place = (path, at)
            _check_path(op, path, place)
            check(op, operand, place)
            dtype = _dtype_at(schema, path, place)
            _check_elements(op, Field(path, dtype, schema.name if schema else "document"), operand, place)
            operations.append(UpdateOperation(op, path, dtype, operand))
    filters = _filters(array_filters, [each.path for each in operations], schema)
    return spelled(UpdateOperators(tuple(operations), filters), tuple(update))


def _pipeline(update: Sequence[Any], schema: Schema | None) -> UpdatePipeline:
    for place, stage in enumerate(update):
        name = next(iter(stage), None) if is_dict(stage) and len(stage) == 1 else None
        if isinstance(name, str) and name.startswith("$") and name not in UPDATE_STAGES:
            hint = f"there are {', '.join(sorted(UPDATE_STAGES))}"
            raise wrong(f"{name} cannot stand in an update", (name, (place, None)), hint, code="not_an_update_stage")
    return UpdatePipeline(parse_pipeline(update, schema))


def _dtype_at(schema: Schema | None, path: str, at: Place) -> DType:
    try:
        return dtype_at(schema, path)
    except CompileError as error:
        raise CompileError(error.message, code=error.code, path=told(at), hint=error.hint) from None


def _check_path(op: str, path: Any, at: Place) -> None:
    if not isinstance(path, str):
        raise wrong(f"{op} takes a dict of fields, and {path!r} is no field", at)
    segments = path.split(".")
    for number, segment in enumerate(segments):
        if not segment or "\0" in segment:
            raise wrong(f"{path!r} is not a field's path: a name in it is empty or holds NUL", at)
        if segment[0] == "$" and segment not in _REFERENCE and not (number and _POSITION.fullmatch(segment)):
            hint = 'write "$" for the element the filter found, "$[]" for all, "$[name]" with an array filter'
            raise wrong(f"{path!r}: {segment!r} is not a position", at, hint)


def _check_elements(op: str, field: Field, operand: Any, at: Place) -> None:
    """Checks the names of what elements have."""
    if op == "$pull" and is_dict(operand):
        check_condition(field, operand, at)
    elif op == "$push" and is_dict(operand) and "$each" in operand and is_dict(operand.get("$sort")):
        check_order(field, operand["$sort"], ("$sort", at))


def elements_at(schema: Schema | None, path: str, name: str) -> DType:
    """The type of the elements that a name in a path stands for."""
    marker = f"$[{name}]"
    return dtype_at(schema, path[: path.index(marker) + len(marker)])


def _filters(given: Sequence[Any], paths: Sequence[str], schema: Schema | None) -> tuple[dict[str, Any], ...]:
    """The array filters, each of one element, well formed and used."""
    used = {
        found["name"]: path
        for path in paths
        for segment in path.split(".")
        if (found := _POSITION.fullmatch(segment)) and found["name"]
    }
    names: set[str] = set()
    for place, each in enumerate(given):
        at: Place = (place, ("array_filters", None))
        if not is_dict(each) or not each:
            raise wrong(f"an array filter is a filter of one element, not {shown(each)}", at)
        own = set(names_in(each))
        if len(own) != 1 or not all(_IDENTIFIER.fullmatch(name) for name in own):
            hint = "begin each path in it with the same name: a small letter, then letters and digits"
            raise wrong(f"an array filter is of one named element, not of {', '.join(sorted(own)) or 'none'}", at, hint)
        [name] = own
        if name in names:
            raise wrong(f"there are two array filters called {name!r}", at)
        if name not in used:
            raise wrong(f"no path uses the array filter {name!r}", at, f"write $[{name}] in a path")
        names.add(name)
        check_named(name, elements_at(schema, used[name], name), each, at)
    for name in sorted(used.keys() - names) if given else ():
        raise wrong(f"no array filter is called {name!r}", ("array_filters", None), f'add {{"{name}": ...}}')
    return tuple(dict(each) for each in given)


def names_in(filter: Mapping[Any, Any]) -> list[str]:
    """What the paths of a filter begin with."""
    found = []
    for key, value in filter.items():
        if key in ("$and", "$or", "$nor") and is_list(value):
            found += [name for each in value if is_dict(each) for name in names_in(each)]
        else:
            found.append(str(key).split(".")[0])
    return found


def _value(op: str, operand: Any, at: Place) -> None:
    """Anything may be stored; what removes elements is looked at with their type."""


def _number(op: str, operand: Any, at: Place) -> None:
    if isinstance(operand, bool) or not (isinstance(operand, Number) or hasattr(operand, "as_tuple")):
        raise wrong(f"{op} takes a number, not {shown(operand)}", at)


def _path(op: str, operand: Any, at: Place) -> None:
    if not isinstance(operand, str):
        raise wrong(f"{op} takes the new name of the field, not {shown(operand)}", at)
    _check_path(op, operand, at)


def _date_type(op: str, operand: Any, at: Place) -> None:
    typed = is_dict(operand) and list(operand) == ["$type"] and operand["$type"] in ("date", "timestamp")
    if not isinstance(operand, bool) and not typed:
        raise wrong(f'{op} takes True or {{"$type": "date" or "timestamp"}}, not {shown(operand)}', at)


def _end(op: str, operand: Any, at: Place) -> None:
    if isinstance(operand, bool) or operand not in (1, -1):
        raise wrong(f"{op} takes 1 for the last element or -1 for the first, not {shown(operand)}", at)


def _elements_list(op: str, operand: Any, at: Place) -> None:
    if not is_list(operand) and not isinstance(operand, (set, frozenset)):
        raise wrong(f"{op} takes a list of elements, not {shown(operand)}", at)


def _bits(op: str, operand: Any, at: Place) -> None:
    if not is_dict(operand) or not operand:
        raise wrong(f"{op} takes whole numbers as 'and', 'or' or 'xor', not {shown(operand)}", at)
    for name, each in operand.items():
        if name not in _BITS or not isinstance(each, int) or isinstance(each, bool):
            raise wrong(f"{op} takes whole numbers as 'and', 'or' or 'xor', not {name}: {shown(each)}", (name, at))


def _element(op: str, operand: Any, at: Place) -> None:
    """An element, or modifiers; without `$each` the server stores what looks like modifiers, or refuses it."""
    if not is_dict(operand) or "$each" not in operand:
        return
    known = _MODIFIERS[op]
    for name, given in operand.items():
        place = (name, at)
        if name not in known:
            raise wrong(f"{op} knows {', '.join(known)} and no {name!r}", place)
        if name == "$each":
            _elements_list(f"{op}'s $each", given, place)
        elif name == "$sort":
            _sort(op, given, place)
        elif isinstance(given, bool) or not isinstance(given, (int, float)) or given != given // 1:
            raise wrong(f"{name} takes a whole number, not {shown(given)}", place)


def _sort(op: str, given: Any, at: Place) -> None:
    directions = given.values() if is_dict(given) else [given]
    if not directions or any(isinstance(each, bool) or each not in (1, -1) for each in directions):
        raise wrong(f"$sort of {op} takes 1, -1 or a dict of them, not {shown(given)}", at)


_CHECKS: Mapping[str, Callable[[str, Any, Place], None]] = {
    "value": _value,
    "nothing": _value,
    "number": _number,
    "path": _path,
    "date_type": _date_type,
    "end": _end,
    "bits": _bits,
    "element": _element,
    "elements": _elements_list,
    "condition": _value,
}
