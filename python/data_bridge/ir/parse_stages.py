"""Updates and pipelines of MQL, as plain Python, into the IR."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from data_bridge._core import Schema
from data_bridge.errors import CompileError

from . import stages
from .expressions import Raw
from .mql import BARE, OPERATORS, spelled
from .operators import STAGES, UPDATES
from .parse import filter_at, refuse_slip
from .paths import dtype_at, unknown_field
from .plans import UpdateOperation, UpdateOperators, UpdatePipeline


def parse_update(update: Any, schema: Schema | None = None) -> UpdateOperators | UpdatePipeline:
    """An update document, or a list of stages, as an update.

    Raises:
        CompileError: the update is malformed or names a field that does not exist; its path says where.
    """
    if isinstance(update, (list, tuple)):
        return UpdatePipeline(parse_pipeline(update, schema))
    if not isinstance(update, Mapping) or not update:
        raise _bad_update(f"an update is a dict of operators or a list of stages, not {update!r}", "update")
    operations = []
    for op, fields in update.items():
        if not isinstance(op, str) or not op.startswith("$"):
            raise _bad_update(
                f"{op!r} is not an update operator; to put a whole document in place use replace_one", str(op)
            )
        if op not in UPDATES:
            message = unknown_field("an update", op, UPDATES).replace("fields:", "operators:")
            raise CompileError(message, code="unknown_operator", path=op)
        if not isinstance(fields, Mapping):
            raise _bad_update(f"{op} takes a dict of fields, not {fields!r}", op)
        for path, operand in fields.items():
            if not isinstance(path, str):
                raise _bad_update(f"{op} takes a dict of fields, and {path!r} is no field", f"{op}.{path}")
            operations.append(UpdateOperation(op, path, dtype_at(schema, path), operand))
    return spelled(UpdateOperators(tuple(operations)), tuple(update))


def _bad_update(message: str, at: str) -> CompileError:
    return CompileError(message, code="malformed_update", path=at)


def parse_pipeline(pipeline: Any, schema: Schema | None = None) -> tuple[Any, ...]:
    """A list of stage documents as stages.

    Raises:
        CompileError: a stage is malformed; its path says which.
    """
    if not isinstance(pipeline, (list, tuple)):
        raise _wrong(f"a pipeline is a list of stages, not {pipeline!r}", "pipeline")
    parsed: list[Any] = []
    for place, stage in enumerate(pipeline):
        if not isinstance(stage, Mapping) or len(stage) != 1:
            raise _wrong(f"a stage is a dict with one key, not {stage!r}", str(place))
        [(name, body)] = stage.items()
        if not isinstance(name, str) or not name.startswith("$"):
            raise _wrong(f"{name!r} is not a stage: it must start with '$'", f"{place}.{name}")
        at = f"{place}.{name}"
        refuse_slip(name, STAGES, _wrong, at)
        read = _READ.get(name)
        # A later stage sees what the ones before it made, not the class's fields.
        known = None if read is None else read(body, None if parsed else schema, at)
        parsed.append(spelled(Raw({name: body})) if known is None else known)
    return tuple(parsed)


def _wrong(message: str, at: str) -> CompileError:
    return CompileError(message, code="malformed_pipeline", path=at)


def _match(body: Any, schema: Schema | None, at: str) -> Any:
    return spelled(stages.Match(filter_at(body, schema, 0, at)))


def _sort(body: Any, schema: Schema | None, at: str) -> Any:
    if not isinstance(body, Mapping) or not body:
        raise _wrong(f"$sort takes a dict of fields and directions, not {body!r}", at)
    for path, direction in body.items():
        if isinstance(direction, bool) or not (direction in (1, -1) or isinstance(direction, Mapping)):
            raise _wrong(f"$sort takes 1, -1 or {{$meta: ...}} as a direction, not {direction!r}", f"{at}.{path}")
    if all(type(direction) is int for direction in body.values()):
        return spelled(stages.Sort(tuple(body.items())))
    return None


def _count_of(kind: Callable[[int], Any], name: str, least: int) -> Callable[[Any, Schema | None, str], Any]:
    def read(body: Any, schema: Schema | None, at: str) -> Any:
        number = isinstance(body, (int, float)) and not isinstance(body, bool) and body == body // 1
        if not number or body < least:
            raise _wrong(f"{name} takes a whole number from {least}, not {body!r}", at)
        return spelled(kind(body)) if isinstance(body, int) else None

    return read


def _count(body: Any, schema: Schema | None, at: str) -> Any:
    if not isinstance(body, str) or not body or body.startswith("$") or "." in body or "\0" in body:
        raise _wrong(f"$count takes the name of a field, not {body!r}", at)
    return spelled(stages.CountStage(body))


def _unset(body: Any, schema: Schema | None, at: str) -> Any:
    paths = [body] if isinstance(body, str) else body
    if not isinstance(paths, (list, tuple)) or not paths or not all(isinstance(path, str) for path in paths):
        raise _wrong(f"$unset takes a path or a list of paths, not {body!r}", at)
    return spelled(stages.Unset(tuple(paths)), BARE if isinstance(body, str) else OPERATORS)


def _unwind(body: Any, schema: Schema | None, at: str) -> Any:
    path = body.get("path") if isinstance(body, Mapping) else body
    if not isinstance(path, str) or not path.startswith("$") or len(path) < 2:
        raise _wrong(f"$unwind takes a path that starts with '$', not {body!r}", at)
    return spelled(stages.Unwind(body[1:], None, False)) if isinstance(body, str) else None


#: What reads the stages that the IR has nodes for; None where only the raw stage keeps all of it.
_READ: Mapping[str, Callable[[Any, Schema | None, str], Any]] = {
    "$match": _match,
    "$sort": _sort,
    "$skip": _count_of(stages.Skip, "$skip", 0),
    "$limit": _count_of(stages.Limit, "$limit", 1),
    "$count": _count,
    "$unset": _unset,
    "$unwind": _unwind,
}
