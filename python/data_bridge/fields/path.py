"""What has fields below it: attributes and `[...]` go deeper, and what is no field is a method of its values."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, TypeVar

from .. import ir
from .._core import DType
from ..errors import CompileError
from ..ir.paths import step
from ..schema import stored_child
from .expression import Expression, T_co

if TYPE_CHECKING:
    # A field has the methods of its values, unless a field below it has the name: checkers see them declared.
    from .values import Value as Base
else:
    Base = Expression

Self = TypeVar("Self", bound="Path[Any]")

#: Types that may have fields below them.
_OPEN = frozenset({"any", "document", "map", "array", "union", "link"})


class UnknownField(CompileError, AttributeError):
    """A class or a nested field has no field of that name."""


class Path(Base[T_co]):
    """A field, or a variable: a value that may hold others by name.

    A declared field always comes before a method of the same name, so a class may have fields called `year` or
    `first`. Where any field may be (below `F.name`, a dict, `Any`), a name is a field, and a method when it is called.
    """

    #: What attributes gave before is kept in `__dict__`, so that Python finds it there the next time.
    __slots__ = ("__dict__", "_children", "_parent")
    __ir__: Any

    def __init__(self, node: ir.Expr, parent: Path[Any] | None = None) -> None:
        self.__ir__ = node
        self._children: dict[str, Any] = {}
        self._parent = parent

    @property
    def _label(self) -> str:
        """How messages call it."""
        raise NotImplementedError

    def _deeper(self, name: str, dtype: DType) -> ir.Expr:
        """The node one name further."""
        raise NotImplementedError

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            dtype = self.__ir__.dtype
            if dtype.kind in _OPEN:
                try:
                    child = vars(self)[name] = self._child(stored_child(dtype, name))
                    return child
                except UnknownField as error:
                    method = self._method(name)
                    if method is None:
                        raise error from None
                    return method
            method = self._method(name)
            return self._child(name) if method is None else method

    def __getitem__(self: Self, key: str | int) -> Self:
        name = str(key)
        if not name or "." in name or (name.startswith("$") and self.__ir__.dtype.non_null().kind == "map"):
            raise CompileError(
                f"{self._label}[{key!r}]: {key!r} is no name in a path, where the server reads dots and '$' as its own",
                code="bad_key",
                path=str(self),
                hint='write ["a"]["b"] for b in a; fn.get_field(...) reads any key, an update of the whole stores it',
            )
        return self._child(stored_child(self.__ir__.dtype, name))

    def __call__(self, *args: Any, **named: Any) -> Any:
        name = str(self).rpartition(".")[2]
        method = None if self._parent is None else self._parent._method(name)
        if method is None:
            raise TypeError(f"{self._label} is a field of a query, not a function")
        return method(*args, **named)

    def __iter__(self) -> Any:
        raise TypeError(f"{self._label} is a field of a query, not a list: it cannot be iterated")

    def __contains__(self, item: object) -> bool:
        raise CompileError(
            f"'in' cannot be asked of {self._label} in Python", code="python_boolean", hint="write .contains(...)"
        )

    def _child(self: Self, name: str) -> Self:
        known = self._children.get(name)
        if known is not None:
            return known  # type: ignore[no-any-return]
        try:
            dtype = step(self.__ir__.dtype, name, self._label)
        except CompileError as error:
            raise UnknownField(
                error.message, code=error.code, path=f"{self}.{name}".lstrip("."), hint=error.hint or self._guess(name)
            ) from None
        child = self._children[name] = type(self)(self._deeper(name, dtype), self)
        return child

    def _guess(self, name: str) -> str | None:
        """The methods that a name is nearly."""
        from .methods import RECEIVERS

        methods = [each for each in dir(type(self)) if not each.startswith("_")]
        near = difflib.get_close_matches(name, [*methods, *RECEIVERS], n=3)
        return f"did you mean {' or '.join(f'{each}()' for each in dict.fromkeys(near))}?" if near else None

    def _method(self, name: str) -> Any:
        """The method of values by this name; None when there is none.

        Raises:
            UnknownField: there is one, but not for values of this type.
        """
        from .methods import RECEIVERS
        from .values import Value

        takes = RECEIVERS.get(name)
        if takes is None:
            return None
        dtype = self.__ir__.dtype
        if not any(admits(kind, dtype) for kind in takes):
            raise UnknownField(
                f"{self._label} is {dtype}: {name}() takes {' or '.join(takes)}", code="no_such_method", path=str(self)
            )
        return getattr(Value(self.__ir__), name)


_ADMITTED = {
    "number": {"int", "double", "decimal"},
    "int": {"int", "double", "decimal"},
    "string": {"string"},
    "date": {"date", "timestamp", "object_id"},
    "timestamp": {"timestamp"},
    "array": {"array"},
    "object": {"map", "document"},
    "binary": {"binary"},
    "bool": {"bool"},
}


def admits(kind: str, dtype: DType) -> bool:
    """Whether some value of the type is of this kind, as the operator table calls kinds."""
    found = {member.kind for member in dtype.members}
    return kind == "any" or "any" in found or bool(found & _ADMITTED[kind])
