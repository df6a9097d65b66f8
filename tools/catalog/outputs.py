"""Which files are generated, and from what."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from . import accumulators, classes, docs, functions, rust, signatures, stages, updates
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
        PACKAGE / "pipeline_builder.py": stages.builder(table, (PACKAGE / "pipeline_builder.py").read_text()),
        PACKAGE / "accumulators.py": accumulators.accumulators(table),
        PACKAGE / "windows.py": accumulators.windows(table),
        PACKAGE / "query_operators.py": classes.queries(table),
        PACKAGE / "update_operators.py": classes.updates(table),
        PACKAGE / "ir" / "operators.py": updates.module(table),
        PACKAGE / "ir" / "signatures.py": signatures.module(table),
        **{path: exporting(path, names) for path, names in exports(table).items()},
    }
    return {**plain, **{path: formatted(path, text) for path, text in python.items()}}


def exports(table: Table) -> dict[Path, set[str]]:
    """By module that exports what others define, the classes of operators among it."""
    staged = {accumulators.name_of(row) for row in table["stages"]}
    piped = staged | {accumulators.name_of(row) for kind in ("accumulators", "windows") for row in table[kind]}
    asked = {row.title for row in classes.query_rows(table)}
    updated = {row.title for row in classes.update_rows(table)}
    return {
        PACKAGE / "__init__.py": piped | asked | updated,
        PACKAGE / "pipeline.py": piped,
        PACKAGE / "stages" / "__init__.py": staged,
        PACKAGE / "predicates.py": asked,
        PACKAGE / "update.py": updated,
    }


def exporting(module: Path, operators: set[str]) -> str:
    """A module that says one by one what it exports, for type checkers.

    Args:
        module: where it is; all else in it stays.
        operators: the classes of operators that it exports.
    """
    text = module.read_text()
    above, _, rest = text.partition("__all__ = [")
    listed, _, below = rest.partition("]")
    names = {name.strip().strip('"') for name in listed.split(",")} - {""}
    return f"{above}__all__ = {sorted(names | operators)!r}{below}"


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
