"""Which files are generated, and from what."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from . import accumulators, docs, functions, rust, signatures, stages, updates
from .table import ROOT, Table, load

PACKAGE = ROOT / "python" / "data_bridge"


def outputs() -> dict[Path, str]:
    """Every generated file and what it must hold."""
    table = load()
    plain = {
        ROOT / "ir" / "src" / "catalog" / "generated.rs": rust.module(table),
        ROOT / "docs" / "operators.md": docs.page(table),
    }
    python = {
        **functions.modules(table, PACKAGE / "functions"),
        **stages.modules(table, PACKAGE / "stages"),
        PACKAGE / "fields" / "methods.py": functions.methods(table),
        PACKAGE / "stages" / "__init__.py": exporting(table, PACKAGE / "stages" / "__init__.py", "stages"),
        **{
            PACKAGE / name: exporting(table, PACKAGE / name, "stages", "accumulators", "windows")
            for name in ("__init__.py", "pipeline.py")
        },
        PACKAGE / "pipeline_builder.py": stages.builder(table, (PACKAGE / "pipeline_builder.py").read_text()),
        PACKAGE / "accumulators.py": accumulators.accumulators(table),
        PACKAGE / "windows.py": accumulators.windows(table),
        PACKAGE / "ir" / "operators.py": updates.module(table),
        PACKAGE / "ir" / "signatures.py": signatures.module(table),
    }
    return {**plain, **{path: formatted(path, text) for path, text in python.items()}}


def exporting(table: Table, module: Path, *kinds: str) -> str:
    """A module that says one by one what it exports, for type checkers: with the classes of these kinds of operators.

    Args:
        table: the operators.
        module: where it is; all else in it stays.
        kinds: "stages", "accumulators", "windows".
    """
    text = module.read_text()
    above, _, rest = text.partition("__all__ = [")
    listed, _, below = rest.partition("]")
    names = {name.strip().strip('"') for name in listed.split(",")} - {""}
    names |= {accumulators.name_of(row) for kind in kinds for row in table[kind]}
    return f"{above}__all__ = {sorted(names)!r}{below}"


def stale() -> list[Path]:
    """The files that differ from what the table says."""
    return [path for path, text in outputs().items() if not path.exists() or path.read_text() != text]


def formatted(path: Path, text: str) -> str:
    """The module as ruff writes it, its imports sorted and none of them unused."""
    command = [sys.executable, "-m", "ruff"]
    options = ["--quiet", "--stdin-filename", str(path), "-"]
    for step in (["check", "--fix-only", "--select", "I,F401"], ["format"]):
        done = subprocess.run([*command, *step, *options], input=text, capture_output=True, text=True, cwd=ROOT)
        if done.returncode != 0:
            raise RuntimeError(f"{path.name}: {done.stderr}")
        text = done.stdout
    return text
