"""One file for each library, all with the interface of `peer.Peer`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from .link_peer import LinkPeer
from .peer import Peer

PEERS = {
    "data-bridge": ("data_bridge_peer", "DataBridgePeer"),
    "pymongo": ("pymongo_peer", "PyMongoPeer"),
    "beanie": ("beanie_peer", "BeaniePeer"),
    "mongoengine": ("mongoengine_peer", "MongoEnginePeer"),
    "wire": ("wire_peer", "WirePeer"),
}
#: Of those, the ones that have links to follow in queries.
LINK_PEERS = {
    "data-bridge": ("data_bridge_links", "DataBridgeLinks"),
    "beanie": ("beanie_links", "BeanieLinks"),
}


def load(name: str) -> Peer:
    """The peer of that name; only its own library is imported."""
    module, kind = PEERS[name]
    peer: Peer = getattr(import_module(f".{module}", __package__), kind)()
    return peer


def load_links(names: Sequence[str]) -> list[LinkPeer]:
    """Those of the named peers that have links."""
    chosen = [LINK_PEERS[name] for name in names if name in LINK_PEERS]
    return [getattr(import_module(f".{module}", __package__), kind)() for module, kind in chosen]
