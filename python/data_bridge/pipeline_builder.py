"""Pipelines built stage by stage: `User.pipeline().match(User.age > 25).group(by=User.city, n=Count())`."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, TypeVar, overload

from pydantic import BaseModel

from . import stages
from .operation import Operation
from .query import Aggregation
from .rows import check_output
from .stages.base import refuse_writing, to_stages

if TYPE_CHECKING:
    from .document import Document

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class _Step(Generic[P]):
    """The method that appends a stage; it takes what the stage's class takes."""

    def __init__(self, stage: Callable[P, Any]) -> None:
        self._stage = stage
        self.__doc__ = stage.__doc__

    def __get__(self, pipeline: PipelineBuilder[T], owner: type) -> Callable[P, PipelineBuilder[T]]:
        def append(*args: P.args, **kwargs: P.kwargs) -> PipelineBuilder[T]:
            return pipeline.stage(self._stage(*args, **kwargs))

        # Of a class, the wrapper has the parameters of its constructor in its signature.
        return update_wrapper(append, self._stage, updated=())


class PipelineBuilder(Aggregation[T]):
    """A pipeline over a class's collection, with a method for every stage. Every method gives a new pipeline.

    What it can do besides is what an aggregation can: `to_list()`, `plan()`, `explain()`, options as `session`.
    """

    def __init__(self, cls: type[Document]) -> None:
        super().__init__(cls)
        self._output = None

    def stage(self, *given: Any, allow_writing: bool = False) -> Self:
        """With these stages behind: objects such as `Limit(5)`, or MQL such as `{"$limit": 5}`.

        Args:
            given: the stages.
            allow_writing: whether `$merge` and `$out` may be given as MQL; `merge(...)` and `out(...)` always may.
        """
        if not allow_writing:
            refuse_writing(given)
        # Behind the first stage, fields are no longer those of the class.
        nodes = to_stages(given, None if self._stages else self._schema())
        longer: Self = self._with(*nodes)
        return longer

    def output(self, model: type[M]) -> PipelineBuilder[M]:
        """With rows as instances of a model.

        Raises:
            CompileError: the rows lack a field that the model requires.
        """
        check_output(self.schema, model)
        typed: PipelineBuilder[M] = self._with(output=model)
        return typed

    # Stages that are methods of every query

    def sort(self, *keys: Any, **named: int) -> Self:
        """Orders documents: `sort(-User.age)`, `sort(count=-1)`."""
        return self.stage(stages.Sort(*keys, **named))

    def skip(self, count: int) -> Self:
        """Leaves out the first documents."""
        return self.stage(stages.Skip(count))

    def limit(self, count: int) -> Self:
        """Keeps the first documents."""
        return self.stage(stages.Limit(count))

    def project(self, *fields: Any, **named: Any) -> Self:  # type: ignore[override]  # pyright: ignore
        """Keeps fields, and computes named ones; `id=False` drops the id."""
        return self.stage(stages.Project(*fields, **named))

    @overload
    def count(self) -> Operation[int]: ...
    @overload
    def count(self, name: str) -> Self: ...
    def count(self, name: str | None = None) -> Any:
        """How many documents there are; with a name, the stage that gives one document with that number."""
        return super().count() if name is None else self.stage(stages.Count(name))

    # All others, written by `make generate` from `ir/catalog/stages.toml`

    add_fields = _Step(stages.AddFields)
    bucket = _Step(stages.Bucket)
    bucket_auto = _Step(stages.BucketAuto)
    change_stream = _Step(stages.ChangeStream)
    change_stream_split_large_event = _Step(stages.ChangeStreamSplitLargeEvent)
    coll_stats = _Step(stages.CollStats)
    current_op = _Step(stages.CurrentOp)
    densify = _Step(stages.Densify)
    documents = _Step(stages.Documents)
    facet = _Step(stages.Facet)
    fill = _Step(stages.Fill)
    geo_near = _Step(stages.GeoNear)
    graph_lookup = _Step(stages.GraphLookup)
    group = _Step(stages.Group)
    index_stats = _Step(stages.IndexStats)
    list_cluster_catalog = _Step(stages.ListClusterCatalog)
    list_local_sessions = _Step(stages.ListLocalSessions)
    list_sampled_queries = _Step(stages.ListSampledQueries)
    list_search_indexes = _Step(stages.ListSearchIndexes)
    list_sessions = _Step(stages.ListSessions)
    lookup = _Step(stages.Lookup)
    match = _Step(stages.Match)
    merge = _Step(stages.Merge)
    out = _Step(stages.Out)
    plan_cache_stats = _Step(stages.PlanCacheStats)
    query_settings = _Step(stages.QuerySettings)
    query_stats = _Step(stages.QueryStats)
    rank_fusion = _Step(stages.RankFusion)
    redact = _Step(stages.Redact)
    replace_root = _Step(stages.ReplaceRoot)
    replace_with = _Step(stages.ReplaceWith)
    rerank = _Step(stages.Rerank)
    sample = _Step(stages.Sample)
    score = _Step(stages.Score)
    score_fusion = _Step(stages.ScoreFusion)
    search = _Step(stages.Search)
    search_meta = _Step(stages.SearchMeta)
    set = _Step(stages.Set)
    set_window_fields = _Step(stages.SetWindowFields)
    sharded_data_distribution = _Step(stages.ShardedDataDistribution)
    sort_by_count = _Step(stages.SortByCount)
    union_with = _Step(stages.UnionWith)
    unset = _Step(stages.Unset)
    unwind = _Step(stages.Unwind)
    vector_search = _Step(stages.VectorSearch)
