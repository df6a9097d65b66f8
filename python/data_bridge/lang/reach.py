"""What a pipeline reaches: the collections that it reads and writes, and programs for the server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .. import ir
from ..errors import LangError
from ..ir.operators import SERVER_STAGES
from ..stages.base import WRITING
from .names import JAVASCRIPT_OPERATORS

#: By stage that reads another collection, where its name stands in the body.
_READS = {"$lookup": "from", "$graphLookup": "from", "$unionWith": "coll"}


def check_reach(stages: Iterable[Any], models: Iterable[type[Any]], writing: bool, javascript: bool, text: str) -> None:
    """Checks what a text's stages do beside reading the query's own collection.

    Raises:
        LangError: they write, or tell of the server, and must not, read a collection of none of the models, or run
            programs and must not.
    """
    allowed = {model.settings().name for model in models if hasattr(model, "settings")}
    for name, operand in _operators(tuple(stages)):
        if name in WRITING and not writing:
            raise _refused(text, f"{name} writes", "writing_not_allowed", "parse(..., allow_writing=True)")
        if not writing and (name in SERVER_STAGES or (name == "$changeStream" and _tells_all(operand))):
            hint = "parse(..., allow_writing=True), if the text is your own"
            raise _refused(text, f"{name} tells of the server", "server_not_allowed", hint)
        if name in JAVASCRIPT_OPERATORS and not javascript:
            raise _refused(text, f"{name} runs a program on the server", "javascript_not_allowed", None)
        if name in _READS:
            other = operand.get(_READS[name]) if isinstance(operand, Mapping) else operand
            if other is not None and not (isinstance(other, str) and other in allowed):
                hint = f"name its class among the models; their collections are {', '.join(sorted(allowed))}"
                raise _refused(text, f"{name} reads the collection {other!r}", "collection_not_allowed", hint)


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
