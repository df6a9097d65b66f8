"""Plans are stable: the same text in every process, and nothing left for the optimizer to do to what it gives."""

from __future__ import annotations

import base64
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import classes
import pytest
from effort import examples
from hostile import PATHS, filters
from hypothesis import HealthCheck, assume, example, given, reject, settings
from hypothesis import strategies as st
from pipelines import Promise, pipelines
from planned import Thing, printed

from data_bridge.errors import CompileError

HERE = Path(__file__).parent


class Printer:
    """A process of its own, with a hash seed of its own, that prints plans."""

    def __init__(self, seed: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "planned.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def printed(self, stages: list[dict[str, Any]]) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(base64.b64encode(pickle.dumps(stages)).decode() + "\n")
        self.process.stdin.flush()
        text: str = json.loads(self.process.stdout.readline())
        return text

    def close(self) -> None:
        self.process.communicate(timeout=30)


@pytest.fixture(scope="module")
def printers() -> Iterator[list[Printer]]:
    started = [Printer(seed) for seed in (0, 1, 4_000_000_000)]
    yield started
    for printer in started:
        printer.close()


@settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=pipelines())
def test_every_process_prints_the_same(printers: list[Printer], drawn: tuple[list[dict[str, Any]], Promise]) -> None:
    assume(classes.well_typed(Thing, drawn[0]))
    text = printed(drawn[0])
    assert text == printed(drawn[0])
    assert [printer.printed(drawn[0]) for printer in printers] == [text] * len(printers)


def again(command: dict[str, Any]) -> list[dict[str, Any]]:
    """The stages that a find or an aggregate says."""
    if "aggregate" in command:
        stages: list[dict[str, Any]] = command["pipeline"]
        return stages
    parts = [
        ("filter", "$match"),
        ("sort", "$sort"),
        ("skip", "$skip"),
        ("limit", "$limit"),
        ("projection", "$project"),
    ]
    return [{stage: command[part]} for part, stage in parts if command.get(part)]


def planned_again(stages: list[Any]) -> Any:
    """The plan of what was optimized, said as a query of its own."""
    try:
        return Thing.aggregate(stages).plan()
    except CompileError as refused:
        # What takes a field away stays when the stage that made it goes, and then there is no such field; and a test
        # that moved to where its field is made is seen to mix up types.
        if not {error.code for error in refused.errors} <= {"unknown_field", "incomparable"}:
            raise
        reject()


@settings(max_examples=examples(400), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=pipelines())
def test_what_is_optimized_cannot_be_optimized_further(drawn: tuple[list[dict[str, Any]], Promise]) -> None:
    assume(classes.well_typed(Thing, drawn[0]))
    once = Thing.aggregate(drawn[0]).plan()
    assume(once.commands)
    twice = planned_again(again(once.commands[0]))
    # As text, because NaN is not equal to itself, and 1 is to 1.0.
    assert repr(twice.commands) == repr(once.commands)


def shuffled(where: dict[str, Any], chance: Random) -> dict[str, Any]:
    """The filter with what has no order in another one."""
    [(key, value)] = where.items()
    if key in ("$and", "$or", "$nor"):
        terms = [shuffled(term, chance) for term in value]
        return {key: chance.sample(terms, len(terms))}
    tests = {op: chance.sample(of, len(of)) if isinstance(of, list) else of for op, of in value.items()}
    return {key: tests if {*value} & {"$in", "$nin"} else value}


@settings(max_examples=examples(400), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(where=filters(st.sampled_from(PATHS)), chance=st.randoms(use_true_random=False))
def test_filters_that_differ_in_order_only_are_one_command(where: dict[str, Any], chance: Random) -> None:
    other = shuffled(where, chance)
    assert repr(Thing.find(other).plan().commands) == repr(Thing.find(where).plan().commands)


@example(
    drawn=(
        [{"$sort": {"_id": 1}}, {"$group": {"_id": {"$literal": None}, "a": {"$sum": "$a"}}}, {"$sort": {"a": 1}}],
        Promise(key=None, ordered=False, joined=True, fields=frozenset({"_id", "a"})),
    )
)
@settings(max_examples=examples(400), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=pipelines())
def test_nor_when_it_is_said_again_with_classes(drawn: tuple[list[dict[str, Any]], Promise]) -> None:
    assume(classes.well_typed(Thing, drawn[0]))
    once = Thing.aggregate([classes.stage(stage) for stage in drawn[0]]).plan()
    # An expression inside of a filter dict is opaque, so nothing that reads it may move.
    assume(once.commands and "$expr" not in repr(once.commands))
    twice = planned_again([classes.stage(stage) for stage in again(once.commands[0])])
    assert repr(twice.commands) == repr(once.commands)
