"""One file for each library and suite; those without a suite in their name have the interface of `peer.Peer`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from .peer import Peer

PEERS = {
    "data-bridge": ("data_bridge_peer", "DataBridgePeer"),
    "pymongo": ("pymongo_peer", "PyMongoPeer"),
    "beanie": ("beanie_peer", "BeaniePeer"),
    "mongoengine": ("mongoengine_peer", "MongoEnginePeer"),
    "wire": ("wire_peer", "WirePeer"),
}
#: By the suite: of those, the ones that do what it is about, each in one way or several.
OTHERS: dict[str, dict[str, tuple[str, list[str]]]] = {
    "links": {
        "data-bridge": ("data_bridge_links", ["DataBridgeLinks"]),
        "beanie": ("beanie_links", ["BeanieLinks"]),
    },
    "web": {
        "data-bridge": ("data_bridge_web", ["DataBridgeWritten", "DataBridgeReturned"]),
        "pymongo": ("pymongo_web", ["PyMongoWritten", "PyMongoReturned"]),
        "beanie": ("beanie_web", ["BeanieReturned"]),
    },
    "columns": {
        "data-bridge": ("data_bridge_columns", ["DataBridgeColumns"]),
        "pymongo": ("pymongo_columns", ["PyMongoArrow", "PyMongoDicts"]),
        "beanie": ("beanie_columns", ["BeanieColumns"]),
    },
}


def load(name: str) -> Peer:
    """The peer of that name; only its own library is imported."""
    module, kind = PEERS[name]
    peer: Peer = getattr(import_module(f".{module}", __package__), kind)()
    return peer


def load_others(suite: str, names: Sequence[str]) -> list[Any]:
    """What is measured in that suite of the named libraries: peers of its own kind."""
    loaded = []
    for name in names:
        module, kinds = OTHERS[suite].get(name, ("", []))
        loaded += [getattr(import_module(f".{module}", __package__), kind)() for kind in kinds]
    return loaded
