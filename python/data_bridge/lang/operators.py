"""Operators between values, joined by Python's precedence."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from ..fields.expression import Expression, SortKey
from ..fields.proxy import FieldProxy
from .tree import Part
from .words import Word

#: By operator how tightly it binds, and what it does; as in Python, comparisons bind least.
_BINARY: Mapping[str, tuple[int, Callable[[Any, Any], Any]]] = {
    "==": (0, operator.eq),
    "!=": (0, operator.ne),
    "<": (0, operator.lt),
    "<=": (0, operator.le),
    ">": (0, operator.gt),
    ">=": (0, operator.ge),
    "|": (1, operator.or_),
    "&": (2, operator.and_),
    "+": (3, operator.add),
    "-": (3, operator.sub),
    "*": (4, operator.mul),
    "/": (4, operator.truediv),
    "//": (4, operator.floordiv),
    "%": (4, operator.mod),
    "**": (6, operator.pow),
}
_COMPARISON, _POWER = 0, 6
_LOGIC = frozenset("&|")


class BadOperation(Exception):
    """An operator that cannot stand between its operands."""

    def __init__(self, message: str, code: str, hint: str | None, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint
        self.position = position


def joined(parts: list[Part], evaluate: Callable[[Part, bool], Any], guard: Callable[..., Any]) -> Any:
    """The value of operands and operators as they stand in the text.

    Args:
        parts: prefixes, an operand, an operator, ...
        evaluate: gives the value of an operand; the second argument says whether a minus stands before it, which is
            part of a number.
        guard: calls an operator with its position and its operands.

    Raises:
        BadOperation: an operator cannot stand between its operands.
    """
    word = parts[1]
    if len(parts) == 3 and isinstance(word, Word) and word.type == "BINARY":
        # One operator and no prefix: what most conditions are.
        left, _, right = parts
        return _applied(word, _BINARY[word.text][1], evaluate(left, False), evaluate(right, False), guard)
    return _Joining(parts, evaluate, guard).expression(0)


class _Joining:
    __slots__ = ("evaluate", "guard", "parts", "place")

    def __init__(self, parts: list[Part], evaluate: Callable[[Part, bool], Any], guard: Callable[..., Any]) -> None:
        self.parts = parts
        self.evaluate = evaluate
        self.guard = guard
        self.place = 0

    def _operator(self) -> Word | None:
        if self.place < len(self.parts):
            found = self.parts[self.place]
            assert isinstance(found, Word)
            return found
        return None

    def expression(self, least: int) -> Any:
        left = self._operand()
        compared = False
        while (word := self._operator()) is not None:
            binds, apply = _BINARY[word.text]
            if binds < least:
                break
            if binds == _COMPARISON:
                if compared:
                    raise BadOperation(
                        "comparisons cannot be chained",
                        "chained_comparison",
                        "write a range as (1 <= User.age) & (User.age <= 5), or User.age.between(1, 5)",
                        word.at,
                    )
                compared = True
            self.place += 1
            right = self.expression(binds + 1)
            left = _applied(word, apply, left, right, self.guard)
        return left

    def _operand(self) -> Any:
        prefixes: list[Word] = []
        part = self.parts[self.place]
        while type(part) is Word and part.type == "PREFIX":
            prefixes.append(part)
            self.place += 1
            part = self.parts[self.place]
        self.place += 1
        following = self._operator()
        power = following is not None and following.text == "**"
        negative = bool(prefixes) and prefixes[-1].text == "-" and type(part) is Word and part.type == "NUMBER"
        if negative and not power:
            prefixes.pop()
        value = self.evaluate(part, negative and not power)
        if power and following is not None:
            self.place += 1
            # The exponent may have a sign, and further powers belong to it.
            exponent = self._operand()
            value = _applied(following, operator.pow, value, exponent, self.guard)
        for prefix in reversed(prefixes):
            value = self._prefixed(prefix, value)
        return value

    def _prefixed(self, word: Word, value: Any) -> Any:
        if word.text == "~":
            if isinstance(value, Expression):
                return self.guard(word.at, operator.invert, value)
            raise BadOperation("~ negates a condition", "not_a_condition", None, word.at)
        if isinstance(value, FieldProxy):
            return self.guard(word.at, operator.neg if word.text == "-" else operator.pos, value)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and word.text == "+":
            return value
        what = "an order" if isinstance(value, SortKey) else "this value"
        raise BadOperation(
            f"{word.text} stands before a number, or before a field to sort by it: not before {what}",
            "bad_sign",
            "write 0 - value to change a value's sign",
            word.at,
        )


def _applied(word: Word, apply: Callable[[Any, Any], Any], left: Any, right: Any, guard: Callable[..., Any]) -> Any:
    computed = isinstance(left, Expression) or isinstance(right, Expression)
    if word.text in _LOGIC:
        if not (computed and _is_term(left) and _is_term(right)):
            raise BadOperation(
                f"{word.text} joins conditions",
                "not_a_condition",
                "comparisons bind less: put each in parentheses, as in (User.age > 5) & (User.age < 9)",
                word.at,
            )
    elif not computed:
        raise BadOperation(
            f"{word.text} needs a field or a computed value on one side", "constant_operation", None, word.at
        )
    elif isinstance(left, (str, bytes)) and _BINARY[word.text][0] > _COMPARISON:
        # What Python's texts do with operators, such as formatting, would come first.
        raise BadOperation(
            f"{word.text} computes numbers, not texts", "constant_operation", "write fn.concat(...)", word.at
        )
    return guard(word.at, apply, left, right)


def _is_term(value: Any) -> bool:
    return isinstance(value, (Expression, dict))
