"""Time series collections: made before anything is stored in them, because the server cannot turn one into another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import requests
from .client import default_client
from .errors import SchemaError, ServerError
from .operation import Script
from .schema import schema_of
from .settings import TimeSeriesConfig, settings_of

if TYPE_CHECKING:
    from .document import Document

NAMESPACE_EXISTS = 48


def prepare_collection(cls: type[Document]) -> Script[None]:
    """Creates the collection of a time series class unless it exists; asked once for each connection.

    Raises:
        SchemaError: the fields of the time series are not those of the class, or the collection exists and is none.
    """
    settings = settings_of(cls)
    if settings.timeseries is None:
        return
    client = default_client()
    place = (settings.database, settings.name)
    if place in client.prepared:
        return
    create: dict[str, Any] = {"create": settings.name, "timeseries": _options(cls, settings.timeseries)}
    if settings.timeseries.expire_after_seconds is not None:
        create["expireAfterSeconds"] = settings.timeseries.expire_after_seconds
    try:
        yield requests.command(client, settings.database, create, True)
    except ServerError as error:
        if error.code != NAMESPACE_EXISTS:
            raise
        listing = {"listCollections": 1, "filter": {"name": settings.name}}
        reply = yield requests.command(client, settings.database, listing)
        kinds = [each["type"] for each in reply["cursor"]["firstBatch"]]
        if kinds != ["timeseries"]:
            raise SchemaError(
                f"{cls.__name__} is a time series, but the collection {settings.name!r} exists and is a "
                f"{kinds[0]}: name another collection, or move its documents away and drop it"
            ) from error
    client.prepared.add(place)


def _options(cls: type[Document], config: TimeSeriesConfig) -> dict[str, Any]:
    schema = schema_of(cls)
    time = schema.field(config.time_field)
    if time is None or time.kind not in ("date", "any"):
        problem = "no field of the class" if time is None else f"{time}, not a date"
        raise SchemaError(f"{cls.__name__}.Settings.timeseries: time_field {config.time_field!r} is {problem}")
    options: dict[str, Any] = {"timeField": config.time_field}
    if config.meta_field is not None:
        if schema.field(config.meta_field) is None:
            raise SchemaError(
                f"{cls.__name__}.Settings.timeseries: meta_field {config.meta_field!r} is no field of the class"
            )
        options["metaField"] = config.meta_field
    if config.granularity is not None:
        options["granularity"] = config.granularity
    return options
