"""data-bridge: a query compiler for MongoDB over pydantic documents."""

from . import errors, geo, ir, lang, pipeline, predicates
from . import functions as fn
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
from .explain import Explain, PlanStage
from .fetching import Fetch, fetch_links
from .fields import Expression, FieldProxy, Predicate, Value
from .indexes import Indexed
from .ir import Raw
from .lambdas import cond, filter_, let, map_, reduce_, switch, variable
from .lazy import OneByOneWarning
from .link_audit import Dangling
from .links import BackLink, DeleteRules, Link, WriteRules
from .mapped import Mapped, mapped
from .operation import Operation
from .pipeline import *  # noqa: F403
from .plan import Plan
from .predicates import *  # noqa: F403
from .query import Page, Query
from .query_log import QueryEvent, QueryLog, log_queries
from .settings import TimeSeriesConfig
from .types import PydanticObjectId
from .update import ArrayFilters, Bit, CurrentDate, Each, Inc, Mul, Pop, Pull, PullAll, Rename, SetOnInsert

__all__ = [
    "After",
    "ArrayFilters",
    "BackLink",
    "Before",
    "Bit",
    "Bulk",
    "BulkResult",
    "Client",
    "CurrentDate",
    "Dangling",
    "Delete",
    "DeleteRules",
    "Document",
    "Each",
    "EmbeddedDocument",
    "Event",
    "Explain",
    "Expression",
    "Fetch",
    "FieldProxy",
    "Inc",
    "Indexed",
    "Insert",
    "Link",
    "Mapped",
    "Mul",
    "OneByOneWarning",
    "Operation",
    "Page",
    "Plan",
    "PlanStage",
    "Pop",
    "Predicate",
    "Pull",
    "PullAll",
    "PydanticObjectId",
    "Query",
    "QueryEvent",
    "QueryLog",
    "Raw",
    "Rename",
    "Replace",
    "Save",
    "SetOnInsert",
    "TimeSeriesConfig",
    "Update",
    "ValidateOnSave",
    "Value",
    "WriteRules",
    "__version__",
    "after_event",
    "before_event",
    "cond",
    "connect",
    "errors",
    "fetch_links",
    "filter_",
    "fn",
    "geo",
    "ir",
    "lang",
    "let",
    "log_queries",
    "map_",
    "mapped",
    "reduce_",
    "switch",
    "variable",
]
__all__ += pipeline.__all__
__all__ += predicates.__all__
