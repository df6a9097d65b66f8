"""What is measured of columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .case import Case, call, given
from .cases import STORED
from .data import comparable, row


def _check_rows(peer: Any, count: int, rows: Iterable[Any]) -> None:
    for number, found in zip(range(count), rows, strict=True):
        expected = row(number)
        assert comparable(found) == comparable(expected), f"{peer.label}: {found} is not {expected}"


def _check_arrow(peer: Any, count: int, table: Any) -> None:
    _check_rows(peer, count, (each for batch in table.to_batches(max_chunksize=10_000) for each in batch.to_pylist()))


def _check_polars(peer: Any, count: int, frame: Any) -> None:
    _check_rows(peer, count, frame.iter_rows(named=True))


CASES = [
    Case("columns: 100,000 to Arrow", "arrow", given(STORED), call("arrow"), _check_arrow),
    Case("columns: 100,000 to polars", "polars", given(STORED), call("polars"), _check_polars),
]
