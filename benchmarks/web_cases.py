"""What is measured of answers to web requests: from the request that FastAPI gets to the last byte of its answer."""

from __future__ import annotations

from typing import Any

from .case import Case, call, given
from .cases import STORED
from .data import comparable, row


def _check(peer: Any, count: int, body: bytes) -> None:
    from .peers.web_peer import seen

    found = seen(body)
    assert len(found) == count, f"{peer.label}: {len(found)} documents, not {count}"
    for number, document in enumerate(found):
        expected = comparable(row(number))
        assert document == expected, f"{peer.label}: {document} is not {expected}"


CASES = [
    Case("web: 100 documents", "people", given(100), call("people"), _check),
    Case("web: 1,000 documents", "people", given(1000), call("people"), _check),
    Case("web: 100,000 documents streamed", "streamed", given(STORED), call("streamed"), _check),
]
