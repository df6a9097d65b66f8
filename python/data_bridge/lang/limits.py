"""How large a text may be: whoever writes one can cost no more than this."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The largest text that is read.

    Args:
        length: characters.
        depth: how deep brackets, chains of operators and paths nest.
        terms: names, literals and operators together.
        digits: digits of a number.
    """

    length: int = 100_000
    depth: int = 100
    terms: int = 10_000
    digits: int = 400
