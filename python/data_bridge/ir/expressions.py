"""Expressions: predicates and values. Where one stands decides which language it becomes."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bson import ObjectId

from data_bridge._core import Comparisons, DType, call_dtype, dtype_of
from data_bridge.errors import CompileError

from .node import Node
from .operators import FIELD_OPERATORS

ANY = DType.any()
BOOL = DType.bool()
#: Types whose values all are of one type of BSON.
WHOLE = frozenset([type(None), bool, int, float, str, bytes, ObjectId, datetime.datetime])
COMPARISONS = {"eq": "==", "ne": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class Expr(Node):
    """A predicate or a value."""

    __slots__ = ()

    @property
    def dtype(self) -> DType:
        return ANY


class Predicate(Expr):
    """An expression that is true or false of a document."""

    __slots__ = ()

    @property
    def dtype(self) -> DType:
        return BOOL


class Computed(Predicate, kind="computed"):
    """A value that is true: as a value, and not as a match, even of a field or a comparison (`$expr`)."""

    __slots__ = ("term",)
    term: Expr


class Filter(Expr, kind="filter"):
    """A filter document among the arguments of a stage: what it asks of documents."""

    __slots__ = ("predicate",)
    predicate: Expr


class Field(Expr, kind="field"):
    """A stored field. `path` is the dotted stored path; empty is the element itself inside `elem_match`."""

    __slots__ = ("path", "dtype", "owner")  # pyright: ignore[reportIncompatibleMethodOverride]
    path: str
    owner: str

    def __init__(self, path: str, dtype: DType, owner: str) -> None:
        _set_path(self, path)
        _set_dtype(self, dtype)
        _set_owner(self, owner)

    @property
    def label(self) -> str:
        """How messages call the field."""
        return f"{self.owner}.{self.path}" if self.path else self.owner


_set_path, _set_dtype, _set_owner = Field._setters


class Literal(Expr, kind="literal"):
    """A value that MongoDB can store."""

    __slots__ = ("value",)
    value: Any

    def __init__(self, value: Any) -> None:
        _set_value(self, value)

    @property
    def dtype(self) -> DType:
        return dtype_of(self.value)

    def __hash__(self) -> int:
        return hash((Literal, repr(self.value)))


(_set_value,) = Literal._setters


def check_fits(field: Field, value: Any) -> None:
    """Refuses a value that no stored value of the field could be compared with.

    Raises:
        CompileError: naming the field, its type and the value.
    """
    if not field.dtype.admits(value):
        given = dtype_of(value)
        raise CompileError(
            f"{field.label} is {field.dtype} and cannot be compared with {value!r} ({given})",
            code="incomparable",
            path=field.path,
            hint=_instead(field.dtype, value),
        )


def _instead(dtype: DType, value: Any) -> str:
    """What to give in the place of a value that does not fit."""
    if isinstance(value, (list, tuple, set, frozenset)) and all(map(dtype.admits, value)):
        return f".in_({list(value)!r}) asks whether it is one of these"
    if isinstance(value, Mapping) and value and all(f"${key}" in FIELD_OPERATORS for key in value):
        return f"operators begin with '$': write { ({f'${key}': item for key, item in value.items()})!r}"
    elements = [str(member.element) for member in dtype.members if member.kind == "array"]
    return f"give a value of type {' or '.join([*elements, str(dtype)])}"


class Compare(Predicate, kind="compare"):
    """`left <op> right`.

    In a match it is MongoDB's comparison: arrays on the path are walked and only values of the same type bracket
    are compared. As a value it is the aggregation operator: no walking, and all types are ordered.
    """

    __slots__ = ("op", "left", "right")
    op: str
    left: Expr
    right: Expr

    def __init__(self, op: str, left: Expr, right: Expr) -> None:
        if op not in COMPARISONS:
            raise CompileError(
                f"{op!r} is not a comparison; there are {', '.join(COMPARISONS)}", code="unknown_operator"
            )
        if type(left) is Field and type(right) is Literal:
            check_fits(left, right.value)
        _set_op(self, op)
        _set_left(self, left)
        _set_right(self, right)


_set_op, _set_left, _set_right = Compare._setters

#: `Compare(op, field, Literal(value))` of a plain value that needs no coercion, in a third of the time; None of others.
plainly_compared: Callable[[str, Expr, Any], Compare | None] = Comparisons(Field, Literal, Compare).of


class _Terms(Predicate):
    __slots__ = ()
    terms: tuple[Expr, ...]

    def __init__(self, terms: Iterable[Expr]) -> None:
        super().__init__(tuple(terms))


class And(_Terms, kind="and"):
    """Every term holds."""

    __slots__ = ("terms",)


class Or(_Terms, kind="or"):
    """Some term holds."""

    __slots__ = ("terms",)


class Nor(_Terms, kind="nor"):
    """No term holds."""

    __slots__ = ("terms",)


class Not(Predicate, kind="not"):
    """The complement over documents: missing fields and other types are in it."""

    __slots__ = ("term",)
    term: Expr


class In(Predicate, kind="in"):
    """The value is one of these, or an array that holds one; `negated`: it is none of them."""

    __slots__ = ("needle", "values", "negated")

    def __init__(self, needle: Expr, values: tuple[Any, ...], negated: bool = False) -> None:
        values = tuple(values)
        if type(needle) is Field:
            # Of the types that have no parts one value speaks for all.
            of_type = {type(value): value for value in values if type(value) in WHOLE}
            for value in of_type.values():
                check_fits(needle, value)
            for value in values:
                if type(value) not in WHOLE:
                    check_fits(needle, value)
        super().__init__(needle, values, negated)


class Exists(Predicate, kind="exists"):
    """The field is there, if only as null; `present=False`: it is missing."""

    __slots__ = ("field", "present")


class IsType(Predicate, kind="is_type"):
    """The stored value has one of these BSON types, by their MongoDB names."""

    __slots__ = ("field", "types")


class Regex(Predicate, kind="regex"):
    """The text matches a PCRE pattern; `options` are letters of "imsx"."""

    __slots__ = ("field", "pattern", "options")


class ElemMatch(Predicate, kind="elem_match"):
    """One element of a list meets the whole predicate, whose paths start at the element."""

    __slots__ = ("field", "predicate")


class Size(Predicate, kind="size"):
    """The list has exactly this many elements."""

    __slots__ = ("field", "size")


class All(Predicate, kind="all"):
    """The list holds all of these."""

    __slots__ = ("field", "values")


class Mod(Predicate, kind="mod"):
    """The number leaves this remainder."""

    __slots__ = ("field", "divisor", "remainder")


class FieldOperator(Predicate, kind="field_operator"):
    """A query operator the IR has no node for."""

    __slots__ = ("field", "name", "operand")


class Call(Expr, kind="call"):
    """An aggregation operator. A tuple of arguments is positional, a dict named; `single` writes one without a list."""

    __slots__ = ("name", "args", "single")
    name: str
    args: tuple[Expr, ...] | dict[str, Expr]

    def __init__(self, name: str, args: tuple[Expr, ...] | dict[str, Expr], single: bool = False) -> None:
        if not name.startswith("$"):
            raise CompileError(f"{name!r} is not an operator: it must start with '$'", code="unknown_operator")
        _set_name(self, name)
        _set_args(self, args)
        _set_single(self, single)

    @property
    def dtype(self) -> DType:
        given = self.args.items() if isinstance(self.args, dict) else ((None, item) for item in self.args)
        return call_dtype(self.name, [(name, _value_dtype(item)) for name, item in given])


_set_name, _set_args, _set_single = Call._setters


class Variable(Expr, kind="variable"):
    """`$$name`; a dotted name is a field below the variable."""

    __slots__ = ("name", "dtype")  # pyright: ignore[reportIncompatibleMethodOverride]
    name: str

    def __init__(self, name: str, dtype: DType = ANY) -> None:
        super().__init__(name, dtype)


def _value_dtype(node: Expr) -> DType:
    """The type of a node's value: a path may go through a list, and is a list of values then."""
    return ANY if type(node) in (Field, Variable) and "." in _name(node) else node.dtype


def _name(node: Any) -> str:
    name: str = node.path if type(node) is Field else node.name
    return name


class DocumentExpr(Expr, kind="document"):
    """A document whose values are computed."""

    __slots__ = ("fields",)
    fields: dict[str, Expr]

    @property
    def dtype(self) -> DType:
        return DType.map(ANY)


class ArrayExpr(Expr, kind="array"):
    """A list whose items are computed."""

    __slots__ = ("items",)
    items: tuple[Expr, ...]

    @property
    def dtype(self) -> DType:
        return DType.array(DType.union([_value_dtype(item) for item in self.items]) if self.items else ANY)


class Raw(Expr, kind="raw"):
    """MQL as it is: the optimizer leaves it alone."""

    __slots__ = ("value",)
    value: Mapping[str, Any]
