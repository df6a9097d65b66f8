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
from data_bridge.schema import schema_of


class Home(EmbeddedDocument):
    city: str
    floor: int | None


class Person(Document):
    number: int
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


#: What is drawn keeps to it: no two documents have one number.
schema_of(Person).set_unique(["number"], "as drawn")

WORDS = st.sampled_from(["", "a", "b", "B", "\xe9", "red", "green", "blue"])
INTS = st.sampled_from([0, 1, 2, 3, 5, 2**31, 2**53 + 1, 2**62, -1, -(2**63)])
FLOATS = st.sampled_from([0.0, -0.0, 1.0, 1.5, 2.0, 2.0**53, float("inf"), float("-inf"), float("nan")])
DATES = st.sampled_from([datetime.datetime(2000, 1, day, tzinfo=datetime.UTC) for day in (1, 2, 3)])
HOMES = st.fixed_dictionaries({"city": WORDS, "floor": INTS | st.none()})
PEOPLE = st.fixed_dictionaries(
    {
        "number": st.integers(0, 9),
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
    "number": st.integers(0, 9),
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


CROWDS = st.lists(PEOPLE, min_size=1, max_size=6, unique_by=lambda person: person["number"])

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
    lambda inner: (
        st.builds(
            lambda op, terms: {op: terms},
            st.sampled_from(["$and", "$and", "$or", "$nor"]),
            st.lists(inner, min_size=1, max_size=4),
        )
        | st.builds(lambda op, term: {op: [term, {"$nor": [term]}]}, st.sampled_from(["$and", "$or"]), inner)
        | st.builds(
            lambda shared, *others: {"$or": [{"$and": [shared, other]} for other in others]}, one_of(), inner, inner
        )
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
@given(documents=CROWDS, where=FILTERS, off=st.sets(st.sampled_from(rules())))
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


@st.composite
def orders(draw: st.DrawFn) -> tuple[Any, list[tuple[str, int]]]:
    """A filter and an order without ties."""
    paths = draw(st.lists(st.sampled_from(["age", "color", "home.city", "number"]), unique=True, max_size=3))
    tests = st.fixed_dictionaries({}, optional={name: OPERANDS[name] for name in ("age", "color", "number")})
    return draw(tests), [(path, draw(st.sampled_from([1, -1]))) for path in [*dict.fromkeys([*paths, "number"])]]


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents=CROWDS, ordered=orders())
def test_facts_change_no_order(
    people: None, documents: list[dict[str, Any]], ordered: tuple[Any, list[tuple[str, int]]]
) -> None:
    Person.delete_all().run_sync()
    Person.insert_many([Person.model_validate(document) for document in documents]).run_sync()
    where, keys = ordered
    query = Person.find(where).sort(*keys)
    expected = [person.number for person in query.optimize(False).to_list().run_sync()]
    assert [person.number for person in query.to_list().run_sync()] == expected, query.plan()


#: Tests of the element that an unwinding leaves.
ELEMENTS = st.builds(
    lambda op, word: {"$match": {"tags": {op: word}}}, st.sampled_from(["$eq", "$ne", "$gt", "$lte"]), WORDS
)
UNWOUND = st.builds(
    lambda first, test, preserve: [
        *first,
        {"$unwind": {"path": "$tags", "preserveNullAndEmptyArrays": preserve}},
        test,
    ],
    st.lists(st.just({"$sort": {"number": 1}}), max_size=1),
    ELEMENTS,
    st.sampled_from([False, False, True]),
)


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents=CROWDS, stages=UNWOUND)
def test_facts_change_no_elements(people: None, documents: list[dict[str, Any]], stages: list[dict[str, Any]]) -> None:
    Person.delete_all().run_sync()
    Person.insert_many([Person.model_validate(document) for document in documents]).run_sync()
    query = Person.aggregate([classes.stage(each) for each in stages])
    shown = lambda rows: sorted((row["number"], row.get("tags", "")) for row in rows)  # noqa: E731
    assert shown(query.run_sync()) == shown(query.optimize(False).run_sync()), query.plan()
