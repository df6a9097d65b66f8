"""What plans leave out because of facts changes no answer, over documents that obey them, on a real server."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any, Literal

import classes
import pytest
from bson import ObjectId
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_bridge import Document, EmbeddedDocument, connect
from data_bridge._core import rules
from data_bridge.embedded import Server
from data_bridge.errors import CompileError
from data_bridge.predicates import And, Expr, Nor, Or


class Home(EmbeddedDocument):
    city: str
    floor: int | None


class Person(Document):
    age: int
    score: float
    color: Literal["red", "green", "blue"]
    nick: str | None = None
    tags: list[str]
    home: Home
    second: Home | None = None
    born: datetime.datetime

    class Settings:
        name = "fact_people"
        trust_schema = True


WORDS = st.sampled_from(["", "a", "b", "B", "\xe9", "red", "green", "blue"])
INTS = st.sampled_from([0, 1, 2, 3, 5, 2**31, 2**53 + 1, 2**62, -1, -(2**63)])
FLOATS = st.sampled_from([0.0, -0.0, 1.0, 1.5, 2.0, 2.0**53, float("inf"), float("-inf"), float("nan")])
DATES = st.sampled_from([datetime.datetime(2000, 1, day, tzinfo=datetime.UTC) for day in (1, 2, 3)])
HOMES = st.fixed_dictionaries({"city": WORDS, "floor": INTS | st.none()})
PEOPLE = st.fixed_dictionaries(
    {
        "age": INTS,
        "score": FLOATS,
        "color": st.sampled_from(["red", "green", "blue"]),
        "tags": st.lists(WORDS, max_size=3),
        "home": HOMES,
        "born": DATES,
    },
    optional={"nick": WORDS | st.none(), "second": HOMES | st.none()},
)
OPERANDS = {
    "age": INTS | FLOATS,
    "score": INTS | FLOATS,
    "color": WORDS,
    "nick": WORDS,
    "tags": WORDS,
    "home.city": WORDS,
    "home.floor": INTS,
    "second.city": WORDS,
    "born": DATES,
    "_id": st.just(ObjectId("5f0000000000000000000001")),
}
TYPES = st.sampled_from(["string", "int", "long", "double", "number", "null", "date", "objectId", "bool", "array"])


PATHS = st.sampled_from(list(OPERANDS))


@st.composite
def one_of(draw: st.DrawFn, path: str | None = None) -> dict[str, Any]:
    """One test of one field, as MQL."""
    path = path or draw(PATHS)
    operand = OPERANDS[path] | st.none()
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return {path: {draw(st.sampled_from(["$in", "$nin"])): draw(st.lists(operand, max_size=3))}}
    if kind == 1:
        return {path: {"$exists": draw(st.booleans())}}
    if kind == 2:
        return {path: {"$type": draw(st.lists(TYPES, min_size=1, max_size=2))}}
    op = draw(st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]))
    if kind == 3:
        return {"$expr": {op: draw(st.permutations([f"${path}", {"$literal": draw(operand)}]))}}
    test = {op: draw(operand)}
    return {path: {"$not": test} if kind == 4 else test}


#: Several tests of one field.
SEVERAL = PATHS.flatmap(
    lambda path: st.builds(lambda terms: {"$and": terms}, st.lists(one_of(path), min_size=2, max_size=4))
)
FILTERS = st.recursive(
    one_of() | SEVERAL,
    lambda inner: st.builds(
        lambda op, terms: {op: terms},
        st.sampled_from(["$and", "$and", "$or", "$nor"]),
        st.lists(inner, min_size=1, max_size=4),
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def people(mongod: Server) -> Iterator[Any]:
    with connect(mongod.uri, database="fact_equivalence").run_sync():
        yield


def typed(where: dict[str, Any]) -> Any:
    """The filter as expressions: what `$expr` computes has its nodes too."""
    [(key, value)] = where.items()
    if key == "$expr":
        return Expr(classes.expression(value))
    if key in ("$and", "$or", "$nor"):
        return {"$and": And, "$or": Or, "$nor": Nor}[key](*map(typed, value))
    return where


@settings(max_examples=examples(500), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents=st.lists(PEOPLE, min_size=1, max_size=6), where=FILTERS, off=st.sets(st.sampled_from(rules())))
def test_facts_change_no_answer(
    people: None, documents: list[dict[str, Any]], where: dict[str, Any], off: set[str]
) -> None:
    Person.delete_all().run_sync()
    Person.insert_many([Person.model_validate(document) for document in documents]).run_sync()
    query = Person.find(typed(where))
    try:
        plan = query.plan()
    except CompileError as refused:
        if {error.code for error in refused.errors} <= {"incomparable", "argument_type"}:
            return
        raise
    expected = sorted(person.id for person in query.optimize(False).to_list().run_sync())
    for flags in (True, dict.fromkeys(off, False)):
        optimized = query.optimize(flags)
        assert sorted(person.id for person in optimized.to_list().run_sync()) == expected, (plan, flags)
        assert optimized.count().run_sync() == len(expected), (plan, flags)
