"""Trees into queries: names get their meaning, and the same methods are called that Python would call."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from bson.errors import BSONError

from ..errors import CompileError, LangError
from ..fields.path import Path
from . import literals, tree
from .members import Known, MemberError, Namespace, attribute, field_of, method, root
from .names import JAVASCRIPT, JAVASCRIPT_OPERATORS, REACHING
from .operators import BadOperation, joined
from .words import Word

#: What a method or function raises when its arguments make no sense.
_REFUSALS = (TypeError, ValueError, AttributeError, ArithmeticError, LookupError, RecursionError, re.error, BSONError)


class Builder:
    """Gives the values of trees.

    Args:
        text: the whole text, for errors.
        models: the classes that it may name.
        writing: whether methods that write may be called.
        javascript: whether programs for the server may be written.
    """

    __slots__ = ("javascript", "models", "reaches", "scope", "text", "writing")

    def __init__(self, text: str, models: Mapping[str, type[Any]], writing: bool, javascript: bool) -> None:
        self.text = text
        self.models = models
        self.writing = writing
        self.javascript = javascript
        #: Something was written that may reach beyond the collection of the query.
        self.reaches = False
        #: The parameters of the functions around.
        self.scope: dict[str, Any] = {}

    def value(self, part: tree.Part) -> Any:
        """The value of a part.

        Raises:
            LangError: a name is unknown, or something cannot stand where it does.
        """
        found = _EVALUATED[type(part)](self, part)
        if type(found) is Known or type(found) is Namespace:
            raise self.error(f"{found.label} is {found.what}", "not_a_value", part.at, hint=found.hint)
        return found

    def error(self, message: str, code: str, at: int, **more: Any) -> LangError:
        """An error at a place in the text."""
        return LangError(message, code=code, text=self.text, position=at, **more)

    def guarded(self, at: int, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """What a function of the library gives; what it refuses is an error at a place in the text."""
        try:
            return function(*arguments, **named)
        except LangError:
            raise
        except MemberError as error:
            raise self.error(error.message, error.code, at, hint=error.hint) from None
        except CompileError as error:
            raise self.error(error.message, error.code, at, path=error.path, hint=error.hint) from error
        except _REFUSALS as error:
            raise self.error(_refusal(function, arguments, named, error), "bad_argument", at) from error

    # Words

    def word(self, word: Word, negative: bool = False) -> Any:
        """The value of a literal or a name."""
        if word.type == "PATH":
            return self.path(word)
        try:
            if word.type == "NUMBER":
                return literals.number_of(word.text, negative)
            return literals.text_of(word.text)
        except literals.BadLiteral as error:
            raise self.error(str(error), "bad_literal", word.at + error.offset) from None

    def path(self, word: Word) -> Any:
        """The value of a name, or of names with dots between them."""
        first, dot, rest = word.text.partition(".")
        if not dot:
            return self._root(first, word.at)
        model: Any = self.models.get(first)
        if model is not None and first not in self.scope:
            try:
                return field_of(model, rest)
            except (MemberError, CompileError):
                # Step by step it is told which name is wrong.
                pass
        names = word.text.split(".")
        found = self._root(first, word.at)
        at = word.at
        before = names[0]
        for name in names[1:]:
            at += len(before) + 1
            found = self.guarded(at, attribute, found, name)
            before = name
        return found

    def _root(self, name: str, at: int) -> Any:
        if name in self.scope:
            return self.scope[name]
        model = self.models.get(name)
        if model is not None:
            return model
        return self.guarded(at, root, name, self.models, self.scope)

    # Trees

    def operations(self, part: tree.Operations) -> Any:
        try:
            return joined(part.parts, self._operand, self.guarded)
        except BadOperation as error:
            raise self.error(error.message, error.code, error.position, hint=error.hint) from None

    def _operand(self, part: tree.Part, negative: bool) -> Any:
        return self.word(part, True) if negative and isinstance(part, Word) else self.value(part)

    def attribute(self, part: tree.Attribute) -> Any:
        found = self.value(part.base)
        at = part.path.at
        for name in part.path.text.split("."):
            found = self.guarded(at, attribute, found, name)
            at += len(name) + 1
        return found

    def item(self, part: tree.Item) -> Any:
        base, index = _EVALUATED[type(part.base)](self, part.base), self.value(part.index)
        if isinstance(index, bool) or not isinstance(index, (str, int)):
            raise self.error("in brackets stands a name or a position", "bad_index", part.index.at)
        known = base.label == "F" if isinstance(base, Namespace) else isinstance(base, (Path, type))
        if not known:
            raise self.error("this value holds no fields", "bad_index", part.index.at)
        return self.guarded(part.index.at, attribute, base, str(index))

    def of_list(self, part: tree.List) -> list[Any]:
        return [self.value(item) for item in part.items]

    def of_tuple(self, part: tree.Tuple) -> tuple[Any, ...]:
        return tuple(self.value(item) for item in part.items)

    def of_dict(self, part: tree.Dict) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        seen: set[str] = set()
        for pair in part.items:
            assert isinstance(pair, tree.Pair)
            key = self.value(pair.key)
            if not isinstance(key, (str, Path)):
                raise self.error("a dict's keys are texts or fields", "bad_key", pair.at)
            if key in JAVASCRIPT_OPERATORS and not self.javascript:
                raise self.error(
                    f"{key} runs a program on the server", "javascript_not_allowed", pair.at, hint=_JAVASCRIPT_HINT
                )
            self.reaches |= isinstance(key, str) and key.startswith("$")
            if str(key) in seen:
                raise self.error(f"the key {str(key)!r} stands there twice", "repeated_key", pair.at)
            seen.add(str(key))
            found[key] = self.value(pair.value)
        return found

    def function(self, part: tree.Function) -> Any:
        names = [word.text for word in part.names]
        for word in part.names:
            if "." in word.text or names.count(word.text) > 1:
                raise self.error(
                    f"{word.text!r} cannot name a parameter here", "bad_parameter", word.at, expected=["another name"]
                )
        return _Lambda(self, names, part.body, dict(self.scope))

    def call(self, part: tree.Call) -> Any:
        called, at, last = self._callee(part)
        if called.writes and not self.writing:
            raise self.error(
                f"{last}() writes, and this text may only read",
                "writing_not_allowed",
                at,
                hint="parse(..., allow_writing=True)",
            )
        if called.label in JAVASCRIPT and not self.javascript:
            raise self.error(
                f"{called.label} runs a program on the server", "javascript_not_allowed", at, hint=_JAVASCRIPT_HINT
            )
        self.reaches |= last in REACHING
        arguments: list[Any] = []
        named: dict[str, Any] = {}
        for each in part.arguments:
            if isinstance(each, tree.Keyword):
                self._name(named, each.name, self.value(each.value), each.at)
            elif isinstance(each, tree.Spread):
                given = self.value(each.value)
                if not isinstance(given, dict) or not all(isinstance(key, str) for key in given):
                    raise self.error("** stands before a dict with texts as keys", "bad_argument", each.at)
                for key, item in given.items():
                    self._name(named, key, item, each.at)
            elif named:
                raise self.error("arguments without a name come first", "bad_argument", each.at)
            else:
                arguments.append(self.value(each))
        return self.guarded(at, called.function, *arguments, **named)

    def _name(self, named: dict[str, Any], name: str, value: Any, at: int) -> None:
        if name in named:
            raise self.error(f"the argument {name!r} stands there twice", "bad_argument", at)
        named[name] = value

    def _callee(self, part: tree.Call) -> tuple[Known, int, str]:
        """What is called, where its name stands, and the name."""
        if part.name is None:
            raise self.error("only functions and methods can be called", "not_callable", part.at)
        first, *names = part.name.text.split(".")
        at = part.name.at
        if part.base is not None:
            return self._method(self.value(part.base), [first, *names], at)
        base = self._root(first, at)
        if names:
            return self._method(base, names, at + len(first) + 1)
        if type(base) is not Known:
            raise self.error(f"{first} cannot be called", "not_callable", at)
        return base, at, first

    def _method(self, base: Any, names: list[str], at: int) -> tuple[Known, int, str]:
        for name in names[:-1]:
            base = self.guarded(at, attribute, base, name)
            at += len(name) + 1
        return self.guarded(at, method, base, names[-1]), at, names[-1]


_JAVASCRIPT_HINT = "parse(..., allow_javascript=True), if the text is your own"


class _Lambda:
    """A function that a text defines; its body is read when it is called."""

    def __init__(self, builder: Builder, names: list[str], body: tree.Part, scope: dict[str, Any]) -> None:
        self._builder = builder
        self._body = body
        self._scope = scope
        self._names = names
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        self.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in names])

    def __repr__(self) -> str:
        return f"lambda {', '.join(self._names)}: ..."

    def __call__(self, *values: Any) -> Any:
        builder = self._builder
        if len(values) != len(self._names):
            raise builder.error(
                f"this function is given {len(values)} values, and takes {len(self._names)}",
                "bad_function",
                self._body.at,
            )
        around, builder.scope = builder.scope, {**self._scope, **dict(zip(self._names, values, strict=True))}
        try:
            return builder.value(self._body)
        finally:
            builder.scope = around


def _refusal(
    function: Callable[..., Any], arguments: tuple[Any, ...], named: Mapping[str, Any], error: Exception
) -> str:
    """What to say of arguments that were refused."""
    name = getattr(function, "__name__", "this")
    try:
        inspect.signature(function).bind(*arguments, **named)
    except TypeError as misfit:
        return f"{name}(): {misfit}"
    except ValueError:
        pass
    if isinstance(error, RecursionError):
        return f"{name}(): nested too deep"
    return f"{name}(): {str(error).splitlines()[0] if str(error) else type(error).__name__}"


_EVALUATED: Mapping[type, Callable[[Builder, Any], Any]] = {
    Word: Builder.word,
    tree.Operations: Builder.operations,
    tree.Attribute: Builder.attribute,
    tree.Item: Builder.item,
    tree.List: Builder.of_list,
    tree.Tuple: Builder.of_tuple,
    tree.Dict: Builder.of_dict,
    tree.Function: Builder.function,
    tree.Call: Builder.call,
}
