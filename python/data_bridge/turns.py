"""What one event loop is asked for in one turn, so that it can be sent together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar

Asked = TypeVar("Asked")

_open: dict[tuple[asyncio.AbstractEventLoop, Hashable], list[Any]] = {}
#: Event loops hold tasks weakly.
_tasks: set[asyncio.Task[Any]] = set()


def this_turn(
    key: Hashable, send: Callable[[list[Asked]], Coroutine[Any, Any, None]]
) -> tuple[list[Asked], asyncio.AbstractEventLoop, bool]:
    """What was asked for under a key in this turn of the running loop; the caller adds to it.

    Args:
        key: of what can be sent together.
        send: gets the list when the turn ends, if anything is in it.

    Returns:
        The list, the running loop, and whether nobody asked under this key before in this turn.
    """
    loop = asyncio.get_running_loop()
    place = (loop, key)
    asked = _open.get(place)
    if asked is not None:
        return asked, loop, False
    asked = _open[place] = []
    loop.call_soon(_end, place, send)
    return asked, loop, True


def _end(
    place: tuple[asyncio.AbstractEventLoop, Hashable], send: Callable[[list[Any]], Coroutine[Any, Any, None]]
) -> None:
    asked = _open.pop(place)
    if asked:
        in_background(place[0], send(asked))


def in_background(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> None:
    """Runs it as a task of the loop."""
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


async def answer(request: Any, future: asyncio.Future[Any]) -> None:
    """Sends a request by itself, for the one who waits for the future."""
    try:
        settle(future, await request.start())
    except BaseException as error:
        settle(future, error=error)
        if not isinstance(error, Exception):
            raise
