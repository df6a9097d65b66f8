"""Counts the instructions of what every call pays, and says what grew: `make bench-check`. Repeatable, unlike a clock.

The counts are those of the machine code that ran, so they hold for one processor family, interpreter and compiler; the
file says which.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pydantic
from rich.console import Console
from rich.table import Table

from . import counted

KEPT = Path(__file__).parent / "instructions.json"
#: A part by which a count may grow.
TOLERANCE = 0.05
_MARK = "math_cbrt"


def measured() -> dict[str, int]:
    """Instructions of one run of each case, all threads together.

    Raises:
        SystemExit: callgrind is not installed, or the run failed.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise SystemExit("valgrind is not installed: apt-get install valgrind, or your system's package of that name")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "counts"
        command = [valgrind, "--tool=callgrind", "--quiet", f"--callgrind-out-file={out}", f"--dump-before={_MARK}"]
        driver = [sys.executable, "-m", counted.__name__]
        done = subprocess.run([*command, *driver], env={**os.environ, "PYTHONHASHSEED": "0"}, check=False)
        if done.returncode:
            raise SystemExit(f"callgrind ended with {done.returncode}")
        # Each case is between two marks: the even parts.
        counts = {}
        for place, (name, times) in enumerate(counted.names().items(), start=1):
            counts[name] = round(_total(out.with_name(f"counts.{2 * place}")) / times)
        return counts


def _total(part: Path) -> int:
    lines = part.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("totals:"))


def environment() -> dict[str, str]:
    """What the counts depend on, beside this repository."""
    rustc = subprocess.run(["rustc", "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[1]
    versions = {"python": platform.python_version(), "pydantic": pydantic.VERSION, "rustc": rustc}
    return {"machine": platform.machine(), **versions}


def compared(kept: dict[str, int], now: dict[str, int]) -> list[str]:
    """The cases that grew by more than the tolerance."""
    return [name for name, count in now.items() if name in kept and count > kept[name] * (1 + TOLERANCE)]


def _table(kept: dict[str, int], now: dict[str, int]) -> Table:
    out = Table(title="Instructions of one run", title_justify="left")
    out.add_column("")
    for column in ("kept", "now", "change"):
        out.add_column(column, justify="right")
    grown = compared(kept, now)
    for name, count in now.items():
        before = kept.get(name)
        change = "new" if before is None else f"{count / before - 1:+.1%}"
        out.add_row(
            name, "" if before is None else f"{before:,}", f"{count:,}", change, style="red" if name in grown else ""
        )
    return out


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-check", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"keep these counts in {KEPT.name}")
    arguments = parser.parse_args()
    document: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    kept, here = document.get("instructions", {}), environment()
    now = measured()
    console = Console(width=110)
    console.print(_table(kept, now))
    if arguments.write:
        KEPT.write_text(json.dumps({"environment": here, "instructions": now}, indent=2) + "\n")
        console.print(f"kept in {KEPT.name}")
        return
    other = [
        f"{name} {value} (here {here[name]})"
        for name, value in document.get("environment", {}).items()
        if here[name] != value
    ]
    if other:
        console.print(f"the kept counts are of {', '.join(other)}: to compare, run --write on the commit before first")
    grown = compared(kept, now)
    if grown:
        raise SystemExit(f"grew by more than {TOLERANCE:.0%}: {', '.join(grown)}; --write keeps the new counts")
    console.print(f"nothing grew by more than {TOLERANCE:.0%}")


if __name__ == "__main__":
    main()
