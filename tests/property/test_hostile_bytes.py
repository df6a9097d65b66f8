"""Bytes that lie: an error that says so, and nothing worse, however they are read."""

from __future__ import annotations

import datetime
import resource
import struct
import uuid
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import bson
import pyarrow
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticSerializationError

from data_bridge import Document, EmbeddedDocument, Link, _core
from data_bridge._core import JsonLayout, LazyLayout, decode_document, encode_document
from data_bridge.columns import column_layout
from data_bridge.errors import DecodeError
from data_bridge.layout import family_layout, layout_of


class Tree(EmbeddedDocument):
    name: str = ""
    child: Tree | None = None
    children: list[Tree] = []


class Leaf(EmbeddedDocument):
    label: str
    weights: list[float] = []


class Target(Document):
    id: int
    text: str | None = None
    flag: bool = False
    at: datetime.datetime | None = None
    day: datetime.date | None = None
    clock: datetime.time | None = None
    span: datetime.timedelta | None = None
    key: uuid.UUID | None = None
    price: Decimal | None = None
    data: bytes | None = None
    leaf: Leaf | None = None
    leaves: list[Leaf] = []
    table: dict[str, float] = {}
    owner: Link[Target] | None = None


class Wide(Target):
    anything: Any = None
    tree: Tree | None = None


class Root(Wide):
    class Settings:
        is_root = True


WIDE, ROOT, COLUMNS = layout_of(Wide), family_layout((Root,)), column_layout(layout_of(Target), Target)


def read_all(document: Any) -> None:
    for name in type(document).model_fields:
        getattr(document, name)
    vars(document)


READERS: dict[str, Callable[[bytes], Any]] = {
    "dict": decode_document,
    "eager": WIDE.decode,
    "family": ROOT.decode,
    "lazy": lambda stored: read_all(LazyLayout(WIDE).decode(stored)),
    "lazy whole": lambda stored: vars(LazyLayout(ROOT).decode(stored)),
    "json": JsonLayout(layout_of(Target)).decode,
    "json of anything": JsonLayout(WIDE).decode,
    "rows": JsonLayout(None).decode,
    "columns": lambda stored: pyarrow.table(COLUMNS.decode([stored])[1]).validate(full=True),
    "changes": lambda stored: _core.changes(stored, WHOLE).to_dict(),
    "changed": lambda stored: _core.changes(WHOLE, stored).to_dict(),
}

WHOLE = encode_document(
    {
        "_id": 1,
        "_class_id": "Root",
        "text": "text ✓",
        "flag": True,
        "at": datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC),
        "day": datetime.date(2024, 1, 1),
        "clock": "12:30:00",
        "span": 1.5,
        "key": uuid.UUID(int=5),
        "price": Decimal("1.50"),
        "data": b"\x00bytes",
        "leaf": {"label": "a", "weights": [1.0, 2.5]},
        "leaves": [{"label": "b"}, {"label": "c", "weights": []}],
        "table": {"x": 1.5, "y": 2.0},
        "owner": {"$ref": "targets", "$id": 7},
        "anything": {
            "regex": bson.Regex("a", "i"),
            "code": bson.Code("f", {"x": 1}),
            "reference": bson.DBRef("c", 1, "d"),
            "stamp": bson.Timestamp(1, 2),
            "binary": bson.Binary(b"abc", 2),
            "ends": [bson.MinKey(), bson.MaxKey(), None, bson.ObjectId(b"0" * 12)],
        },
        "tree": {"child": {"child": {}}, "children": [{"name": "x"}]},
    }
)


def survives(reader: Callable[[bytes], Any], stored: bytes) -> None:
    """Anything comes of it but an error that is not about the document, a panic, or a crash."""
    with suppress(DecodeError, PydanticSerializationError):
        reader(stored)


Change = Callable[[bytearray, int, int], None]


def put(data: bytearray, place: int, value: int) -> None:
    data[place] = value & 0xFF


def put_length(data: bytearray, place: int, value: int) -> None:
    data[place : place + 4] = struct.pack("<i", value)


def insert(data: bytearray, place: int, value: int) -> None:
    data[place:place] = bytes([value & 0xFF]) * (value % 5 + 1)


def remove(data: bytearray, place: int, value: int) -> None:
    del data[place : place + value % 9 + 1]


def repeat(data: bytearray, place: int, value: int) -> None:
    data[place:place] = data[place : place + value % 40]


def cut(data: bytearray, place: int, value: int) -> None:
    del data[place:]


LENGTHS = st.sampled_from([-(2**31), -1, 0, 1, 4, 5, 6, 12, 255, 2**16, 2**31 - 1]) | st.integers(0, 400)
CHANGES = st.tuples(
    st.sampled_from([put, put, put_length, insert, remove, repeat, cut]), st.integers(0, len(WHOLE) - 1), LENGTHS
)


def changed(changes: list[tuple[Change, int, int]], honest: bool) -> bytes:
    """The whole document with some changes; `honest` makes its own length right, so that readers look inside."""
    data = bytearray(WHOLE)
    for change, place, value in changes:
        if data:
            change(data, place % len(data), value)
    if honest and len(data) >= 5:
        put_length(data, 0, len(data))
        data[-1] = 0
    return bytes(data[: max(len(WHOLE) * 3, 5)])


@settings(max_examples=examples(400))
@given(st.lists(CHANGES, min_size=1, max_size=4), st.booleans())
def test_damaged_documents_are_refused_or_read(changes: list[tuple[Change, int, int]], honest: bool) -> None:
    stored = changed(changes, honest)
    for reader in READERS.values():
        survives(reader, stored)


@settings(max_examples=examples(100))
@given(st.binary(max_size=60))
def test_noise_is_refused(noise: bytes) -> None:
    framed = struct.pack("<i", len(noise) + 5) + noise + b"\0"
    for reader in READERS.values():
        survives(reader, noise)
        survives(reader, framed)


@pytest.mark.parametrize("name", READERS)
def test_every_cut_and_every_tag_is_survived(name: str) -> None:
    for end in range(len(WHOLE)):
        with pytest.raises(DecodeError):
            READERS[name](WHOLE[:end])
    tags = (*range(0x15), 0x7F, 0x80, 0xFF)
    for place in range(4, len(WHOLE), 3):
        for tag in tags:
            survives(READERS[name], WHOLE[:place] + bytes([tag]) + WHOLE[place + 1 :])


def nested(levels: int, tag: int, key: bytes) -> bytes:
    """A document with documents or lists in it, one in the other."""
    head, tail = b"", b"\0"
    size = 5 + levels * (len(key) + 7)
    parts = []
    for _ in range(levels):
        parts.append(struct.pack("<i", size) + bytes([tag]) + key + b"\0")
        size -= len(key) + 7
    head = b"".join(parts)
    return head + struct.pack("<i", 5) + tail * (levels + 1)


@pytest.mark.parametrize("levels", [50, 199, 201, 1000, 100_000])
@pytest.mark.parametrize(("tag", "key"), [(3, b"child"), (3, b"x"), (4, b"0"), (4, b"children")])
def test_nests_end_in_an_error_and_not_in_the_stack(levels: int, tag: int, key: bytes) -> None:
    inner = nested(levels, tag, key)
    for field, outer in ((b"tree", 3), (b"anything", tag), (b"leaf", 3), (b"table", 3), (b"leaves", 4)):
        body = bytes([outer]) + field + b"\0" + inner
        stored = struct.pack("<i", len(body) + 12) + b"\x10_id\0\x01\0\0\0"[:9] + body + b"\0"
        stored = struct.pack("<i", len(stored)) + stored[4:]
        for name, reader in READERS.items():
            if name in ("dict", "eager", "lazy") and levels > 200 and field == b"anything":
                with pytest.raises(DecodeError):
                    reader(stored)
            else:
                survives(reader, stored)


def test_lengths_that_lie_take_no_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for kind in (2, 3, 4, 5, 13, 15):
        for length in (2**31 - 1, 2**30, 2**24):
            body = bytes([kind]) + b"anything\0" + struct.pack("<i", length) + b"\0" * 12
            stored = struct.pack("<i", len(body) + 5) + body + b"\0"
            for name, reader in READERS.items():
                if not name.startswith("change"):
                    with pytest.raises(DecodeError):
                        reader(stored)
    # In KiB; what was claimed is a thousand times as much.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_keys_that_are_alike_are_read_alike() -> None:
    body = b"".join(b"\x02text\0" + struct.pack("<i", 2) + bytes([letter]) + b"\0" for letter in b"abc")
    body = b"\x10_id\0\x01\0\0\0" + body
    stored = struct.pack("<i", len(body) + 5) + body + b"\0"
    assert decode_document(stored)["text"] == WIDE.decode(stored).text == LazyLayout(WIDE).decode(stored).text == "c"
    assert b'"text":"c"' in JsonLayout(WIDE).decode(stored)
    assert pyarrow.table(COLUMNS.decode([stored])[1])["text"].to_pylist() == ["c"]


def test_text_that_is_not_utf8_is_refused() -> None:
    for field in ("text", "anything", "clock"):
        stored = encode_document({"_id": 1, field: "abcd"}).replace(b"abcd", b"ab\xff\xfe")
        for name in ("dict", "eager", "lazy", "json of anything", "rows"):
            with pytest.raises(DecodeError, match="UTF-8"):
                READERS[name](stored)
