"""What users type never becomes an operator, a path or a program, wherever it enters a query."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId
from pydantic import ValidationError

from data_bridge import (
    Count,
    Document,
    Eq,
    Facet,
    Group,
    In,
    Match,
    Project,
    Push,
    ReplaceRoot,
    Set,
    cond,
    fn,
    ir,
    lang,
    let,
    switch,
)
from data_bridge.errors import CompileError, LangError


class Account(Document):
    name: str
    age: int = 0
    tags: list[str] = []
    info: dict[str, Any] = {}
    anything: Any = None


#: What a form or a JSON body may hold instead of a text.
DICT = {"$gt": ""}
CODE = {"$function": {"body": "function() {}", "args": [], "lang": "js"}}
TEXTS = ["$age", "$$ROOT", "{$gt: 1}", "name.$", "\x00", "'; drop"]


@pytest.mark.parametrize(
    "build",
    [
        lambda given: Account.name == given,
        lambda given: Account.name != given,
        lambda given: Account.name > given,
        lambda given: Account.age.between(given, 3),
        lambda given: Account.name.in_([given]),
        lambda given: Account.name.not_in([given]),
        lambda given: Eq(Account.name, given),
        lambda given: In(Account.name, [given]),
        lambda given: Account.name.contains(given),
        lambda given: Account.tags.contains(given),
        lambda given: Account.name.startswith(given),
        lambda given: Account.name.endswith(given),
        lambda given: Account.name.icontains(given),
        lambda given: Account.name.regex(given),
        lambda given: Account.age.mod(given, 1),
        lambda given: Account.age.bits_all_set(given),
        lambda given: Account.tags.any(lambda tag: tag == given),
        lambda given: Account.id == given,
        lambda given: Account.name.set(given),
        lambda given: Account.age.inc(given),
        lambda given: Account.tags.push(given),
        lambda given: Account.tags.push(each=[given]),
        lambda given: Account.tags.add_to_set(given),
        lambda given: Account.tags.pull_all([given]),
        lambda given: Account.find().update({"$set": {"name": given}}),
        lambda given: Account.find().update(Set({Account.name: given})),
        lambda given: Account.find({"name": {"$eq": given}}).plan(),
        lambda given: Account.find({"name": {"$in": [given]}}).plan(),
        lambda given: Account.find().sort(given).plan(),
    ],
)
@pytest.mark.parametrize("given", [DICT, CODE], ids=["dict", "code"])
def test_a_dict_for_a_plain_field_is_refused(build: Any, given: Any) -> None:
    with pytest.raises((CompileError, TypeError)):
        build(given)


def test_a_dict_for_a_plain_field_is_no_document() -> None:
    with pytest.raises(ValidationError):
        Account(name=DICT)  # type: ignore[arg-type]
    account = Account(name="x", info=DICT, anything=CODE)
    assert ir.Literal(account.info).to_mql() == {"$literal": DICT}


@pytest.mark.parametrize("given", [DICT, CODE, *TEXTS], ids=repr)
@pytest.mark.parametrize("field", [Account.anything, Account.info.key, Account.anything.deeper])
def test_what_any_field_is_compared_with_is_a_value(field: Any, given: Any) -> None:
    wanted = {"$eq": given} if isinstance(given, dict) else given
    assert Account.find(field == given).plan().commands[0]["filter"] == {str(field): wanted}
    assert Account.find(field != given).plan().commands[0]["filter"] == {str(field): {"$ne": given}}
    listed = Account.find(field.in_([given, 5])).plan().commands[0]["filter"][str(field)]["$in"]
    assert all(each in listed for each in (given, 5))
    assert field.set(given).operand == given
    # Bare, the keys of a document would be read as the operators of `$push`.
    assert field.push(given).operand == ({"$each": [given]} if isinstance(given, dict) else given)
    assert field.pull_all([given]).operand == [given]


LITERALS = [
    lambda given: fn.concat(Account.name, given) if isinstance(given, str) else fn.eq(Account.name, given),
    lambda given: fn.in_(Account.name, [given, "x"]),
    lambda given: fn.literal(given),
    lambda given: cond(Account.age > 3, given, "x"),
    lambda given: switch((Account.age > 3, given), default=given),
    lambda given: Account.name.if_null(given),
    lambda given: let(lambda bound: bound, bound=given),
    lambda given: Account.tags.map(lambda tag: [tag, given]),
    lambda given: Account.tags.filter(lambda tag: tag == given) if isinstance(given, str) else fn.literal(given),
    lambda given: Account.tags.reduce(given, lambda total, tag: [total, tag]),
    lambda given: {"a": {"b": [given]}},
    lambda given: {"mine": Account.age, "theirs": given},
]


@pytest.mark.parametrize("given", [DICT, CODE, {"a.b": 1}, {"": 1}, *TEXTS[:2]], ids=repr)
@pytest.mark.parametrize("build", LITERALS)
def test_what_is_computed_with_is_a_value(build: Any, given: Any) -> None:
    plan = Account.aggregate([Project(x=build(given))]).plan()
    assert _quoted(plan.commands[0]["projection"]["x"], given)


def _quoted(found: Any, given: Any, inside: bool = False) -> bool:
    """Whether a value stands somewhere, and nowhere but inside of `$literal`."""
    if found == given:
        return inside
    if isinstance(found, dict):
        return any(_quoted(item, given, inside or key == "$literal") for key, item in found.items())
    return isinstance(found, list) and any(_quoted(item, given, inside) for item in found)


@pytest.mark.parametrize("given", [DICT, CODE, "$age"], ids=repr)
@pytest.mark.parametrize(
    "stage",
    [
        lambda given: Group(by=fn.literal(given) if isinstance(given, str) else given, n=Count()),
        lambda given: Group(by=None, n=Push(fn.literal(given) if isinstance(given, str) else given)),
        lambda given: Set(x=given),
        lambda given: ReplaceRoot({"a": given}),
    ],
)
def test_what_stages_are_given_is_a_value(stage: Any, given: Any) -> None:
    command = Account.aggregate([Match(Account.age > 1), {"$sample": {"size": 3}}, stage(given)]).plan().commands[0]
    assert _quoted(command["pipeline"][-1], given)


@pytest.mark.parametrize("name", ["$x", "a.$where", "$where"])
def test_names_of_users_are_no_operators(name: str) -> None:
    for build in (
        lambda: Account.find().sort(name),
        lambda: Account.find().project(name),
        lambda: Account.aggregate([Facet(**{name: [Match(Account.age > 1)]})]),
        lambda: Account.aggregate([Group(by=None, **{name: Count()})]),
    ):
        with pytest.raises((CompileError, ValueError)):
            build().plan()


@pytest.mark.parametrize("given", TEXTS)
def test_text_in_the_language_of_queries_is_text(given: str) -> None:
    query = lang.parse(f"Account.find(Account.name == {ir.Literal(given).value!r})", [Account])
    assert query == Account.find(Account.name == given)


def test_dicts_in_the_language_of_queries_are_checked() -> None:
    with pytest.raises(LangError, match="cannot be compared with"):
        lang.parse("Account.find(Account.name == {'$gt': ''})", [Account])
    with pytest.raises(LangError, match="runs a program"):
        lang.parse("Account.find(Account.anything == {'$function': {'body': 'x'}})", [Account])


def test_expressions_inside_a_dict_make_it_one() -> None:
    """Whoever writes a field into a dict is no user: operators that have no function can be written so."""
    [command] = Account.aggregate([Project(x={"$newest": [Account.age, {"$gt": ""}]})]).plan().commands
    assert command["projection"]["x"] == {"$newest": ["$age", {"$literal": {"$gt": ""}}]}


def test_ids_of_users_are_ids_or_nothing() -> None:
    text = "6123456789abcdef01234567"
    assert Account.find(Account.id == text).plan().commands[0]["filter"] == {"_id": ObjectId(text)}
    with pytest.raises(CompileError):
        Account.find(Account.id == "1 or 1").plan()
