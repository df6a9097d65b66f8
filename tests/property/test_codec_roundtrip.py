"""PyMongo's `bson` as the independent reader and writer."""

import datetime
import math
import uuid
from typing import Any

import bson
from bson.codec_options import CodecOptions
from hypothesis import given
from hypothesis import strategies as st

from data_bridge._core import decode_document, encode_document

OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(
    tz_aware=True, tzinfo=datetime.UTC, uuid_representation=bson.UuidRepresentation.STANDARD
)
KEYS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=8).filter(
    lambda key: key not in ("$ref", "$id", "$db")
)
MOMENTS = st.datetimes(timezones=st.just(datetime.UTC)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(st.characters(exclude_categories=("Cs",))),
    st.binary(),
    MOMENTS,
    st.uuids(),
    st.binary(min_size=12, max_size=12).map(bson.ObjectId),
    st.decimals(allow_nan=False, places=3, min_value=-(10**20), max_value=10**20).map(bson.Decimal128),
    st.builds(bson.Timestamp, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.builds(bson.Binary, st.binary(), st.sampled_from([0x80, 0x05, 0xFF])),
    st.sampled_from([bson.MinKey(), bson.MaxKey(), bson.Regex("^a", "i"), bson.Code("f()"), bson.Code("f", {"x": 1})]),
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=6)


def same(left: Any, right: Any) -> bool:
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(same(*pair) for pair in zip(left, right, strict=True))
    if isinstance(left, float):
        return isinstance(right, float) and (
            (math.isnan(left) and math.isnan(right))
            or (left == right and math.copysign(1, left) == math.copysign(1, right))
        )
    return type(left) is type(right) and bool(left == right)


@given(DOCUMENTS)
def test_what_we_write_pymongo_writes(document: dict[str, Any]) -> None:
    # One level down: PyMongo moves an id to the front of a whole document.
    whole = {"document": document}
    assert encode_document(whole) == bson.encode(whole, codec_options=OPTIONS)


@given(DOCUMENTS)
def test_what_we_read_was_written(document: dict[str, Any]) -> None:
    again = decode_document(bson.encode(document, codec_options=OPTIONS))
    plain = bson.decode(bson.encode(document, codec_options=OPTIONS), codec_options=OPTIONS)
    # PyMongo marks 64-bit integers with a class of their own; they are plain integers here.
    assert same(unmarked(plain), again)


def unmarked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: unmarked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unmarked(item) for item in value]
    return int(value) if isinstance(value, bson.Int64) else value


@given(st.uuids())
def test_uuids_are_standard_binaries(value: uuid.UUID) -> None:
    assert decode_document(encode_document({"u": value})) == {"u": value}
