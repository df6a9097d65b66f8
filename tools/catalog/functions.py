"""Expressions as Python: one function each, and methods of values for those that read better so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from .results import Overload, overloads
from .table import Argument, Operator, Table

#: Written by hand in `lambdas.py`, because their arguments are Python functions or pairs.
BY_HAND = {"cond": "cond", "filter": "filter_", "let": "let", "map": "map_", "reduce": "reduce_", "switch": "switch"}
TYPES = {
    "any": "Any",
    "bool": "Truth",
    "number": "Number",
    "int": "Whole",
    "string": "Text",
    "date": "Moment",
    "timestamp": "Stamp",
    "array": "Items[Any]",
    "object": "Record",
    "binary": "Bytes",
    "regex": "Pattern",
    "list": "Sequence[Any]",
    "sort": "Order",
    "constant": "Any",
    "word": "str",
    "name": "str",
    "flag": "bool",
    "code": "str",
}
#: Arguments that stand as they are on the wire.
CONSTANT = {"constant", "word", "name", "flag", "code"}

HEAD = '''"""{doc}

Written by `make generate` from `ir/catalog/{source}.toml`: change that.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal, Never, TypeVar, overload

from bson import ObjectId

from {up}arguments import Bytes, Day, Exact, Items, Moment, Number, Order, Pattern, Real, Record
from {up}arguments import Stamp, Text, Truth, Whole
from {up}fields.expression import Expression
from {up}fields.nodes import MISSING, constant, listed, named, positions, present, single
from {up}fields.order import order
from {up}fields.values import Value
'''


def modules(table: Table, folder: Path) -> dict[Path, str]:
    """The package `data_bridge/functions`: a module for each group, and one that has all names."""
    groups = table.groups("expressions")
    found = {}
    for group, operators in groups.items():
        head = HEAD.format(doc=f"Aggregation expressions: {group}.", source="expressions", up="..")
        bodies = [_function(operator) for operator in operators if operator.key not in BY_HAND]
        if bodies:
            text = "\n\n\n".join(bodies)
            found[folder / f"{group}.py"] = f"{head.strip()}\n\n{variables(text)}\n\n{text}\n"
    found[folder / "__init__.py"] = _package(groups)
    return found


def _package(groups: dict[str, list[Operator]]) -> str:
    lines = [
        '"""Every aggregation expression by its snake_case name: `fn.date_trunc(User.created, unit="day")`.',
        "",
        "Written by `make generate` from `ir/catalog/expressions.toml`: change that.",
        '"""',
        "",
    ]
    names: list[str] = []
    for group, operators in groups.items():
        own = [operator.key for operator in operators if operator.key not in BY_HAND]
        names += own
        if own:
            lines.append(f"from .{group} import {', '.join(own)}")
    for key, function in BY_HAND.items():
        lines.append(f"from ..lambdas import {function} as {key}")
        names.append(key)
    lines.append("")
    return "\n".join([*lines, f"__all__ = {sorted(names)!r}", ""])


def variables(text: str) -> str:
    """The type variables that a module's signatures name."""
    return "".join(f'{name} = TypeVar("{name}")\n' for name in ("E", "T") if re.search(rf"\b{name}\b", text))


def signature(
    operator: Operator, arguments: tuple[Argument, ...], given: Mapping[str, str] = MappingProxyType({})
) -> list[str]:
    """The parameters, required ones first; optional ones that stand before those on the wire only by name.

    Args:
        operator: what is called.
        arguments: those of its arguments that are parameters.
        given: annotations by argument name, instead of the table's.
    """

    def annotation(argument: Argument) -> str:
        return given.get(argument.name) or _annotation(argument)

    if not arguments:
        return []
    if arguments[0].stars:
        return [f"*{arguments[0].python}: {annotation(arguments[0])}"]
    required = [each for each in arguments if not each.optional and not default(each)]
    optional = [each for each in arguments if each.optional or default(each)]
    parts = [f"{each.python}: {annotation(each)}" for each in required]
    middle = any(each.optional and not later.optional for at, each in enumerate(arguments) for later in arguments[at:])
    if optional and (operator.shape == "object" or middle):
        parts.append("*")
    return parts + [f"{each.python}: {annotation(each)} = {default(each) or 'MISSING'}" for each in optional]


def default(argument: Argument) -> str:
    """The only word that a required argument takes, which need not be written."""
    return f'"{argument.words[0]}"' if len(argument.words) == 1 and not argument.optional else ""


def _annotation(argument: Argument) -> str:
    if argument.words:
        return "Literal[" + ", ".join(f'"{word}"' for word in argument.words) + "]"
    found = [TYPES[kind] for kind in argument.types]
    return "Any" if "Any" in found else " | ".join(dict.fromkeys(found))


def passed(argument: Argument) -> str:
    """The parameter as it is handed on."""
    name = argument.python
    if set(argument.types) <= CONSTANT:
        return f"constant({name})"
    return f"order({name})" if argument.types == ("sort",) else name


def _function(operator: Operator) -> str:
    def parameters(given: Mapping[str, str] = MappingProxyType({})) -> str:
        return ", ".join(signature(operator, operator.arguments, given))

    found = [(parameters(each.given), each.result) for each in overloads(operator)]
    return f"{heads(operator.key, found, parameters())}{docstring(operator)}    return {_built(operator)}"


def heads(name: str, found: list[tuple[str, str]], general: str, indent: str = "") -> str:
    """`def` of a function: its overloads, each given as parameters and result, and the parameters of all."""
    if len(found) == 1:
        [(parameters, result)] = found
        return f"{indent}def {name}({parameters}) -> Value[{result}]:\n"
    lines = []
    for parameters, result in found:
        lines.append(f"{indent}@overload")
        lines.append(f"{indent}def {name}({parameters}) -> Value[{result}]: ...")
    return "\n".join([*lines, f"{indent}def {name}({general}) -> Value[Any]:\n"])


def docstring(operator: Operator) -> str:
    """Meaning, and what differs between servers."""
    indent = "    "
    lines = [f'{indent}"""{operator.doc}']
    notes = [f"`{operator.mql}`, since MongoDB {operator.since}."]
    notes += [f"`{each.python}` since MongoDB {each.since}." for each in operator.arguments if each.since]
    lines += ["", *(f"{indent}{note}" for note in notes), f'{indent}"""']
    return "\n".join(lines) + "\n"


def _built(operator: Operator, receiver: str | None = None) -> str:
    arguments = operator.arguments
    name = f'"{operator.mql}"'

    def given(each: Argument) -> str:
        return receiver if receiver and each is arguments[0] else passed(each)

    if arguments and arguments[0].stars:
        star = f"*{arguments[0].python}"
        return f"listed({name}, {f'{receiver}, {star}' if receiver else star})"
    match operator.shape:
        case "single":
            return f"single({name}, {given(arguments[0])})"
        case "array" if any(each.optional for each in arguments):
            kept = "positions" if arguments[-1].optional else "present"
            return f"listed({name}, *{kept}({', '.join(given(each) for each in arguments)}))"
        case "array":
            return f"listed({', '.join([name, *(given(each) for each in arguments)])})"
    return f"named({', '.join([name, *(f'{each.name}={given(each)}' for each in arguments)])})"


METHODS = '''"""Methods of values: expressions that read better behind what they are of.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, Never, TypeVar, overload

from bson import Decimal128, ObjectId, Timestamp

from .expression import Expression, T_co
from .nodes import MISSING, constant, listed, named, positions, present, single

if TYPE_CHECKING:
    from ..arguments import Bytes, Items, Listed, Moment, Number, Order, Pattern, Real, Record, Stamp
    from ..arguments import Text, Truth, Whole
    from .values import Value

E = TypeVar("E")
T = TypeVar("T")
U = TypeVar("U")


class Methods(Expression[T_co]):
    """The operators of a value, as methods of it."""

    __slots__ = ()

'''

#: What a method is of, as the table or an overload calls it, as the parameter of `Methods`.
OWNERS = {
    "any": "",
    "number": "float | Decimal | Decimal128 | None",
    "string": "str | None",
    "date": "datetime.date | ObjectId | Timestamp | None",
    "array": "Listed[Any] | None",
    "Items[E]": "Listed[E] | None",
    "Whole": "int | None",
    "Real": "float | None",
    "Exact": "Decimal | Decimal128 | None",
    "Number": "float | Decimal | Decimal128 | None",
    "Expression[Never]": "Never",
}
#: Methods whose signatures say more than the table does.
SPOKEN = {
    "if_null": [
        ("self: Methods[T | None], value: Expression[U], /", "T | U"),
        ("self: Methods[T | None], value: U, /", "T | U"),
        ("self, *values: Any", "Any"),
    ]
}


def methods(table: Table) -> str:
    """The module `data_bridge/fields/methods.py`."""
    rows = [row for row in table["expressions"] if row.method]
    bodies, receivers = [], {}
    for row in sorted(rows, key=lambda row: str(row.method)):
        receiver, *others = row.arguments
        arguments = row.arguments if receiver.stars else tuple(others)
        found = SPOKEN.get(str(row.method)) or [_spoken(row, arguments, each) for each in overloads(row)]
        general = ", ".join(["self", *signature(row, arguments)])
        built = _built(row, "self")
        local = "        from .order import order\n\n" if "order(" in built else ""
        head = heads(str(row.method), found, general, "    ")
        said = f'        """{row.doc[:-1]}: `{row.mql}`."""\n'
        bodies.append(f"{head}{said}{local}        return {built}")
        receivers[row.method] = receiver.types
    receivers |= {"map": ("array",), "filter": ("array",), "reduce": ("array",)}
    taken = "\n".join(f'    "{name}": {types!r},' for name, types in sorted(receivers.items()))
    said = "#: The kinds of values that each method is of."
    table_of = f"{said}\nRECEIVERS: dict[str, tuple[str, ...]] = {{\n{taken}\n}}\n"
    return METHODS + "\n\n".join(bodies) + "\n\n\n" + table_of


def _spoken(row: Operator, arguments: tuple[Argument, ...], chosen: Overload) -> tuple[str, str]:
    receiver = row.arguments[0]
    given = chosen.given.get(receiver.name)
    # The server would make text of numbers and dates too; whoever writes it so has mistaken the field.
    owner = OWNERS[given or ("string" if "string" in receiver.types else receiver.types[0])]
    self = f"self: Methods[{owner}]" if owner else "self"
    return ", ".join([self, *signature(row, arguments, chosen.given)]), chosen.result
