"""Fields as users write them: `User.address.city` holds an IR node, and its operators build more of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from .. import _core, ir
from .._core import DType
from ..ir.paths import unknown_field
from .expression import SortKey, T_co
from .path import Path, UnknownField
from .predicates import FieldPredicates
from .updates import FieldUpdates

if TYPE_CHECKING:
    from ..arguments import Listed
    from ..fetching import Fetch

E = TypeVar("E")

#: Called with 1 and -1 around the building of a class, in which bases show no proxies.
building = _core.building


class FieldProxy(FieldPredicates[T_co], FieldUpdates[T_co]):
    """A field of a document class: attributes and `[...]` go deeper, operators and methods build predicates.

    To type checkers a field that is declared `age: Mapped[int]` is a `FieldProxy[int]`.
    """

    __slots__ = ()
    __ir__: ir.Field

    if TYPE_CHECKING:

        def __init__(self, node: ir.Field, parent: Path[Any] | None = None) -> None: ...

    @property
    def _label(self) -> str:
        return self.__ir__.label

    def _deeper(self, name: str, dtype: DType) -> ir.Field:
        node = self.__ir__
        return ir.Field(f"{node.path}.{name}" if node.path else name, dtype, node.owner)

    if TYPE_CHECKING:

        @overload
        def __getitem__(self: FieldProxy[Listed[E] | None], key: int) -> FieldProxy[E]: ...
        @overload
        def __getitem__(self, key: str | int) -> OpenField[Any]: ...
        def __getitem__(self, key: str | int) -> Any: ...

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

    def fetch(self, *, filter: Any = None, sort: Any = None, limit: int | None = None, project: Any = None) -> Fetch:
        """This link for `fetch_links`, narrowed: see `data_bridge.fetching.Fetch`."""
        from ..fetching import Fetch

        return Fetch(self.__ir__.path, filter, sort, limit, project)


class OpenField(FieldProxy[T_co]):
    """A field that may have others below it, which type checkers cannot know."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


class FieldAccess(_core.FieldAccess):
    """What stands for a field on its class: `User.age` is a proxy; an instance's own value hides it.

    An instance without a value of its own is a lazy document, whose field is decoded then, or has no such attribute.
    """

    __slots__ = ()

    def of_class(self, owner: type) -> FieldProxy[Any]:
        """The proxy of the field of this class; asked once."""
        from ..document import proxy_of

        return proxy_of(owner, self.name)


def no_such_field(cls: Any, name: str) -> UnknownField:
    """The error for a name that a class does not have."""
    return UnknownField(unknown_field(cls.__name__, name, list(cls.model_fields)), code="unknown_field", path=name)
