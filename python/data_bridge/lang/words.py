"""A word of a text."""

from __future__ import annotations


class Word:
    """A word: its kind, its text and where it begins."""

    __slots__ = ("at", "text", "type")
    # What lark looks for in its own tokens.
    start_pos = line = column = end_line = end_column = end_pos = None

    def __init__(self, type: str, text: str, at: int) -> None:
        self.type = type
        self.text = text
        self.at = at
