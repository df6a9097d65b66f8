"""data-bridge: a query compiler for MongoDB over pydantic documents."""

from . import errors, ir
from ._core import __version__
from .bulk import Bulk, BulkResult
from .client import Client, connect
from .document import Document, EmbeddedDocument
from .events import (
    After,
    Before,
    Delete,
    Event,
    Insert,
    Replace,
    Save,
    Update,
    ValidateOnSave,
    after_event,
    before_event,
)
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
from .settings import TimeSeriesConfig
from .types import PydanticObjectId
from .update import CurrentDate, Inc, Mul, Pop, Pull, Rename, Set, SetOnInsert, Unset

__all__ = [
    "Accumulator",
    "AddToSet",
    "After",
    "Avg",
    "BackLink",
    "Before",
    "Bulk",
    "BulkResult",
    "Client",
    "Count",
    "CurrentDate",
    "Dangling",
    "Delete",
    "DeleteRules",
    "Document",
    "EmbeddedDocument",
    "Event",
    "Explain",
    "F",
    "Facet",
    "Fetch",
    "First",
    "Group",
    "Inc",
    "Indexed",
    "Insert",
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
    "Replace",
    "ReplaceRoot",
    "Sample",
    "Save",
    "Set",
    "SetOnInsert",
    "Skip",
    "Sort",
    "SortByCount",
    "StdDevPop",
    "StdDevSamp",
    "Sum",
    "TimeSeriesConfig",
    "Unset",
    "Unwind",
    "Update",
    "ValidateOnSave",
    "WriteRules",
    "__version__",
    "after_event",
    "before_event",
    "connect",
    "errors",
    "fetch_links",
    "fn",
    "ir",
]
