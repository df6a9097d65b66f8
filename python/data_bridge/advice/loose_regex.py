"""A pattern that may match anywhere in the text."""

from __future__ import annotations

from .base import Advice, Case
from .shape import Term


def loose_regex(case: Case) -> list[Advice]:
    """A pattern enters an index only where its matches begin with known text, in known letters."""
    return [_advice(case, term) for term in case.shape.terms if term.kind == "regex" and _reads_all(case, term.path)]


def _reads_all(case: Case, path: str) -> bool:
    """Whether the pattern is tried on everything, because nothing else narrows what is read."""
    if case.scans:
        return True
    for stage in case.plan.stages:
        first, spans = next(iter(stage.bounds.items()), ("", []))
        # The bounds of a pattern that cannot be entered are all strings.
        if first == path and any(span.startswith('["", {})') for span in spans):
            return True
    return False


def _advice(case: Case, term: Term) -> Advice:
    field = f"{case.model}.{term.path}"
    anchored = term.value.startswith(("^", "\\A"))
    if "i" in term.options:
        message = (
            f"case-insensitive pattern on {term.path}: no index narrows it; "
            "for equal texts whatever their case, compare under a collation of strength 2 that an index has too"
        )
        code = (
            f'{case.model}.find({field} == "...").collation({{"locale": "en", "strength": 2}})\n'
            "class Settings:\n"
            f'    indexes = [IndexModel([("{term.path}", 1)], collation={{"locale": "en", "strength": 2}})]'
        )
        return Advice("loose_regex", message, code)
    why = "begins with no known text" if anchored else "may match anywhere in the text"
    message = f"unanchored pattern on {term.path}: it {why}, so every value is tried; a prefix is found by an index"
    return Advice("loose_regex", message, f'{case.model}.find({field}.startswith("..."))')
