"""Advice on slow queries: each adviser is one pure function of what is known of an explained query."""

from __future__ import annotations

from collections.abc import Callable

from .base import Advice, Case, JoinedLink
from .collection_scan import collection_scan
from .large_skip import large_skip
from .loose_regex import loose_regex
from .memory_sort import memory_sort
from .negation import negation
from .unindexed_links import unindexed_links
from .unusable_indexes import unusable_indexes

__all__ = ["ADVISERS", "Advice", "Case", "JoinedLink", "advise"]

#: In the order their advice is given.
ADVISERS: tuple[Callable[[Case], list[Advice]], ...] = (
    collection_scan,
    memory_sort,
    unindexed_links,
    loose_regex,
    negation,
    large_skip,
    unusable_indexes,
)


def advise(case: Case) -> list[Advice]:
    """All advice on an explained query, each piece once."""
    return list(dict.fromkeys(advice for adviser in ADVISERS for advice in adviser(case)))
