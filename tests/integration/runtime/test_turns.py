"""What is kept in one turn of an event loop, whoever ends the turn: our selector, or a callback of the loop."""

from __future__ import annotations

import asyncio
import gc
import selectors
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import uvloop
from runtime_server import Mongod

from data_bridge import Document, _core, connect

Loop = asyncio.AbstractEventLoop
KINDS: dict[str, Callable[[], Loop]] = {
    "epoll": lambda: asyncio.SelectorEventLoop(selectors.EpollSelector()),
    "select": lambda: asyncio.SelectorEventLoop(selectors.SelectSelector()),
    "uvloop": uvloop.new_event_loop,
}
each_kind = pytest.mark.parametrize("new_loop", KINDS.values(), ids=KINDS)


class Thing(Document):
    id: int


class Kept:
    """Something that can be watched."""


@each_kind
def test_a_turn_keeps_things_until_it_ends(new_loop: Callable[[], Loop]) -> None:
    async def main() -> None:
        for _ in range(3):
            first = _core.turn()
            assert first == {}
            first["key"] = Kept()
            watched = weakref.ref(first["key"])
            del first
            assert watched() is _core.turn()["key"]
            await asyncio.sleep(0)
            assert watched() is None
            assert _core.turn() == {}
            await asyncio.sleep(0.001)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())


@each_kind
def test_callbacks_of_one_turn_share_it(new_loop: Callable[[], Loop]) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        seen: list[Any] = []
        for _ in range(2):
            loop.call_soon(lambda: seen.append(_core.turn()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert seen[0] is seen[1]

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())


@each_kind
def test_a_loop_that_ends_in_a_turn_is_freed(new_loop: Callable[[], Loop]) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        _core.turn()["key"] = loop.create_future()

    loop = new_loop()
    loop.run_until_complete(main())
    loop.close()
    watched = weakref.ref(loop)
    del loop
    # The queues of closed loops are emptied when another loop gets one.
    with asyncio.Runner() as runner:
        runner.run(main())
    gc.collect()
    assert watched() is None


def test_a_finalizer_may_ask_for_the_turn() -> None:
    async def main() -> None:
        class Asking:
            def __del__(self) -> None:
                asked.append(_core.turn())

        gc.set_threshold(1)
        for _ in range(200):
            cycle: list[Any] = [Asking()]
            cycle.append(cycle)
            del cycle
            _core.turn()
            await asyncio.sleep(0)

    asked: list[Any] = []
    thresholds = gc.get_threshold()
    try:
        asyncio.run(main())
    finally:
        gc.set_threshold(*thresholds)
    assert asked


def test_a_loop_that_waits_elsewhere_is_answered_all_the_same(server: Mongod) -> None:
    class Loop(asyncio.SelectorEventLoop):
        """One that keeps the selector it was made with."""

        def __init__(self) -> None:
            super().__init__()
            self._first = self._selector  # type: ignore[has-type]

        def _run_once(self) -> None:
            installed, self._selector = self._selector, self._first
            super()._run_once()  # type: ignore[misc]
            if self._selector is self._first:
                self._selector = installed

    async def main() -> list[int]:
        async with await connect(server.uri):
            await Thing.delete_all()
            await Thing.insert_many([Thing(id=number) for number in range(5)])
            found = [await asyncio.wait_for(Thing.get(number), 10) for number in range(5)]
            return [thing.id for thing in found if thing is not None]

    with asyncio.Runner(loop_factory=Loop) as runner:
        assert runner.run(main()) == list(range(5))


def test_loops_have_turns_of_their_own() -> None:
    async def main() -> dict[Any, Any]:
        return _core.turn()

    with asyncio.Runner() as one, asyncio.Runner() as other:
        assert one.run(main()) is not other.run(main())


def test_outside_of_a_loop_there_is_no_turn() -> None:
    with pytest.raises(RuntimeError, match="no event loop is running here"):
        _core.turn()
