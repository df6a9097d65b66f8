"""The bodies of stages that the IR has no nodes for: each part as the operator table says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .collisions import refuse_collisions
from .expressions import Filter
from .mql import plain, spelled
from .parse import filter_at
from .parse_expressions import Scope, check_order, value_at, variables_at
from .parse_groups import outputs_at
from .places import Place, is_dict, is_list, nearest, shown
from .places import wrong as misplaced
from .signature import Argument, Signature

Pipelines = Callable[[Any, Scope, int, Place], tuple[Any, ...]]
#: Stages whose target may stand alone.
_OF_TEXT = ("$merge", "$out")
_REFERENCE = ("$id", "$ref", "$db")
_FILLS = ("linear", "locf")
wrong = partial(misplaced, code="malformed_pipeline", whole="pipeline")


def check_stored_name(path: Any, at: Place) -> None:
    """Refuses what is no path of a stored field."""
    if not isinstance(path, str):
        raise wrong(f"a field's name is a text, not {path!r}", at)
    for segment in path.split("."):
        if not segment or (segment[0] == "$" and segment not in _REFERENCE) or "\0" in segment:
            said = "a name in it is empty" if not segment else "a name begins with a dollar sign or holds NUL"
            raise wrong(f"{path!r} is not a field's path: {said}", at)


class _Reader:
    """Reads the parts of one stage's body.

    Args:
        name: the stage's.
        scope: what expressions see.
        depth: how many pipelines are around.
        pipelines: what reads stages inside.
    """

    __slots__ = ("depth", "name", "pipelines", "scope")

    def __init__(self, name: str, scope: Scope, depth: int, pipelines: Pipelines) -> None:
        self.name = name
        self.scope = scope
        self.depth = depth
        self.pipelines = pipelines

    def part(self, argument: Argument, given: Any, at: Place) -> Any:
        """A part as its type asks: nodes where the server computes, plain values elsewhere."""
        read = _PARTS.get(argument.types[0])
        if read is None:
            return value_at(given, self.scope, 0, at)
        return read(self, argument, given, at)

    def refuse(self, argument: Argument, expected: str, given: Any, at: Place) -> Any:
        return wrong(f"{self.name} takes {expected} as {argument.name!r}, not {shown(given)}", at)


def body_at(
    name: str, signature: Signature, body: Any, scope: Scope, depth: int, at: Place, pipelines: Pipelines
) -> Any:
    """What stands under a stage's name."""
    reader = _Reader(name, scope, depth, pipelines)
    if signature.shape == "single":
        return reader.part(signature.arguments[0], body, at)
    if isinstance(body, str) and name in _OF_TEXT:
        return body
    if not is_dict(body):
        raise wrong(f"{name} takes its arguments by name, in a dict, not {shown(body)}", at, f"arguments: {signature}")
    found = {}
    for key, given in body.items():
        argument = signature.by_name.get(key)
        if argument is None:
            hint = f"{nearest(key, signature.by_name)} arguments: {signature}"
            raise wrong(f"{name} has no argument {key!r}", (key, at), hint.strip())
        found[key] = reader.part(argument, given, (key, at))
    for argument in signature.required:
        if argument.name not in body and not (name == "$out" and argument.name == "db"):
            raise wrong(f"{name} needs {argument.name!r}", at, f"arguments: {signature}")
    return found


def _constant(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    return plain(given)


def _text(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    if not isinstance(given, str):
        raise reader.refuse(argument, "a text", given, at)
    if argument.words and given not in argument.words:
        raise reader.refuse(argument, f"one of {', '.join(argument.words)}", given, at)
    return given


def _path(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    if not isinstance(given, str) or not given or given.startswith("$"):
        raise reader.refuse(argument, "a field's path, without a dollar sign,", given, at)
    return given


def _paths(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    if isinstance(given, str):
        return _path(reader, argument, given, at)
    if not is_list(given):
        raise reader.refuse(argument, "a list of paths", given, at)
    return [_path(reader, argument, each, (place, at)) for place, each in enumerate(given)]


def _flag(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    if not isinstance(given, bool):
        raise reader.refuse(argument, "True or False", given, at)
    return given


def _number(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    if isinstance(given, (bool, str)) and not (isinstance(given, str) and given.startswith("$")):
        raise reader.refuse(argument, "a number", given, at)
    return given if isinstance(given, (int, float)) else value_at(given, reader.scope, 0, at)


def _collection(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    if not (isinstance(given, str) and given) and not is_dict(given):
        raise reader.refuse(argument, "a collection's name", given, at)
    return plain(given)


def _query(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    if not is_dict(given):
        raise reader.refuse(argument, "a filter", given, at)
    return spelled(Filter(filter_at(given, reader.scope.without_schema(), 0, at)))


def _partition(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    if not is_dict(given):
        raise reader.refuse(argument, "a document of values", given, at)
    return value_at(given, reader.scope, 0, at)


def _search_filter(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    if not is_dict(given):
        raise reader.refuse(argument, "a filter", given, at)
    # A search index knows few operators: what is written for it stays as it is.
    return filter_at(given, reader.scope.without_schema(), 0, at).to_mql()


def _pipeline(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    return reader.pipelines(given, reader.scope.without_schema(), reader.depth + 1, at)


def _pipelines(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    if not is_dict(given) or not is_dict(given.get("pipelines")):
        raise reader.refuse(argument, "{pipelines: {name: [...]}}", given, at)
    found = {name: plain(item) for name, item in given.items()}
    inner = ("pipelines", at)
    found["pipelines"] = {
        name: _pipeline(reader, argument, each, (name, inner)) for name, each in given["pipelines"].items()
    }
    return found


def _when_matched(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    return given if isinstance(given, str) else _pipeline(reader, argument, given, at)


def _variables(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    return variables_at(given, reader.scope, 0, at)


def _order(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    if not is_dict(given):
        raise reader.refuse(argument, "a dict of fields and directions", given, at)
    check_order(given, at)
    return plain(given)


def _items(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    if not is_list(given):
        raise reader.refuse(argument, "a list", given, at)
    return [value_at(each, reader.scope, 0, (place, at)) for place, each in enumerate(given)]


def _outputs(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    return outputs_at(given, reader.scope, at, argument.types[0] == "windows")


def _range(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    if not is_dict(given) or "step" not in given or "bounds" not in given:
        raise reader.refuse(argument, "{step: ..., unit: ..., bounds: ...}", given, at)
    return plain(given)


def _fills(reader: _Reader, argument: Argument, given: Any, at: Place) -> Any:
    if not is_dict(given):
        raise reader.refuse(argument, "a dict of fields", given, at)
    refuse_collisions("$fill", list(given.items()), at)
    found = {}
    for name, how in given.items():
        if is_dict(how) and set(how) == {"value"}:
            found[name] = {"value": value_at(how["value"], reader.scope, 0, ("value", (name, at)))}
        elif is_dict(how) and set(how) == {"method"} and how["method"] in _FILLS:
            found[name] = dict(how)
        else:
            raise wrong(
                f"{name} is filled by {{value: ...}} or {{method: linear or locf}}, not {shown(how)}", (name, at)
            )
    return found


_PARTS: Mapping[str, Callable[[_Reader, Argument, Any, Place], Any]] = {
    "constant": _constant,
    "geometry": _constant,
    "target": _collection,
    "collection": _collection,
    "word": _text,
    "path": _path,
    "field": _path,
    "paths": _paths,
    "flag": _flag,
    "int": _number,
    "number": _number,
    "query": _query,
    "partition": _partition,
    "search_filter": _search_filter,
    "pipeline": _pipeline,
    "pipelines": _pipelines,
    "when_matched": _when_matched,
    "variables": _variables,
    "sort": _order,
    "array": _items,
    "accumulators": _outputs,
    "windows": _outputs,
    "range": _range,
    "fills": _fills,
}
