"""What a library must do so that its columns are measured."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polars import DataFrame
    from pyarrow import Table


class ColumnPeer(abc.ABC):
    """One way from stored documents to columns; a nested document is a struct, a list a list."""

    label: str

    @abc.abstractmethod
    async def setup(self, uri: str, database: str) -> None:
        """Connect."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Disconnect."""

    @abc.abstractmethod
    async def arrow(self, count: int) -> Table:
        """The documents whose `_id` is below `count`."""

    @abc.abstractmethod
    async def polars(self, count: int) -> DataFrame:
        """The same as a frame."""
