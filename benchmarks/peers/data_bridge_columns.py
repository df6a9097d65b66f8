"""This library's columns."""

from __future__ import annotations

from polars import DataFrame
from pyarrow import Table

from .column_peer import ColumnPeer
from .data_bridge_peer import DataBridgePeer, Person


class DataBridgeColumns(ColumnPeer):
    label = "data-bridge"

    async def setup(self, uri: str, database: str) -> None:
        self._library = DataBridgePeer()
        await self._library.setup(uri, database)

    async def close(self) -> None:
        await self._library.close()

    async def arrow(self, count: int) -> Table:
        return await Person.find(Person.id < count).to_arrow()

    async def polars(self, count: int) -> DataFrame:
        return await Person.find(Person.id < count).to_polars()
