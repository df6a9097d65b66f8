"""Walks the tables of lark's LALR parser: lark makes them, and reports what may stand where.

Lark's own loop serves any lexer and any grammar; for texts of a few words what it prepares costs more than parsing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from lark import Lark, UnexpectedToken
from lark.parse_tree_builder import ExpandSingleChild
from lark.parsers.lalr_analysis import Shift

from .words import Word

#: How many values a rule takes, what it makes of them, and its name. Nothing is made where one value stays what it is.
_Reduction: TypeAlias = tuple[int, Callable[[list[Any]], Any] | None, str]
#: By the kind of a word or the name of a rule: the next state, or what is reduced first.
_Row: TypeAlias = dict[str, int | _Reduction]

_END_WORD = Word("$END", "", -1)


class Walk:
    """A parser of the words of one grammar.

    Args:
        made: lark's parser, whose transformer makes the values.
        start: the rule that a text is.
    """

    __slots__ = ("_end", "_rows", "_start")

    def __init__(self, made: Lark, start: str) -> None:
        parser = made.parser.parser.parser
        table = parser.parse_table
        self._start: int = table.start_states[start]
        self._end: int = table.end_states[start]
        self._rows: dict[int, _Row] = {
            state: {
                str(name): target if action is Shift else _reduction(target, parser.callbacks)
                for name, (action, target) in row.items()
            }
            for state, row in table.states.items()
        }

    def __call__(self, words: Sequence[Word]) -> Any:
        """What the words say.

        Raises:
            UnexpectedToken: a word cannot stand where it does.
        """
        rows, states = self._rows, [self._start]
        values: list[Any] = []
        for word in (*words, _END_WORD):
            kind = word.type
            row = rows[states[-1]]
            while True:
                action = row.get(kind)
                if type(action) is int:
                    states.append(action)
                    values.append(word)
                    break
                if action is None:
                    raise self._unexpected(word, row)
                size, made, name = action  # type: ignore[misc]  # it is no int
                if made is None:
                    states.pop()
                else:
                    children = values[-size:]
                    del values[-size:], states[-size:]
                    values.append(made(children))
                # Behind a rule the tables always shift.
                state: int = rows[states[-1]][name]  # type: ignore[assignment]
                if state == self._end and word is _END_WORD:
                    return values[-1]
                states.append(state)
                row = rows[state]
        raise AssertionError("the tables have no end")

    @staticmethod
    def _unexpected(word: Word, row: _Row) -> UnexpectedToken:
        return UnexpectedToken(  # type: ignore[no-untyped-call]
            word, {name for name in row if name.isupper()}
        )


def _reduction(rule: Any, callbacks: Any) -> _Reduction:
    made = callbacks[rule]
    size = len(rule.expansion)
    return size, None if size == 1 and type(made) is ExpandSingleChild else made, str(rule.origin.name)
