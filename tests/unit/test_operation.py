"""One definition, two worlds."""

from __future__ import annotations

import asyncio
import gc
import warnings
from functools import partial
from typing import Any

import pytest

from data_bridge.operation import Operation, Script, call


class Doubled:
    """A request."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.log: list[str] = []

    async def start(self) -> int:
        await asyncio.sleep(0)
        self.log.append("start")
        return self.number * 2

    def wait(self) -> int:
        self.log.append("wait")
        return self.number * 2


def both(make: Any) -> list[Any]:
    """What the operation gives when awaited, and when run."""

    async def awaited() -> Any:
        return await make()

    return [asyncio.run(awaited()), make().run_sync()]


def test_a_single_request() -> None:
    assert both(lambda: Operation.of(lambda: Doubled(4))) == [8, 8]


def test_several_steps_and_hooks() -> None:
    async def slow(number: int) -> int:
        await asyncio.sleep(0)
        return number + 1

    def script() -> Script[list[int]]:
        first = yield Doubled(1)
        second = yield call(slow, first)
        third = yield call(lambda number: number + 1, second)
        fourth = yield call(slow, third)
        fifth = yield Operation.of(lambda: Doubled(fourth))
        return [first, second, third, fourth, fifth]

    assert both(lambda: Operation(script)) == [[2, 3, 4, 5, 10]] * 2


def test_a_function_may_give_a_request() -> None:
    class Awaited(Doubled):
        """One that can be awaited too, as a session's are."""

        def __await__(self) -> Any:
            return self.start().__await__()

    def script() -> Script[list[int]]:
        first = yield call(Awaited, 1)
        second = yield call(lambda: Operation.of(lambda: Doubled(first)))
        return [first, second]

    assert both(lambda: Operation(script)) == [[2, 4]] * 2


def test_scripts_within_scripts() -> None:
    def inside() -> Script[int]:
        first: int = yield Doubled(1)
        second: int = yield Doubled(first + 1)
        return second

    def outer() -> Script[int]:
        inner = yield Operation(inside)
        return int(inner) + 1

    assert both(lambda: Operation(outer)) == [7, 7]


def test_errors_reach_the_script_and_the_caller() -> None:
    def fail() -> None:
        raise KeyError("hook")

    def catching() -> Script[str]:
        try:
            yield call(fail)
        except KeyError:
            return "caught"
        return "missed"

    def passing() -> Script[None]:
        yield call(fail)

    assert both(lambda: Operation(catching)) == ["caught", "caught"]
    with pytest.raises(KeyError, match="hook"):
        Operation(passing).run_sync()


async def test_operations_are_awaitables_for_asyncio() -> None:
    assert await asyncio.gather(*(Operation.of(partial(Doubled, number)) for number in range(3))) == [0, 2, 4]
    assert await asyncio.wait_for(Operation.of(lambda: Doubled(5)), 1) == 10


async def test_cancellation_reaches_the_script() -> None:
    seen: list[str] = []

    def script() -> Script[None]:
        try:
            yield call(asyncio.sleep, 10)
        finally:
            seen.append("cleaned")

    async def run() -> None:
        await Operation(script)

    task = asyncio.ensure_future(run())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cleaned"]


async def test_run_sync_inside_a_running_loop_blocks_and_runs_async_hooks() -> None:
    async def hook() -> str:
        await asyncio.sleep(0)
        return "done"

    def script() -> Script[str]:
        result: str = yield call(hook)
        return result

    assert Operation(script).run_sync() == "done"


def test_a_future_of_another_loop_is_refused_by_run_sync() -> None:
    loop = asyncio.new_event_loop()
    future = loop.create_future()

    def script() -> Script[None]:
        yield call(lambda: future)

    with pytest.raises(RuntimeError, match="await the operation instead"):
        Operation(script).run_sync()
    loop.close()


def test_an_operation_runs_once() -> None:
    operation = Operation.of(lambda: Doubled(1), "User.find().to_list()")
    operation.run_sync()
    with pytest.raises(RuntimeError, match=r"User\.find\(\)\.to_list\(\) was already run"):
        operation.run_sync()


def test_a_dropped_operation_warns() -> None:
    with pytest.warns(RuntimeWarning, match=r"operation User\.find\(\)\.to_list\(\) was never run"):
        repr(Operation.of(lambda: Doubled(1), "User.find().to_list()"))


def test_a_discarded_operation_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Operation.of(lambda: Doubled(1)).discard()
        gc.collect()


@pytest.mark.parametrize(
    "use",
    [
        bool,
        len,
        list,
        lambda made: made[0],
        lambda made: made == 8,
        lambda made: made != None,  # noqa: E711
        lambda made: made > 3,
        lambda made: made <= 3,
        lambda made: made.name,
    ],
)
def test_what_only_the_result_can_do_says_to_await(use: Any) -> None:
    made = Operation.of(lambda: Doubled(4), "User.get(3)")
    with pytest.raises((TypeError, AttributeError), match=r"User.get\(3\) .*: write `await User.get\(3\)`"):
        use(made)
    assert not hasattr(made, "name")
    assert made.run_sync() == 8


def test_operations_are_told_apart_and_may_be_kept_in_sets() -> None:
    one, other = (Operation.of(lambda: Doubled(4)) for _ in range(2))
    assert one == one
    assert one != other
    assert len({one, other}) == 2
    one.discard()
    other.discard()
