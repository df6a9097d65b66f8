"""Asking the server: the command, the indexes that exist, and what advice needs to know of the class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args, get_origin

from .. import requests
from ..advice import Advice, Case, JoinedLink, advise
from ..advice.shape import shape_of
from ..client import default_client
from ..errors import ServerError
from ..fetching import described
from ..link_fields import link_fields, original_of
from ..operation import Script
from ..schema import stored_name
from .result import Explain
from .tree import ServerPlan

if TYPE_CHECKING:
    from ..document import Document
    from ..query import Query

VERBOSITIES = ("queryPlanner", "executionStats", "allPlansExecution")
#: A user who may not list indexes, a collection that does not exist, a view.
_NO_INDEXES = (13, 26, 166)


def explain_script(query: Query[Any], verbosity: str) -> Script[Explain]:
    """The work of `query.explain()`.

    Raises:
        ValueError: the verbosity is none of the server's.
    """
    if verbosity not in VERBOSITIES:
        raise ValueError(f"verbosity is {verbosity!r}; give one of {', '.join(VERBOSITIES)}")
    compiled = query._compile(query._read(query._terminal()), traced=True)
    fetches = described(query._cls, *query._chosen())
    if not compiled.commands:
        return Explain(compiled, None, python=query.to_python, fetches=fetches)
    note = None
    if any(line.startswith("ids first") for line in compiled.to_dict()["links"]):
        # The ids come of a command that is run before; without it counts would be those of another query.
        verbosity = "queryPlanner"
        note = "the ids of linked documents are read first; the plan is that of the last command, which was not run"
    settings = query._cls.settings()
    command = {"explain": compiled.commands[-1], "verbosity": verbosity}
    reply = yield requests.command(default_client(), settings.database, command)
    indexes = yield from indexes_script(query._cls)
    joins = yield from _joins(query)
    advisers = _advisers(query, indexes, joins)
    return Explain(compiled, reply, advisers, note, python=query.to_python, fetches=fetches)


def indexes_script(cls: type[Document]) -> Script[list[dict[str, Any]]]:
    """The indexes of the class's collection, as the server lists them; none when it lists none."""
    settings = cls.settings()
    try:
        reply = yield requests.command(default_client(), settings.database, {"listIndexes": settings.name})
    except ServerError as error:
        if error.code in _NO_INDEXES:
            return []
        raise
    listed: list[dict[str, Any]] = reply["cursor"]["firstBatch"]
    return listed


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
            indexes = yield from indexes_script(link.to.target)
            found.append(JoinedLink(link.stored, link.to.target.__name__, original.stored, indexes))
    return found


def _advisers(
    query: Query[Any], indexes: Sequence[Mapping[str, Any]], joins: Sequence[JoinedLink]
) -> Callable[[ServerPlan], list[Advice]]:
    cls = query._cls
    links = frozenset(link.stored for link in link_fields(cls) if not link.to.is_back)
    shape = shape_of(query._selection(), links)
    annotations = {
        stored_name(name, field): (name, written(field.annotation)) for name, field in cls.model_fields.items()
    }

    def made(plan: ServerPlan) -> list[Advice]:
        return advise(Case(cls.__name__, shape, plan, indexes, query._options, annotations, links, joins))

    return made


def written(annotation: Any) -> str:
    """A type as it is written in an annotation."""
    if annotation is type(None):
        return "None"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is None or not arguments:
        return getattr(annotation, "__name__", None) or str(annotation).replace("typing.", "")
    if not isinstance(origin, type) or origin.__name__ in ("UnionType", "Union"):
        return " | ".join(written(argument) for argument in arguments)
    return f"{origin.__name__}[{', '.join(written(argument) for argument in arguments)}]"
