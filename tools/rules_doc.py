"""The rewrite rules as a page of documentation, made from what their modules say of themselves.

`python -m tools.rules_doc` writes `docs/rules.md`; with `--check` it only says whether the page is up to date.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PASSES = ROOT / "compiler" / "src" / "passes"
PAGE = ROOT / "docs" / "rules.md"

HEAD = """# Rewrite rules

What the optimizer does to a query before it is sent, in the order in which the rules are tried. No rule changes which
documents an answer holds, how many times each, or their order where one was asked for; `plan()` shows which rules
applied, and `optimize({"name": False})` turns one off. Where an expression fails on some documents, a rewritten query
may fail on fewer of them, never on more. Written by `make generate` from the rules' own modules: change those.
"""

#: The tables of rules in `mod.rs`, and what their rules see.
SECTIONS = {
    "PREDICATE_RULES": ("Predicates", "One predicate at a time, what is inside it first."),
    "MATCH_RULES": ("Matches", "A match and the stages before it: it moves past as many as let it, at once."),
    "LIMIT_RULES": (
        "Limits",
        "A limit or a skip and the stages before it: it moves past as many as let it, with the matches before it.",
    ),
    "STAGE_RULES": ("Stages", "Adjacent stages, until none of these rules applies."),
    "JOINING_RULES": ("Joining stages", "Adjacent stages, once nothing moves any more."),
    "READ_RULES": ("Whole reads", "All stages, with what the read is for."),
}

STATIC = re.compile(r"pub static (\w+): &\[[^\]]*\] =\s+&\[(.*?)\];", re.DOTALL)
ENTRY = re.compile(r"&(\w+)::\w+")
NAME = re.compile(r"fn name\(&self\) -> &'static str \{\s*\"(\w+)\"")


@dataclass(frozen=True)
class Rule:
    """One rule, as its module describes it."""

    name: str
    #: What it does and why, as one sentence or two.
    meaning: str
    #: Stages or predicates before and after.
    example: str
    #: When it must not apply, and what of null, missing and arrays.
    conditions: str


def tables() -> dict[str, list[str]]:
    """The modules of each table of rules, in order."""
    text = (PASSES / "mod.rs").read_text()
    return {name: ENTRY.findall(body) for name, body in STATIC.findall(text)}


def described(module: str) -> Rule:
    """What a rule's module says.

    Raises:
        ValueError: it has no example, says nothing before or after it, or the rule has another name than its module.
    """
    text = (PASSES / f"{module}.rs").read_text()
    lines = [line.removeprefix("//!").removeprefix(" ") for line in text.splitlines() if line.startswith("//!")]
    parts = "\n".join(lines).split("```")
    if len(parts) != 3 or not parts[1].startswith("text\n") or not parts[0].strip() or not parts[2].strip():
        raise ValueError(
            f"{module}.rs must say what the rule does, show it in one text block, and say when it does not"
        )
    names = NAME.findall(text)
    if names != [module]:
        raise ValueError(f"{module}.rs holds {names}: a rule is called as its module")
    return Rule(module, parts[0].strip(), parts[1].removeprefix("text\n").rstrip(), parts[2].strip())


def page() -> str:
    """The page `docs/rules.md`."""
    lines = [HEAD]
    for table, modules in tables().items():
        title, what = SECTIONS[table]
        lines += [f"## {title}\n", f"{what}\n"]
        for rule in map(described, modules):
            lines += [
                f"### `{rule.name}`\n",
                f"{rule.meaning}\n",
                f"```text\n{rule.example}\n```\n",
                f"{rule.conditions}\n",
            ]
    return "\n".join(lines)


def main() -> int:
    if "--check" in sys.argv[1:]:
        stale = not PAGE.exists() or PAGE.read_text() != page()
        if stale:
            print(f"{PAGE.relative_to(ROOT)} does not follow from the rules' modules: run make generate")
        return int(stale)
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
