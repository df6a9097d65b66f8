"""The query log and its spans, on a real server."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Annotated, Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from data_bridge import Document, Indexed, QueryEvent, connect, log_queries
from data_bridge.embedded import Server
from data_bridge.errors import DuplicateKeyError, ServerError
from data_bridge.otel import spans
from data_bridge.query_log import switch


class Reading(Document):
    place: Annotated[str, Indexed(unique=True)]
    value: int

    class Settings:
        name = "log_readings"


@pytest.fixture
async def readings(client: Any) -> None:
    await Reading.sync_indexes()
    await Reading.insert_many([Reading(place=f"p{n}", value=n) for n in range(250)])


@pytest.mark.usefixtures("readings")
class TestLog:
    async def test_an_operation_is_told(self) -> None:
        events: list[QueryEvent] = []
        with log_queries(to=events.append):
            found = await Reading.find(Reading.value >= 240).sort(-Reading.value).to_list()
        [event] = events
        assert (event.operation, event.collection, event.documents) == ("find", "log_readings", len(found))
        assert json.loads(event.command) == {
            "find": "log_readings",
            "filter": {"value": {"$gte": "?"}},
            "sort": {"value": -1},
        }
        assert 0 < event.milliseconds < 10_000
        assert event.ended_ns > event.started_ns
        assert not event.slow

    async def test_values_only_when_asked(self) -> None:
        hidden: list[QueryEvent] = []
        shown: list[QueryEvent] = []
        with log_queries(to=hidden.append), log_queries(to=shown.append, values=True):
            await Reading.find(Reading.place == "p7").first()
            await Reading(place="secret", value=1).insert()
            await Reading.find(Reading.place == "secret").update(Reading.value.set(987))
        assert all(text not in event.command for event in hidden for text in ("p7", "secret", "987"))
        assert ["p7" in shown[0].command, "secret" in shown[1].command, "987" in shown[2].command] == [True] * 3
        assert [event.plan_hash for event in hidden] == [event.plan_hash for event in shown]

    async def test_writes_and_counts(self) -> None:
        events: list[QueryEvent] = []
        with log_queries(to=events.append):
            await Reading.insert_many([Reading(place=f"q{n}", value=-1) for n in range(3)])
            await Reading.find(Reading.value == -1).update(Reading.value.inc(-1))
            await Reading.find(Reading.value == -2).count()
            await Reading.find(Reading.value == -2).delete()
            async with Reading.bulk() as bulk:
                bulk.insert(Reading(place="b", value=1))
        assert [(event.operation, event.documents) for event in events] == [
            ("insert", 3),
            ("update", 3),
            ("count" if events[2].operation == "count" else "aggregate", 3),
            ("delete", 3),
            ("insert", 1),
        ]

    async def test_a_stream_is_one_operation(self) -> None:
        events: list[QueryEvent] = []
        with log_queries(to=events.append):
            seen = [each.value async for each in Reading.find().batch_size(100)]
            assert len(seen) == 250
            list(Reading.find(Reading.value < 5))
        assert [(event.operation, event.documents) for event in events] == [("find", 250), ("find", 5)]

    async def test_time_between_batches_is_the_programs(self) -> None:
        events: list[QueryEvent] = []
        with log_queries(to=events.append):
            async for each in Reading.find().sort(Reading.value).batch_size(100):
                if each.value % 100 == 0:
                    await asyncio.sleep(0.2)
        assert events[0].milliseconds < 500
        assert (events[0].ended_ns - events[0].started_ns) / 1e6 > 550

    async def test_only_slow_ones(self, caplog: pytest.LogCaptureFixture) -> None:
        logger = logging.getLogger("test_query_log")
        with caplog.at_level(logging.INFO, "test_query_log"):
            with log_queries(slow_ms=60_000, to=logger):
                await Reading.find().to_list()
            assert caplog.records == []
            with log_queries(slow_ms=0, to=logger):
                await Reading.find().to_list()
            with log_queries(to=logger):
                await Reading.find().to_list()
        assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
        assert "250 documents" in caplog.text
        assert caplog.records[0].query.slow  # type: ignore[attr-defined]

    async def test_failures_are_told(self) -> None:
        events: list[QueryEvent] = []
        with log_queries(to=events.append), pytest.raises(DuplicateKeyError):
            await Reading(place="p1", value=0).insert()
        assert isinstance(events[0].error, DuplicateKeyError)
        assert events[0].documents is None

    async def test_what_sends_nothing_is_not_told(self) -> None:
        events: list[QueryEvent] = []
        with log_queries(to=events.append):
            assert await Reading.find(Reading.place.in_([])).to_list() == []
        assert events == []

    async def test_tasks_have_their_own_logs(self) -> None:
        async def work(name: str) -> list[QueryEvent]:
            events: list[QueryEvent] = []
            with log_queries(to=events.append, values=True):
                for _ in range(5):
                    await Reading.find(Reading.place == name).to_list()
            return events

        found = await asyncio.gather(*(work(f"p{n}") for n in range(8)))
        for number, events in enumerate(found):
            assert len(events) == 5
            assert all(f'"p{number}"' in event.command for event in events)

    async def test_tasks_may_share_a_log(self) -> None:
        events: list[QueryEvent] = []
        log = log_queries(to=events.append)

        async def work(seconds: float) -> None:
            with log:
                await Reading.find().first()
                await asyncio.sleep(seconds)
            await Reading.find().first()

        await asyncio.gather(work(0.05), work(0.01), work(0.03))
        assert len(events) == 3

    async def test_documents_are_counted_by_what_was_asked(self) -> None:
        events: list[QueryEvent] = []
        with log_queries(to=events.append):
            await Reading.find(Reading.value == 7).project(n=Reading.value, ok=Reading.value).first()
            await Reading.find(Reading.value == -5).first()
            await Reading.find(Reading.value < 3).distinct(Reading.place)
            await Reading.find().explain()
        assert [(event.operation, event.documents) for event in events[:4]] == [
            ("find", 1),
            ("find", 0),
            ("distinct", 3),
            ("explain", None),
        ]
        assert {event.collection for event in events} == {"log_readings"}

    async def test_it_is_off_outside(self) -> None:
        events: list[QueryEvent] = []
        before = switch.on
        with log_queries(to=events.append):
            assert switch.on == before + 1
        assert switch.on == before
        await Reading.find().to_list()
        assert events == []

    async def test_linked_reads_name_their_shape(self) -> None:
        events: list[QueryEvent] = []
        with log_queries(to=events.append):
            await Reading.find(Reading.value == 1).to_list()
            await Reading.find(Reading.value == 2).to_list()
            await Reading.find(Reading.value < 2).to_list()
        assert events[0].plan_hash == events[1].plan_hash != events[2].plan_hash

    async def test_spans(self) -> None:
        exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        with (
            provider.get_tracer("test").start_as_current_span("request") as request,
            log_queries(to=spans(provider)),
        ):
            await Reading.find(Reading.value == 3).to_list()
            with pytest.raises(ServerError):
                await Reading.find(Reading.value == 3).hint("none_such").to_list()
        done, failed, _ = exporter.get_finished_spans()
        attributes = dict(done.attributes or {})
        assert done.name == "find log_readings"
        assert done.kind is SpanKind.CLIENT
        assert done.parent is not None
        assert done.parent.span_id == request.get_span_context().span_id
        assert attributes["db.system.name"] == "mongodb"
        assert attributes["db.operation.name"] == "find"
        assert attributes["db.collection.name"] == "log_readings"
        assert str(attributes["db.namespace"]).startswith("test_")
        assert attributes["db.response.returned_rows"] == 1
        assert "db.system" not in attributes
        assert done.end_time is not None
        assert done.start_time is not None
        assert done.end_time > done.start_time
        assert failed.status.status_code is StatusCode.ERROR
        assert (failed.attributes or {})["error.type"] == "ServerError"
        assert (failed.attributes or {})["db.response.status_code"] == "2"

    async def test_spans_with_the_former_names(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database/dup")
        exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        with log_queries(to=spans(provider)):
            await Reading.find().count()
        [span] = exporter.get_finished_spans()
        assert (span.attributes or {})["db.system"] == "mongodb"
        assert (span.attributes or {})["db.operation"] == (span.attributes or {})["db.operation.name"]


def test_a_connection_has_a_log(mongod: Server, database_name: str) -> None:
    events: list[QueryEvent] = []
    before = switch.on
    with connect(mongod.uri, database=database_name, log=log_queries(to=events.append)).run_sync() as client:
        Reading.find(Reading.value == 3).to_list().run_sync()
        assert [event.database for event in events] == [database_name]
        client.log()
        Reading.find().to_list().run_sync()
        assert len(events) == 1
    assert switch.on == before


def test_what_a_log_cannot_be() -> None:
    with pytest.raises(ValueError, match="slow_ms"):
        log_queries(slow_ms=-1)
    with pytest.raises(TypeError, match="logger"):
        log_queries(to="stdout")  # type: ignore[arg-type]
