"""Links fetched on single documents: those that are asked for in one turn of an event loop are read together.

Documents of one class whose same links are fetched are then as documents given to one `fetch_links`: a command for each
class and level, however many documents there are.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .client import default_client
from .fetching import fetch_script
from .operation import Operation, together
from .turns import Waiting, answer_alone, ask, settle

if TYPE_CHECKING:
    from .document import Document
    from .fetch_paths import Fetch


class FetchLinks:
    """The request that puts documents in the places of a document's links.

    Args:
        document: holds the links.
        paths: which, as `fetch_links` takes them.
        depth: how many links are followed where no paths say so.
    """

    __slots__ = ("_depth", "_document", "_paths")

    def __init__(self, document: Document, paths: tuple[Any | Fetch, ...], depth: int) -> None:
        self._document = document
        self._paths = paths
        self._depth = depth

    def start(self) -> Any:
        """Sends it on the running event loop, at the end of the loop's turn."""
        # The text of a path says which; a narrowed one (`Book.author.fetch(...)`) is like no other.
        same = tuple(
            str(path) if hasattr(path, "__ir__") or isinstance(path, str) else id(path) for path in self._paths
        )
        key = (FetchLinks, default_client(), type(self._document), same, self._depth)
        return ask(key, self, _send)

    def wait(self) -> Any:
        """Sends it and blocks."""
        return self._with([]).wait()

    def _with(self, others: list[Document]) -> Any:
        documents = list({id(each): each for each in (self._document, *others)}.values())
        return together(
            [Operation(lambda: fetch_script(documents, self._paths, self._depth, None), "fetch_links(...)")]
        )


async def _send(asked: Waiting[FetchLinks]) -> None:
    first, *others = (request for request, _ in asked)
    try:
        await first._with([each._document for each in others]).start()
    except Exception:
        if len(asked) == 1:
            raise
        # One of them, or the connection: each learns what is wrong with its own.
        for request, future in asked:
            answer_alone(future, partial(request._with, []))
        return
    for _, future in asked:
        settle(future)
