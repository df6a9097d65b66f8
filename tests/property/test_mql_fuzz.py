"""Whatever is given as MQL is read, or refused as a mistake of the user: nothing else, at once and in little memory."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import bson
import mql
import pytest
from bson.errors import InvalidDocument
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from steps import bytes_of, calls_of

from data_bridge import Document, _core, ir
from data_bridge.errors import CompileError, DataBridgeError
from data_bridge.ir.operators import FIELD_OPERATORS, FILTER_OPERATORS, UPDATES
from data_bridge.ir.signatures import ACCUMULATORS, EXPRESSIONS, STAGES, WINDOWS


class Thing(Document):
    id: Any
    a: Any = None


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
WORDS = sorted({*EXPRESSIONS, *ACCUMULATORS, *WINDOWS, *STAGES, *UPDATES, *FIELD_OPERATORS, *FILTER_OPERATORS})
KEYS = st.sampled_from([*WORDS, "input", "as", "in", "cond", "vars", "_id", "path", "from", "a.b", "", "$", "$$", "a"])
ATOMS = (
    mql.SCALARS
    | mql.READS
    | st.sampled_from(["$", "$$", "$a..b", "$$Nope", "\0", 2**64, -(2**200), b"", (), 1j, object()])
)
JUNK = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.integers(), inner, max_size=3),
    max_leaves=8,
)

READERS = (ir.parse_expression, ir.parse_filter, ir.parse_pipeline, ir.parse_update)


def stays(written: Any, node: Any) -> None:
    """What was read comes back as it was, unless BSON cannot store it at all."""
    try:
        before = bson.encode({"it": written})
    except (InvalidDocument, OverflowError, ValueError, TypeError):
        return
    again = [each.to_mql() for each in node] if isinstance(node, tuple) else node.to_mql()
    assert bson.encode({"it": again}) == before


def attempt(read: Any, given_: Any) -> tuple[Any, CompileError | None]:
    """What was read, or why it was not."""
    try:
        return read(given_), None
    except CompileError as refused:
        return None, refused


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@settings(max_examples=examples(400), suppress_health_check=SLOW)
@given(junk=JUNK)
def test_junk(read: Any, junk: Any) -> None:
    for given_ in (junk, [junk], {"$match": junk}, [{"$match": junk}], [{"$set": {"a": junk}}], {"$set": junk}):
        node, refused = attempt(read, given_)
        if refused is None:
            stays(given_, node)
        else:
            assert refused.path
            assert len(str(refused)) < 20_000


@settings(max_examples=examples(300), suppress_health_check=SLOW)
@given(stage=st.sampled_from(sorted(STAGES)), junk=JUNK)
def test_junk_in_queries(stage: str, junk: Any) -> None:
    for ask in (lambda: Thing.aggregate([{stage: junk}]), lambda: Thing.find(junk), lambda: Thing.find({"a": junk})):
        # Values that BSON has no form for are told by the codec.
        with suppress(DataBridgeError, TypeError, ValueError):
            ask().plan()


def nested(levels: int, wrap: Any) -> Any:
    inner: Any = "$a"
    for _ in range(levels):
        inner = wrap(inner)
    return inner


WRAPS = {
    "operators": lambda inner: {"$abs": inner},
    "lists": lambda inner: [inner],
    "documents": lambda inner: {"a": inner},
    "and": lambda inner: {"$and": [inner]},
    "not": lambda inner: {"a": {"$not": inner}},
    "elements": lambda inner: {"a": {"$elemMatch": inner}},
    "literals": lambda inner: {"$literal": inner},
    "bodies": lambda inner: {"$let": {"vars": {"a": inner}, "in": 1}},
    "facets": lambda inner: [{"$facet": {"a": inner}}],
    "lookups": lambda inner: [{"$lookup": {"from": "a", "pipeline": inner, "as": "b"}}],
    "searches": lambda inner: {"$search": inner},
    "projections": lambda inner: {"$project": {"a": inner}},
}


@pytest.mark.parametrize("levels", [50, 99, 150, 1_000, 20_000])
@pytest.mark.parametrize("name", sorted(WRAPS))
def test_deep_nests(name: str, levels: int) -> None:
    deep = nested(levels, WRAPS[name])
    wholes = (deep, [deep], [{"$set": {"a": deep}}], [{"$project": {"a": deep}}], {"$set": {"a": deep}}, {"a": deep})
    for read in READERS:
        for whole in wholes:
            try:
                node = read(whole)
            except CompileError:
                continue
            for each in node if isinstance(node, tuple) else [node]:
                try:
                    each.to_mql()
                except DataBridgeError:
                    assert levels > 90


@pytest.mark.parametrize(
    "make",
    [
        lambda count: {"$add": ["$a"] * count},
        lambda count: {"$concat": [{"$toUpper": "$a"} for _ in range(count)]},
        lambda count: {f"a{number}": "$a" for number in range(count)},
        lambda count: {"$switch": {"branches": [{"case": "$a", "then": 1}] * count}},
        lambda count: {"$let": {"vars": {f"a{number}": 1 for number in range(count)}, "in": "$$a0"}},
        lambda count: {"$literal": list(range(count))},
    ],
)
def test_huge_lists_take_steps_and_bytes_as_they_are_long(make: Any) -> None:
    def effort(count: int) -> tuple[int, int]:
        given_ = make(count)

        def work() -> Any:
            return _core.to_mql(ir.stages.Set((("v", ir.parse_expression(given_)),)))

        work()
        return calls_of(work), bytes_of(work)

    # Ten times as much, with some room; what is quadratic takes a hundred times as many.
    (steps, size), (more_steps, more_size) = effort(500), effort(5_000)
    assert more_steps < 11 * steps
    assert more_size < 15 * size


def test_long_numbers() -> None:
    for number in (2**63, -(2**63) - 1, 10**5000):
        for whole in ({"$limit": number}, {"$skip": number}, {"$set": {"a": number}}, {"$sample": {"size": number}}):
            with pytest.raises(DataBridgeError):
                Thing.aggregate([whole]).plan()
