"""Queries, statements, updates and parsed MQL as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import ir
from .._core import Schema, decode_document, encode_document
from ..errors import CompileError
from ..fetching import Fetch
from ..fields.proxy import FieldProxy
from ..ir import stages
from ..pipeline import conjunction
from ..schema import schema_of
from ..stages.base import WRITING
from ..update import merge_updates
from .checked import Checked, mql_of, same
from .conditions import call
from .planning import node_of
from .written import NoForm, quoted

if TYPE_CHECKING:
    from ..query import Query
    from .statement import Statement

_OPTIONS = {
    "hint": "hint",
    "collation": "collation",
    "comment": "comment",
    "max_time_ms": "max_time",
    "batch_size": "batch_size",
    "read_preference": "read_preference",
}
#: By update operator, the method of a field that takes the operand as it is.
_METHODS = {
    "$set": "set",
    "$inc": "inc",
    "$mul": "mul",
    "$min": "min",
    "$max": "max",
    "$setOnInsert": "set_on_insert",
    "$push": "push",
    "$addToSet": "add_to_set",
    "$pull": "pull",
    "$pullAll": "pull_all",
    "$pop": "pop",
    "$rename": "rename",
}


def query_text(query: Query[Any], python: bool = False) -> str:
    """The text of a query. A session is not part of it.

    Raises:
        CompileError: something has no form in Python, which was asked for.
    """
    return _formed(_Queries(query, python).query)


def statement_text(statement: Statement, python: bool = False) -> str:
    """The text of a query and what ends it."""
    asked = _Queries(statement.query, python)
    return _formed(lambda: asked.statement(statement.terminal, statement.arguments, statement.named))


def _formed(write: Callable[[], str]) -> str:
    try:
        return write()
    except NoForm as error:
        raise CompileError(f"this cannot be written in Python: {error}", code="no_python_form") from None


def to_python(node: Any, model: type[Any] | None = None) -> str:
    """The Python expression that builds what `ir.parse_filter`, `parse_update` or `parse_pipeline` gave.

    Args:
        node: a predicate, an update, a stage, or several stages; or a filter as a dict, or stages as a list of dicts.
        model: the class whose fields they are; without it fields are named by their stored paths.

    Raises:
        CompileError: the model has no such field, or something has no form in Python.
    """
    writer = Checked(model, python=True, free=True, strict=True)
    schema = None if model is None else schema_of(model)
    return _formed(lambda: _python(node, writer, schema))


def _python(node: Any, writer: Checked, schema: Schema | None) -> str:
    if isinstance(node, (ir.UpdateOperators, ir.UpdatePipeline)):
        if schema is None:
            return ", ".join(updates_text(node, writer))
        typed = ir.parse_update(node.to_mql(), schema)
        if isinstance(typed, ir.UpdateOperators) and isinstance(node, ir.UpdateOperators):
            typed = ir.UpdateOperators(typed.operations, node.array_filters)
        return ", ".join(updates_text(typed, writer))
    if isinstance(node, Mapping):
        return writer.whole(ir.parse_filter(node, schema), schema, several=False)
    if isinstance(node, (list, tuple)):
        plain = [each.to_mql() if isinstance(each, ir.Node) else each for each in node]
        typed_stages = ir.parse_pipeline(plain, schema)
        texts = [writer.checked_stage(each, None if place else schema) for place, each in enumerate(typed_stages)]
        return f"[{', '.join(texts)}]"
    if isinstance(node, stages.Stage):
        return _python([node], writer, schema)[1:-1]
    if schema is None:
        return writer.whole(node, None, several=False)
    return writer.whole(ir.parse_filter(mql_of(node), schema), schema, several=False)


#: How stages begin that write and are printed as dicts.
_WRITING = tuple(f'{{"{name}"' for name in sorted(WRITING))


class _Queries:
    """Writes one query."""

    def __init__(self, query: Query[Any], python: bool) -> None:
        self.asked = query
        self.cls: Any = query._cls
        self.writer = Checked(self.cls, python, strict=python)

    def query(self) -> str:
        name = self.cls.__name__
        body = self._aggregate() if self.asked._is_pipeline else self._find()
        return "".join([name, *body, *self._options()])

    def _find(self) -> list[str]:
        schema = self.asked._schema()
        parts = []
        for stage in self.asked._stages:
            if isinstance(stage, stages.Match):
                # Those of `find_one` are conditions of one query, and so are those of `find`.
                parts.append(call(".find", self.writer.whole(stage.predicate, schema)))
            elif isinstance(stage, stages.Sort):
                parts.append(call(".sort", *(self._sorted(path, direction) for path, direction in stage.keys)))
            elif isinstance(stage, stages.Project):
                parts.append(call(".project", *self._projected(stage)))
            elif isinstance(stage, (stages.Skip, stages.Limit)):
                parts.append(call(f".{stage.kind}", self.writer.literal(stage._parts()[0])))
            else:
                # Made by the library itself, for a terminal.
                parts.append(f".aggregate([{self.writer.checked_stage(stage, None)}])")
        first = "find_one" if self.asked._single else "find"
        if parts and parts[0].startswith(".find("):
            parts[0] = parts[0].replace(".find(", f".{first}(", 1)
            return parts
        return [f".{first}()", *parts]

    def _sorted(self, path: str, direction: Any) -> str:
        try:
            field = self.writer.of_class(path)
            if direction in (1, -1) and str(self.writer.read(field)) == path:
                return field if direction == 1 else f"-{field}"
        except (NoForm, CompileError):
            pass
        return f"({quoted(path)}, {direction!r})"

    def _projected(self, stage: Any) -> list[str]:
        output = self.asked._output
        if output is not None and output is not self.cls:
            return [output.__name__]
        return self.writer.projected(stage._parts()[0])

    def _aggregate(self) -> list[str]:
        schema = self.asked._schema()
        texts = [
            self.writer.checked_stage(stage, None if place else schema)
            for place, stage in enumerate(self.asked._stages)
        ]
        output = self.asked._output
        named = {
            "output": "" if output is None else output.__name__,
            # What writes and has no form of its own is a dict, which must be allowed to.
            "allow_writing": "True" if any(text.startswith(_WRITING) for text in texts) else "",
        }
        return [call(".aggregate", f"[{', '.join(texts)}]", **named)]

    def _options(self) -> list[str]:
        asked, literal = self.asked, self.writer.literal
        texts = []
        if asked._children is not None:
            texts.append(call(".with_children", *([] if asked._children else ["False"])))
        if asked._lazy:
            texts.append(".lazy()")
        if asked._fetch is not None:
            paths, depth = asked._fetch
            texts.append(
                call(
                    ".fetch_links",
                    *(self._fetched(path) for path in paths),
                    depth="" if depth == 1 else literal(depth),
                    strategy="" if asked._links == "auto" else quoted(asked._links),
                )
            )
        for option, given in asked._options.items():
            if option in _OPTIONS:
                texts.append(call(f".{_OPTIONS[option]}", literal(given)))
            elif option == "read_concern":
                texts.append(call(".read_concern", literal(given["level"])))
        if asked._flags is not True:
            texts.append(call(".optimize", literal(asked._flags)))
        return texts

    def _fetched(self, path: Any) -> str:
        if not isinstance(path, Fetch):
            return self._field_or_path(str(path))
        project = path.project.__name__ if path.project is not None else ""
        sort = "" if path.sort is None else self.writer.literal(path.sort)
        limit = "" if path.limit is None else self.writer.literal(path.limit)
        condition = "" if path.filter is None else self.writer.whole(conjunction([path.filter], None), None, False)
        return call(
            f"{self.writer.of_class(path.path)}.fetch", filter=condition, sort=sort, limit=limit, project=project
        )

    def _field_or_path(self, path: str) -> str:
        try:
            return self.writer.of_class(path)
        except NoForm:
            return quoted(path)

    # Statements

    def statement(self, terminal: str, arguments: Sequence[Any], named: Any) -> str:
        if terminal in ("update", "update_one", "upsert", "find_one_and_update"):
            texts = self.updates(arguments)
        elif terminal == "find_one_and_replace":
            # What is stored says all of a document, and makes it again.
            node: Any = node_of(self.asked, terminal, arguments, named)
            texts = [self.writer.literal(decode_document(encode_document(node.replacement)))]
            named = {name: each for name, each in named.items() if name != "replacement"}
        else:
            texts = [self._argument(each) for each in arguments]
        keywords = {name: self._argument(each) for name, each in named.items()}
        return f"{self.query()}{call(f'.{terminal}', *texts, **keywords)}"

    def _argument(self, given: Any) -> str:
        if isinstance(given, FieldProxy):
            return self._field_or_path(str(given))
        if hasattr(given, "direction"):
            return self._sorted(given.path, given.direction)
        if isinstance(given, (list, tuple)):
            return f"[{', '.join(self._argument(each) for each in given)}]"
        return self.writer.literal(given)

    def updates(self, given: Sequence[Any]) -> list[str]:
        """Updates, merged into one and written one by one."""
        merged = merge_updates(given, self.asked._schema())
        return updates_text(merged, self.writer)


def updates_text(update: ir.UpdateOperators | ir.UpdatePipeline, writer: Checked) -> list[str]:
    """The arguments of `update(...)`."""
    if isinstance(update, ir.UpdatePipeline):
        texts = [writer.checked_stage(stage, None) for stage in update.stages]
        return [f"[{', '.join(texts)}]"]
    texts = [_operation_text(each, writer) for each in update.operations]
    if update.array_filters:
        texts.append(call("ArrayFilters", *(writer.literal(each) for each in update.array_filters)))
    return texts


def _operation_text(operation: ir.UpdateOperation, writer: Checked) -> str:
    try:
        field = writer.of_class(operation.path)
        operand = operation.operand
        if operation.op in ("$push", "$addToSet") and isinstance(operand, Mapping) and "$each" in operand:
            modifiers = {name.removeprefix("$"): writer.literal(given) for name, given in operand.items()}
            text = call(f"{field}.{_METHODS[operation.op]}", **modifiers)
        elif operation.op in _METHODS:
            text = f"{field}.{_METHODS[operation.op]}({writer.literal(operand)})"
        elif operation.op == "$unset":
            text = f"{field}.unset()"
        else:
            raise NoForm(operation.op)
        plain = text if not writer.python else _operation_text(operation, writer._plain)
        if same(writer.read(plain), operation):
            return text
    except (NoForm, CompileError):
        pass
    return writer.literal({operation.op: {operation.path: operation.operand}})
