"""Plans of reads that go through links: every command is shown, explained and logged by what it is for."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from bson import DBRef, ObjectId

from data_bridge import (
    BackLink,
    Document,
    Indexed,
    Limit,
    Link,
    Match,
    QueryEvent,
    Skip,
    Sort,
    fetch_links,
    log_queries,
)
from data_bridge.errors import CompileError
from data_bridge.testing import assert_no_collection_scan


class Land(Document):
    name: Annotated[str, Indexed()]


class Writer(Document):
    name: str
    land: Link[Land] | None = None
    works: list[BackLink[Work]] = BackLink(original_field="writer")


class Work(Document):
    isbn: Annotated[int, Indexed(unique=True)]
    title: str
    writer: Link[Writer] = Link(index=True)


@pytest.fixture
async def library(client: Any) -> Any:
    for cls in (Land, Writer, Work):
        await cls.sync_indexes()
    lands = [Land(name="France"), Land(name="Peru")]
    await Land.insert_many(lands)
    writers = [Writer(name=f"w{n}", land=lands[n % 2]) for n in range(10)]
    await Writer.insert_many(writers)
    await Work.insert_many([Work(isbn=n, title=f"t{n}", writer=writers[n % 10]) for n in range(50)])
    return client


PURPOSES = ["ids of Land, for Writer.land", "ids of Writer, for Work.writer", "documents of Work"]


class TestPlan:
    def test_every_command_is_named_and_numbered(self) -> None:
        plan = Work.find(Work.writer.land.name == "France").plan()
        assert [step.purpose for step in plan.steps] == PURPOSES
        assert [next(iter(command.items())) for command in plan.commands] == [
            ("find", "Land"),
            ("find", "Writer"),
            ("find", "Work"),
        ]
        assert plan.commands[1]["filter"] == {"land": {"$in": ["<ids of 1>"]}}
        assert plan.commands[2]["filter"] == {"writer": {"$in": ["<ids of 2>"]}}
        text = str(plan)
        assert "1. ids of Land, for Writer.land" in text
        assert "3. documents of Work" in text

    def test_what_is_sent_when_there_are_too_many_ids(self) -> None:
        plan = Work.find(Work.writer.name == "w1").plan()
        assert "or, with more than 20000 ids: documents of Work" in str(plan)
        otherwise = plan.to_dict()["otherwise"]
        assert otherwise["ids"] == 20_000
        assert "$lookup" in str(otherwise["steps"][0]["command"]["pipeline"])
        assert "or, with more than 20000 ids" in plan._repr_html_()

    def test_one_command_stands_alone(self) -> None:
        plan = Work.find(Work.title == "x").plan()
        assert "1." not in str(plan)
        assert plan.to_dict()["otherwise"] is None

    def test_other_terminals_and_back_links(self) -> None:
        steps = Writer.find(Writer.works.title == "t1").plan().steps
        assert [step.purpose for step in steps] == ["ids in Work.writer, for Writer.works", "documents of Writer"]
        first = Work.find_one(Work.writer.name == "w1").plan()
        assert first.steps[-1].purpose == "first of Work"


@pytest.mark.usefixtures("library")
class TestExplain:
    async def test_each_command_has_its_plan_and_counts(self) -> None:
        found = await Work.find(Work.writer.land.name == "France").explain()
        assert [each.step.purpose for each in found.explained] == PURPOSES
        lands, writers, works = found.explained
        assert lands.winning is not None
        assert lands.winning.indexes == ["name_1"]
        assert (lands.winning.returned, lands.step.ids) == (1, 1)
        assert writers.winning is not None
        assert (writers.winning.returned, writers.winning.documents) == (5, 10)
        assert works.winning is not None
        assert (works.winning.returned, works.winning.indexes) == (25, ["writer_1"])
        assert (found.returned, found.index) == (25, "writer_1")
        assert found.documents_examined == 1 + 10 + 25
        assert found.indexes == ["name_1", "writer_1"]
        assert found.scans_collection

    async def test_each_command_has_its_advice(self) -> None:
        found = await Work.find(Work.writer.name == "w1").explain()
        ids, works = found.explained
        assert [advice.kind for advice in ids.advice] == ["collection_scan"]
        assert ids.advice[0].message.endswith("(ids of Writer, for Work.writer)")
        assert ids.advice[0].code == "# in Writer\nname: Annotated[str, Indexed()]"
        assert works.advice == []
        assert found.advice == ids.advice

    async def test_the_text_and_the_data_have_all(self) -> None:
        found = await Work.find(Work.writer.name == "w1").explain()
        text = found.server_text()
        assert text.index("1. ids of Writer, for Work.writer") < text.index("COLLSCAN") < text.index("2. documents")
        data = json.loads(found.to_json())
        assert [each["purpose"] for each in data["explained"]] == PURPOSES[1:]
        assert [each["returned"] for each in data["explained"]] == [1, 5]
        assert all(each["milliseconds"] is not None for each in data["explained"])
        assert "server 1: ids of Writer" in found.to_mermaid()
        assert "documents of Work" in found._repr_html_()

    async def test_only_planned(self) -> None:
        query = Work.find(Work.writer.name == "w1")
        found = await query.explain(verbosity="queryPlanner")
        assert found.note is not None
        assert [each.step.ids for each in found.explained] == [None, None]
        assert found.returned is None
        assert found.index == "writer_1"
        with pytest.raises(AssertionError, match="COLLSCAN"):
            await assert_no_collection_scan(query)

    async def test_too_many_ids(self, monkeypatch: pytest.MonkeyPatch) -> None:
        await Writer.insert_many([Writer(name="many") for _ in range(20_001)])
        query = Work.find((Work.writer.name == "many") | (Work.title == "t1"))
        found = await query.explain()
        ids, works = found.explained
        assert ids.step.ids == 20_001
        assert "$lookup" in str(works.step.command)
        assert works.winning is not None
        assert works.winning.returned == 1
        events: list[QueryEvent] = []
        with log_queries(to=events.append):
            assert len(await query) == 1
        [event] = events
        assert event.operation == "aggregate"
        assert event.ids == (20_001, None)

    async def test_a_filter_on_ids_of_the_same_class(self) -> None:
        class Node(Document):
            name: str
            parent: Link[Node] | None = None

        await Node.insert_many([top := Node(name="top"), Node(name="low", parent=top)])
        found = await Node.find(Node.parent.name == "top").explain()
        assert [each.step.purpose for each in found.explained] == ["ids of Node, for Node.parent", "documents of Node"]
        assert found.returned == 1


@pytest.mark.usefixtures("library")
class TestLog:
    async def test_a_read_names_its_commands(self) -> None:
        events: list[QueryEvent] = []
        with log_queries(to=events.append):
            await Work.find(Work.writer.land.name == "France").to_list()
        [event] = events
        assert event.purposes == tuple(PURPOSES)
        assert event.ids == (1, 5, None)
        assert len(event.command.splitlines()) == 3
        assert (event.operation, event.collection, event.documents) == ("find", "Work", 25)
        assert "1. ids of Land, for Writer.land (1 found): {" in str(event)
        assert "3. documents of Work: {" in str(event)

    async def test_values_are_hidden_unless_asked_for(self) -> None:
        events: list[QueryEvent] = []
        with log_queries(to=events.append), log_queries(to=events.append, values=True):
            await Work.find(Work.writer.name == "w1").count()
        hidden, shown = events
        assert "w1" not in hidden.command
        assert '"w1"' in shown.command
        assert '"<ids of 1>"' in shown.command
        assert hidden.purposes == ("ids of Writer, for Work.writer", "count of Work")
        assert hidden.plan_hash == shown.plan_hash

    async def test_writes_and_streams(self) -> None:
        events: list[QueryEvent] = []
        with log_queries(to=events.append):
            await Work.find(Work.writer.name == "w1").update(Work.title.set("new"))
            async for _ in Work.find(Work.writer.name == "w1"):
                pass
        assert [event.purposes[-1] for event in events] == ["update of Work", "documents of Work"]
        assert [event.ids for event in events] == [(1, None), (1, None)]

    async def test_fetches_say_for_which_links(self) -> None:
        events: list[QueryEvent] = []
        writers = await Writer.find()
        with log_queries(to=events.append):
            await fetch_links(writers)
        assert sorted(event.purposes for event in events) == [
            ("documents of Land, for Writer.land",),
            ("documents of Work, for Writer.works",),
        ]
        [one] = [event for event in events if event.collection == "Land"]
        assert "\n" not in str(one)


@pytest.mark.usefixtures("library")
async def test_a_bulk_write_through_a_link_is_refused() -> None:
    with pytest.raises(CompileError, match="ids of linked documents"):
        async with Work.bulk() as bulk:
            bulk.update(Work.find(Work.writer.name == "w1"), Work.title.set("new"))
    assert await Work.find(Work.title == "new").count() == 0


def reason(query: Any) -> str:
    [line] = query.plan().to_dict()["links"]
    assert isinstance(line, str)
    return line


class TestPlanner:
    """Which way is chosen; that all give the same answer is a property test."""

    @pytest.mark.parametrize(
        ("query", "why"),
        [
            (Work.find(Work.isbn == 3, Work.writer.name == "w1"), "at most 1 come this far, for isbn is unique"),
            (Work.find(Work.isbn.in_([1, 2, 3]), Work.writer.name == "w1"), "at most 3 come this far"),
            (
                Work.find({"_id": {"$in": [ObjectId(), ObjectId()]}}, Work.writer.land.name == "Peru"),
                "at most 2 come this far",
            ),
            (Work.aggregate([Limit(7), Match(Work.writer.name == "w1")]), "at most 7 come this far, for limit 7"),
            (Work.aggregate([Sort("title"), Limit(7), Skip(2), Match(Work.writer.name == "w1")]), "for limit 5"),
            (Work.find(Work.writer.name == "w1").read_concern("snapshot"), "one command reads one snapshot"),
        ],
    )
    def test_a_join_where_few_documents_come(self, query: Any, why: str) -> None:
        assert reason(query).startswith("Work.writer: join in the server: ")
        assert why in reason(query)
        assert len(query.plan().commands) == 1
        assert query.plan().to_dict()["otherwise"] is None

    @pytest.mark.parametrize(
        "query",
        [
            Work.find(Work.writer.name == "w1").limit(7),
            Work.find(Work.title == "t", Work.writer.name == "w1"),
            Work.find((Work.isbn == 3) | (Work.writer.name == "w1")),
            Work.find(Work.isbn > 3, Work.writer.name == "w1"),
            Work.find(Work.isbn.in_(list(range(101))), Work.writer.name == "w1"),
            Work.aggregate([Limit(101), Match(Work.writer.name == "w1")]),
            Work.aggregate([Match(Work.writer.name == "w1"), Limit(7)]),
            Work.find(Work.isbn == 3, Work.writer.name == "w1").fetch_links(depth=0, strategy="batch"),
            Work.find(Work.writer.name == "w1").read_concern("majority"),
        ],
    )
    def test_ids_first_everywhere_else(self, query: Any) -> None:
        assert reason(query).startswith("Work.writer: ids first: the index on the link serves them")
        assert len(query.plan().commands) == 2

    def test_the_reason_knows_the_indexes(self) -> None:
        assert "no index on the link is known" in reason(Writer.find(Writer.land.name == "Peru"))
        assert "_id has an index" in reason(Writer.find(Writer.works.title == "t1"))

    def test_each_match_goes_its_own_way(self) -> None:
        match = Match(Work.writer.name == "w1")
        plan = Work.aggregate([match, Limit(7), Match(Work.writer.land.name == "Peru")]).plan()
        assert len(plan.commands) == 2
        assert "$lookup" in str(plan.commands[1])
        ways = plan.to_dict()["links"]
        assert [way.split(": ")[1] for way in ways] == ["ids first", "join in the server"]

    def test_what_leads_back_is_asked_of_the_given_documents_alone(self) -> None:
        writer = ObjectId()
        first, _ = Writer.find(Writer.id == writer, Writer.works.title == "t1").plan().commands
        assert first["filter"] == {"writer": {"$in": [writer, DBRef("Writer", writer)]}, "title": "t1"}
        many = Writer.find(Writer.id.in_([ObjectId() for _ in range(101)]), Writer.works.title == "t1")
        assert "writer" not in many.plan().commands[0]["filter"]

    def test_options_hold_for_every_command(self) -> None:
        query = Work.find(Work.writer.name == "w1").collation({"locale": "en", "strength": 2}).hint("writer_1")
        first, second = query.plan().commands
        assert first["collation"] == second["collation"]
        assert "hint" not in first

    @pytest.mark.usefixtures("library")
    async def test_all_ways_compare_by_the_collation(self) -> None:
        query = Work.find(Work.writer.name == "W1").collation({"locale": "en", "strength": 2})
        counts = [await query.fetch_links(depth=0, strategy=way).count() for way in ("auto", "batch", "lookup")]
        assert counts == [5, 5, 5]

    async def test_a_link_is_asked_for_in_the_form_that_is_known(self, client: Any) -> None:
        class Ward(Document):
            name: str

            class Settings:
                trust_schema = True

        class Bed(Document):
            number: int
            ward: Link[Ward] = Link(index=True)

            class Settings:
                trust_schema = True

        class Chair(Bed):
            class Settings:
                link_storage = "dbref"
                name = "planned_chairs"

        ward = await Ward(name="a").insert()
        await Bed(number=1, ward=ward).insert()
        await Chair(number=1, ward=ward).insert()
        plan = Bed.find(Bed.ward == ward).plan()
        assert plan.commands[0]["filter"] == {"ward": ward.id}
        assert "Bed.ward: stored as an id (Settings.trust_schema)" in str(plan)
        assert Chair.find(Chair.ward == ward).plan().commands[0]["filter"] == {"ward": {"$eq": DBRef("Ward", ward.id)}}
        assert reason(Bed.find(Bed.ward.name == "a")).endswith("; stored as an id (Settings.trust_schema)")
        explained = (await Bed.find(Bed.ward.name == "a").explain()).explained[-1]
        assert explained.server["command"]["filter"] == {"ward": {"$eq": ward.id}} or explained.server["command"][
            "filter"
        ] == {"ward": {"$in": [ward.id]}}
        joined = Bed.find(Bed.ward.name == "a").fetch_links(depth=0, strategy="lookup").plan()
        assert "$getField" not in str(joined)
        for cls in (Bed, Chair):
            for strategy in ("batch", "lookup"):
                query = cls.find(cls.ward.name == "a").fetch_links(depth=0, strategy=strategy)
                assert await query.count() == 1

    async def test_indexes_that_the_server_has(self, client: Any) -> None:
        class Page(Document):
            number: int
            work: Link[Work] | None = None

            class Settings:
                name = "planned_pages"

        query = Page.find(Page.number == 1, Page.work.title == "t1")
        assert "ids first" in reason(query)
        await Page.collection().create_index("number", unique=True)
        await Page.sync_indexes()
        assert "number is unique" in reason(query)
