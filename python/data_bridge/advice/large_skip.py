"""Many documents are read to be left out."""

from __future__ import annotations

from .base import Advice, Case

#: Fewer are read in about the time of a round trip.
LARGE = 1000


def large_skip(case: Case) -> list[Advice]:
    """A page far behind costs all pages before it; by key it costs one."""
    if case.shape.skip < LARGE:
        return []
    message = f"large skip: {case.shape.skip} documents are read and thrown away; pages by key cost the same wherever"
    code = (
        f"page = await {case.model}.find(...).sort(...).paginate(size)\n"
        f"page = await {case.model}.find(...).sort(...).paginate(size, after=page.next)"
    )
    return [Advice("large_skip", message, code)]
