"""Only conditions on what values are not."""

from __future__ import annotations

from .base import Advice, Case, words


def negation(case: Case) -> list[Advice]:
    """`!=`, `not_in` and `~` keep nearly everything, so an index saves nearly nothing; another condition must lead."""
    shape = case.shape
    negated = shape.of_kind("negation")
    if not negated or shape.of_kind("equality", "range", "regex") or shape.branches:
        return []
    path = negated[0]
    message = (
        f"negation: the query says only what {words(negated)} must not be, which keeps most documents and reads all; "
        "name the values that are wanted, or add a condition that an index narrows"
    )
    return [Advice("negation", message, f"{case.model}.find({case.model}.{path}.in_([...]))")]
