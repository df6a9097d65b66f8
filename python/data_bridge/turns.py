"""What one event loop is asked for in one turn, so that it can be sent together."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Protocol, TypeVar

from . import _core
from .operation import Request

Asked = TypeVar("Asked")
One = TypeVar("One", bound="Alone")
#: Whoever asked for something, and the future that waits for what comes of it.
Waiting = list[tuple[Asked, asyncio.Future[Any]]]

#: Event loops hold tasks weakly.
_tasks: set[asyncio.Task[Any]] = set()


class Alone(Protocol):
    """What can be sent by itself."""

    def alone(self) -> Request[Any]:
        """The request of it."""
        ...


def ask(key: Hashable, asked: Asked, send: Callable[[Waiting[Asked]], Coroutine[Any, Any, None]]) -> Any:
    """Sends it at the end of this turn of the running loop, with all that is asked for under the same key till then.

    Args:
        key: of what can be sent together.
        asked: what is to be sent.
        send: gets everything that was asked for when the turn ends; settles each future. What it raises is the error
            of all that are still waiting.
    """
    return _wait(_core.turn().setdefault(key, []), asked, send)


def ask_at_once(key: Hashable, asked: One, send: Callable[[Waiting[One]], Coroutine[Any, Any, None]]) -> Any:
    """Sends the first of a turn alone, so that a single one waits for nothing, and those that follow as `ask` does."""
    kept = _core.turn()
    waiting = kept.get(key)
    if waiting is None:
        kept[key] = []
        return asked.alone().start()
    return _wait(waiting, asked, send)


def _wait(
    waiting: Waiting[Asked], asked: Asked, send: Callable[[Waiting[Asked]], Coroutine[Any, Any, None]]
) -> asyncio.Future[Any]:
    loop = asyncio.get_running_loop()
    if not waiting:
        loop.call_soon(_end, waiting, send)
    future: asyncio.Future[Any] = loop.create_future()
    waiting.append((asked, future))
    return future


def _end(waiting: Waiting[Any], send: Callable[[Waiting[Any]], Coroutine[Any, Any, None]]) -> None:
    # Whoever comes later is not among these, even if the turn did not end.
    asked = waiting.copy()
    waiting.clear()
    _in_background(asked[0][1].get_loop(), _settle_all(asked, send))


async def _settle_all(waiting: Waiting[Any], send: Callable[[Waiting[Any]], Coroutine[Any, Any, None]]) -> None:
    try:
        await send(waiting)
    except BaseException as error:
        for _, future in waiting:
            # Raised by each of them, an error of one object would grow everybody's traceback.
            settle(future, error=copy.copy(error))
        if not isinstance(error, Exception):
            raise


def _in_background(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> None:
    task = loop.create_task(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


def settle(future: asyncio.Future[Any], result: Any = None, error: BaseException | None = None) -> None:
    """Sets what came of it, unless its task was cancelled meanwhile."""
    if future.done():
        return
    if isinstance(error, asyncio.CancelledError):
        future.cancel()
    elif error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


def answer_alone(future: asyncio.Future[Any], request: Callable[[], Request[Any]]) -> None:
    """Sends a request by itself, for the one who waits for the future; what making it raises is theirs too."""
    _in_background(future.get_loop(), _answer(future, request))


async def _answer(future: asyncio.Future[Any], request: Callable[[], Request[Any]]) -> None:
    try:
        settle(future, await request().start())
    except BaseException as error:
        settle(future, error=error)
        if not isinstance(error, Exception):
            raise
