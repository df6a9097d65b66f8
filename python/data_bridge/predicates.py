"""Query operators as classes: `In(User.age, [1, 2])` is `User.age.in_([1, 2])`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from . import ir
from ._core import DType
from .errors import CompileError
from .fields import FieldProxy, Predicate, value
from .fields.expression import compare
from .fields.nodes import term
from .geo import near


class _OfField(Predicate):
    """A test of a field, as the field's own method builds it."""

    __slots__ = ()

    def __init__(self, test: Predicate) -> None:
        super().__init__(test.__ir__)


def _field(given: Any) -> Any:
    """A field; text is a stored path.

    Raises:
        CompileError: it is neither.
    """
    if isinstance(given, FieldProxy):
        return given
    if isinstance(given, str) and given and not given.startswith("$"):
        return FieldProxy(ir.Field(given, DType.any(), "document"))
    raise CompileError(f"{given!r} is not a field", code="not_a_field", hint="give User.age, or a stored path")


class _Compare(Predicate):
    __slots__ = ()
    OP = "eq"

    def __init__(self, left: Any, right: Any) -> None:
        """Args: the field or expression, and what it is compared with."""
        node = _field(left).__ir__ if isinstance(left, str) else left.__ir__
        super().__init__(compare(self.OP, node, right).__ir__)


class Eq(_Compare):
    """The value, or an element of the list, equals this."""

    __slots__ = ()


class Ne(_Compare):
    """Neither the value nor an element of the list equals this."""

    __slots__ = ()
    OP = "ne"


class Gt(_Compare):
    """The value is greater."""

    __slots__ = ()
    OP = "gt"


class Gte(_Compare):
    """The value is greater or equal."""

    __slots__ = ()
    OP = "gte"


class Lt(_Compare):
    """The value is less."""

    __slots__ = ()
    OP = "lt"


class Lte(_Compare):
    """The value is less or equal."""

    __slots__ = ()
    OP = "lte"


class _Terms(Predicate):
    __slots__ = ()
    NODE: type[ir.Predicate] = ir.And

    def __init__(self, *terms: Any) -> None:
        if not terms:
            raise CompileError(f"{type(self).__name__} joins one predicate or more", code="no_terms")
        super().__init__(self.NODE(tuple(term(each) for each in terms)))


class And(_Terms):
    """Every predicate holds."""

    __slots__ = ()


class Or(_Terms):
    """Some predicate holds."""

    __slots__ = ()
    NODE = ir.Or


class Nor(_Terms):
    """No predicate holds."""

    __slots__ = ()
    NODE = ir.Nor


class Not(Predicate):
    """The predicate does not hold: missing fields and other types are in it."""

    __slots__ = ()

    def __init__(self, predicate: Any) -> None:
        super().__init__(ir.Not(term(predicate)))


class In(_OfField):
    """The value, or an element of the list, is one of these."""

    __slots__ = ()

    def __init__(self, field: Any, values: Iterable[Any]) -> None:
        super().__init__(_field(field).in_(values))


class NotIn(_OfField):
    """The value is none of these; missing counts as none."""

    __slots__ = ()

    def __init__(self, field: Any, values: Iterable[Any]) -> None:
        super().__init__(_field(field).not_in(values))


class Exists(_OfField):
    """The field is stored, if only as null."""

    __slots__ = ()

    def __init__(self, field: Any, present: bool = True) -> None:
        super().__init__(_field(field).exists(present))


class Type(_OfField):
    """The stored value has one of these BSON types."""

    __slots__ = ()

    def __init__(self, field: Any, *types: str | int) -> None:
        super().__init__(_field(field).type_(*types))


class Mod(_OfField):
    """The number leaves this remainder."""

    __slots__ = ()

    def __init__(self, field: Any, divisor: int, remainder: int) -> None:
        super().__init__(_field(field).mod(divisor, remainder))


class Regex(_OfField):
    """The text matches a PCRE pattern; `options` are letters of "imsx"."""

    __slots__ = ()

    def __init__(self, field: Any, pattern: str | re.Pattern[str], options: str = "") -> None:
        super().__init__(_field(field).regex(pattern, options))


class All(_OfField):
    """The list holds all of these."""

    __slots__ = ()

    def __init__(self, field: Any, values: Iterable[Any]) -> None:
        super().__init__(_field(field).all_(values))


class ElemMatch(_OfField):
    """One element meets the whole predicate: a function of the element, or a dict."""

    __slots__ = ()

    def __init__(self, field: Any, predicate: Any) -> None:
        super().__init__(_field(field).elem_match(predicate))


class Size(_OfField):
    """The list has exactly this many elements."""

    __slots__ = ()

    def __init__(self, field: Any, count: int) -> None:
        super().__init__(_field(field).size(count))


class BitsAllSet(_OfField):
    """All these bits are 1; bits are a mask or a list of positions."""

    __slots__ = ()

    def __init__(self, field: Any, bits: int | bytes | list[int]) -> None:
        super().__init__(_field(field).bits_all_set(bits))


class BitsAnySet(_OfField):
    """Some of these bits is 1."""

    __slots__ = ()

    def __init__(self, field: Any, bits: int | bytes | list[int]) -> None:
        super().__init__(_field(field).bits_any_set(bits))


class BitsAllClear(_OfField):
    """All these bits are 0."""

    __slots__ = ()

    def __init__(self, field: Any, bits: int | bytes | list[int]) -> None:
        super().__init__(_field(field).bits_all_clear(bits))


class BitsAnyClear(_OfField):
    """Some of these bits is 0."""

    __slots__ = ()

    def __init__(self, field: Any, bits: int | bytes | list[int]) -> None:
        super().__init__(_field(field).bits_any_clear(bits))


class Near(_OfField):
    """Nearest first to a GeoJSON point, between two distances in meters; needs a geo index."""

    __slots__ = ()

    def __init__(
        self, field: Any, point: Any, *, max_distance: float | None = None, min_distance: float | None = None
    ) -> None:
        node = ir.FieldOperator(_field(field).__ir__, "$near", near(point, max_distance, min_distance))
        super().__init__(Predicate(node))


class NearSphere(_OfField):
    """Nearest first on a sphere, between two distances in meters; needs a geo index."""

    __slots__ = ()

    def __init__(
        self, field: Any, point: Any, *, max_distance: float | None = None, min_distance: float | None = None
    ) -> None:
        super().__init__(_field(field).near_sphere(point, max_distance, min_distance))


class GeoWithin(_OfField):
    """Lies inside a geometry: a `Polygon`, a `Circle`, a GeoJSON dict, ..."""

    __slots__ = ()

    def __init__(self, field: Any, geometry: Any) -> None:
        super().__init__(_field(field).within(geometry))


class GeoIntersects(_OfField):
    """Shares a point with a GeoJSON geometry."""

    __slots__ = ()

    def __init__(self, field: Any, geometry: Any) -> None:
        super().__init__(_field(field).intersects(geometry))


# Predicates of whole documents.


class Expr(Predicate):
    """A computed value is true: `Expr(fn.gt(User.a, User.b))`.

    Raises:
        CompileError: a dict or a list was given, which is data, and as such always true.
    """

    __slots__ = ()

    def __init__(self, expression: Any) -> None:
        if isinstance(expression, (Mapping, list, tuple, str)):
            raise CompileError(
                f"{expression!r} is data, and as such always true",
                code="not_a_predicate",
                hint='write Expr(fn.gt(User.a, User.b)), or a filter of MQL: {"$expr": {"$gt": ["$a", "$b"]}}',
            )
        super().__init__(ir.Computed(value(expression)))


class JsonSchema(Predicate):
    """The document meets a JSON schema, as MongoDB writes it (`bsonType`, `required`, `properties`, ...)."""

    __slots__ = ()

    def __init__(self, schema: Mapping[str, Any]) -> None:
        if not isinstance(schema, Mapping):
            raise CompileError(f"a JSON schema is a dict, not {schema!r}", code="malformed_filter")
        super().__init__(ir.Raw({"$jsonSchema": dict(schema)}))


class Text(Predicate):
    """The words of the collection's text index meet a search.

    Args:
        search: the words; in quotes a phrase, with a minus what must not be there.
        language: whose stop words and stems count, such as "english" or "none".
        case_sensitive: letters of both cases differ.
        diacritic_sensitive: letters with and without marks differ.
    """

    __slots__ = ()

    def __init__(
        self,
        search: str,
        *,
        language: str | None = None,
        case_sensitive: bool | None = None,
        diacritic_sensitive: bool | None = None,
    ) -> None:
        if not isinstance(search, str):
            raise CompileError(f"a text search is text, not {search!r}", code="malformed_filter")
        options = {
            "$language": language,
            "$caseSensitive": case_sensitive,
            "$diacriticSensitive": diacritic_sensitive,
        }
        given = {name: option for name, option in options.items() if option is not None}
        super().__init__(ir.Raw({"$text": {"$search": search, **given}}))


class Comment(Predicate):
    """Holds always; the server's log shows the note."""

    __slots__ = ()

    def __init__(self, note: Any) -> None:
        super().__init__(ir.Raw({"$comment": note}))


class SampleRate(Predicate):
    """Holds of each document by chance, with this probability.

    Args:
        rate: 0 to 1.
    """

    __slots__ = ()

    def __init__(self, rate: float) -> None:
        if not 0 <= rate <= 1:
            raise CompileError(f"a rate is between 0 and 1, not {rate}", code="malformed_filter")
        super().__init__(ir.Raw({"$sampleRate": float(rate)}))


class Where(Predicate):
    """A JavaScript function is true of the document (`this`). The server runs the text as a program.

    Args:
        function: the program. Never build it from what users of your program type.
        allow_javascript: must be True, so that no program runs by mistake.

    Raises:
        CompileError: JavaScript was not allowed.
    """

    __slots__ = ()

    def __init__(self, function: str, *, allow_javascript: bool = False) -> None:
        if allow_javascript is not True:
            raise CompileError(
                "Where runs a program on the server, slowly and for every document",
                code="javascript_not_allowed",
                hint="use Expr(...), or say allow_javascript=True and never put users' text into the program",
            )
        super().__init__(ir.Raw({"$where": function}))


__all__ = [
    "All",
    "And",
    "BitsAllClear",
    "BitsAllSet",
    "BitsAnyClear",
    "BitsAnySet",
    "Comment",
    "ElemMatch",
    "Eq",
    "Exists",
    "Expr",
    "GeoIntersects",
    "GeoWithin",
    "Gt",
    "Gte",
    "In",
    "JsonSchema",
    "Lt",
    "Lte",
    "Mod",
    "Ne",
    "Near",
    "NearSphere",
    "Nor",
    "Not",
    "NotIn",
    "Or",
    "Regex",
    "SampleRate",
    "Size",
    "Text",
    "Type",
    "Where",
]
