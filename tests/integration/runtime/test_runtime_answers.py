"""What is awaited while a request is on its way does what asyncio's own futures do."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import weakref
from typing import Any

import bson
import pytest

from data_bridge.errors import ServerError

UNKNOWN = bson.encode({"noSuchCommand": 1})
SLOW = bson.encode({"sleep": 1, "millis": 200, "lock": "none"})
NAME: contextvars.ContextVar[str] = contextvars.ContextVar("NAME", default="nobody")


async def test_asyncio_takes_it_for_a_future(client: Any) -> None:
    assert asyncio.isfuture(client.ping().start())
    assert await asyncio.gather(client.ping().start(), client.ping().start()) == [None, None]
    assert await asyncio.wait_for(client.ping().start(), 10) is None
    assert await asyncio.shield(client.ping().start()) is None
    done, pending = await asyncio.wait({client.ping().start(), client.run_command("admin", SLOW).start()}, timeout=0)
    assert len(done) + len(pending) == 2


async def test_it_can_be_awaited_again_when_it_is_there(client: Any) -> None:
    answer = client.run_command("admin", bson.encode({"ping": 1})).start()
    assert not answer.done()
    first = await answer
    assert answer.done()
    assert await answer is first
    assert answer.result() is first
    assert answer.exception() is None


async def test_an_error_is_the_result(client: Any) -> None:
    answer = client.run_command("admin", UNKNOWN).start()
    with pytest.raises(ServerError, match="no such command"):
        await answer
    with pytest.raises(ServerError):
        answer.result()
    assert isinstance(answer.exception(), ServerError)


async def test_one_that_is_not_there_has_no_result(client: Any) -> None:
    answer = client.ping().start()
    for ask in (answer.result, answer.exception):
        with pytest.raises(asyncio.InvalidStateError, match="not there yet"):
            ask()
    await answer


async def test_a_cancelled_one_stays_so(client: Any) -> None:
    answer = client.ping().start()
    heard: list[Any] = []
    answer.add_done_callback(heard.append)
    assert answer.cancel("enough")
    assert not answer.cancel()
    assert answer.cancelled()
    assert heard == []
    with pytest.raises(asyncio.CancelledError, match="enough"):
        await answer
    await client.ping()
    assert heard == [answer]
    for ask in (answer.result, answer.exception):
        with pytest.raises(asyncio.CancelledError):
            ask()


async def test_callbacks_hear_of_it_once_and_in_their_context(client: Any) -> None:
    heard: list[tuple[str, Any]] = []

    def hear(answer: Any) -> None:
        heard.append((NAME.get(), answer))

    def unheard(answer: Any) -> None:
        heard.append(("unheard", answer))

    ann = contextvars.copy_context()
    ann.run(NAME.set, "Ann")
    answer = client.ping().start()
    answer.add_done_callback(hear, context=ann)
    answer.add_done_callback(unheard)
    answer.add_done_callback(unheard)
    assert answer.remove_done_callback(unheard) == 2
    await answer
    assert heard == [("Ann", answer)]
    NAME.set("Bea")
    answer.add_done_callback(hear)
    assert len(heard) == 1
    await asyncio.sleep(0)
    assert heard == [("Ann", answer), ("Bea", answer)]


async def test_a_task_keeps_its_context(client: Any) -> None:
    async def named(name: str) -> str:
        NAME.set(name)
        await client.ping()
        return NAME.get()

    assert await asyncio.gather(*(named(name) for name in ("Ann", "Bea", "Cid"))) == ["Ann", "Bea", "Cid"]
    assert NAME.get() == "nobody"


async def test_a_callback_that_fails_harms_nobody_else(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", lambda raised: seen.append(raised.exc_value))

    def broken(_: Any) -> None:
        raise ValueError("broken")

    answer = client.ping().start()
    answer.add_done_callback(broken)
    assert await asyncio.gather(answer, client.ping()) == [None, None]
    assert [str(error) for error in seen] == ["broken"]


def test_what_ends_the_loop_leaves_the_others_their_answers(client: Any) -> None:
    async def interrupted() -> None:
        await client.ping()
        raise KeyboardInterrupt

    loop = asyncio.new_event_loop()
    others = [loop.create_task(asyncio.wait_for(client.ping(), 10)) for _ in range(20)]
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(loop.create_task(interrupted()))
    loop.run_until_complete(asyncio.gather(*others))
    loop.close()


async def test_a_comparison_that_fails_removes_nobody(client: Any) -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:
            raise ValueError("odd")

        __hash__ = object.__hash__

    heard: list[Any] = []
    answer = client.ping().start()
    answer.add_done_callback(heard.append)
    with pytest.raises(ValueError, match="odd"):
        answer.remove_done_callback(Odd())
    await answer
    assert heard == [answer]


def test_others_who_wait_for_the_same_answer_hear_of_it_after_what_ends_the_loop(client: Any) -> None:
    heard: list[Any] = []

    def end(_: Any) -> None:
        raise KeyboardInterrupt

    async def asks() -> Any:
        answer = client.ping().start()
        answer.add_done_callback(end)
        answer.add_done_callback(heard.append)
        await asyncio.sleep(10)

    async def later() -> None:
        await client.ping()

    loop = asyncio.new_event_loop()
    asking = loop.create_task(asks())
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(asking)
    loop.run_until_complete(later())
    assert len(heard) == 1
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(asking)
    loop.close()


def test_a_task_of_a_closed_loop_is_forgotten(client: Any) -> None:
    async def waits() -> None:
        await client.run_command("admin", SLOW)

    async def other() -> None:
        await client.ping()

    loop = asyncio.new_event_loop()
    task = loop.create_task(waits())
    loop.run_until_complete(other())
    known = weakref.ref(task)
    loop.close()
    del task, loop
    asyncio.run(other())
    gc.collect()
    assert known() is None
