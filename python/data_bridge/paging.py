"""Pages by key: each begins behind the last document of the page before.

"Behind" is what the server's order says: all types of values stand in it one after the other, a missing value stands
where null does, and NaN before the other numbers. The conditions of a filter compare within one type, so those that are
sent name the types behind it too. An index on the order serves them.

A list stands where its least element does, or its greatest, and so at two places of one order; an order by a list is
refused. Where one is stored all the same, the page that meets it is refused.
"""

from __future__ import annotations

import base64
import datetime
import math
import uuid
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import bson
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.datetime_ms import DatetimeMS

from . import ir
from ._core import DType, PageLayout
from .errors import CompileError
from .ir import stages
from .ir.paths import dtype_at
from .link_fields import link_crossed

if TYPE_CHECKING:
    from ._core import Schema
    from .document import Document

T = TypeVar("T")

Keys = Sequence[tuple[str, int]]

#: The types of values in the server's order, with what they are in Python; types that no page ends at have none.
_TYPES: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("minKey", (bson.MinKey,)),
    ("null", (type(None),)),
    ("number", (int, float, bson.Int64, bson.Decimal128)),
    ("string", (str,)),
    ("symbol", ()),
    ("object", (dict, bson.DBRef)),
    ("array", ()),
    ("binData", (bytes, bson.Binary, uuid.UUID)),
    ("objectId", (bson.ObjectId,)),
    ("bool", (bool,)),
    ("date", (datetime.datetime, DatetimeMS)),
    ("timestamp", (bson.Timestamp,)),
    ("regex", ()),
    ("dbPointer", ()),
    ("javascript", ()),
    ("javascriptWithScope", ()),
    ("maxKey", (bson.MaxKey,)),
)
_NAMES = [name for name, _ in _TYPES]
_NAME_OF = {kind: name for name, kinds in _TYPES for kind in kinds}
#: Types of one value only.
_ALONE = ("minKey", "null", "maxKey")
#: Moments that no `datetime` can say stay numbers.
_DECODED: CodecOptions[dict[str, Any]] = CodecOptions(
    tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO
)
#: The field that a projection's rows hold the values of the order in, on their way here.
_ASIDE = "__page"


class Page(Generic[T]):
    """Documents, and where the next page starts (None at the end)."""

    def __init__(self, items: list[T], next: str | None) -> None:
        self.items = items
        self.next = next


class _Place(NamedTuple):
    """Where a page begins: behind these values of the order, and so many documents."""

    values: tuple[Any, ...]
    documents: int


class PageRead:
    """The reading of one page.

    Args:
        cls: the class of the documents.
        schema: what is known of them.
        given: the query's stages; its skip is before the first page, and its limit over all of them.
        size: documents a page.
        after: the `next` of the page before.

    Raises:
        CompileError: there is no such page.
    """

    def __init__(self, cls: type[Document], schema: Schema, given: Sequence[Any], size: int, after: str | None) -> None:
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size < 2**31:
            raise CompileError(f"a page takes a whole number of documents from 1, not {size!r}", code="bad_count")
        self._size = size
        self._keys = _keys(cls, schema, given)
        #: Where anything may be stored, lists of lists too. To ask for these takes an index as a whole.
        self._open = {path for path, _ in self._keys if path != "_id" and dtype_at(schema, path).kind == "any"}
        self._after = _place(after, self._keys) if after else _Place((), 0)
        self._aside: str | None = None
        self.stages = self._stages(given)

    def _stages(self, given: Sequence[Any]) -> tuple[Any, ...]:
        """The page's documents and one more, which tells whether there is another page."""
        said = {stage.kind: stage for stage in given}
        sent = [stage for stage in given if stage.kind not in ("sort", "skip", "limit", "project")]
        count = self._size + 1
        if "limit" in said:
            count = min(count, said["limit"].count - self._after.documents)
            if self._after.values and count < 1:
                raise CompileError("the page cursor is behind the query's limit", code="bad_cursor")
        if self._after.values:
            sent.append(stages.Match(_behind(self._keys, self._after.values, self._open)))
        sent.append(stages.Sort(tuple(self._keys)))
        if "skip" in said and not self._after.values:
            sent.append(said["skip"])
        sent.append(stages.Limit(count))
        return (*sent, *self._projected(said["project"])) if "project" in said else tuple(sent)

    def _projected(self, project: stages.Project) -> tuple[Any, ...]:
        """The projection, whose rows keep the values of the order in a field of their own."""
        self._aside = _ASIDE
        held = {str(number): ir.Field(path, DType.any(), "F") for number, (path, _) in enumerate(self._keys)}
        kept = project.fields
        # Where a projection only drops fields, what it does not name stays.
        named = [(path, value) for path, value in kept if path != "_id"] or kept
        if any(value is not False for _, value in named):
            kept = (*kept, (_ASIDE, True))
        return stages.Set(((_ASIDE, ir.DocumentExpr(held)),)), stages.Project(kept)

    def layout(self, layout: Any) -> PageLayout:
        """How the answer is read whose documents are read so."""
        return PageLayout(layout, self._size, [path for path, _ in self._keys], self._aside)

    def page(self, met: int, documents: list[T], last: bytes | None, listed: int | None) -> Page[T]:
        """The page of an answer.

        Args:
            met: how many documents there were.
            documents: those of the page that fit their class.
            last: what the page's last document holds of the order, under the places of the keys.
            listed: the place of a key that leads to a list in a document of the page.

        Raises:
            CompileError: nothing can be said to be behind what a document holds.
        """
        if listed is not None:
            path = self._keys[listed][0]
            raise _by_list(path, f"pages cannot be in the order of {path!r}, which is a list in a stored document")
        if last is None or met <= self._size:
            return Page(documents, None)
        return Page(documents, _cursor(self._keys, last, self._after.documents + self._size))


def _keys(cls: type[Document], schema: Schema, given: Sequence[Any]) -> Keys:
    """The order of pages: the query's, made unique by the id.

    Raises:
        CompileError: the order is by a field of linked documents, which a page's last document does not hold, or by a
            list, of which the server takes the least or the greatest element.
    """
    sorts = [stage for stage in given if isinstance(stage, stages.Sort)]
    keys = list(sorts[-1].keys) if sorts else []
    for path, _ in keys:
        link = link_crossed(cls, path)
        if link is not None:
            raise CompileError(
                f"pages cannot be in the order of {path!r}, which is stored where the link {link.stored!r} leads to",
                code="page_by_link",
                path=path,
                hint="sort by a field of the class itself, or use skip() and limit()",
            )
        names = path.split(".")
        if any(_may_be_list(dtype_at(schema, ".".join(names[:end]))) for end in range(1, len(names) + 1)):
            raise _by_list(path, f"pages cannot be in the order of {path!r}, which may be a list")
    return keys if any(path == "_id" for path, _ in keys) else [*keys, ("_id", 1)]


def _may_be_list(dtype: DType) -> bool:
    return dtype.kind == "array" or (dtype.kind == "union" and any(_may_be_list(member) for member in dtype.members))


def _by_list(path: str, message: str) -> CompileError:
    hint = "sort by a field that holds one value, or use skip() and limit()"
    return CompileError(message, code="page_by_list", path=path, hint=hint)


def _cursor(keys: Keys, last: bytes, count: int) -> str:
    values = _decoded(last)
    found = [values.get(str(number)) for number in range(len(keys))]
    for (path, _), value in zip(keys, found, strict=True):
        if type(value) not in _NAME_OF:
            raise CompileError(
                f"no page can begin behind {value!r}, which a stored document holds in {path!r}",
                code="page_by_value",
                path=path,
                hint="sort by a field of plain values, or use skip() and limit()",
            )
    content = {"k": [path for path, _ in keys], "v": found, "n": count}
    return base64.urlsafe_b64encode(bson.encode(content)).decode()


def _place(after: str, keys: Keys) -> _Place:
    """The place that a cursor tells.

    Raises:
        CompileError: it is no cursor, or that of a query with another order.
    """
    try:
        cursor = _decoded(base64.urlsafe_b64decode(after.encode()))
        paths, values, count = cursor["k"], tuple(cursor["v"]), cursor["n"]
        known = isinstance(count, int) and len(values) == len(paths) and all(type(each) in _NAME_OF for each in values)
    except Exception as error:
        raise CompileError(f"{after!r} is not a page cursor", code="bad_cursor") from error
    if not known:
        raise CompileError(f"{after!r} is not a page cursor", code="bad_cursor")
    if paths != [path for path, _ in keys]:
        raise CompileError("the page cursor is of a query with another order", code="bad_cursor")
    return _Place(values, count)


def _decoded(document: bytes) -> dict[str, Any]:
    return bson.decode(document, _DECODED)


def _behind(keys: Keys, values: Sequence[Any], open: set[str]) -> ir.Expr:
    """What stands behind values of an order: behind the first, or equal to it and behind the next, and so on.

    It is MQL as it is: what is stored need not be of the declared type.
    """
    alternatives = list(_alternatives(keys, values, open))
    return ir.Raw({"$or": alternatives} if alternatives else {"_id": {"$in": []}})


def _alternatives(keys: Keys, values: Sequence[Any], open: set[str]) -> Iterator[dict[str, Any]]:
    (path, direction), value = keys[0], values[0]
    for test in _tests(value, ascending=direction > 0, lists=path in open):
        yield {path: test}
    inner = list(_alternatives(keys[1:], values[1:], open)) if keys[1:] else []
    if value is not None:
        yield from ({path: {"$eq": value}, **each} for each in inner)
    elif inner:
        # Where a server merges what an index gives for the alternatives of one `$or`, missing values stand before null.
        # So all of these are one alternative: a double negation is no `$or`.
        yield {path: {"$eq": None}, "$nor": [{"$nor": inner}]}


def _tests(value: Any, ascending: bool, lists: bool) -> Iterator[dict[str, Any]]:
    """What a field may meet whose value stands behind this one; with `lists` lists of lists are met too."""
    name = _NAME_OF[type(value)]
    if _is_nan(value):
        if ascending:
            yield {"$gte": -math.inf}
    elif name not in _ALONE:
        yield {"$gt" if ascending else "$lt": value}
        if name == "number" and not ascending:
            yield {"$eq": math.nan}
    place = _NAMES.index(name)
    others = _NAMES[place + 1 :] if ascending else _NAMES[:place]
    if "null" in others:
        # Null and missing stand here, and a list without elements.
        yield {"$in": [None, []]}
    types = [each for each in others if each != "null" and (lists or each != "array")]
    if types:
        yield {"$type": types}


def _is_nan(value: Any) -> bool:
    if isinstance(value, bson.Decimal128):
        return value.to_decimal().is_nan()
    return isinstance(value, float) and math.isnan(value)
