"""Links wherever they stand: in elements of lists, behind stages, at positions. They are followed or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bson import DBRef

from data_bridge import (
    AddFields,
    BackLink,
    Bucket,
    Count,
    Densify,
    Document,
    EmbeddedDocument,
    F,
    Facet,
    Fill,
    Group,
    Link,
    Lookup,
    Match,
    Project,
    Rank,
    Set,
    SetWindowFields,
    Sort,
    SortByCount,
    Sum,
    Top,
    Unset,
    Unwind,
)
from data_bridge.errors import CompileError


class Land(Document):
    name: str = ""
    id: int


class Writer(Document):
    id: int
    name: str = ""
    age: int = 0
    tags: list[str] = []
    land: Link[Land] | None = None
    friends: list[Link[Writer]] = []
    works: list[BackLink[Work]] = BackLink(original_field="writer")


class Part(EmbeddedDocument):
    who: Link[Writer] | None = None
    helpers: list[Link[Writer]] = []
    sizes: list[int] = []


class Work(Document):
    id: int
    writer: Link[Writer] | None = None
    helpers: list[Link[Writer]] = []
    parts: list[Part] = []
    age: int = 0
    sizes: list[int] = []
    grid: list[list[int]] = []
    circles: list[list[Link[Writer]]] = []


STRATEGIES = pytest.mark.parametrize("strategy", ["auto", "batch", "lookup"])


@pytest.fixture
async def works(client: Any) -> None:
    await Land(id=1, name="Peru").insert()
    await Writer.insert_many(
        [
            Writer(id=1, name="Ann", age=30, tags=["a", "b"], land=1, friends=[2, 3]),
            Writer(id=2, name="Bob", age=40, tags=["c", "d"], friends=[1]),
            Writer(id=3, name="Cid", age=50),
        ]
    )
    parts = [Part(who=1, helpers=[2, 1], sizes=[5, 6]), Part(who=2, helpers=[3], sizes=[7, 8])]
    await Work.insert_many(
        [
            Work(id=1, writer=1, helpers=[2, 1], parts=parts, sizes=[1, 2], grid=[[1, 2], [3, 4]], circles=[[1], [2]]),
            Work(id=2, writer=2, helpers=[3], parts=parts[1:], grid=[[5, 6]]),
            Work(id=3),
        ]
    )
    # One that dangles, and a reference as others write them.
    await Work.collection().insert_one({"_id": 4, "writer": 9, "helpers": [9, DBRef("Writer", 2)]})


async def found(predicate: Any, strategy: str = "auto") -> list[int]:
    rows = await Work.find(predicate).sort("_id").fetch_links(depth=0, strategy=strategy).project("_id")
    return [row["_id"] for row in rows]


#: A test of an element of a list of links, and which works have such an element.
ELEMENTS: dict[str, tuple[Callable[[Any], Any], list[int]]] = {
    "field": (lambda writer: writer.name == "Bob", [1, 4]),
    "two fields": (lambda writer: (writer.name == "Bob") & (writer.age < 40), []),
    "both of one": (lambda writer: (writer.name == "Bob") & (writer.age >= 40), [1, 4]),
    "either": (lambda writer: (writer.name == "Cid") | (writer.age < 35), [1, 2]),
    "differs": (lambda writer: writer.name != "Bob", [1, 2]),
    "negated": (lambda writer: ~(writer.name == "Cid"), [1, 4]),
    "further": (lambda writer: writer.land.name == "Peru", [1]),
    "id": (lambda writer: writer.id == 2, [1, 4]),
    "ids": (lambda writer: writer.id.in_([2, 3]), [1, 2, 4]),
    "itself": (lambda writer: writer == 2, [1, 4]),
    "itself and a field": (lambda writer: (writer == 2) & (writer.age > 30), [1, 4]),
    "other than": (lambda writer: writer != 2, [1, 2, 4]),
}


@STRATEGIES
@pytest.mark.parametrize("test", ELEMENTS)
async def test_one_element_is_the_document_that_it_leads_to(works: None, test: str, strategy: str) -> None:
    make, expected = ELEMENTS[test]
    assert await found(Work.helpers.any(make), strategy) == expected
    assert await found(~Work.helpers.any(make), strategy) == [id for id in (1, 2, 3, 4) if id not in expected]


@STRATEGIES
async def test_elements_in_mql_and_behind_links(works: None, strategy: str) -> None:
    assert await found({"helpers": {"$elemMatch": {"name": "Bob", "age": {"$gt": 30}}}}, strategy) == [1, 4]
    assert await found(Work.helpers.elem_match({"name": "Bob"}), strategy) == [1, 4]
    assert await found(Work.writer.friends.any(lambda friend: friend.name == "Cid"), strategy) == [1]
    old = Writer.find(Writer.works.any(lambda work: (work.id == 1) & (work.sizes == 2)))
    assert [writer.id for writer in await old.fetch_links(depth=0, strategy=strategy)] == [1]
    assert await found(Work.parts.any(lambda part: (part.who == 2) & (part.sizes == 7)), strategy) == [1, 2]


@STRATEGIES
async def test_all_of_several_links_are_asked_for_in_either_form(works: None, strategy: str) -> None:
    assert await found(Work.helpers.all_([2, 9]), strategy) == [4]
    assert await found(Work.helpers.all_([2, 1]), strategy) == [1]
    assert await found(~Work.helpers.all_([2]), strategy) == [2, 3]
    both = Writer.find(Writer.works.all_([1, 2])).fetch_links(depth=0, strategy=strategy)
    assert await both.count() == 0
    assert await Writer.find(Writer.works.all_([1])).fetch_links(depth=0, strategy=strategy).count() == 1


#: What the server cannot be asked of an element, and the path of the error.
REFUSED_ELEMENTS: dict[str, tuple[Callable[[], Any], str]] = {
    "a link in an element": (lambda: Work.find(Work.parts.any(lambda part: part.who.name == "Bob")), "parts"),
    "map": (lambda: Work.find().project(x=Work.helpers.map(lambda writer: writer.name)), "writer.name"),
    "map, id": (lambda: Work.find().project(x=Work.helpers.map(lambda writer: writer.id)), "writer._id"),
    "filter": (lambda: Work.find().project(x=Work.parts.filter(lambda part: part.who.name == "Bob")), "part.who.name"),
    "map in a map": (
        lambda: Work.find().project(x=Work.parts.map(lambda part: part.helpers.map(lambda writer: writer.age))),
        "writer.age",
    ),
    "reduce": (lambda: Work.find().project(x=Work.helpers.reduce(0, lambda sum, each: sum + each.age)), "this.age"),
    "MQL": (
        lambda: Work.aggregate([{"$set": {"x": {"$map": {"input": "$helpers", "in": "$$this.name"}}}}]),
        "this.name",
    ),
    "order": (lambda: Work.find().project(x=Work.helpers.sort_array({"name": 1})), "name"),
    "size of what leads back": (lambda: Writer.find().project(x=Writer.works.size()), "works"),
}


@pytest.mark.parametrize("query", REFUSED_ELEMENTS)
async def test_elements_that_are_not_followed_are_refused(works: None, query: str) -> None:
    make, path = REFUSED_ELEMENTS[query]
    with pytest.raises(CompileError) as raised:
        await make()
    assert [(error.code, error.path) for error in raised.value.errors] == [("link_not_followed", path)]
    assert raised.value.errors[0].hint


async def test_elements_are_still_the_ids_that_they_are(works: None) -> None:
    rows = await Work.find(Work.id == 1).project(x=Work.helpers.map(lambda writer: writer), y=Work.helpers.size())
    assert rows == [{"_id": 1, "x": [2, 1], "y": 2}]


#: Stages behind which links are followed, and what comes of them.
FOLLOWED: dict[str, tuple[Callable[[], list[Any]], list[Any]]] = {
    "kept": (lambda: [Project(Work.writer), Match(Work.writer.name == "Ann")], [{"_id": 1, "writer": 1}]),
    "renamed": (
        lambda: [Project(by=Work.writer), Match(F.by.name == "Bob"), Project("_id", age=F.by.age)],
        [{"_id": 2, "age": 40}],
    ),
    "other fields": (lambda: [Unset("sizes"), Match(Work.writer.name == "Bob"), Project("_id")], [{"_id": 2}]),
    "unwound": (
        lambda: [
            Unwind(Work.helpers),
            Match(Work.helpers.age > 30),
            Sort(-Work.helpers.age, Work.id),
            Project(Work.helpers.name),
        ],
        [
            {"_id": 2, "helpers": {"name": "Cid"}},
            {"_id": 1, "helpers": {"name": "Bob"}},
            {"_id": 4, "helpers": {"name": "Bob"}},
        ],
    ),
    "unwound and grouped": (
        lambda: [Unwind(Work.helpers), Group(by=Work.helpers.name, n=Count()), Sort(_id=1)],
        [{"_id": None, "n": 1}, {"_id": "Ann", "n": 1}, {"_id": "Bob", "n": 2}, {"_id": "Cid", "n": 1}],
    ),
    "in what was unwound": (
        lambda: [Unwind(Work.parts), Match(Work.parts.who.name == "Ann"), Project(age=Work.parts.who.age)],
        [{"_id": 1, "age": 30}],
    ),
    "in what was joined": (
        lambda: [
            Lookup(Writer, local="writer", foreign="_id", name="w"),
            Match(F.w.land.name == "Peru"),
            Project(lands=F.w.land.name),
        ],
        [{"_id": 1, "lands": ["Peru"]}],
    ),
    "lists of lists, unwound": (
        lambda: [Unwind(Work.circles), Match(Work.circles.name == "Bob"), Project(Work.circles)],
        [{"_id": 1, "circles": [2]}],
    ),
    "an id where there was none": (
        lambda: [Set(who=Work.writer.if_null(1)), Match(F.who.name == "Ann"), Project("_id"), Sort(_id=1)],
        [{"_id": 1}, {"_id": 3}],
    ),
    "others left out": (
        lambda: [{"$project": {"writer": 0, "sizes": 0}}, Match(Work.helpers.name == "Cid"), Project("_id")],
        [{"_id": 2}],
    ),
    "grouped": (
        lambda: [Group(by=Work.writer, n=Count()), Match(F["_id"].name == "Ann"), Project(name=F["_id"].name, n=F.n)],
        [{"_id": 1, "name": "Ann", "n": 1}],
    ),
}


@pytest.mark.parametrize("stages", FOLLOWED)
async def test_links_are_followed_behind_stages(works: None, stages: str) -> None:
    make, expected = FOLLOWED[stages]
    for optimized in (True, False):
        assert await Work.aggregate(make()).optimize(optimized) == expected


@STRATEGIES
async def test_a_list_in_the_place_of_a_link_is_followed(works: None, strategy: str) -> None:
    stages = [Project(writer=Work.helpers), Match(F.writer.name == "Bob"), Sort(_id=1), Project("_id")]
    query = Work.find().fetch_links(depth=0, strategy=strategy)
    assert await query.aggregate(stages) == [{"_id": 1}, {"_id": 4}]


#: Stages that read what is behind a link, and do not follow it; and where.
UNFOLLOWED: dict[str, tuple[Callable[[], Any], str]] = {
    "order of a window": (
        lambda: Work.aggregate([SetWindowFields(sort_by=-Work.writer.age, r=Rank())]),
        "writer.age",
    ),
    "partition": (
        lambda: Work.aggregate([SetWindowFields(partition_by=Work.writer.name, sort_by=Work.id, r=Rank())]),
        "writer.name",
    ),
    "fill": (
        lambda: Work.aggregate([Fill({"sizes": "locf"}, partition_by_fields=["writer.name"], sort_by=Work.id)]),
        "writer.name",
    ),
    "densify": (lambda: Work.aggregate([Densify("writer.age", {"step": 1, "bounds": "full"})]), "writer.age"),
    "first of a group": (
        lambda: Work.aggregate([Group(by=None, x=Top(sort_by=-Work.writer.age, output=Work.id))]),
        "writer.age",
    ),
    "bucket": (lambda: Work.aggregate([Bucket(by=Work.writer.age, boundaries=[0, 50])]), "writer.age"),
    "counts": (lambda: Work.aggregate([SortByCount(Work.writer.name)]), "writer.name"),
    "written": (lambda: Work.aggregate([Set({"writer.name": "x"})]), "writer.name"),
    "update by stages": (lambda: Work.find().update([Set(age=Work.writer.age)]), "writer.age"),
    "update below a link": (lambda: Work.find().update([Set({"writer.name": "x"})]), "writer.name"),
    "unwound, what leads back": (lambda: Writer.aggregate([Unwind(Writer.works)]), "works"),
    "sorted by what leads back": (lambda: Writer.find().sort(Writer.works), "works"),
    "grouped by what leads back": (lambda: Writer.aggregate([Group(by=Writer.works, n=Count())]), "works"),
    "projected, what leads back": (lambda: Writer.find().project(x=Writer.works), "works"),
    "distinct, what leads back": (lambda: Writer.distinct(Writer.works), "works"),
    "joined, what leads back": (
        lambda: Work.aggregate([Lookup(Writer, local="writer", foreign="_id", name="w"), Match(F.w.works.id == 1)]),
        "w.works.id",
    ),
    "in the place of a list": (lambda: Work.find().project(Work.helpers.name), "helpers.name"),
    "size of what leads back": (lambda: Writer.find(Writer.works.size(1)), "works"),
    "position in what leads back": (lambda: Writer.find(Writer.works[0].age == 1), "works.0.age"),
    "all of a list": (
        lambda: Work.find({"helpers": {"$all": [{"$elemMatch": {"name": "Bob"}}, {"$elemMatch": {"age": 1}}]}}),
        "helpers",
    ),
    "one of a list of documents": (
        lambda: Work.find({"parts": {"$all": [{"$elemMatch": {"who.name": "Bob"}}]}}),
        "parts",
    ),
    "compared": (lambda: Work.find(Work.writer.age == Work.age), "writer.age"),
    "computed": (lambda: Work.find(Work.writer.age + 1 > 3), "writer.age"),
    "in a facet": (lambda: Work.aggregate([Facet(x=[SortByCount(Work.writer.name)])]), "writer.name"),
}


@pytest.mark.parametrize("query", UNFOLLOWED)
async def test_what_is_not_followed_is_refused(works: None, query: str) -> None:
    make, path = UNFOLLOWED[query]
    before = [row async for row in Work.collection().find().sort("_id")]
    with pytest.raises(CompileError) as raised:
        await make()
    assert [(error.code, error.path) for error in raised.value.errors] == [("link_not_followed", path)]
    assert [row async for row in Work.collection().find().sort("_id")] == before


async def test_a_set_gives_a_linked_field_a_name_for_any_stage(works: None) -> None:
    ranks = [Set(age=Work.writer.age), SetWindowFields(sort_by=-F.age, rank=Rank()), Sort(_id=1), Project(F.rank)]
    assert await Work.aggregate(ranks) == [{"_id": id, "rank": rank} for id, rank in ((1, 2), (2, 1), (3, 3), (4, 3))]


#: A predicate with a position in the link's path, and the works that meet it.
POSITIONS: dict[str, tuple[Callable[[], Any], list[int]]] = {
    "element": (lambda: Work.helpers[0].name == "Bob", [1]),
    "second": (lambda: Work.helpers[1].name == "Bob", [4]),
    "none": (lambda: Work.helpers[0].name != "Bob", [2, 3, 4]),
    "in a document": (lambda: Work.parts[1].who.name == "Bob", [1]),
    "of a document": (lambda: Work.parts[0].helpers[1].name == "Ann", [1]),
    "of each document": (lambda: Work.parts.helpers[0].name == "Cid", [1, 2]),
    "MQL": (lambda: {"helpers.0.name": "Bob"}, [1]),
    "behind a link": (lambda: Work.writer.friends[1].name == "Cid", [1]),
    "of a list of lists": (lambda: Work.circles[1][0].name == "Bob", [1]),
}


@STRATEGIES
@pytest.mark.parametrize("test", POSITIONS)
async def test_positions_on_the_way_to_a_link(works: None, test: str, strategy: str) -> None:
    make, expected = POSITIONS[test]
    assert await found(make(), strategy) == expected


async def test_links_at_positions_are_read(works: None) -> None:
    rows = (
        await Work.find()
        .sort(Work.helpers[0].age, "_id")
        .project(
            first=Work.helpers[0].name,
            friend=Work.writer.friends[1].name,
            tag=Work.writer.tags[1],
            who=Work.parts[1].who.name,
            each=Work.parts.helpers[0].name,
            tags=Work.helpers.tags[0],
        )
    )
    assert rows == [
        {"_id": 3, "tag": None, "tags": [], "each": []},
        {"_id": 4, "tag": None, "tags": ["c"], "each": []},
        {
            "_id": 1,
            "first": "Bob",
            "friend": "Cid",
            "tag": "b",
            "who": "Bob",
            "each": ["Bob", "Cid"],
            "tags": ["a", "c"],
        },
        {"_id": 2, "first": "Cid", "tag": "d", "each": ["Cid"], "tags": [None]},
    ]


async def test_positions_are_read_as_values(works: None) -> None:
    rows = await Work.find(Work.id == 1).project(
        one=Work.grid[0][1],
        row=Work.grid[1],
        size=Work.parts[0].sizes[1],
        firsts=Work.parts.sizes[0],
        mapped=Work.parts.map(lambda part: part.sizes[1]),
        sum=Work.grid[1][0] + Work.parts[1].sizes[0],
    )
    assert rows == [{"_id": 1, "one": 2, "row": [3, 4], "size": 6, "firsts": [5, 7], "mapped": [6, 8], "sum": 10}]
    assert await found((Work.grid[0][1] + 1) == 3) == [1]
    [total] = await Work.aggregate([Group(by=None, total=Sum(Work.grid[0][1]))])
    assert total["total"] == 8
    [group] = await Work.aggregate([Match(Work.id == 2), Group(by=Work.grid[0][0], n=Count())])
    assert group == {"_id": 5, "n": 1}


@pytest.mark.parametrize(
    "query",
    [
        lambda: Work.find().project(Work.sizes[1]),
        lambda: Work.aggregate([{"$project": {"sizes.1": 0}}]),
        lambda: Work.find().project(Work.helpers[0].name),
        lambda: Work.aggregate([Set({"sizes.0": 7})]),
        lambda: Work.find().update([Set({"sizes.0": 7})]),
        lambda: Work.find().update([{"$set": {"sizes.0": 7}}]),
        lambda: Work.find().update([Unset(Work.sizes[0])]),
        lambda: Work.find().update([Set({Work.parts[0].sizes: [7]})]),
        lambda: Work.find().update([Set({Work.grid[0][1]: 7})]),
        lambda: Work.aggregate([AddFields({Work.sizes[0]: 7})]),
        lambda: Work.aggregate([Match(Work.id == 1), Project(Work.parts[0].sizes)]),
        lambda: Work.pipeline().match(Work.id == 1).set({Work.sizes[0]: 7}),
    ],
)
async def test_no_stage_keeps_drops_or_sets_one_element(works: None, query: Callable[[], Any]) -> None:
    with pytest.raises(CompileError, match="an element of a list") as raised:
        await query()
    assert raised.value.hint is not None
    assert raised.value.hint.startswith("read it under a name of its own, Project(first=User.tags[0])")


@STRATEGIES
async def test_a_filter_does_not_look_into_lists_of_lists(works: None, strategy: str) -> None:
    for links in (Work.circles, Work.circles[1]):
        with pytest.raises(CompileError, match="no filter looks there") as raised:
            await found(links.name == "Bob", strategy)
        assert (raised.value.code, raised.value.path) == ("link_not_followed", f"{links}.name")
