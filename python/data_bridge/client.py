"""Connections: where operations run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from . import _core
from .errors import ConnectionFailure, NotConnected
from .operation import Opening, Operation, Script, call
from .query_log import QueryLog, switch
from .sessions import Session
from .settings import A_DATABASE, is_database
from .trust import distrust_all

_default: Client | None = None


class Client:
    """A connection to a deployment, and the database that documents live in."""

    def __init__(self, uri: str, database: str | None = None, **options: Any) -> None:
        if database is not None and not is_database(database):
            raise ValueError(f"database={database!r}: a database has {A_DATABASE}")
        self.uri = uri
        self.core = _core.Client(uri, database, options or None)
        self._pymongo: Any = None
        #: The collections (database, name) that are known to exist as their classes want them.
        self.prepared: set[tuple[str | None, str]] = set()
        #: The logs that are told of every operation on this connection.
        self.logs: tuple[QueryLog, ...] = ()

    @property
    def database(self) -> str:
        """The database's name: the one given, else the URI's, else "test"."""
        return self.core.database

    def log(self, *logs: QueryLog) -> None:
        """Tells these logs, and no others, of every operation on this connection."""
        switch.turn(len(logs) - len(self.logs))
        self.logs = logs

    def close(self) -> Operation[None]:
        """Closes the connections."""

        def script() -> Script[None]:
            global _default
            if _default is self:
                _default = None
            self.log()
            yield self.core.close()
            if self._pymongo is not None:
                yield call(self._pymongo.close)

        return Operation(script, "client.close()")

    def start_session(self, causal_consistency: bool = True, snapshot: bool = False) -> Opening[Session]:
        """A session, for `query.session(...)` and `session=`: `async with client.start_session() as session`."""

        def script() -> Script[Session]:
            started = yield self.core.start_session(causal_consistency, snapshot)
            return Session(started, self.core)

        return Opening(script, "client.start_session()")

    def pymongo(self) -> Any:
        """PyMongo's asynchronous client of the same deployment, for what data-bridge does not do.

        Raises:
            ImportError: the installed PyMongo has no asynchronous client.
        """
        if self._pymongo is None:
            try:
                from pymongo import AsyncMongoClient
            except ImportError as error:
                raise ImportError(
                    "collection() needs PyMongo's asynchronous client, which PyMongo has since 4.13: "
                    "pip install 'pymongo>=4.13'"
                ) from error

            self._pymongo = AsyncMongoClient(self.uri)
        return self._pymongo

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close().run_sync()


def connect(
    uri: str | None = None,
    *,
    database: str | None = None,
    log: QueryLog | Sequence[QueryLog] = (),
    **options: Any,
) -> Opening[Client]:
    """Connects, and makes the connection the one that documents use; `async with connect(...)` closes it at its end.

    Args:
        uri: a MongoDB connection string; without one, the environment's MONGODB_URI, else an embedded real server
            that lives as long as the process.
        database: the database's name, before the URI's; "test" when neither names one.
        log: what `log_queries(...)` gives, or several: told of every operation on the connection.
        options: `app_name`, `max_pool_size`, `server_selection_timeout_ms`, `connect_timeout_ms`.

    Raises:
        ConnectionFailure: the deployment does not answer.
        ValueError: no database can have that name.
    """

    def script() -> Script[Client]:
        global _default
        client = Client(uri or os.environ.get("MONGODB_URI") or _embedded(), database, **options)
        try:
            yield client.core.ping()
        except ConnectionFailure as error:
            if (login := _login(client.uri)) is not None:
                error.add_note(login)
            raise
        client.log(*((log,) if isinstance(log, QueryLog) else log))
        _default = client
        distrust_all()
        return client

    return Opening(script, "connect(...)")


def _login(uri: str) -> str | None:
    """Who a connection string logs in, and where; nothing when it names nobody."""
    parts = urlsplit(uri)
    who, at, hosts = parts.netloc.rpartition("@")
    if not at:
        return None
    source = parse_qs(parts.query).get("authSource", [parts.path.strip("/") or "admin"])[-1]
    return f"the connection string logs in {unquote(who.partition(':')[0])!r} at {hosts}, with authSource {source!r}"


def _embedded() -> str:
    from .embedded import default_server

    return default_server().uri


def default_client() -> Client:
    """The connection that documents use.

    Raises:
        NotConnected: there is none.
    """
    if _default is None:
        raise NotConnected
    return _default
