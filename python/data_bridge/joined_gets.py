"""Documents read by id: many that are asked for in one turn of an event loop are read with one command.

The first of a turn is sent at once, so that a single one waits for nothing; those that follow it go together. What the
joined answer leaves open is asked for by itself, so that the answers are those of separate commands.
"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from bson import ObjectId

from . import ir
from .client import default_client
from .ir import stages
from .links import link_key
from .query import Query
from .schema import schema_of
from .turns import Waiting, answer_alone, ask, settle

#: Ids in one command.
_MOST = 1000
#: Ids that equal no id of another type or form, under any collation: none of them found means that there is none.
_EXACT = (ObjectId, UUID)


class Get:
    """The request of a document by id.

    Args:
        query: selects it by its id alone.
        id: of any type.
        layout: decodes it; at once, unless the query is lazy.
    """

    __slots__ = ("_id", "_layout", "_query")

    def __init__(self, query: Query[Any], id: Any, layout: Any) -> None:
        self._query = query
        self._id = id
        self._layout = layout

    def start(self) -> Any:
        """Sends it on the running event loop, now or at the end of the loop's turn."""
        query = self._query
        if query._session is not None:
            return self._alone().start()
        key = (Get, default_client(), query._cls, query._lazy, self._layout)
        return ask(key, self, _send, lambda: self._alone().start())

    def wait(self) -> Any:
        """Sends it and blocks."""
        return self._alone().wait()

    def _alone(self) -> Any:
        return self._query._run(self._query._read("first"), self._query._decoding(self._layout))

    def _with(self, others: list[Get]) -> Any:
        cls = self._query._cls
        field = ir.Field("_id", schema_of(cls).field("_id"), cls.__name__)  # type: ignore[arg-type]
        match = stages.Match(ir.In(field, tuple(each._id for each in (self, *others))))
        query: Query[Any] = Query(cls, (match,), by_id=True)
        return query._run(query._read("find"), self._query._decoding(self._layout))


async def _send(asked: Waiting[Get]) -> None:
    parts = [asked[start : start + _MOST] for start in range(0, len(asked), _MOST)]
    await asyncio.gather(*(_read(part) for part in parts))


async def _read(asked: Waiting[Get]) -> None:
    waiting: dict[Any, tuple[Get, asyncio.Future[Any]]] = {}
    alone = []
    for get, future in asked:
        # Everybody gets a document of their own.
        if waiting.setdefault(link_key(get._id), (get, future))[1] is not future:
            alone.append((get, future))
    if len(waiting) > 1:
        alone += await _together(waiting)
    else:
        alone += waiting.values()
    for get, future in alone:
        answer_alone(future, get._alone)


async def _together(waiting: dict[Any, tuple[Get, asyncio.Future[Any]]]) -> Waiting[Get]:
    """Reads them with one command; gives those that it did not tell the answer of."""
    first, *others = (get for get, _ in waiting.values())
    try:
        documents = await first._with(others).start()
    except Exception:
        # One of them, or the connection: each learns what is wrong with its own.
        return list(waiting.values())
    found = {link_key(document["_id"] if type(document) is dict else document.id): document for document in documents}
    known = sum(key in waiting for key in found) == len(documents)
    open_ = []
    for key, (get, future) in waiting.items():
        if key in found:
            settle(future, found[key])
        elif known and isinstance(get._id, _EXACT):
            settle(future, None)
        else:
            open_.append((get, future))
    return open_
