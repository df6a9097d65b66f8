"""What the benchmarks say: their names, their targets, their verdicts."""

from __future__ import annotations

import asyncio
import json
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from benchmarks import chart, counted, instructions, leaks, link_cases, peers, report, stalls, targets
from benchmarks.__main__ import Chosen
from benchmarks.cases import CASES
from benchmarks.measuring import Measured
from benchmarks.suites import MORE

ALL = [*CASES, *(case for suite in MORE for case in suite.cases), *link_cases.COUNTED]


def test_cases_are_told_apart_by_their_names() -> None:
    slugs = [case.slug for case in ALL]
    assert len(set(slugs)) == len(slugs)
    assert all(set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for slug in slugs), slugs


def test_every_suite_has_peers_of_its_own() -> None:
    assert {suite.name for suite in MORE} == set(peers.OTHERS)
    assert all(set(of) <= set(peers.PEERS) for of in peers.OTHERS.values())


def test_every_target_is_of_a_case() -> None:
    assert set(targets.CLOCK) == {case.name for case in CASES}


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        (["find-1000"], ["find 1,000"]),
        (["find"], ["find 100", "find 1,000", "find 100,000"]),
        (["find 100,000"], ["find 100,000"]),
        (["stream", "aggregate"], ["stream 100,000", "aggregate 100,000 to 100"]),
        (["nothing"], []),
    ],
)
def test_words_choose_cases(words: list[str], chosen: list[str]) -> None:
    assert [case.name for case in Chosen(words).of(CASES)] == chosen


def test_without_words_every_case_is_chosen() -> None:
    assert Chosen([]).of(CASES) == CASES


def test_the_kept_counts_are_of_what_is_counted() -> None:
    kept = json.loads(instructions.KEPT.read_text())
    assert list(kept["instructions"]) == list(counted.names())
    assert set(kept["environment"]) == set(instructions.environment())


def test_growth_is_named() -> None:
    kept = {"encode": 1000, "decode": 1000, "gone": 5}
    assert instructions.compared(kept, {"encode": 1050, "decode": 1051, "new": 9}) == ["decode"]


def _results(ours: float, pymongo: float, beanie: float, wire: float) -> report.Results:
    times = {targets.OURS: ours, targets.PYMONGO: pymongo, targets.BEANIE: beanie, targets.WIRE: wire}
    runs = {label: Measured(clock=[time] * 3, processor=[time] * 3) for label, time in times.items()}
    return report.Results(clock={"find 1,000": runs})


def test_ratios_stand_beside_their_targets() -> None:
    found = {grid.title.split(",")[0]: grid.rows for grid in report.grids(_results(0.002, 0.003, 0.022, 0.001))}
    assert found["How many times as long as data-bridge the peers take"] == [
        ["find 1,000", "11.00 of 10 yes", "22.00", "1.50 of 2 NO", "3.00"]
    ]
    # A millisecond above the wire, beside two and twenty-one.
    assert found["The client's processor time of one unit: the raw wire's"] == [
        ["find 1,000", "1.00 ms", "1.00 ms", "21.00 ms 21.00 of 10 yes", "2.00 ms 2.00 of 3 NO"]
    ]
    assert report.missed(_results(0.002, 0.003, 0.022, 0.001)) == 2


def test_a_stream_must_stay_small_and_constant() -> None:
    def verdict(short: float, long: float) -> str:
        results = report.Results(streamed={targets.OURS: {100: short, 1000: long}})
        (grid,) = report.grids(results)
        return grid.rows[0][-1]

    assert verdict(80e6, 81e6).endswith("yes")
    assert verdict(40e6, 81e6).endswith("NO")
    assert verdict(101e6, 101e6).endswith("NO")


def test_the_longest_turn_of_the_loop_is_found() -> None:
    async def work() -> None:
        await asyncio.sleep(0.005)
        time.sleep(0.03)
        await asyncio.sleep(0.005)

    found = asyncio.run(stalls.longest_turn(work))
    assert found.clock >= 0.03 > found.processor


def test_stalls_are_judged_by_the_clock() -> None:
    def verdict(of_list: float, of_stream: float) -> str:
        turns = {"a list": stalls.Stall(of_list, 0.001), "a stream": stalls.Stall(of_stream, 0.001)}
        (grid,) = report.grids(report.Results(stalls={targets.OURS: turns}))
        return grid.rows[0][-1]

    assert verdict(0.002, 0.004).endswith("yes")
    assert verdict(0.002, 0.006).endswith("NO")


def test_what_grows_is_named() -> None:
    first = leaks.Held(pieces=1000, bytes=10_000, objects=50_000, blocks=200_000, resident=100_000_000)
    assert leaks.grown(first, replace(first, pieces=1400, resident=104_000_000)) == []
    more = replace(first, pieces=1600, objects=50_501, blocks=1)
    assert leaks.grown(first, more) == ["600 more allocations in Rust", "501 more objects of the collector"]


def test_the_chart_is_a_picture_with_every_ratio() -> None:
    rows = {"find <1,000>": {"a & b": 2.5, "c": 0.4}, "get": {"c": 12.0}}
    drawn = ElementTree.fromstring(chart.bars("title", "unit", rows))
    texts = [each.text for each in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"find <1,000>", "get", "a & b", "c", "2.5", "0.4", "12"} <= set(texts)
