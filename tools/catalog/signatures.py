"""What operators and stages take, for the parser of MQL."""

from __future__ import annotations

from .table import Argument, Operator, Table

HEAD = '''"""What operators and stages take, by their MQL names.

Written by `make generate` from `ir/catalog/*.toml`: change those.
"""

from .signature import Argument, Signature

'''
KINDS = {
    "expressions": "Aggregation expressions",
    "accumulators": "Accumulators",
    "windows": "Window functions",
    "stages": "Stages",
}


def module(table: Table) -> str:
    """The module `data_bridge/ir/signatures.py`."""
    parts = [HEAD]
    for kind, said in KINDS.items():
        rows = "".join(f"    {row.mql!r}: {_signature(row)},\n" for row in sorted(table[kind], key=lambda row: row.mql))
        parts.append(f"#: {said}.\n{kind.upper()}: dict[str, Signature] = {{\n{rows}}}\n\n")
    return "".join(parts)


def _signature(row: Operator) -> str:
    # Without a comma behind the last one, the formatter puts as many on a line as fit.
    arguments = ", ".join(_argument(each) for each in row.arguments) + ("," if len(row.arguments) == 1 else "")
    named = f", short={row.short!r}" if row.short else ""
    named += ", program=True" if row.purity == "code" else ""
    return f"Signature({row.shape!r}, ({arguments}){named})"


def _argument(each: Argument) -> str:
    text = f"{each.name!r}, {each.types!r}"
    if each.stars:
        text += f", stars={each.stars!r}" + (f", least={each.least}" if each.least else "")
    elif each.optional:
        text += ", optional=True"
    if each.words:
        text += f", words={each.words!r}"
    if each.variables:
        text += f", variables={each.variables!r}"
    return f"Argument({text})"
