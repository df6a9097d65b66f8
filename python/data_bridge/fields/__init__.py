"""Fields and expressions as users write them."""

from .expression import Expression, Predicate, SortKey
from .nodes import MISSING, coerce, listed, named, positions, result, single, to_ir, value
from .order import order, sort_keys
from .path import Path, UnknownField
from .proxy import FieldAccess, FieldProxy, OpenField, building, no_such_field
from .values import Value

__all__ = [
    "MISSING",
    "Expression",
    "FieldAccess",
    "FieldProxy",
    "OpenField",
    "Path",
    "Predicate",
    "SortKey",
    "UnknownField",
    "Value",
    "building",
    "coerce",
    "listed",
    "named",
    "no_such_field",
    "order",
    "positions",
    "result",
    "single",
    "sort_keys",
    "to_ir",
    "value",
]
