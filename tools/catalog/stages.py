"""Stages that the IR has no node for, as Python classes."""

from __future__ import annotations

from pathlib import Path

from .functions import docstring
from .table import Argument, Operator, Table

HEAD = '''"""Stages over the generic node.

Written by `make generate` from `ir/catalog/stages.toml`: change that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ..fields.nodes import MISSING
from . import parts
from .base import GenericStage
'''
#: By type, the annotation and what makes the part of the body.
PARTS = {
    "any": ("Any", "expression"),
    "path": ("Any", "path"),
    "paths": ("Any", "paths"),
    "field": ("str", ""),
    "collection": ("Any", "collection"),
    "query": ("Any", "query"),
    "search_filter": ("Any", "search_filter"),
    "pipeline": ("Sequence[Any]", "pipeline"),
    "partition": ("Any", "partition"),
    "pipelines": ("Mapping[str, Any]", "pipelines"),
    "variables": ("Mapping[str, Any]", "variables"),
    "sort": ("Any", "order"),
    "geometry": ("Any", "location"),
    "range": ("Mapping[str, Any]", "density"),
    "fills": ("Mapping[str, Any]", "fills"),
    "constant": ("Any", ""),
    "word": ("str", "word"),
    "flag": ("bool", ""),
    "int": ("int", ""),
    "number": ("float", ""),
}


#: The modules, and the groups of the table that each holds.
MODULES = {
    "shaping": ("select", "shape", "fill", "join", "geo"),
    "searching": ("search",),
    "inspecting": ("source", "inspect"),
}


def modules(table: Table, folder: Path) -> dict[Path, str]:
    """The generated modules of the package `data_bridge/stages`."""
    found = {}
    for name, groups in MODULES.items():
        rows = [row for row in table["stages"] if row.group in groups and not row.more.get("node")]
        names = sorted(row.title for row in rows)
        parts = [HEAD.strip(), *(_class(row) for row in rows), f"__all__ = {names!r}\n"]
        found[folder / f"{name}.py"] = "\n\n\n".join(parts)
    left = {row.group for row in table["stages"] if not row.more.get("node")} - {
        each for groups in MODULES.values() for each in groups
    }
    if left:
        raise ValueError(f"no module for the stages of {sorted(left)}")
    return found


#: The stages that are methods of every query, which pipelines write by hand; and what is above all others.
_OF_QUERIES = {"sort", "skip", "limit", "project", "count"}
_ABOVE = "    # All others, written by `make generate` from `ir/catalog/stages.toml`\n"


def builder(table: Table, written: str) -> str:
    """The module of pipelines, with a method for every stage.

    Args:
        table: the operators.
        written: the module as it is; what is above the generated methods stays.
    """
    above, found, _ = written.partition(_ABOVE)
    if not found:
        raise ValueError(f"pipeline_builder.py does not say {_ABOVE.strip()!r}")
    rows = sorted((row.key, row.title) for row in table["stages"] if row.key not in _OF_QUERIES)
    return above + found + "\n" + "".join(f"    {key} = _Step(stages.{title})\n" for key, title in rows)


def _class(row: Operator) -> str:
    lines = [f"class {row.title}(GenericStage):", docstring(row).rstrip(), "", f'    name = "{row.mql}"', ""]
    if row.arguments and row.arguments[0].stars:
        return "\n".join(
            [
                *lines,
                "    def __init__(self, fields: Mapping[str, Any] | None = None, /, **named: Any) -> None:",
                "        super().__init__(parts.variables({**(fields or {}), **named}))",
            ]
        )
    required = [each for each in row.arguments if not each.optional]
    optional = [each for each in row.arguments if each.optional]
    parameters = ["self", *(f"{each.python}: {_annotation(each)}" for each in required)]
    parameters += ["*"] if optional else []
    parameters += [f"{each.python}: {_annotation(each)} = MISSING" for each in optional]
    lines.append(f"    def __init__({', '.join(parameters)}) -> None:")
    if row.shape == "single":
        body = _part(row.arguments[0])
    else:
        body = "{" + ", ".join(f'"{each.name}": {_part(each)}' for each in row.arguments) + "}"
    lines.append(f"        super().__init__({body})")
    others = [each.python for each in row.arguments if each.types == ("collection",)]
    return "\n".join([*lines, *(f"        self.other = {each}" for each in others)])


def _annotation(argument: Argument) -> str:
    if argument.words:
        return "Literal[" + ", ".join(f'"{each}"' for each in argument.words) + "]"
    return PARTS[argument.types[0]][0]


def _part(argument: Argument) -> str:
    name, make = argument.python, PARTS[argument.types[0]][1]
    if make == "word":
        if not argument.words:
            return name
        known = ", ".join(f'"{each}"' for each in argument.words)
        make = f"lambda given: parts.word(given, {known})"
    if not make:
        return name
    if not make.startswith("lambda"):
        make = f"parts.{make}"
    if argument.optional:
        return f"parts.optional({name}, {make})"
    return f"({make})({name})" if make.startswith("lambda") else f"{make}({name})"
