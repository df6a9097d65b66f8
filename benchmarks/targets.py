"""What is aimed at: how many times as long as this library a peer takes, at least."""

from __future__ import annotations

from dataclasses import dataclass

OURS, PYMONGO, BEANIE, WIRE = "data-bridge", "PyMongo async (dicts)", "Beanie 2", "raw wire"


@dataclass(frozen=True)
class Target:
    """The least ratios to aim at; None where a comparison says nothing."""

    beanie: float | None
    pymongo: float | None

    def of(self, label: str) -> float | None:
        return {BEANIE: self.beanie, PYMONGO: self.pymongo}.get(label)


CLOCK = {
    "build and compile a filter": Target(3, None),
    "build 1,000": Target(None, None),
    "insert one": Target(2.5, 1.5),
    "insert 1,000, built": Target(7, 1.4),
    "insert 1,000, ready": Target(10, 2),
    "insert 1,000, in no order": Target(None, None),
    "get, one after another": Target(2, 1.5),
    "get, 64 tasks": Target(8, 5),
    "find 100": Target(6, 1.7),
    "find 1,000": Target(10, 2),
    "find 100,000": Target(14, 2.3),
    # Two fields are asked of the faster way, which is lazily: a projection takes the server as long, whoever asks.
    "two fields of 100,000, projected": Target(None, None),
    "two fields of 100,000, whole documents": Target(25, 4),
    "stream 100,000": Target(10, 2),
    "save 1,000 in one bulk": Target(2.7, 1),
    "save 1,000 one by one": Target(10, 3),
    "aggregate 100,000 to 100": Target(1, 1),
}
#: Of the processor time that a client takes above the raw wire, in every case.
PROCESSOR = Target(10, 3)
#: Of the bytes of a loaded document.
HELD = Target(2, 1)
#: Bytes above those of the interpreter while a million documents go by.
STREAMED = 100e6
#: How much more a long stream may take than one of a tenth, and still count as constant.
CONSTANT = 1.1
#: Seconds that other tasks of the event loop may have to wait while documents are loaded.
STALL = 0.005
