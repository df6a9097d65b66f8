"""What was measured, as tables, as JSON, and as the page in the documentation."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from . import chart, stalls, targets
from .measuring import Measured
from .stalls import Stall
from .targets import OURS, WIRE

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results" / "latest.json"
PAGE, CHART = ROOT / "docs" / "benchmarks.md", ROOT / "docs" / "benchmarks.svg"
_LIBRARIES = ("pymongo", "beanie", "mongoengine", "pydantic")


_HEAD = """\
# Benchmarks

Written by `make bench`; run it to get this page for your machine. Every library stores and reads the same documents
(nine fields, one a nested document, one a list, times with their zone) over the same server and connection settings, in
the fastest way that its own guide names; what each gives is compared before anything is timed. Runs alternate between
the libraries. The raw wire is a socket that sends prepared bytes and throws replies away: no client that sends the same
commands is faster.

{machine}, with a load of {load:.1f} before; server and clients on one machine; {versions}.

![How many times as long as {ours} its peers take](benchmarks.svg)"""


@dataclass
class Results:
    """Everything that one run measured, by case and then by the peer's label."""

    server: str = ""
    #: How many processes wanted a processor before anything was measured.
    load: float = 0.0
    clock: dict[str, dict[str, Measured]] = field(default_factory=dict)
    #: By the title of a suite: what `clock` is.
    more: dict[str, dict[str, dict[str, Measured]]] = field(default_factory=dict)
    commands: dict[str, dict[str, int]] = field(default_factory=dict)
    #: By the label, then by the way of loading.
    stalls: dict[str, dict[str, Stall]] = field(default_factory=dict)
    #: Bytes of a held document.
    held: dict[str, float] = field(default_factory=dict)
    #: By the number of documents that went by: bytes above the interpreter's.
    streamed: dict[str, dict[int, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Grid:
    """A table: its title, the names of its columns, and its rows of texts."""

    title: str
    columns: list[str]
    rows: list[list[str]]


def about(results: Results) -> dict[str, Any]:
    """The machine and the versions."""
    versions = {"python": platform.python_version(), "mongod": results.server}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    machine = {"processor": _processor(), "processors": os.cpu_count(), "system": platform.system()}
    return {**machine, "load": results.load, "versions": versions}


def _processor() -> str:
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else platform.machine()


def shown(seconds: float) -> str:
    """Seconds in the unit that suits them."""
    if abs(seconds) >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.2f} ms" if abs(seconds) >= 1e-3 else f"{seconds * 1e6:.1f} us"


def _verdict(found: float | None, target: float | None) -> str:
    """A ratio beside what is aimed at."""
    if found is None:
        return ""
    if target is None:
        return f"{found:.2f}"
    return f"{found:.2f} of {target:g} {'yes' if round(found, 2) >= target else 'NO'}"


def grids(results: Results) -> Iterator[Grid]:
    """The tables, those alone that have rows."""
    for grid in (
        _medians("Medians, and half of what lies between the quartiles", results.clock),
        _ratios(results),
        _processor_times(results),
        *(
            _medians(f"{title}: medians, and half of what lies between the quartiles", of)
            for title, of in results.more.items()
        ),
        _counts(results),
        _stalls(results),
        _held(results),
        _streamed(results),
    ):
        if grid.rows:
            yield grid


def _labels(cases: dict[str, dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(label for peers in cases.values() for label in peers))


def _medians(title: str, cases: dict[str, dict[str, Measured]]) -> Grid:
    labels = _labels(cases)
    rows = [[name, *(_with_spread(peers[at]) if at in peers else "" for at in labels)] for name, peers in cases.items()]
    return Grid(title, ["", *labels], rows)


def _with_spread(runs: Measured) -> str:
    spread = f"±{runs.spread:.0%}" if len(runs.clock) > 1 else "once"
    return f"{shown(runs.median)} {spread}"


def _ratios(results: Results) -> Grid:
    """Only targets count here, so peers without any are left out."""
    rows = []
    for name, peers in results.clock.items():
        target, ratios = targets.CLOCK.get(name), ratios_of(peers)
        if target is None or not ratios:
            continue
        row = [name]
        for label in (targets.BEANIE, targets.PYMONGO):
            both = label in peers and WIRE in peers
            most = f"{peers[label].median / peers[WIRE].median:.2f}" if both else ""
            row += [_verdict(ratios.get(label), target.of(label)), most]
        rows.append(row)
    title = (
        f"How many times as long as {OURS} the peers take, of what is aimed at, and whether that is reached. Beside it "
        f"how many times as long as the {WIRE}: a client that sends as many commands can reach no more"
    )
    return Grid(title, ["", targets.BEANIE, "at most", targets.PYMONGO, "at most"], rows)


def ratios_of(peers: dict[str, Measured]) -> dict[str, float]:
    """How many times as long as this library each peer takes."""
    if OURS not in peers:
        return {}
    return {label: runs.median / peers[OURS].median for label, runs in peers.items() if label != OURS}


def _processor_times(results: Results) -> Grid:
    rows = []
    for name, peers in results.clock.items():
        if WIRE not in peers or OURS not in peers:
            continue
        wire = peers[WIRE].processor_median
        above = {label: runs.processor_median - wire for label, runs in peers.items() if label != WIRE}
        # Joined requests take fewer commands than the wire does, and may take less than it in all.
        ours = above[OURS] if above[OURS] > 0 else 0.0
        compared = [
            f"{shown(above[label])} {_verdict(above[label] / ours if ours else math.inf, targets.PROCESSOR.of(label))}"
            for label in (targets.BEANIE, targets.PYMONGO)
            if label in above
        ]
        rows.append([name, shown(wire), shown(above[OURS]), *compared])
    title = "The client's processor time of one unit: the raw wire's, and what the others take above it"
    return Grid(title, ["", WIRE, OURS, targets.BEANIE, targets.PYMONGO], rows)


def _counts(results: Results) -> Grid:
    labels = _labels(results.commands)
    rows = [[name, *(str(counts.get(at, "")) for at in labels)] for name, counts in results.commands.items()]
    return Grid("Commands that the server answers", ["", *labels], rows)


def _stalls(results: Results) -> Grid:
    ways = list(stalls.WAYS)
    rows = []
    for label, by_way in results.stalls.items():
        row = [label, *(f"{shown(by_way[way].clock)} ({shown(by_way[way].processor)})" for way in ways)]
        reached = all(each.clock <= targets.STALL for each in by_way.values())
        verdict = f"at most {shown(targets.STALL)} {'yes' if reached else 'NO'}" if label == OURS else ""
        rows.append([*row, verdict])
    title = (
        f"The longest that other tasks of the event loop wait while {stalls.LOADED:,} documents are loaded, "
        "and what of it was this thread's processor time"
    )
    return Grid(title, ["", *(f"into {way}" for way in ways), "aimed at"], rows)


def _held(results: Results) -> Grid:
    rows = []
    for label, size in results.held.items():
        compared = _verdict(size / results.held[OURS], targets.HELD.of(label)) if OURS in results.held else ""
        rows.append([label, f"{size:.0f}", compared if label != OURS else ""])
    return Grid("Bytes of a loaded document", ["", "bytes", f"times {OURS}'s, of what is aimed at"], rows)


def _streamed(results: Results) -> Grid:
    rows = []
    for label, peaks in results.streamed.items():
        short, long = (peaks[count] for count in sorted(peaks))
        reached = long <= targets.STREAMED and long <= short * targets.CONSTANT
        verdict = f"at most {targets.STREAMED / 1e6:.0f} {'yes' if reached else 'NO'}" if label == OURS else ""
        rows.append([label, f"{short / 1e6:.0f}", f"{long / 1e6:.0f}", verdict])
    counts = sorted({count for peaks in results.streamed.values() for count in peaks})
    title = "The most megabytes above those of a bare interpreter while documents go by"
    return Grid(title, ["", *(f"{count:,}" for count in counts), "aimed at, and constant"], rows)


def missed(results: Results) -> int:
    """How many figures do not reach what is aimed at."""
    return sum(cell.endswith("NO") for grid in grids(results) for row in grid.rows for cell in row)


def write_json(results: Results) -> None:
    """Everything in numbers, for programs."""
    RESULTS.parent.mkdir(exist_ok=True)
    cases = {name: peers for of in (results.clock, *results.more.values()) for name, peers in of.items()}
    seconds = {name: {label: runs.summary() for label, runs in peers.items()} for name, peers in cases.items()}
    memory = {"bytes_per_document": results.held, "streamed_above_interpreter": results.streamed}
    turns = {label: {way: asdict(each) for way, each in ways.items()} for label, ways in results.stalls.items()}
    document = {**about(results), "seconds": seconds, "commands": results.commands, "memory": memory, "stalls": turns}
    RESULTS.write_text(json.dumps(document, indent=2) + "\n")


def write_page(results: Results) -> None:
    """The page and the chart of the documentation."""
    known = about(results)
    versions = ", ".join(f"{name} {number}" for name, number in known["versions"].items())
    machine = f"{known['processors']} processors ({known['processor']}, {known['system']})"
    head = _HEAD.format(machine=machine, load=results.load, versions=versions, ours=OURS)
    lines = [head]
    for grid in grids(results):
        lines += ["", f"## {grid.title}", "", f"| {' | '.join(grid.columns)} |", "|---" * len(grid.columns) + "|"]
        lines += [f"| {' | '.join(row)} |" for row in grid.rows]
    PAGE.write_text("\n".join(lines) + "\n")
    compared = {name: ratios_of(peers) for name, peers in results.clock.items()}
    drawn = {
        name: {label: ratios[label] for label in (targets.BEANIE, targets.PYMONGO) if label in ratios}
        for name, ratios in compared.items()
        if name != "build and compile a filter"
    }
    title = f"How many times as long as {OURS} its peers take"
    CHART.write_text(chart.bars(title, f"times as long as {OURS} (logarithmic; right of 1 is slower)", drawn))
