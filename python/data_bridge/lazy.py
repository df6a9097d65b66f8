"""Links fetched one by one in the program, and together on the wire: those of one turn of the loop in one command."""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .document import Document
    from .links import Link

#: A line that fetches this many links one after another is told of the way to fetch them together.
_TOO_MANY_SINGLY = 10


class OneByOneWarning(UserWarning):
    """The same line fetches links one at a time, each with a command of its own."""


class _Waiting:
    """The links that one event loop is asked for in one turn, by class."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.links: dict[Any, tuple[Any, asyncio.Future[Any]]] = {}


_waiting: dict[type[Any], _Waiting] = {}
_singly: Counter[tuple[str, int]] = Counter()


def fetch_lazily(target: type[Document], link: Link[Any]) -> Any:
    """A request for the document of a link; None when there is none."""
    return _Lazy(target, link)


class _Lazy:
    __slots__ = ("link", "target")

    def __init__(self, target: type[Document], link: Link[Any]) -> None:
        self.target = target
        self.link = link

    def start(self) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        waiting = _waiting.get(self.target)
        if waiting is None or waiting.loop is not loop:
            waiting = _waiting[self.target] = _Waiting(loop)
            loop.call_soon(self._send, waiting, _caller())
        key = self.link.key
        if key not in waiting.links:
            waiting.links[key] = (self.link.id, loop.create_future())
        return asyncio.shield(waiting.links[key][1])

    def _send(self, waiting: _Waiting, caller: tuple[str, int] | None) -> None:
        if _waiting.get(self.target) is waiting:
            del _waiting[self.target]
        if len(waiting.links) == 1:
            _note(self.target, caller)
        task = waiting.loop.create_task(_answer(self.target, waiting.links))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)

    def wait(self) -> Any:
        _note(self.target, _caller())
        found = by_ids(self.target, [self.link.id]).to_list().run_sync()
        return found[0] if found else None


#: Event loops hold tasks weakly.
_tasks: set[asyncio.Task[None]] = set()


async def _answer(target: type[Document], links: dict[Any, tuple[Any, asyncio.Future[Any]]]) -> None:
    from .links import link_key

    try:
        documents = await by_ids(target, [id for id, _ in links.values()]).to_list()
    except BaseException as error:
        for _, future in links.values():
            if not future.done():
                future.set_exception(error)
        if not isinstance(error, Exception):
            raise
        return
    found = {link_key(document.id): document for document in documents}
    for key, (_, future) in links.items():
        if not future.done():
            future.set_result(found.get(key))


def by_ids(target: type[Document], ids: list[Any]) -> Any:
    """The query for the documents with these ids, each in the class that it was stored as."""
    from . import ir
    from .schema import schema_of

    field = ir.Field("_id", schema_of(target).field("_id"), target.__name__)  # type: ignore[arg-type]
    from .fields import Predicate

    return target.find(Predicate(ir.In(field, tuple(ids)))).with_children()


def _caller() -> tuple[str, int] | None:
    """The line of the user's program that asks."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if not module.startswith(("data_bridge.", "asyncio.", "pydantic.")) and module != "data_bridge":
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None


def _note(target: type[Document], caller: tuple[str, int] | None) -> None:
    if caller is None or not __debug__:
        return
    _singly[caller] += 1
    if _singly[caller] == _TOO_MANY_SINGLY:
        warnings.warn_explicit(
            f"this line fetched {_TOO_MANY_SINGLY} links to {target.__name__} one after another, with a command for "
            f"each; fetch them together: `.fetch_links(...)` on the query, or `await fetch_links(documents)`",
            OneByOneWarning,
            caller[0],
            caller[1],
        )
