"""What an operator or a stage takes."""

from __future__ import annotations

from typing import NamedTuple


class Argument(NamedTuple):
    """One argument.

    Args:
        name: as MQL has it.
        types: what may stand there, in the words of the operator table.
        optional: it may be missing.
        stars: "*" when it stands for many values, "**" when users name them.
        least: how many of them there must be.
        words: those that a constant may be; any when there are none.
        variables: what an expression there sees.
    """

    name: str
    types: tuple[str, ...]
    optional: bool = False
    stars: str = ""
    least: int = 0
    words: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


class Signature:
    """How arguments stand under a name: alone or in a list ("single"), by position ("array"), by name ("object").

    Args:
        shape: one of these.
        arguments: in the order of the wire.
        short: how else they may stand; see the operator table.
        program: it runs a user's program on the server.
    """

    __slots__ = ("arguments", "by_name", "least", "many", "most", "program", "required", "shape", "short")

    def __init__(self, shape: str, arguments: tuple[Argument, ...], *, short: str = "", program: bool = False) -> None:
        self.shape = shape
        self.arguments = arguments
        self.short = short
        self.program = program
        self.by_name = {each.name: each for each in arguments if not each.stars}
        self.required = tuple(each for each in arguments if not each.optional and not each.stars)
        #: The argument that stands for many values.
        self.many = next((each for each in arguments if each.stars), None)
        self.least = self.many.least if self.many is not None else len(self.required)
        self.most = None if self.many is not None else len(arguments)

    def __str__(self) -> str:
        return (
            ", ".join(f"{each.stars}{each.name}{'?' if each.optional else ''}" for each in self.arguments) or "nothing"
        )
