"""Buckets and windows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ..errors import CompileError
from ..fields import value
from ..fields.nodes import MISSING, of_documents
from ..fields.order import sort_keys
from ..outputs import outputs
from .base import GenericStage

GRANULARITIES = ("R5", "R10", "R20", "R40", "R80", "1-2-5", "E6", "E12", "E24", "E48", "E96", "E192", "POWERSOF2")


class Bucket(GenericStage):
    """Groups documents by the range that a value lies in: `Bucket(by=User.age, boundaries=[0, 18, 65], n=Count())`.

    Args:
        by: the value.
        boundaries: the least value of each range, and behind the last one where it ends, in ascending order.
        default: the `_id` of the group for all other values; without it the server fails on one.
        outputs: accumulators by name; the count of documents without any.
    """

    name = "$bucket"

    def __init__(self, by: Any, boundaries: Sequence[Any], *, default: Any = MISSING, **given: Any) -> None:
        if len(boundaries) < 2:
            raise CompileError("a bucket has two boundaries or more", code="bad_boundaries")
        if any(not low < high for low, high in pairwise(boundaries)):
            raise CompileError(f"boundaries ascend: {list(boundaries)!r} do not", code="bad_boundaries")
        body = {"groupBy": of_documents(by, "Bucket(by={}, ...)"), "boundaries": [value(each) for each in boundaries]}
        if default is not MISSING:
            body["default"] = value(default)
        super().__init__({**body, **({"output": outputs(given)} if given else {})})


class BucketAuto(GenericStage):
    """Groups documents into this many ranges of about equal size.

    Args:
        by: the value.
        buckets: how many groups.
        granularity: a series of preferred numbers for the boundaries, such as "R20" or "1-2-5".
        outputs: accumulators by name; the count of documents without any.
    """

    name = "$bucketAuto"

    def __init__(self, by: Any, buckets: int, *, granularity: str | None = None, **given: Any) -> None:
        if buckets < 1:
            raise CompileError(f"there is one bucket or more, not {buckets}", code="bad_boundaries")
        if granularity is not None and granularity not in GRANULARITIES:
            raise CompileError(f"{granularity!r} is none of {', '.join(GRANULARITIES)}", code="unknown_word")
        body: dict[str, Any] = {"groupBy": of_documents(by, "BucketAuto(by={}, ...)"), "buckets": buckets}
        if given:
            body["output"] = outputs(given)
        super().__init__(body if granularity is None else {**body, "granularity": granularity})


class SetWindowFields(GenericStage):
    """Computes fields over neighbouring documents:
    `SetWindowFields(partition_by=F.city, sort_by=F.day, total=Sum(F.sales).over(documents=("unbounded", "current")))`.

    Args:
        partition_by: documents with different values here are not neighbours.
        sort_by: the order of documents, as sort keys.
        outputs: accumulators and window functions by field name; over all of the partition without `.over(...)`.
    """

    name = "$setWindowFields"

    def __init__(self, *, partition_by: Any = MISSING, sort_by: Any = None, **given: Any) -> None:
        if not given:
            raise CompileError("window fields need one output or more", code="no_outputs")
        body: dict[str, Any] = {}
        if partition_by is not MISSING:
            body["partitionBy"] = of_documents(partition_by, "SetWindowFields(partition_by={}, ...)")
        if sort_by is not None:
            body["sortBy"] = dict(sort_keys(sort_by if isinstance(sort_by, (list, tuple)) else [sort_by]))
        super().__init__({**body, "output": outputs(given)})
