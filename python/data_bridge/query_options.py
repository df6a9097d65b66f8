"""How a query is run, and what is fetched with it: index, collation, time, session, rules, links."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from .fetching import check_paths

if TYPE_CHECKING:
    from .document import Document


class QueryOptions:
    """The methods of a query that leave its meaning alone."""

    if TYPE_CHECKING:
        _cls: type[Document]
        _options: dict[str, Any]

        def _with(self, *more: Any, **changes: Any) -> Any: ...

    def _option(self, **option: Any) -> Any:
        return self._with(options={**self._options, **option})

    def hint(self, index: Any) -> Self:
        """With this index, by name or keys."""
        changed: Self = self._option(hint=dict(index) if isinstance(index, list) else index)
        return changed

    def collation(self, collation: Mapping[str, Any] | str) -> Self:
        """By a language's rules: `{"locale": "en", "strength": 2}`, or its locale alone."""
        said = {"locale": collation} if isinstance(collation, str) else dict(collation)
        changed: Self = self._option(collation=said)
        return changed

    def comment(self, comment: str) -> Self:
        """Named in the server's log."""
        changed: Self = self._option(comment=comment)
        return changed

    def max_time(self, limit: int | timedelta) -> Self:
        """Stopped by the server after this many milliseconds, or this span.

        Raises:
            TypeError: `limit` is neither.
        """
        given: Any = limit // timedelta(milliseconds=1) if isinstance(limit, timedelta) else limit
        if not isinstance(given, int) or isinstance(given, bool):
            raise TypeError(f"max_time takes milliseconds as an int, or a timedelta, not {limit!r}")
        changed: Self = self._option(max_time_ms=given)
        return changed

    def batch_size(self, count: int) -> Self:
        """In batches of this many documents."""
        changed: Self = self._option(batch_size=count)
        return changed

    def read_preference(self, mode: str) -> Self:
        """From members of this kind, such as "secondaryPreferred"."""
        changed: Self = self._option(read_preference=mode)
        return changed

    def read_concern(self, level: str) -> Self:
        """At this read concern level, such as "majority"."""
        changed: Self = self._option(read_concern={"level": level})
        return changed

    def lazy(self, wanted: bool = True) -> Self:
        """With documents that decode a field when it is first read: faster where few fields of many are read.

        They are as others in everything else. What does not fit its class is noticed when it is read, and the error
        names the document and the path. Documents of classes with code that runs when an instance is made (model
        validators, `model_post_init`, an `__init__`), and those of classes whose `Settings.on_invalid` is not "raise",
        are decoded at once.
        """
        changed: Self = self._with(lazy=wanted)
        return changed

    def session(self, session: Any) -> Self:
        """In a session."""
        changed: Self = self._with(session=session)
        return changed

    def optimize(self, flags: bool | Mapping[str, bool]) -> Self:
        """With all rewrite rules, none, or a switch per rule."""
        changed: Self = self._with(flags=flags)
        return changed

    def fetch_links(self, *paths: Any, depth: int = 1, strategy: str = "auto") -> Self:
        """With the documents that links lead to, in the links' places.

        Args:
            paths: links as fields (`Book.author`), stored paths, or `Book.author.fetch(...)`; none means all.
            depth: how many links are followed from each document, when no paths say so; 0 fetches none.
            strategy: how predicates on linked fields are followed: "auto", "batch" (ids first) or "lookup" (a join).

        Raises:
            CompileError: a path is no link.
        """
        check_paths(self._cls, paths)
        changed: Self = self._with(fetch=(paths, depth), links=strategy)
        return changed
