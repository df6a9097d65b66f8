"""What a query reaches: the collections that it reads and writes, and programs for the server."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .. import ir
from ..errors import CompileError, DataBridgeError, LangError
from ..fetch_levels import Holders
from ..fetch_paths import Fetch, leads, levels_of
from ..inheritance import descendants
from ..ir.operators import SERVER_STAGES
from ..link_fields import link_fields
from ..query import Query
from ..stages.base import WRITING
from ..steps import steps_of, steps_otherwise
from .names import JAVASCRIPT_OPERATORS
from .statement import Statement

#: By stage that reads another collection, where its name stands in the body.
_READS = {"$lookup": "from", "$graphLookup": "from", "$unionWith": "coll"}


def check_reach(stages: Iterable[Any], models: Iterable[type[Any]], writing: bool, javascript: bool, text: str) -> None:
    """Checks what a text's stages do beside reading the query's own collection.

    Raises:
        LangError: they write, or tell of the server, and must not, read a collection of none of the models, or run
            programs and must not.
    """
    allowed = _collections(models)
    for name, operand in _operators(tuple(stages)):
        if name in WRITING and not writing:
            raise _refused(text, f"{name} writes", "writing_not_allowed", "parse(..., allow_writing=True)")
        if not writing and (name in SERVER_STAGES or (name == "$changeStream" and _tells_all(operand))):
            hint = "parse(..., allow_writing=True), if the text is your own"
            raise _refused(text, f"{name} tells of the server", "server_not_allowed", hint)
        if name in JAVASCRIPT_OPERATORS and not javascript:
            raise _refused(text, f"{name} runs a program on the server", "javascript_not_allowed", None)
    for name, other in _joined(tuple(stages)):
        _check_collection(other, allowed, name, text)


def check_links(asked: Query[Any] | Statement, models: Iterable[type[Any]], text: str) -> None:
    """Checks that a text's query follows links only to collections of the models.

    Raises:
        LangError: a link leads elsewhere, or what it leads to cannot be fetched.
    """
    query = asked.query if isinstance(asked, Statement) else asked
    # The stages of a pipeline may name other classes, which have links.
    if not query._is_pipeline and not any(map(link_fields, descendants(query._cls))):
        return
    allowed = _collections(models)
    for name in _sent(asked):
        _check_collection(name, allowed, "a link that it follows", text)
    if isinstance(asked, Statement) and asked.terminal not in _GIVE_DOCUMENTS:
        return
    try:
        for target, fetch in _fetched(query._cls, *query._chosen()):
            _check_collection(target.settings().name, allowed, "a link that it fetches", text)
            narrowed = target.find() if fetch.filter is None else target.find(fetch.filter)
            sort = fetch.sort if isinstance(fetch.sort, (list, tuple)) else [fetch.sort]
            for name in _sent(narrowed if fetch.sort is None else narrowed.sort(*sort)):
                _check_collection(name, allowed, "a link that it follows", text)
    except LangError:
        raise
    except CompileError as error:
        raise LangError(
            error.message, code=error.code, text=text, position=0, path=error.path, hint=error.hint
        ) from error


#: Terminals that give documents, in whose links others may be fetched.
_GIVE_DOCUMENTS = frozenset(
    {
        *("to_list", "first", "one", "paginate"),
        *("find_one_and_update", "find_one_and_replace", "find_one_and_delete"),
    }
)


def _sent(asked: Query[Any] | Statement) -> Iterator[str]:
    """The collections that the commands are about and join with; none of what cannot be sent."""
    try:
        node = asked._node() if isinstance(asked, Statement) else asked._read(asked._terminal())
        query = asked.query if isinstance(asked, Statement) else asked
        compiled = query._compile(node)
        commands = [step.command for step in (*steps_of(compiled), *steps_otherwise(compiled)[1])]
    except (DataBridgeError, TypeError, ValueError):
        # Running it tells what is wrong.
        return
    about = (next(iter(command.values())) for command in commands)
    # Stages that tell of the server are about collections of its own, and are refused by name.
    yield from (name for name in about if isinstance(name, str) and not name.startswith("system."))
    yield from (other for _, other in _joined(commands))


def _fetched(cls: type[Any], paths: Sequence[Any], depth: int) -> Iterator[tuple[type[Any], Fetch]]:
    """The classes whose documents a fetch reads, each with what is said of them."""
    waiting: deque[tuple[Holders, int]] = deque()
    for member in descendants(cls):
        known = [path for path in paths if leads(member, path)]
        if known or not paths:
            waiting.append((Holders(member, levels_of(member, known)), depth))
    seen = set(descendants(cls))
    while waiting:
        holders, depth = waiting.popleft()
        for each in holders.chosen() if holders.levels is not None or depth > 0 else ():
            yield each.target, each.level.fetch
            if each.level.below:
                waiting.append((Holders(each.target, each.level.below), depth))
            new = [member for member in descendants(each.target) if member not in seen]
            if holders.levels is None and depth > 1:
                seen.update(new)
                waiting += [(Holders(member, None), depth - 1) for member in new]


def _joined(part: Any) -> Iterator[tuple[str, Any]]:
    """The stages that read another collection, each with that one."""
    for name, operand in _operators(part):
        if name in _READS:
            other = operand.get(_READS[name]) if isinstance(operand, Mapping) else operand
            if other is not None:
                yield name, other


def _collections(models: Iterable[type[Any]]) -> set[str]:
    return {model.settings().name for model in models if hasattr(model, "settings")}


def _check_collection(name: Any, allowed: set[str], what: str, text: str) -> None:
    if not (isinstance(name, str) and name in allowed):
        hint = f"name its class among the models; their collections are {', '.join(sorted(allowed))}"
        raise _refused(text, f"{what} reads the collection {name!r}", "collection_not_allowed", hint)


def _tells_all(operand: Any) -> bool:
    """Whether a change stream is of the whole cluster."""
    return isinstance(operand, Mapping) and "allChangesForCluster" in operand


def _refused(text: str, message: str, code: str, hint: str | None) -> LangError:
    return LangError(f"{message}, which this text may not", code=code, text=text, position=0, hint=hint)


def _operators(part: Any) -> Iterator[tuple[str, Any]]:
    """Every operator in nodes and dicts, with its operand."""
    waiting = [part]
    while waiting:
        each = waiting.pop()
        if isinstance(each, ir.stages.GenericStage):
            name, body = each._parts()
            yield name, body
            waiting.append(body)
        elif isinstance(each, ir.stages.Lookup):
            collection, _, _, let, pipeline, _ = each._parts()
            yield "$lookup", {"from": collection}
            waiting += [let, pipeline]
        elif isinstance(each, ir.stages.UnionWith):
            yield "$unionWith", {"coll": each.collection}
            waiting.append(each.pipeline)
        elif isinstance(each, (ir.Call, ir.stages.Accumulator)):
            yield each._parts()[0], None
            waiting += each._parts()
        elif isinstance(each, ir.Node):
            waiting += each._parts()
        elif isinstance(each, Mapping):
            yield from each.items()
            waiting += each.values()
        elif isinstance(each, (list, tuple)):
            waiting += each
