"""What every node of the intermediate representation is: frozen, compared by structure, checked when it is built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from data_bridge._core import Maker


class Node:
    """A frozen node. Its slots are its parts, in the order its constructor takes them."""

    __slots__: tuple[str, ...] = ("spelling",)
    kind: ClassVar[str]
    #: How the parser found the node written, where MQL has several ways; not part of what it means. Unset on others.
    spelling: Any
    #: What sets each slot, past the frozen `__setattr__`. Classes of which there are many keep theirs in names of their
    #: own: building nodes is most of what building a query takes.
    _setters: ClassVar[tuple[Callable[[Any, Any], None], ...]] = ()

    #: Makes a node of its parts past its constructor: of parts that need no check, where many nodes are made.
    of: ClassVar[Callable[..., Any]]

    def __init_subclass__(cls, kind: str | None = None) -> None:
        if kind is not None:
            cls.kind = kind
        cls._setters = tuple(vars(cls)[name].__set__ for name in cls.__slots__ if name in vars(cls))
        cls.of = Maker(cls, list(cls.__slots__)).of

    def __init__(self, *parts: Any) -> None:
        setters = self._setters
        if len(parts) != len(setters):
            raise TypeError(f"{type(self).__name__} takes {', '.join(self.__slots__)}")
        for setter, part in zip(setters, parts, strict=False):
            setter(self, part)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: build a new one instead of setting {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name!r} cannot be deleted")

    def _parts(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and type(self) is type(other) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(repr(part) for part in self._parts())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._parts()

    def to_mql(self) -> Any:
        """The node as MQL, in plain Python, lowered without optimization; one that was parsed, as it was written."""
        from data_bridge import _core

        if hasattr(self, "spelling"):
            from .mql_stages import as_written

            return as_written(self)

        return _core.to_mql(self)


#: Sets how a node was written.
set_spelling: Callable[[Node, Any], None] = vars(Node)["spelling"].__set__
