"""The operator table and what follows from it: nothing is stale, and every operator has its Python form."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import data_bridge
from data_bridge import accumulators, fields, fn, pipeline, predicates, stages, windows
from data_bridge.errors import CompileError
from data_bridge.fields.values import Value
from data_bridge.stages import inspecting, searching, shaping
from tools.catalog import outputs, stale, table
from tools.catalog.accumulators import name_of
from tools.catalog.outputs import ROOT
from tools.catalog.table import FOLDER, Argument, Operator, camel, load

TABLE = load()


def test_generated_files_follow_from_the_table() -> None:
    assert [str(path.relative_to(ROOT)) for path in stale()] == [], "run make generate"


@pytest.mark.parametrize("row", TABLE["expressions"], ids=lambda row: row.key)
def test_every_expression_is_a_function(row: Operator) -> None:
    function = getattr(fn, row.key)
    assert function.__doc__
    assert inspect.signature(function).return_annotation.startswith("Value[")
    if row.method:
        assert callable(getattr(Value, row.method))


@pytest.mark.parametrize("row", [*TABLE["accumulators"], *TABLE["windows"], *TABLE["stages"]], ids=lambda row: row.mql)
def test_every_accumulator_window_function_and_stage_is_a_class(row: Operator) -> None:
    found = getattr(data_bridge, "Count" if row.key == "count" else name_of(row))
    assert inspect.isclass(found)
    assert found.__doc__


@pytest.mark.parametrize("row", TABLE["stages"], ids=lambda row: row.mql)
def test_every_stage_is_a_method_of_pipelines(row: Operator) -> None:
    method = getattr(Place.pipeline(), row.key)
    assert method.__doc__
    assert isinstance(inspect.signature(method).parameters, Mapping)


#: What the Python forms in the table name besides the library.
class Place(data_bridge.Document):
    age: int = 0
    a: int = 0
    b: int = 0
    flags: int = 0
    name: str = ""
    nickname: str | None = None
    seen: Any = None
    tags: list[str] = []
    items: list[Any] = []
    place: Any = None


SHAPES = ("Point", "Polygon", "Box", "Circle", "SphereCircle", "FlatPolygon")
NAMES = {
    "User": Place,
    "p": Place.a == 1,
    "q": Place.b == 2,
    "geometry": data_bridge.geo.Polygon([[(0, 0), (0, 1), (1, 1), (0, 0)]]),
    **{
        name: getattr(data_bridge.geo, name)
        for name in ("Point", "Polygon", "Box", "Circle", "SphereCircle", "FlatPolygon")
    },
    **{name: getattr(data_bridge, name) for name in data_bridge.__all__},
}
RING = "[[[0, 0], [1, 0], [1, 1], [0, 0]]]"


@pytest.mark.parametrize(
    ("row", "form"),
    [
        (row, form)
        for kind in ("queries", "updates", "stages")
        for row in TABLE[kind]
        for form in row.more.get("python", ())
    ],
    ids=lambda each: each if isinstance(each, str) else each.key,
)
def test_every_python_form_of_the_table_is_one(row: Operator, form: str) -> None:
    text = form.replace("Polygon([...])", f"Polygon({RING})") if "Flat" not in form else form
    text = text.replace("{...}", '{"type": "object"}').replace("[...]", '["a"]')
    built = eval(text, NAMES)
    if row.kind == "updates":
        update = Place.find().update(built)
        update.discard()
    elif row.kind == "stages":
        # After a stage that no find command has; what has two names is sent by one.
        name = "$set" if row.mql == "$addFields" else row.mql
        assert name in str(Place.aggregate([{"$sample": {"size": 9}}, built]).plan().commands)
    elif row.more["where"] != "geometry":
        command = str(Place.find(built).plan().commands)
        assert row.mql in command or row.key in ("eq", "and", "expr", "not"), command


def test_every_name_of_the_library_is_spelled_out() -> None:
    """mypy does not follow a list that is put together of others."""
    assert len(set(data_bridge.__all__)) == len(data_bridge.__all__)
    modules = (accumulators, windows, inspecting, searching, shaping)
    assert {name for module in modules for name in module.__all__} <= set(pipeline.__all__)
    assert {*pipeline.__all__, *predicates.__all__} <= set(data_bridge.__all__)
    assert set(stages.__all__) <= set(pipeline.__all__)


def test_names_are_read_from_keys() -> None:
    assert camel("date_trunc") == "$dateTrunc"
    assert camel("and_") == "$and"
    assert Argument("startOfWeek", ("string",)).python == "start_of_week"
    assert Argument("in", ("any",)).python == "in_"


def test_rows_say_what_the_table_needs() -> None:
    for kind, rows in TABLE.items():
        names = [row.mql for row in rows]
        assert len(names) == len(set(names)), kind
        for row in rows:
            assert row.doc.endswith("."), row.key
            assert all(part.isdigit() for part in row.since.split(".")), row.key


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: fn.abs(Place.name), "$abs takes a number as 'number': name is string"),
        (lambda: fn.add(fn.year(Place.name), 1), "$year takes a date as 'date': name is string"),
        (lambda: fn.concat(Place.age), "$concat takes a string as 'texts'"),
        (lambda: fn.percentile(Place.age, [0.5], method="exact"), "$percentile does not know method 'exact'"),
        (lambda: fields.named("$dateTrunc", date=Place.seen, units="day"), "did you mean 'unit'?"),
        (lambda: fields.listed("$pow", 1), "$pow needs 'exponent'"),
        (lambda: fields.listed("$pow", 1, 2, 3), "$pow takes at most 2 arguments and was given 3"),
        (lambda: fields.listed("$ifNull", 1), "$ifNull takes 2 values or more and was given 1"),
        (lambda: fn.meta(Place.name), "$meta does not compute 'keyword'"),
    ],
)
def test_misuse_is_told_with_what_is_right(call: Any, said: str) -> None:
    with pytest.raises(CompileError) as raised:
        Place.aggregate([data_bridge.Project(x=call())]).plan()
    assert said in str(raised.value)


def test_all_misuses_of_a_query_come_at_once() -> None:
    wrong = fields.named("$dateTrunc", dates=fn.abs(Place.name))
    with pytest.raises(CompileError) as raised:
        Place.aggregate([data_bridge.Project(x=wrong)]).plan()
    assert {error.code for error in raised.value.errors} == {"argument_type", "unknown_argument", "missing_argument"}


def test_unknown_operators_pass_as_they_are() -> None:
    future = fields.named("$notYetThere", some=Place.age)
    plan = Place.aggregate([data_bridge.Project(x=future)]).plan()
    assert "$notYetThere" in str(plan.commands)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (fn.year(Place.seen), "int | null"),
        (Place.age + 1, "int"),
        (Place.age + 1.5, "double"),
        (Place.name.upper(), "string"),
        (Place.tags.first(), "string | null"),
        (Place.tags.map(lambda tag: tag.length()), "array<int>"),
        (fn.if_null(Place.nickname, "none"), "string"),
        (data_bridge.cond(Place.age > 1, 1, "x"), "int | string"),
    ],
)
def test_results_have_types(value: Any, kind: str) -> None:
    assert str(value.__ir__.dtype) == kind


def test_computed_fields_have_types_in_later_stages() -> None:
    stages = [data_bridge.Project(total=Place.a + Place.b), data_bridge.Match(data_bridge.F.total == "x")]
    with pytest.raises(CompileError, match="'total' is int and never compares"):
        Place.aggregate(stages).plan()


@pytest.mark.parametrize("version", ["6.0", "6.3", "6.0.5"])
def test_a_plan_is_judged_for_a_server(version: str) -> None:
    plan = Place.aggregate([data_bridge.Project(x=fn.median(Place.age), y=fn.bit_and(Place.age, 1))]).plan()
    assert plan.requires == {"$median": "7.0", "$bitAnd": "6.3"}
    assert plan.for_server("7.0").commands == plan.commands
    with pytest.raises(CompileError) as raised:
        plan.for_server(version)
    assert f"$median needs MongoDB 7.0 or later; the server is {version}" in str(raised.value)
    assert len(raised.value.errors) == (1 if version == "6.3" else 2)


def test_a_version_must_be_one() -> None:
    with pytest.raises(ValueError, match="not a server version"):
        Place.find().plan().for_server("latest")


#: By file, a row of the table before which a new one stands, and that one.
NEW = {
    "expressions": (
        "abs = ",
        'frobnicate = { shape = "object", args = "input: number, by?: number", returns = "float", ',
    ),
    "accumulators": ("concat_arrays = ", 'frob_all = { shape = "single", args = "of: number", returns = "float", '),
    "windows": ("min_max_scaler = ", 'frob_rank = { shape = "object", args = "", returns = "int", '),
    "stages": ("densify = ", 'frob = { shape = "object", args = "field: path, by?: number", gives = "same", '),
}


def test_an_operator_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(FOLDER, tmp_path / "catalog")
    for kind, (before, row) in NEW.items():
        file = tmp_path / "catalog" / f"{kind}.toml"
        method = "method = true, " if kind == "expressions" else ""
        line = f'{row}{method}since = "9.9", doc = "Is new." }}'
        file.write_text(file.read_text().replace(f"\n{before}", f"\n{line}\n{before}", 1))
    monkeypatch.setattr(table, "FOLDER", tmp_path / "catalog")
    made = {str(path.relative_to(ROOT)): text for path, text in outputs().items()}
    for path, words in {
        "ir/src/catalog/generated.rs": ("$frobnicate", "$frobAll", "$frobRank", "$frob", "v(9, 9, 0)"),
        "docs/operators.md": ("`fn.frobnicate(input, by=)`, `.frobnicate(...)`", "`FrobAll(of)`", "`Frob(field, by=)`"),
        "python/data_bridge/functions/__init__.py": ('"frobnicate"',),
        "python/data_bridge/functions/arithmetic.py": ("def frobnicate(",),
        "python/data_bridge/fields/methods.py": ("def frobnicate(",),
        "python/data_bridge/accumulators.py": ("class FrobAll(", '"FrobAll"'),
        "python/data_bridge/windows.py": ("class FrobRank(", '"FrobRank"'),
        "python/data_bridge/stages/shaping.py": ("class Frob(", '"Frob"'),
        "python/data_bridge/__init__.py": ('"Frob"', '"FrobAll"', '"FrobRank"'),
        "python/data_bridge/pipeline.py": ('"Frob"', '"FrobAll"', '"FrobRank"'),
        "python/data_bridge/stages/__init__.py": ('"Frob"',),
        "python/data_bridge/pipeline_builder.py": ("    frob = _Step(stages.Frob)",),
        "python/data_bridge/ir/signatures.py": ('"$frobnicate"', '"$frobAll"', '"$frobRank"', '"$frob"'),
    }.items():
        for word in words:
            assert word in made[path], (path, word)


def test_what_is_generated_is_exported() -> None:
    modules = (accumulators, windows, inspecting, searching, shaping)
    assert {name for module in modules for name in module.__all__} <= set(data_bridge.__all__)
