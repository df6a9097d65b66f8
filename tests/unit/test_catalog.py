"""The operator table and what follows from it: nothing is stale, and every operator has its Python form."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import data_bridge
from data_bridge import (
    accumulators,
    fields,
    fn,
    pipeline,
    predicates,
    query_operators,
    stages,
    update,
    update_operators,
    windows,
)
from data_bridge.errors import CompileError
from data_bridge.fields.values import Value
from data_bridge.stages import inspecting, searching, shaping
from tools.catalog import classes, outputs, stale, table
from tools.catalog.accumulators import name_of
from tools.catalog.outputs import ROOT
from tools.catalog.table import FOLDER, Argument, Operator, Table, camel, load

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
        changed = Place.find().update(built)
        changed.discard()
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
    assert set(query_operators.__all__) <= set(predicates.__all__)
    assert set(update_operators.__all__) <= set(update.__all__)
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


#: By file and a row of its table, new rows that stand before that.
NEW = {
    ("expressions", "abs"): [
        'frobnicate = { shape = "object", args = "input: number, by?: number", returns = "float", method = true'
    ],
    ("accumulators", "concat_arrays"): ['frob_all = { shape = "single", args = "of: number", returns = "float"'],
    ("windows", "min_max_scaler"): ['frob_rank = { shape = "object", args = "", returns = "int"'],
    ("stages", "densify"): ['frob = { shape = "object", args = "field: path, by?: number", gives = "same"'],
    ("queries", "mod"): ['frob_like = { where = "field"', 'frobbed = { where = "filter", parameters = "how: str"'],
    ("updates", "inc"): ['frob_up = { operand = "number", takes = "number"'],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The generated files of a table that has new rows."""
    folder = tmp_path_factory.mktemp("table") / "catalog"
    shutil.copytree(FOLDER, folder)
    for (kind, before), rows in NEW.items():
        file = folder / f"{kind}.toml"
        lines = "".join(f'{row}, since = "9.9", doc = "Is new." }}\n' for row in rows)
        file.write_text(file.read_text().replace(f"\n{before} = ", f"\n{lines}{before} = ", 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "FOLDER", folder)
        return {str(path.relative_to(ROOT)): text for path, text in outputs().items()}


@pytest.mark.parametrize(
    ("path", "words"),
    {
        "ir/src/catalog/generated.rs": (
            *("$frobnicate", "$frobAll", "$frobRank", "$frob", "$frobLike", "$frobbed", "$frobUp"),
            "v(9, 9, 0)",
        ),
        "docs/operators.md": (
            *("`fn.frobnicate(input, by=)`, `.frobnicate(...)`", "`FrobAll(of)`", "`Frob(field, by=)`"),
            *("`FrobLike(field, operand)`", "`Frobbed(how)`", "`FrobUp({field: value})`"),
        ),
        "python/data_bridge/functions/__init__.py": ('"frobnicate"',),
        "python/data_bridge/functions/arithmetic.py": ("def frobnicate(",),
        "python/data_bridge/fields/methods.py": ("def frobnicate(",),
        "python/data_bridge/accumulators.py": ("class FrobAll(", '"FrobAll"'),
        "python/data_bridge/windows.py": ("class FrobRank(", '"FrobRank"'),
        "python/data_bridge/stages/shaping.py": ("class Frob(", '"Frob"'),
        "python/data_bridge/__init__.py": (
            *('"Frob"', '"FrobAll"', '"FrobRank"', '"FrobLike"', '"Frobbed"', '"FrobUp"'),
        ),
        "python/data_bridge/pipeline.py": ('"Frob"', '"FrobAll"', '"FrobRank"'),
        "python/data_bridge/predicates.py": ('"FrobLike"', '"Frobbed"'),
        "python/data_bridge/update.py": ('"FrobUp"',),
        "python/data_bridge/stages/__init__.py": ('"Frob"',),
        "python/data_bridge/pipeline_builder.py": ("    frob = _Step(stages.Frob)",),
        "python/data_bridge/query_operators.py": (
            "def __init__(self, field: Any, operand: Any) -> None:",
            "def __init__(self, how: str) -> None:",
        ),
        "python/data_bridge/ir/signatures.py": ('"$frobnicate"', '"$frobAll"', '"$frobRank"', '"$frob"'),
    }.items(),
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_an_operator_is_one_line(made: dict[str, str], path: str, words: tuple[str, ...]) -> None:
    assert [word for word in words if word not in made[path]] == []


#: A program of somebody who has the library with the new operators.
USER = """
import inspect
import json
from data_bridge import Document, Frobbed, FrobLike, FrobUp, ir, lang
from data_bridge.errors import CompileError

class User(Document):
    age: int = 0
    name: str = ""

def sent(query):
    return query.plan().commands[0]

def refused(ask):
    try:
        ask()
    except CompileError as error:
        return str(error)

text = 'User.find(FrobLike(User.age, 4), Frobbed("well"))'
update = 'User.find(User.name == "Ann").update(FrobUp({User.age: 3}))'
schema = User.schema()
print(json.dumps({
    "docs": [inspect.getdoc(each).split("\\n")[0::2] for each in (FrobLike, Frobbed, FrobUp)],
    "filter": sent(User.find(FrobLike(User.age, 4), Frobbed("well")))["filter"],
    "by path": FrobLike("a.b", [1]).__ir__.to_mql(),
    "text": sent(lang.parse(text, [User]))["filter"],
    "printed": str(lang.parse(text, [User])),
    "python": lang.to_python({"age": {"$frobLike": 4}, "name": "x"}, User),
    "parsed": ir.parse_filter({"age": {"$frobLike": 4}}, schema).to_mql(),
    "at the top": refused(lambda: ir.parse_filter({"$frobLike": 4})),
    "slips": [refused(lambda: ir.parse_filter(each)) for each in ({"age": {"$frobLik": 4}}, {"$frobed": "well"})],
    "update": lang.parse(update, [User], allow_writing=True).plan().commands[0]["updates"][0]["u"],
    "update of a dict": ir.parse_update({"$frobUp": {"age": 3}}, schema).to_mql(),
    "update as Python": lang.to_python(ir.parse_update({"$frobUp": {"age": 3}}), User),
    "misfits": [refused(lambda: User.find().update(FrobUp(each))) for each in ({User.name: 3}, {User.age: "x"})],
}))
"""


def test_a_new_query_or_update_operator_needs_no_more(made: dict[str, str], tmp_path: Path) -> None:
    package = tmp_path / "data_bridge"
    shutil.copytree(ROOT / "python" / "data_bridge", package, ignore=shutil.ignore_patterns("_core*.so", "__pycache__"))
    core = Path(data_bridge._core.__file__)
    (package / core.name).symlink_to(core)
    for path, text in made.items():
        if path.startswith("python/"):
            (tmp_path / path.removeprefix("python/")).write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", USER], env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.stderr == ""
    asked = {"$and": [{"$frobbed": "well"}], "age": {"$frobLike": 4}}
    assert json.loads(done.stdout) == {
        "docs": [["Is new.", f"`${name}`, since MongoDB 9.9."] for name in ("frobLike", "frobbed", "frobUp")],
        "filter": asked,
        "by path": {"a.b": {"$frobLike": [1]}},
        "text": asked,
        "printed": 'User.find(And({"age": {"$frobLike": 4}}, {"$frobbed": "well"}))',
        "python": '{"age": {"$frobLike": 4}} & (User.name == "x")',
        "parsed": {"age": {"$frobLike": 4}},
        "at the top": "$frobLike stands under a field, not at the top of a filter\n"
        '  hint: write {"field": {"$frobLike": ...}}',
        "slips": [
            "there is no '$frobLik'; did you mean '$frobLike'?",
            "there is no '$frobed'; did you mean '$frobbed'?",
        ],
        "update": {"$frobUp": {"age": 3}},
        "update of a dict": {"$frobUp": {"age": 3}},
        "update as Python": '{"$frobUp": {"age": 3}}',
        "misfits": [
            "$frobUp takes a number on a number field: User.name is string and was given 3",
            "$frobUp takes a number on a number field: User.age is int and was given 'x'",
        ],
    }


@pytest.mark.parametrize(
    ("purity", "parameters", "said"),
    [
        ("pure", "a: int, b: int", "without a method the operand is one parameter"),
        ("code", "a: str", "the class of what runs a program is written by hand"),
    ],
)
def test_a_class_that_no_line_can_say_is_refused(purity: str, parameters: str, said: str) -> None:
    more = {"where": "field", "parameters": parameters}
    row = Operator("queries", "new", "frob", "$frob", "9.9", "Is new.", purity=purity, more=more)
    with pytest.raises(ValueError, match=f"queries\\.frob: {said}"):
        classes.queries(Table({"queries": [row]}))


def test_what_is_generated_is_exported() -> None:
    modules = (accumulators, windows, inspecting, searching, shaping, query_operators, update_operators)
    for module in modules:
        assert set(module.__all__) <= set(data_bridge.__all__)
        # No operator hides another one whose class has the same name.
        assert [name for name in module.__all__ if getattr(data_bridge, name) is not getattr(module, name)] == []
