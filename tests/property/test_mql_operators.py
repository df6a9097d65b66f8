"""Every operator of the table, in every shape: MQL to typed IR, back to the same bytes, and to Python that makes it."""

from __future__ import annotations

import datetime
import re
import uuid
from decimal import Decimal
from typing import Any

import bson
import mql
import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import data_bridge
from data_bridge import ArrayFilters, _core, ir, lang
from data_bridge.errors import CompileError
from data_bridge.ir.operators import UPDATES
from data_bridge.ir.signatures import ACCUMULATORS, EXPRESSIONS, STAGES, WINDOWS
from data_bridge.pipeline import to_stages
from data_bridge.update import merge_updates

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
INNER = mql.expressions(2)


def same_bytes(written: Any, again: Any) -> None:
    assert bson.encode({"it": again}) == bson.encode({"it": written})


def back(stages: list[Any]) -> None:
    """Stages come back from the IR as they were, and from the Python that builds them as what they mean."""
    nodes = ir.parse_pipeline(stages)
    same_bytes(stages, [node.to_mql() for node in nodes])
    again = ir.parse_pipeline([_core.to_mql(node) for node in nodes])
    # What is sent means what was read.
    same_bytes([_core.to_mql(node) for node in nodes], [_core.to_mql(node) for node in again])


@pytest.mark.parametrize("name", sorted(EXPRESSIONS))
@settings(max_examples=examples(12), suppress_health_check=SLOW)
@given(data=st.data())
def test_expressions(name: str, data: Any) -> None:
    back([{"$set": {"v": data.draw(mql.call(name, INNER))}}])


@pytest.mark.parametrize("name", sorted(ACCUMULATORS))
@settings(max_examples=examples(12), suppress_health_check=SLOW)
@given(data=st.data())
def test_accumulators(name: str, data: Any) -> None:
    output = data.draw(mql.accumulator(name, INNER))
    back([{"$group": {"_id": None, "v": output}}])
    back([{"$bucketAuto": {"groupBy": "$a", "buckets": 2, "output": {"v": output}}}])


@pytest.mark.parametrize("name", sorted({*ACCUMULATORS, *WINDOWS}))
@settings(max_examples=examples(12), suppress_health_check=SLOW)
@given(data=st.data())
def test_windows(name: str, data: Any) -> None:
    back([{"$setWindowFields": {"output": {"v": data.draw(mql.window(name, INNER))}}}])


@pytest.mark.parametrize("name", sorted(STAGES))
@settings(max_examples=examples(25), suppress_health_check=SLOW)
@given(data=st.data())
def test_stages(name: str, data: Any) -> None:
    back([data.draw(mql.stage(name, INNER))])


def merged(updates: list[Any]) -> tuple[Any, str]:
    """The update that is sent, or the code of why it is not."""
    try:
        return merge_updates(updates, None), ""
    except CompileError as refused:
        return None, refused.code


@pytest.mark.parametrize("op", sorted(UPDATES))
@settings(max_examples=examples(25), suppress_health_check=SLOW)
@given(data=st.data())
def test_updates(op: str, data: Any) -> None:
    update = data.draw(mql.update(op))
    filters = [{"one.x": 5}] if "$[one]" in repr(list(update[op])) else []
    parsed = ir.parse_update(update, None, filters)
    same_bytes(update, parsed.to_mql())
    assert list(parsed.array_filters) == filters
    checked, code = merged([update, *(ArrayFilters(each) for each in filters)])
    if checked is None:
        # Two paths of one update that touch each other, or a position in a new name.
        assert code in ("conflicting_updates", "update_misfit", "empty_update")
        return
    text = lang.to_python(parsed)
    built = merge_updates(eval(f"[{text}]", NAMESPACE), None)
    same_bytes(checked.to_mql(), built.to_mql())
    assert isinstance(built, ir.UpdateOperators)
    assert list(built.array_filters) == filters


def several(names: list[str]) -> st.SearchStrategy[Any]:
    return st.tuples(*(mql.call(name, mql.expressions(3)) for name in names)).map(list)


NAMES = sorted(EXPRESSIONS)


@pytest.mark.parametrize("first", range(0, len(NAMES), 10))
@settings(max_examples=examples(25), suppress_health_check=SLOW)
@given(data=st.data())
def test_expressions_in_expressions_and_no_operator_stays_undrawn(first: int, data: st.DataObject) -> None:
    names = NAMES[first : first + 10]
    given = data.draw(several(names))
    drawn = set(re.findall(r"'(\$[a-zA-Z0-9]+)':", repr(given)))
    # `$const` is another name of `$literal`.
    assert set(names) <= {name.replace("$const", "$literal") for name in drawn}
    same_bytes(given, ir.parse_expression(given).to_mql())


NAMESPACE: dict[str, Any] = {
    **vars(data_bridge),
    **{
        name: vars(bson)[name]
        for name in ("Binary", "Decimal128", "Int64", "MaxKey", "MinKey", "ObjectId", "Timestamp")
    },
    "bson": bson,
    "datetime": datetime.datetime,
    "re": re,
    "UUID": uuid.UUID,
    "Decimal": Decimal,
    "ir": ir,
}


def meaning(node: Any) -> Any:
    """A node without what Python knows of types and nobody else."""
    if isinstance(node, ir.Field):
        return "field", node.path
    if isinstance(node, ir.Variable):
        return "variable", node.name
    if isinstance(node, ir.Literal):
        return "literal", bson.encode({"it": node.value})
    if isinstance(node, ir.Node):
        return type(node).__name__, tuple(meaning(each) for each in node._parts())
    if isinstance(node, dict):
        return {key: meaning(item) for key, item in node.items()}
    if isinstance(node, (list, tuple)):
        return [meaning(item) for item in node]
    return bson.encode({"it": node})


@settings(max_examples=examples(400), suppress_health_check=SLOW)
@given(
    stages=st.lists(
        st.sampled_from(sorted(STAGES)).flatmap(lambda name: mql.stage(name, INNER)), min_size=1, max_size=2
    )
)
def test_python_that_builds_them(stages: list[Any]) -> None:
    nodes = ir.parse_pipeline(stages)
    text = lang.to_python(nodes)
    built = to_stages(eval(text, NAMESPACE), None)
    assert [meaning(node) for node in built] == [meaning(node) for node in nodes], text
