"""Parsed MQL lowers to the bytes it was: filters, updates and pipelines in every shape the server takes."""

from __future__ import annotations

import re
from typing import Any

import bson
from bson import Int64
from effort import examples
from hostile import DOCUMENTS, SCALARS, filters
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pipelines import Promise, pipelines
from test_update_equivalence import PIPELINES, UPDATES

from data_bridge import ir

PATHS = st.sampled_from(["a", "b", "a.x", "", "é", "a.0", "a.$id"])
PATTERNS = st.builds(
    re.compile, st.sampled_from(["", "a", "^a.b", "[x]"]), st.sampled_from([0, re.I, re.M | re.S, re.X])
)
OPERANDS = st.one_of(
    SCALARS, PATTERNS, st.lists(SCALARS, max_size=2), st.fixed_dictionaries({"x": SCALARS}), st.just(Int64(5))
)
OPTIONS = st.text("imsx", max_size=2)
REGEXES = st.one_of(
    st.builds(lambda pattern, options: {"$regex": pattern, "$options": options}, st.just("a"), OPTIONS),
    st.builds(lambda options: {"$options": options, "$regex": "a"}, OPTIONS),
    st.builds(lambda pattern: {"$regex": pattern}, PATTERNS | st.just("^a")),
)
TESTS = st.one_of(
    st.builds(lambda op, operand: {op: operand}, st.sampled_from(["$eq", "$gt", "$lte", "$ne"]), OPERANDS),
    st.builds(
        lambda op, values: {op: values}, st.sampled_from(["$in", "$nin", "$all"]), st.lists(OPERANDS, max_size=2)
    ),
    st.builds(lambda present: {"$exists": present}, st.sampled_from([True, False, 1, 0])),
    st.builds(lambda types: {"$type": types}, st.sampled_from(["int", 16, ["int"], ["int", "string"], [2, "int"]])),
    st.builds(lambda size: {"$size": size}, st.sampled_from([0, 2, Int64(2), 2.0])),
    st.builds(lambda pair: {"$mod": pair}, st.sampled_from([[3, 1], [3.0, 0], [Int64(3), Int64(1)]])),
    st.builds(lambda mask: {"$bitsAllSet": mask}, st.sampled_from([5, [0, 2], b"\x05"])),
    REGEXES,
)
SEVERAL = st.lists(TESTS, min_size=1, max_size=3).map(
    lambda each: {name: operand for test in each for name, operand in test.items()}
)


def _filters() -> st.SearchStrategy[Any]:
    """Filters with several fields, several operators, and everything that has two spellings."""

    def more(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        connectives = st.builds(
            lambda op, terms: {op: terms},
            st.sampled_from(["$and", "$or", "$nor"]),
            st.lists(inner, min_size=1, max_size=3),
        )
        elements = st.builds(lambda path, body: {path: {"$elemMatch": body}}, PATHS, inner | SEVERAL)
        joined = st.lists(inner, max_size=3).map(
            lambda each: {key: value for term in each for key, value in term.items()}
        )
        return connectives | elements | joined

    under = SEVERAL | st.builds(lambda inner: {"$not": inner}, SEVERAL | PATTERNS) | OPERANDS
    whole = st.sampled_from([{"$comment": "x"}, {"$expr": {"$gt": ["$a", 1]}}, {"$text": {"$search": "x"}}, {}])
    return st.recursive(st.builds(lambda path, test: {path: test}, PATHS, under) | whole, more, max_leaves=6)


def same_bytes(written: Any, again: Any) -> None:
    assert bson.encode({"it": again}) == bson.encode({"it": written})


@settings(max_examples=examples(600), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example({"$and": [{"a": 1}, {"b": 2}]})
@example({"a": {"$not": {"$not": {"$gt": 1}}}})
@example({"a": {"$elemMatch": {"$or": [{"x": 1}]}}})
@given(_filters() | filters(PATHS, OPERANDS))
def test_filters(filter: dict[str, Any]) -> None:
    same_bytes(filter, ir.parse_filter(filter).to_mql())


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pipelines())
def test_pipelines(drawn: tuple[list[dict[str, Any]], Promise]) -> None:
    same_bytes(drawn[0], ir.parse_pipeline(drawn[0]).to_mql())


@settings(max_examples=examples(300), deadline=None)
@given(
    st.lists(
        st.one_of(
            st.builds(lambda filter: {"$match": filter}, _filters()),
            st.builds(lambda keys: {"$sort": keys}, st.dictionaries(PATHS, st.sampled_from([1, -1, 1.0]), min_size=1)),
            st.builds(lambda count: {"$limit": count}, st.sampled_from([1, Int64(5), 2.0])),
            st.builds(lambda paths: {"$unset": paths}, st.sampled_from(["a", ["a"], ["a", "b.x"]])),
            st.builds(lambda path: {"$unwind": path}, st.sampled_from(["$a", {"path": "$a"}])),
            st.builds(lambda value: {"$project": {"a": {"$literal": value}}}, OPERANDS),
        ),
        max_size=3,
    )
)
def test_stages_with_two_spellings(stages: list[dict[str, Any]]) -> None:
    same_bytes(stages, ir.parse_pipeline(stages).to_mql())


@settings(max_examples=examples(300), deadline=None)
@given(UPDATES | PIPELINES)
def test_updates(update: Any) -> None:
    same_bytes(update, ir.parse_update(update).to_mql())


@settings(max_examples=examples(300), deadline=None)
@given(DOCUMENTS)
def test_stored_documents_as_equalities(documents: list[dict[str, Any]]) -> None:
    for document in documents:
        same_bytes({"a": {"$eq": document}}, ir.parse_filter({"a": {"$eq": document}}).to_mql())
