"""Commands without their values: what stays is names, paths and operators."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from bson import json_util

MASK = "?"
#: Parts of commands that hold filters, in MongoDB's query language.
_FILTERS = {"filter", "query", "q"}
#: Parts whose values say how a command is run or what it gives, and are nobody's data.
_KEPT = {"sort", "projection", "fields", "hint", "collation", "key", "ordered", "new", "remove", "upsert", "multi"}
#: Stages whose bodies name collections and fields; the part that is a pipeline is one.
_NAMING = {"$lookup", "$graphLookup", "$unionWith", "$merge", "$out", "$unwind", "$count", "$sort", "$unset"}
_NAMES = {
    *("from", "as", "localField", "foreignField", "coll", "db", "into", "on", "path", "includeArrayIndex"),
    *("preserveNullAndEmptyArrays", "connectFromField", "connectToField", "depthField", "whenMatched"),
    "whenNotMatched",
}


def masked(command: Mapping[str, Any]) -> dict[str, Any]:
    """The command with "?" for every value that a user may have given."""
    found: dict[str, Any] = {}
    for position, (name, part) in enumerate(command.items()):
        if position == 0 and isinstance(part, Mapping):  # a command about a command: explain
            found[name] = masked(part)
        else:
            found[name] = part if position == 0 or name in _KEPT else _part(name, part)
    return found


def as_text(command: Mapping[str, Any]) -> str:
    """A command as relaxed extended JSON, one line."""
    return json_util.dumps(command, json_options=json_util.RELAXED_JSON_OPTIONS, ensure_ascii=False)


def plan_hash(commands: Sequence[Mapping[str, Any]]) -> str:
    """The hash of masked commands: 16 hexadecimal digits, the same in every process."""
    text = json.dumps([json.loads(as_text(command)) for command in commands], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _part(name: str, part: Any) -> Any:
    if name in _FILTERS:
        return _filter(part)
    if name == "pipeline":
        return [_stage(stage) for stage in part]
    if name in ("update", "u"):
        return [_stage(stage) for stage in part] if isinstance(part, list) else _update(part)
    if name in ("updates", "deletes"):
        return _alike([masked({"": None, **statement}) for statement in part])
    return {} if name == "cursor" else MASK


def _alike(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each form of statement once: how many there are is a value too."""
    found: list[dict[str, Any]] = []
    for statement in statements:
        statement.pop("")
        if statement not in found:
            found.append(statement)
    return found


def _filter(part: Any) -> Any:
    """A filter: below a path only operators are names, and a document without operators is a value."""
    if not isinstance(part, Mapping):
        return MASK
    found: dict[str, Any] = {}
    for name, inner in part.items():
        if name in ("$and", "$or", "$nor"):
            found[name] = [_filter(term) for term in inner]
        elif name == "$expr":
            found[name] = _expression(inner)
        elif name.startswith("$"):
            found[name] = MASK
        else:
            found[name] = _condition(inner)
    return found


def _condition(part: Any) -> Any:
    if not isinstance(part, Mapping) or not part or not all(name.startswith("$") for name in part):
        return MASK
    found: dict[str, Any] = {}
    for name, inner in part.items():
        if name == "$not":
            found[name] = _condition(inner)
        elif name == "$elemMatch":
            operators = isinstance(inner, Mapping) and all(key.startswith("$") for key in inner)
            found[name] = _condition(inner) if operators else _filter(inner)
        elif name in ("$exists", "$type"):
            found[name] = inner
        else:
            found[name] = MASK
    return found


def _update(part: Any) -> Any:
    if not isinstance(part, Mapping) or not all(name.startswith("$") for name in part):
        return MASK
    return {name: dict.fromkeys(paths, MASK) if isinstance(paths, Mapping) else MASK for name, paths in part.items()}


def _stage(stage: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, body in stage.items():
        if name == "$match":
            found[name] = _filter(body)
        elif name == "$facet":
            found[name] = {key: [_stage(inner) for inner in below] for key, below in body.items()}
        elif name == "$sort":
            found[name] = body
        elif name in _NAMING:
            found[name] = _naming(body)
        elif name == "$project":
            found[name] = {path: way if _is_switch(way) else _expression(way) for path, way in body.items()}
        else:
            found[name] = _expression(body)
    return found


def _naming(body: Any) -> Any:
    if not isinstance(body, Mapping):
        return body
    found: dict[str, Any] = {}
    for name, part in body.items():
        if name == "pipeline":
            found[name] = [_stage(stage) for stage in part]
        elif name == "restrictSearchWithMatch":
            found[name] = _filter(part)
        else:
            found[name] = part if name in _NAMES else _expression(part)
    return found


def _is_switch(value: Any) -> bool:
    """Whether a projection's value says only that the field is kept or dropped."""
    return value in (0, 1) and not isinstance(value, str)


def _expression(part: Any) -> Any:
    """An expression: paths and operators stay."""
    if isinstance(part, Mapping):
        return {name: MASK if name == "$literal" else _expression(inner) for name, inner in part.items()}
    if isinstance(part, list):
        items = [_expression(item) for item in part]
        # How many constants there are in a list is a value too.
        return [MASK] if items and all(item == MASK for item in items) else items
    return part if isinstance(part, str) and part.startswith("$") else MASK
