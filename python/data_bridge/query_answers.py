"""What only the answer of a query can do, asked of the query: the error says what to write."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from .document import Document


class NoAnswerYet:
    """A mixin of queries: before one is run it is neither true nor false, has no length, and nothing is in it."""

    if TYPE_CHECKING:
        _cls: type[Document]
        _single: bool

    @property
    def _label(self) -> str:
        return f"{self._cls.__name__}.{'find_one' if self._single else 'find'}(...)"

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"{self._label} is a query, which is neither true nor false: write `await {self._label}.exists()`, or "
            f"`await` it first"
        )

    def __len__(self) -> NoReturn:
        raise TypeError(f"{self._label} is a query, which has no length: write `await {self._label}.count()`")

    def __getitem__(self, key: Any) -> NoReturn:
        raise TypeError(
            f"{self._label} is a query, of which nothing can be taken out: write `.skip(...).limit(...)`, `.first()`, "
            f"or `await` it first"
        )

    def _not_compared(self, other: object) -> NoReturn:
        raise TypeError(f"{self._label} is a query and cannot be compared with {other!r}: `await` it first")

    __lt__ = __le__ = __gt__ = __ge__ = _not_compared

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            if name in self._cls.model_fields:
                of = "it" if self._single else "its documents"
                raise AttributeError(
                    f"{self._label} is a query, and {name!r} is a field of {of}: write `(await "
                    f"{self._cls.__name__}.find_one(...)).{name}`"
                )
            near = difflib.get_close_matches(name, [each for each in dir(type(self)) if not each.startswith("_")], n=3)
            guess = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise AttributeError(f"{self._label} is a query and has no {name!r}{guess}")
