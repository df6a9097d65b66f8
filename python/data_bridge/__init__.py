"""data-bridge: a query compiler for MongoDB over pydantic documents."""

from . import errors, ir
from ._core import __version__
from .client import Client, connect
from .document import Document, EmbeddedDocument
from .fetching import Fetch, fetch_links
from .functions import fn
from .indexes import Indexed
from .lazy import OneByOneWarning
from .link_audit import Dangling
from .links import BackLink, DeleteRules, Link, WriteRules
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
    "BackLink",
    "Client",
    "Count",
    "CurrentDate",
    "Dangling",
    "DeleteRules",
    "Document",
    "EmbeddedDocument",
    "Explain",
    "F",
    "Facet",
    "Fetch",
    "First",
    "Group",
    "Inc",
    "Indexed",
    "Last",
    "Limit",
    "Link",
    "Lookup",
    "Mapped",
    "Match",
    "Max",
    "Min",
    "Mul",
    "OneByOneWarning",
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
    "WriteRules",
    "__version__",
    "connect",
    "errors",
    "fetch_links",
    "fn",
    "ir",
]
