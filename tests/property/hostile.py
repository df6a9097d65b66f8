"""Stored values and filters that nobody expects: what every property test draws from."""

from __future__ import annotations

import datetime
import math
from typing import Any

from bson import Decimal128
from hypothesis import strategies as st

#: Values of one number in several types, both zeros, what no number equals, and neighbours that doubles cannot tell.
NUMBERS = st.sampled_from(
    [
        *(0, 1, 2, -1, 2**40, 2**53, 2**53 + 1),
        *(1.0, 1.5, -0.0, float(2**53), math.nan, math.inf, -math.inf),
        *(Decimal128(text) for text in ("1", "1.0", "-0", "1.5", "NaN", "Infinity")),
    ]
)
#: Text in which byte order differs from what UTF-16 or a language would say, and text that looks like a path.
TEXTS = st.sampled_from(["", "a", "b", "A", "\xe9", "e\u0301", "\uffff", "\U0001f600", "$a", "a.x"])
#: The first and the last moment a `datetime` can say, and those around zero.
MOMENTS = st.sampled_from(
    [
        datetime.datetime(1, 1, 1, tzinfo=datetime.UTC),
        datetime.datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=datetime.UTC),
        datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC),
        datetime.datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=datetime.UTC),
    ]
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, MOMENTS)
#: Documents inside documents: a field that may be missing, and one without a name.
NESTED = st.fixed_dictionaries({}, optional={"x": SCALARS | st.lists(SCALARS, max_size=2), "": SCALARS})
STORED = st.one_of(
    SCALARS,
    NESTED,
    st.lists(st.one_of(SCALARS, NESTED, st.lists(SCALARS | NESTED, max_size=2)), max_size=3),
)
FIELDS = ("a", "b", "", "\xe9")
#: Documents without an id; a field is missing as often as not.
DOCUMENTS = st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, STORED)), min_size=1, max_size=8)
PATHS = ("a", "b", "a.x", "", "\xe9")
#: Paths that may be positions in lists or fields with such names.
POSITIONS = ("a.0", "a.0.x", "a.x.0", "b.1")


def filters(
    paths: st.SearchStrategy[str], operands: st.SearchStrategy[Any] = SCALARS
) -> st.SearchStrategy[dict[str, Any]]:
    """Filters with one test or one connective in each document.

    Args:
        paths: what is tested.
        operands: what it is compared with.
    """
    ops = st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"])
    test = st.one_of(
        st.builds(lambda op, value: {op: value}, ops, operands),
        st.builds(lambda op, values: {op: values}, st.sampled_from(["$in", "$nin"]), st.lists(operands, max_size=3)),
        st.builds(lambda present: {"$exists": present}, st.booleans()),
    )
    negated = st.builds(lambda inner: {"$not": inner}, test)
    alternatives = st.builds(
        lambda path, values: {"$or": [{path: {"$eq": value}} for value in values]},
        paths,
        st.lists(operands, min_size=2, max_size=3),
    )
    connectives = st.sampled_from(["$and", "$or", "$nor"])
    return st.recursive(
        st.builds(lambda path, inner: {path: inner}, paths, test | negated) | alternatives,
        lambda inner: st.builds(lambda op, terms: {op: terms}, connectives, st.lists(inner, min_size=1, max_size=3)),
        max_leaves=6,
    )
