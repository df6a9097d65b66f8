"""Every name that a text may use: nothing else is ever looked up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from .. import accumulators, functions, geo, ir, lambdas, predicates, stages, update, update_operators, windows
from ..fields.methods import RECEIVERS
from ..ir.operators import SERVER_STAGES
from ..pipeline_builder import PipelineBuilder
from .literals import CONSTRUCTORS

#: What runs programs on the server.
JAVASCRIPT = frozenset({"Where", "JsAccumulator", "fn.function"})
#: Operators that do so, in dicts.
JAVASCRIPT_OPERATORS = frozenset({"$where", "$function", "$accumulator"})

#: Stages that read or write other collections.
REACHING = frozenset({"Lookup", "GraphLookup", "UnionWith", "Out", "Merge"})
REACHING |= {"lookup", "graph_lookup", "union_with", "out", "merge", "stage"}
#: Stages that tell of the server, and may be of a whole cluster, by class and by method.
_OF_SERVER = {name[1].upper() + name[2:] for name in (*SERVER_STAGES, "$changeStream")}
REACHING |= _OF_SERVER | {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in _OF_SERVER}

_GEOMETRIES = (
    *("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"),
    *("Box", "Circle", "SphereCircle", "FlatPolygon"),
)
_LAMBDAS = ("cond", "filter_", "let", "map_", "reduce_", "switch", "variable")

#: Methods of fields: tests, orders and updates.
FIELD_METHODS = frozenset(
    {
        *("in_", "not_in", "between", "exists", "is_null", "type_", "startswith", "endswith", "contains"),
        *("icontains", "regex", "any", "elem_match", "all_", "size", "mod", "bits_all_set", "bits_any_set"),
        *("bits_all_clear", "bits_any_clear", "near", "near_sphere", "within", "intersects", "asc", "desc", "fetch"),
        *("set", "unset", "inc", "mul", "min", "max", "set_on_insert", "push", "add_to_set", "pull", "pull_all"),
        *("bit", "pop", "rename", "current_date"),
    }
)
#: Methods of computed values and variables, beside those that functions have as methods.
VALUE_METHODS = frozenset({"in_", "not_in", "between", "map", "filter", "reduce", *RECEIVERS})
#: Methods of accumulators.
OUTPUT_METHODS = frozenset({"over"})
#: Methods of queries that give another query.
QUERY_METHODS = frozenset(
    {
        *(
            "find",
            "with_children",
            "lazy",
            "sort",
            "skip",
            "limit",
            "project",
            "fetch_links",
            "hint",
            "collation",
            "comment",
        ),
        *("max_time", "batch_size", "read_preference", "read_concern", "optimize", "aggregate"),
    }
)
#: Methods of pipelines that give a longer one: those of every stage, and what their rows are.
PIPELINE_METHODS = frozenset(name for name in vars(PipelineBuilder) if not name.startswith("_")) | {"stage", "output"}
#: What ends a query and only reads.
READS = frozenset(
    {"to_list", "first", "one", "count", "exists", "distinct", "sum", "avg", "min", "max", "paginate", "explain"}
)
#: What ends a query and writes.
WRITES = frozenset(
    {
        "update",
        "update_one",
        "upsert",
        "delete",
        "delete_one",
        "find_one_and_update",
        "find_one_and_replace",
        "find_one_and_delete",
    }
)
#: Methods of a class that give a query.
CLASS_QUERIES = frozenset({"find", "find_one", "find_all", "all", "aggregate", "pipeline"})
#: Methods of a class that end a query of all its documents.
CLASS_READS = frozenset({"count", "distinct"})
#: By method of a class that writes, what ends the query.
CLASS_WRITES: Mapping[str, str] = {"update_all": "update", "delete_all": "delete"}


def _table(module: Any, names: Iterable[str]) -> dict[str, Callable[..., Any]]:
    return {name: vars(module)[name] for name in names}


@cache
def functions_by_name() -> Mapping[str, Callable[..., Any]]:
    """What may be called: classes, functions and, as `fn.name`, the expressions."""
    return {
        **CONSTRUCTORS,
        # A constant that is not looked into, where lists and dicts are computed values.
        "ir.Literal": ir.Literal,
        **_table(predicates, predicates.__all__),
        **_table(accumulators, accumulators.__all__),
        **_table(windows, windows.__all__),
        **_table(stages, stages.__all__),
        **_table(update, ("ArrayFilters", "CurrentDate", "Each")),
        **_table(update_operators, update_operators.__all__),
        **_table(geo, _GEOMETRIES),
        **_table(lambdas, _LAMBDAS),
        **{f"fn.{name}": function for name, function in _table(functions, functions.__all__).items()},
    }


@cache
def namespaces() -> frozenset[str]:
    """What stands before the dot of functions."""
    return frozenset(name.split(".")[0] for name in functions_by_name() if "." in name)
