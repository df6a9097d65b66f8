"""Stages over the generic node.

Written by `make generate` from `ir/catalog/stages.toml`: change that.
"""

from __future__ import annotations

from typing import Any, Literal

from ..fields.nodes import MISSING
from . import parts
from .base import GenericStage


class ChangeStream(GenericStage):
    """What changes in the collection, as it changes.

    `$changeStream`, since MongoDB 3.6.
    `show_expanded_events` since MongoDB 6.0.
    """

    name = "$changeStream"

    def __init__(
        self,
        *,
        all_changes_for_cluster: bool = MISSING,
        full_document: Literal["default", "required", "updateLookup", "whenAvailable"] = MISSING,
        full_document_before_change: Literal["off", "required", "whenAvailable"] = MISSING,
        resume_after: Any = MISSING,
        show_expanded_events: bool = MISSING,
        start_after: Any = MISSING,
        start_at_operation_time: Any = MISSING,
    ) -> None:
        super().__init__(
            {
                "allChangesForCluster": all_changes_for_cluster,
                "fullDocument": parts.optional(
                    full_document,
                    lambda given: parts.word(given, "default", "required", "updateLookup", "whenAvailable"),
                ),
                "fullDocumentBeforeChange": parts.optional(
                    full_document_before_change, lambda given: parts.word(given, "off", "required", "whenAvailable")
                ),
                "resumeAfter": resume_after,
                "showExpandedEvents": show_expanded_events,
                "startAfter": start_after,
                "startAtOperationTime": start_at_operation_time,
            }
        )


class ChangeStreamSplitLargeEvent(GenericStage):
    """Splits events above 16 megabytes into fragments; ends a change stream.

    `$changeStreamSplitLargeEvent`, since MongoDB 6.0.9.
    """

    name = "$changeStreamSplitLargeEvent"

    def __init__(self) -> None:
        super().__init__({})


class Documents(GenericStage):
    """Documents given in the pipeline itself; it starts a database's pipeline or a lookup's.

    `$documents`, since MongoDB 5.1.
    """

    name = "$documents"

    def __init__(self, documents: Any) -> None:
        super().__init__(parts.expression(documents))


class CollStats(GenericStage):
    """Statistics of the collection.

    `$collStats`, since MongoDB 3.4.
    """

    name = "$collStats"

    def __init__(
        self,
        *,
        latency_stats: Any = MISSING,
        storage_stats: Any = MISSING,
        count: Any = MISSING,
        query_exec_stats: Any = MISSING,
    ) -> None:
        super().__init__(
            {
                "latencyStats": latency_stats,
                "storageStats": storage_stats,
                "count": count,
                "queryExecStats": query_exec_stats,
            }
        )


class CurrentOp(GenericStage):
    """What the server is doing; it starts a pipeline of the admin database.

    `$currentOp`, since MongoDB 3.6.
    `target_all_nodes` since MongoDB 7.1.
    """

    name = "$currentOp"

    def __init__(
        self,
        *,
        all_users: bool = MISSING,
        idle_connections: bool = MISSING,
        idle_cursors: bool = MISSING,
        idle_sessions: bool = MISSING,
        local_ops: bool = MISSING,
        target_all_nodes: bool = MISSING,
    ) -> None:
        super().__init__(
            {
                "allUsers": all_users,
                "idleConnections": idle_connections,
                "idleCursors": idle_cursors,
                "idleSessions": idle_sessions,
                "localOps": local_ops,
                "targetAllNodes": target_all_nodes,
            }
        )


class IndexStats(GenericStage):
    """How often each index of the collection is used.

    `$indexStats`, since MongoDB 3.2.
    """

    name = "$indexStats"

    def __init__(self) -> None:
        super().__init__({})


class ListClusterCatalog(GenericStage):
    """The collections of a cluster and how they are sharded.

    `$listClusterCatalog`, since MongoDB 8.0.10.
    """

    name = "$listClusterCatalog"

    def __init__(
        self, *, shards: bool = MISSING, tracked: bool = MISSING, balancing_configuration: bool = MISSING
    ) -> None:
        super().__init__({"shards": shards, "tracked": tracked, "balancingConfiguration": balancing_configuration})


class ListLocalSessions(GenericStage):
    """The sessions that this server holds in memory.

    `$listLocalSessions`, since MongoDB 3.6.
    """

    name = "$listLocalSessions"

    def __init__(self, *, users: Any = MISSING, all_users: bool = MISSING) -> None:
        super().__init__({"users": users, "allUsers": all_users})


class ListSampledQueries(GenericStage):
    """Queries sampled for the analysis of a shard key.

    `$listSampledQueries`, since MongoDB 7.0.
    """

    name = "$listSampledQueries"

    def __init__(self, *, namespace: str = MISSING) -> None:
        super().__init__({"namespace": namespace})


class ListSearchIndexes(GenericStage):
    """The search indexes of the collection.

    `$listSearchIndexes`, since MongoDB 7.0.
    """

    name = "$listSearchIndexes"

    def __init__(self, *, id: str = MISSING, name: str = MISSING) -> None:
        super().__init__({"id": id, "name": name})


class ListSessions(GenericStage):
    """The sessions that the whole deployment knows.

    `$listSessions`, since MongoDB 3.6.
    """

    name = "$listSessions"

    def __init__(self, *, users: Any = MISSING, all_users: bool = MISSING) -> None:
        super().__init__({"users": users, "allUsers": all_users})


class PlanCacheStats(GenericStage):
    """The query plans that the server keeps for the collection.

    `$planCacheStats`, since MongoDB 4.2.
    `all_hosts` since MongoDB 7.1.
    """

    name = "$planCacheStats"

    def __init__(self, *, all_hosts: bool = MISSING) -> None:
        super().__init__({"allHosts": all_hosts})


class QuerySettings(GenericStage):
    """The settings made for query shapes; it starts a pipeline of the admin database.

    `$querySettings`, since MongoDB 8.0.
    """

    name = "$querySettings"

    def __init__(self, *, show_debug_query_shape: bool = MISSING) -> None:
        super().__init__({"showDebugQueryShape": show_debug_query_shape})


class QueryStats(GenericStage):
    """Statistics of query shapes; it starts a pipeline of the admin database.

    `$queryStats`, since MongoDB 6.0.7.
    """

    name = "$queryStats"

    def __init__(self, *, transform_identifiers: Any = MISSING) -> None:
        super().__init__({"transformIdentifiers": transform_identifiers})


class ShardedDataDistribution(GenericStage):
    """How much data of each sharded collection every shard holds.

    `$shardedDataDistribution`, since MongoDB 6.0.3.
    """

    name = "$shardedDataDistribution"

    def __init__(self) -> None:
        super().__init__({})


__all__ = [
    "ChangeStream",
    "ChangeStreamSplitLargeEvent",
    "CollStats",
    "CurrentOp",
    "Documents",
    "IndexStats",
    "ListClusterCatalog",
    "ListLocalSessions",
    "ListSampledQueries",
    "ListSearchIndexes",
    "ListSessions",
    "PlanCacheStats",
    "QuerySettings",
    "QueryStats",
    "ShardedDataDistribution",
]
