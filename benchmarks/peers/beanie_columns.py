"""Beanie's documents, dumped, of which pyarrow and polars make columns."""

from __future__ import annotations

from typing import Any

import polars
import pyarrow

from .beanie_peer import BeaniePeer
from .column_peer import ColumnPeer


class BeanieColumns(ColumnPeer):
    label = "Beanie 2"

    async def setup(self, uri: str, database: str) -> None:
        self._library = BeaniePeer()
        await self._library.setup(uri, database)

    async def close(self) -> None:
        await self._library.close()

    async def _rows(self, count: int) -> list[dict[str, Any]]:
        return [document.model_dump(exclude={"revision_id"}) for document in await self._library.find(count)]

    async def arrow(self, count: int) -> pyarrow.Table:
        return pyarrow.Table.from_pylist(await self._rows(count))

    async def polars(self, count: int) -> polars.DataFrame:
        return polars.DataFrame(await self._rows(count))
