"""Copies of a document, and what is pickled of it, are of the same stored document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self


class Copies:
    """A model whose copies know what is stored of the instance that they were made of."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __copy__(self) -> Self:
            return _knowing(super().__copy__(), self._image)

        def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
            return _knowing(super().__deepcopy__(memo), self._image)

        def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
            copied = super().model_copy(update=update, deep=deep)
            # With another id it is another document, of which nothing is stored.
            return copied if copied.id == self.id else _knowing(copied, None)

        def __getstate__(self) -> dict[Any, Any]:
            return {**super().__getstate__(), "__image__": self._image}

        def __setstate__(self, state: dict[Any, Any]) -> None:
            super().__setstate__(state)
            _knowing(self, state.get("__image__"))


def _knowing(document: Any, image: bytes | None) -> Any:
    object.__setattr__(document, "__image__", image)
    return document
