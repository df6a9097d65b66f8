"""The hand-written stub says what the compiled module has: names, members, parameters, both ways."""

import os
import subprocess
import sys
from pathlib import Path

STUB = Path(__file__).parents[2] / "python" / "data_bridge" / "_core.pyi"
# The runtime shows a slot as `*args, **kwargs`, whatever it takes.
UNSIGNED = "data_bridge._core.LoopQueue.__call__\n"

# What is written, what stands there instead, and what must be said of it.
MISTAKES = [
    ("def rules() -> list[str]: ...", "", "rules is not present in stub"),
    ("def to_mql(", "def rule() -> str: ...\ndef to_mql(", "rule is not present at runtime"),
    ("def non_null(self) -> DType: ...", "", "DType.non_null is not present in stub"),
    (
        "def comparable_to(",
        "def alike(self) -> None: ...\n    def comparable_to(",
        "DType.alike is not present",
    ),
    ("traced: bool = False", "trace: bool = False", "compile is inconsistent"),
    ("causal_consistency: bool = True", "causal_consistency: bool = False", "Client.start_session is inconsistent"),
    ("    @property\n    def open(self)", "    def open(self)", "Schema.open is not a function"),
]


def differences(stub: str, folder: Path) -> list[str]:
    """What mypy's stubtest says of a stub of `_core`, a line each. mypy sees nothing of the package but the stub."""
    package = folder / "data_bridge"
    package.mkdir()
    (package / "__init__.pyi").touch()
    (package / STUB.name).write_text(stub)
    allowed = folder / "allowed.txt"
    allowed.write_text(UNSIGNED)
    command = [sys.executable, "-m", "mypy.stubtest", "--concise", "--allowlist", str(allowed), "data_bridge._core"]
    path = os.pathsep.join(part for part in sys.path if part)
    environment = {**os.environ, "PYTHONPATH": path, "MYPYPATH": str(folder)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=300)
    said = [line.removeprefix("data_bridge._core.") for line in (done.stdout + done.stderr).splitlines()]
    assert bool(said) == bool(done.returncode), (said, done.returncode)
    return said


def test_the_stub_agrees_with_the_module(tmp_path: Path) -> None:
    assert differences(STUB.read_text(), tmp_path) == []


def test_every_kind_of_disagreement_is_found(tmp_path: Path) -> None:
    stub = STUB.read_text()
    for written, instead, _ in MISTAKES:
        assert written in stub
        stub = stub.replace(written, instead, 1)
    said = differences(stub, tmp_path)
    for _, _, expected in MISTAKES:
        assert any(line.startswith(expected) for line in said), (expected, said)
