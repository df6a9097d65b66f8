"""Links fetched one by one in the program, and together on the wire: those of one turn of the loop in one command."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from .client import default_client
from .operation import together
from .turns import Waiting, ask, settle

if TYPE_CHECKING:
    from .document import Document
    from .links import Link

#: Ids in one command, unless the class's settings say otherwise.
BATCH = 10_000
#: A line that fetches this many links one after another is told of the way to fetch them together.
_TOO_MANY_SINGLY = 10


class OneByOneWarning(UserWarning):
    """The same line fetches links one at a time, each with a command of its own."""


_singly: Counter[tuple[str, int]] = Counter()


def fetch_lazily(target: type[Document], link: Link[Any]) -> Any:
    """A request for the document of a link; None when there is none."""
    return _Lazy(target, link)


class _Lazy:
    __slots__ = ("caller", "link", "target")

    def __init__(self, target: type[Document], link: Link[Any]) -> None:
        self.target = target
        self.link = link
        self.caller: tuple[str, int] | None = None

    def start(self) -> Any:
        self.caller = _caller()
        return ask((_Lazy, default_client(), self.target), self, _send)

    def wait(self) -> Any:
        _note(self.link, _caller())
        found = by_ids(self.target, [self.link.id]).to_list().run_sync()
        return found[0] if found else None


async def _send(asked: Waiting[_Lazy]) -> None:
    from .links import link_key

    first, _ = asked[0]
    ids = {each.link.key: each.link.id for each, _ in asked}
    if len(ids) == 1:
        _note(first.link, first.caller)
    parts = [by_ids(first.target, part).to_list() for part in in_batches(ids.values(), first.target)]
    documents = [document for answer in await together(parts).start() for document in answer]
    found = {link_key(document.id): document for document in documents}
    for each, future in asked:
        settle(future, found.get(each.link.key))


def batch_size(target: type[Document]) -> int:
    """How many ids of a class one command asks for."""
    return target.settings().max_link_batch_size or BATCH


def in_batches(ids: Iterable[Any], target: type[Document]) -> Iterator[list[Any]]:
    """The ids that each command asks for."""
    wanted, size = list(ids), batch_size(target)
    return (wanted[start : start + size] for start in range(0, len(wanted), size))


def by_ids(target: type[Document], ids: list[Any]) -> Any:
    """The query for the documents with these ids, each in the class that it was stored as."""
    from . import ir
    from .schema import schema_of

    field = ir.Field("_id", schema_of(target).field("_id"), target.__name__)  # type: ignore[arg-type]
    from .fields import Predicate

    return target.find(Predicate(ir.In(field, tuple(ids)))).with_children()


def _caller() -> tuple[str, int] | None:
    """The line of the user's program that asks."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if not module.startswith(("data_bridge.", "asyncio.", "pydantic.")) and module != "data_bridge":
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None


def _note(link: Link[Any], caller: tuple[str, int] | None) -> None:
    if caller is None or not __debug__:
        return
    _singly[caller] += 1
    if _singly[caller] == _TOO_MANY_SINGLY:
        warnings.warn_explicit(
            f"this line fetched {_TOO_MANY_SINGLY} links to {link._to.target.__name__} one after another, with a "
            f"command for each; fetch them together: `.fetch_links({_field_of(link)})` on the query, or "
            f"`await fetch_links(documents, {_field_of(link)})`",
            OneByOneWarning,
            caller[0],
            caller[1],
        )


def _field_of(link: Link[Any]) -> str:
    """The field that declares a link, as code; three dots where that is not known, as of one that was unpickled."""
    from .document import Document
    from .link_fields import link_fields
    from .links import subclasses

    for cls in subclasses(Document):
        for declared in link_fields(cls):
            if declared.to is link._to:
                return f"{cls.__name__}.{'.'.join(declared.path)}"
    return "..."
