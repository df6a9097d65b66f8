"""What is made once of each class."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

from data_bridge.per_class import Related


class First:
    pass


class Second:
    pass


def test_what_refers_to_one_another_is_seen_when_all_is_whole() -> None:
    seen: list[Any] = []

    def define(cls: type, made: list[Any]) -> None:
        made.append(related.of(Second if cls is First else First))
        seen.append((cls, dict(related._whole)))

    related: Related[list[Any]] = Related(lambda cls: [cls], define)
    first = related.of(First)
    assert first[1][0] is Second
    assert first[1][1] is first
    assert seen == [(Second, {}), (First, {})]
    assert related.of(Second) is first[1]


def test_of_what_fails_nothing_is_kept() -> None:
    fails = True

    def define(cls: type, made: list[Any]) -> None:
        if cls is First:
            made.append(related.of(Second))
            if fails:
                raise ValueError("not yet")

    related: Related[list[Any]] = Related(lambda cls: [cls], define)
    with pytest.raises(ValueError, match="not yet"):
        related.of(First)
    assert related.known(Second) is None
    fails = False
    assert related.of(First)[1] is related.of(Second)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_that_is_forked_meanwhile_does_not_wait() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def define(cls: type, _: list[Any]) -> None:
        if cls is First:
            begun.set()
            go_on.wait(10)

    related: Related[list[Any]] = Related(lambda cls: [cls], define)
    thread = threading.Thread(target=related.of, args=(First,))
    thread.start()
    begun.wait(10)
    threading.Timer(0.1, go_on.set).start()
    child = os.fork()
    if not child:
        answer = 1
        try:
            answer = 7 if related.of(Second) == [Second] else 1
        finally:
            os._exit(answer)
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
