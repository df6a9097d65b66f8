"""Aggregation expressions of MQL, as plain Python, into the IR.

What is written in a short way becomes the node of the long one; the node's spelling says how it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from data_bridge._core import DType, Schema
from data_bridge.errors import CompileError

from .expressions import COMPARISONS, ArrayExpr, Call, Compare, DocumentExpr, Expr, Field, Literal, Variable
from .mql import BARE, LISTED, PLAIN, SCALARS, VALUE, spelled
from .paths import dtype_at
from .places import Place, is_dict, is_list, nearest, shown, slip, told, wrong
from .signature import Argument, Signature
from .signatures import EXPRESSIONS

#: Deeper expressions are refused. The server's own limit is 200 levels of BSON, and an operator with a list takes two.
DEEPEST = 100
#: Variables that every expression sees, or some server version gives.
SYSTEM = frozenset(
    [
        *("CLUSTER_TIME", "CURRENT", "DESCEND", "KEEP", "NOW", "PRUNE", "REMOVE", "ROOT", "SEARCH_META"),
        *("IS_MR", "JS_SCOPE", "USER_ROLES"),
    ]
)
_ANY = DType.any()
_CONSTANTS = ("$literal", "$const")
#: The server's rule: a small letter or one beyond ASCII, then letters, digits and _.
_NAME = re.compile(r"[a-z\x80-\U0010ffff][a-zA-Z0-9_\x80-\U0010ffff]*")
_COMPARED = {f"${name}": name for name in COMPARISONS}
#: What may follow a dot although it begins with a dollar sign: the parts of a reference.
_REFERENCE = ("$id", "$ref", "$db")


class Scope:
    """What an expression sees.

    Args:
        schema: the fields that may be named; None allows any.
        names: the variables bound around.
        programs: whether a user's program may stand in it.
    """

    __slots__ = ("names", "owner", "programs", "read", "schema", "tested")

    def __init__(
        self, schema: Schema | None = None, names: frozenset[str] = frozenset(), programs: bool = True
    ) -> None:
        self.schema = schema
        self.owner = schema.name if schema is not None else "F"
        self.names = names
        self.programs = programs
        #: The nodes of paths that have been read and of fields that have been tested: nodes do not change.
        self.read: dict[str, Expr] = {}
        self.tested: dict[str, Field] = {}

    def without_schema(self) -> Scope:
        """The same where any field may be named."""
        return self if self.schema is None else Scope(None, self.names, self.programs)

    def binding(self, *names: str) -> Scope:
        """The same with more variables."""
        return Scope(self.schema, self.names.union(names), self.programs)


def parse_expression(given: Any, schema: Schema | None = None) -> Expr:
    """An aggregation expression.

    Args:
        given: MQL, as PyMongo takes it.
        schema: the fields that may be named; None allows any.

    Raises:
        CompileError: the expression is malformed or names a field that does not exist; its path says where.
    """
    return value_at(given, Scope(schema), 0, None)


def value_at(given: Any, scope: Scope, depth: int, at: Place) -> Expr:
    """An expression at a place in what is parsed."""
    kind = type(given)
    if kind is str:
        if given[:1] != "$":
            return spelled(Literal(given), BARE)
        found = scope.read.get(given)
        if found is None:
            found = scope.read[given] = _path(given, scope, at)
        return found
    if kind is dict:
        return _document(given, scope, depth, at)
    if kind in SCALARS:
        return spelled(Literal(given), BARE)
    return _unusual(given, scope, depth, at)


def _unusual(given: Any, scope: Scope, depth: int, at: Place) -> Expr:
    node = getattr(given, "__ir__", given)
    if isinstance(node, Expr):
        return node
    if is_dict(given):
        return _document(given, scope, depth, at)
    if is_list(given):
        check_depth(depth, at)
        return spelled(
            ArrayExpr(tuple([value_at(item, scope, depth + 1, (place, at)) for place, item in enumerate(given)])),
            PLAIN,
        )
    if isinstance(given, str) and given.startswith("$"):
        return _path(given, scope, at)
    return spelled(Literal(given), BARE)


def check_depth(depth: int, at: Place) -> None:
    """Refuses what is nested too deep."""
    if depth > DEEPEST:
        raise wrong(f"it is nested more than {DEEPEST} levels deep", _outermost(at))


def _outermost(at: Place) -> Place:
    """The beginning of a place that is too long to be told."""
    names = []
    while at is not None:
        names.append(at[0])
        at = at[1]
    short: Place = None
    for name in names[:-4:-1]:
        short = (name, short)
    return short


def _path(given: str, scope: Scope, at: Place) -> Expr:
    """`$a.b`, `$$name` or `$$name.b`."""
    if given[1:2] == "$":
        name = given[2:]
        first, _, rest = name.partition(".")
        _check_variable(first, given, scope, at)
        if rest or name.endswith("."):
            _check_segments(rest.split("."), given, at)
        return spelled(Variable(name), PLAIN)
    path = given[1:]
    segments = path.split(".")
    _check_segments(segments, given, at)
    if len(segments) > 1 and any(segment.isdigit() for segment in segments):
        # As a field's path it would be a position in a list, which an expression does not see in it.
        return spelled(Variable(f"CURRENT.{path}"), path)
    return spelled(field_at(path, scope, at), PLAIN)


def field_at(path: str, scope: Scope, at: Place) -> Field:
    """A field by its path, without the dollar sign.

    Raises:
        CompileError: the schema has no such field.
    """
    if scope.schema is None:
        return Field(path, _ANY, scope.owner)
    try:
        return Field(path, dtype_at(scope.schema, path), scope.owner)
    except CompileError as error:
        raise CompileError(error.message, code=error.code, path=told(at), hint=error.hint) from None


def _check_segments(segments: list[str], given: str, at: Place) -> None:
    for segment in segments:
        if not segment:
            raise wrong(
                f"{given!r} is not a path: a name is missing", at, 'write {"$literal": ...} for a text that begins so'
            )
        if segment[0] == "$" and (segment not in _REFERENCE or segment is segments[0]):
            raise wrong(f"{given!r} is not a path: {segment!r} begins with a dollar sign", at, "write $getField")
    if "\0" in given:
        raise wrong(f"{given!r} holds a NUL character, which no name has", at)


def _check_variable(name: str, given: str, scope: Scope, at: Place) -> None:
    if name in scope.names or name in SYSTEM:
        return
    # Others may be bound around what is parsed.
    if not _NAME.fullmatch(name) or slip(name, scope.names):
        known = scope.names | SYSTEM
        hint = f"{nearest(name, known)} variables: {', '.join(sorted(known))}"
        raise wrong(f"there is no variable {given!r}", at, hint.strip())


def _document(given: Mapping[Any, Any], scope: Scope, depth: int, at: Place) -> Expr:
    check_depth(depth, at)
    for name in given:
        if name.__class__ is str and name[:1] == "$":
            if len(given) != 1:
                raise wrong(
                    f"an operator stands alone in its document, and {name!r} stands beside others: {shown(given)}",
                    at,
                )
            return call_at(name, given[name], scope, depth, (name, at))
    fields = {}
    for name, item in given.items():
        check_name(name, at)
        fields[name] = value_at(item, scope, depth + 1, (name, at))
    return spelled(DocumentExpr(fields), PLAIN)


def check_name(name: Any, at: Place) -> None:
    """Refuses what cannot name a field of a computed document."""
    if not isinstance(name, str):
        raise wrong(f"the names of a document are texts, not {name!r}", (name, at))
    if "." in name or "\0" in name:
        raise wrong(f"{name!r} cannot name a field of a computed document", (name, at), "write $setField")


def call_at(name: str, operand: Any, scope: Scope, depth: int, at: Place) -> Expr:
    """An operator and what stands under it; `at` ends with the operator."""
    if name in _CONSTANTS:
        return spelled(Literal(operand), name)
    signature = EXPRESSIONS.get(name)
    if signature is None:
        raise wrong(
            f"there is no operator {name!r}", at, f"{nearest(name, EXPRESSIONS)} Raw({{...}}) passes any".strip()
        )
    if signature.program and not scope.programs:
        raise CompileError(
            f"{name} runs a program on the server, and a filter document may come from anywhere",
            code="javascript_not_allowed",
            path=told(at),
            hint="write Expr(fn.function(...))",
        )
    op = _COMPARED.get(name)
    if op is not None:
        return _compare(op, _positions(signature, operand, scope, depth, at), operand, at)
    if signature.shape == "object":
        return _object(name, signature, operand, scope, depth, at)
    single = signature.shape == "single" and signature.many is None
    if not is_list(operand) or (single and signature.short == "alone"):
        if not signature.least <= 1 <= (signature.most or 1):
            raise _arity(name, signature, 1, at)
        [argument] = signature.arguments[:1]
        return spelled(Call(name, (argument_at(argument, operand, scope, depth + 1, at),), single), BARE)
    return spelled(Call(name, _positions(signature, operand, scope, depth, at), single), LISTED)


def _positions(signature: Signature, operand: Any, scope: Scope, depth: int, at: Place) -> tuple[Expr, ...]:
    items = operand if is_list(operand) else (operand,)
    if len(items) < signature.least or (signature.most is not None and len(items) > signature.most):
        raise _arity(at[0] if at else "", signature, len(items), at)
    return tuple([value_at(item, scope, depth + 1, (place, at)) for place, item in enumerate(items)])


def _arity(name: Any, signature: Signature, given: int, at: Place) -> CompileError:
    least, most = signature.least, signature.most
    count = f"{least} or more" if most is None else str(least) if least == most else f"{least} to {most}"
    return wrong(f"{name} takes {count} arguments and was given {given}", at, f"arguments: {signature}")


def _compare(op: str, sides: tuple[Expr, ...], operand: Any, at: Place) -> Expr:
    left, right = sides
    try:
        return spelled(Compare(op, left, right), VALUE)
    except CompileError as error:
        raise CompileError(error.message, code=error.code, path=told(at), hint=error.hint) from None


def _object(name: str, signature: Signature, operand: Any, scope: Scope, depth: int, at: Place) -> Expr:
    """An operator of named arguments, or the short way to give the first."""
    short = signature.short
    if is_dict(operand) and not (short and _is_operator(operand)):
        args = named_at(name, signature, operand, scope, depth, at)
        return spelled(Call(name, args), _supplied(name, args))
    if short == "array" and is_list(operand):
        if len(operand) != len(signature.arguments):
            raise _arity(name, signature, len(operand), at)
        items = _positions(signature, operand, scope, depth, at)
        return spelled(
            Call(name, {each.name: item for each, item in zip(signature.arguments, items, strict=True)}), LISTED
        )
    if is_list(operand) and not signature.arguments and not operand:
        return spelled(Call(name, {}), LISTED)
    listed = short == "single" and is_list(operand)
    if listed and len(operand) != 1:
        raise wrong(f"{name} takes one argument and was given {len(operand)}", at, f"arguments: {signature}")
    if not listed and short not in ("single", "alone"):
        raise wrong(
            f"{name} takes its arguments by name, in a dict, not {shown(operand)}", at, f"arguments: {signature}"
        )
    given, place = (operand[0], (0, at)) if listed else (operand, at)
    args = {signature.arguments[0].name: value_at(given, scope, depth + 1, place)}
    if short == "alone":
        args["input"] = spelled(Variable("CURRENT"), PLAIN)
    return spelled(Call(name, args), LISTED if listed else BARE)


def _supplied(name: str, args: dict[str, Expr]) -> Any:
    """The spelling of named arguments: which of them were written, where some have been filled in."""
    if name in ("$map", "$filter") and "as" not in args:
        written = tuple(args)
        args["as"] = Literal("this")
        return written
    return PLAIN


def _is_operator(given: Mapping[Any, Any]) -> bool:
    first = next(iter(given), "")
    return isinstance(first, str) and first.startswith("$")


def named_at(
    name: str, signature: Signature, operand: Mapping[Any, Any], scope: Scope, depth: int, at: Place
) -> dict[str, Expr]:
    """Arguments by their names, each as its type asks."""
    known = signature.by_name
    for each in operand:
        if each not in known:
            guess = nearest(each, known)
            raise wrong(f"{name} has no argument {each!r}", (each, at), f"{guess} arguments: {signature}".strip())
    for argument in signature.required:
        if argument.name not in operand:
            raise wrong(f"{name} needs {argument.name!r}", at, f"arguments: {signature}")
    args = {}
    for each, item in operand.items():
        argument = known[each]
        inner = scope
        if argument.types == ("body",):
            inner = scope.binding(*_bound(name, argument, operand, at))
        args[each] = argument_at(argument, item, inner, depth + 1, (each, at))
    return args


def _bound(name: str, argument: Argument, operand: Mapping[Any, Any], at: Place) -> list[str]:
    """The variables that a body sees."""
    if name == "$let":
        given = operand["vars"]
        return list(given) if is_dict(given) else []
    called = {"this": operand.get("as", "this"), "value": operand.get("valueAs", "value")}
    names = [called[each] for each in argument.variables]
    names.append(operand.get("arrayIndexAs", "IDX"))
    return [each for each in names if isinstance(each, str)]


def argument_at(argument: Argument, given: Any, scope: Scope, depth: int, at: Place) -> Expr:
    """What stands in an argument: an expression, unless its type says that the server takes it as it is."""
    read = _ARGUMENTS.get(argument.types[0])
    return value_at(given, scope, depth, at) if read is None else read(argument, given, scope, depth, at)


def _constant(argument: Argument, given: Any, scope: Scope, depth: int, at: Place) -> Expr:
    return spelled(Literal(given), BARE)


def _word(argument: Argument, given: Any, scope: Scope, depth: int, at: Place) -> Expr:
    if not isinstance(given, str):
        raise wrong(f"{argument.name!r} is a constant text, not {shown(given)}", at)
    if argument.words and given not in argument.words:
        raise wrong(f"{given!r} is none of {', '.join(argument.words)}", at, nearest(given, argument.words) or None)
    return spelled(Literal(given), BARE)


def _named(argument: Argument, given: Any, scope: Scope, depth: int, at: Place) -> Expr:
    check_variable_name(given, at)
    return spelled(Literal(given), BARE)


def check_variable_name(given: Any, at: Place) -> None:
    """Refuses what cannot name a variable of a user."""
    if not isinstance(given, str) or not (_NAME.fullmatch(given) or given == "CURRENT"):
        raise wrong(f"{given!r} cannot name a variable", at, "begin with a small letter, then letters, digits and _")


def _flag(argument: Argument, given: Any, scope: Scope, depth: int, at: Place) -> Expr:
    if not isinstance(given, bool):
        raise wrong(f"{argument.name!r} is True or False, not {shown(given)}", at)
    return spelled(Literal(given), BARE)


def _order(argument: Argument, given: Any, scope: Scope, depth: int, at: Place) -> Expr:
    check_order(given, at)
    return spelled(Literal(given), BARE)


def check_order(given: Any, at: Place) -> None:
    """Refuses what is no order: a direction, or a document of them."""
    directions = given if is_dict(given) else {"": given}
    if not directions:
        raise wrong("an order names a field or more", at)
    for path, direction in directions.items():
        if is_dict(given) and is_dict(direction) and "$meta" in direction:
            continue
        if isinstance(direction, bool) or direction not in (1, -1):
            place = (path, at) if is_dict(given) else at
            raise wrong(f"a direction is 1 or -1, not {shown(direction)}", place)


def _items(argument: Argument, given: Any, scope: Scope, depth: int, at: Place) -> Expr:
    if not is_list(given):
        raise wrong(f"{argument.name!r} is a list that is written out, not {shown(given)}", at)
    return value_at(given, scope, depth, at)


def _variables(argument: Argument, given: Any, scope: Scope, depth: int, at: Place) -> Expr:
    return spelled(DocumentExpr(variables_at(given, scope, depth, at)), PLAIN)


def variables_at(given: Any, scope: Scope, depth: int, at: Place) -> dict[str, Expr]:
    """A document of variables and their values."""
    if not is_dict(given):
        raise wrong(f"variables are a dict of names and expressions, not {shown(given)}", at)
    found = {}
    for name, item in given.items():
        check_variable_name(name, (name, at))
        found[name] = value_at(item, scope, depth + 1, (name, at))
    return found


def _branches(argument: Argument, given: Any, scope: Scope, depth: int, at: Place) -> Expr:
    if not is_list(given) or not given:
        raise wrong(f"branches are a list of one {{case, then}} or more, not {shown(given)}", at)
    found = []
    for place, each in enumerate(given):
        if not is_dict(each) or set(each) != {"case", "then"}:
            raise wrong(f"a branch is {{case: ..., then: ...}}, not {shown(each)}", (place, at))
        parts = {name: value_at(item, scope, depth + 2, (name, (place, at))) for name, item in each.items()}
        found.append(spelled(DocumentExpr(parts), PLAIN))
    return spelled(ArrayExpr(tuple(found)), PLAIN)


#: What reads an argument that is no mere expression, by its type.
_ARGUMENTS: Mapping[str, Callable[[Argument, Any, Scope, int, Place], Expr]] = {
    "constant": _constant,
    "code": _constant,
    "word": _word,
    "name": _named,
    "flag": _flag,
    "sort": _order,
    "list": _items,
    "variables": _variables,
    "branches": _branches,
}
