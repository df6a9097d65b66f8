"""What a case is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

#: The first argument is a peer: a `Peer`, or a `LinkPeer` for the cases of links. What it gives may be awaitable.
Prepare = Callable[[Any, int], Any]
Run = Callable[[Any, Any], Awaitable[Any]]
Check = Callable[[Any, Any, Any], None]
#: The server's address, the database, and how often the case ran.
After = Callable[[str, str, int], None]


@dataclass(frozen=True)
class Case:
    """One line of the tables: it prepares outside the clock, runs inside it, and checks what came back.

    Attributes:
        asks: the method of a peer that it calls; a peer without it is left out.
        prepare: gives what `run` takes, for a peer and the number of the run, which no other run of the case has.
        check: looks at what the first run of each peer gave.
        units: how many things a run does; what is shown is one run over that.
        rounds: how often it is run at most.
        after: for a case that writes: looks that everything is stored, and restores what was there.
    """

    name: str
    asks: str
    prepare: Prepare
    run: Run
    check: Check
    units: int = 1
    rounds: int = 100
    after: After | None = None

    @property
    def slug(self) -> str:
        """The name as one word, for choosing cases: "find 1,000" is find-1000."""
        return self.name.lower().replace(",", "").replace(":", "").replace(" ", "-")

    def peers(self, all_peers: list[Any]) -> list[Any]:
        """The peers that can do it."""
        return [peer for peer in all_peers if getattr(peer, self.asks, None) is not None]


def call(method: str) -> Run:
    """The peer's own method of that name, with what was prepared."""

    async def run(peer: Any, prepared: Any) -> Any:
        return await getattr(peer, method)(prepared)

    return run


def given(value: Any) -> Prepare:
    """The same for every peer and run."""
    return lambda _peer, _number: value


def unchecked(_: Any, __: Any, ___: Any) -> None:
    """What was written is looked at by `after`."""
