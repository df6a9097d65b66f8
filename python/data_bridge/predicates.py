"""Query operators as classes: `In(User.age, [1, 2])` is `User.age.in_([1, 2])`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import ir
from .errors import CompileError
from .fields import Predicate, value
from .fields.nodes import term
from .query_operators import *  # noqa: F403


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
