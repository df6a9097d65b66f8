"""Queries nested a thousand levels deep are handled or refused with a clear error, on threads with small stacks too.

Each runs in a process of its own, which an overflow of the stack would end.
"""

from __future__ import annotations

import functools
import operator
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from data_bridge import Document, Project, Raw, lang
from data_bridge.errors import CompileError, DataBridgeError
from data_bridge.pipeline import Facet, Lookup, Match, UnionWith

LEVELS = 1000
#: A quarter of a mebibyte: less than any platform gives by itself.
SMALL = 256 * 1024


class Item(Document):
    a: int = 0
    b: Any = None


def nested(innermost: Any, outer: Callable[[Any, int], Any]) -> Any:
    """The innermost part, with a thousand others around it."""
    return functools.reduce(outer, range(LEVELS), innermost)


def mixed(term: Any, number: int) -> Any:
    other = Item.a == number
    return term & other if number % 2 else term | other


DEEP: dict[str, Callable[[], Any]] = {
    "terms of two kinds": lambda: Item.find(nested(Item.a == 1, mixed)),
    "negations": lambda: Item.find(nested(Item.a > 1, lambda term, _: ~term)),
    "sums": lambda: Item.aggregate([Project(x=nested(Item.a, operator.add))]),
    "joins": lambda: Item.aggregate(
        nested([Match(Item.a == 1)], lambda inner, _: [Lookup(Item, name="x", pipeline=inner)])
    ),
    "unions": lambda: Item.aggregate(nested([Match(Item.a == 1)], lambda inner, _: [UnionWith(Item, inner)])),
    "outputs": lambda: Item.aggregate(nested([Match(Item.a == 1)], lambda inner, _: [Facet(x=inner)])),
    "values": lambda: Item.find(Item.b == nested(1, lambda value, _: [value])),
    "raw filters": lambda: Item.find(Raw(nested({"a": 1}, lambda term, _: {"$and": [term]}))),
    "dicts of terms": lambda: Item.find(
        nested({"a": 1}, lambda term, at: {("$and", "$or")[at % 2]: [term, {"a": at}]})
    ),
    "dicts of elements": lambda: Item.find(nested({"a": 1}, lambda term, _: {"b": {"$elemMatch": term}})),
    "dicts of sums": lambda: Item.aggregate(
        [{"$project": {"x": nested("$a", lambda value, number: {"$add": [value, number]})}}]
    ),
    "dicts of joins": lambda: Item.aggregate(
        nested([{"$match": {"a": 1}}], lambda inner, _: [{"$lookup": {"from": "Item", "pipeline": inner, "as": "x"}}])
    ),
    "text of terms": lambda: lang.parse("Item.find(" + "(" * LEVELS + "Item.a == 1" + ")" * LEVELS + ")", [Item]),
    "text of negations": lambda: lang.parse("Item.find(" + "~" * LEVELS + "(Item.a == 1))", [Item]),
    "text of lists": lambda: lang.parse("Item.find(Item.b == " + "[" * LEVELS + "]" * LEVELS + ")", [Item]),
}
#: Long, and flat to whoever reads it.
LONG: dict[str, Callable[[], Any]] = {
    "alternatives": lambda: Item.find(functools.reduce(operator.or_, (Item.a == number for number in range(LEVELS)))),
    "conditions": lambda: Item.find(functools.reduce(operator.and_, (Item.a != number for number in range(LEVELS)))),
}


def run(name: str) -> str:
    """What becomes of the query: its plan, or the error's name and words."""
    try:
        return str({**DEEP, **LONG}[name]().plan())
    except (DataBridgeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def in_process(name: str, stack: int) -> str:
    """The same in a process of its own, on a thread with a stack of so many bytes; 0: as the platform has it."""
    ended = subprocess.run(
        [sys.executable, __file__, name, str(stack)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("stack", [0, SMALL])
@pytest.mark.parametrize("name", DEEP)
def test_what_is_deep_is_refused_with_words(name: str, stack: int) -> None:
    said = in_process(name, stack)
    for word in ("nested", "deep", "Error: "):
        assert word in said


@pytest.mark.parametrize("stack", [0, SMALL])
@pytest.mark.parametrize("name", LONG)
def test_what_is_long_is_planned(name: str, stack: int) -> None:
    assert "Find Item in Item" in in_process(name, stack)


def test_the_error_says_what_to_do() -> None:
    with pytest.raises(CompileError, match=r"more than 200 levels deep\s+hint: build it flat"):
        DEEP["terms of two kinds"]().plan()


if __name__ == "__main__":
    threading.stack_size(int(sys.argv[2]))
    thread = threading.Thread(target=lambda: print(run(sys.argv[1])))
    thread.start()
    thread.join()
