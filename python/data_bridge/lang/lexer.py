"""A text's words. Limits and brackets are checked here, before anything is built of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import LangError
from .limits import Limits

_WORDS = re.compile(
    r"""\s*(?:
      (?P<KEYWORD>[^\W\d]\w*)\s*=(?!=)
    | (?P<STRING>[br]?(?:"[^"\\\n]*(?:\\.[^"\\\n]*)*"|'[^'\\\n]*(?:\\.[^'\\\n]*)*'))
    | (?P<PATH>[^\W\d]\w*(?:\.[^\W\d]\w*)*)
    | (?P<NUMBER>(?:[0-9][0-9_]*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)
    | (?P<BINARY>\*\*|//|[=!<>]=|[-+*/%&|<>~])
    | (?P<MARK>[()\[\]{},:.])
    | (?P<END>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_MARKS = {
    "{": "_OPEN_DICT",
    "}": "_CLOSE_DICT",
    "]": "_CLOSE_ITEM",
    ")": "_CLOSE",
    ",": "_COMMA",
    ":": "_COLON",
    ".": "_DOT",
}
#: What a bracket opens, behind an operand and elsewhere.
_OPENING = {("(", True): "_OPEN", ("(", False): "_OPEN_GROUP", ("[", True): "_OPEN_ITEM", ("[", False): "_OPEN_LIST"}
#: What stands in for a mark in texts that were not typed as programs are, or in another language.
_MEANT = {
    "=": "write == to compare, and name= in front of arguments",
    "!": "write != to compare, and ~ to negate a condition",
    "^": "write ** for powers",
    **dict.fromkeys("\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb", 'write plain quotes: "text"'),
}
_PAIRS = {")": "(", "]": "[", "}": "{"}
#: Python's words that have no meaning here, and what to write instead.
_RESERVED = {
    "and": "write & for and, each side in parentheses",
    "or": "write | for or, each side in parentheses",
    "not": "write ~ for not, and what it negates in parentheses",
    "in": "write User.age.in_([1, 2])",
    "is": "write User.name.is_null()",
    "if": "write cond(condition, then, else_)",
    "else": "write cond(condition, then, else_)",
    "await": "the text is the query alone: what is parsed can be awaited",
}


class Word:
    """A word: its kind, its text and where it begins."""

    __slots__ = ("at", "text", "type")
    # What lark looks for in its own tokens.
    start_pos = line = column = end_line = end_column = end_pos = None

    def __init__(self, type: str, text: str, at: int) -> None:
        self.type = type
        self.text = text
        self.at = at


def words_of(text: str, limits: Limits) -> list[Word]:
    """The words of a text.

    Raises:
        LangError: something is no word, a bracket is not closed, or the text is larger than the limits.
    """
    if len(text) > limits.length:
        raise LangError(
            f"the text has {len(text):,} characters: no more than {limits.length:,} are read",
            code="text_too_long",
            text=text,
            position=limits.length,
        )
    words: list[Word] = []
    nesting = _Nesting(text, limits)
    at, after = 0, False
    match, add = _WORDS.match, words.append
    while found := match(text, at):
        kind: str = found.lastgroup  # type: ignore[assignment]  # every alternative is a group
        word = found[kind]
        at = found.end()
        start = at - len(word)
        if kind == "PATH":
            if word in _RESERVED:
                raise _reserved(text, word, start)
            after = word != "lambda"
            if after:
                nesting.path(word, start)
            else:
                kind = "LAMBDA"
                nesting.deepen(start)
        elif kind == "MARK":
            if word == "(" and after and words[-1].type == "PATH":
                # A name and its bracket are one word: that is how most calls are written.
                words[-1].type = "CALLED"
                after = nesting.mark(word, start)
                continue
            kind = _OPENING[word, after] if word in "([" else _MARKS[word]
            after = nesting.mark(word, start)
        elif kind == "BINARY":
            if not after or word == "~":
                kind = "STARS" if word == "**" else "PREFIX" if word in "-+~" else "BINARY"
            after = False
            nesting.deepen(start)
        elif kind == "KEYWORD":
            start = found.start(kind)
            after = False
        elif kind == "END":
            nesting.end()
            if len(words) > limits.terms:
                raise _too_many(text, words, limits)
            return words
        else:
            after = True
            if kind == "NUMBER":
                _check_number(text, word, start, at, limits)
        add(Word(kind, word, start))
    raise _no_word(text, len(text) - len(text[at:].lstrip()))


def _too_many(text: str, words: list[Word], limits: Limits) -> LangError:
    return LangError(
        f"the text has {len(words):,} words: no more than {limits.terms:,} are read",
        code="too_many_terms",
        text=text,
        position=words[limits.terms].at,
    )


def _reserved(text: str, word: str, start: int) -> LangError:
    return LangError(
        f"{word!r} has no meaning in a query", code="reserved_word", text=text, position=start, hint=_RESERVED[word]
    )


def _check_number(text: str, word: str, start: int, end: int, limits: Limits) -> None:
    if len(word) > limits.digits:
        raise LangError(
            f"a number has {len(word):,} digits: no more than {limits.digits:,} are read",
            code="number_too_long",
            text=text,
            position=start,
        )
    if end < len(text) and (text[end].isalnum() or text[end] == "_"):
        raise LangError(
            f"a number ends in {text[end]!r}", code="bad_number", text=text, position=end, expected=["an operator"]
        )


def _no_word(text: str, position: int) -> LangError:
    character = text[position]
    if character in "\"'":
        return LangError(
            f"the text that begins with {character} does not end on its line",
            code="open_string",
            text=text,
            position=position,
            hint="close it; write a line break as \\n",
        )
    named = character if character.isascii() and character.isprintable() else f"{character} (U+{ord(character):04X})"
    return LangError(
        f"{named} means nothing here",
        code="bad_character",
        text=text,
        position=position,
        hint=_MEANT.get(character),
    )


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

    def mark(self, mark: str, position: int) -> bool:
        """A bracket, a comma or a dot; whether an operand may end with it."""
        if mark in "([{":
            segments = self.segments + 1
            self.deepen(position)
            self.open.append((mark, segments))
            self.levels.append(0)
            return False
        if mark in ")]}":
            if not self.open or self.open[-1][0] != _PAIRS[mark]:
                raise self._unpaired(mark, position)
            self.segments = self.open.pop()[1]
            self.total -= self.levels.pop() + 1
            self.levels[-1] -= 1
            if self.segments > self.deepest:
                raise self._too_deep(position)
            return True
        if mark == ",":
            self.total -= self.levels[-1]
            self.levels[-1] = 0
        if mark != ".":
            self.segments = 0
        return False

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
