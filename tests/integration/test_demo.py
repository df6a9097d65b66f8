"""The cities demo, from its first title to its last result, on fewer cities."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from data_bridge.embedded import Server
from examples.cities import __main__ as demo
from examples.cities import queries, show


async def test_every_section_is_shown(mongod: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(show, "console", Console(width=show.WIDTH, file=written))
    monkeypatch.setattr(demo, "SMALLEST_CITY", 15_000)
    try:
        await demo.run(mongod.uri)
    finally:
        demo.drop(mongod.uri)
    text = written.getvalue()
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= show.WIDTH
    for function in queries.ALL:
        assert f"\n{function.__doc__} ─" in text
    for shown in (
        "Lagos         │ Nigeria                          │ Abuja",
        "2 │ Perth",
        "Peru      │ Lima",
        "Switzerland   │ Bern",
        "1. ids of Continent, for Country.continent",
        "then level 1: Country.neighbours -> countries by _id",
        "City.country leads to what is to be deleted, and denies it",
    ):
        assert shown in text


def test_long_lines_are_folded_below_their_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(show, "console", Console(width=30, file=written))
    show.lines('short\n  {"find":"cities","filter":{"name":"Paris"}}')
    lines: list[Any] = written.getvalue().splitlines()
    assert lines == ["short", '  {"find":"cities",', '    "filter":{"name":"Paris"}}']
