"""The guides run as they are written."""

import ast
import os
import re
import subprocess
import sys
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
        "fast-reads.md",
        "from-mql.md",
        "optimizer.md",
        "plans.md",
        "queries.md",
        "relations.md",
        "text-queries.md",
    ],
)
async def test_the_guide_runs(mongod: Server, monkeypatch: pytest.MonkeyPatch, guide: str) -> None:
    monkeypatch.setenv("MONGODB_URI", mongod.uri)
    namespace: dict[str, Any] = {"__name__": "guide"}
    codes = blocks(guide)
    assert len(codes) > 4
    try:
        for code in codes:
            waiting = eval(code, namespace)
            if waiting is not None:
                await waiting
    finally:
        with MongoClient[dict[str, Any]](mongod.uri) as plain:
            plain.drop_database("guide")


def test_the_first_program_runs(mongod: Server) -> None:
    text = (GUIDES / "getting-started.md").read_text()
    [program] = [
        block for block in re.findall(r"^```python\n(.*?)^```", text, re.M | re.S) if "asyncio.run(main())" in block
    ]
    environment = {**os.environ, "MONGODB_URI": mongod.uri, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert ran.stdout.startswith("Ada ")
