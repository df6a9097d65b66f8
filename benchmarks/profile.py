"""A flame graph of one case: `make profile CASE=find-1000`. Each frame's width is the time in it, native code too.

Only threads of Python are in it; what the I/O thread does is not.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import inspect
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from data_bridge.embedded import Server

from .__main__ import DATABASE, store
from .case import Case
from .cases import CASES
from .peers import PEERS, load, load_others
from .suites import MORE

#: Samples a second: the process stands still while one is taken.
RATE = 200
_BEGUN = "begun"
#: `prctl(2)`.
_PR_SET_PTRACER = 0x59616D61


def find(slug: str) -> Case:
    """The case of that name.

    Raises:
        SystemExit: there is none, or several; the message names them.
    """
    cases = {case.slug: case for case in (*CASES, *(case for suite in MORE for case in suite.cases))}
    if slug in cases:
        return cases[slug]
    close = [name for name in cases if slug in name] or list(cases)
    if len(close) == 1:
        return cases[close[0]]
    raise SystemExit(f"no case is named {slug!r}; choose one of {', '.join(close)}")


async def repeat(case: Case, peer: Any, uri: str) -> None:
    """Runs the case until the process is ended; says so once it has begun. What it prepares is a frame of its own."""
    # Where only parents may trace, anybody of this user may trace this process.
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)
    await peer.setup(uri, DATABASE)
    number = 0
    while True:
        prepared = case.prepare(peer, number)
        await case.run(peer, await prepared if inspect.isawaitable(prepared) else prepared)
        if number == 0:
            print(_BEGUN, flush=True)
        number += 1


def record(case: Case, peer: str, seconds: int, out: Path) -> None:
    """Records a process of its own, with a server of its own.

    Raises:
        SystemExit: py-spy is not installed, or could not record.
    """
    spy = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if spy is None:
        raise SystemExit("py-spy is not installed: pip install 'data-bridge[bench]'")
    inner = [sys.executable, "-m", __spec__.name, case.slug, "--peer", peer, "--uri"]
    options = ["--native", "--rate", str(RATE), "--duration", str(seconds), "--format", "flamegraph"]
    with Server(cache_gb=1) as server:
        store(server.uri)
        with subprocess.Popen([*inner, server.uri], stdout=subprocess.PIPE, text=True) as running:
            if running.stdout is None or running.stdout.readline().strip() != _BEGUN:
                raise SystemExit(f"{case.name} did not begin")
            command = [spy, "record", *options, "--output", str(out), "--pid", str(running.pid)]
            done = subprocess.run(command, check=False)
            running.kill()
    if done.returncode:
        raise SystemExit(f"py-spy ended with {done.returncode}: it must be allowed to trace processes of yours")
    print(f"written to {out}: open it in a browser")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make profile", description=__doc__)
    parser.add_argument("case", help='such as "find-1000"')
    parser.add_argument("--peer", default="data-bridge", choices=list(PEERS), help="whose")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/profile.svg"))
    parser.add_argument("--uri", help="run the case on this server, unrecorded")
    arguments = parser.parse_args()
    case = find(arguments.case)
    if arguments.uri is None:
        record(case, arguments.peer, arguments.seconds, arguments.output)
        return
    suites = [suite.name for suite in MORE if case in suite.cases]
    peers = case.peers(load_others(suites[0], [arguments.peer]) if suites else [load(arguments.peer)])
    if not peers:
        raise SystemExit(f"{arguments.peer} has no way of {case.name}")
    asyncio.run(repeat(case, peers[0], arguments.uri))


if __name__ == "__main__":
    main()
