"""Words into trees, with lark's LALR parser."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Transformer, UnexpectedToken
from lark.lexer import Lexer

from ..errors import LangError
from . import tree
from .lexer import words_of
from .limits import Limits
from .nesting import check_nesting
from .walk import Walk
from .words import Word

#: What people call the words that could stand somewhere, in the order they are named.
_SPOKEN = {
    "PATH": "a name",
    "CALLED": "a name",
    "STRING": "a value",
    "NUMBER": "a value",
    "_OPEN_GROUP": "a value",
    "_OPEN_LIST": "a value",
    "_OPEN_DICT": "a value",
    "PREFIX": "a value",
    "STARS": "a value",
    "LAMBDA": "a function (lambda item: ...)",
    "KEYWORD": "name=value",
    "BINARY": "an operator such as == or &",
    "_DOT": "'.' and a name",
    "_OPEN_ITEM": "'['",
    "_COMMA": "','",
    "_COLON": "':'",
    "_CLOSE": "')'",
    "_CLOSE_ITEM": "']'",
    "_CLOSE_DICT": "'}'",
    "$END": "the end of the text",
}
_CLOSING = {
    **dict.fromkeys(("_OPEN", "CALLED", "_OPEN_GROUP"), "_CLOSE"),
    **dict.fromkeys(("_OPEN_ITEM", "_OPEN_LIST"), "_CLOSE_ITEM"),
    "_OPEN_DICT": "_CLOSE_DICT",
}


class _Words(Lexer):
    """Stands for the words that were read before: lark has none to look for in the text."""

    __future_interface__ = 0

    def __init__(self, configuration: Any) -> None:
        pass

    def lex(self, words: Any) -> Iterator[Any]:  # type: ignore[override]
        return iter(words)


class _Trees(Transformer[Any, Any]):
    """Builds trees while lark parses."""

    operations = prefixed = tree.Operations
    attribute = tree.Attribute
    called = tree.Call.by_name
    method = tree.Call.of_value
    call = tree.Call.of_no_name
    item = tree.Item
    tuple = tree.Tuple
    list = tree.List
    dict = tree.Dict
    entry = tree.Pair
    keyword = tree.Keyword
    spread = tree.Spread
    function = tree.Function


@cache
def _parser() -> Walk:
    grammar = Path(__file__).with_name("grammar.lark").read_text()
    made = Lark(
        grammar,
        start="value",
        parser="lalr",
        lexer=_Words,
        transformer=_Trees(visit_tokens=False),
        maybe_placeholders=False,
    )
    return Walk(made, "value")


def parse_tree(text: str, limits: Limits) -> tree.Part:
    """What a text says.

    Raises:
        LangError: it is not a query's text, or larger than the limits.
    """
    words = words_of(text, limits)
    if not words:
        raise LangError(
            "there is nothing to read", code="empty_text", text=text, position=0, expected=["a query: User.find(...)"]
        )
    try:
        found: tree.Part = _parser()(words)
    except UnexpectedToken as error:
        check_nesting(text, words, limits)
        raise _unexpected(text, words, error) from None
    return found


def _unexpected(text: str, words: list[Word], error: UnexpectedToken) -> LangError:
    at_end = error.token.type == "$END"
    place = len(words) if at_end else next(place for place, word in enumerate(words) if word is error.token)
    closing = _open_before(words[:place])
    # The parser's tables know no brackets: some of what they expect fits other ones only.
    never = {*_CLOSING.values(), "$END"} - {closing or "$END"}
    if closing != "_CLOSE_DICT" and not any(word.type == "LAMBDA" for word in words[:place]):
        never.add("_COLON")
    spoken = dict.fromkeys(_SPOKEN[kind] for kind in _SPOKEN if kind in error.expected - never)
    if at_end:
        return LangError(
            "the text ends too early", code="unexpected_end", text=text, position=len(text), expected=list(spoken)
        )
    word = words[place]
    if word.type == "KEYWORD":
        return LangError(
            f"'{word.text}=' names an argument, and here is none",
            code="unexpected_word",
            text=text,
            position=word.at,
            expected=list(spoken),
            hint="write == to compare",
        )
    return LangError(
        f"{word.text!r} cannot stand here", code="unexpected_word", text=text, position=word.at, expected=list(spoken)
    )


def _open_before(words: list[Word]) -> str | None:
    """What closes the innermost bracket that is open behind these words."""
    waiting: list[str] = []
    for word in words:
        if word.type in _CLOSING:
            waiting.append(_CLOSING[word.type])
        elif word.type in _CLOSING.values():
            waiting.pop()
    return waiting[-1] if waiting else None
