"""What a document class and its instances can do in a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

import bson
from bson import ObjectId
from pydantic import BaseModel

from . import _core, ir
from .client import default_client
from .errors import DocumentNotFound, SchemaError
from .fetching import fetch_script
from .indexes import indexes_of
from .ir import stages
from .layout import layout_of
from .link_audit import Dangling, audit_links
from .link_deletes import delete_with_rules
from .link_writes import write_linked
from .links import DeleteRules, WriteRules
from .operation import Operation, Script
from .query import Aggregation, Query, WriteResult
from .schema import schema_of, stored_name
from .settings import Settings

if TYPE_CHECKING:
    from pymongo.asynchronous.collection import AsyncCollection

_set = object.__setattr__


class Crud:
    """Reads and writes of a document class."""

    __slots__ = ()

    if TYPE_CHECKING:
        id: Any

        @classmethod
        def settings(cls) -> Settings: ...

    # Reading

    @classmethod
    def find(cls, *predicates: Any, sort: Any = None, skip: int | None = None, limit: int | None = None) -> Query[Self]:
        """The documents that meet every predicate or filter dict."""
        query: Query[Self] = Query(cls).find(*predicates)  # type: ignore[arg-type]
        if sort is not None:
            query = query.sort(*(sort if isinstance(sort, (list, tuple)) else [sort]))
        if skip is not None:
            query = query.skip(skip)
        return query if limit is None else query.limit(limit)

    @classmethod
    def find_one(cls, *predicates: Any, sort: Any = None) -> Query[Self]:
        """The first document that meets every predicate; awaited, it or None."""
        query: Query[Self] = cls.find(*predicates, sort=sort)._with(single=True)
        return query

    @classmethod
    def find_all(cls) -> Query[Self]:
        """All documents."""
        return cls.find()

    all = find_all

    @classmethod
    def get(cls, id: Any) -> Operation[Self | None]:
        """The document with this id, or None."""
        field = ir.Field("_id", schema_of(cls).field("_id"), cls.__name__)  # type: ignore[arg-type]
        if isinstance(id, str) and field.dtype.non_null().kind == "object_id" and ObjectId.is_valid(id):
            id = ObjectId(id)
        query: Query[Self] = Query(cls, (stages.Match(ir.Compare("eq", field, ir.Literal(id))),))  # type: ignore[arg-type]
        return query.first()

    @classmethod
    def count(cls) -> Operation[int]:
        """How many documents there are."""
        return cls.find().count()

    @classmethod
    def distinct(cls, field: Any) -> Operation[list[Any]]:
        """The different values of a field."""
        return cls.find().distinct(field)

    @classmethod
    def aggregate(cls, pipeline: Sequence[Any], output: type[BaseModel] | None = None) -> Aggregation:
        """Stages over all documents; rows are dicts, or instances of `output`."""
        return cls.find().aggregate(pipeline, output)

    # Writing many

    @classmethod
    def insert_one(cls, document: Self) -> Operation[Self]:
        """Inserts a document and sets its id."""
        return document.insert()

    @classmethod
    def insert_many(cls, documents: Iterable[Self], ordered: bool = True) -> Operation[list[Any]]:
        """Inserts documents in order and sets their ids, which it gives.

        Raises:
            DuplicateKeyError: a unique index refused one.
            BulkWriteError: several were refused; it lists each, and what went in.
        """

        def script() -> Script[list[Any]]:
            given = list(documents)
            if given:
                encoded = [_encoded(document) for document in given]
                settings = cls.settings()
                core = default_client().core
                yield _core.insert(core, settings.database, settings.name, encoded, ordered)
                for document, image in zip(given, encoded, strict=True):
                    _set(document, "__image__", image)
            return [document.id for document in given]

        return Operation(script, f"{cls.__name__}.insert_many(...)")

    @classmethod
    def update_all(cls, *updates: Any) -> Operation[WriteResult]:
        """Updates every document of the collection."""
        return cls.find().update(*updates)

    @classmethod
    def delete_all(cls) -> Operation[WriteResult]:
        """Deletes every document of the collection."""
        return cls.find().delete()

    @classmethod
    def sync_indexes(cls) -> Operation[list[str]]:
        """Creates the declared indexes that do not exist yet; gives the names of all declared."""

        def script() -> Script[list[str]]:
            declared = indexes_of(cls)  # type: ignore[arg-type]
            if declared:
                settings = cls.settings()
                command = {"createIndexes": settings.name, "indexes": declared}
                yield _core.command(default_client().core, settings.database, command, True)
            return [index["name"] for index in declared]

        return Operation(script, f"{cls.__name__}.sync_indexes()")

    @classmethod
    def audit_links(cls) -> Operation[list[Dangling]]:
        """The links that lead to no document: of each field how many, with ids of documents that hold one."""
        return audit_links(cls)  # type: ignore[arg-type]

    @classmethod
    def collection(cls) -> AsyncCollection[Any]:
        """PyMongo's asynchronous collection, for what data-bridge does not do."""
        settings = cls.settings()
        client = default_client()
        collection: AsyncCollection[Any] = client.pymongo()[settings.database or client.database][settings.name]
        return collection

    @classmethod
    def schema_handle(cls) -> _core.Schema:
        """The registered schema."""
        return schema_of(cls)  # type: ignore[arg-type]

    # One document

    def insert(self, link_rule: WriteRules = WriteRules.DO_NOTHING) -> Operation[Self]:
        """Inserts the document and sets its id; `link_rule` as in `save`.

        Raises:
            DuplicateKeyError: a unique index refused it.
        """

        def script() -> Script[Self]:
            if link_rule is WriteRules.WRITE:
                yield from write_linked([self])
            else:
                yield from type(self).insert_many([self]).script()
            return self

        return Operation(script, f"{type(self).__name__}.insert()")

    def save(self, link_rule: WriteRules = WriteRules.DO_NOTHING) -> Operation[Self]:
        """Inserts a new document; of a loaded one, writes only what changed.

        Args:
            link_rule: with `WriteRules.WRITE`, the documents that links lead to are saved first, all of a collection
                in one command.

        Raises:
            DocumentNotFound: the document was deleted meanwhile.
        """

        def script() -> Script[Self]:
            if link_rule is WriteRules.WRITE:
                yield from write_linked([self])
                return self
            if self._image is None:
                yield from self.insert().script()
                return self
            encoded = _encoded(self)
            changed, removed = _core.diff(encoded, self._image)
            if changed or removed:
                update: dict[str, Any] = {}
                if changed:
                    update["$set"] = changed
                if removed:
                    update["$unset"] = dict.fromkeys(removed, "")
                yield from self._write(ir.UpdateOperators(_raw_operations(update)))
                _set(self, "__image__", encoded)
            return self

        return Operation(script, f"{type(self).__name__}.save()")

    def replace(self) -> Operation[Self]:
        """Puts the document in the place of the stored one.

        Raises:
            DocumentNotFound: there is none with its id.
        """

        def script() -> Script[Self]:
            encoded = _encoded(self)
            query = self._self_query()
            node = ir.Replace(query._source(), query._filter(), self, False, {})
            result = yield query._run(node)
            self._must_exist(result)
            _set(self, "__image__", encoded)
            return self

        return Operation(script, f"{type(self).__name__}.replace()")

    def update(self, *updates: Any) -> Operation[Self]:
        """Updates the stored document, and this one with what came of it.

        Raises:
            DocumentNotFound: there is none with its id.
        """

        def script() -> Script[Self]:
            query = self._self_query()
            fresh = yield query.find_one_and_update(*updates, return_document="after")
            self._adopt(fresh)
            return self

        return Operation(script, f"{type(self).__name__}.update(...)")

    def set(self, values: dict[Any, Any]) -> Operation[Self]:
        """Stores values of fields."""
        from .update import Set

        return self.update(Set(values))

    def inc(self, values: dict[Any, Any]) -> Operation[Self]:
        """Adds to numbers."""
        from .update import Inc

        return self.update(Inc(values))

    def delete(self, link_rule: DeleteRules = DeleteRules.DO_NOTHING) -> Operation[WriteResult]:
        """Deletes the document.

        Args:
            link_rule: with `DeleteRules.DELETE_LINKS`, the documents that its links lead to are deleted too.

        Raises:
            DeleteDenied: a link that denies it leads here; nothing is deleted.
        """

        def script() -> Script[WriteResult]:
            if link_rule is DeleteRules.DELETE_LINKS:
                deleted = yield from delete_with_rules(type(self), [self.id], None, links_too=True)  # type: ignore[arg-type]
                _set(self, "__image__", None)
                return {"n": deleted, "modified": 0, "upserted": []}
            result: WriteResult = yield self._self_query().delete_one()
            _set(self, "__image__", None)
            return result

        return Operation(script, f"{type(self).__name__}.delete()")

    def refresh(self) -> Operation[Self]:
        """Loads the document again.

        Raises:
            DocumentNotFound: there is none with its id.
        """

        def script() -> Script[Self]:
            fresh = yield self._self_query().first()
            self._adopt(fresh)
            return self

        return Operation(script, f"{type(self).__name__}.refresh()")

    def fetch_links(self, *paths: Any, depth: int = 1) -> Operation[Self]:
        """Puts the documents that links lead to in the links' places; without paths, of all links."""

        def script() -> Script[Self]:
            yield from fetch_script([self], paths, depth, None)
            return self

        return Operation(script, f"{type(self).__name__}.fetch_links(...)")

    def fetch_link(self, path: Any) -> Operation[Any]:
        """Fetches one link and gives what stands there then."""

        def script() -> Script[Any]:
            yield from fetch_script([self], (path,), 1, None)
            value: Any = self
            for part in str(path).split("."):
                value = getattr(value, part)
            return value

        return Operation(script, f"{type(self).__name__}.fetch_link(...)")

    # State

    @property
    def _image(self) -> bytes | None:
        """The stored document as it was loaded or last saved."""
        return getattr(self, "__image__", None)

    @property
    def is_changed(self) -> bool:
        """Whether the document differs from what is stored; a new one does."""
        return self._image is None or bool(self.changes)

    @property
    def changes(self) -> dict[str, Any]:
        """The changed values by dotted stored path; a removed field is None."""
        if self._image is None:
            return bson.decode(_encoded(self))
        changed, removed = _core.diff(_encoded(self), self._image)
        return {**changed, **dict.fromkeys(removed)}

    def rollback(self) -> None:
        """Puts the values back that were loaded."""
        if self._image is not None:
            self._adopt(layout_of(type(self)).decode(self._image))  # type: ignore[arg-type]

    # Helpers

    def _encoded(self) -> bytes:
        return _encoded(self)

    def _ensure_id(self) -> None:
        _ensure_id(self)

    def _self_query(self) -> Query[Self]:
        cls = type(self)
        if self.id is None:
            raise DocumentNotFound(f"this {cls.__name__} has no id: insert() it first")
        field = ir.Field("_id", schema_of(cls).field("_id"), cls.__name__)  # type: ignore[arg-type]
        return Query(cls, (stages.Match(ir.Compare("eq", field, ir.Literal(self.id))),))  # type: ignore[arg-type]

    def _write(self, update: ir.UpdateOperators) -> Script[None]:
        query = self._self_query()
        result = yield query._run(ir.Update(query._source(), query._filter(), update, False, False, {}))
        self._must_exist(result)

    def _must_exist(self, result: WriteResult) -> None:
        if not result["n"]:
            raise DocumentNotFound(f"no {type(self).__name__} with id {self.id!r} is stored")

    def _adopt(self, fresh: Any) -> None:
        if fresh is None:
            raise DocumentNotFound(f"no {type(self).__name__} with id {self.id!r} is stored")
        for name in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__image__"):
            _set(self, name, getattr(fresh, name))


def _raw_operations(update: dict[str, dict[str, Any]]) -> tuple[ir.UpdateOperation, ...]:
    return tuple(
        ir.UpdateOperation(op, path, _core.DType.any(), operand)
        for op, values in update.items()
        for path, operand in values.items()
    )


def _encoded(document: Any) -> bytes:
    """The document's bytes, with an id."""
    _ensure_id(document)
    return layout_of(type(document)).encode(document)


def _ensure_id(document: Any) -> None:
    if document.id is None:
        cls = type(document)
        kind = schema_of(cls).field(stored_name("id", cls.model_fields["id"]))
        if kind is None or kind.non_null().kind not in ("object_id", "any"):
            raise SchemaError(f"{cls.__name__}.id is {kind} and has no value: give one, or a default_factory")
        document.__dict__["id"] = ObjectId()
        document.__pydantic_fields_set__.add("id")
