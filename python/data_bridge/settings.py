"""What the inner class `Settings` of a document may say."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, fields
from typing import Any

from .errors import SchemaError


@dataclass(frozen=True)
class Settings:
    """Where and how a class is stored."""

    name: str
    database: str | None = None
    indexes: list[Any] = field(default_factory=list)
    #: Queries trust that stored data obeys the schema.
    trust_schema: bool = False
    #: How links are stored: as the plain "id", or as a "dbref".
    link_storage: str = "id"
    #: Links are fetched with every query that does not say otherwise.
    eager_load_links: bool = False
    #: Ids in one command when links to this class are fetched.
    max_link_batch_size: int = 10_000
    #: What a stored document that does not fit does to a read: "raise", "skip" or "raw".
    on_invalid: str = "raise"


_SETTINGS: dict[type, Settings] = {}


def settings_of(cls: type) -> Settings:
    """The settings of a class, merged along its bases; the collection's name is never inherited.

    Raises:
        SchemaError: a setting does not exist.
    """
    known = _SETTINGS.get(cls)
    if known is not None:
        return known
    names = [each.name for each in fields(Settings)]
    given: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        inner = vars(base).get("Settings")
        for key, value in vars(inner).items() if inner is not None else ():
            if key.startswith("_"):
                continue
            if key not in names:
                nearest = difflib.get_close_matches(key, names, n=1)
                guess = f"did you mean {nearest[0]!r}? " if nearest else ""
                raise SchemaError(f"{base.__name__}.Settings has no {key!r}; {guess}settings: {', '.join(names)}")
            given[key] = value
    settings = Settings(**{"name": cls.__name__, **given})
    _SETTINGS[cls] = settings
    return settings
