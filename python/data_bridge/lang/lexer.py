"""A text's words. Limits are checked here, before anything is built of them."""

from __future__ import annotations

import re

from ..errors import LangError
from .limits import Limits
from .nesting import check_nesting
from .words import Word

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
    try:
        _read(text, words, limits)
    except LangError:
        # What is wrong with the brackets is wrong before the word that is none.
        check_nesting(text, words, limits, ended=False)
        raise
    if len(words) + text.count(".") > limits.depth:
        # Nothing nests deeper than there are words and names.
        check_nesting(text, words, limits, ended=len(words) <= limits.terms)
    if len(words) > limits.terms:
        raise _too_many(text, words, limits)
    return words


def _read(text: str, words: list[Word], limits: Limits) -> None:
    after, at = False, 0
    match, add = _WORDS.match, words.append
    # One word too many, and the rest is not looked at.
    for _ in range(limits.terms + 2):
        found = match(text, at)
        if found is None:
            raise _no_word(text, len(text) - len(text[at:].lstrip()))
        kind: str = found.lastgroup  # type: ignore[assignment]  # every alternative is a group
        word = found[kind]
        at = found.end()
        if kind == "PATH":
            if word in _RESERVED:
                raise _reserved(text, word, at - len(word))
            after = word != "lambda"
            if not after:
                kind = "LAMBDA"
        elif kind == "MARK":
            if word == "(" and after and words[-1].type == "PATH":
                # A name and its bracket are one word: that is how most calls are written.
                words[-1].type = "CALLED"
                after = False
                continue
            kind = _OPENING[word, after] if word in "([" else _MARKS[word]
            after = word in ")]}"
        elif kind == "BINARY":
            if not after or word == "~":
                kind = "STARS" if word == "**" else "PREFIX" if word in "-+~" else "BINARY"
            after = False
        elif kind == "KEYWORD":
            add(Word(kind, word, found.start(kind)))
            after = False
            continue
        elif kind == "END":
            return
        else:
            after = True
            if kind == "NUMBER":
                _check_number(text, word, at - len(word), at, limits)
        add(Word(kind, word, at - len(word)))


def _too_many(text: str, words: list[Word], limits: Limits) -> LangError:
    return LangError(
        f"the text has more than {limits.terms:,} words: no more are read",
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
