"""What is worked out once for each class."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import cache
from typing import Any, Generic, TypeVar, cast

R = TypeVar("R")

#: One for all: what is made of classes asks for what else is made of them.
_LOCK = threading.RLock()
# A child that is forked meanwhile would wait for a thread that it has not.
os.register_at_fork(before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_LOCK.release)


def per_class(function: Callable[[type[Any]], R]) -> Callable[[type[Any]], R]:
    """`functools.cache` for a function of one class.

    Type checkers see a class whose instances cannot be hashed, and refuse the class itself as a key.
    """
    return cast(Callable[[type[Any]], R], cache(function))


class Related(Generic[R]):
    """What is made once of each class, and refers to what is made of others, which may refer to it.

    Other threads see it when all that it refers to is whole. Of what fails nothing is kept.

    Args:
        begin: makes what the others may refer to already.
        define: makes it whole.
    """

    def __init__(self, begin: Callable[[type[Any]], R], define: Callable[[type[Any], R], None]) -> None:
        self._begin = begin
        self._define = define
        self._whole: dict[type[Any], R] = {}
        self._begun: dict[type[Any], R] = {}

    def of(self, cls: type[Any]) -> R:
        """That of a class; raises what making it raises."""
        known = self._whole.get(cls)
        return self._make(cls) if known is None else known

    def known(self, cls: type[Any]) -> R | None:
        """That of a class, if it was made before, or is being made."""
        with _LOCK:
            return self._whole.get(cls, self._begun.get(cls))

    def _make(self, cls: type[Any]) -> R:
        with _LOCK:
            known = self.known(cls)
            if known is not None:
                return known
            made = self._begin(cls)
            before = len(self._begun)
            self._begun[cls] = made
            try:
                self._define(cls, made)
            except BaseException:
                # What was begun since may refer to it.
                for other in list(self._begun)[before:]:
                    del self._begun[other]
                raise
            if not before:
                self._whole.update(self._begun)
                self._begun.clear()
            return made
