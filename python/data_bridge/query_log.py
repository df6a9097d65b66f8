"""The query log: what was sent, how long it took, how many documents it gave.

A log is on inside `with log_queries(...)`, for what runs in that context and in tasks begun there, or for everything on
a connection: `connect(..., log=log_queries(...))`. While none is on, a request passes after one attribute test.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

_logger = logging.getLogger("data_bridge.queries")


@dataclass(frozen=True)
class QueryEvent:
    """One operation that was sent.

    Attributes:
        operation: the command's name: "find", "aggregate", "insert", ...
        database, collection: where.
        command: the commands as relaxed extended JSON, a line each; values are "?" unless they were asked for.
        milliseconds: from sending to the last document, without what the program did between batches.
        documents: how many documents were given, counted or written; None when that is not known, as after an error.
        plan_hash: the same for commands that differ in values only.
        slow: whether it took at least as long as the log's `slow_ms`.
        error: what it failed with.
        started_ns, ended_ns: when, in nanoseconds since 1970.
        purposes: what each of the commands is for: "ids of Author, for Book.author"; empty texts for commands that were
            given as they are.
        ids: how many ids each of the commands found that others hold; None for those that are not read for ids.
    """

    operation: str
    database: str
    collection: str
    command: str
    milliseconds: float
    documents: int | None
    plan_hash: str
    slow: bool = False
    error: BaseException | None = None
    started_ns: int = field(default=0, repr=False)
    ended_ns: int = field(default=0, repr=False)
    purposes: tuple[str, ...] = ()
    ids: tuple[int | None, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        given = "" if self.documents is None else f", {self.documents} documents"
        failed = "" if self.error is None else f", failed: {type(self.error).__name__}"
        head = f"{self.milliseconds:.1f} ms{given}{failed} [{self.plan_hash}]"
        lines = self.command.splitlines()
        if len(lines) < 2 or len(lines) != len(self.purposes):
            return f"{head} {self.command}"
        found = ["" if count is None else f" ({count} found)" for count in self.ids]
        named = zip(self.purposes, found, lines, strict=True)
        return head + "".join(f"\n  {at}. {what}{count}: {line}" for at, (what, count, line) in enumerate(named, 1))


class QueryLog:
    """A log of operations; see `log_queries`."""

    def __init__(self, slow_ms: float | None, to: Callable[[QueryEvent], Any] | logging.Logger, values: bool) -> None:
        self.slow_ms = slow_ms
        self.values = values
        self._to = to

    def take(self, event: QueryEvent) -> None:
        """Passes an event on, if it is slow enough."""
        if self.slow_ms is not None and not event.slow:
            return
        if isinstance(self._to, logging.Logger):
            level = logging.WARNING if event.slow or event.error is not None else logging.INFO
            self._to.log(level, "%s", event, extra={"query": event})
        else:
            self._to(event)

    def __enter__(self) -> Self:
        _logs.set((*_logs.get(), self))
        switch.turn(1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        switch.turn(-1)
        # One log may be entered in several tasks, or twice: each leaves its own entry.
        logs = list(_logs.get())
        logs.reverse()
        logs.remove(self)
        _logs.set(tuple(reversed(logs)))


class Switch:
    """Whether any log is on: the one thing that a request looks at while none is."""

    __slots__ = ("_lock", "on")

    def __init__(self) -> None:
        self.on = 0
        self._lock = threading.Lock()

    def turn(self, by: int) -> None:
        """Counts logs: contexts and connections that have one."""
        with self._lock:
            self.on += by


switch = Switch()
_logs: ContextVar[tuple[QueryLog, ...]] = ContextVar("data_bridge_query_logs", default=())


def log_queries(
    slow_ms: float | None = None,
    to: Callable[[QueryEvent], Any] | logging.Logger | None = None,
    *,
    values: bool = False,
) -> QueryLog:
    """A log of the operations that are sent: a context manager, or the `log` of `connect()`.

    Args:
        slow_ms: only operations that take at least this many milliseconds; they are warnings.
        to: a function that is given each `QueryEvent`, or a logger; without one, the logger "data_bridge.queries".
            What the function raises comes out of the operation.
        values: commands with the values in them, which may be personal data.

    Raises:
        ValueError: the threshold is negative.
        TypeError: `to` is neither a function nor a logger.
    """
    if slow_ms is not None and slow_ms < 0:
        raise ValueError(f"slow_ms is {slow_ms!r}; give milliseconds, 0 or more")
    target = _logger if to is None else to
    if not isinstance(target, logging.Logger) and not callable(target):
        raise TypeError(f"to is {to!r}; give a function of one event, or a logger")
    return QueryLog(slow_ms, target, values)


def logs_now(of_client: Sequence[QueryLog]) -> tuple[QueryLog, ...]:
    """The logs that are on here: the connection's and the context's."""
    return (*of_client, *_logs.get())
