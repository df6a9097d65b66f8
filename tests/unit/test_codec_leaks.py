"""Readers of stored bytes leave nothing behind: as many blocks of memory after many documents as after a few."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any

import pyarrow
import pytest
from models import User, user

from data_bridge._core import JsonLayout, LazyLayout, encode_document
from data_bridge.columns import column_layout
from data_bridge.errors import DecodeError
from data_bridge.layout import layout_of

STORED = layout_of(User).encode(user(1, id="0" * 24))
MANY = 300


def refused(stored: bytes) -> None:
    with pytest.raises(DecodeError):
        _ = LazyLayout(layout_of(User)).decode(encode_document({"_id": 1, "name": 5})).name


def read_twice(stored: bytes) -> None:
    lazy = LazyLayout(layout_of(User)).decode(stored)
    assert lazy.name is lazy.name
    assert lazy.address.city
    assert lazy.model_dump()


READERS: dict[str, Callable[[bytes], Any]] = {
    "eager": layout_of(User).decode,
    "lazy": LazyLayout(layout_of(User)).decode,
    "lazy, read": read_twice,
    "lazy, refused": refused,
    "json": JsonLayout(layout_of(User)).decode,
    "columns": lambda stored: column_layout(layout_of(User), User).decode([stored]),
    "arrow": lambda stored: pyarrow.table(column_layout(layout_of(User), User).decode([stored])[1]),
    "capsules nobody takes": lambda stored: (
        column_layout(layout_of(User), User).decode([stored])[1].__arrow_c_stream__()
    ),
}


def blocks() -> int:
    gc.collect()
    return sys.getallocatedblocks()


@pytest.mark.parametrize("name", READERS)
def test_nothing_is_left_behind_by_readers(name: str) -> None:
    def grown() -> int:
        before = blocks()
        for _ in range(MANY):
            READERS[name](STORED)
        return blocks() - before

    # What is left behind is left behind each time; caches fill up once.
    assert min(grown() for _ in range(4)) < MANY / 3
