"""Expressions as Python: one function each, and methods of values for those that read better so."""

from __future__ import annotations

from pathlib import Path

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
    "array": "Items",
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

from collections.abc import Sequence
from typing import Any, Literal

from {up}fields.expression import MISSING, constant, listed, named, positions, present, single
from {up}fields.order import order
from {up}fields.values import Value
from {up}arguments import Bytes, Items, Moment, Number, Order, Pattern, Record, Stamp, Text, Truth, Whole
'''


def modules(table: Table, folder: Path) -> dict[Path, str]:
    """The package `data_bridge/functions`: a module for each group, and one that has all names."""
    groups = table.groups("expressions")
    found = {}
    for group, operators in groups.items():
        head = HEAD.format(doc=f"Aggregation expressions: {group}.", source="expressions", up="..")
        bodies = [_function(operator) for operator in operators if operator.key not in BY_HAND]
        if bodies:
            found[folder / f"{group}.py"] = "\n\n\n".join([head.strip(), *bodies]) + "\n"
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


def signature(operator: Operator, arguments: tuple[Argument, ...]) -> list[str]:
    """The parameters, required ones first; optional ones that stand before those on the wire only by name."""
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


def annotation(argument: Argument) -> str:
    """The parameter's type."""
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
    parameters = ", ".join(signature(operator, operator.arguments))
    return f"def {operator.key}({parameters}) -> Value:\n{docstring(operator)}    return {_built(operator)}"


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

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from .expression import MISSING, Predicate, constant, listed, named, positions, present, single

if TYPE_CHECKING:
    from ..arguments import Bytes, Items, Moment, Number, Order, Pattern, Record, Stamp, Text, Truth, Whole
    from .values import Value


class Methods(Predicate):
    """The operators of a value, as methods of it."""

    __slots__ = ()

'''


def methods(table: Table) -> str:
    """The module `data_bridge/fields/methods.py`."""
    rows = [row for row in table["expressions"] if row.method]
    bodies, receivers = [], {}
    for row in sorted(rows, key=lambda row: str(row.method)):
        receiver, *others = row.arguments
        parameters = signature(row, row.arguments if receiver.stars else tuple(others))
        built = _built(row, "self")
        local = "        from .order import order\n\n" if "order(" in built else ""
        head = f"    def {row.method}({', '.join(['self', *parameters])}) -> Value:\n"
        said = f'        """{row.doc[:-1]}: `{row.mql}`."""\n'
        bodies.append(f"{head}{said}{local}        return {built}")
        receivers[row.method] = receiver.types
    receivers |= {"map": ("array",), "filter": ("array",), "reduce": ("array",)}
    taken = "\n".join(f'    "{name}": {types!r},' for name, types in sorted(receivers.items()))
    said = "#: The kinds of values that each method is of."
    table_of = f"{said}\nRECEIVERS: dict[str, tuple[str, ...]] = {{\n{taken}\n}}\n"
    return METHODS + "\n\n".join(bodies) + "\n\n\n" + table_of
