"""A query and what ends it, as a value: what was asked for, before anything is run."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from .. import ir
from .names import READS, WRITES
from .planning import node_of

if TYPE_CHECKING:
    from ..operation import Operation
    from ..plan import Plan
    from ..query import Query


class Statement:
    """A query and its terminal, such as `User.find(User.age > 25).count()`.

    It can be run any number of times: awaited, with `run()`, or with `run_sync()`.

    Attributes:
        query: the documents it is about.
        terminal: the name of the method that ends it.
        arguments, named: what the method is given.
    """

    __slots__ = ("arguments", "named", "query", "terminal")

    def __init__(
        self, query: Query[Any], terminal: str, arguments: tuple[Any, ...] = (), named: Mapping[str, Any] | None = None
    ) -> None:
        if terminal not in READS and terminal not in WRITES:
            raise ValueError(f"{terminal!r} does not end a query")
        self.query = query
        self.terminal = terminal
        self.arguments = arguments
        self.named = dict(named or {})

    @property
    def writes(self) -> bool:
        """Whether running it changes stored documents."""
        return self.terminal in WRITES

    def run(self) -> Operation[Any]:
        """The operation, to be awaited."""
        operation: Operation[Any] = getattr(self.query, self.terminal)(*self.arguments, **self.named)
        return operation

    def run_sync(self) -> Any:
        """Runs it and blocks until it is done."""
        return self.run().run_sync()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self.run().__await__()

    def plan(self, server: str | None = None) -> Plan:
        """What would be sent, and why; no connection is needed. A `server` of that version must be able to run it."""
        return self.query._plan(self._node(), self.to_python, server)

    def _node(self) -> ir.Plan:
        return node_of(self.query, self.terminal, self.arguments, self.named)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Statement) or self.terminal != other.terminal or self.query != other.query:
            return False
        return repr(self._node()) == repr(other._node())

    def __hash__(self) -> int:
        return hash((self.query, self.terminal))

    def __str__(self) -> str:
        from .printer import statement_text

        return statement_text(self)

    def to_python(self) -> str:
        """The Python expression that builds it."""
        from .printer import statement_text

        return statement_text(self, python=True)

    __repr__ = __str__
