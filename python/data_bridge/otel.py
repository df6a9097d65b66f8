"""OpenTelemetry spans of queries: `connect(..., log=log_queries(to=spans()))`. Needs the extra `otel`.

Spans follow the semantic conventions for databases:
https://opentelemetry.io/docs/specs/semconv/database/mongodb/
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from .query_log import QueryEvent

#: The environment variable by which programs ask for the names that conventions had before, too.
_OPT_IN = "OTEL_SEMCONV_STABILITY_OPT_IN"


def spans(provider: Any = None) -> Callable[[QueryEvent], None]:
    """What a log is told to, and makes a span of each operation, below the span that is current there.

    Attributes are `db.system.name`, `db.operation.name`, `db.collection.name`, `db.namespace`, `db.query.text`,
    `db.query.summary`, `db.response.returned_rows` and, of failures, `error.type` and `db.response.status_code`.
    With "database/dup" in OTEL_SEMCONV_STABILITY_OPT_IN the names before 1.30 stand beside them: `db.system`,
    `db.operation`, `db.mongodb.collection`, `db.name` and `db.statement`.

    Args:
        provider: the tracer provider; by default the global one.

    Raises:
        ImportError: OpenTelemetry is not installed.
    """
    try:
        from opentelemetry import trace
    except ImportError as error:
        raise ImportError("spans() needs OpenTelemetry: pip install 'data-bridge[otel]'") from error

    tracer = trace.get_tracer("data_bridge", tracer_provider=provider)
    both = "database/dup" in os.environ.get(_OPT_IN, "").split(",")

    def take(event: QueryEvent) -> None:
        span = tracer.start_span(
            f"{event.operation} {event.collection}",
            kind=trace.SpanKind.CLIENT,
            start_time=event.started_ns,
            attributes=_attributes(event) | (_former(event) if both else {}),
        )
        if event.error is not None:
            span.record_exception(event.error)
            span.set_status(trace.Status(trace.StatusCode.ERROR, str(event.error)))
        span.end(end_time=event.ended_ns)

    return take


def _attributes(event: QueryEvent) -> dict[str, Any]:
    found: dict[str, Any] = {
        "db.system.name": "mongodb",
        "db.operation.name": event.operation,
        "db.collection.name": event.collection,
        "db.namespace": event.database,
        "db.query.text": event.command,
        "db.query.summary": f"{event.operation} {event.collection}",
        "data_bridge.plan_hash": event.plan_hash,
    }
    if event.documents is not None:
        found["db.response.returned_rows"] = event.documents
    if event.error is not None:
        found["error.type"] = type(event.error).__qualname__
        code = getattr(event.error, "code", None)
        if code:
            found["db.response.status_code"] = str(code)
    return found


def _former(event: QueryEvent) -> dict[str, Any]:
    return {
        "db.system": "mongodb",
        "db.operation": event.operation,
        "db.mongodb.collection": event.collection,
        "db.statement": event.command,
        "db.name": event.database,
    }
