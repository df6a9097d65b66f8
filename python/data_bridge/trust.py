"""Why stored documents are known to obey their class's schema: what the optimizer may rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._core import Schema

BY_SETTINGS = "Settings.trust_schema"
LINKS_BY_SETTINGS = "Settings.trust_links"
#: Schemas whose documents were audited in the deployment that is connected, by identity.
_AUDITED: dict[int, Schema] = {}
#: Schemas whose unique indexes were looked at there.
_KEPT_APART: dict[int, Schema] = {}


def trust_audited(schema: Schema) -> None:
    """Stored documents were looked at, and the server refuses others."""
    if schema.trust != BY_SETTINGS:
        schema.set_trust("audit, and the collection's validator")
        _AUDITED[id(schema)] = schema


def distrust(schema: Schema) -> None:
    """What an audit found is no longer known to hold."""
    if _AUDITED.pop(id(schema), None) is not None:
        schema.set_trust(None)


def trust_unique(schema: Schema, paths: list[str]) -> None:
    """The server keeps stored documents apart on these paths."""
    schema.set_unique(paths, "unique indexes, as sync_indexes found them")
    _KEPT_APART[id(schema)] = schema


def distrust_unique(schema: Schema) -> None:
    """Which indexes there are is no longer known."""
    if _KEPT_APART.pop(id(schema), None) is not None:
        schema.set_unique([], "")


def distrust_all() -> None:
    """Another deployment holds other data, and other indexes."""
    for schema in list(_AUDITED.values()):
        distrust(schema)
    for schema in list(_KEPT_APART.values()):
        distrust_unique(schema)
