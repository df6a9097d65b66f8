"""Stages over the generic node.

Written by `make generate` from `ir/catalog/stages.toml`: change that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..fields.nodes import MISSING
from . import parts
from .base import GenericStage


class Redact(GenericStage):
    """Keeps, drops or descends into each level of a document, as `variable("KEEP")`, `"PRUNE"` or `"DESCEND"` says.

    `$redact`, since MongoDB 2.6.
    """

    name = "$redact"

    def __init__(self, expression: Any) -> None:
        super().__init__(parts.expression(expression))


class Densify(GenericStage):
    """Adds documents where a sequence of values has gaps.

    `$densify`, since MongoDB 5.1.
    """

    name = "$densify"

    def __init__(self, field: Any, range: Mapping[str, Any], *, partition_by_fields: Any = MISSING) -> None:
        super().__init__(
            {
                "field": parts.path(field),
                "partitionByFields": parts.optional(partition_by_fields, parts.paths),
                "range": parts.density(range),
            }
        )


class Fill(GenericStage):
    """Fills null and missing fields: with a value, along a line, or with the last value.

    `$fill`, since MongoDB 5.3.
    """

    name = "$fill"

    def __init__(
        self,
        output: Mapping[str, Any],
        *,
        partition_by: Any = MISSING,
        partition_by_fields: Any = MISSING,
        sort_by: Any = MISSING,
    ) -> None:
        super().__init__(
            {
                "partitionBy": parts.optional(partition_by, parts.partition),
                "partitionByFields": parts.optional(partition_by_fields, parts.paths),
                "sortBy": parts.optional(sort_by, parts.order),
                "output": parts.fills(output),
            }
        )


class GraphLookup(GenericStage):
    """Follows references through a collection, level by level, and gives all that was reached as a list.

    `$graphLookup`, since MongoDB 3.4.
    """

    name = "$graphLookup"

    def __init__(
        self,
        from_: Any,
        start_with: Any,
        connect_from_field: Any,
        connect_to_field: Any,
        as_: str,
        *,
        max_depth: int = MISSING,
        depth_field: str = MISSING,
        restrict_search_with_match: Any = MISSING,
    ) -> None:
        super().__init__(
            {
                "from": parts.collection(from_),
                "startWith": parts.expression(start_with),
                "connectFromField": parts.path(connect_from_field),
                "connectToField": parts.path(connect_to_field),
                "as": as_,
                "maxDepth": max_depth,
                "depthField": depth_field,
                "restrictSearchWithMatch": parts.optional(restrict_search_with_match, parts.query),
            }
        )
        self.other = from_


class GeoNear(GenericStage):
    """Documents nearest first, each with its distance.

    `$geoNear`, since MongoDB 2.4.
    """

    name = "$geoNear"

    def __init__(
        self,
        near: Any,
        *,
        distance_field: str = MISSING,
        distance_multiplier: float = MISSING,
        include_locs: str = MISSING,
        key: Any = MISSING,
        max_distance: float = MISSING,
        min_distance: float = MISSING,
        query: Any = MISSING,
        spherical: bool = MISSING,
    ) -> None:
        super().__init__(
            {
                "near": parts.location(near),
                "distanceField": distance_field,
                "distanceMultiplier": distance_multiplier,
                "includeLocs": include_locs,
                "key": parts.optional(key, parts.path),
                "maxDistance": max_distance,
                "minDistance": min_distance,
                "query": parts.optional(query, parts.query),
                "spherical": spherical,
            }
        )


__all__ = ["Densify", "Fill", "GeoNear", "GraphLookup", "Redact"]
