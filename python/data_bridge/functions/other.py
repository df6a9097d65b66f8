"""Aggregation expressions: other.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from bson import ObjectId

from ..arguments import (
    Bytes,
    Items,
    Record,
    Text,
)
from ..fields.nodes import MISSING, constant, named, single
from ..fields.values import Value


def binary_size(value: Text | Bytes) -> Value[int]:
    """Size of a text or of binary data, in bytes.

    `$binarySize`, since MongoDB 4.4.
    """
    return single("$binarySize", value)


def bson_size(document: Record) -> Value[int]:
    """Size of a document as BSON, in bytes.

    `$bsonSize`, since MongoDB 4.4.
    """
    return single("$bsonSize", document)


def create_object_id() -> Value[ObjectId]:
    """A new ObjectId for each document.

    `$createObjectId`, since MongoDB 8.3.
    """
    return named("$createObjectId")


def function(body: str, args: Items[Any], *, lang: Literal["js"] = "js") -> Value[Any]:
    """A JavaScript function's result; the server must allow scripting.

    `$function`, since MongoDB 4.4.
    """
    return named("$function", body=constant(body), args=args, lang=constant(lang))


def hash(input: Text | Bytes, algorithm: str) -> Value[bytes]:
    """Digest of a text or of binary data, as binary.

    `$hash`, since MongoDB 8.3.
    """
    return named("$hash", input=input, algorithm=constant(algorithm))


def hex_hash(input: Text | Bytes, algorithm: str) -> Value[str]:
    """Digest of a text or of binary data, as hexadecimal digits.

    `$hexHash`, since MongoDB 8.3.
    """
    return named("$hexHash", input=input, algorithm=constant(algorithm))


def rand() -> Value[float]:
    """A random number from 0 up to 1.

    `$rand`, since MongoDB 4.4.2.
    """
    return named("$rand")


def similarity_cosine(vectors: Sequence[Any], *, score: bool = MISSING) -> Value[float]:
    """Cosine of the angle between two vectors.

    `$similarityCosine`, since MongoDB 8.3.
    """
    return named("$similarityCosine", vectors=vectors, score=constant(score))


def similarity_dot_product(vectors: Sequence[Any], *, score: bool = MISSING) -> Value[float]:
    """Dot product of two vectors.

    `$similarityDotProduct`, since MongoDB 8.3.
    """
    return named("$similarityDotProduct", vectors=vectors, score=constant(score))


def similarity_euclidean(vectors: Sequence[Any], *, score: bool = MISSING) -> Value[float]:
    """Euclidean distance between two vectors.

    `$similarityEuclidean`, since MongoDB 8.3.
    """
    return named("$similarityEuclidean", vectors=vectors, score=constant(score))


def subtype(value: Bytes) -> Value[int]:
    """Subtype of binary data.

    `$subtype`, since MongoDB 8.3.
    """
    return single("$subtype", value)


def to_hashed_index_key(value: Any) -> Value[int]:
    """Number under which a hashed index stores a value.

    `$toHashedIndexKey`, since MongoDB 4.4.
    """
    return single("$toHashedIndexKey", value)
