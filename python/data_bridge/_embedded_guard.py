"""Keeps an embedded server no longer than its owner lives.

Run as a program, by path and with the standard library alone: `guard.py kept|temporary FOLDER COMMAND...`. It starts
COMMAND and waits on its standard input, whose other end only the owner holds. At end of file (the owner closed it,
ended, or was killed) it ends the server, removes FOLDER and exits. When the server ends first, its exit code is left in
`FOLDER/exit`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

PR_SET_PDEATHSIG = 1
SHUTDOWN_SECONDS = 60.0
EXIT_FILE = "exit"
CANNOT_RUN, CANNOT_RUN_CODE = "cannot be run", 126


def die_with_guard() -> None:
    """Ask Linux to kill this process with the thread that made it; the guard has only one."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def watch(server: subprocess.Popen[bytes], folder: Path, owner: int) -> None:
    """Return when the owner is gone or has let go; leave word when the server ends before that."""
    poller = select.poll()
    poller.register(0, select.POLLIN | select.POLLHUP)
    process = -1
    with contextlib.suppress(OSError, AttributeError):  # Linux before 5.3: the timeout below does
        process = os.pidfd_open(server.pid)
        poller.register(process, select.POLLIN)
    reported = False
    while os.getppid() == owner:
        if not reported and server.poll() is not None:
            reported = True
            if process >= 0:
                poller.unregister(process)
            report(folder, server.returncode)
        for descriptor, _ in poller.poll(500):
            if descriptor == 0 and not os.read(0, 4096):
                return


def report(folder: Path, code: int) -> None:
    """Leave the exit code where the owner looks for it, whole or not at all."""
    part = folder / f".{EXIT_FILE}"
    part.write_text(str(code))
    part.rename(folder / EXIT_FILE)


def end(server: subprocess.Popen[bytes], kept: bool) -> None:
    """Shut the server down in order when its data is kept, at once when not."""
    if kept and server.poll() is None:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(SHUTDOWN_SECONDS)
    if server.poll() is None:
        server.kill()
    server.wait()


def interrupted(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main(arguments: list[str]) -> int:
    kept, folder, *command = arguments
    owner = os.getppid()
    signal.signal(signal.SIGTERM, interrupted)
    try:
        try:
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=die_with_guard)
        except OSError as error:
            print(f"{CANNOT_RUN}: {error}", flush=True)
            report(Path(folder), CANNOT_RUN_CODE)
            os.read(0, 4096)
            return CANNOT_RUN_CODE
        try:
            watch(server, Path(folder), owner)
        finally:
            end(server, kept == "kept")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
