"""Queries: immutable, built method by method, run by a terminal."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from pydantic import BaseModel

from . import _core, ir, requests
from .client import default_client
from .errors import CompileError, DocumentNotFound, MultipleDocumentsFound
from .explain import Explain
from .explain.asking import explain_script
from .exports import Exports
from .fetching import described, fetch_script
from .fields import Expression, FieldProxy
from .inheritance import Reach, reach_of
from .ir import stages
from .layout import decoding, family_layout, layout_of
from .link_values import distinct_values
from .operation import Operation, Script
from .paging import Page, PageRead
from .pipeline import conjunction, projection, sort_keys, to_stages
from .plan import Plan
from .query_answers import NoAnswerYet
from .query_options import QueryOptions
from .query_text import QueryText
from .query_writes import QueryWrites, WriteResult
from .rows import RowSchema, check_output, rows_of
from .schema import stored_name
from .stages.base import refuse_writing
from .strangers import refuse_strangers
from .streaming import Streaming
from .types import python_number

if TYPE_CHECKING:
    from .document import Document

__all__ = ["Aggregation", "Page", "Query", "SingleQuery", "WriteResult"]

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

#: What a find does after its filter, in this order.
_FIND_ORDER = ("sort", "skip", "limit", "project")


def _schema_of(cls: type[Document]) -> _core.Schema:
    """What dicts and updates may speak of: whether children are wanted may be said later."""
    return reach_of(cls, True).source.schema


def match_of(predicates: tuple[Any, ...], cls: type[Document]) -> stages.Match:
    """The stage of predicates and filter dicts, which all must hold."""
    # The schema is for reading dicts; most queries are one expression.
    if len(predicates) == 1 and isinstance(predicates[0], Expression):
        match: stages.Match = stages.Match.of(predicates[0].__ir__)
        return match
    return stages.Match(conjunction(predicates, _schema_of(cls)))


def own_match_of(predicates: tuple[Any, ...], cls: type[Document]) -> stages.Match:
    """`match_of` of a class's stored documents, whose fields are all that can be asked for.

    Raises:
        CompileError: a predicate is of another class's field.
    """
    for each in predicates:
        if isinstance(each, Expression):
            refuse_strangers(each.__ir__, cls)
    return match_of(predicates, cls)


class Query(QueryOptions, QueryText, NoAnswerYet, QueryWrites[T], Streaming[T], Exports):
    """A read of a class's collection. Every method gives a new query."""

    # Never changed in place: these are of every query that says nothing else.
    _options: dict[str, Any] = {}
    _flags: bool | Mapping[str, bool] = True
    _session: Any = None
    #: What a log says the documents are for.
    _purpose: str | None = None
    _single: bool = False
    #: How predicates on linked documents are followed, and which links are fetched.
    _links: str = "auto"
    #: Fields are decoded when they are read.
    _lazy: bool = False
    _children: bool | None = None
    #: The documents are selected by id alone, whatever their class: the server answers that fastest.
    _by_id: bool = False
    _fetch: tuple[tuple[Any, ...], int] | None = None

    def __init__(
        self, cls: type[Document], stages: tuple[Any, ...] = (), *, children: bool | None = None, by_id: bool = False
    ) -> None:
        self._cls = cls
        self._stages = stages
        self._output: type[BaseModel] | None = cls
        if children is not None:
            self._children = children
        if by_id:
            self._by_id = True

    def _with(self, *more: Any, **changes: Any) -> Any:
        new = object.__new__(type(self))
        state = vars(new)
        state.update(vars(self))
        if more:
            new._stages = self._arranged((*self._stages, *more)) if self._stages else more
        for name, value in changes.items():
            state[f"_{name}"] = value
        return new

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

    def _at_most(self, count: int) -> Self:
        """No more than `count` documents, and no more than were asked for before."""
        limits = [stage.count for stage in self._stages if isinstance(stage, stages.Limit)]
        return self.limit(min([count, *limits]))

    # What is read

    def find(self, *predicates: Any) -> Self:
        """Only documents that also meet these predicates or filter dicts."""
        if not predicates:
            return self
        # Behind the stages of a pipeline there may be fields of other classes.
        made = match_of if self._is_pipeline else own_match_of
        query: Self = self._with(made(predicates, self._cls))
        return query

    def with_children(self, wanted: bool = True) -> Self:
        """With the documents of the classes below this one, each as an instance of its own class.

        Without this every class of a family gives its own documents alone.
        """
        query: Self = self._with(children=wanted)
        return query

    def sort(self, *keys: Any) -> Self:
        """In this order: `-User.age`, `User.name`, `"-age"`, `("age", -1)`; a later sort replaces an earlier one."""
        query: Self = self._with(stages.Sort(sort_keys(keys)))
        return query

    def skip(self, count: int) -> Self:
        """Without the first documents."""
        query: Self = self._with(stages.Skip(count))
        return query

    def limit(self, count: int) -> Self:
        """Only the first documents."""
        query: Self = self._with(stages.Limit(count))
        return query

    @overload
    def project(self, model: type[M], /) -> Query[M]: ...
    @overload
    def project(self, *fields: Any, **named: Any) -> Query[dict[str, Any]]: ...
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

    def _fetched(self, documents: list[Any]) -> Script[None]:
        """Fetches what the query, or else the class's settings, say."""
        paths, depth = self._chosen()
        if documents and (paths or depth):
            yield from fetch_script(documents, paths, depth, self._session)

    def _chosen(self) -> tuple[tuple[Any, ...], int]:
        """The paths and the depth of what is fetched.

        Raises:
            CompileError: links are to be fetched in rows that are no documents.
        """
        if self._output is self._cls:
            return self._fetch or ((), int(self._cls.settings().eager_load_links))
        if self._fetch is not None and any(self._fetch):
            raise CompileError(
                f"links are fetched in documents of {self._cls.__name__}: rows of a projection or a pipeline are none",
                code="fetch_in_rows",
                hint="leave out fetch_links(), and name what is wanted: project(name=Book.author.name)",
            )
        return (), 0

    # Compiling

    def _schema(self) -> _core.Schema:
        return _schema_of(self._cls)

    def _reach(self) -> Reach:
        return reach_of(self._cls, self._children)

    def _source(self) -> ir.Source:
        return self._reach().source

    def _selection(self) -> tuple[Any, ...]:
        """The stages, with the condition on the class where documents of others share the collection."""
        return self._stages if self._by_id else self._reach().narrowed(self._stages)

    def _read(self, terminal: str, path: str | None = None) -> ir.Read:
        reach = self._reach()
        selection = self._stages if self._by_id else reach.narrowed(self._stages)
        read: ir.Read = ir.Read.of(reach.source, selection, terminal, path, self._options)
        return read

    def _compile(self, node: ir.Plan, traced: bool = False) -> _core.Compiled:
        return _core.compile(node, self._flags, traced, self._links)

    def _layout(self) -> Any:
        if self._fetch is not None:
            self._chosen()  # refuses what cannot be fetched
        # Rows of a projection have lost what tells classes apart.
        projected = stages.Project in map(type, self._stages)
        if self._output is not self._cls or self._by_id or projected:
            return None if self._output is None else decoding(self._cls, layout_of(self._output), self._lazy)
        reach = self._reach()
        layout = family_layout(reach.classes) if reach.mixed else layout_of(self._cls)
        return decoding(self._cls, layout, self._lazy)

    def _run(self, node: ir.Plan, layout: Any = None) -> Any:
        """The node as a request; a script yields it."""
        settings = self._cls.settings()
        client, compiled = default_client(), self._compile(node)
        return requests.execute(
            client, compiled, layout, settings.on_invalid, self._session, settings.database, self._purpose
        )

    def _operation(self, node: ir.Plan, label: str, layout: Any = None) -> Operation[Any]:
        label = f"{self._cls.__name__}.find(...).{label}"
        if layout is None or not any(self._chosen()):
            return Operation.of(lambda: self._run(node, layout), label)

        def script() -> Script[Any]:
            result = yield self._run(node, layout)
            if result is not None:
                yield from self._fetched(result if isinstance(result, list) else [result])
            return result

        return Operation(script, label)

    def _terminal(self) -> str:
        return "first" if self._single else "find"

    def _plan(self, node: ir.Plan, python: Callable[[], str], server: str | None, fetches: Sequence[str] = ()) -> Plan:
        return Plan(self._compile(node, traced=True), server, python=python, fetches=fetches)

    def plan(self, server: str | None = None) -> Plan:
        """What is sent, and why; no connection is needed. A `server` of that version ("7.0") must be able to run it."""
        fetches = described(self._cls, *self._chosen())
        return self._plan(self._read(self._terminal()), self.to_python, server, fetches)

    @property
    def schema(self) -> RowSchema:
        """The fields that the documents or rows have, with their types; and why there may be others.

        Raises:
            CompileError: the query is wrong.
        """
        return rows_of(self._read(self._terminal()))

    def explain(self, verbosity: str = "executionStats") -> Operation[Explain]:
        """The plan, and the server's own: index, keys and documents examined, warnings."""
        return Operation(lambda: explain_script(self, verbosity), f"{self._cls.__name__}.find(...).explain()")

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
            yield from self._fetched(found)
            only: T = found[0]
            return only

        return Operation(script, f"{self._cls.__name__}.find(...).one()")

    def count(self) -> Operation[int]:
        """How many documents there are."""
        if self._session is None:
            return self._operation(self._read("count"), "count()")

        def script() -> Script[int]:
            # The command `count` is not allowed in a transaction.
            one = stages.Accumulator("$sum", ir.Literal(1))
            query = self._with(stages.Group(None, (("n", one),)))
            rows = yield query._run(query._read("aggregate"))
            return rows[0]["n"] if rows else 0

        return Operation(script, f"{self._cls.__name__}.find(...).count()")

    def exists(self) -> Operation[bool]:
        """Whether there is any document."""
        if self._session is None:
            return self._operation(self._read("exists"), "exists()")

        def script() -> Script[bool]:
            found = yield self._at_most(1).count()
            return bool(found)

        return Operation(script, f"{self._cls.__name__}.find(...).exists()")

    def distinct(self, field: Any) -> Operation[list[Any]]:
        """The different values of a field; lists give their elements."""
        return distinct_values(self, field)

    def _accumulated(self, name: str, field: FieldProxy[Any] | str) -> Query[Any]:
        node = ir.Field(field, _core.DType.any(), "F") if isinstance(field, str) else field.__ir__
        query: Query[Any] = self._with(stages.Group(None, (("value", stages.Accumulator(f"${name}", node)),)))
        return query

    def _accumulate(self, name: str, field: FieldProxy[Any] | str) -> Operation[Any]:
        def script() -> Script[Any]:
            query = self._accumulated(name, field)
            rows = yield query._run(query._read("aggregate"))
            return python_number(rows[0]["value"]) if rows else None

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

    @overload
    def aggregate(self, pipeline: Sequence[Any], output: type[M], *, allow_writing: bool = False) -> Aggregation[M]: ...
    @overload
    def aggregate(
        self, pipeline: Sequence[Any], output: None = None, *, allow_writing: bool = False
    ) -> Aggregation[dict[str, Any]]: ...
    @overload
    def aggregate(
        self, pipeline: Sequence[Any], output: type[BaseModel] | None, *, allow_writing: bool = False
    ) -> Aggregation[Any]: ...
    def aggregate(
        self, pipeline: Sequence[Any], output: type[BaseModel] | None = None, *, allow_writing: bool = False
    ) -> Aggregation[Any]:
        """Stages over these documents; rows are dicts, or instances of `output`.

        Args:
            pipeline: stages, and stages as MQL.
            output: the class of the rows.
            allow_writing: whether `$merge` and `$out` may be given as MQL too; `Merge` and `Out` always may.
        """
        if not allow_writing:
            refuse_writing(pipeline)
        stages = (*self._stages, *to_stages(pipeline, self._schema()))
        aggregation: Aggregation[Any] = Aggregation(self._cls)
        vars(aggregation).update(vars(self), _stages=stages, _output=output)
        if output is not None:
            check_output(aggregation.schema, output)
        return aggregation

    def paginate(self, size: int, after: str | None = None) -> Operation[Page[T]]:
        """A page of documents, by key and not by skipping, so that every page is equally fast.

        The query's skip is before the first page, its limit is over all pages. What does not fit its class and is
        skipped takes its place in a page.

        Args:
            size: documents a page.
            after: the `next` of the page before.

        Raises:
            CompileError: `after` is not of this query, or the order is by a field of linked documents or by a list.
        """
        query, read = self._page(size, after)

        def script() -> Script[Page[T]]:
            answer = yield query._run(query._read("find"), read.layout(self._layout()))
            page: Page[T] = read.page(*answer)
            yield from self._fetched(page.items)
            return page

        return Operation(script, f"{self._cls.__name__}.find(...).paginate({size})")

    def _page(self, size: int, after: str | None) -> tuple[Query[T], PageRead]:
        """The query of a page, and what reads its answer."""
        read = PageRead(self._cls, self._schema(), self._stages, size, after)
        query: Query[T] = self._with()
        query._stages = read.stages
        return query, read

    # A query is an operation

    def _as_operation(self) -> Operation[Any]:
        return self.to_list()

    def __await__(self) -> Generator[Any, Any, list[T]]:
        return self._as_operation().__await__()

    def run_sync(self) -> list[T]:
        """The same as `to_list().run_sync()`; of `find_one`, the document or None."""
        documents: list[T] = self._as_operation().run_sync()
        return documents


class SingleQuery(Query[T]):
    """What `find_one` gives: a query whose answer is its first document, or None."""

    _single = True

    def _as_operation(self) -> Operation[Any]:
        return self.first()

    if TYPE_CHECKING:

        def __await__(self) -> Generator[Any, Any, T | None]: ...  # type: ignore[override]  # pyright: ignore
        def run_sync(self) -> T | None: ...  # type: ignore[override]  # pyright: ignore
        @overload
        def project(self, model: type[M], /) -> SingleQuery[M]: ...
        @overload
        def project(self, *fields: Any, **named: Any) -> SingleQuery[dict[str, Any]]: ...
        def project(self, *fields: Any, **named: Any) -> SingleQuery[Any]: ...


class Aggregation(Query[T]):
    """A pipeline over a class's collection: its stages stay in the order they are given."""

    _is_pipeline = True

    def _page(self, size: int, after: str | None) -> Any:
        raise CompileError(
            "rows of a pipeline have no key of their own that a page could begin behind",
            code="page_of_pipeline",
            hint="page the documents, find(...).sort(...).paginate(size), or end the pipeline with Sort, Skip, Limit",
        )

    def _arranged(self, given: tuple[Any, ...]) -> tuple[Any, ...]:
        return given

    def _layout(self) -> Any:
        if self._fetch is not None:
            self._chosen()  # refuses what cannot be fetched
        return None if self._output is None else decoding(self._cls, layout_of(self._output), self._lazy)

    def to_list(self, length: int | None = None) -> Operation[list[T]]:
        query = self if length is None else self.limit(length)
        return query._operation(query._read("aggregate"), "aggregate(...)", self._layout())

    def _terminal(self) -> str:
        return "aggregate"
