"""Brackets and depths of a text: looked at where it is long, or something is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import LangError
from .limits import Limits
from .words import Word

_PAIRS = {")": "(", "]": "[", "}": "{"}
_MARKS = frozenset("()[]{},:.")
_DEEPER = frozenset({"BINARY", "PREFIX", "STARS", "LAMBDA"})


def check_nesting(text: str, words: Sequence[Word], limits: Limits, ended: bool = True) -> None:
    """Refuses brackets that do not pair, and what nests too deep.

    Args:
        text: the whole text.
        words: its words, or those before one that is none.
        limits: how deep it may nest.
        ended: the text has no further words.

    Raises:
        LangError: the first of them.
    """
    nesting = _Nesting(text, limits)
    for word in words:
        kind = word.type
        if kind in ("PATH", "CALLED"):
            nesting.path(word.text, word.at)
            if kind == "CALLED":
                nesting.mark("(", text.index("(", word.at + len(word.text)))
        elif kind in _DEEPER:
            nesting.deepen(word.at)
        elif word.text in _MARKS:
            nesting.mark(word.text, word.at)
    if ended:
        nesting.end()


class _Nesting:
    """The open brackets, and how many operators, brackets and names stand inside each other."""

    __slots__ = ("deepest", "levels", "open", "segments", "text", "total")

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.deepest = limits.depth
        self.open: list[tuple[str, int]] = []
        #: How deep what stands in each open bracket is.
        self.levels: list[int] = [0]
        self.total = 0
        self.segments = 0

    def deepen(self, position: int) -> None:
        """One more operator, whose operands lie deeper."""
        self.levels[-1] += 1
        self.total += 1
        self.segments = 0
        if self.total > self.deepest:
            raise self._too_deep(position)

    def path(self, word: str, position: int) -> None:
        """A name, or several with dots between them."""
        self.segments += word.count(".") + 1
        if self.segments > self.deepest:
            raise self._too_deep(position)

    def mark(self, mark: str, position: int) -> None:
        """A bracket, a comma, a colon or a dot."""
        if mark in "([{":
            segments = self.segments + 1
            self.deepen(position)
            self.open.append((mark, segments))
            self.levels.append(0)
        elif mark in ")]}":
            if not self.open or self.open[-1][0] != _PAIRS[mark]:
                raise self._unpaired(mark, position)
            self.segments = self.open.pop()[1]
            self.total -= self.levels.pop() + 1
            self.levels[-1] -= 1
            if self.segments > self.deepest:
                raise self._too_deep(position)
        else:
            if mark == ",":
                self.total -= self.levels[-1]
                self.levels[-1] = 0
            if mark != ".":
                self.segments = 0

    def end(self) -> None:
        """The text ends here."""
        if self.open:
            raise LangError(
                f"{self.open[-1][0]!r} is never closed",
                code="open_bracket",
                text=self.text,
                position=len(self.text),
                expected=[repr(_closing(self.open[-1][0]))],
            )

    def _too_deep(self, position: int) -> LangError:
        return LangError(
            f"the text is nested more than {self.deepest} levels deep",
            code="too_deep",
            text=self.text,
            position=position,
            hint="operators in a row count as nested: And(a, b, c) and Or(a, b, c) are flat",
        )

    def _unpaired(self, mark: str, position: int) -> LangError:
        expected: Sequence[str] = [repr(_closing(self.open[-1][0]))] if self.open else ["the end of the text"]
        message = f"{mark!r} does not close {self.open[-1][0]!r}" if self.open else f"{mark!r} closes nothing"
        return LangError(message, code="unpaired_bracket", text=self.text, position=position, expected=expected)


def _closing(opening: str) -> str:
    return next(closing for closing, other in _PAIRS.items() if other == opening)
