"""Text that is read again while it is written: a part that would not mean the same is written as MQL instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .. import ir
from .._core import Schema
from ..errors import CompileError
from ..fields.expression import Expression
from ..ir import stages
from ..pipeline import conjunction, to_stages
from .conditions import ATOM, Bound
from .parse import evaluate
from .staged import Staged
from .written import NoForm

_CONNECTIVES = (ir.And, ir.Or, ir.Nor, ir.Not)


def same(left: Any, right: Any) -> bool:
    """Whether two nodes are the same, the types of their values and of their fields included."""
    return repr(left) == repr(right)


class Checked(Staged):
    """Writes conditions and stages, and checks that they are read as what they were.

    Args:
        cls: the class whose fields are named; None when none is known.
        python: literals are Python's.
    """

    def __init__(self, cls: type[Any] | None, python: bool) -> None:
        super().__init__(cls, python)
        self._models: Mapping[str, type[Any]] = {} if cls is None else {cls.__name__: cls}
        #: What is written for the check: the language's own literals.
        self._plain: Checked = Checked(cls, False) if python else self
        self._checking = False

    def read(self, text: str) -> Any:
        """What a text means."""
        return evaluate(text, self._models, True, True)

    def whole(self, node: Any, schema: Schema | None) -> str:
        """A predicate, as the arguments of `find` or `Match`."""
        if type(node) is ir.And and len(node.terms) > 2:
            texts = [self.condition(term) for term in node.terms]
            # Dicts are read with the schema there, and without it between others.
            if not any(text.startswith("{") for text in texts):
                return ", ".join(texts)

        def read(text: str) -> Any:
            return conjunction([self.read(text)], schema)

        def of_mql() -> Any:
            return ir.parse_filter(node.to_mql(), schema)

        return self._checked(node, lambda writer: (writer.condition(node), ATOM), read, of_mql, node.to_mql)[0]

    def kept(self, path: str) -> str:
        try:
            text = self.of_class(path)
            return text if str(self.read(text)) == path else super().kept(path)
        except (NoForm, CompileError):
            return super().kept(path)

    def checked_stage(self, node: Any, schema: Schema | None) -> str:
        """A stage of a pipeline."""
        if type(node) is stages.Match:
            return f"Match({self.whole(node.predicate, schema)})"

        def read(text: str) -> Any:
            return to_stages([self.read(text)], schema)[0]

        def of_mql() -> Any:
            return ir.parse_pipeline([node.to_mql()], schema)[0]

        return self._checked(node, lambda writer: (writer.stage(node), ATOM), read, of_mql, node.to_mql)[0]

    def condition(self, node: Any) -> str:
        text: str = self._with(not self.elements and not self.variables, super().condition, node)
        return text

    def bound(self, node: Any) -> Bound:
        found: Bound = self._with(False, super().bound, node)
        return found

    def predicate(self, node: Any) -> Bound:
        if not self._checking or isinstance(node, _CONNECTIVES):
            return super().predicate(node)
        found: Bound = self._with(False, self._term, node)
        return found

    def _with(self, checking: bool, write: Callable[[Any], Any], node: Any) -> Any:
        around, self._checking = self._checking, checking
        try:
            return write(node)
        finally:
            self._checking = around

    def _term(self, node: Any) -> Bound:
        """A predicate between others, where dicts are read without a schema."""

        def read(text: str) -> Any:
            found = self.read(text)
            return found.__ir__ if isinstance(found, Expression) else ir.parse_filter(found)

        def of_mql() -> Any:
            return ir.parse_filter(node.to_mql())

        return self._checked(node, lambda writer: Staged.predicate(writer, node), read, of_mql, node.to_mql)

    def _checked(
        self,
        node: Any,
        write: Callable[[Checked], Bound],
        read: Callable[[str], Any],
        of_mql: Callable[[], Any],
        mql: Callable[[], Any],
    ) -> Bound:
        """The text if it is read as the node, else the MQL if that is, else the text or the MQL, whichever there is."""
        try:
            text = write(self._plain)[0]
            exact = same(read(text), node)
        except (NoForm, CompileError):
            text, exact = "", False
        if exact:
            return write(self)
        try:
            if not text or same(of_mql(), node):
                return self.literal(mql()), ATOM
        except (NoForm, CompileError):
            pass
        if text:
            return write(self)
        raise NoForm(f"{type(node).__name__} cannot be written")
