"""What a document class can do in a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from bson import ObjectId
from pydantic import BaseModel

from . import _core, requests
from .audit import Audit, audit
from .bulk import Bulk, BulkResult
from .client import default_client
from .events import After, run_hooks
from .fetching import fetch_eagerly
from .indexes import check_paths, indexes_of, known_indexes, listed_indexes, unique_paths
from .inheritance import family, reach_of
from .instance import InstanceWrites
from .joined_gets import Get
from .layout import family_layout, layout_of
from .link_audit import Dangling, audit_links
from .operation import Operation, Script
from .per_class import per_class
from .pipeline_builder import PipelineBuilder
from .query import Aggregation, Query, SingleQuery, WriteResult, own_match_of
from .schema import schema_of
from .settings import Settings
from .timeseries import prepare_collection
from .trust import BY_SETTINGS, distrust, trust_unique
from .validator import is_kept, write_validator
from .writing import INSERTED, check_place, insert_all, is_hooked

if TYPE_CHECKING:
    from pymongo.asynchronous.collection import AsyncCollection

M = TypeVar("M", bound=BaseModel)


@per_class
def _has_object_ids(cls: type[Any]) -> bool:
    field = schema_of(cls).field("_id")
    return field is not None and field.non_null().kind == "object_id"


class Crud(InstanceWrites):
    """Reads and writes of a document class."""

    __slots__ = ()

    if TYPE_CHECKING:

        @classmethod
        def settings(cls) -> Settings: ...

    # Reading

    @classmethod
    def find(
        cls,
        *predicates: Any,
        sort: Any = None,
        skip: int | None = None,
        limit: int | None = None,
        with_children: bool | None = None,
        fetch_links: bool = False,
        lazy: bool = False,
        session: _core.Session | None = None,
    ) -> Query[Self]:
        """The documents that meet every predicate or filter dict.

        Args:
            fetch_links: with the documents that links lead to; see `Query.fetch_links`.
            with_children: with the documents of the classes below this one, or without; see `Query.with_children`.
            lazy: decode fields when they are read; see `Query.lazy`.
            session: of a transaction; see `Client.start_session`.
        """
        matches = (own_match_of(predicates, cls),) if predicates else ()  # type: ignore[arg-type]
        query: Query[Self] = Query(cls, matches, children=with_children)  # type: ignore[arg-type]
        if fetch_links:
            query = query.fetch_links()
        if sort is not None:
            query = query.sort(*(sort if isinstance(sort, (list, tuple)) else [sort]))
        if skip is not None:
            query = query.skip(skip)
        if lazy:
            query = query.lazy()
        if session is not None:
            query = query.session(session)
        return query if limit is None else query.limit(limit)

    @classmethod
    def find_one(
        cls,
        *predicates: Any,
        sort: Any = None,
        skip: int | None = None,
        with_children: bool | None = None,
        fetch_links: bool = False,
        lazy: bool = False,
        session: _core.Session | None = None,
    ) -> SingleQuery[Self]:
        """The first document that meets every predicate; awaited, it or None. Arguments are those of `find`."""
        query = cls.find(
            *predicates,
            sort=sort,
            skip=skip,
            with_children=with_children,
            fetch_links=fetch_links,
            lazy=lazy,
            session=session,
        )
        single: SingleQuery[Self] = SingleQuery(cls)  # type: ignore[arg-type]
        vars(single).update(vars(query))
        return single

    @classmethod
    def find_all(
        cls,
        *,
        sort: Any = None,
        skip: int | None = None,
        limit: int | None = None,
        with_children: bool | None = None,
        fetch_links: bool = False,
        lazy: bool = False,
        session: _core.Session | None = None,
    ) -> Query[Self]:
        """All documents. Arguments are those of `find`."""
        return cls.find(
            sort=sort,
            skip=skip,
            limit=limit,
            with_children=with_children,
            fetch_links=fetch_links,
            lazy=lazy,
            session=session,
        )

    all = find_all

    @classmethod
    def get(
        cls,
        id: Any,
        *,
        with_children: bool | None = None,
        session: _core.Session | None = None,
        lazy: bool = False,
    ) -> Operation[Self | None]:
        """The document with this id, or None.

        In a family it is found by its id alone, which the server answers fastest, and its class is looked at then.

        Args:
            lazy: decode fields when they are read; see `Query.lazy`.

        Raises:
            DecodeError: the document is of a class that is not defined.
        """
        if isinstance(id, str) and _has_object_ids(cls) and ObjectId.is_valid(id):
            id = ObjectId(id)
        label = f"{cls.__name__}.get({id!r})"
        members = tuple(family(cls).values())  # type: ignore[arg-type]
        layout = family_layout(members) if members else layout_of(cls)  # type: ignore[arg-type]
        if not members and not cls.settings().eager_load_links:
            return Operation.of(lambda: Get(cls, id, layout, lazy, session), label)

        def script() -> Script[Any]:
            found = yield Get(cls, id, layout, lazy, session)
            # What did not fit may come as a dict, if the settings say so.
            if members and type(found) not in (dict, *reach_of(cls, with_children).classes):  # type: ignore[arg-type]
                return None
            if found is not None:
                yield from fetch_eagerly(cls, [found], session)  # type: ignore[arg-type]
            return found

        return Operation(script, label)

    @classmethod
    def count(cls) -> Operation[int]:
        """How many documents there are."""
        return cls.find().count()

    @classmethod
    def distinct(cls, field: Any) -> Operation[list[Any]]:
        """The different values of a field."""
        return cls.find().distinct(field)

    @overload
    @classmethod
    def aggregate(cls, pipeline: Sequence[Any], output: type[M], *, allow_writing: bool = False) -> Aggregation[M]: ...
    @overload
    @classmethod
    def aggregate(
        cls, pipeline: Sequence[Any], output: None = None, *, allow_writing: bool = False
    ) -> Aggregation[dict[str, Any]]: ...
    @overload
    @classmethod
    def aggregate(
        cls, pipeline: Sequence[Any], output: type[BaseModel] | None, *, allow_writing: bool = False
    ) -> Aggregation[Any]: ...
    @classmethod
    def aggregate(
        cls, pipeline: Sequence[Any], output: type[BaseModel] | None = None, *, allow_writing: bool = False
    ) -> Aggregation[Any]:
        """Stages over all documents; rows are dicts, or instances of `output`; see `Query.aggregate`."""
        return cls.find().aggregate(pipeline, output, allow_writing=allow_writing)

    @classmethod
    def pipeline(cls) -> PipelineBuilder[dict[str, Any]]:
        """A pipeline to build stage by stage: `User.pipeline().match(User.age > 25).sort(-User.age)`."""
        return PipelineBuilder(cls)  # type: ignore[arg-type]

    # Writing many

    @classmethod
    def insert_one(cls, document: Self, *, session: _core.Session | None = None) -> Operation[Self]:
        """Inserts a document and sets its id; raises what `insert_many` raises."""
        check_place(f"{cls.__name__}.insert_one", cls, type(document), document, f"a {cls.__name__}")  # type: ignore[arg-type]
        return document.insert(session=session)

    @classmethod
    def insert_many(
        cls,
        documents: Iterable[Self],
        ordered: bool = True,
        validate: bool = True,
        hooks: bool = True,
        *,
        session: _core.Session | None = None,
    ) -> Operation[list[Any]]:
        """Inserts documents in order and sets their ids, which it gives.

        Args:
            ordered: stop at the first that is refused.
            validate: check the documents' values first.
            hooks: call the documents' hooks of `Insert`.

        Raises:
            DuplicateKeyError: a unique index refused the only one.
            BulkWriteError: some of several were refused; it lists each, and what went in.
            TypeError: a document is not of this class, or is of a child that has a collection of its own.
        """

        def script() -> Script[list[Any]]:
            given: list[Any] = list(documents)
            classes = dict.fromkeys(map(type, given))
            for each in classes:
                first = next(document for document in given if type(document) is each)
                check_place(f"{cls.__name__}.insert_many", cls, each, first, f"{cls.__name__} documents")  # type: ignore[arg-type]
            yield from insert_all(cls, given, ordered, session, validate, not hooks)  # type: ignore[arg-type]
            if any(is_hooked(each, not hooks) for each in classes):
                for document in given:
                    yield from run_hooks(document, After, INSERTED, not hooks)
            return [document.id for document in given]

        return Operation(script, f"{cls.__name__}.insert_many(...)")

    @classmethod
    def replace_one(cls, document: Self, *, session: _core.Session | None = None) -> Operation[Self]:
        """Puts a document in the place of the stored one with its id; raises what `replace` raises."""
        check_place(f"{cls.__name__}.replace_one", cls, type(document), document, f"a {cls.__name__}")  # type: ignore[arg-type]
        return document.replace(session=session)

    @classmethod
    def replace_many(cls, documents: Iterable[Self], *, session: _core.Session | None = None) -> Operation[BulkResult]:
        """Puts documents in the place of the stored ones with their ids, with one command.

        Raises:
            DocumentNotFound: some are not stored; those that are were replaced.
            RevisionConflict: some were changed meanwhile, and the class has revisions.
        """
        bulk = cls.bulk(session=session)
        for document in documents:
            bulk.replace(document)
        return bulk.execute()

    @classmethod
    def bulk(
        cls,
        ordered: bool = True,
        *,
        session: _core.Session | None = None,
        validate: bool = True,
        hooks: bool = True,
    ) -> Bulk[Self]:
        """Collects writes and sends them together: `async with User.bulk() as bulk: bulk.insert(user)`.

        Args:
            ordered: carry them out in order, up to the first that is refused; else all that are not refused.
            validate: check the documents' values.
            hooks: call the documents' hooks.
        """
        return Bulk(cls, ordered, session, validate, hooks)  # type: ignore[arg-type]

    @classmethod
    def update_all(
        cls,
        *updates: Any,
        session: _core.Session | None = None,
        array_filters: Sequence[Mapping[str, Any]] = (),
    ) -> Operation[WriteResult]:
        """Updates every document of the class; see `Query.update`."""
        return cls.find().session(session).update(*updates, array_filters=array_filters)

    @classmethod
    def delete_all(cls, *, session: _core.Session | None = None) -> Operation[WriteResult]:
        """Deletes every document of the class."""
        return cls.find().session(session).delete()

    # The collection

    @classmethod
    def sync_indexes(cls) -> Operation[list[str]]:
        """Creates the declared indexes that do not exist yet; gives the names of all declared.

        A family's are those of all its classes. The collection of a time series is created first. From then on plans
        also go by the indexes that the server has besides, and rely on the unique ones until another deployment is
        connected.

        Raises:
            SchemaError: an index names a field that the class does not have.
        """

        def script() -> Script[list[str]]:
            declared = indexes_of(cls)  # type: ignore[arg-type]
            check_paths(declared, cls)  # type: ignore[arg-type]
            yield from prepare_collection(cls)  # type: ignore[arg-type]
            if declared:
                settings = cls.settings()
                command = {"createIndexes": settings.name, "indexes": declared}
                yield requests.command(default_client(), settings.database, command, True)
            listed = yield from listed_indexes(cls)  # type: ignore[arg-type]
            schema_of(cls).set_indexes(known_indexes(cls, listed))  # type: ignore[arg-type]
            if schema_of(cls).trust not in (None, BY_SETTINGS) and not (yield from is_kept(cls)):  # type: ignore[arg-type]
                distrust(schema_of(cls))  # type: ignore[arg-type]
            trust_unique(schema_of(cls), unique_paths(listed))  # type: ignore[arg-type]
            return [index["name"] for index in declared]

        return Operation(script, f"{cls.__name__}.sync_indexes()")

    @classmethod
    def sync_validator(cls) -> Operation[dict[str, Any]]:
        """Makes the server refuse what does not fit the class, whoever writes it; gives the validator.

        Stored documents are not looked at. `Settings.validator` adds conditions, or (False) removes the validator.

        Raises:
            SchemaError: the collection is a time series.
        """
        return Operation(lambda: write_validator(cls), f"{cls.__name__}.sync_validator()")  # type: ignore[arg-type]

    @classmethod
    def audit(cls) -> Operation[Audit]:
        """Looks in the server for documents that do not fit the class; true when all fit.

        When all fit, and the validator of `sync_validator()` refuses others, plans rely on the schema from then on.
        """
        return audit(cls)  # type: ignore[arg-type]

    @classmethod
    def audit_links(cls) -> Operation[list[Dangling]]:
        """The links that lead to no document: of each field how many, with ids of documents that hold one."""
        return audit_links(cls)  # type: ignore[arg-type]

    @classmethod
    def collection(cls) -> AsyncCollection[Any]:
        """PyMongo's asynchronous collection, for what data-bridge does not do.

        Raises:
            ImportError: the installed PyMongo has no asynchronous client.
            NotConnected: there is no connection.
        """
        settings = cls.settings()
        client = default_client()
        collection: AsyncCollection[Any] = client.pymongo()[settings.database or client.database][settings.name]
        return collection

    @classmethod
    def schema(cls) -> _core.Schema:
        """What the compiler knows of the stored documents: names, types, and which fields each has."""
        return schema_of(cls)  # type: ignore[arg-type]
