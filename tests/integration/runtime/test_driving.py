"""Whoever asks for one thing after another, and so waits for the I/O on its own thread."""

from __future__ import annotations

import asyncio
import gc
import os
import selectors
import socket
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import bson
import pytest
from runtime_server import Mongod
from test_runtime_asyncio import PING, in_threads, numbers, run, sleeping

from data_bridge import _core


async def one_after_another(client: Any, count: int) -> list[int]:
    found = []
    for number in range(count):
        command = {"aggregate": 1, "pipeline": [{"$documents": [{"n": number}]}], "cursor": {}}
        reply = await client.run_command(None, bson.encode(command))
        found.append(bson.decode(reply)["cursor"]["firstBatch"][0]["n"])
    return found


def sleeps_of_the_keeper() -> int:
    """How often the I/O thread has waited for something so far."""
    for task in Path("/proc/self/task").iterdir():
        if (task / "comm").read_text() == "data-bridge\n":
            status = (task / "status").read_text()
            return int(status.split("voluntary_ctxt_switches:")[1].split()[0])
    raise AssertionError("there is no I/O thread")


async def test_one_after_another_wakes_no_other_thread(client: Any) -> None:
    await one_after_another(client, 10)
    before = sleeps_of_the_keeper()
    assert await one_after_another(client, 500) == list(range(500))
    # It looks after the loop now and then; each request used to wake it twice.
    assert sleeps_of_the_keeper() - before < 250


def test_a_blocking_caller_wakes_no_other_thread(client: Any) -> None:
    for _ in range(10):
        client.ping().wait()
    before = sleeps_of_the_keeper()
    for _ in range(500):
        assert bson.decode(client.run_command("admin", PING).wait())["ok"] == 1
    assert sleeps_of_the_keeper() - before < 250


def test_a_blocking_caller_that_waits_long(client: Any) -> None:
    for milliseconds in (1, 15, 25, 60, 150):
        for _ in range(3):
            client.ping().wait()
        started = time.monotonic()
        assert bson.decode(client.run_command("admin", sleeping(milliseconds)).wait())["ok"] == 1
        assert time.monotonic() - started >= (milliseconds - 1) / 1000


async def test_requests_beside_each_other_are_for_the_other_thread(client: Any) -> None:
    await one_after_another(client, 10)
    before = sleeps_of_the_keeper()
    for _ in range(5):
        assert await numbers(client, 50) == list(range(50))
        assert await one_after_another(client, 5) == list(range(5))
    assert sleeps_of_the_keeper() - before > 5


async def test_large_batches_are_received_by_the_other_thread(client: Any) -> None:
    documents = [{"n": number, "text": "x" * 2_000_000} for number in range(7)]
    command = {"aggregate": 1, "pipeline": [{"$documents": documents}], "cursor": {"batchSize": 1}}
    for _ in range(3):
        await one_after_another(client, 5)
        cursor = await client.open_cursor("admin", bson.encode(command))
        before = sleeps_of_the_keeper()
        found = []
        while (reply := await cursor.next_batch()) is not None:
            batch = bson.decode(reply)["cursor"]
            found += [each["n"] for each in batch.get("firstBatch", batch.get("nextBatch"))]
        assert found == list(range(7))
        assert sleeps_of_the_keeper() > before
    assert await one_after_another(client, 5) == list(range(5))


async def test_a_long_wait_is_for_the_other_thread_and_ends_all_the_same(client: Any) -> None:
    for milliseconds in (1, 15, 25, 60, 150):
        await one_after_another(client, 5)
        started = time.monotonic()
        await client.run_command("admin", sleeping(milliseconds))
        assert time.monotonic() - started >= (milliseconds - 1) / 1000
    assert await one_after_another(client, 5) == list(range(5))


async def test_timers_go_off_while_the_loop_drives(client: Any) -> None:
    await one_after_another(client, 10)
    gone: list[float] = []
    loop = asyncio.get_running_loop()
    started = loop.time()
    delays = (0.0, 0.005, 0.012, 0.03, 0.08)
    for delay in delays:
        loop.call_later(delay, lambda: gone.append(loop.time() - started))
    await client.run_command("admin", sleeping(200))
    assert len(gone) == 5
    assert all(late >= delay for late, delay in zip(gone, delays, strict=True))
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(client.run_command("admin", sleeping(300)), 0.01)
    assert await one_after_another(client, 5) == list(range(5))


async def test_other_sockets_are_served_while_the_loop_drives(client: Any) -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line.upper())
            await writer.drain()
        writer.close()
        await writer.wait_closed()
        ended.set()

    ended = asyncio.Event()
    server = await asyncio.start_server(shout, "127.0.0.1", 0, limit=10_000_000)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    await one_after_another(client, 10)

    async def talk() -> list[bytes]:
        heard = []
        for number in range(200):
            writer.write(f"line {number}\n".encode())
            heard.append(await reader.readline())
        return heard

    heard, found = await asyncio.gather(talk(), one_after_another(client, 200))
    assert heard == [f"LINE {number}\n".encode() for number in range(200)]
    assert found == list(range(200))
    # More than a callback reads at once: what it leaves must be told again.
    large = b"x" * 3_000_000
    writer.write(large + b"\n")
    task = asyncio.ensure_future(reader.readexactly(len(large) + 1))
    await one_after_another(client, 50)
    assert await task == large.upper() + b"\n"
    writer.close()
    await ended.wait()
    server.close()


async def test_a_descriptor_that_is_never_emptied_is_told_every_turn(client: Any) -> None:
    readable, writable = os.pipe()
    loop = asyncio.get_running_loop()
    turns = 0

    def turn() -> None:
        nonlocal turns
        turns += 1

    await one_after_another(client, 10)
    loop.add_reader(readable, turn)
    os.write(writable, b"x")
    before = sleeps_of_the_keeper()
    assert await one_after_another(client, 200) == list(range(200))
    # The loop never waits, and drives all the same.
    assert sleeps_of_the_keeper() - before < 100
    loop.remove_reader(readable)
    os.close(readable)
    os.close(writable)
    assert turns > 200


async def test_a_loop_that_always_has_something_to_do_drives_in_passing(client: Any) -> None:
    turns = 0

    async def spin() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    await one_after_another(client, 10)
    spinning = asyncio.ensure_future(spin())
    before = sleeps_of_the_keeper()
    assert await one_after_another(client, 200) == list(range(200))
    assert sleeps_of_the_keeper() - before < 100
    spinning.cancel()
    assert turns > 200


async def test_events_of_a_loop_that_no_longer_drives_wake_no_other_thread(client: Any) -> None:
    await one_after_another(client, 10)
    # The lease has ended, and the loop has slept since.
    await asyncio.sleep(0.1)
    before = sleeps_of_the_keeper()
    one, other = socket.socketpair()
    one.setblocking(False)
    other.setblocking(False)
    loop = asyncio.get_running_loop()
    for number in range(500):
        asking = asyncio.ensure_future(loop.sock_recv(one, 100))
        await asyncio.sleep(0)
        await loop.sock_sendall(other, b"%d" % number)
        assert await asking == b"%d" % number
    assert sleeps_of_the_keeper() - before < 250
    one.close()
    other.close()


class WatchedElsewhere(asyncio.SelectorEventLoop):
    """Its descriptors are watched by a thread of its own, and not by the selector that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.watcher = asyncio.SelectorEventLoop()
        self.thread = threading.Thread(target=self.watcher.run_forever)
        self.thread.start()

    def add_reader(self, fd: Any, callback: Any, *args: Any) -> Any:
        def tell() -> None:
            self.call_soon_threadsafe(callback, *args)

        self.watcher.call_soon_threadsafe(self.watcher.add_reader, fd, tell)

    def close(self) -> None:
        self.watcher.call_soon_threadsafe(self.watcher.stop)
        self.thread.join()
        self.watcher.close()
        super().close()


def test_a_loop_whose_selector_does_not_know_its_descriptors(client: Any) -> None:
    with asyncio.Runner(loop_factory=WatchedElsewhere) as runner:
        assert runner.run(one_after_another(client, 50)) == list(range(50))


async def test_another_thread_wakes_a_loop_that_drives(client: Any) -> None:
    await one_after_another(client, 10)
    loop = asyncio.get_running_loop()
    heard: list[float] = []
    started = time.monotonic()

    def call() -> None:
        for _ in range(5):
            time.sleep(0.003)
            loop.call_soon_threadsafe(lambda: heard.append(time.monotonic() - started))

    thread = threading.Thread(target=call)
    thread.start()
    await client.run_command("admin", sleeping(1000))
    thread.join()
    assert len(heard) == 5
    assert heard[-1] < 0.9


async def test_a_loop_that_is_busy_elsewhere_leaves_its_request_to_the_other_thread(
    server: Mongod, client: Any
) -> None:
    await client.run_command("driving", bson.encode({"insert": "c", "documents": [{"_id": 1, "n": 0}]}))
    await one_after_another(client, 10)
    update = {"update": "c", "updates": [{"q": {"_id": 1}, "u": {"$inc": {"n": 1}}}]}
    task = asyncio.ensure_future(client.run_command("driving", bson.encode(update)))
    await asyncio.sleep(0)
    # No turn of the loop from here on: blocking, as a program may that computes.
    read = bson.encode({"find": "c", "filter": {"_id": 1}})
    other = _core.Client(server.uri)
    until = time.monotonic() + 5
    while bson.decode(other.run_command("driving", read).wait())["cursor"]["firstBatch"][0]["n"] == 0:
        assert time.monotonic() < until
    other.close().wait()
    assert bson.decode(await task)["n"] == 1


def test_loops_in_several_threads_take_turns(client: Any) -> None:
    results = in_threads(4, lambda: one_after_another(client, 150))
    assert results == {key: list(range(150)) for key in range(4)}


def test_a_blocking_caller_beside_a_loop_that_drives(client: Any) -> None:
    ended = threading.Event()
    answers: list[bytes] = []

    def block() -> None:
        while not ended.is_set():
            answers.append(client.run_command("admin", PING).wait())

    thread = threading.Thread(target=block)
    thread.start()
    try:
        assert asyncio.run(one_after_another(client, 300)) == list(range(300))
    finally:
        ended.set()
        thread.join()
    assert answers
    assert all(bson.decode(answer)["ok"] == 1 for answer in answers)


async def test_blocking_inside_a_loop_that_drives(client: Any) -> None:
    await one_after_another(client, 10)
    for _ in range(20):
        assert client.ping().wait() is None
        assert await client.ping() is None
    assert await one_after_another(client, 10) == list(range(10))


async def test_cancelled_while_the_loop_drives(client: Any) -> None:
    for milliseconds in (5, 15, 40):
        await one_after_another(client, 5)
        task = asyncio.ensure_future(client.run_command("admin", sleeping(milliseconds)))
        await asyncio.sleep(0.002)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await one_after_another(client, 20) == list(range(20))


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_loops_come_and_go_and_leave_nothing_behind(client: Any) -> None:
    for _ in range(3):
        asyncio.run(one_after_another(client, 10))
    gc.collect()
    before = descriptors()
    for _ in range(20):
        assert asyncio.run(one_after_another(client, 10)) == list(range(10))
    gc.collect()
    assert descriptors() <= before


def test_a_loop_that_nobody_closes_is_thrown_away(client: Any) -> None:
    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(one_after_another(client, 10)) == list(range(10))
    gone = weakref.ref(loop)
    before = descriptors()
    del loop
    with pytest.warns(ResourceWarning, match="unclosed event loop"):
        gc.collect()
    assert gone() is None
    assert descriptors() < before
    assert asyncio.run(one_after_another(client, 10)) == list(range(10))


@pytest.mark.parametrize("kind", [selectors.SelectSelector, selectors.PollSelector, selectors.EpollSelector])
def test_loops_with_selectors_of_other_kinds(client: Any, kind: type[selectors.BaseSelector]) -> None:
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(kind())) as runner:
        assert runner.run(one_after_another(client, 50)) == list(range(50))
        assert runner.run(numbers(client, 50)) == list(range(50))


def test_a_loop_that_stops_and_runs_again(client: Any) -> None:
    loop = asyncio.new_event_loop()
    for count in (1, 2, 3, 10):
        assert loop.run_until_complete(one_after_another(client, count)) == list(range(count))

    async def begin() -> asyncio.Task[list[int]]:
        await one_after_another(client, 5)
        task = asyncio.ensure_future(one_after_another(client, 5))
        await asyncio.sleep(0)
        return task

    task = loop.run_until_complete(begin())
    time.sleep(0.1)
    assert loop.run_until_complete(task) == list(range(5))
    loop.close()


def test_what_a_loop_asks_of_its_selector_is_answered_as_before(client: Any) -> None:
    async def ask() -> None:
        await one_after_another(client, 5)
        selector: Any = asyncio.get_running_loop()._selector  # type: ignore[attr-defined]
        readable, writable = os.pipe()
        key = selector.register(readable, selectors.EVENT_READ, "data")
        assert selector.get_key(readable) == key
        assert readable in selector.get_map()
        os.write(writable, b"x")
        assert (key, selectors.EVENT_READ) in selector.select(0)
        assert (key, selectors.EVENT_READ) in selector.select(-1)
        assert (key, selectors.EVENT_READ) in selector.select()
        selector.unregister(readable)
        with pytest.raises(KeyError):
            selector.get_key(readable)
        with pytest.raises(TypeError):
            selector.select("soon")
        with pytest.raises(AttributeError):
            selector.nothing  # noqa: B018
        os.close(readable)
        os.close(writable)

    asyncio.run(ask())


def test_control_c_stops_a_loop_that_drives(server: Mongod) -> None:
    body = """
        async def main():
            await alone(20)
            print("ready", flush=True)
            while True:
                await alone(1)
        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            asyncio.run(alone(20))
            print("interrupted")
    """
    done = run(server, body, interrupt_after=0.3)
    assert (done.stdout, done.returncode) == ("interrupted\n", 0), done.stderr


def test_a_signal_handler_runs_while_a_loop_waits_for_a_slow_answer(server: Mongod) -> None:
    body = """
        async def main():
            await alone(20)
            waiting = asyncio.ensure_future(client.run_command("admin", sleep))
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, waiting.cancel)
            print("ready", flush=True)
            try:
                await waiting
            except asyncio.CancelledError:
                print("cancelled")
        asyncio.run(main())
    """
    started = time.monotonic()
    done = run(server, body, interrupt_after=0.3)
    assert (done.stdout, done.returncode) == ("cancelled\n", 0), done.stderr
    assert time.monotonic() - started < 10


def test_a_fork_inside_a_loop_that_drives(server: Mongod) -> None:
    body = """
        async def main():
            await alone(20)
            child = os.fork()
            if child == 0:
                asyncio.run(alone(20))
                os._exit(7)
            await alone(20)
            _, status = os.waitpid(child, 0)
            await alone(20)
            print(os.waitstatus_to_exitcode(status))
        asyncio.run(main())
        child = os.fork()
        if child == 0:
            asyncio.run(alone(20))
            os._exit(8)
        asyncio.run(alone(20))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    done = run(server, body)
    assert (done.stdout, done.returncode) == ("7\n8\n", 0), done.stderr
