"""What a document can do to what is stored of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, cast

import bson

from . import _core
from .errors import DocumentNotFound
from .events import After, Before, Delete, Event, Insert, Replace, Save, SkipHooks, Update, run_hooks
from .fetching import fetch_eagerly
from .joined_fetches import FetchLinks
from .joined_gets import Get
from .joined_writes import WriteOne
from .layout import layout_of
from .link_deletes import delete_with_rules
from .link_writes import write_linked
from .links import DeleteRules, WriteRules
from .operation import Operation, Script
from .query import WriteResult
from .revision import REVISION, put_back, renewed, revision_now, unchanged
from .settings import settings_of
from .timeseries import prepare_collection
from .transactions import remember
from .update import Inc, Set, with_filters
from .writing import (
    changes_of,
    encoded,
    forget_stored,
    id_of,
    itself,
    missed,
    prepare,
    prepare_all,
    replacement,
    save_of,
    set_attribute,
    stored,
)

if TYPE_CHECKING:
    from .document import Document


class InstanceWrites:
    """The methods of a document.

    Those that write take `session` (a transaction's, of `client.start_session()`) and `skip_hooks`: True calls no hook,
    names of hooks (or `Before`, `After`) leave those out. With `link_rule=WriteRules.WRITE`, the documents that links
    lead to are saved too, before it.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        id: Any

    def insert(
        self,
        *,
        session: Any = None,
        skip_hooks: SkipHooks = False,
        link_rule: WriteRules = WriteRules.DO_NOTHING,
    ) -> Operation[Self]:
        """Inserts the document and sets its id.

        Args:
            link_rule: with `WriteRules.WRITE`, the documents that links lead to are saved too, before it.

        Raises:
            DuplicateKeyError: a unique index refused it.
            pydantic.ValidationError: a value was changed to one that its field does not take.
        """

        def script() -> Script[Self]:
            if link_rule is WriteRules.WRITE:
                yield from write_linked([self], session, skip=skip_hooks)
                return self
            yield from _insert(self._document, frozenset({Insert}), True, session, skip_hooks)
            return self

        return Operation(script, f"{type(self).__name__}.insert()")

    def save(
        self,
        validate: bool = True,
        hooks: bool = True,
        *,
        session: Any = None,
        skip_hooks: SkipHooks = False,
        link_rule: WriteRules = WriteRules.DO_NOTHING,
    ) -> Operation[Self]:
        """Inserts a new document; of a stored one, writes only what changed.

        Args:
            validate: check the values first.
            hooks: call the hooks of the class: those of `Save`, and for a new document those of `Insert` too.
            link_rule: with `WriteRules.WRITE`, the documents that links lead to are saved too, all of a collection with
                one insert and one update.

        Raises:
            DocumentNotFound: the document was deleted meanwhile.
            RevisionConflict: it was changed meanwhile, and the class has revisions.
            pydantic.ValidationError: a value was changed to one that its field does not take.
        """

        def script() -> Script[Self]:
            skip = skip_hooks if hooks else True
            if link_rule is WriteRules.WRITE:
                yield from write_linked([self], session, validate, skip)
                return self
            if self._image is None:
                yield from _insert(self._document, frozenset({Insert, Save}), validate, session, skip)
                return self
            yield from prepare(self._document, frozenset({Save}), validate, skip)
            yield from _save_changes(self._document, session)
            yield from run_hooks(self, After, frozenset({Save}), skip)
            return self

        return Operation(script, f"{type(self).__name__}.save()")

    def replace(
        self,
        *,
        session: Any = None,
        skip_hooks: SkipHooks = False,
        link_rule: WriteRules = WriteRules.DO_NOTHING,
    ) -> Operation[Self]:
        """Puts the document in the place of the stored one.

        Raises:
            DocumentNotFound: there is none with its id.
            RevisionConflict: it was changed meanwhile, and the class has revisions.
            pydantic.ValidationError: a value was changed to one that its field does not take.
        """

        def script() -> Script[Self]:
            if link_rule is WriteRules.WRITE:
                yield from write_linked([self], session, skip=skip_hooks, roots_too=False)
            yield from prepare(self._document, frozenset({Replace}), True, skip_hooks)
            yield from _replace(self._document, session)
            yield from run_hooks(self, After, frozenset({Replace}), skip_hooks)
            return self

        return Operation(script, f"{type(self).__name__}.replace()")

    def update(
        self,
        *updates: Any,
        session: Any = None,
        skip_hooks: SkipHooks = False,
        link_rule: WriteRules = WriteRules.DO_NOTHING,
        array_filters: Sequence[Mapping[str, Any]] = (),
    ) -> Operation[Self]:
        """Updates the stored document, and this one with what came of it; see `Query.update`.

        Raises:
            DocumentNotFound: there is none with its id.
            RevisionConflict: it was changed meanwhile, and the class has revisions.
        """

        def script() -> Script[Self]:
            if link_rule is WriteRules.WRITE:
                yield from write_linked([self], session, skip=skip_hooks, roots_too=False)
            yield from run_hooks(self, Before, frozenset({Update}), skip_hooks)
            yield from _update(self._document, tuple(with_filters(updates, array_filters)), session)
            yield from run_hooks(self, After, frozenset({Update}), skip_hooks)
            return self

        return Operation(script, f"{type(self).__name__}.update(...)")

    def set(
        self,
        values: dict[Any, Any],
        *,
        session: Any = None,
        skip_hooks: SkipHooks = False,
        link_rule: WriteRules = WriteRules.DO_NOTHING,
    ) -> Operation[Self]:
        """Stores values of fields: `user.set({User.name: "Ann"})`; raises what `update` raises."""
        return self.update(Set(values), session=session, skip_hooks=skip_hooks, link_rule=link_rule)

    def inc(
        self,
        values: dict[Any, Any],
        *,
        session: Any = None,
        skip_hooks: SkipHooks = False,
        link_rule: WriteRules = WriteRules.DO_NOTHING,
    ) -> Operation[Self]:
        """Adds to numbers: `user.inc({User.age: 1})`; raises what `update` raises."""
        return self.update(Inc(values), session=session, skip_hooks=skip_hooks, link_rule=link_rule)

    def delete(
        self,
        *,
        session: Any = None,
        skip_hooks: SkipHooks = False,
        link_rule: DeleteRules = DeleteRules.DO_NOTHING,
    ) -> Operation[WriteResult]:
        """Deletes the document; `n` is 0 when it was not there any more.

        Args:
            link_rule: with `DeleteRules.DELETE_LINKS`, the documents that its links lead to are deleted too.

        Raises:
            DeleteDenied: a link that denies it leads here; nothing is deleted.
        """

        def script() -> Script[WriteResult]:
            yield from run_hooks(self, Before, frozenset({Delete}), skip_hooks)
            remember(session, [self._document])
            if link_rule is DeleteRules.DELETE_LINKS:
                count = yield from delete_with_rules(type(self._document), [self.id], session, links_too=True)
                result: WriteResult = {"n": count, "modified": 0, "upserted": []}
            else:
                result = yield itself(self._document, session).delete_one()
            forget_stored(self._document)
            yield from run_hooks(self, After, frozenset({Delete}), skip_hooks)
            return result

        return Operation(script, f"{type(self).__name__}.delete()")

    def refresh(self, *, session: Any = None) -> Operation[Self]:
        """Loads the document again.

        Raises:
            DocumentNotFound: there is none with its id.
        """

        def script() -> Script[Self]:
            cls = type(self._document)
            remember(session, [self._document])
            fresh = yield Get(cls, id_of(self._document), layout_of(cls), session=session)
            if fresh is None:
                raise DocumentNotFound(f"no {type(self).__name__} with id {self.id!r} is stored")
            yield from fetch_eagerly(cls, [fresh], session)
            _adopt(self._document, fresh)
            return self

        return Operation(script, f"{type(self).__name__}.refresh()")

    def fetch_links(self, *paths: Any, depth: int = 1) -> Operation[Self]:
        """Puts the documents that links lead to in the links' places; without paths, of all links.

        The links of documents that are fetched in one turn of an event loop are read together.
        """

        def script() -> Script[Self]:
            yield FetchLinks(self._document, paths, depth)
            return self

        return Operation(script, f"{type(self).__name__}.fetch_links(...)")

    def fetch_link(self, path: Any) -> Operation[Any]:
        """Fetches one link and gives what stands there then."""

        def script() -> Script[Any]:
            yield FetchLinks(self._document, (path,), 1)
            value: Any = self
            for part in str(path).split("."):
                value = getattr(value, part)
            return value

        return Operation(script, f"{type(self).__name__}.fetch_link(...)")

    # State

    @property
    def _document(self) -> Document:
        return cast("Document", self)

    @property
    def _image(self) -> bytes | None:
        """The stored document as it was loaded or last saved."""
        return getattr(self, "__image__", None)

    @property
    def is_changed(self) -> bool:
        """Whether the document differs from what is stored; a new one does."""
        return self._image is None or bool(changes_of(self._document, encoded(self._document)))

    @property
    def changes(self) -> dict[str, Any]:
        """The changed values by dotted stored path; a removed field is None."""
        if self._image is None:
            return bson.decode(encoded(self._document))
        return changes_of(self._document, encoded(self._document)).to_dict()

    @property
    def previous_changes(self) -> dict[str, Any]:
        """What the last `save`, `replace` or `update` of this instance changed, as `changes` gives it."""
        changes: _core.Changes | None = getattr(self, "__previous__", None)
        return {} if changes is None else changes.to_dict()

    def rollback(self) -> None:
        """Puts the values back that were loaded."""
        if self._image is not None:
            _adopt(self._document, layout_of(type(self)).decode(self._image))  # type: ignore[arg-type]


def _insert(
    document: Document, events: frozenset[Event], validate: bool, session: Any, skip: SkipHooks
) -> Script[None]:
    remember(session, [document])
    revision = revision_now(document)
    try:
        [image] = yield from prepare_all([document], events, validate, skip)
        yield from prepare_collection(type(document))
        yield WriteOne(document, "insert", image, session)
    except BaseException:
        put_back(document, revision)
        raise
    stored(document, image)
    yield from run_hooks(document, After, events, skip)


def _save_changes(document: Document, session: Any) -> Script[None]:
    remember(session, [document])
    save = save_of(document)
    if save is None:
        return
    try:
        result = yield WriteOne(document, "update", save.statement, session)
        if not result["n"]:
            raise (yield from missed(document, session))
    except BaseException:
        put_back(document, save.revision)
        raise
    stored(document, save.image, save.changes)


def _replace(document: Document, session: Any) -> Script[None]:
    remember(session, [document])
    revision = renewed(document)
    try:
        now = encoded(document)
        result = yield WriteOne(document, "update", replacement(document, revision, session), session)
        if not result["n"]:
            raise (yield from missed(document, session))
    except BaseException:
        put_back(document, revision)
        raise
    stored(document, now, _difference(now, document._image))


def _update(document: Document, updates: tuple[Any, ...], session: Any) -> Script[None]:
    remember(session, [document])
    before = document._image
    revision = renewed(document)
    try:
        query = itself(document, session, unchanged(document, revision))
        updates = _with_revision(document, updates)
        fresh = yield query.find_one_and_update(*updates, return_document="after")
        if fresh is None:
            raise (yield from missed(document, session))
    except BaseException:
        put_back(document, revision)
        raise
    _adopt(document, fresh)
    set_attribute(document, "__previous__", _difference(fresh._image, before))


def _with_revision(document: Document, updates: tuple[Any, ...]) -> tuple[Any, ...]:
    """The updates, and one of the revision for classes that have revisions."""
    if not settings_of(type(document)).use_revision:
        return updates
    revision = document.__dict__[REVISION]
    if len(updates) == 1 and isinstance(updates[0], (list, tuple)):
        return ([*updates[0], {"$set": {REVISION: {"$literal": revision}}}],)
    return (*updates, {"$set": {REVISION: revision}})


def _difference(now: bytes, before: bytes | None) -> _core.Changes | None:
    return None if before is None else _core.changes(now, before)


def _adopt(document: Document, fresh: Document) -> None:
    """Makes the document what was loaded anew."""
    for name in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__image__"):
        set_attribute(document, name, getattr(fresh, name))
