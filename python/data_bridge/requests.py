"""Every request of documents and commands goes through here, so that logs see it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bson import decode

from . import _core
from .client import Client
from .command_shape import MASK, as_text, masked, plan_hash
from .query_log import QueryEvent, QueryLog, logs_now, switch
from .steps import Step, steps_sent

#: The commands whose answer tells how many documents were written, and where in them the statements stand.
_LISTS = {"insert": "documents", "update": "updates", "delete": "deletes"}
_NOTHING = object()


def execute(
    client: Client,
    compiled: _core.Compiled,
    layout: Any,
    on_invalid: str,
    session: _core.Session | None,
    database: Any,
    purpose: str | None = None,
) -> Any:
    """The request of a compiled plan; `purpose` says what it is for where the plan itself cannot know."""
    request = _core.execute(client.core, compiled, layout, on_invalid, session)
    if switch.on:
        return _watched(client, request, _of_plan(compiled, request, purpose), database)
    return request


def filled(client: Client, compiled: _core.Compiled) -> Any:
    """The request that reads the ids a plan asks for first; its answer is the commands with these."""
    return _core.filled(client.core, compiled)


def command(client: Client, database: str | None, body: Any, write: bool = False, session: Any = None) -> Any:
    """The request of a command as it is."""
    request = _core.command(client.core, database, body, write, session)
    if switch.on:
        return _watched(client, request, lambda: [Step("", "", database, body)], database)
    return request


def write_batch(
    client: Client,
    database: str | None,
    collection: str,
    kind: str,
    statements: list[bytes],
    ordered: bool,
    session: Any,
) -> Any:
    """The request of encoded statements of one kind: documents to "insert", or statements of "update" or "delete".

    Its answer has "n", "modified" and "upserted" (ids), as a write plan's has.
    """
    request = _core.write_batch(client.core, database, collection, kind, statements, ordered, session)
    if switch.on:
        return _watched(
            client,
            request,
            lambda: [Step("", "", database, _batch(collection, kind, statements, ordered))],
            database,
        )
    return request


def open_cursor(client: Client, compiled: _core.Compiled, session: Any, database: Any) -> tuple[Any, Stream | None]:
    """The request of a plan's cursor; and where a log is on, what counts its batches."""
    request = _core.open(client.core, compiled, session)
    if switch.on:
        logs = logs_now(client.logs)
        if logs:
            return request, Stream(_Account(logs, _of_plan(compiled, request), database or client.database))
    return request, None


def _batch(collection: str, kind: str, statements: Sequence[bytes], ordered: bool) -> dict[str, Any]:
    return {kind: collection, _LISTS[kind]: [decode(statement) for statement in statements], "ordered": ordered}


def _of_plan(compiled: _core.Compiled, request: Any, purpose: str | None = None) -> Callable[[], list[Step]]:
    def sent() -> list[Step]:
        steps = steps_sent(compiled, request.course)
        return steps if purpose is None else [*steps[:-1], *(step._replace(purpose=purpose) for step in steps[-1:])]

    return sent


def _watched(client: Client, request: Any, sent: Callable[[], list[Step]], database: str | None) -> Any:
    logs = logs_now(client.logs)
    return Watched(request, _Account(logs, sent, database or client.database)) if logs else request


class _Account:
    """What an operation took so far; at its end the logs are told."""

    def __init__(self, logs: tuple[QueryLog, ...], sent: Callable[[], list[Step]], database: str) -> None:
        self._logs = logs
        self._sent = sent
        self._database = database
        self._spent = 0
        self._started_ns = 0
        self._documents: int | None = None
        self._answer: Any = _NOTHING
        self._done = False

    def timed(self) -> _Timing:
        if not self._started_ns:
            self._started_ns = time.time_ns()
        return _Timing(self)

    def spend(self, nanoseconds: int) -> None:
        self._spent += nanoseconds

    def add(self, documents: int) -> None:
        self._documents = (self._documents or 0) + documents

    def answered(self, answer: Any) -> None:
        """The operation came to this; how many documents that is depends on what was asked."""
        self._answer = answer
        self.close()

    def close(self, error: BaseException | None = None) -> None:
        """Tells the logs, once."""
        if self._done:
            return
        self._done = True
        steps = self._sent()
        if not steps:  # nothing was sent
            return
        milliseconds = self._spent / 1e6
        slow_of = {id(log): log.slow_ms is not None and milliseconds >= log.slow_ms for log in self._logs}
        wanted = [log for log in self._logs if log.slow_ms is None or slow_of[id(log)]]
        if not wanted:
            return
        commands = [step.command for step in steps]
        hidden = [masked(each) for each in commands]
        shape = plan_hash(hidden)
        operation, collection = next(iter(commands[-1].items()))
        if isinstance(collection, Mapping):  # a command about a command: explain
            collection = next(iter(collection.values()))
        documents = self._documents if self._answer is _NOTHING else _count(operation, self._answer)
        for log in wanted:
            event = QueryEvent(
                operation,
                self._database,
                collection if isinstance(collection, str) else MASK,
                "\n".join(as_text(each) for each in (commands if log.values else hidden)),
                milliseconds,
                documents,
                shape,
                slow_of[id(log)],
                error,
                self._started_ns,
                time.time_ns(),
                tuple(step.purpose for step in steps),
                tuple(step.ids for step in steps),
            )
            log.take(event)


class _Timing:
    __slots__ = ("_account", "_began")

    def __init__(self, account: _Account) -> None:
        self._account = account

    def __enter__(self) -> None:
        self._began = time.perf_counter_ns()

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._account.spend(time.perf_counter_ns() - self._began)
        if error is not None:
            self._account.close(error)


class Watched:
    """A request that logs are told of when it is done."""

    __slots__ = ("_account", "_request")

    def __init__(self, request: Any, account: _Account) -> None:
        self._request = request
        self._account = account

    async def start(self) -> Any:
        """Sends it on the running event loop."""
        with self._account.timed():
            answer = await self._request.start()
        return self._ended(answer)

    def wait(self) -> Any:
        """Sends it and blocks."""
        with self._account.timed():
            answer = self._request.wait()
        return self._ended(answer)

    def _ended(self, answer: Any) -> Any:
        self._account.answered(answer)
        return answer


class Stream:
    """The batches of one cursor, as one operation."""

    __slots__ = ("_account",)

    def __init__(self, account: _Account) -> None:
        self._account = account
        account.add(0)

    def timed(self) -> Any:
        """A context in which time counts; an error that leaves it ends the operation."""
        return self._account.timed()

    def add(self, batch: list[Any] | tuple[int, Any]) -> None:
        """Counts the documents of a batch: a list of them, or how many there are and what they became."""
        self._account.add(batch[0] if isinstance(batch, tuple) else len(batch))

    def close(self) -> None:
        """Tells the logs: the cursor is at its end, or given up."""
        self._account.close()


def _count(operation: str, answer: Any) -> int | None:
    """How many documents an answer gives, counts, or tells of."""
    if isinstance(answer, bool) or operation == "explain":
        return None
    if isinstance(answer, int):
        return answer
    if isinstance(answer, list):
        return len(answer)
    if isinstance(answer, tuple):  # how many documents, and what they became
        return int(answer[0])
    if answer is None:
        return 0
    if operation in _LISTS:
        return int(answer["n"])
    cursor = answer.get("cursor") if isinstance(answer, dict) and "ok" in answer else None
    return len(cursor["firstBatch"]) if isinstance(cursor, dict) and "firstBatch" in cursor else 1
