"""Stages over the generic node.

Written by `make generate` from `ir/catalog/stages.toml`: change that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from ..fields.nodes import MISSING
from . import parts
from .base import GenericStage


class RankFusion(GenericStage):
    """Joins ranked pipelines into one ranking.

    `$rankFusion`, since MongoDB 8.0.
    """

    name = "$rankFusion"

    def __init__(self, input: Mapping[str, Any], *, combination: Any = MISSING, score_details: bool = MISSING) -> None:
        super().__init__({"input": parts.pipelines(input), "combination": combination, "scoreDetails": score_details})


class Rerank(GenericStage):
    """Ranks the first documents anew with a model.

    `$rerank`, since MongoDB 8.3.
    """

    name = "$rerank"

    def __init__(self, model: str, query: Any, path: Any, num_docs_to_rerank: int) -> None:
        super().__init__({"model": model, "query": query, "path": path, "numDocsToRerank": num_docs_to_rerank})


class Score(GenericStage):
    """Gives each document a score.

    `$score`, since MongoDB 8.2.
    """

    name = "$score"

    def __init__(
        self,
        score: Any,
        *,
        normalization: Literal["none", "sigmoid", "minMaxScaler"] = MISSING,
        weight: Any = MISSING,
        score_details: bool = MISSING,
    ) -> None:
        super().__init__(
            {
                "score": parts.expression(score),
                "normalization": parts.optional(
                    normalization, lambda given: parts.word(given, "none", "sigmoid", "minMaxScaler")
                ),
                "weight": parts.optional(weight, parts.expression),
                "scoreDetails": score_details,
            }
        )


class ScoreFusion(GenericStage):
    """Joins scored pipelines into one ranking.

    `$scoreFusion`, since MongoDB 8.2.
    """

    name = "$scoreFusion"

    def __init__(self, input: Mapping[str, Any], *, combination: Any = MISSING, score_details: bool = MISSING) -> None:
        super().__init__({"input": parts.pipelines(input), "combination": combination, "scoreDetails": score_details})


class Search(GenericStage):
    """A full-text search, as Atlas and search nodes take it.

    `$search`, since MongoDB 5.0.
    """

    name = "$search"

    def __init__(self, specification: Any) -> None:
        super().__init__(specification)


class SearchMeta(GenericStage):
    """What a full-text search found, without its documents.

    `$searchMeta`, since MongoDB 5.0.
    """

    name = "$searchMeta"

    def __init__(self, specification: Any) -> None:
        super().__init__(specification)


class VectorSearch(GenericStage):
    """Documents whose vectors are nearest to one.

    `$vectorSearch`, since MongoDB 6.0.
    `query` since MongoDB 8.2.
    `model` since MongoDB 8.2.
    """

    name = "$vectorSearch"

    def __init__(
        self,
        index: str,
        path: str,
        limit: int,
        *,
        query_vector: Any = MISSING,
        exact: bool = MISSING,
        filter: Any = MISSING,
        num_candidates: int = MISSING,
        return_stored_source: bool = MISSING,
        nested_options: Any = MISSING,
        parent_filter: Any = MISSING,
        query: Any = MISSING,
        model: str = MISSING,
    ) -> None:
        super().__init__(
            {
                "index": index,
                "path": path,
                "limit": limit,
                "queryVector": query_vector,
                "exact": exact,
                "filter": parts.optional(filter, parts.search_filter),
                "numCandidates": num_candidates,
                "returnStoredSource": return_stored_source,
                "nestedOptions": nested_options,
                "parentFilter": parts.optional(parent_filter, parts.search_filter),
                "query": query,
                "model": model,
            }
        )


__all__ = ["RankFusion", "Rerank", "Score", "ScoreFusion", "Search", "SearchMeta", "VectorSearch"]
