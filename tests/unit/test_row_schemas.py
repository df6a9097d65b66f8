"""What is known of rows behind each stage: their fields and types, or why there may be others."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

import data_bridge as db
from data_bridge import Document, EmbeddedDocument, F
from data_bridge.errors import CompileError


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


DECLARED = "_id: object_id | null, name: string, age: int, at: date, place: Place, tags: array<string>"
KEPT = [
    db.Match(Visit.age > 1),
    db.Sort(Visit.age),
    db.Skip(1),
    db.Limit(1),
    db.Sample(3),
    db.Redact("$$KEEP"),
    db.Fill({"age": {"value": 3}}),
]
MADE = [
    (db.Project(Visit.name, total=Visit.age + 1), "{_id: object_id | null, name: string, total: int}"),
    (db.Project(id=False, up=Visit.name.upper()), "{up: string}"),
    (
        db.Group(by=Visit.name, n=db.Count(), up=db.Avg(Visit.age)),
        "{_id: string | null, n: int, up: double | null}",
    ),
    (db.Count("n"), "{n: int}"),
    (db.SortByCount(Visit.name), "{_id: any, count: int}"),
    (db.Facet(a=[db.Limit(1)], b=[db.Count("n")]), "{a: array<any>, b: array<any>}"),
    (db.Bucket(Visit.age, [0, 10], n=db.Count()), "{_id: any, n: any}"),
    (db.BucketAuto(Visit.age, 3), "{_id: any, count: int}"),
    (db.ReplaceRoot({"name": Visit.name, "year": Visit.at.year()}), "{name: string, year: int}"),
    (db.ReplaceRoot(Visit.place), "{city: string}"),
    (db.Out("elsewhere"), "{}"),
]
ADDED = [
    (db.Set(total=Visit.age + 1), "total: int"),
    (db.Unwind(Visit.tags, index="at_"), "at_: any"),
    (db.Lookup("others", local=Visit.name, foreign="name", name="found"), "found: any"),
    (db.GraphLookup("others", Visit.name, "name", "parent", "found"), "found: any"),
    (db.SetWindowFields(sort_by=F.age, total=db.Sum(F.age).over(documents=("unbounded", "current"))), "total: any"),
]
OPEN = [
    (db.UnionWith("others"), "{...}: what $unionWith gives is not known before it runs"),
    (
        {"$replaceRoot": {"newRoot": {"$mergeObjects": ["$place"]}}},
        "{...}: what $replaceRoot gives is not known before",
    ),
]


def schema(*stages: Any) -> str:
    return str(Visit.aggregate(list(stages)).schema)


@pytest.mark.parametrize("stage", KEPT, ids=lambda stage: type(stage).__name__)
def test_stages_that_keep_documents(stage: Any) -> None:
    assert schema(stage) == f"{{{DECLARED}}}"


@pytest.mark.parametrize(("stage", "said"), MADE, ids=lambda each: type(each).__name__)
def test_stages_that_make_rows(stage: Any, said: str) -> None:
    assert schema(stage) == said


@pytest.mark.parametrize(("stage", "said"), ADDED, ids=lambda each: type(each).__name__)
def test_stages_that_add_fields(stage: Any, said: str) -> None:
    found = Visit.aggregate([stage]).schema
    assert said in str(found)
    assert found.open is None
    assert {"name", "age", "tags"} <= set(found.fields)


@pytest.mark.parametrize(("stage", "said"), OPEN, ids=["unionWith", "replaceRoot"])
def test_what_is_not_known_is_told_with_its_reason(stage: Any, said: str) -> None:
    assert schema(stage).startswith(said)
    # Later stages that keep documents change nothing of it, and those that make rows know them again.
    assert schema(stage, db.Limit(3)).startswith(said)
    assert schema(stage, db.Group(by=F.x, n=db.Count())) == "{_id: any, n: int}"


def test_classes_that_allow_more_fields_say_so() -> None:
    said = "{_id: object_id | null, name: string, ...}: Loose allows fields that it does not declare"
    assert str(Loose.find().schema) == repr(Loose.find().schema) == said


@pytest.mark.parametrize(("stage", "said"), MADE[:8], ids=lambda each: type(each).__name__)
def test_names_that_no_stage_made_are_refused(stage: Any, said: str) -> None:
    known = set(Visit.aggregate([stage]).schema.fields)
    with pytest.raises(CompileError) as raised:
        Visit.aggregate([stage, db.Match(F.nowhere == 1)]).plan()
    assert "no field 'nowhere' exists after the earlier stages" in str(raised.value)
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
