"""How queries look and when they are the same: a mixin of queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from .fetching import Fetch
from .pipeline import conjunction

if TYPE_CHECKING:
    from .document import Document


def _fetched(path: Any) -> str:
    """What a path of `fetch_links` asks for: a filter may be a dict or a predicate."""
    if isinstance(path, Fetch) and path.filter is not None:
        return repr(replace(path, filter=conjunction([path.filter], None)))
    return str(path)


class QueryText:
    """The text of a query, and equality by what it asks for."""

    #: Its stages are those of a pipeline, in the order they were given.
    _is_pipeline: ClassVar[bool] = False

    if TYPE_CHECKING:
        _cls: type[Document]
        _stages: tuple[Any, ...]
        _options: dict[str, Any]
        _output: Any
        _flags: bool | Mapping[str, bool]
        _session: Any
        _single: bool
        _children: bool | None
        _links: str
        _lazy: bool
        _fetch: tuple[tuple[Any, ...], int] | None

    def _asked(self) -> tuple[Any, ...]:
        """All that tells queries apart. Values of different types are not the same to MongoDB: nodes say them all."""
        fetched = None if self._fetch is None else (tuple(map(_fetched, self._fetch[0])), self._fetch[1])
        return (
            self._is_pipeline,
            self._cls,
            repr(self._stages),
            repr(sorted(self._options.items())),
            self._output,
            repr(self._flags),
            id(self._session),
            self._single,
            self._children,
            self._links,
            self._lazy,
            fetched,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QueryText) and self._asked() == other._asked()

    def __hash__(self) -> int:
        return hash(self._asked())

    def __str__(self) -> str:
        from .lang.printer import query_text

        return query_text(self)  # type: ignore[arg-type]

    __repr__ = __str__

    def to_python(self) -> str:
        """The Python expression that builds the query; a session is not part of it."""
        from .lang.printer import query_text

        return query_text(self, python=True)  # type: ignore[arg-type]
