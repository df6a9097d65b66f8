"""Queries: immutable, built method by method, run by a terminal."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import bson
from pydantic import BaseModel

from . import _core, ir
from .client import default_client
from .errors import CompileError, DocumentNotFound, MultipleDocumentsFound
from .fetching import fetch_script
from .fields import FieldProxy
from .ir import stages
from .ir.paths import dtype_at
from .layout import layout_of
from .link_deletes import delete_with_rules, has_rules
from .operation import Operation, Script
from .pipeline import conjunction, projection, sort_keys, to_stages
from .plan import Explain, Plan
from .schema import schema_of, stored_name
from .update import merge_updates

if TYPE_CHECKING:
    from .document import Document

T = TypeVar("T")
#: What the result of a terminal without a document is: counts of a write.
WriteResult = dict[str, Any]


#: What a find does after its filter, in this order.
_FIND_ORDER = ("sort", "skip", "limit", "project")


class Page(Generic[T]):
    """Documents, and where the next page starts (None at the end)."""

    def __init__(self, items: list[T], next: str | None) -> None:
        self.items = items
        self.next = next


class Query(Generic[T]):
    """A read of a class's collection. Every method gives a new query."""

    def __init__(self, cls: type[Document], stages: tuple[Any, ...] = (), **state: Any) -> None:
        self._cls = cls
        self._stages = stages
        self._options: dict[str, Any] = state.get("options", {})
        self._output: type[BaseModel] | None = state.get("output", cls)
        self._flags: bool | Mapping[str, bool] = state.get("flags", True)
        self._session: Any = state.get("session")
        self._single: bool = state.get("single", False)
        self._links: str = state.get("links", "auto")
        self._fetch: tuple[tuple[Any, ...], int] | None = state.get("fetch")

    def _with(self, *more: Any, **changes: Any) -> Any:
        state = {
            "options": self._options,
            "output": self._output,
            "flags": self._flags,
            "session": self._session,
            "single": self._single,
            "links": self._links,
            "fetch": self._fetch,
            **changes,
        }
        return type(self)(self._cls, self._arranged((*self._stages, *more)), **state)

    def _arranged(self, given: tuple[Any, ...]) -> tuple[Any, ...]:
        """A find's parts in the order the server applies them, however they were said; the last one counts."""
        parts: dict[str, Any] = {}
        rest: list[Any] = []
        for stage in given:
            if stage.kind in _FIND_ORDER:
                parts[stage.kind] = stage
            else:
                rest.append(stage)
        matches = [stage for stage in rest if isinstance(stage, stages.Match)]
        others = [stage for stage in rest if not isinstance(stage, stages.Match)]
        return (*matches, *(parts[kind] for kind in _FIND_ORDER if kind in parts), *others)

    def _at_most(self, count: int) -> Query[T]:
        """No more than `count` documents, and no more than were asked for before."""
        limits = [stage.count for stage in self._stages if isinstance(stage, stages.Limit)]
        return self.limit(min([count, *limits]))

    def _option(self, **option: Any) -> Any:
        return self._with(options={**self._options, **option})

    # What is read

    def find(self, *predicates: Any) -> Query[T]:
        """Only documents that also meet these predicates or filter dicts."""
        if not predicates:
            return self
        query: Query[T] = self._with(stages.Match(conjunction(predicates, schema_of(self._cls))))
        return query

    def sort(self, *keys: Any) -> Query[T]:
        """In this order: `-User.age`, `User.name`, `"-age"`, `("age", -1)`; a later sort replaces an earlier one."""
        query: Query[T] = self._with(stages.Sort(sort_keys(keys)))
        return query

    def skip(self, count: int) -> Query[T]:
        """Without the first documents."""
        query: Query[T] = self._with(stages.Skip(count))
        return query

    def limit(self, count: int) -> Query[T]:
        """Only the first documents."""
        query: Query[T] = self._with(stages.Limit(count))
        return query

    def project(self, *fields: Any, **named: Any) -> Query[Any]:
        """A model's fields (`project(UserName)`), or some fields and computed values, as dicts."""
        if len(fields) == 1 and isinstance(fields[0], type) and issubclass(fields[0], BaseModel):
            model = fields[0]
            paths = [stored_name(name, field) for name, field in model.model_fields.items()]
            kept = tuple((path, True) for path in paths)
            if "_id" not in paths:
                kept = (*kept, ("_id", False))
            query: Query[Any] = self._with(stages.Project(kept), output=model)
            return query
        plain: Query[Any] = self._with(stages.Project(projection(fields, named)), output=None)
        return plain

    # How it is run

    def hint(self, index: Any) -> Query[T]:
        """With this index, by name or keys."""
        query: Query[T] = self._option(hint=dict(index) if isinstance(index, list) else index)
        return query

    def collation(self, collation: Mapping[str, Any]) -> Query[T]:
        """By a language's rules."""
        query: Query[T] = self._option(collation=dict(collation))
        return query

    def comment(self, comment: str) -> Query[T]:
        """Named in the server's log."""
        query: Query[T] = self._option(comment=comment)
        return query

    def max_time(self, milliseconds: int) -> Query[T]:
        """Stopped by the server after this many milliseconds."""
        query: Query[T] = self._option(max_time_ms=milliseconds)
        return query

    def batch_size(self, count: int) -> Query[T]:
        """In batches of this many documents."""
        query: Query[T] = self._option(batch_size=count)
        return query

    def read_preference(self, mode: str) -> Query[T]:
        """From members of this kind, such as "secondaryPreferred"."""
        query: Query[T] = self._option(read_preference=mode)
        return query

    def read_concern(self, level: str) -> Query[T]:
        """At this read concern level, such as "majority"."""
        query: Query[T] = self._option(read_concern={"level": level})
        return query

    def session(self, session: Any) -> Query[T]:
        """In a session."""
        query: Query[T] = self._with(session=session)
        return query

    def optimize(self, flags: bool | Mapping[str, bool]) -> Query[T]:
        """With all rewrite rules, none, or a switch per rule."""
        query: Query[T] = self._with(flags=flags)
        return query

    def fetch_links(self, *paths: Any, depth: int = 1, strategy: str = "auto") -> Query[T]:
        """With the documents that links lead to, in the links' places.

        Args:
            paths: links as fields (`Book.author`), stored paths, or `Book.author.fetch(...)`; none means all.
            depth: how many links are followed from each document, when no paths say so; 0 fetches none.
            strategy: how predicates on linked fields are followed: "auto", "batch" (ids first) or "lookup" (a join).
        """
        query: Query[T] = self._with(fetch=(paths, depth), links=strategy)
        return query

    def _fetched(self, documents: list[Any]) -> Script[None]:
        """Fetches what the query, or else the class's settings, say."""
        if self._output is not self._cls:
            return
        chosen = self._fetch or (((), 1) if self._cls.settings().eager_load_links else None)
        if chosen is not None:
            yield from fetch_script(documents, chosen[0], chosen[1], self._session)

    def _fetching(self, documents: list[Any]) -> Operation[None]:
        return Operation(lambda: self._fetched(documents), "fetch_links(...)")

    # Compiling

    def _source(self) -> ir.Source:
        settings = self._cls.settings()
        return ir.Source(settings.name, settings.database, schema_of(self._cls))

    def _read(self, terminal: str, path: str | None = None) -> ir.Read:
        return ir.Read(self._source(), self._stages, terminal, path, self._options)

    def _compile(self, node: ir.Plan, traced: bool = False) -> _core.Compiled:
        return _core.compile(node, self._flags, traced, self._links)

    def _layout(self) -> Any:
        return None if self._output is None else layout_of(self._output)

    def _run(self, node: ir.Plan, layout: Any = None) -> Any:
        """The node as a request; a script yields it."""
        settings = self._cls.settings()
        return _core.execute(default_client().core, self._compile(node), layout, settings.on_invalid, self._session)

    def _operation(self, node: ir.Plan, label: str, layout: Any = None) -> Operation[Any]:
        def script() -> Script[Any]:
            result = yield self._run(node, layout)
            if layout is not None and result is not None:
                yield from self._fetched(result if isinstance(result, list) else [result])
            return result

        return Operation(script, f"{self._cls.__name__}.find(...).{label}")

    def _terminal(self) -> str:
        return "first" if self._single else "find"

    def plan(self) -> Plan:
        """What is sent, and why; no connection is needed."""
        return Plan(self._compile(self._read(self._terminal()), traced=True))

    def explain(self, verbosity: str = "executionStats") -> Operation[Explain]:
        """The plan, and the server's own: index, keys and documents examined, warnings."""

        def script() -> Script[Explain]:
            compiled = self._compile(self._read(self._terminal()), traced=True)
            if not compiled.commands:
                return Explain(compiled, None)
            settings = self._cls.settings()
            command = {"explain": compiled.commands[0], "verbosity": verbosity}
            reply = yield _core.command(default_client().core, settings.database, command)
            return Explain(compiled, reply)

        return Operation(script, f"{self._cls.__name__}.find(...).explain()")

    # Reading

    def to_list(self, length: int | None = None) -> Operation[list[T]]:
        """All documents, or the first `length`."""
        query = self if length is None else self._at_most(length)
        return query._operation(query._read("find"), "to_list()", self._layout())

    def first(self) -> Operation[T | None]:
        """The first document, or None."""
        return self._operation(self._read("first"), "first()", self._layout())

    def one(self) -> Operation[T]:
        """The only document.

        Raises:
            DocumentNotFound: there is none.
            MultipleDocumentsFound: there are several.
        """

        def script() -> Script[T]:
            two = self._at_most(2)
            found = yield two._run(two._read("find"), self._layout())
            if not found:
                raise DocumentNotFound(f"no {self._cls.__name__} meets the query")
            if len(found) > 1:
                raise MultipleDocumentsFound(f"several {self._cls.__name__} documents meet the query; one() wants one")
            only: T = found[0]
            return only

        return Operation(script, f"{self._cls.__name__}.find(...).one()")

    def count(self) -> Operation[int]:
        """How many documents there are."""
        return self._operation(self._read("count"), "count()")

    def exists(self) -> Operation[bool]:
        """Whether there is any document."""
        return self._operation(self._read("exists"), "exists()")

    def distinct(self, field: Any) -> Operation[list[Any]]:
        """The different values of a field; lists give their elements."""
        return self._operation(self._read("distinct", str(field)), f"distinct({field})")

    def _accumulate(self, name: str, field: FieldProxy) -> Operation[Any]:
        def script() -> Script[Any]:
            group = stages.Group(None, (("value", stages.Accumulator(f"${name}", field.__ir__)),))
            query = self._with(group)
            rows = yield query._run(query._read("aggregate"))
            return rows[0]["value"] if rows else None

        return Operation(script, f"{self._cls.__name__}.find(...).{name}({field})")

    def sum(self, field: Any) -> Operation[Any]:
        """The sum of a field; None without documents."""
        return self._accumulate("sum", field)

    def avg(self, field: Any) -> Operation[Any]:
        """The mean of a field; None without numbers."""
        return self._accumulate("avg", field)

    def min(self, field: Any) -> Operation[Any]:
        """The least value of a field; None without documents."""
        return self._accumulate("min", field)

    def max(self, field: Any) -> Operation[Any]:
        """The greatest value of a field; None without documents."""
        return self._accumulate("max", field)

    def aggregate(self, pipeline: Sequence[Any], output: type[BaseModel] | None = None) -> Aggregation:
        """Stages over these documents; rows are dicts, or instances of `output`."""
        nodes = to_stages(pipeline, schema_of(self._cls))
        return Aggregation(
            self._cls,
            (*self._stages, *nodes),
            options=self._options,
            output=output,
            flags=self._flags,
            session=self._session,
        )

    def paginate(self, size: int, after: str | None = None) -> Operation[Page[T]]:
        """A page of documents, by key and not by skipping, so that every page is equally fast.

        Args:
            size: documents a page.
            after: the `next` of the page before.

        Raises:
            CompileError: `after` is not of this query.
        """
        cls = self._cls
        sorts = [stage for stage in self._stages if isinstance(stage, stages.Sort)]
        keys = list(sorts[-1].keys) if sorts else []
        if not any(path == "_id" for path, _ in keys):
            keys.append(("_id", 1))

        def script() -> Script[Page[T]]:
            query = self.find(_after(cls, keys, after)) if after else self
            query = query.sort(*keys).limit(size + 1)
            documents = yield query._run(query._read("find"), self._layout())
            if len(documents) <= size:
                return Page(documents, None)
            return Page(documents[:size], _cursor(documents[size - 1], keys))

        return Operation(script, f"{cls.__name__}.find(...).paginate({size})")

    # Writing

    def _filter(self) -> ir.Expr | None:
        terms = []
        for stage in self._stages:
            if not isinstance(stage, stages.Match):
                name = stage.kind
                raise CompileError(
                    f"a write takes a filter only, not {name}", code="write_of_stages", hint=f"drop {name}"
                )
            terms.append(stage.predicate)
        return None if not terms else terms[0] if len(terms) == 1 else ir.And(tuple(terms))

    def _written(self, node: ir.Plan, label: str) -> Operation[WriteResult]:
        return self._operation(node, label)

    def _update(self, updates: Sequence[Any], many: bool, upsert: bool, label: str) -> Operation[WriteResult]:
        update = merge_updates(updates, schema_of(self._cls))
        node = ir.Update(self._source(), self._filter(), update, many, upsert, self._options)
        return self._written(node, label)

    def update(self, *updates: Any) -> Operation[WriteResult]:
        """Updates every document: `n` matched, `modified` changed."""
        return self._update(updates, not self._single, False, "update(...)")

    def update_one(self, *updates: Any) -> Operation[WriteResult]:
        """Updates one document."""
        return self._update(updates, False, False, "update_one(...)")

    def upsert(self, *updates: Any, on_insert: Document | None = None) -> Operation[WriteResult]:
        """Updates one document, or inserts one; `on_insert` gives the fields that only an insert sets."""
        more: list[Any] = []
        if on_insert is not None:
            touched = {each.path for each in merge_updates(updates, schema_of(self._cls)).operations}  # type: ignore[union-attr]
            stored = bson.decode(layout_of(type(on_insert)).encode(on_insert))
            more = [{"$setOnInsert": {key: item for key, item in stored.items() if key not in touched}}]
        return self._update([*updates, *more], False, True, "upsert(...)")

    def delete(self) -> Operation[WriteResult]:
        """Deletes every document: `n` deleted, those that links cascade to included.

        Raises:
            DeleteDenied: a link that denies it leads to one of them; nothing is deleted.
        """
        if has_rules(self._cls):
            return self._delete_by_rules(1 if self._single else None)
        return self._delete_plainly()

    def _delete_by_rules(self, count: int | None) -> Operation[WriteResult]:
        def script() -> Script[WriteResult]:
            selected = self.fetch_links(depth=0).project("_id")
            rows = yield (selected if count is None else selected.limit(count)).to_list()
            deleted = yield from delete_with_rules(self._cls, [row["_id"] for row in rows], self._session)
            return {"n": deleted, "modified": 0, "upserted": []}

        return Operation(script, f"{self._cls.__name__}.find(...).delete()")

    def _delete_plainly(self) -> Operation[WriteResult]:
        node = ir.Delete(self._source(), self._filter(), not self._single, self._options)
        return self._written(node, "delete()")

    def delete_one(self) -> Operation[WriteResult]:
        """Deletes one document; see `delete` for what links do."""
        if has_rules(self._cls):
            return self._delete_by_rules(1)
        return self._written(ir.Delete(self._source(), self._filter(), False, self._options), "delete_one()")

    def _modify(self, label: str, sort: Any, **parts: Any) -> Operation[T | None]:
        keys = () if sort is None else sort_keys(sort if isinstance(sort, (list, tuple)) else [sort])
        given = {"update": None, "remove": False, "replacement": None, "new": False, "upsert": False, **parts}
        node = ir.FindAndModify(
            self._source(),
            self._filter(),
            given["update"],
            given["remove"],
            given["replacement"],
            keys,
            None,
            given["new"],
            given["upsert"],
            self._options,
        )
        return self._operation(node, label, self._layout())

    def find_one_and_update(
        self, *updates: Any, sort: Any = None, return_document: str = "before", upsert: bool = False
    ) -> Operation[T | None]:
        """Updates one document and gives it as it was ("before") or is ("after"); None when there is none."""
        update = merge_updates(updates, schema_of(self._cls))
        new = _is_after(return_document)
        return self._modify("find_one_and_update(...)", sort, update=update, new=new, upsert=upsert)

    def find_one_and_replace(
        self, replacement: Document, *, sort: Any = None, return_document: str = "before", upsert: bool = False
    ) -> Operation[T | None]:
        """Replaces one document and gives it as it was or is; None when there is none."""
        new = _is_after(return_document)
        return self._modify("find_one_and_replace(...)", sort, replacement=replacement, new=new, upsert=upsert)

    def find_one_and_delete(self, *, sort: Any = None) -> Operation[T | None]:
        """Deletes one document and gives it; None when there is none."""
        return self._modify("find_one_and_delete(...)", sort, remove=True)

    # A query is an operation, and a stream

    def _as_operation(self) -> Operation[Any]:
        return self.first() if self._single else self.to_list()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._as_operation().__await__()

    def run_sync(self) -> Any:
        """The same as `to_list().run_sync()`; of `find_one`, the document or None."""
        return self._as_operation().run_sync()

    def _open(self) -> Any:
        return _core.open(default_client().core, self._compile(self._read("find")), self._session)

    def _next(self, cursor: Any, layout: Any) -> Any:
        return _core.next_documents(cursor, layout, self._cls.settings().on_invalid)

    async def __aiter__(self) -> AsyncIterator[T]:
        layout = self._layout()
        cursor = await self._open().start()
        try:
            while (batch := await self._next(cursor, layout).start()) is not None:
                await self._fetching(batch)
                for document in batch:
                    yield document
        finally:
            await cursor.close()

    def __iter__(self) -> Iterator[T]:
        layout = self._layout()
        cursor = self._open().wait()
        try:
            while (batch := self._next(cursor, layout).wait()) is not None:
                self._fetching(batch).run_sync()
                yield from batch
        finally:
            cursor.close_sync()


class Aggregation(Query[Any]):
    """A pipeline over a class's collection: its stages stay in the order they are given."""

    def _arranged(self, given: tuple[Any, ...]) -> tuple[Any, ...]:
        return given

    def to_list(self, length: int | None = None) -> Operation[list[Any]]:
        query = self if length is None else self.limit(length)
        return query._operation(query._read("aggregate"), "aggregate(...)", self._layout())

    def _terminal(self) -> str:
        return "aggregate"


def _is_after(return_document: Any) -> bool:
    if return_document in ("before", "after"):
        return bool(return_document == "after")
    if isinstance(return_document, bool):
        return return_document
    raise ValueError(f'return_document is {return_document!r}; give "before" or "after"')


def _cursor(document: Any, keys: Sequence[tuple[str, int]]) -> str:
    """Where a document stands in an order, as text."""
    stored = bson.decode(layout_of(type(document)).encode(document))
    values = [_at(stored, path) for path, _ in keys]
    return base64.urlsafe_b64encode(bson.encode({"k": [path for path, _ in keys], "v": values})).decode()


def _at(stored: Any, path: str) -> Any:
    for part in path.split("."):
        stored = stored.get(part) if isinstance(stored, Mapping) else None
    return stored


def _after(cls: type[Document], keys: Sequence[tuple[str, int]], after: str) -> ir.Expr:
    """What stands behind a cursor: greater in the first key, or equal there and greater in the next, and so on."""
    try:
        cursor = bson.decode(base64.urlsafe_b64decode(after.encode()))
        values = cursor["v"] if cursor["k"] == [path for path, _ in keys] else None
    except Exception as error:
        raise CompileError(f"{after!r} is not a page cursor", code="bad_cursor") from error
    if values is None:
        raise CompileError("the page cursor is of a query with another order", code="bad_cursor")
    fields = [ir.Field(path, dtype_at(schema_of(cls), path), cls.__name__) for path, _ in keys]
    return ir.Or(tuple(ir.And(tuple(_behind(fields, keys, values, level))) for level in range(len(keys))))


def _behind(
    fields: Sequence[ir.Field], keys: Sequence[tuple[str, int]], values: Sequence[Any], level: int
) -> Iterator[ir.Expr]:
    for position in range(level):
        yield ir.Compare("eq", fields[position], ir.Literal(values[position]))
    op = "gt" if keys[level][1] == 1 else "lt"
    last = ir.Compare(op, fields[level], ir.Literal(values[level]))
    null = ir.Compare("eq", fields[level], ir.Literal(None))
    if values[level] is None:
        # Null and missing come first: behind them, going up, is all that is not null; going down, nothing.
        yield ir.Not(null) if op == "gt" else ir.In(fields[level], ())
    else:
        yield ir.Or((last, null)) if op == "lt" else last
