"""Sessions, and their transactions as blocks.

```python
async with client.start_session() as session, session.start_transaction():
    await User.find(User.name == "Ann").session(session).update(User.age.inc(1))
```
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from . import _core
from .errors import ServerError
from .operation import Operation, Script


class Session(_core.Session):
    """A client session; operations on it run one after the other. At the end of its block nothing is left open."""

    #: A transaction was started, and neither committed nor aborted.
    in_transaction: bool = False
    #: What gives documents back what they knew before the transaction wrote them.
    _restores: list[Callable[[], None]]

    def __new__(cls, of: _core.Session, client: _core.Client) -> Self:
        """The session of that connection."""
        new = super().__new__(cls, of)
        new._client = client
        new._restores = []
        return new

    if TYPE_CHECKING:
        _client: _core.Client

    def start_transaction(self) -> Transaction:  # type: ignore[override]  # pyright: ignore
        """Starts a transaction: awaited, until `commit()` or `abort()`; as a block, until its end.

        Raises:
            ServerError: the server is a standalone one, which has no transactions.
        """
        return Transaction(self)

    def commit(self) -> Operation[None]:  # type: ignore[override]  # pyright: ignore
        """Keeps what the transaction wrote."""
        return Operation(self._commit, "session.commit()")

    def abort(self) -> Operation[None]:  # type: ignore[override]  # pyright: ignore
        """Gives up what the transaction wrote; documents that it wrote know again what was stored before."""
        return Operation(self._abort, "session.abort()")

    def remember(self, restore: Callable[[], None]) -> None:
        """Lets a transaction know what gives a document back what it knew: called unless it is committed."""
        if self.in_transaction:
            self._restores.append(restore)

    def _start(self) -> Script[None]:
        topology = yield self._client.topology()
        if not (topology["replica_set"] or topology["sharded"]):
            raise ServerError(
                "transactions need a replica set or a sharded cluster, and this is a standalone server: for tests, "
                "data_bridge.embedded.Server(replica_set=True) starts a replica set",
                code=20,
                code_name="IllegalOperation",
            )
        yield super().start_transaction()
        # Of one before whose commit failed.
        self._restore()
        self.in_transaction = True

    def _commit(self) -> Script[None]:
        yield super().commit()
        self.in_transaction = False
        self._restores.clear()

    def _abort(self) -> Script[None]:
        try:
            yield super().abort()
        finally:
            # Whatever the server says: it does not commit what is to be aborted.
            self._restore()
        self.in_transaction = False

    def _restore(self) -> None:
        while self._restores:
            self._restores.pop()()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.in_transaction:
            await self.abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.in_transaction:
            self.abort().run_sync()


class Transaction(Operation[None]):
    """The start of a transaction. As a block it commits at its end, and aborts when an exception leaves it."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        super().__init__(session._start, "session.start_transaction()")
        self._session = session

    def _ended(self, failed: bool) -> Operation[None] | None:
        """What ends the transaction, unless that was done in the block."""
        if not self._session.in_transaction:
            return None
        return self._session.abort() if failed else self._session.commit()

    async def __aenter__(self) -> Session:
        await self
        return self._session

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        end = self._ended(kind is not None)
        if end is not None:
            await end

    def __enter__(self) -> Session:
        self.run_sync()
        return self._session

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        end = self._ended(kind is not None)
        if end is not None:
            end.run_sync()
