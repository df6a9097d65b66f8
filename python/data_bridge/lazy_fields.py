"""Documents whose fields may be decoded later: what their class needs for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _core


class LazyFields:
    """A model of which some instances hold what is stored and decode a field when it is read.

    Whoever asks such an instance for its `__dict__`, as pydantic does for all but reading a field, gets it whole.
    """

    __slots__ = ()

    if not TYPE_CHECKING:
        __dict__ = _core.InstanceDict()

        def __delattr__(self, name: str) -> None:
            # A field that was deleted must not be decoded again.
            vars(self)
            super().__delattr__(name)
