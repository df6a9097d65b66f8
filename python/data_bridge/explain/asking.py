"""Asking the server: the command, the indexes that exist, and what advice needs to know of the class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from .. import requests
from ..advice import Advice, Case, JoinedLink, advise
from ..advice.shape import shape_of
from ..client import default_client
from ..errors import CompileError
from ..fetching import described
from ..indexes import listed_indexes
from ..inheritance import descendants
from ..ir import stages
from ..ir.parse import parse_filter
from ..link_fields import link_fields, original_of
from ..links import LinkTo
from ..operation import Script
from ..schema import stored_name
from ..steps import Step, steps_of, steps_sent
from .reading import read_reply
from .result import Explain, ExplainedCommand
from .tree import ServerPlan

if TYPE_CHECKING:
    from ..document import Document
    from ..query import Query

VERBOSITIES = ("queryPlanner", "executionStats", "allPlansExecution")


def explain_script(query: Query[Any], verbosity: str) -> Script[Explain]:
    """The work of `query.explain()`.

    Raises:
        ValueError: the verbosity is none of the server's.
    """
    if verbosity not in VERBOSITIES:
        raise ValueError(f"verbosity is {verbosity!r}; give one of {', '.join(VERBOSITIES)}")
    compiled = query._compile(query._read(query._terminal()), traced=True)
    fetches = described(query._cls, *query._chosen())
    steps, note = steps_of(compiled), None
    commands = [step.command for step in steps]
    reads_ids = _is_for_ids(steps[0]) if steps else False
    if reads_ids and verbosity == "queryPlanner":
        note = "no ids were read: where a command holds those that another finds, the plan is that for one id"
    elif reads_ids:
        request = requests.filled(default_client(), compiled)
        commands = yield request
        steps = steps_sent(compiled, request.course)
    linked = _linked_classes(query._cls)
    explained = []
    for step, command in zip(steps, commands, strict=True):
        asked = {"explain": command, "verbosity": verbosity}
        reply = yield requests.command(default_client(), step.database or query._cls.settings().database, asked)
        plan = read_reply(reply)
        advice: list[Advice] = []
        if plan is not None and step is steps[-1]:
            advice = advise((yield from _case(query, command, plan)))
        elif plan is not None and _is_for_ids(step):
            found = advise((yield from _case_of_ids(linked[step.model], step, plan)))
            advice = [_about(each, step) for each in found]
        explained.append(ExplainedCommand(step, reply, plan, advice))
    return Explain(compiled, explained, note, python=query.to_python, fetches=fetches)


def _is_for_ids(step: Step) -> bool:
    """Whether the command is one whose ids a later one holds; the parts of a long one are not."""
    return step.purpose.startswith("ids ")


def _linked_classes(cls: type[Document]) -> dict[str, type[Document]]:
    """The classes that links lead to from here, through any number of links, by the names of their schemas."""
    found: dict[str, type[Document]] = {}
    waiting = [cls, *descendants(cls)]
    while waiting:
        for link in link_fields(waiting.pop()):
            if link.to.target.__name__ not in found:
                found[link.to.target.__name__] = link.to.target
                waiting.append(link.to.target)
    return found


def _case(query: Query[Any], command: Mapping[str, Any], plan: ServerPlan) -> Script[Case]:
    """What advice on the query's own command is drawn from."""
    cls, links = query._cls, _stored_links(query._cls)
    indexes = yield from listed_indexes(cls)
    joins = yield from _joins(query)
    # What is written behind a stage that changes documents may be asked before it.
    shape = max(shape_of(query._selection(), links), shape_of(_leading(command), links), key=lambda shape: shape.size)
    return Case(cls.__name__, shape, plan, indexes, query._options, _annotations(cls), links, joins)


def _leading(command: Mapping[str, Any]) -> Iterator[Any]:
    """What a pipeline that is sent asks of stored documents, as stages."""
    for stage in command.get("pipeline", ()):
        match stage:
            case {"$match": filter}:
                try:
                    yield stages.Match(parse_filter(filter))
                except CompileError:  # made by a plan, in a form that nobody writes
                    return
            case {"$sort": keys}:
                yield stages.Sort(tuple(keys.items()))
            case {"$skip": count}:
                yield stages.Skip(count)
            case {"$limit": count}:
                yield stages.Limit(count)
            case _:
                return


def _case_of_ids(cls: type[Document], step: Step, plan: ServerPlan) -> Script[Case]:
    """What advice on a read of ids is drawn from: its filter, where links were led to ids already."""
    indexes = yield from listed_indexes(cls)
    shape = shape_of([stages.Match(parse_filter(step.command["filter"]))])
    return Case(cls.__name__, shape, plan, indexes, {}, _annotations(cls), _stored_links(cls))


def _about(advice: Advice, step: Step) -> Advice:
    """Advice on a read of ids, which is of another class than the query."""
    code = advice.code and f"# in {step.model}\n{advice.code}"
    return replace(advice, message=f"{advice.message} ({step.purpose})", code=code)


def _stored_links(cls: type[Document]) -> frozenset[str]:
    return frozenset(link.stored for link in link_fields(cls) if not link.to.is_back)


def _annotations(cls: type[Document]) -> dict[str, tuple[str, str]]:
    found = {}
    for name, field in cls.model_fields.items():
        # pydantic keeps what an annotation says beside its type apart.
        told = [part for part in field.metadata if isinstance(part, LinkTo)]
        found[stored_name(name, field)] = (name, _link(told[0]) if told else written(field.annotation))
    return found


def _link(to: LinkTo) -> str:
    return f"Link[{to.target.__name__}]"


def _joins(query: Query[Any]) -> Script[list[JoinedLink]]:
    """The back links that the query fetches, each with the indexes of its other side."""
    cls, fetch = query._cls, query._fetch
    if fetch is None:
        fetch = ((), 1) if cls.settings().eager_load_links else ((), 0)
    paths = [path.path if hasattr(path, "path") else str(path) for path in fetch[0]]
    found = []
    for link in link_fields(cls):
        chosen = any(path == link.stored or path.startswith(link.stored + ".") for path in paths)
        if link.to.is_back and (chosen or (not paths and fetch[1] > 0)):
            original = original_of(cls, link.to, link.options)
            indexes = yield from listed_indexes(link.to.target)
            found.append(JoinedLink(link.stored, link.to.target.__name__, original.stored, indexes))
    return found


def written(annotation: Any) -> str:
    """A type as it is written in an annotation."""
    if annotation is type(None):
        return "None"
    origin, arguments = get_origin(annotation), get_args(annotation)
    told = [part for part in arguments if isinstance(part, LinkTo)]
    if told:
        return _link(told[0])
    if origin is Annotated:
        return written(arguments[0])
    if origin is None or not arguments:
        return getattr(annotation, "__name__", None) or str(annotation).replace("typing.", "")
    if not isinstance(origin, type) or origin.__name__ in ("UnionType", "Union"):
        return " | ".join(written(argument) for argument in arguments)
    return f"{origin.__name__}[{', '.join(written(argument) for argument in arguments)}]"
