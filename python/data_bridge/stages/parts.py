"""The parts of a generic stage's body, from what users write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import ir
from ..errors import CompileError
from ..fields import FieldProxy, value
from ..fields.nodes import MISSING
from ..fields.order import sort_keys
from ..geo import geojson
from ..ir import stages
from ..ir.collisions import refuse_collisions
from .base import conjunction, to_stages

METHODS = ("linear", "locf")


def order(given: Any) -> dict[str, int]:
    """Sort keys as a document."""
    return dict(sort_keys(given if isinstance(given, (list, tuple)) else [given]))


def location(given: Any) -> Any:
    """A GeoJSON point, or a flat pair."""
    if isinstance(given, (list, tuple)):
        return list(given)
    return geojson(given)


def density(given: Mapping[str, Any]) -> dict[str, Any]:
    """`{"step": 1, "unit": "hour", "bounds": "full" | "partition" | [low, high]}`.

    Raises:
        CompileError: step or bounds are missing or no such.
    """
    unknown = set(given) - {"step", "unit", "bounds"}
    bounds: Any = given.get("bounds")
    if not isinstance(bounds, str) and bounds is not None:
        bounds = list(bounds)
    known = bounds in ("full", "partition") or (isinstance(bounds, list) and len(bounds) == 2)
    if unknown or "step" not in given or not known:
        raise CompileError(
            f"{dict(given)!r} is not a range to fill",
            code="bad_range",
            hint='write {"step": 1, "unit": "hour", "bounds": "full"}; bounds may be "partition" or [low, high]',
        )
    return {**given, "bounds": bounds}


def fills(given: Mapping[str, Any]) -> dict[str, Any]:
    """How each field is filled: "linear", "locf", or `{"value": expression}`.

    Raises:
        CompileError: a field is filled in no known way, or is below another.
    """
    found: dict[str, Any] = {}
    refuse_collisions("$fill", [(str(name), how) for name, how in given.items()])
    for name, how in given.items():
        if how in METHODS if isinstance(how, str) else False:
            found[str(name)] = {"method": how}
        elif isinstance(how, Mapping) and set(how) == {"value"}:
            found[str(name)] = {"value": value(how["value"])}
        elif isinstance(how, Mapping) and how.get("method") in METHODS:
            found[str(name)] = dict(how)
        else:
            raise CompileError(
                f"{name} cannot be filled by {how!r}",
                code="bad_fill",
                hint='write "linear", "locf" or {"value": expression}',
            )
    return found


def optional(given: Any, make: Any) -> Any:
    """A part that may be missing."""
    return given if given is MISSING else make(given)


def path(given: Any) -> str:
    """A field's path, without the dollar sign."""
    return str(given).removeprefix("$")


def paths(given: Any) -> list[str]:
    """Paths of several fields, or of one."""
    return [path(each) for each in ([given] if isinstance(given, (str, FieldProxy)) else given)]


def collection(given: Any) -> str:
    """A collection's name, from itself or from its document class."""
    name: str = given if isinstance(given, str) else given.settings().name
    return name


def expression(given: Any) -> Any:
    """A value, with text and lists quoted where they would be read as paths."""
    return value(given)


def partition(given: Any) -> Any:
    """What parts of documents are told apart by: the server takes a document of values there, and no value alone."""
    node = value(given)
    return node if isinstance(node, ir.DocumentExpr) else ir.DocumentExpr({"value": node})


def query(given: Any) -> Any:
    """A filter inside a stage."""
    return ir.Filter(conjunction([given], None))


def search_filter(given: Any) -> Any:
    """A filter for a search index, which knows few operators: as it is on the wire."""
    predicate = conjunction([given], None)
    return predicate.to_mql() if isinstance(given, Mapping) else stages.Match(predicate).to_mql()["$match"]


def pipeline(given: Any) -> Any:
    """Stages inside a stage."""
    return to_stages(given, None)


def pipelines(given: Any) -> Any:
    """`{"pipelines": {name: stages}}` and what stands beside it."""
    inner = given.get("pipelines", given)
    rest = {key: item for key, item in given.items() if key != "pipelines"} if inner is not given else {}
    return {"pipelines": {name: to_stages(each, None) for name, each in inner.items()}, **rest}


def variables(given: Mapping[str, Any]) -> dict[str, Any]:
    """Expressions by name."""
    return {name: value(item) for name, item in given.items()}


def word(given: Any, *known: str) -> Any:
    """A constant word.

    Raises:
        CompileError: it is none of those known.
    """
    if known and given not in known:
        raise CompileError(f"{given!r} is none of {', '.join(known)}", code="unknown_word")
    return given
