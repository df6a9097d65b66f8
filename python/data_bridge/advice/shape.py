"""What a query asks of its collection, as an index sees it: read from the query's IR."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .. import ir
from ..ir import stages

#: Comparisons that an index answers with one interval.
_RANGES = ("gt", "gte", "lt", "lte")
#: What may stand between the collection and a sort or match that an index can still serve.
_PLAIN = (stages.Match, stages.Sort, stages.Skip, stages.Limit)


@dataclass(frozen=True)
class Term:
    """One condition on a stored path: `kind` is "equality", "range", "negation", "regex" or "other".

    `value` is what is compared with; of a regex, its pattern, and `options` its letters.
    """

    path: str
    kind: str
    value: Any = None
    options: str = ""


@dataclass(frozen=True)
class Shape:
    """The conditions that all hold, the branches of an "or", the order, and how many documents are skipped."""

    terms: tuple[Term, ...] = ()
    branches: tuple[Shape, ...] = ()
    sort: tuple[tuple[str, int], ...] = ()
    skip: int = 0

    def of_kind(self, *kinds: str) -> list[str]:
        """The paths of conditions of these kinds, each once."""
        return list(dict.fromkeys(term.path for term in self.terms if term.kind in kinds))

    @property
    def size(self) -> int:
        """How much it says."""
        return len(self.terms) + len(self.branches) + len(self.sort)

    @property
    def paths(self) -> list[str]:
        """Every path that is filtered or sorted by."""
        filtered = [term.path for term in self.terms]
        return list(dict.fromkeys([*filtered, *(path for path, _ in self.sort)]))

    @property
    def keys(self) -> list[tuple[str, int]]:
        """The keys of the index that serves it best: equalities, then the order, then ranges.

        See https://www.mongodb.com/docs/manual/tutorial/equality-sort-range-guideline/
        """
        found = dict.fromkeys(self.of_kind("equality"), 1)
        for path, direction in self.sort:
            found.setdefault(path, direction)
        for path in self.of_kind("range"):
            found.setdefault(path, 1)
        keys = list(found.items())
        # An index is read either way, so one that is only turned round is written plainly.
        return [(keys[0][0], 1)] if len(keys) == 1 else keys

    @property
    def served(self) -> list[Shape]:
        """What an index each is wanted for: the whole, or, where only branches narrow it, each of them."""
        if self.branches and not self.of_kind("equality", "range"):
            return [Shape((*self.terms, *branch.terms), (), self.sort, self.skip) for branch in self.branches]
        return [self]


def shape_of(nodes: Iterable[Any], links: Iterable[str] = ()) -> Shape:
    """The shape of a read's leading stages: those after the first that changes documents ask nothing of an index.

    Args:
        nodes: the stages.
        links: the stored paths of links: a condition on what is behind one asks for the link's own values.
    """
    terms: list[Term] = []
    branches: list[Shape] = []
    sort: tuple[tuple[str, int], ...] = ()
    skip, cut = 0, False
    for node in nodes:
        if not isinstance(node, _PLAIN):
            break
        if isinstance(node, stages.Match) and not cut:
            for part in _terms(node.predicate, ""):
                if isinstance(part, Term):
                    terms.append(_before_links(part, links))
                else:
                    branches += part
        elif isinstance(node, stages.Sort) and not cut:
            sort = tuple((path, way) for path, way in node.keys if isinstance(way, int))
        elif isinstance(node, stages.Skip):
            skip += node.count
        cut = cut or isinstance(node, (stages.Skip, stages.Limit))
    return Shape(tuple(terms), tuple(branches), sort, skip)


def is_anchored(pattern: str, options: str) -> bool:
    """Whether every match begins with known text, so that an index is entered there."""
    if "i" in options or "m" in options or not pattern.startswith(("^", "\\A")):
        return False
    rest = pattern.removeprefix("^").removeprefix("\\A")
    if not rest or "|" in rest or rest[0] in ".[(*?+$":  # alternatives may begin with anything
        return False
    escaped = rest[0] == "\\"
    if escaped and rest[1:2].isalnum() and rest[1] != "Q":  # a class such as \d, not a letter
        return False
    # A first letter that may be absent is no beginning.
    return rest[1 + escaped : 2 + escaped] not in ("*", "?", "{")


def _before_links(term: Term, links: Iterable[str]) -> Term:
    for link in links:
        if term.path.startswith(f"{link}.") and term.path != f"{link}.$id":
            return Term(link, "equality")
    return term


def _terms(node: Any, prefix: str) -> Iterator[Term | list[Shape]]:
    """The conditions of a predicate; a list holds the branches of an "or"."""
    if isinstance(node, ir.And):
        for term in node.terms:
            yield from _terms(term, prefix)
    elif isinstance(node, ir.Or):
        branches = [_branch(term, prefix) for term in _alternatives(node)]
        yield _one_of(branches) or branches
    elif isinstance(node, (ir.Not, ir.Nor)):
        for term in node.terms if isinstance(node, ir.Nor) else (node.term,):
            for part in _terms(term, prefix):
                if isinstance(part, Term):
                    yield Term(part.path, "negation", part.value)
    elif isinstance(node, ir.ElemMatch) and isinstance(node.field, ir.Field):  # type: ignore[attr-defined]
        yield from _terms(node.predicate, prefix + node.field.path + ".")  # type: ignore[attr-defined]
    else:
        yield from _single(node, prefix)


def _alternatives(node: Any) -> Iterator[Any]:
    """The terms of an "or", and of those in it: `a | b | c` is said in twos."""
    for term in node.terms:
        if isinstance(term, ir.Or):
            yield from _alternatives(term)
        else:
            yield term


def _one_of(branches: list[Shape]) -> Term | None:
    """The condition that equalities of one path are together: it has one of several values."""
    terms = [term for branch in branches for term in branch.terms]
    plain = all(len(branch.terms) == 1 and not branch.branches for branch in branches)
    if plain and {term.kind for term in terms} == {"equality"} and len({term.path for term in terms}) == 1:
        return Term(terms[0].path, "equality")
    return None


def _branch(node: Any, prefix: str) -> Shape:
    parts = list(_terms(node, prefix))
    return Shape(tuple(part for part in parts if isinstance(part, Term)))


def _single(node: Any, prefix: str) -> Iterator[Term]:
    field = getattr(node, "left", None) or getattr(node, "needle", None) or getattr(node, "field", None)
    if not isinstance(field, ir.Field):
        return
    path = (prefix + field.path).rstrip(".")
    if isinstance(node, ir.Compare):
        if isinstance(node.right, ir.Literal):
            kind = "equality" if node.op == "eq" else "range" if node.op in _RANGES else "negation"
            yield Term(path, kind, node.right.value)
    elif isinstance(node, ir.In):
        yield Term(path, "negation" if node.negated else "equality", node.values)  # type: ignore[attr-defined]
    elif isinstance(node, ir.Regex):
        pattern, options = str(node.pattern), str(node.options or "")  # type: ignore[attr-defined]
        yield Term(path, "range" if is_anchored(pattern, options) else "regex", pattern, options)
    elif isinstance(node, ir.Exists):
        yield Term(path, "other" if node.present else "equality")  # type: ignore[attr-defined]
    elif isinstance(node, ir.All):
        yield Term(path, "equality", node.values)  # type: ignore[attr-defined]
    else:
        yield Term(path, "other")
