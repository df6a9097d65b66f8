"""One file for each library, all with the interface of `peer.Peer`."""

from __future__ import annotations

from importlib import import_module

from .peer import Peer

PEERS = {
    "data-bridge": ("data_bridge_peer", "DataBridgePeer"),
    "pymongo": ("pymongo_peer", "PyMongoPeer"),
    "beanie": ("beanie_peer", "BeaniePeer"),
    "mongoengine": ("mongoengine_peer", "MongoEnginePeer"),
}


def load(name: str) -> Peer:
    """The peer of that name; only its own library is imported."""
    module, kind = PEERS[name]
    peer: Peer = getattr(import_module(f".{module}", __package__), kind)()
    return peer
