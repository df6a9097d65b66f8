"""Iterating over a query: a cursor, its batches one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from . import _core, requests
from .client import default_client
from .operation import Operation, Script

if TYPE_CHECKING:
    from . import ir
    from .document import Document

T = TypeVar("T")

#: How many documents a loop goes through before other tasks have their turn, if it waits for nothing itself.
TURN = 500


class Streaming(Generic[T]):
    """`async for` and `for` over a query. A cursor is closed when its loop is left."""

    if TYPE_CHECKING:
        _cls: type[Document]
        _session: Any

        def _layout(self) -> Any: ...
        def _read(self, terminal: str, path: str | None = None) -> ir.Read: ...
        def _compile(self, node: ir.Plan, traced: bool = False) -> _core.Compiled: ...
        def _fetched(self, documents: list[Any]) -> Script[None]: ...
        def _fetches(self) -> bool: ...

    def _open(self) -> tuple[Any, requests.Stream | None]:
        compiled = self._compile(self._read("find"))
        return requests.open_cursor(default_client(), compiled, self._session, self._cls.settings().database)

    def _next(self, cursor: Any, layout: Any, most: int | None) -> Any:
        return _core.next_documents(cursor, layout, self._cls.settings().on_invalid, most)

    def _turn(self) -> int | None:
        """How many documents are decoded at once; all of a batch where its links are fetched, by few commands."""
        return None if self._fetches() else TURN

    async def __aiter__(self) -> AsyncIterator[T]:
        async with aclosing(self._batches(self._layout(), self._turn())) as batches:
            async for batch in batches:
                while batch:
                    # Documents that were gone through are freed here, and not all at a batch's end.
                    turn = batch[:TURN]
                    del batch[:TURN]
                    for document in turn:
                        yield document
                    if batch:
                        await asyncio.sleep(0)

    def __iter__(self) -> Iterator[T]:
        for batch in self._batches_sync(self._layout(), self._turn()):
            yield from batch

    async def _batches(self, layout: Any, most: int | None = None) -> AsyncGenerator[Any, None]:
        """The answer in the parts that the server gives it in, or of so many documents at most."""
        request, stream = self._open()
        timed = nullcontext if stream is None else stream.timed
        with timed():
            cursor = await request.start()
        try:
            while True:
                with timed():
                    batch = await self._next(cursor, layout, most).start()
                if batch is None:
                    break
                if stream is not None:
                    stream.add(batch)
                if isinstance(batch, list):
                    await Operation(partial(self._fetched, batch))
                yield batch
        finally:
            await cursor.close()
            if stream is not None:
                stream.close()

    def _batches_sync(self, layout: Any, most: int | None = None) -> Iterator[Any]:
        request, stream = self._open()
        timed = nullcontext if stream is None else stream.timed
        with timed():
            cursor = request.wait()
        try:
            while True:
                with timed():
                    batch = self._next(cursor, layout, most).wait()
                if batch is None:
                    break
                if stream is not None:
                    stream.add(batch)
                if isinstance(batch, list):
                    Operation(partial(self._fetched, batch)).run_sync()
                yield batch
        finally:
            cursor.close().wait()
            if stream is not None:
                stream.close()
