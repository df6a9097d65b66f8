"""Every stage of an aggregation, as a class."""

from ..update import Set, Unset
from . import inspecting, searching, shaping
from .core import (
    AddFields,
    Count,
    Facet,
    Group,
    Limit,
    Lookup,
    Match,
    Merge,
    Out,
    Project,
    ReplaceRoot,
    ReplaceWith,
    Sample,
    Skip,
    Sort,
    SortByCount,
    UnionWith,
    Unwind,
)
from .grouping import Bucket, BucketAuto, SetWindowFields
from .inspecting import *  # noqa: F403
from .searching import *  # noqa: F403
from .shaping import *  # noqa: F403

__all__ = [
    "AddFields",
    "Bucket",
    "BucketAuto",
    "Count",
    "Facet",
    "Group",
    "Limit",
    "Lookup",
    "Match",
    "Merge",
    "Out",
    "Project",
    "ReplaceRoot",
    "ReplaceWith",
    "Sample",
    "Set",
    "SetWindowFields",
    "Skip",
    "Sort",
    "SortByCount",
    "UnionWith",
    "Unset",
    "Unwind",
]
# Those that are generated.
__all__ += inspecting.__all__
__all__ += searching.__all__
__all__ += shaping.__all__
