"""Operations and event loops: many tasks, cancellation, several loops, forks, signals, interpreter exit."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import bson
import pytest
import uvloop
from runtime_server import Mongod

PING = bson.encode({"ping": 1})


def sleeping(milliseconds: int) -> bytes:
    """A command that takes that long on the server, less up to a millisecond: it counts whole ones of its clock."""
    return bson.encode({"sleep": 1, "millis": milliseconds, "lock": "none"})


async def numbers(client: Any, count: int) -> list[int]:
    async def one(number: int) -> int:
        reply = await client.run_command(
            None, bson.encode({"aggregate": 1, "pipeline": [{"$documents": [{"n": number}]}], "cursor": {}})
        )
        result: int = bson.decode(reply)["cursor"]["firstBatch"][0]["n"]
        return result

    return await asyncio.gather(*(one(number) for number in range(count)))


async def test_a_thousand_tasks_each_get_their_own_answer(client: Any) -> None:
    assert await numbers(client, 1000) == list(range(1000))


async def test_a_cancelled_task_leaves_the_client_usable(client: Any) -> None:
    for _ in range(20):
        task = asyncio.ensure_future(client.run_command("admin", sleeping(30)))
        await asyncio.sleep(0.002)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(client.run_command("admin", sleeping(200)), 0.02)
    assert await numbers(client, 50) == list(range(50))


async def test_other_callbacks_run_between_completions(client: Any) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counter = asyncio.ensure_future(count())
    await asyncio.gather(*(client.run_command("admin", PING) for _ in range(500)))
    counter.cancel()
    assert turns > 5


def test_a_new_loop_after_a_closed_one(client: Any) -> None:
    for _ in range(5):
        assert asyncio.run(numbers(client, 20)) == list(range(20))


def test_a_loop_closed_with_work_in_flight(client: Any) -> None:
    loop = asyncio.new_event_loop()

    async def leave_behind() -> None:
        client.run_command("admin", sleeping(100)).start()

    loop.run_until_complete(leave_behind())
    loop.close()
    del loop
    gc.collect()
    time.sleep(0.2)
    assert asyncio.run(numbers(client, 20)) == list(range(20))


def in_threads(count: int, work: Callable[[], Coroutine[Any, Any, list[int]]]) -> dict[int, list[int]]:
    """What the same work gives in loops of so many threads."""
    results: dict[int, list[int]] = {}

    def run(key: int) -> None:
        results[key] = asyncio.run(work())

    threads = [threading.Thread(target=run, args=(key,)) for key in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_loops_in_several_threads(client: Any) -> None:
    results = in_threads(3, lambda: numbers(client, 200))
    assert results == {key: list(range(200)) for key in range(3)}


def test_synchronous_callers_in_several_threads(client: Any) -> None:
    replies: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: replies.append(client.run_command("admin", PING).wait())) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == 20


def test_uvloop(client: Any) -> None:
    for _ in range(2):
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            assert runner.run(numbers(client, 300)) == list(range(300))


class WithoutReaders(asyncio.SelectorEventLoop):
    """As loops on other platforms are."""

    def add_reader(self, fd: Any, callback: Any, *args: Any) -> Any:
        raise NotImplementedError


def test_a_loop_without_add_reader(client: Any) -> None:
    with asyncio.Runner(loop_factory=WithoutReaders) as runner:
        assert runner.run(numbers(client, 300)) == list(range(300))


def test_an_awaitable_needs_a_running_loop(client: Any) -> None:
    with pytest.raises(RuntimeError, match="run_sync"):
        client.ping().start()


async def test_blocking_inside_a_running_loop_is_allowed(client: Any) -> None:
    assert client.ping().wait() is None
    assert await client.ping() is None


def run(server: Mongod, body: str, *, interrupt_after: float | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a program with `client` in scope; interrupts it once it has said "ready"."""
    head = f"""
        import asyncio, bson, os, signal, sys, threading, time
        from data_bridge import _core
        client = _core.Client({server.uri!r})
        sleep = bson.encode({{"sleep": 1, "secs": 20, "lock": "none"}})
        ping = bson.encode({{"ping": 1}})
        async def alone(count):
            for _ in range(count):
                await client.ping()
    """
    program = textwrap.dedent(head) + textwrap.dedent(body)
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    if interrupt_after is not None:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(interrupt_after)
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def test_control_c_stops_a_blocking_call(server: Mongod) -> None:
    body = """
        print("ready", flush=True)
        try:
            client.run_command("admin", sleep).wait()
        except KeyboardInterrupt:
            client.ping().wait()
            async def after():
                await client.ping()
            asyncio.run(after())
            print("interrupted")
    """
    started = time.monotonic()
    done = run(server, body, interrupt_after=0.5)
    assert (done.stdout, done.returncode) == ("interrupted\n", 0), done.stderr
    assert time.monotonic() - started < 10


def test_control_c_stops_an_awaiting_program(server: Mongod) -> None:
    body = """
        async def main():
            print("ready", flush=True)
            await client.run_command("admin", sleep)
        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            async def after():
                await client.ping()
            asyncio.run(after())
            client.ping().wait()
            print("interrupted")
    """
    done = run(server, body, interrupt_after=0.5)
    assert (done.stdout, done.returncode) == ("interrupted\n", 0), done.stderr


def test_the_interpreter_exits_with_work_in_flight(server: Mongod) -> None:
    body = """
        async def main():
            futures = [client.run_command("admin", sleep).start() for _ in range(3)]
            other = [client.run_command("admin", ping).start() for _ in range(200)]
            await asyncio.sleep(0.01)
        asyncio.run(main())
        threading.Thread(target=lambda: client.run_command("admin", sleep).wait(), daemon=True).start()
        time.sleep(0.05)
        print("end")
    """
    started = time.monotonic()
    done = run(server, body)
    assert (done.stdout, done.returncode, done.stderr) == ("end\n", 0, "")
    assert time.monotonic() - started < 10


def test_a_child_process_connects_anew(server: Mongod) -> None:
    body = """
        client.ping().wait()
        cursor = client.open_cursor("admin", bson.encode({"aggregate": 1, "cursor": {"batchSize": 0},
            "pipeline": [{"$documents": [{"n": 1}, {"n": 2}]}]})).wait()
        async def several():
            await asyncio.gather(*(client.ping() for _ in range(50)))
        asyncio.run(several())
        child = os.fork()
        if child == 0:
            client.ping().wait()
            asyncio.run(several())
            try:
                cursor.next_batch().wait()
            except Exception as error:
                assert "forked" in str(error), error
            else:
                os._exit(3)
            del cursor, client
            os._exit(0)
        asyncio.run(several())
        _, status = os.waitpid(child, 0)
        client.ping().wait()
        print(os.waitstatus_to_exitcode(status))
    """
    done = run(server, body)
    assert (done.stdout, done.returncode) == ("0\n", 0), done.stderr


def test_fork_inside_multiprocessing(server: Mongod) -> None:
    body = """
        import multiprocessing
        client.ping().wait()
        def work(number):
            client.ping().wait()
            return number
        with multiprocessing.get_context("fork").Pool(3) as pool:
            print(sum(pool.map(work, range(10))))
    """
    done = run(server, body)
    assert (done.stdout, done.returncode) == ("45\n", 0), done.stderr
