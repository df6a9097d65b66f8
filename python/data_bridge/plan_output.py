"""Plans as pages and diagrams: self-contained, without scripts, every text escaped."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from html import escape
from typing import Any, NamedTuple

from bson import json_util

#: Colours come from the page around it, so that it is read on light and dark.
_STYLE = "border:1px solid;border-radius:4px;padding:8px 12px;margin:4px;flex:1 1 20em;min-width:0"
_PRE = "white-space:pre-wrap;overflow-wrap:anywhere;margin:4px 0"


def as_json(plan: Mapping[str, Any], indent: int | None) -> str:
    """A plan as relaxed extended JSON."""
    options = json_util.RELAXED_JSON_OPTIONS
    return json_util.dumps(plan, json_options=options, indent=indent, ensure_ascii=False)


def box(title: str, text: str, bold: Container[int] = ()) -> str:
    """A titled box of preformatted text; `bold` are the numbers of the lines that stand out."""
    lines = [escape(line) for line in text.split("\n")]
    body = "\n".join(f"<b>{line}</b>" if number in bold else line for number, line in enumerate(lines))
    return f'<div style="{_STYLE}"><strong>{escape(title)}</strong><pre style="{_PRE}">{body}</pre></div>'


def changed(before: str, after: str) -> set[int]:
    """The numbers of the lines of a tree that are not those of another."""
    found = SequenceMatcher(None, before.split("\n"), after.split("\n"), autojunk=False).get_opcodes()
    return {line for kind, _, _, start, end in found if kind != "equal" for line in range(start, end)}


def side_by_side(boxes: Iterable[str]) -> str:
    """Boxes in one row, where there is room."""
    return f'<div style="display:flex;flex-wrap:wrap;align-items:stretch">{"".join(boxes)}</div>'


def details(title: str, body: str) -> str:
    """What is shown when it is asked for."""
    return f'<details style="margin:4px"><summary>{escape(title)}</summary>{body}</details>'


def plan_boxes(plan: Mapping[str, Any]) -> str:
    """The query as it was asked and as it is run, side by side; below them the rules and the commands."""
    trees = side_by_side(
        [box("plan", plan["plan"]), box("optimized", plan["optimized"], changed(plan["plan"], plan["optimized"]))]
    )
    rules = [fired["line"] for fired in plan["rules"]]
    commands = [
        f"{number}. {step['purpose']}\n{as_json(step['command'], 2)}" for number, step in enumerate(plan["steps"], 1)
    ]
    if plan["otherwise"]:
        commands += [
            f"or, with more than {plan['otherwise']['ids']} ids: {step['purpose']}\n{as_json(step['command'], 2)}"
            for step in plan["otherwise"]["steps"]
        ]
    return "".join(
        [
            trees,
            details(f"rules ({len(rules)})", box("rules", "\n".join(rules) or "none fired")),
            *([box("links", "\n".join(plan["links"]))] if plan["links"] else []),
            details(f"commands ({len(plan['steps'])})", box("commands", "\n".join(commands) or "none")),
        ]
    )


class Tree(NamedTuple):
    """A titled tree as (depth, text) lines, outermost first; `marked` are the numbers of those that stand out."""

    title: str
    nodes: Sequence[tuple[int, str]]
    marked: Container[int] = ()


def diagram(trees: Iterable[Tree]) -> str:
    """A Mermaid flowchart of trees, each a group; arrows go to the outside."""
    lines = ["flowchart BT", "  classDef changed stroke-width:4px"]
    for number, (title, nodes, marked) in enumerate(trees):
        lines.append(f"  subgraph g{number} [{_label(title)}]")
        above: list[str] = []
        arrows = []
        for position, (depth, text) in enumerate(nodes):
            name = f"g{number}n{position}"
            lines.append(f"    {name}[{_label(text)}]{':::changed' if position in marked else ''}")
            del above[depth:]
            if above:
                arrows.append(f"    {name} --> {above[-1]}")
            above.append(name)
        lines += [*arrows, "  end"]
    return "\n".join(lines)


def tree_lines(text: str) -> list[tuple[int, str]]:
    """A printed plan as (depth, line): stages on one level follow each other, so each is deeper than the one before it.

    The source stands first and feeds the stages below it; the last stage gives the answer.
    """
    lines = [(len(line) - len(line.lstrip()), line.strip()) for line in text.splitlines() if line.strip()]
    return [(depth, line) for depth, (_, line) in enumerate(reversed(lines))]


def _label(text: str) -> str:
    """A quoted label: in it only the quote, `#`, `&`, `<` and line breaks mean anything to Mermaid."""
    codes = {"#": "#35;", '"': "#quot;", "&": "#amp;", "<": "#lt;", ">": "#gt;", "`": "#96;", "\n": " ", "\r": " "}
    return '"' + "".join(codes.get(letter, letter) for letter in text) + '"'
