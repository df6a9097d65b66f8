"""What a query can do to the documents that it selects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import bson

from . import ir
from ._core import encode_document
from .errors import CompileError
from .ir import stages
from .layout import layout_of
from .link_deletes import delete_with_rules, has_rules
from .operation import Operation, Script
from .pipeline import sort_keys
from .update import merge_updates, with_filters
from .upserts import inserting, says_id

if TYPE_CHECKING:
    from ._core import Schema
    from .document import Document
    from .query import Query

T = TypeVar("T")
#: What the result of a terminal without a document is: counts of a write.
WriteResult = dict[str, Any]


class QueryWrites(Generic[T]):
    """The terminals of a query that write."""

    if TYPE_CHECKING:
        _cls: type[Document]
        _options: dict[str, Any]
        _single: bool

        def _selection(self) -> tuple[Any, ...]: ...
        def _source(self) -> ir.Source: ...
        def _layout(self) -> Any: ...
        def _schema(self) -> Schema: ...
        def _operation(self, node: ir.Plan, label: str, layout: Any = None) -> Operation[Any]: ...

    def _filter(self) -> ir.Expr | None:
        terms = []
        for stage in self._selection():
            if not isinstance(stage, stages.Match):
                name = stage.kind
                raise CompileError(
                    f"a write takes a filter only, not {name}", code="write_of_stages", hint=f"drop {name}"
                )
            terms.append(stage.predicate)
        return None if not terms else terms[0] if len(terms) == 1 else ir.And(tuple(terms))

    def _written(self, node: ir.Plan, label: str) -> Operation[WriteResult]:
        return self._operation(node, label)

    def _update_node(
        self, updates: Sequence[Any], many: bool, upsert: bool, array_filters: Sequence[Mapping[str, Any]] = ()
    ) -> ir.Update:
        return self._update_with(merge_updates(with_filters(updates, array_filters), self._schema()), many, upsert)

    def _update_with(self, update: ir.UpdateOperators | ir.UpdatePipeline, many: bool, upsert: bool) -> ir.Update:
        """The request of updates that are merged and checked."""
        found = self._filter()
        if upsert:
            update = inserting(self._cls, found, update)
        return ir.Update(self._source(), found, update, many, upsert, self._options)

    def update(self, *updates: Any, array_filters: Sequence[Mapping[str, Any]] = ()) -> Operation[WriteResult]:
        """Updates every document: `n` matched, `modified` changed.

        Args:
            updates: operations, update classes, dicts of operators; or one list of stages.
            array_filters: which elements `$[name]` in a path stands for, as MQL; or give `ArrayFilters`.
        """
        return self._written(self._update_node(updates, not self._single, False, array_filters), "update(...)")

    def update_one(self, *updates: Any, array_filters: Sequence[Mapping[str, Any]] = ()) -> Operation[WriteResult]:
        """Updates one document; see `update`."""
        return self._written(self._update_node(updates, False, False, array_filters), "update_one(...)")

    def upsert(
        self,
        *updates: Any,
        on_insert: Document | None = None,
        array_filters: Sequence[Mapping[str, Any]] = (),
    ) -> Operation[WriteResult]:
        """Updates one document, or inserts one; `on_insert` gives the fields that only an insert sets.

        Raises:
            TypeError: `on_insert` is no document.
        """
        more: list[Any] = []
        if on_insert is not None:
            if not hasattr(on_insert, "__data_bridge_image__"):
                hint = "give single fields as updates: User.name.set_on_insert(...)"
                raise TypeError(f"on_insert takes a document of {self._cls.__name__}, not {on_insert!r}; {hint}")
            touched = {each.path for each in merge_updates(updates, self._schema()).operations}  # type: ignore[union-attr]
            if says_id(self._filter()):
                touched.add("_id")
            stored = bson.decode(layout_of(type(on_insert)).encode(on_insert))
            more = [{"$setOnInsert": {key: item for key, item in stored.items() if key not in touched}}]
        return self._written(self._update_node([*updates, *more], False, True, array_filters), "upsert(...)")

    def delete(self) -> Operation[WriteResult]:
        """Deletes every document: `n` deleted, those that links cascade to included.

        Raises:
            DeleteDenied: a link that denies it leads to one of them; nothing is deleted.
        """
        if has_rules(self._cls):
            return self._delete_by_rules(1 if self._single else None)
        return self._delete_plainly()

    def _delete_by_rules(self, count: int | None) -> Operation[WriteResult]:
        query: Query[Any] = self  # type: ignore[assignment]

        def script() -> Script[WriteResult]:
            selected = query._with(fetch=None).project("_id")
            rows = yield (selected if count is None else selected.limit(count)).to_list()
            deleted = yield from delete_with_rules(self._cls, [row["_id"] for row in rows], query._session)
            return {"n": deleted, "modified": 0, "upserted": []}

        return Operation(script, f"{self._cls.__name__}.find(...).delete()")

    def _found_and_deleted(self, sort: Any) -> Operation[T | None]:
        keys = [] if sort is None else sort if isinstance(sort, (list, tuple)) else [sort]
        query: Query[Any] = self  # type: ignore[assignment]
        self._filter()  # refuses what no write takes

        def script() -> Script[T | None]:
            found: T | None = yield query.sort(*keys).first()
            if found is not None:
                yield from delete_with_rules(self._cls, [found.id], query._session)  # type: ignore[attr-defined]
            return found

        return Operation(script, f"{self._cls.__name__}.find(...).find_one_and_delete(...)")

    def _delete_node(self, many: bool) -> ir.Delete:
        return ir.Delete(self._source(), self._filter(), many, self._options)

    def _delete_plainly(self) -> Operation[WriteResult]:
        return self._written(self._delete_node(not self._single), "delete()")

    def delete_one(self) -> Operation[WriteResult]:
        """Deletes one document; see `delete` for what links do."""
        if has_rules(self._cls):
            return self._delete_by_rules(1)
        return self._written(self._delete_node(False), "delete_one()")

    def _modify_node(self, sort: Any, **parts: Any) -> ir.FindAndModify:
        keys = () if sort is None else sort_keys(sort if isinstance(sort, (list, tuple)) else [sort])
        given = {"update": None, "remove": False, "replacement": None, "new": False, "upsert": False, **parts}
        return ir.FindAndModify(
            self._source(),
            self._filter(),
            given["update"],
            given["remove"],
            given["replacement"],
            keys,
            None,
            given["new"],
            given["upsert"],
            self._options,
        )

    def _modify(self, label: str, sort: Any, **parts: Any) -> Operation[T | None]:
        return self._operation(self._modify_node(sort, **parts), label, self._layout())

    def _update_one_node(
        self,
        updates: Sequence[Any],
        sort: Any = None,
        return_document: str = "before",
        upsert: bool = False,
        array_filters: Sequence[Mapping[str, Any]] = (),
    ) -> ir.FindAndModify:
        update = merge_updates(with_filters(updates, array_filters), self._schema())
        if upsert:
            update = inserting(self._cls, self._filter(), update)
        return self._modify_node(sort, update=update, new=_is_after(return_document), upsert=upsert)

    def find_one_and_update(
        self,
        *updates: Any,
        sort: Any = None,
        return_document: str = "before",
        upsert: bool = False,
        array_filters: Sequence[Mapping[str, Any]] = (),
    ) -> Operation[T | None]:
        """Updates one document and gives it as it was ("before") or is ("after"); None when there is none."""
        node = self._update_one_node(updates, sort, return_document, upsert, array_filters)
        return self._operation(node, "find_one_and_update(...)", self._layout())

    def _replace_one_node(
        self,
        replacement: Document | Mapping[str, Any],
        *,
        sort: Any = None,
        return_document: str = "before",
        upsert: bool = False,
    ) -> ir.FindAndModify:
        if isinstance(replacement, Mapping):
            replacement = layout_of(self._cls).decode(encode_document(replacement))
        return self._modify_node(sort, replacement=replacement, new=_is_after(return_document), upsert=upsert)

    def find_one_and_replace(
        self,
        replacement: Document | Mapping[str, Any],
        *,
        sort: Any = None,
        return_document: str = "before",
        upsert: bool = False,
    ) -> Operation[T | None]:
        """Replaces one document and gives it as it was or is; None when there is none.

        Args:
            replacement: the document that takes its place, or what is to be stored, which must make one.
            sort: which of several is replaced.
            return_document: "before" or "after".
            upsert: whether it is inserted when there is none.
        """
        node = self._replace_one_node(replacement, sort=sort, return_document=return_document, upsert=upsert)
        return self._operation(node, "find_one_and_replace(...)", self._layout())

    def find_one_and_delete(self, *, sort: Any = None) -> Operation[T | None]:
        """Deletes one document and gives it; None when there is none.

        Where links lead to the class that say what a deletion does to them, it is read and then deleted by its id.

        Raises:
            DeleteDenied: a link that denies it leads to the document; nothing is deleted.
        """
        if has_rules(self._cls):
            return self._found_and_deleted(sort)
        return self._modify("find_one_and_delete(...)", sort, remove=True)


def _is_after(return_document: Any) -> bool:
    if return_document in ("before", "after"):
        return bool(return_document == "after")
    if isinstance(return_document, bool):
        return return_document
    raise ValueError(f'return_document is {return_document!r}; give "before" or "after"')
