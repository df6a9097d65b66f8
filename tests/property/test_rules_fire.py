"""Every rewrite rule applies somewhere in what is drawn: one that does not would be tested by nothing else here."""

from __future__ import annotations

from collections import Counter
from typing import Any

import classes
import pytest
import test_link_integrity as link_integrity
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from pipelines import Promise, pipelines
from planned import Thing
from test_fact_equivalence import FILTERS, UNWOUND, Person, orders, typed
from test_link_integrity import Story
from test_link_strategies import IDS, KeptThing, predicates

from data_bridge._core import compile as compile_plan
from data_bridge._core import rules
from data_bridge.errors import CompileError

#: Drawn the same in every run: a rule fires, or it does not.
SAME = settings(
    max_examples=2000,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def fired(query: Any, terminal: str) -> list[str]:
    """The rules that applied to a query which is asked for documents, a count or existence."""
    compiled = compile_plan(query._read(terminal), True, traced=True)
    return [step["rule"] for step in compiled.to_dict()["rules"]]


@pytest.fixture(scope="module")
def firings() -> Counter[str]:
    counted: Counter[str] = Counter()

    @SAME
    @given(drawn=pipelines(), terminal=st.sampled_from(["aggregate", "aggregate", "count", "exists"]))
    def of_pipelines(drawn: tuple[list[dict[str, Any]], Promise], terminal: str) -> None:
        if classes.well_typed(Thing, drawn[0]):
            counted.update(fired(Thing.aggregate([classes.stage(each) for each in drawn[0]]), terminal))

    @SAME
    @given(where=FILTERS)
    def of_trusted_documents(where: dict[str, Any]) -> None:
        try:
            counted.update(fired(Person.find(typed(where)), "find"))
        except CompileError:
            event("refused for its types")

    @SAME
    @given(ordered=orders(), stages=UNWOUND)
    def of_orders_and_elements(ordered: tuple[Any, list[tuple[str, int]]], stages: list[dict[str, Any]]) -> None:
        where, keys = ordered
        counted.update(fired(Person.find(where).sort(*keys), "find"))
        distinct = compile_plan(Person.find(where).sort(*keys)._read("distinct", "color"), True, traced=True)
        counted.update(step["rule"] for step in distinct.to_dict()["rules"])
        counted.update(fired(Person.aggregate([classes.stage(each) for each in stages]), "aggregate"))

    @settings(SAME, max_examples=50)
    @given(owner=IDS, query=predicates(KeptThing))
    def of_links(owner: int, query: tuple[Any, Any]) -> None:
        counted.update(fired(KeptThing.find(KeptThing.owner == owner, query[0]), "find"))

    @settings(SAME, max_examples=200)
    @given(where=link_integrity.predicates(), stages=link_integrity.joins())
    def of_links_that_lead_somewhere(where: Any, stages: list[dict[str, Any]]) -> None:
        counted.update(fired(Story.find(where), "find"))
        counted.update(fired(Story.aggregate(stages), "aggregate"))

    of_links_that_lead_somewhere()
    of_pipelines()
    of_orders_and_elements()
    of_trusted_documents()
    of_links()
    return counted


@pytest.mark.parametrize("rule", rules())
def test_a_rule_applies_to_something_that_is_drawn(rule: str, firings: Counter[str]) -> None:
    assert firings[rule] > 0, firings
