"""The layers of docs/architecture.md: who may depend on whom, read from the manifests and the import statements."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "data_bridge"
LAYERS = ("ir", "compiler", "driver", "bridge")
INPUT_AND_OUTPUT = {"tokio", "mongodb", "reqwest", "hyper", "socket2", "mio", "async-std", "futures-util", "rustls"}
ONLY_IN = {"pyo3": {"bridge"}, "mongodb": {"driver"}, "tokio": {"driver", "bridge"}}
# The modules that cross into Rust. Everything else is plain Python above them.
CROSSING = {
    "_core",
    "audit",
    "bulk",
    "bulk_statements",
    "client",
    "closed_values",
    "columns",
    "construction",
    "crud",
    "explain",
    "exports",
    "fetch_levels",
    "field_update",
    "fields",
    "inheritance",
    "instance",
    "joined_gets",
    "lambdas",
    "lang",
    "layout",
    "lazy_fields",
    "link_deletes",
    "link_writes",
    "paging",
    "pipeline",
    "plain_types",
    "plan",
    "query",
    "query_writes",
    "requests",
    "rows",
    "schema",
    "sessions",
    "stages",
    "steps",
    "streaming",
    "timeseries",
    "trust",
    "turns",
    "update",
    "update_checks",
    "update_pipelines",
    "upserts",
    "validator",
    "writing",
}
IR_MAY_IMPORT = {"_core", "errors", "ir"}


def dependencies(crate: str, *sections: str) -> set[str]:
    """The crates that a manifest names, under their own names."""
    manifest = tomllib.loads((ROOT / crate / "Cargo.toml").read_text())
    tables = [manifest, *manifest.get("target", {}).values()]
    return {
        entry.get("package", name) if isinstance(entry, dict) else name
        for table in tables
        for section in sections or ("dependencies", "build-dependencies")
        for name, entry in table.get(section, {}).items()
    }


def imported(module: Path) -> Iterator[str]:
    """The modules of this package that a file imports, dotted, without its name ("" is the package itself)."""
    folder = list(module.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = folder[: len(folder) - node.level + 1] if node.level else []
            base = ".".join((["data_bridge", *above] if node.level else []) + ([node.module] if node.module else []))
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (
            name.removeprefix("data_bridge").lstrip(".") for name in names if name.split(".")[0] == "data_bridge"
        )


def modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def test_members_are_the_layers() -> None:
    assert tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["members"] == list(LAYERS)


@pytest.mark.parametrize("crate", LAYERS)
def test_crates_import_only_lower_crates(crate: str) -> None:
    own = dependencies(crate, "dependencies", "dev-dependencies", "build-dependencies")
    lower = {f"data-bridge-{name}" for name in LAYERS[: LAYERS.index(crate)]}
    assert {name for name in own if name.startswith("data-bridge")} <= lower


@pytest.mark.parametrize(("library", "crates"), ONLY_IN.items())
def test_libraries_stay_in_their_crate(library: str, crates: set[str]) -> None:
    assert {crate for crate in LAYERS if library in dependencies(crate)} <= crates


def test_ir_and_compiler_do_no_io() -> None:
    assert not (dependencies("ir") | dependencies("compiler")) & INPUT_AND_OUTPUT


@pytest.mark.parametrize("module", modules(PACKAGE / "ir"), ids=lambda path: path.stem)
def test_ir_imports_nothing_above_it(module: Path) -> None:
    tops = {name.split(".")[0] for name in imported(module)}
    assert tops <= IR_MAY_IMPORT, f"{module.name} imports {sorted(tops - IR_MAY_IMPORT)}"


@pytest.mark.parametrize("module", modules(PACKAGE), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_crossing_modules_import_core(module: Path) -> None:
    inside = module.relative_to(PACKAGE).with_suffix("").parts[0]
    if inside not in CROSSING | {"ir", "__init__"}:
        assert "_core" not in {name.split(".")[0] for name in imported(module)}


def test_imports_are_read_as_python_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    (tmp_path / "ir").mkdir()
    module = tmp_path / "ir" / "node.py"
    module.write_text(
        "from ..document import Document\nfrom . import expr\n"
        "from data_bridge import _core\nimport data_bridge.query\nimport os\n"
    )
    assert list(imported(module)) == ["document.Document", "ir.expr", "_core", "query"]
