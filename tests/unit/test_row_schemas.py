"""What is known of rows behind each stage: their fields and types, or why there may be others."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

import data_bridge as db
from data_bridge import Document, EmbeddedDocument, F
from data_bridge import functions as fn
from data_bridge.errors import CompileError
from data_bridge.pipeline import to_stages
from tools.catalog.table import load


class Place(EmbeddedDocument):
    city: str


class Visit(Document):
    name: str
    age: int
    at: datetime
    place: Place
    tags: list[str] = []


class Loose(Document):
    model_config = ConfigDict(extra="allow")

    name: str


class Tour(Document):
    title: str
    stops: list[Place] = []
    guide: str | None = None


DECLARED = "_id: object_id | null, name: string, age: int, at: date, place: Place, tags: array<string>"
TOUR = "{_id: object_id | null, title: string, stops: array<Place>, guide: string | null}"
SAME = f"{{{DECLARED}}}"


def adding(field: str) -> str:
    return f"{{{DECLARED}, {field}}}"


RUNNING = ("unbounded", "current")
#: For every stage, what it gives of documents of the class; or how that begins.
TABLE: list[tuple[Any, str]] = [
    (db.Match(Visit.age > 1), SAME),
    (db.Sort(Visit.age), SAME),
    (db.Skip(1), SAME),
    (db.Limit(1), SAME),
    (db.Sample(3), SAME),
    (db.Redact("$$KEEP"), SAME),
    (db.Densify("at", {"step": 1, "unit": "day", "bounds": "full"}), SAME),
    (db.Search({"text": {"query": "a", "path": "name"}}), SAME),
    (db.Search({"text": {}, "returnScope": {"path": "tags"}}), "{...}: a search that returns a scope"),
    (db.VectorSearch("index", "place", 3), SAME),
    (db.RankFusion({"a": [db.Sort(Visit.age)]}), SAME),
    (db.ScoreFusion({"a": [db.Score(Visit.age)]}), SAME),
    (db.Score(Visit.age), SAME),
    (db.Rerank("model", "query", "name", 3), SAME),
    # Of other fields than those asked for nothing is left.
    (db.Project(Visit.name, total=Visit.age + 1), "{_id: object_id | null, name: string, total: int}"),
    (db.Project(id=False, up=Visit.name.upper()), "{up: string}"),
    (
        db.Group(by=Visit.name, n=db.Count(), up=db.Avg(Visit.age)),
        "{_id: string | null, n: int, up: double | null}",
    ),
    (db.Count("n"), "{n: int}"),
    (db.SortByCount(Visit.name), "{_id: string | null, count: int}"),
    (
        db.Facet(a=[db.Limit(1)], b=[db.Count("n")], c=[db.Set(x=1)]),
        f"{{a: array<Visit>, b: array<{{n: int}}>, c: array<{{{DECLARED}, x: int}}>}}",
    ),
    (
        db.Bucket(Visit.age, [0, 10], default="rest", n=db.Count(), names=db.Push(Visit.name)),
        "{_id: int | string, n: int, names: array<string>}",
    ),
    (
        db.BucketAuto(Visit.age, 3),
        "{_id: {min: int | null, max: int | null}, count: int}",
    ),
    (db.ReplaceRoot({"name": Visit.name, "year": Visit.at.year()}), "{name: string, year: int}"),
    (db.ReplaceRoot(Visit.place), "{city: string}"),
    (db.ReplaceWith(fn.first(Visit.tags)), "{...}: what $replaceWith gives is not known before it runs"),
    (db.ReplaceWith(fn.merge_objects(db.variable("ROOT"), {"n": 1})), adding("n: int")),
    (db.ReplaceWith(fn.merge_objects(Visit.place, {"n": 1})), "{city: string, n: int}"),
    (db.Out("elsewhere"), "{}"),
    (db.Merge("elsewhere"), "{}"),
    # One field more.
    (db.Set(total=Visit.age + 1), adding("total: int")),
    (db.Set({"made.deep": Visit.age}), adding("made: {deep: int}")),
    (db.AddFields(total=Visit.age + 1), adding("total: int")),
    (db.Unset("name"), SAME),
    (db.Unwind(Visit.tags, index="at_"), SAME.replace("array<string>}", "string, at_: int}")),
    (
        db.Unwind(Visit.tags, index="at_", preserve=True),
        SAME.replace("array<string>}", "string | null, at_: int | null}"),
    ),
    (db.Lookup("others", local=Visit.name, foreign="name", name="found"), adding("found: array<map<any>>")),
    (db.Lookup(Tour, local=Visit.name, foreign="title", name="found"), adding("found: array<Tour>")),
    (
        db.Lookup(Tour, name="found", pipeline=[db.Group(by=Tour.title, n=db.Count())]),
        adding("found: array<{_id: string | null, n: int}>"),
    ),
    (db.GraphLookup("others", Visit.name, "name", "parent", "found"), adding("found: array<map<any>>")),
    (db.GraphLookup(Tour, Visit.name, "guide", "title", "found"), adding("found: array<Tour>")),
    (
        db.GraphLookup(Tour, Visit.name, "guide", "title", "found", depth_field="depth"),
        adding(f"found: array<{TOUR[:-1]}, depth: int}}>"),
    ),
    (
        db.SetWindowFields(sort_by=F.age, n=db.Sum(F.age).over(documents=RUNNING), rank=db.Rank()),
        adding("n: int | double | decimal | null, rank: int"),
    ),
    (db.Fill({"age": {"value": "none"}}), SAME.replace("age: int", "age: int | string")),
    (db.Fill({"age": "linear"}), SAME.replace("age: int", "age: int | double")),
    (db.Fill({"age": "locf"}), SAME),
    (
        db.GeoNear([1, 2], distance_field="far.by", include_locs="where"),
        adding("far: {by: double}, where: map<any> | array<any>"),
    ),
    (db.UnionWith(Visit, [db.Limit(3)]), SAME),
    (
        db.UnionWith(Tour, [db.Project(Tour.title, age=F.guide)]),
        "{_id: object_id | null, age: int | string | null, at: date | null, name: string | null, "
        "place: Place | null, tags: array<string> | null, title: null | string}",
    ),
    (db.UnionWith("others"), "{...}: of the collection 'others' no class was given"),
    (db.UnionWith(None, [db.Documents([{"name": "a"}])]), "{_id: object_id | null, age: int | null,"),
    # Documents that the collection does not hold.
    (db.Documents([{"a": 1, "b": "x"}, {"a": None}]), "{a: int | null, b: string | null}"),
    (db.Documents(Visit.tags), "{...}: what $documents gives is not known before it runs"),
    (db.SearchMeta({"facet": {}}), "{count: map<any>, facet: map<any>, ...}: what a search tells"),
    (db.ChangeStream(), "{_id: map<any>, clusterTime: timestamp,"),
    (db.CollStats(count={}), "{count: int, host: string,"),
    (db.CurrentOp(), "{active: bool,"),
    (db.IndexStats(), "{accesses: map<any>,"),
    (db.ListClusterCatalog(), "{db: string,"),
    (db.ListLocalSessions(), "{_id: map<any>, lastUse: date,"),
    (db.ListSampledQueries(), "{_id: binary,"),
    (db.ListSearchIndexes(), "{id: string,"),
    (db.ListSessions(), "{_id: map<any>, lastUse: date,"),
    (db.PlanCacheStats(), "{cachedPlan: map<any>,"),
    (db.QuerySettings(), "{debugQueryShape: map<any>,"),
    (db.QueryStats(), "{asOf: timestamp,"),
    (db.ShardedDataDistribution(), "{ns: string, shards: array<any>, ...}: newer servers tell more"),
    (db.ChangeStreamSplitLargeEvent(), adding("splitEvent: {fragment: int, of: int}")),
]
MADE = [row for row in TABLE if "..." not in row[1] and row[1] not in (SAME, "{}") and not row[1].endswith(",")]


def test_the_table_has_every_stage() -> None:
    sent = {name for stage, _ in TABLE for [node] in [to_stages([stage], None)] for name in node.to_mql()}
    assert sent == {row.mql for row in load()["stages"]}


def schema(*stages: Any) -> str:
    return str(Visit.aggregate(list(stages)).schema)


@pytest.mark.parametrize(("stage", "said"), TABLE, ids=lambda each: type(each).__name__)
def test_what_a_stage_gives(stage: Any, said: str) -> None:
    found = schema(stage)
    assert found.startswith(said) if said.endswith(",") or "...}: " in said else found == said
    # What is not known says why.
    assert Visit.aggregate([stage]).schema.open is None or len(found.split("...}: ")[1]) > 10
    if isinstance(stage, (db.Out, db.Merge, db.ChangeStreamSplitLargeEvent)):
        # Nothing stands behind them.
        return
    # Later stages that keep documents change nothing of it, and those that make rows know them again.
    assert schema(stage, db.Limit(3)) == found
    assert schema(stage, db.Group(n=db.Count())) == "{_id: null, n: int}"


def test_events_show_documents_of_the_class() -> None:
    assert str(Visit.aggregate([db.ChangeStream()]).schema.fields["fullDocument"]) == "Visit | null"


def test_what_is_known_below_a_field_is_checked() -> None:
    joined = [db.Lookup(Tour, local=Visit.name, foreign="title", name="found"), db.Unwind("found")]
    Visit.aggregate([*joined, db.Match(F.found.stops.city == "a")]).plan()
    for wrong, told in (
        ([*joined, db.Match(F.found.nowhere == 1)], "Tour has no field 'nowhere'"),
        ([*joined, db.Match(F.found.title == 1)], "'found.title' is string and never compares"),
        ([db.BucketAuto(Visit.age, 3), db.Match(F._id["min"] == "x")], "'_id.min' is int | null and never compares"),
    ):
        with pytest.raises(CompileError, match=re.escape(told)):
            Visit.aggregate(wrong).plan()


def test_pipelines_over_other_classes_are_checked() -> None:
    for stage in (
        db.Lookup(Tour, name="found", pipeline=[{"$match": {"titel": 1}}]),
        db.UnionWith(Tour, [{"$match": {"titel": 1}}]),
        db.GraphLookup(Tour, Visit.name, "guide", "title", "found", restrict_search_with_match={"titel": 1}),
    ):
        with pytest.raises(CompileError, match="Tour has no field 'titel'"):
            Visit.aggregate([stage]).plan()


def test_classes_that_allow_more_fields_say_so() -> None:
    said = "{_id: object_id | null, name: string, ...}: Loose allows fields that it does not declare"
    assert str(Loose.find().schema) == repr(Loose.find().schema) == said


@pytest.mark.parametrize(("stage", "said"), MADE, ids=lambda each: type(each).__name__)
def test_names_that_no_stage_made_are_refused(stage: Any, said: str) -> None:
    known = set(Visit.aggregate([stage]).schema.fields)
    with pytest.raises(CompileError) as raised:
        Visit.aggregate([stage, db.Match(F.nowhere == 1)]).plan()
    assert "no field 'nowhere'" in str(raised.value)
    assert all(name in str(raised.value) for name in known)


class Row(BaseModel):
    key: str = Field(alias="_id")
    n: int
    note: str = ""


def test_a_model_of_rows_is_checked() -> None:
    Visit.aggregate([db.Group(by=Visit.name, n=db.Count())], output=Row)
    Visit.aggregate([db.UnionWith("others")], output=Row)
    with pytest.raises(CompileError, match="rows have no field 'n', which Row needs"):
        Visit.aggregate([db.Group(by=Visit.name, count=db.Count())], output=Row)


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ([db.Group(by={"a": Visit.age, "b": Visit.name}, n=db.Count())], "{_id: {a: int, b: string} | null, n: int}"),
        ([db.Project(id=False, x={"a": Visit.age, "b": {"c": "text"}})], "{x: {a: int, b: {c: string}}}"),
        # Of a list, a document for each element.
        ([db.Project(id=False, tags={"a": Visit.age})], "{tags: map<any>}"),
        ([db.Set(x={"a": Visit.age}), db.Set({"x.b": "text"})], adding("x: {a: int, b: string}")),
        # What is set below a document stands beside what it has.
        ([{"$set": {"place": {"zip": "$age"}}}], SAME.replace("place: Place", "place: {city: string, zip: int}")),
        ([db.Group(all=db.Push({"n": Visit.name})), db.Unwind(F.all), db.ReplaceRoot(F.all)], "{n: string}"),
        ([db.Set(x=db.cond(Visit.age > 3, {"a": Visit.age}, None))], adding("x: {a: int} | null")),
    ],
)
def test_documents_are_known_by_their_fields(stages: list[Any], said: str) -> None:
    assert schema(*stages) == said


@pytest.mark.parametrize(
    "stages",
    [
        [db.Group(by={"a": Visit.age}, n=db.Count()), db.Match(F._id.nowhere == 1)],
        [db.Set(x={"a": Visit.age}), db.Match(F.x.nowhere == 1)],
        [db.Set(x=Visit.tags.map(lambda tag: {"a": tag})), db.Project(F.x.nowhere)],
        [{"$set": {"place": {"zip": 1}}}, {"$match": {"place.nowhere": 1}}],
        [db.Project(x={"a": Visit.age}), db.Sort("x.nowhere")],
    ],
)
def test_names_below_made_documents_are_checked(stages: list[Any]) -> None:
    with pytest.raises(CompileError, match="has no field 'nowhere'"):
        Visit.aggregate(stages).plan()


class Strict(BaseModel):
    key: Any = Field(alias="_id")
    n: int


class Other(BaseModel):
    names: str
    maybe: str | None = None


class Parsed(BaseModel):
    names: str

    @field_validator("names", mode="before")
    @classmethod
    def joined(cls, names: list[str]) -> str:
        return ", ".join(names)


def test_a_model_is_given_what_it_takes() -> None:
    lists = db.Group(by=Visit.name, n=db.Push(Visit.age), names=db.Push(Visit.name))
    with pytest.raises(CompileError, match=re.escape("rows have array<int> in 'n', where Strict takes int")) as caught:
        Visit.aggregate([lists], output=Strict)
    assert caught.value.code == "output_type"
    with pytest.raises(CompileError, match="where Other takes string"):
        Visit.aggregate([lists], output=Other)
    with pytest.raises(CompileError, match=r"rows have int in 'maybe', where Other takes string \| null"):
        Visit.aggregate([db.Group(by=Visit.name, names=db.First(Visit.name), maybe=db.Max(Visit.age))], output=Other)
    Visit.aggregate([lists], output=Parsed)
    Visit.aggregate([db.Group(by=Visit.at, n=db.Avg(Visit.age))], output=Strict)
