"""Updates by stages store in each field what it takes."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from data_bridge import (
    ArrayFilters,
    Document,
    EmbeddedDocument,
    F,
    Inc,
    Project,
    Raw,
    ReplaceWith,
    Set,
    Unset,
    fn,
    variable,
)
from data_bridge.errors import CompileError


class Part(EmbeddedDocument):
    kind: Literal["wheel", "door"]
    size: int = 0


class Thing(Document):
    amount: int
    name: str
    nickname: str | None = None
    mood: Literal["calm", "wild"] = "calm"
    part: Part | None = None
    tags: list[str] = []
    ratio: float = 0.0


class Loose(Document, extra="allow"):
    amount: int


WRONG: list[tuple[list[Any], str, str]] = [
    ([Set(amount="x")], "amount", "takes a value of type int"),
    ([{"$set": {"amount": "x"}}], "amount", "takes a value of type int"),
    ([{"$addFields": {"amount": "x"}}], "amount", "takes a value of type int"),
    ([Set(amount=1.5)], "amount", "takes a value of type int"),
    ([Set(amount=Thing.name)], "amount", "Thing.amount is given string"),
    ([Set(amount=fn.to_string(Thing.amount))], "amount", "Thing.amount is given string"),
    ([Set(name=Thing.tags.size())], "name", "Thing.name is given int"),
    ([Set(tags=Thing.name)], "tags", "is given string"),
    ([Set(name=None)], "name", "cannot store None"),
    ([Set(mood="mild")], "mood", "takes one of 'calm', 'wild', not 'mild'; did you mean 'wild'?"),
    ([Set({Thing.part.kind: "dor"})], "part.kind", "takes one of 'wheel', 'door'"),
    ([{"$set": {"part": {"kind": "dor"}}}], "part.kind", "takes one of 'wheel', 'door'"),
    ([Set(amuont=1)], "amuont", "did you mean 'amount'?"),
    ([Set({"part.sise": 1})], "sise", "did you mean 'size'?"),
    ([Set(amount="x"), Unset("name"), Set(name="y")], "amount", "takes a value of type int"),
]


@pytest.mark.parametrize(("pipeline", "path", "said"), WRONG, ids=[f"{each[1]}-{each[2]}" for each in WRONG])
def test_misfits_are_refused(pipeline: list[Any], path: str, said: str) -> None:
    with pytest.raises(CompileError) as caught:
        Thing.find().update(pipeline)
    assert said in str(caught.value)
    assert caught.value.path == path


@pytest.mark.parametrize(
    "pipeline",
    [
        [Set(amount=Thing.amount + 1, ratio=Thing.amount / 2, name=Thing.name.upper(), nickname=None)],
        [Set(amount=Thing.ratio)],
        [Set(mood="wild"), Set({"part.size": 3})],
        [Set(nickname=variable("REMOVE"))],
        [Set(name=fn.cond(Thing.amount > 1, Thing.name, Thing.amount))],
        # What is computed on the way is not what is stored.
        [Set(half=Thing.amount / 2), Set(ratio=F.half), Unset("half")],
        [Set(amount="x"), Set(amount=fn.str_len_cp(F.amount))],
        [Set(whatever=1), Project(Thing.amount)],
        [Set(whatever=1), ReplaceWith(F.part)],
        [Set(whatever=1), Raw({"$unset": "whatever"})],
    ],
    ids=str,
)
def test_others_pass(pipeline: list[Any]) -> None:
    Thing.find().update(pipeline).discard()


@pytest.mark.parametrize(
    "given", [[Thing.amount.inc(1), Thing.name.set("x")], [Set(amount=1), Inc({Thing.amount: 1})], [ArrayFilters(a=1)]]
)
def test_a_list_of_updates_is_no_pipeline(given: list[Any]) -> None:
    with pytest.raises(CompileError, match="a list is an update by stages") as caught:
        Thing.find().update(given)
    assert "one after the other" in str(caught.value)


def test_a_class_that_allows_other_fields_is_given_them() -> None:
    Loose.find().update([Set(more=1)]).discard()
    with pytest.raises(CompileError, match="takes a value of type int"):
        Loose.find().update([Set(amount="x")])
