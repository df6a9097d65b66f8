"""What the inner class `Settings` of a document may say."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from .errors import SchemaError
from .per_class import per_class

GRANULARITIES = ("seconds", "minutes", "hours")


@dataclass(frozen=True)
class TimeSeriesConfig:
    """The collection is a time series.

    Args:
        time_field: the stored name of the date field that each document has.
        meta_field: the stored name of the field that says what is measured; it seldom changes.
        granularity: how far apart the documents of one `meta_field` are: "seconds", "minutes" or "hours".
        expire_after_seconds: documents older than this are deleted by the server.

    Raises:
        SchemaError: the granularity is none of those.
    """

    time_field: str
    meta_field: str | None = None
    granularity: str | None = None
    expire_after_seconds: int | None = None

    def __post_init__(self) -> None:
        if self.granularity is not None and self.granularity not in GRANULARITIES:
            raise SchemaError(f"granularity is {self.granularity!r}; give one of {', '.join(GRANULARITIES)}")


@dataclass(frozen=True)
class Settings:
    """Where and how a class is stored."""

    #: The collection's name; by default the class's.
    name: str
    #: The database; by default the connection's.
    database: str | None = None
    #: Indexes that are not declared on fields.
    indexes: list[Any] = field(default_factory=list)
    #: The class and its subclasses share one collection.
    is_root: bool = False
    #: What the documents of this class hold in `_class_id`; by default the names of the classes down from the root.
    class_id: str | None = None
    #: Documents have a `revision_id`, and a write of a document that someone else changed meanwhile is refused.
    use_revision: bool = False
    #: Queries trust that stored data obeys the schema.
    trust_schema: bool = False
    #: Queries trust that every stored link leads to exactly one document of its class.
    trust_links: bool = False
    #: What `sync_validator()` writes: the model's schema; that and these conditions in MQL; or nothing.
    validator: bool | Mapping[str, Any] = True
    #: How links are stored: "id" or "dbref".
    link_storage: str = "id"
    #: Links are fetched with every query that does not say otherwise.
    eager_load_links: bool = False
    #: `sync_indexes()` makes an index on each link whose declaration does not say otherwise.
    index_links: bool = False
    #: How many linked documents one command fetches at most.
    max_link_batch_size: int = 10_000
    #: Fields that are None, and come back as None when they are missing, are stored as null.
    keep_nulls: bool = True
    #: The collection is a time series.
    timeseries: TimeSeriesConfig | None = None
    #: What a stored document that does not fit does to a read: "raise", "skip" or "raw".
    on_invalid: str = "raise"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != "" and "\0" not in value


def is_database(value: Any) -> bool:
    """Whether a database can have that name. Source: MongoDB manual, "Naming Restrictions"."""
    return _is_text(value) and not set(value) & set('/\\. "$') and len(value.encode()) < 64


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


A_DATABASE = 'a name of 63 bytes at most, with none of / \\ . " $ and no space in it'

#: What each setting takes: a test, and the words for it.
_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (_is_text, "a text that is not empty"),
    "database": (lambda value: value is None or is_database(value), f"a text or None: {A_DATABASE}"),
    "indexes": (lambda value: isinstance(value, (list, tuple)), "a list"),
    "is_root": (_is_flag, "True or False"),
    "class_id": (lambda value: value is None or _is_text(value), "a text or None"),
    "use_revision": (_is_flag, "True or False"),
    "trust_schema": (_is_flag, "True or False"),
    "trust_links": (_is_flag, "True or False"),
    "validator": (lambda value: _is_flag(value) or isinstance(value, Mapping), "True, False or a dict of conditions"),
    "link_storage": (lambda value: value in ("id", "dbref"), '"id" or "dbref"'),
    "eager_load_links": (_is_flag, "True or False"),
    "index_links": (_is_flag, "True or False"),
    "max_link_batch_size": (_is_count, "an integer above 0"),
    "keep_nulls": (_is_flag, "True or False"),
    "timeseries": (
        lambda value: value is None or isinstance(value, TimeSeriesConfig),
        "a TimeSeriesConfig or None",
    ),
    "on_invalid": (lambda value: value in ("raise", "skip", "raw"), '"raise", "skip" or "raw"'),
}

#: What other libraries, or a slip, call the inner class `Settings`.
_OTHER_NAMES = frozenset({"settings", "setting", "collection", "meta"})

#: What a class says of itself alone.
_OWN = frozenset({"name", "is_root", "class_id"})

_SETTINGS: dict[type, Settings] = {}


def settings_of(cls: type) -> Settings:
    """The settings of a class, merged along its bases.

    `name`, `is_root` and `class_id` are not inherited, except that the classes of a family share the collection of
    their root.

    Raises:
        SchemaError: a setting does not exist, has a value of the wrong kind, or contradicts the family's.
    """
    known = _SETTINGS.get(cls)
    if known is not None:
        return known
    given: dict[str, Any] = {}
    # A generic class and what it is with its parameters filled in are one.
    origin = getattr(cls, "__pydantic_generic_metadata__", {}).get("origin")
    for base in reversed(cls.__mro__):
        said = said_by(base)
        given.update(said if base in (cls, origin) else {key: value for key, value in said.items() if key not in _OWN})
    root = root_of(cls)
    if root is not None and root is not cls:
        given.update(_shared(cls, given, settings_of(root)))
    settings = Settings(**{"name": cls.__name__, **given})
    _SETTINGS[cls] = settings
    return settings


def check_inner(cls: type) -> None:
    """Looks for settings that stand under another name.

    Raises:
        SchemaError: a plain inner class that is not called `Settings` says one.
    """
    for name, inner in vars(cls).items():
        if name == "Settings" or name.lower() not in _OTHER_NAMES or not isinstance(inner, type):
            continue
        said = sorted(key for key in vars(inner) if key in _KINDS)
        if inner.__bases__ == (object,) and said:
            raise SchemaError(f"{cls.__name__}.{name} says {', '.join(said)}: call the inner class Settings")


def _shared(cls: type, given: dict[str, Any], root: Settings) -> dict[str, Any]:
    """Where the family is stored."""
    shared = {"name": root.name, "database": root.database, "timeseries": root.timeseries}
    for key, value in said_by(cls).items():
        if key in shared and value != shared[key]:
            raise SchemaError(
                f"{cls.__name__}.Settings.{key} is {value!r}, but the class shares the collection of its root, whose "
                f"{key} is {shared[key]!r}: leave it out"
            )
    return shared


@per_class
def root_of(cls: type) -> type | None:
    """The class whose collection this class shares: the one with `Settings.is_root`, itself or a base; else None.

    Raises:
        SchemaError: two classes of the line are roots.
    """
    roots = [base for base in cls.__mro__ if said_by(base).get("is_root")]
    if len(roots) > 1:
        names = " and ".join(base.__name__ for base in roots)
        raise SchemaError(f"{cls.__name__} has two roots, {names}: set is_root on one of them")
    return roots[0] if roots else None


@per_class
def said_by(cls: type) -> dict[str, Any]:
    """What the class's own `Settings` says, checked.

    Raises:
        SchemaError: a setting does not exist, or has a value of the wrong kind.
    """
    inner = vars(cls).get("Settings")
    if not isinstance(inner, type):
        return {}
    said = {
        key: value
        # A Settings class may build on another one, but says nothing by what every class has.
        for base in reversed(inner.__mro__[:-1])
        for key, value in vars(base).items()
        if not key.startswith("_")
    }
    for key, value in said.items():
        if key not in _KINDS:
            raise SchemaError(_no_such_setting(cls, key, [each.name for each in fields(Settings)]))
        fits, kind = _KINDS[key]
        if not fits(value):
            raise SchemaError(f"{cls.__name__}.Settings.{key} is {value!r}; it takes {kind}")
    return said


def _no_such_setting(cls: type, key: str, names: Iterable[str]) -> str:
    names = list(names)
    nearest = difflib.get_close_matches(key, names, n=3)
    guess = f"did you mean {' or '.join(map(repr, nearest))}? " if nearest else ""
    return f"{cls.__name__}.Settings has no {key!r}; {guess}settings: {', '.join(names)}"
