"""What documents know of what is stored is taken back with the transaction that stored it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from .revision import put_back, revision_now

if TYPE_CHECKING:
    from .document import Document


def remember(session: Any, documents: Iterable[Document]) -> None:
    """Lets a transaction know documents before it writes them; aborted, it gives them back what they knew before.

    Their values stay: what differs from what is stored is a change again, which the next `save()` writes.
    """
    if session is not None:
        for document in documents:
            session.remember(_restoring(document))


def _restoring(document: Document) -> partial[None]:
    known = document._image, getattr(document, "__previous__", None), revision_now(document)
    return partial(_restore, document, *known)


def _restore(document: Document, image: bytes | None, previous: Any, revision: Any) -> None:
    object.__setattr__(document, "__image__", image)
    object.__setattr__(document, "__previous__", previous)
    if revision_now(document) != revision:
        put_back(document, revision)
