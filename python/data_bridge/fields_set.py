"""Which fields of an instance were set, kept once for all instances that have all of them."""

from __future__ import annotations

from typing import Any


class FieldsSet:
    """A model whose instances may share the set of their fields' names.

    A loaded document mostly has every field, and a set of its own would be most of its memory. Assigning a field adds
    a name that the shared set already holds; whoever asks for the set to change it gets one of their own.
    """

    __slots__ = ()

    @property
    def model_fields_set(self: Any) -> set[str]:
        """The names of the fields that were given, or stored, and not left to their defaults."""
        own: set[str] = set(self.__pydantic_fields_set__)
        object.__setattr__(self, "__pydantic_fields_set__", own)
        return own
