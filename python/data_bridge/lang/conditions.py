"""Predicates as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .. import ir
from ..fields.proxy import FieldProxy
from ..schema import stored_name
from .written import NoForm, is_name, quoted, written

#: A text, and how tightly it binds: what binds less than its place needs stands in parentheses.
Bound: TypeAlias = tuple[str, int]
COMPARISON, OR, AND, SUM, PRODUCT, UNARY, POWER, ATOM = range(8)

SIGNS = {"eq": "==", "ne": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_BITS = {
    "$bitsAllSet": ("bits_all_set", "BitsAllSet"),
    "$bitsAnySet": ("bits_any_set", "BitsAnySet"),
    "$bitsAllClear": ("bits_all_clear", "BitsAllClear"),
    "$bitsAnyClear": ("bits_any_clear", "BitsAnyClear"),
}


def placed(bound: Bound, least: int) -> str:
    """The text, in parentheses where it binds less than its place needs."""
    text, binds = bound
    return text if binds >= least else f"({text})"


def call(name: str, /, *arguments: str, **named: str) -> str:
    """A call; arguments whose text is empty were not given."""
    given = [*arguments, *(f"{key}={text}" for key, text in named.items() if text)]
    return f"{name}({', '.join(given)})"


class Conditions:
    """Writes predicates.

    Args:
        cls: the class whose fields are named; None when none is known.
        python: literals are Python's.
        free: what means the same may be written, even when its nodes are others.
    """

    def __init__(self, cls: type[Any] | None, python: bool, free: bool = False) -> None:
        self.cls = cls
        self.python = python
        self.free = free
        #: Fields that are known by their paths alone are those that an earlier stage made.
        self.of_stages = False
        #: By the owner that fields of elements have, the parameters that stand for the elements.
        self.elements: dict[str, str] = {}

    def literal(self, value: Any) -> str:
        """A value as it stands."""
        return written(value, self.python)

    def literals(self, values: Any) -> str:
        """Several values, as a list."""
        return self.literal(list(values))

    def expression(self, node: Any) -> Bound:
        """A value that is no predicate."""
        raise NoForm(f"{type(node).__name__} is no predicate")

    # Fields

    def field(self, node: ir.Field) -> str:
        """The field as an expression of the class's fields.

        Raises:
            NoForm: it is none of the class's.
        """
        if node.owner in self.elements:
            name = self.elements[node.owner]
            return name if not node.path else name + self.below(node.path.split("."))
        if node.owner == "F" or (self.of_stages and node.owner == "document"):
            return self.made(node.path)
        return self.of_class(node.path)

    def of_class(self, path: str) -> str:
        """The field of the class at a stored path."""
        if self.cls is None:
            raise NoForm("no class is known")
        first, *rest = path.split(".")
        for name, field in self.cls.model_fields.items():
            if stored_name(name, field) == first:
                own = f".{name}" if is_name(name) else f"[{quoted(name)}]"
                return f"{self.cls.__name__}{own}{self.below(rest)}"
        raise NoForm(f"{self.cls.__name__} has no field {quoted(path)}")

    def made(self, path: str) -> str:
        """A field that an earlier stage made."""
        first, *rest = path.split(".")
        if is_name(first) and not hasattr(FieldProxy, first):
            return f"F.{first}{self.below(rest)}"
        return f"F[{quoted(path)}]"

    def below(self, names: list[str]) -> str:
        """Names below a field."""
        return "".join(self._step(name) for name in names)

    def _step(self, name: str) -> str:
        if name.isascii() and name.isdigit() and str(int(name)) == name:
            return f"[{name}]"
        # What proxies have themselves hides fields of the same name.
        return f".{name}" if is_name(name) and not hasattr(FieldProxy, name) else f"[{quoted(name)}]"

    # Predicates

    def predicate(self, node: Any) -> Bound:
        """A predicate.

        Raises:
            NoForm: it cannot be written.
        """
        write = _WRITTEN.get(type(node))
        return self.expression(node) if write is None else write(self, node)

    def condition(self, node: Any) -> str:
        """A predicate where it stands alone or between commas."""
        return self.predicate(node)[0]

    def joined(self, node: Any, sign: str, name: str, binds: int) -> Bound:
        if len(node.terms) != 2:
            return self.listed(node, name)
        left, right = (self.predicate(term) for term in node.terms)
        if left[0].startswith("{") and right[0].startswith("{"):
            return self.listed(node, name)
        return f"{placed(left, binds)} {sign} {placed(right, binds + 1)}", binds

    def listed(self, node: Any, name: str) -> Bound:
        if not node.terms:
            raise NoForm("nothing is joined")
        return call(name, *(self.condition(term) for term in node.terms)), ATOM

    def negated(self, node: Any) -> Bound:
        inner = self.predicate(node.term)
        if inner[0].startswith("{"):
            return f"Not({inner[0]})", ATOM
        return f"~{placed(inner, UNARY)}", UNARY

    def compared(self, node: ir.Compare) -> Bound:
        right = self.operand(node.right)
        if type(node.left) is ir.Field:
            subject = self._subject(node.left)
            if subject is None:
                return self._by_path(node.op.capitalize(), node.left, right), ATOM
            if node.op == "eq" and type(node.right) is ir.Literal and node.right.value is None:
                return f"{subject}.is_null()", ATOM
            return f"{subject} {SIGNS[node.op]} {right}", COMPARISON
        if type(node.left) is ir.Literal:
            raise NoForm("a comparison begins with a field")
        return f"{placed(self.predicate(node.left), COMPARISON + 1)} {SIGNS[node.op]} {right}", COMPARISON

    def operand(self, node: Any) -> str:
        """The right side of a comparison."""
        if type(node) is ir.Literal:
            return self.literal(node.value)
        return placed(self.predicate(node), COMPARISON + 1)

    def _subject(self, field: Any) -> str | None:
        """What a method is called on; None for a field that is known by its path alone."""
        if type(field) is ir.Field:
            return None if self._is_bare(field) else self.field(field)
        return placed(self.predicate(field), ATOM)

    def _is_bare(self, field: ir.Field) -> bool:
        return field.owner == "document" and "document" not in self.elements and not self.of_stages

    def _by_path(self, name: str, field: ir.Field, *arguments: str) -> str:
        if not field.path or field.path.startswith("$"):
            raise NoForm(f"{field.path!r} is no path for a class of its own")
        return call(name, quoted(field.path), *arguments)

    def test(self, field: Any, method: str, name: str, *arguments: str) -> Bound:
        """A method of a field, or the class that does the same to a path."""
        subject = self._subject(field)
        if subject is None:
            return self._by_path(name, field, *arguments), ATOM
        return call(f"{subject}.{method}", *arguments), ATOM

    def member(self, node: Any) -> Bound:
        needle, values, negated = node._parts()
        method, name = ("not_in", "NotIn") if negated else ("in_", "In")
        return self.test(needle, method, name, self.literals(values))

    def present(self, node: Any) -> Bound:
        return self.test(node.field, "exists", "Exists", *([] if node.present else ["False"]))

    def typed(self, node: Any) -> Bound:
        return self.test(node.field, "type_", "Type", *(quoted(each) for each in node.types))

    def matched(self, node: Any) -> Bound:
        arguments = [quoted(node.pattern), *([quoted(node.options)] if node.options else [])]
        if self._is_bare(node.field):
            return self._by_path("Regex", node.field, *arguments), ATOM
        subject = self.field(node.field)
        holds_lists = any(member.kind == "array" for member in node.field.dtype.members)
        for method, found, options in _plain_texts(node.pattern):
            if found and node.options == options and not (holds_lists and method == "contains"):
                return f"{subject}.{method}({quoted(found)})", ATOM
        return call(f"{subject}.regex", *arguments), ATOM

    def element(self, node: Any) -> Bound:
        if self._is_bare(node.field):
            raise NoForm("the elements of a path have no names")
        subject = self.field(node.field)
        name = self.parameter("item")
        label = f"{node.field.label}[]"
        around = dict(self.elements)
        self.elements[label] = name
        if self.free:
            # As MQL the elements' fields are called by the class of the elements.
            items = [member.element for member in node.field.dtype.members if member.kind == "array"]
            self.elements[node.field.label] = name
            self.elements.update({item.schema.name: name for item in items if item is not None and item.schema})
        try:
            inner = self.condition(node.predicate)
        finally:
            self.elements = around
        return f"{subject}.any(lambda {name}: {inner})", ATOM

    def parameter(self, wanted: str) -> str:
        """A name for a parameter that none around has."""
        taken = set(self.elements.values())
        name, number = wanted, 2
        while name in taken:
            name, number = f"{wanted}{number}", number + 1
        return name

    def of_other_operator(self, node: Any) -> Bound:
        if node.name not in _BITS:
            raise NoForm(f"{node.name} has no form of its own")
        return self.test(node.field, *_BITS[node.name], self.literal(node.operand))

    def raw(self, node: Any) -> Bound:
        if set(node.value) == {"$where"}:
            return call("Where", self.literal(node.value["$where"]), allow_javascript="True"), ATOM
        return self.literal(node.value), ATOM


def _plain_texts(pattern: str) -> list[tuple[str, str | None, str]]:
    """Methods that search for plain text, what they would search for, and their options."""
    ends = pattern.endswith(r"\z")
    return [
        ("startswith", _unescaped(pattern[1:]) if pattern.startswith("^") else None, ""),
        ("endswith", _unescaped(pattern[:-2]) if ends else None, ""),
        ("contains", _unescaped(pattern), ""),
        ("icontains", _unescaped(pattern), "i"),
    ]


def _unescaped(pattern: str) -> str | None:
    text = re.sub(r"\\(.)", r"\1", pattern, flags=re.DOTALL)
    return text if re.escape(text) == pattern else None


_WRITTEN: Mapping[type, Callable[[Conditions, Any], Bound]] = {
    ir.And: lambda self, node: self.joined(node, "&", "And", AND),
    ir.Or: lambda self, node: self.joined(node, "|", "Or", OR),
    ir.Nor: lambda self, node: self.listed(node, "Nor"),
    ir.Not: Conditions.negated,
    ir.Compare: Conditions.compared,
    ir.In: Conditions.member,
    ir.Exists: Conditions.present,
    ir.IsType: Conditions.typed,
    ir.Regex: Conditions.matched,
    ir.ElemMatch: Conditions.element,
    ir.Size: lambda self, node: self.test(node.field, "size", "Size", self.literal(node.size)),
    ir.All: lambda self, node: self.test(node.field, "all_", "All", self.literals(node.values)),
    ir.Mod: lambda self, node: self.test(
        node.field, "mod", "Mod", self.literal(node.divisor), self.literal(node.remainder)
    ),
    ir.FieldOperator: Conditions.of_other_operator,
    ir.Raw: Conditions.raw,
}
