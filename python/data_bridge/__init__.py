"""data-bridge: a query compiler for MongoDB over pydantic documents."""

from . import errors, geo, ir, pipeline, predicates
from . import functions as fn
from ._core import __version__
from .client import Client, connect
from .document import Document, EmbeddedDocument
from .indexes import Indexed
from .lambdas import cond, filter_, let, map_, reduce_, switch, variable
from .mapped import Mapped
from .operation import Operation
from .pipeline import *  # noqa: F403
from .pipeline import F
from .plan import Explain, Plan
from .predicates import *  # noqa: F403
from .query import Page, Query
from .types import PydanticObjectId
from .update import ArrayFilters, Bit, CurrentDate, Each, Inc, Mul, Pop, Pull, PullAll, Rename, SetOnInsert

__all__ = [
    "ArrayFilters",
    "Bit",
    "Client",
    "CurrentDate",
    "Document",
    "Each",
    "EmbeddedDocument",
    "Explain",
    "F",
    "Inc",
    "Indexed",
    "Mapped",
    "Mul",
    "Operation",
    "Page",
    "Plan",
    "Pop",
    "Pull",
    "PullAll",
    "PydanticObjectId",
    "Query",
    "Rename",
    "SetOnInsert",
    "__version__",
    "cond",
    "connect",
    "errors",
    "filter_",
    "fn",
    "geo",
    "ir",
    "let",
    "map_",
    "reduce_",
    "switch",
    "variable",
]
__all__ += pipeline.__all__
__all__ += predicates.__all__
