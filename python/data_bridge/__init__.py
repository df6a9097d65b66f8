"""data-bridge: a query compiler for MongoDB over pydantic documents."""

from . import errors, ir
from ._core import __version__
from .client import Client, connect
from .document import Document, EmbeddedDocument
from .functions import fn
from .indexes import Indexed
from .mapped import Mapped
from .operation import Operation
from .pipeline import (
    Accumulator,
    AddToSet,
    Avg,
    Count,
    F,
    Facet,
    First,
    Group,
    Last,
    Limit,
    Lookup,
    Match,
    Max,
    Min,
    Project,
    Push,
    ReplaceRoot,
    Sample,
    Skip,
    Sort,
    SortByCount,
    StdDevPop,
    StdDevSamp,
    Sum,
    Unwind,
)
from .plan import Explain, Plan
from .query import Page, Query
from .types import PydanticObjectId
from .update import CurrentDate, Inc, Mul, Pop, Pull, Rename, Set, SetOnInsert, Unset

__all__ = [
    "Accumulator",
    "AddToSet",
    "Avg",
    "Client",
    "Count",
    "CurrentDate",
    "Document",
    "EmbeddedDocument",
    "Explain",
    "F",
    "Facet",
    "First",
    "Group",
    "Inc",
    "Indexed",
    "Last",
    "Limit",
    "Lookup",
    "Mapped",
    "Match",
    "Max",
    "Min",
    "Mul",
    "Operation",
    "Page",
    "Plan",
    "Pop",
    "Project",
    "Pull",
    "Push",
    "PydanticObjectId",
    "Query",
    "Rename",
    "ReplaceRoot",
    "Sample",
    "Set",
    "SetOnInsert",
    "Skip",
    "Sort",
    "SortByCount",
    "StdDevPop",
    "StdDevSamp",
    "Sum",
    "Unset",
    "Unwind",
    "__version__",
    "connect",
    "errors",
    "fn",
    "ir",
]
