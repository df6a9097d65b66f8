"""The groups of cases that have tables and peers of their own, beside those of documents in `cases`."""

from __future__ import annotations

from dataclasses import dataclass

from . import column_cases, link_cases, web_cases
from .case import Case


@dataclass(frozen=True)
class Suite:
    """A group.

    Attributes:
        name: what `peers.OTHERS` calls it.
        title: its table's.
    """

    name: str
    title: str
    cases: list[Case]


MORE = [
    Suite("links", "Links", link_cases.CASES),
    Suite("web", "JSON for web clients, from FastAPI's request to the last byte of its answer", web_cases.CASES),
    Suite("columns", "Columns", column_cases.CASES),
]
