"""Where no link dangles, plans that rely on it give the answer of those that do not, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_bridge import Document, Link, connect
from data_bridge.embedded import Server


class Writer(Document):
    id: int
    name: str
    pen_name: str | None = None

    class Settings:
        trust_schema = True


class Story(Document):
    id: int
    year: int
    writer: Link[Writer]
    editor: Link[Writer] | None = None
    readers: list[Link[Writer]] = []

    class Settings:
        trust_schema = True
        trust_links = True


#: Of these no link leads nowhere; 0 is an id too.
WRITERS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["Ann", "Bob"])}, optional={"pen_name": st.sampled_from(["Ann", None])}
    ),
    min_size=1,
    max_size=4,
)


@st.composite
def libraries(draw: st.DrawFn) -> tuple[list[Writer], list[Story]]:
    """Writers, and stories whose links all lead to one of them."""
    writers = [Writer(id=number, **fields) for number, fields in enumerate(draw(WRITERS))]
    ids = st.integers(0, len(writers) - 1)
    story = st.fixed_dictionaries(
        {"year": st.integers(0, 2), "writer": ids},
        optional={"editor": ids | st.none(), "readers": st.lists(ids, max_size=3)},
    )
    return writers, [Story(id=number, **fields) for number, fields in enumerate(draw(st.lists(story, max_size=5)))]


TESTS: list[Any] = [
    lambda link: link.name.exists(),
    lambda link: link.name != None,  # noqa: E711
    lambda link: link.name.is_null(),
    lambda link: link.name == "Ann",
    lambda link: link.pen_name.is_null(),
    lambda link: link.pen_name == "Ann",
]


@st.composite
def predicates(draw: st.DrawFn) -> Any:
    """Something asked of what links lead to."""
    link = draw(st.sampled_from([Story.writer, Story.editor, Story.readers]))
    asked = draw(st.sampled_from(TESTS))(link)
    shape = draw(st.sampled_from(["plain", "not", "and", "or"]))
    if shape == "not":
        return ~asked
    other = draw(st.sampled_from(TESTS))(Story.editor)
    return {"plain": asked, "and": asked & other, "or": asked | (Story.year == 1)}[shape]


@st.composite
def joins(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A join by a link that is unwound, and what is asked of it or not."""
    local = draw(st.sampled_from(["writer", "editor", "readers"]))
    lookup = {"from": "Writer", "localField": local, "foreignField": "_id", "as": "found"}
    unwind = {"path": "$found", "preserveNullAndEmptyArrays": draw(st.booleans())}
    first = draw(st.sampled_from([[], [{"$match": {"year": {"$gt": 0}}}], [{"$set": {"m": "$year"}}]]))
    last = draw(
        st.sampled_from(
            [
                {"$count": "n"},
                {"$group": {"_id": "$year", "n": {"$sum": 1}}},
                {"$group": {"_id": "$found.name", "n": {"$sum": 1}}},
                {"$project": {"year": 1}},
            ]
        )
    )
    return [*first, {"$lookup": lookup}, {"$unwind": unwind}, last]


@pytest.fixture(scope="module")
def connected(mongod: Server) -> Iterator[None]:
    with connect(mongod.uri, database="link_integrity").run_sync():
        yield


def store(library: tuple[list[Writer], list[Story]]) -> None:
    writers, stories = library
    for cls, documents in ((Writer, writers), (Story, stories)):
        cls.delete_all().run_sync()
        if documents:
            cls.insert_many(documents).run_sync()  # type: ignore[arg-type]


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(library=libraries(), where=predicates())
def test_links_that_lead_somewhere_are_not_followed_for_that(
    connected: None, library: tuple[list[Writer], list[Story]], where: Any
) -> None:
    store(library)
    query = Story.find(where)
    expected = sorted(story.id for story in query.optimize(False).run_sync())
    assert sorted(story.id for story in query.run_sync()) == expected, query.plan()
    assert query.count().run_sync() == len(expected), query.plan()


@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(library=libraries(), stages=joins())
def test_nor_are_they_joined(
    connected: None, library: tuple[list[Writer], list[Story]], stages: list[dict[str, Any]]
) -> None:
    store(library)
    query = Story.aggregate(stages)
    rows = sorted(map(repr, query.run_sync()))
    assert rows == sorted(map(repr, query.optimize(False).run_sync())), query.plan()


def test_a_plan_names_the_setting_that_it_relies_on() -> None:
    plan = Story.find(Story.writer.name.exists(), Story.editor.name.exists()).plan()
    assert len(plan.commands) == 1
    assert plan.commands[0]["filter"] == {"editor": {"$ne": None}}
    text = str(plan)
    assert "knowing Story.editor: leads to one document (Settings.trust_links)" in text
    assert "knowing Story.writer: always one link (Settings.trust_schema)" in text
