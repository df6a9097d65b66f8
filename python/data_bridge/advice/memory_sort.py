"""Documents are put in order in memory."""

from __future__ import annotations

from .base import Advice, Case, index_code, words


def memory_sort(case: Case) -> list[Advice]:
    """Names the index whose order is the query's: the equalities first, then the sort."""
    if case.sorting is None:
        return []
    paths = [path for path, _ in case.shape.sort]
    message = f"sort in memory by {words(paths)}: an index in that order would give the documents sorted"
    wanted = [shape.keys for shape in case.shape.served if not case.has_index_on(shape.keys)]
    return [Advice("memory_sort", message, "\n".join(index_code(case, keys) for keys in wanted))]
