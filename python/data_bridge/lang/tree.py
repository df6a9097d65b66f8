"""What a text says, before names mean anything."""

from __future__ import annotations

from typing import Any, TypeAlias

from .words import Word


class Tree:
    """A part of a text; `at` is where it begins."""

    __slots__ = ("at",)
    at: int


class Operations(Tree):
    """Operands and the operators between them, as they stand: prefixes, an operand, an operator, ..."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts
        self.at = parts[0].at


class Attribute(Tree):
    """A value's names: `value.a.b`."""

    __slots__ = ("base", "path")

    def __init__(self, parts: list[Any]) -> None:
        self.base, self.path = parts
        self.at = self.base.at


class Call(Tree):
    """A call, of a name or of a value's method; the arguments are values, `Keyword`s and `Spread`s."""

    __slots__ = ("arguments", "base", "name")

    def __init__(self, base: Part | None, name: Word | None, arguments: list[Part]) -> None:
        self.base = base
        self.name = name
        self.arguments = arguments
        first = base or name
        self.at = first.at if first is not None else 0

    @classmethod
    def by_name(cls, parts: list[Any]) -> Call:
        """`name(...)`."""
        return cls(None, parts[0], parts[1:])

    @classmethod
    def of_value(cls, parts: list[Any]) -> Call:
        """`value.name(...)`."""
        return cls(parts[0], parts[1], parts[2:])

    @classmethod
    def of_no_name(cls, parts: list[Any]) -> Call:
        """`value(...)`, which only has errors."""
        return cls(parts[0], None, parts[1:])


class Item(Tree):
    """`value[index]`."""

    __slots__ = ("base", "index")

    def __init__(self, parts: list[Part]) -> None:
        self.base, self.index = parts
        self.at = self.base.at


class Sequence(Tree):
    """A list, a tuple or the entries of a dict."""

    __slots__ = ("items",)

    def __init__(self, items: list[Part]) -> None:
        self.items = items
        self.at = items[0].at if items else 0


class Tuple(Sequence):
    """`(a, b)`."""

    __slots__ = ()


class List(Sequence):
    """`[a, b]`."""

    __slots__ = ()


class Dict(Sequence):
    """`{a: b}`, of entries."""

    __slots__ = ()


class Pair(Tree):
    """Two parts: an entry of a dict."""

    __slots__ = ("key", "value")

    def __init__(self, parts: list[Part]) -> None:
        self.key, self.value = parts
        self.at = self.key.at


class Keyword(Tree):
    """`name=value`."""

    __slots__ = ("name", "value")

    def __init__(self, parts: list[Any]) -> None:
        self.name: str = parts[0].text
        self.value: Part = parts[1]
        self.at = parts[0].at


class Spread(Tree):
    """`**{"name": value}`."""

    __slots__ = ("value",)

    def __init__(self, parts: list[Part]) -> None:
        self.value = parts[1]
        self.at = parts[0].at


class Function(Tree):
    """`lambda a, b: value`."""

    __slots__ = ("body", "names")

    def __init__(self, parts: list[Any]) -> None:
        self.names: list[Word] = parts[1:-1]
        self.body: Part = parts[-1]
        self.at = parts[0].at


Part: TypeAlias = Tree | Word
