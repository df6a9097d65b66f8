"""Annotations that let type checkers understand queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Generic, Never, TypeVar, overload

from pydantic import Field

T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel

    from .fields import FieldProxy
    from .fields.proxy import OpenField

    T_co = TypeVar("T_co", covariant=True)

    class Mapped(Generic[T_co]):
        """`age: Mapped[int]`: an `int` on instances, a field to compare and to compute with on the class.

        What is below a field that holds a document is as the document's class declares it; below an optional one, a
        list or a dict it is not known.
        """

        @overload
        def __get__(self: Mapped[Never], instance: None, owner: Any) -> OpenField[Any]: ...
        @overload
        def __get__(self: Mapped[BaseModel], instance: None, owner: Any) -> type[T_co]: ...
        @overload
        def __get__(
            self: Mapped[Sequence[BaseModel] | Mapping[str, Any] | BaseModel | None], instance: None, owner: Any
        ) -> OpenField[T_co]: ...
        @overload
        def __get__(self, instance: None, owner: Any) -> FieldProxy[T_co]: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> T_co: ...
        def __get__(self, instance: object | None, owner: Any) -> Any: ...
        def __set__(self, instance: object, value: T_co) -> None: ...  # type: ignore[misc]

else:
    # `Annotated[T, ...]` keeps its parameter, and pydantic sees through it.
    Mapped = Annotated[T, "mapped"]


def mapped(default: Any = ..., **options: Any) -> Any:
    """The default of a mapped field, which type checkers would not take as it stands: `age: Mapped[int] = mapped(0)`.

    Args:
        default: the value; or `default_factory=` among the options.
        options: what pydantic's `Field` takes besides.

    Raises:
        TypeError: there is no default. Options of a required field stand in its annotation:
            `Annotated[..., Field(...)]`.
    """
    if default is ... and "default_factory" not in options:
        raise TypeError("mapped() needs a default, or default_factory=")
    return Field(default, **options) if "default_factory" not in options else Field(**options)


__all__ = ["Mapped", "mapped"]
