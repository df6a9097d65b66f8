"""Every document is read although the query asks for some."""

from __future__ import annotations

from .base import Advice, Case, index_code, words


def collection_scan(case: Case) -> list[Advice]:
    """Names the index that would serve the filter, its keys in the order equality, sort, range.

    A query without a filter asks for every document, and conditions that no index narrows have advice of their own.
    """
    if not case.scans and case.whole_index is None:
        return []
    if _is_natural(case.options.get("hint")) and case.shape.terms:
        return [
            Advice(
                "collection_scan",
                "collection scan: the hint $natural makes the server read every document",
                "# without .hint(...)",
            )
        ]
    found = []
    for shape in case.shape.served:
        narrowing = [path for path in shape.of_kind("equality", "range") if path not in case.links]
        if not narrowing or case.has_index_on(shape.keys):
            continue
        by = f"to find those by {words(narrowing)}; an index would help"
        message = f"collection scan: every document is read {by}"
        if not case.scans:
            message = f"index scan: {case.whole_index} is read from end to end for its order, and its documents {by}"
        found.append(Advice("collection_scan", message, index_code(case, shape.keys)))
    return found


def _is_natural(hint: object) -> bool:
    return hint == "$natural" or (isinstance(hint, dict) and "$natural" in hint)
