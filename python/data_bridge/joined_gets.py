"""Documents read by id: many that are asked for in one turn of an event loop are read with one command.

The first of a turn is sent at once, so that a single one waits for nothing; those that follow it go together. What the
joined answer leaves open is asked for by itself, so that the answers are those of separate commands.
"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from bson import ObjectId

from . import _core, ir, requests
from .client import default_client
from .inheritance import reach_of
from .ir import stages
from .layout import decoding
from .links import link_key
from .query import Query
from .schema import schema_of
from .settings import settings_of
from .turns import Waiting, answer_alone, ask_at_once, settle
from .writing import by_id

#: Ids in one command.
_MOST = 1000
#: Ids that equal no id of another type or form, under any collation: none of them found means that there is none.
_EXACT = (ObjectId, UUID)


class Get:
    """The request of a document by its id alone, whatever its class.

    Args:
        cls: whose collection it is in.
        id: of any type.
        layout: decodes it.
        lazy: decode fields when they are read.
        session: of a transaction.
    """

    __slots__ = ("_cls", "_id", "_layout", "_lazy", "_session")

    def __init__(self, cls: type[Any], id: Any, layout: _core.Layout, lazy: bool = False, session: Any = None) -> None:
        self._cls = cls
        self._id = id
        self._layout = layout
        self._lazy = lazy
        self._session = session

    def start(self) -> Any:
        """Sends it on the running event loop, now or at the end of the loop's turn."""
        if self._session is not None:
            return self.alone().start()
        return ask_at_once((Get, default_client(), self._cls, self._lazy, self._layout), self, _send)

    def wait(self) -> Any:
        """Sends it and blocks."""
        return self.alone().wait()

    def alone(self) -> Any:
        """The request of this one document."""
        compiled = _core.compile_get(reach_of(self._cls, None).source, self._id)
        if compiled is None:
            query = by_id(self._cls, self._id)
            compiled = query._compile(query._read("first"))
        return self._request(compiled)

    def _with(self, others: list[Get]) -> Any:
        cls = self._cls
        field = ir.Field("_id", schema_of(cls).field("_id"), cls.__name__)  # type: ignore[arg-type]
        match = stages.Match(ir.In(field, tuple(each._id for each in (self, *others))))
        query: Query[Any] = Query(cls, (match,), by_id=True)
        return self._request(query._compile(query._read("find")))

    def _request(self, compiled: _core.Compiled) -> Any:
        settings = settings_of(self._cls)
        layout = decoding(self._cls, self._layout, self._lazy)
        return requests.execute(
            default_client(), compiled, layout, settings.on_invalid, self._session, settings.database
        )


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
        answer_alone(future, get.alone)


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
