"""Text that is read again while it is written: a part that would not mean the same is written as MQL instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import _core, ir
from .._core import Schema
from ..errors import DataBridgeError
from ..fields import Expression
from ..ir import stages
from ..pipeline import conjunction, to_stages
from .conditions import ATOM, Bound
from .parse import evaluate
from .staged import Staged
from .written import NoForm

#: Why a text may not come of a node, or not be read: nodes that were built by hand may hold anything.
_UNWRITTEN = (NoForm, DataBridgeError, TypeError, ValueError, AttributeError, LookupError)
_CONNECTIVES = (ir.And, ir.Or, ir.Nor, ir.Not)


def mql_of(predicate: Any) -> Any:
    """A predicate as a filter document: a computed one too."""
    return predicate.to_mql() if hasattr(predicate, "spelling") else stages.Match(predicate).to_mql()["$match"]


def same(left: Any, right: Any) -> bool:
    """Whether two nodes are the same, the types of their values and of their fields included."""
    return repr(left) == repr(right)


class Checked(Staged):
    """Writes conditions and stages, and checks that they are read as what they were.

    Args:
        cls: the class whose fields are named; None when none is known.
        python: literals are Python's.
        free: what sends the same may be written, even when its nodes are others.
        strict: what has no form is an error; else the node itself is shown.
    """

    def __init__(self, cls: type[Any] | None, python: bool, *, free: bool = False, strict: bool = False) -> None:
        super().__init__(cls, python, free)
        self.strict = strict
        self.classes: dict[str, type[Any]] = {} if cls is None else {cls.__name__: cls}
        #: What is written for the check: the language's own literals.
        self._plain: Checked = Checked(cls, False, free=free) if python else self
        self._checking = False

    def pipeline(self, nodes: Sequence[Any], other: type[Any] | None = None) -> str:
        around = self._plain.cls
        self._plain.cls = other or around
        try:
            return super().pipeline(nodes, other)
        finally:
            self._plain.cls = around

    def names(self, cls: type[Any]) -> bool:
        return self.classes.setdefault(cls.__name__, cls) is cls

    def read(self, text: str) -> Any:
        """What a text means."""
        return evaluate(text, {**self.classes, **self._plain.classes}, True, True)

    def literal(self, value: Any) -> str:
        try:
            return super().literal(value)
        except NoForm:
            if self.strict:
                raise
            return repr(value)

    def _is(self, found: Any, node: Any) -> bool:
        """Whether what was read is what was written."""
        if same(found, node):
            return True
        if not self.free:
            return False
        if isinstance(found, stages.Stage):
            return repr(_core.to_mql(found)) == repr(_core.to_mql(node))
        return repr(_core.to_mql(stages.Match(found))) == repr(_core.to_mql(stages.Match(node)))

    def whole(self, node: Any, schema: Schema | None, several: bool = True) -> str:
        """A predicate, as the arguments of `find` or `Match`; `several` may be joined without saying so."""
        if several and type(node) is ir.And and len(node.terms) > 2:
            try:
                texts = [self._plain.condition(term) for term in node.terms]
                if self._is(conjunction(self.read(f"[{', '.join(texts)}]"), schema), node):
                    return ", ".join(self.condition(term) for term in node.terms)
            except _UNWRITTEN:
                pass

        def read(text: str) -> Any:
            return conjunction([self.read(text)], schema)

        def of_mql() -> Any:
            return ir.parse_filter(mql_of(node), schema)

        return self._checked(node, lambda writer: (writer.condition(node), ATOM), read, of_mql, lambda: mql_of(node))[0]

    def kept(self, path: str) -> str:
        try:
            text = self.of_class(path)
            return text if str(self.read(text)) == path else super().kept(path)
        except _UNWRITTEN:
            return super().kept(path)

    def checked_stage(self, node: Any, schema: Schema | None) -> str:
        """A stage of a pipeline.

        Args:
            node: the stage.
            schema: the class's fields, at the start of a pipeline.
        """
        self.of_stages = self._plain.of_stages = self.free
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
            return ir.parse_filter(mql_of(node))

        return self._checked(node, lambda writer: Staged.predicate(writer, node), read, of_mql, lambda: mql_of(node))

    def _checked(
        self,
        node: Any,
        write: Callable[[Checked], Bound],
        read: Callable[[str], Any],
        of_mql: Callable[[], Any],
        mql: Callable[[], Any],
    ) -> Bound:
        """The text if it is read as the node, else the MQL if that is, else the text or the MQL, whichever there is."""
        text = ""
        for marking in (False, True):
            self._plain.marking = self.marking = marking
            try:
                text = write(self._plain)[0]
                if self._is(read(text), node):
                    return write(self)
            except _UNWRITTEN:
                pass
            finally:
                self._plain.marking = self.marking = False
        try:
            if not text or same(of_mql(), node):
                return self.literal(mql()), ATOM
        except _UNWRITTEN:
            pass
        if not text:
            if self.strict:
                raise NoForm(f"{type(node).__name__} has no form")
            return repr(node), ATOM
        return write(self)
