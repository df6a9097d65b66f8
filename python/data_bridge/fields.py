"""Fields as users write them: `User.address.city` holds an IR node, and its operators build more of them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from . import ir
from ._core import DType
from .errors import CompileError
from .ir.paths import step, unknown_field
from .links import Link
from .schema import stored_child

if TYPE_CHECKING:
    from .fetching import Fetch

#: `depth` of class building in this thread: pydantic then asks bases for their attributes, and must find no proxies.
building = threading.local()


class UnknownField(CompileError, AttributeError):
    """A class or a nested field has no field of that name."""


class Expression:
    """A value or a predicate, with Python's operators."""

    __slots__ = ("__ir__",)
    __ir__: Any

    def __init__(self, node: ir.Expr) -> None:
        self.__ir__ = node

    def __eq__(self, other: object) -> Predicate:  # type: ignore[override]
        return _compare("eq", self.__ir__, other)

    def __ne__(self, other: object) -> Predicate:  # type: ignore[override]
        return _compare("ne", self.__ir__, other)

    def __gt__(self, other: Any) -> Predicate:
        return _compare("gt", self.__ir__, other)

    def __ge__(self, other: Any) -> Predicate:
        return _compare("gte", self.__ir__, other)

    def __lt__(self, other: Any) -> Predicate:
        return _compare("lt", self.__ir__, other)

    def __le__(self, other: Any) -> Predicate:
        return _compare("lte", self.__ir__, other)

    def __hash__(self) -> int:
        return hash(self.__ir__)

    def __add__(self, other: Any) -> Expression:
        return _call("$add", self, other)

    def __radd__(self, other: Any) -> Expression:
        return _call("$add", other, self)

    def __sub__(self, other: Any) -> Expression:
        return _call("$subtract", self, other)

    def __rsub__(self, other: Any) -> Expression:
        return _call("$subtract", other, self)

    def __mul__(self, other: Any) -> Expression:
        return _call("$multiply", self, other)

    def __rmul__(self, other: Any) -> Expression:
        return _call("$multiply", other, self)

    def __truediv__(self, other: Any) -> Expression:
        return _call("$divide", self, other)

    def __rtruediv__(self, other: Any) -> Expression:
        return _call("$divide", other, self)

    def __floordiv__(self, other: Any) -> Expression:
        return Expression(ir.Call("$floor", (_call("$divide", self, other).__ir__,)))

    def __mod__(self, other: Any) -> Expression:
        return _call("$mod", self, other)

    def __pow__(self, other: Any) -> Expression:
        return _call("$pow", self, other)

    def __bool__(self) -> bool:
        raise CompileError(
            "a query expression has no truth value in Python",
            code="python_boolean",
            hint="write & for and, | for or, ~ for not, each side in parentheses, and a range as (a <= x) & (x <= b)",
        )

    def __repr__(self) -> str:
        return repr(self.__ir__)


class Predicate(Expression):
    """An expression that is true or false of a document: `&`, `|` and `~` combine it."""

    __slots__ = ()

    def __and__(self, other: Any) -> Predicate:
        return Predicate(ir.And((self.__ir__, _term(other))))

    def __or__(self, other: Any) -> Predicate:
        return Predicate(ir.Or((self.__ir__, _term(other))))

    def __rand__(self, other: Any) -> Predicate:
        return Predicate(ir.And((_term(other), self.__ir__)))

    def __ror__(self, other: Any) -> Predicate:
        return Predicate(ir.Or((_term(other), self.__ir__)))

    def __invert__(self) -> Predicate:
        return Predicate(ir.Not(self.__ir__))


class SortKey:
    """A path and a direction, 1 or -1."""

    __slots__ = ("direction", "path")

    def __init__(self, path: str, direction: int) -> None:
        self.path = path
        self.direction = direction


def _term(other: Any) -> ir.Expr:
    if isinstance(other, Mapping):
        return ir.parse_filter(other)
    return to_ir(other)


def to_ir(value: Any) -> ir.Expr:
    """What a value written in a query means: an expression's node, or a literal."""
    if isinstance(value, Expression):
        node: ir.Expr = value.__ir__
        return node
    if isinstance(value, ir.Expr):
        return value
    return ir.Literal(value)


def _call(name: str, *args: Any) -> Expression:
    return Expression(ir.Call(name, tuple(to_ir(arg) for arg in args)))


def _compare(op: str, left: ir.Expr, other: Any) -> Predicate:
    if isinstance(other, Expression):
        return Predicate(ir.Compare(op, left, other.__ir__))
    if type(left) is ir.Field:
        other = coerce(left, other)
    return Predicate(ir.Compare(op, left, ir.Literal(other)))


def _holds_object_ids(dtype: DType) -> bool:
    for member in dtype.members:
        if member.kind == "object_id":
            return True
        if member.kind in ("link", "array") and member.element is not None and _holds_object_ids(member.element):
            return True
    return False


def coerce(field: ir.Field, value: Any) -> Any:
    """The value as the field stores it: 24 hex digits for an ObjectId, a member's value, a document's id."""
    kind = type(value)
    if kind is str:
        if _holds_object_ids(field.dtype) and ObjectId.is_valid(value):
            return ObjectId(value)
        return value
    if kind is int or kind is float or value is None:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Link) or hasattr(value, "__data_bridge_image__"):
        if value.id is None:
            raise CompileError(
                f"{field.label} is compared with a {kind.__name__} that has no id",
                code="no_id",
                path=field.path,
                hint="insert() it first",
            )
        return value.id
    return value


class FieldProxy(Predicate):
    """A field of a document class: attributes and `[...]` go deeper, operators and methods build predicates."""

    __slots__ = ("_children",)
    __ir__: ir.Field

    def __init__(self, node: ir.Field) -> None:
        self.__ir__ = node
        self._children: dict[str, FieldProxy] = {}

    def __getattr__(self, name: str) -> FieldProxy:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._child(stored_child(self.__ir__.dtype, name))

    def __getitem__(self, key: str | int) -> FieldProxy:
        return self._child(stored_child(self.__ir__.dtype, str(key)))

    def __iter__(self) -> Any:
        raise TypeError(f"{self.__ir__.label} is a field of a query, not a list: it cannot be iterated")

    def __contains__(self, item: object) -> bool:
        raise CompileError(
            f"'in' cannot be asked of {self.__ir__.label} in Python", code="python_boolean", hint="write .contains(...)"
        )

    def _child(self, name: str) -> FieldProxy:
        known = self._children.get(name)
        if known is not None:
            return known
        node = self.__ir__
        try:
            dtype = step(node.dtype, name, node.label)
        except CompileError as error:
            raise UnknownField(error.message, code=error.code, path=f"{node.path}.{name}", hint=error.hint) from None
        path = f"{node.path}.{name}" if node.path else name
        child = self._children[name] = FieldProxy(ir.Field(path, dtype, node.owner))
        return child

    def __str__(self) -> str:
        return self.__ir__.path

    def __repr__(self) -> str:
        return f"{self.__ir__.label}: {self.__ir__.dtype}"

    def __pos__(self) -> SortKey:
        return self.asc()

    def __neg__(self) -> SortKey:
        return self.desc()

    def asc(self) -> SortKey:
        """Sorts by the field, least first."""
        return SortKey(self.__ir__.path, 1)

    def desc(self) -> SortKey:
        """Sorts by the field, greatest first."""
        return SortKey(self.__ir__.path, -1)

    def in_(self, values: Iterable[Any]) -> Predicate:
        """The value, or an element of the list, is one of these."""
        return Predicate(ir.In(self.__ir__, self._coerced(values)))

    def not_in(self, values: Iterable[Any]) -> Predicate:
        """The value is none of these, nor an element of the list is; missing counts as none."""
        return Predicate(ir.In(self.__ir__, self._coerced(values), True))

    def _coerced(self, values: Iterable[Any]) -> tuple[Any, ...]:
        if isinstance(values, (str, bytes)):
            raise CompileError(f"{self.__ir__.label}: give a list of values, not {values!r}", code="not_a_list")
        return tuple(coerce(self.__ir__, value) for value in values)

    def between(self, low: Any, high: Any) -> Predicate:
        """`low <= value <= high`; on a list, each bound may be met by another element."""
        range_: Predicate = (self >= low) & (self <= high)
        return range_

    def exists(self, present: bool = True) -> Predicate:
        """The field is stored, if only as null."""
        return Predicate(ir.Exists(self.__ir__, present))

    def is_null(self) -> Predicate:
        """The value is null or missing."""
        return Predicate(ir.Compare("eq", self.__ir__, ir.Literal(None)))

    def type_(self, *types: str) -> Predicate:
        """The stored value has one of these BSON types, such as "string" or "int"."""
        return Predicate(ir.IsType(self.__ir__, types))

    def _text(self, pattern: str, options: str = "") -> Predicate:
        if not self.__ir__.dtype.comparable_to(DType.string()):
            raise CompileError(
                f"{self.__ir__.label} is {self.__ir__.dtype}: only text matches a pattern",
                code="not_text",
                path=self.__ir__.path,
            )
        return Predicate(ir.Regex(self.__ir__, pattern, options))

    def startswith(self, text: str) -> Predicate:
        """The text begins with this."""
        return self._text("^" + re.escape(text))

    def endswith(self, text: str) -> Predicate:
        """The text ends with this."""
        return self._text(re.escape(text) + r"\z")

    def contains(self, value: Any) -> Predicate:
        """A list holds the value; a text holds the substring."""
        if any(member.kind == "array" for member in self.__ir__.dtype.members):
            return _compare("eq", self.__ir__, value)
        return self._text(re.escape(value))

    def icontains(self, text: str) -> Predicate:
        """The text holds the substring, whatever the case."""
        return self._text(re.escape(text), "i")

    def regex(self, pattern: str | re.Pattern[str], options: str = "") -> Predicate:
        """The text matches the PCRE pattern; `options` are letters of "imsx"."""
        if isinstance(pattern, re.Pattern):
            flags = {re.I: "i", re.M: "m", re.S: "s", re.X: "x"}
            options = "".join(letter for flag, letter in flags.items() if pattern.flags & flag)
            pattern = pattern.pattern
        return self._text(pattern, options)

    def _item(self) -> FieldProxy:
        items = [member.element for member in self.__ir__.dtype.members if member.kind == "array" and member.element]
        if not items and not any(member.kind == "any" for member in self.__ir__.dtype.members):
            raise CompileError(
                f"{self.__ir__.label} is {self.__ir__.dtype}, not a list", code="not_a_list", path=self.__ir__.path
            )
        return FieldProxy(ir.Field("", items[0] if items else DType.any(), f"{self.__ir__.label}[]"))

    def any(self, predicate: Callable[[Any], Any]) -> Predicate:
        """One element meets the whole predicate: `User.items.any(lambda item: (item.price > 5) & (item.n == 1))`."""
        return self.elem_match(predicate(self._item()))

    def elem_match(self, predicate: Any) -> Predicate:
        """One element meets the whole predicate, given as a dict or built from an element's fields."""
        if isinstance(predicate, Mapping):
            return Predicate(ir.parse_filter({self.__ir__.path: {"$elemMatch": predicate}}))
        return Predicate(ir.ElemMatch(self.__ir__, to_ir(predicate)))

    def all_(self, values: Iterable[Any]) -> Predicate:
        """The list holds all of these."""
        return Predicate(ir.All(self.__ir__, self._coerced(values)))

    def size(self, count: int) -> Predicate:
        """The list has exactly this many elements."""
        self._item()
        return Predicate(ir.Size(self.__ir__, count))

    def mod(self, divisor: int, remainder: int) -> Predicate:
        """The number leaves this remainder."""
        return Predicate(ir.Mod(self.__ir__, divisor, remainder))

    def _operator(self, name: str, operand: Any) -> Predicate:
        return Predicate(ir.FieldOperator(self.__ir__, name, operand))

    def bits_all_set(self, bits: int | list[int]) -> Predicate:
        """All these bits are 1; bits are a mask or a list of positions."""
        return self._operator("$bitsAllSet", bits)

    def bits_any_set(self, bits: int | list[int]) -> Predicate:
        """Some of these bits is 1."""
        return self._operator("$bitsAnySet", bits)

    def bits_all_clear(self, bits: int | list[int]) -> Predicate:
        """All these bits are 0."""
        return self._operator("$bitsAllClear", bits)

    def bits_any_clear(self, bits: int | list[int]) -> Predicate:
        """Some of these bits is 0."""
        return self._operator("$bitsAnyClear", bits)

    def near(self, longitude: float, latitude: float, max_distance: float | None = None) -> Predicate:
        """Nearest first, up to `max_distance` meters; needs a 2dsphere index."""
        operand: dict[str, Any] = {"$geometry": {"type": "Point", "coordinates": [longitude, latitude]}}
        if max_distance is not None:
            operand["$maxDistance"] = max_distance
        return self._operator("$near", operand)

    def within(self, geometry: Mapping[str, Any]) -> Predicate:
        """Inside a GeoJSON geometry."""
        return self._operator("$geoWithin", {"$geometry": dict(geometry)})

    def intersects(self, geometry: Mapping[str, Any]) -> Predicate:
        """Shares a point with a GeoJSON geometry."""
        return self._operator("$geoIntersects", {"$geometry": dict(geometry)})

    def fetch(self, *, filter: Any = None, sort: Any = None, limit: int | None = None, project: Any = None) -> Fetch:
        """This link for `fetch_links`, narrowed: see `data_bridge.fetching.Fetch`."""
        from .fetching import Fetch

        return Fetch(self.__ir__.path, filter, sort, limit, project)

    def _update(self, op: str, operand: Any) -> ir.UpdateOperation:
        from .update import operation

        return operation(op, self.__ir__, operand)

    def set(self, value: Any) -> ir.UpdateOperation:
        """Stores the value."""
        return self._update("$set", value)

    def unset(self) -> ir.UpdateOperation:
        """Removes the field."""
        return self._update("$unset", "")

    def inc(self, amount: Any = 1) -> ir.UpdateOperation:
        """Adds to the number."""
        return self._update("$inc", amount)

    def mul(self, factor: Any) -> ir.UpdateOperation:
        """Multiplies the number."""
        return self._update("$mul", factor)

    def min(self, value: Any) -> ir.UpdateOperation:
        """Stores the value if it is less."""
        return self._update("$min", value)

    def max(self, value: Any) -> ir.UpdateOperation:
        """Stores the value if it is greater."""
        return self._update("$max", value)

    def push(self, value: Any) -> ir.UpdateOperation:
        """Appends to the list."""
        return self._update("$push", value)

    def add_to_set(self, value: Any) -> ir.UpdateOperation:
        """Appends to the list unless it holds the value."""
        return self._update("$addToSet", value)

    def pull(self, value: Any) -> ir.UpdateOperation:
        """Removes the value from the list, wherever it is."""
        return self._update("$pull", value)

    def pop(self, end: int = 1) -> ir.UpdateOperation:
        """Removes the last element, or with -1 the first."""
        return self._update("$pop", end)

    def rename(self, name: str) -> ir.UpdateOperation:
        """Gives the field another stored name."""
        return self._update("$rename", name)

    def current_date(self) -> ir.UpdateOperation:
        """Stores the server's time."""
        return self._update("$currentDate", True)


class FieldAccess:
    """What stands for a field on its class: `User.age` is a proxy; an instance's own value hides it."""

    __slots__ = ("name", "proxies")

    def __init__(self, name: str) -> None:
        self.name = name
        self.proxies: dict[type, FieldProxy] = {}

    def __get__(self, instance: object, owner: type) -> FieldProxy:
        if instance is None and not getattr(building, "depth", 0):
            known = self.proxies.get(owner)
            if known is not None:
                return known
            from .document import proxy_of

            proxy = proxy_of(owner, self.name)
            self.proxies[owner] = proxy
            return proxy
        raise AttributeError(f"{owner.__name__!r} object has no attribute {self.name!r}")


def no_such_field(cls: Any, name: str) -> UnknownField:
    """The error for a name that a class does not have."""
    return UnknownField(unknown_field(cls.__name__, name, list(cls.model_fields)), code="unknown_field", path=name)
