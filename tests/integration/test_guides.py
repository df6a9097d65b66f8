"""The guides run as they are written."""

import ast
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from pymongo import MongoClient

from data_bridge.embedded import Server

GUIDES = Path(__file__).parents[2] / "docs" / "guide"


def blocks(guide: str) -> list[CodeType]:
    """The Python blocks of a guide, each at its line."""
    text = (GUIDES / guide).read_text()
    found = []
    for match in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        line = text[: match.start(1)].count("\n")
        source = "\n" * line + match[1]
        found.append(compile(source, guide, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))
    return found


@pytest.mark.parametrize(
    "guide",
    [
        "computing.md",
        "documents.md",
        "errors.md",
        "fast-reads.md",
        "from-beanie.md",
        "from-mql.md",
        "optimizer.md",
        "plans.md",
        "queries.md",
        "relations.md",
        "text-queries.md",
    ],
)
async def test_the_guide_runs(mongod: Server, monkeypatch: pytest.MonkeyPatch, guide: str) -> None:
    await run(guide, mongod, monkeypatch)


async def run(guide: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs the blocks of a guide one after the other, with this server."""
    monkeypatch.setenv("MONGODB_URI", server.uri)
    namespace: dict[str, Any] = {"__name__": "guide"}
    codes = blocks(guide)
    assert len(codes) > 4
    try:
        for code in codes:
            waiting = eval(code, namespace)
            if waiting is not None:
                await waiting
    finally:
        with MongoClient[dict[str, Any]](server.uri) as plain:
            plain.drop_database("guide")


async def test_the_guide_of_transactions_runs(replica_set: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    await run("transactions.md", replica_set, monkeypatch)


PROGRAM, *BEHIND, FIXTURE = re.findall(
    r"^```python\n(.*?)^```", (GUIDES / "getting-started.md").read_text(), re.MULTILINE | re.DOTALL
)
RUN = "asyncio.run(main())\n"


def test_the_first_program_runs_and_grows(mongod: Server) -> None:
    environment = {**os.environ, "MONGODB_URI": mongod.uri, "PYTHONPATH": os.pathsep.join(sys.path)}

    def printed(program: str) -> str:
        command = [sys.executable, "-W", "error", "-c", program]
        try:
            return subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout
        finally:
            with MongoClient[dict[str, Any]](mongod.uri) as plain:
                plain.drop_database("tutorial")

    assert PROGRAM.endswith(RUN)
    assert re.fullmatch(r"Ada [0-9a-f]{24}\n", printed(PROGRAM))
    main = PROGRAM.removesuffix(RUN).rstrip() + "\n"
    said = printed(main + textwrap.indent("".join(BEHIND), " " * 8) + RUN)
    assert said.count("Match(age > 25)") == 2
    assert "COLLSCAN" in said
    assert "age: Annotated[int, Indexed()]" in said


def test_the_fixture_for_tests_runs(tmp_path: Path) -> None:
    asked = """

    def test_it(mongod):
        assert mongod.uri.startswith("mongodb://127.0.0.1:")
    """
    (tmp_path / "test_it.py").write_text(FIXTURE + textwrap.dedent(asked))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)
    assert "1 passed" in ran.stdout, ran.stdout
