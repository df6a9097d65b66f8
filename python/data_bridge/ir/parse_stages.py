"""Pipelines of MQL, as plain Python, into the IR."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from bson import Decimal128

from data_bridge._core import Schema

from . import stages
from .collisions import refuse_collisions
from .expressions import DocumentExpr, Expr, Raw
from .mql import BARE, OPERATORS, PLAIN, spelled
from .parse import filter_at
from .parse_bodies import body_at, check_stored_name
from .parse_expressions import Scope, check_depth, field_at, value_at, variables_at
from .parse_groups import accumulator_at, check_output
from .places import Place, is_dict, is_list, nearest, shown
from .places import wrong as misplaced
from .signatures import STAGES

#: Stages behind which documents have the fields they had.
_PASSING = frozenset(["$match", "$sort", "$skip", "$limit", "$sample"])
#: Pipelines in pipelines deeper than this are refused. The server has no more than 20 views in views, which are such.
DEEPEST_PIPELINE = 20
#: The error for a pipeline that no server takes.
wrong = partial(misplaced, code="malformed_pipeline", whole="pipeline")


class Pipeline(tuple[Any, ...]):
    """Stages in order."""

    __slots__ = ()

    def to_mql(self) -> list[Any]:
        """The stages, each as MQL; those that were parsed, as they were written."""
        return [stage.to_mql() for stage in self]


def parse_pipeline(pipeline: Any, schema: Schema | None = None) -> Pipeline:
    """A list of stage documents as stages.

    Args:
        pipeline: MQL, as PyMongo takes it.
        schema: the fields that may be named until a stage makes others; None allows any.

    Raises:
        CompileError: a stage is malformed or names a field that does not exist; its path says where.
    """
    return Pipeline(pipeline_at(pipeline, Scope(schema), 0, None))


def pipeline_at(pipeline: Any, scope: Scope, depth: int, at: Place) -> tuple[Any, ...]:
    """A pipeline at a place in what is parsed; `depth` counts the pipelines around."""
    if not is_list(pipeline):
        raise wrong(f"a pipeline is a list of stages, not {shown(pipeline)}", at)
    if depth > DEEPEST_PIPELINE:
        raise wrong(f"pipelines are nested more than {DEEPEST_PIPELINE} levels deep", None)
    parsed: list[Any] = []
    for place, stage in enumerate(pipeline):
        if isinstance(stage, (stages.Stage, Raw)):
            parsed.append(stage)
            scope = scope.without_schema()
            continue
        if not is_dict(stage) or len(stage) != 1:
            raise wrong(f"a stage is a dict with one key, not {shown(stage)}", (place, at))
        [(name, body)] = stage.items()
        parsed.append(_stage(name, body, scope, depth, (name, (place, at))))
        if name not in _PASSING:
            # A later stage sees what the ones before it made, not the class's fields.
            scope = scope.without_schema()
    return tuple(parsed)


def _stage(name: Any, body: Any, scope: Scope, depth: int, at: Place) -> Any:
    read = _READ.get(name)
    node = None if read is None else read(body, scope, depth, at)
    if node is not None:
        return node
    if not isinstance(name, str) or not name.startswith("$"):
        raise wrong(f"{name!r} is not a stage: it must start with '$'", at)
    signature = STAGES.get(name)
    if signature is None:
        raise wrong(f"there is no stage {name!r}", at, f"{nearest(name, STAGES)} Raw({{...}}) passes any".strip())
    return spelled(stages.GenericStage(name, body_at(name, signature, body, scope, depth, at, pipeline_at)))


def _match(body: Any, scope: Scope, depth: int, at: Place) -> Any:
    return spelled(stages.Match(filter_at(body, scope, 0, at)))


def _sort(body: Any, scope: Scope, depth: int, at: Place) -> Any:
    if not is_dict(body) or not body:
        raise wrong(f"$sort takes a dict of fields and directions, not {shown(body)}", at)
    plain = True
    for path, direction in body.items():
        if isinstance(direction, bool) or not (direction in (1, -1) or is_dict(direction)):
            raise wrong(f"$sort takes 1, -1 or {{$meta: ...}} as a direction, not {shown(direction)}", (path, at))
        if is_dict(direction):
            return spelled(stages.GenericStage("$sort", dict(body)))
        plain = plain and type(direction) is int
    if plain:
        return spelled(stages.Sort(tuple(body.items())))
    return spelled(stages.Sort(tuple((path, int(direction)) for path, direction in body.items())), dict(body))


def _whole(name: str, given: Any, least: int, at: Place) -> int:
    """A number of documents."""
    number = isinstance(given, (int, float)) and not isinstance(given, bool) and given == given // 1
    if not number or not least <= given < 2**63:
        raise wrong(f"{name} takes a whole number from {least}, not {shown(given)}", at)
    return int(given)


def _count_of(kind: Callable[[int], Any], name: str, least: int) -> Callable[[Any, Scope, int, Place], Any]:
    def read(body: Any, scope: Scope, depth: int, at: Place) -> Any:
        number = _whole(name, body, least, at)
        return spelled(kind(number), PLAIN if type(body) is int else body)

    return read


def _sample(body: Any, scope: Scope, depth: int, at: Place) -> Any:
    if not is_dict(body) or set(body) != {"size"}:
        raise wrong(f"$sample takes {{size: ...}}, not {shown(body)}", at)
    size = body["size"]
    number = _whole("$sample", size, 1, ("size", at))
    return spelled(stages.Sample(number), PLAIN if type(size) is int else size)


def _count(body: Any, scope: Scope, depth: int, at: Place) -> Any:
    if not isinstance(body, str) or not body or body.startswith("$") or "." in body or "\0" in body:
        raise wrong(f"$count takes the name of a field, not {shown(body)}", at)
    return spelled(stages.CountStage(body))


def _unset(body: Any, scope: Scope, depth: int, at: Place) -> Any:
    paths = [body] if isinstance(body, str) else body
    if not is_list(paths) or not paths or not all(isinstance(path, str) for path in paths):
        raise wrong(f"$unset takes a path or a list of paths, not {shown(body)}", at)
    for path in paths:
        check_stored_name(path, at)
    refuse_collisions("$unset", [(path, None) for path in paths], at)
    return spelled(stages.Unset(tuple(paths)), BARE if isinstance(body, str) else OPERATORS)


def _unwind(body: Any, scope: Scope, depth: int, at: Place) -> Any:
    named = is_dict(body)
    path = body.get("path") if named else body
    if not isinstance(path, str) or not path.startswith("$") or len(path) < 2:
        raise wrong(f"$unwind takes a path that starts with '$', not {shown(body)}", at)
    check_stored_name(path[1:], at)
    field_at(path[1:], scope, at)
    if not named:
        return spelled(stages.Unwind(path[1:], None, False), BARE)
    index, preserve = body.get("includeArrayIndex"), body.get("preserveNullAndEmptyArrays", False)
    for name in body:
        if name not in ("path", "includeArrayIndex", "preserveNullAndEmptyArrays"):
            raise wrong(f"$unwind has no argument {name!r}", (name, at), f"arguments: {STAGES['$unwind']}")
    if "includeArrayIndex" in body and (not isinstance(index, str) or not index or index.startswith("$")):
        raise wrong(f"includeArrayIndex is the name of a field, not {shown(index)}", ("includeArrayIndex", at))
    if not isinstance(preserve, bool):
        place = ("preserveNullAndEmptyArrays", at)
        raise wrong(f"preserveNullAndEmptyArrays is True or False, not {shown(preserve)}", place)
    return spelled(stages.Unwind(path[1:], index, preserve), tuple(body))


def _fields(name: str) -> Callable[[Any, Scope, int, Place], Any]:
    def read(body: Any, scope: Scope, depth: int, at: Place) -> Any:
        if not is_dict(body):
            raise wrong(f"{name} takes a dict of fields and values, not {shown(body)}", at)
        fields = []
        for path, given in body.items():
            place = (path, at)
            check_stored_name(path, place)
            node = value_at(given, scope, 0, place)
            _refuse_empty(node, place)
            fields.append((path, node))
        refuse_collisions(name, fields, at)
        return spelled(stages.Set(tuple(fields)), name)

    return read


def _refuse_empty(node: Expr, at: Place) -> None:
    """Refuses an empty document where documents are fields of their own."""
    if type(node) is DocumentExpr:
        if not node.fields:
            raise wrong("an empty document has no fields to store", at, 'write {"$literal": {}}')
        for name, inner in node.fields.items():
            _refuse_empty(inner, (name, at))


def _project(body: Any, scope: Scope, depth: int, at: Place) -> Any:
    if not is_dict(body) or not body:
        raise wrong(f"$project takes a dict of fields to keep, drop or compute, not {shown(body)}", at)
    fields: list[tuple[str, Any]] = []
    written = _projected(body, "", fields, scope, 0, at)
    _refuse_mixture(fields, at)
    refuse_collisions("$project", fields, at)
    return spelled(stages.Project(tuple(fields)), written)


def _projected(
    body: Mapping[Any, Any], prefix: str, fields: list[tuple[str, Any]], scope: Scope, depth: int, at: Place
) -> tuple[Any, ...]:
    """Reads what is kept, dropped and computed into `fields`; the answer says how it was nested."""
    check_depth(depth, at)
    written = []
    for name, given in body.items():
        place = (name, at)
        check_stored_name(name, place)
        path = prefix + name
        flag: Any = None
        if isinstance(given, (bool, int, float, Decimal128)):
            flag = given
            fields.append((path, given != 0 if not isinstance(given, Decimal128) else given.to_decimal() != 0))
        elif is_dict(given) and _keeps(given, depth):
            flag = _projected(given, f"{path}.", fields, scope, depth + 1, place)
        else:
            node = value_at(given, scope, depth, place)
            _refuse_empty(node, place)
            fields.append((path, node))
        written.append((name, flag))
    return tuple(written)


def _keeps(given: Any, depth: int) -> bool:
    """Whether a nested document keeps or drops fields, and does not only compute them."""
    check_depth(depth, None)
    for name, item in given.items():
        if isinstance(name, str) and name.startswith("$"):
            return False
        if isinstance(item, (bool, int, float, Decimal128)):
            return True
        if is_dict(item) and _keeps(item, depth + 1):
            return True
        if isinstance(name, str) and "." in name:
            return True
    return False


def _refuse_mixture(fields: list[tuple[str, Any]], at: Place) -> None:
    """What is kept or computed cannot stand beside what is dropped, the id apart."""
    dropped = next((path for path, given in fields if given is False and path != "_id"), None)
    if dropped is None:
        return
    for path, given in fields:
        if given is not False and path != "_id":
            raise wrong(
                f"$project drops {dropped!r} and keeps or computes {path!r}: it can do only one of both", (path, at)
            )


def _group(body: Any, scope: Scope, depth: int, at: Place) -> Any:
    if not is_dict(body) or "_id" not in body:
        raise wrong(f"$group takes a dict with an '_id', not {shown(body)}", at, "write _id: None for one group of all")
    outputs, place = [], 0
    by: Expr | None = None
    for number, (name, given) in enumerate(body.items()):
        if name == "_id":
            place = number
            by = None if given is None else value_at(given, scope, 0, (name, at))
            continue
        check_output(name, (name, at))
        outputs.append((name, accumulator_at(given, scope, (name, at))))
    return spelled(stages.Group(by, tuple(outputs)), place)


def _lookup(body: Any, scope: Scope, depth: int, at: Place) -> Any:
    signature = STAGES["$lookup"]
    if not is_dict(body):
        raise wrong(f"$lookup takes a dict, not {shown(body)}", at, f"arguments: {signature}")
    for name in body:
        if name not in signature.by_name:
            hint = f"{nearest(name, signature.by_name)} arguments: {signature}"
            raise wrong(f"$lookup has no argument {name!r}", (name, at), hint.strip())
    for name in ("localField", "foreignField", "as"):
        if name in body and (not isinstance(body[name], str) or body[name].startswith("$") or not body[name]):
            raise wrong(f"{name!r} is a path without a dollar sign, not {shown(body[name])}", (name, at))
    if "as" not in body:
        raise wrong("$lookup needs 'as', the field for what it finds", at)
    paths = ("localField" in body) + ("foreignField" in body)
    if paths == 1 or (paths == 0 and "pipeline" not in body):
        raise wrong("$lookup needs 'localField' and 'foreignField', or a 'pipeline', or all of them", at)
    collection = body.get("from")
    if is_dict(collection):
        # Of another database, which few servers know.
        return None
    if "from" in body and (not isinstance(collection, str) or not collection):
        raise wrong(f"'from' is a collection's name, not {shown(collection)}", ("from", at))
    if "localField" in body:
        field_at(body["localField"], scope, ("localField", at))
    let = variables_at(body["let"], scope, 0, ("let", at)) if "let" in body else {}
    inner = None
    if "pipeline" in body:
        inner = pipeline_at(body["pipeline"], Scope(names=scope.names.union(let)), depth + 1, ("pipeline", at))
    node = stages.Lookup(collection, body.get("localField"), body.get("foreignField"), let, inner, body["as"])
    return spelled(node, tuple(body))


def _union(body: Any, scope: Scope, depth: int, at: Place) -> Any:
    signature = STAGES["$unionWith"]
    if isinstance(body, str) and body:
        return spelled(stages.UnionWith(body, ()), BARE)
    if not is_dict(body) or not body:
        raise wrong(f"$unionWith takes a collection's name or a dict, not {shown(body)}", at, f"arguments: {signature}")
    for name in body:
        if name not in signature.by_name:
            raise wrong(f"$unionWith has no argument {name!r}", (name, at), f"arguments: {signature}")
    collection = body.get("coll")
    if "coll" in body and (not isinstance(collection, str) or not collection):
        raise wrong(f"'coll' is a collection's name, not {shown(collection)}", ("coll", at))
    inner = pipeline_at(body.get("pipeline", ()), scope.without_schema(), depth + 1, ("pipeline", at))
    return spelled(stages.UnionWith(collection, inner), tuple(body))


def _facet(body: Any, scope: Scope, depth: int, at: Place) -> Any:
    if not is_dict(body) or not body:
        raise wrong(f"$facet takes a dict of names and pipelines, not {shown(body)}", at)
    outputs = {}
    for name, inner in body.items():
        check_output(name, (name, at))
        outputs[name] = pipeline_at(inner, scope, depth + 1, (name, at))
    return spelled(stages.Facet(outputs))


#: What reads the stages that the IR has nodes for; it gives None for what only the generic stage can hold.
_READ: Mapping[str, Callable[[Any, Scope, int, Place], Any]] = {
    "$match": _match,
    "$project": _project,
    "$set": _fields("$set"),
    "$addFields": _fields("$addFields"),
    "$unset": _unset,
    "$sort": _sort,
    "$skip": _count_of(stages.Skip, "$skip", 0),
    "$limit": _count_of(stages.Limit, "$limit", 1),
    "$sample": _sample,
    "$group": _group,
    "$unwind": _unwind,
    "$count": _count,
    "$lookup": _lookup,
    "$unionWith": _union,
    "$facet": _facet,
}
