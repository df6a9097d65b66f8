"""Instances made of values that are of their fields' types already: what pydantic would make of them, in less time."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from pydantic_core import SchemaValidator

from ._core import Builder, construct
from .plain_types import shape_of


class Constructor:
    """The constructor of a model, which asks pydantic only where it has to."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __init__(self, /, **values: Any) -> None:
            __tracebackhide__ = True
            if construct(self, values):
                return
            # In this very frame: names in annotations are looked for in the one above it.
            if self.__pydantic_validator__.validate_python(values, self_instance=self) is not self:
                warnings.warn(
                    f"a validator of {type(self).__name__} gives another instance, which is lost: let it return self",
                    stacklevel=2,
                )

        # Pydantic makes an instance inside another without it, as it does with its own.
        __init__.__pydantic_base_init__ = True


def keep_constructor(cls: Any) -> None:
    """Where a class inherits a model's own constructor behind this one, gives it that."""
    found = next(vars(base)["__init__"] for base in cls.__mro__ if base is not Constructor and "__init__" in vars(base))
    if cls.__init__ is not Constructor.__init__ or found is BaseModel.__init__:
        return
    cls.__init__ = found
    cls.__pydantic_custom_init__ = True
    # Names in annotations are looked for where the class stands: above this frame and that of the metaclass.
    cls.model_rebuild(force=True, raise_errors=False, _parent_namespace_depth=4)


def builder_of(cls: type[BaseModel]) -> Builder | None:
    """What makes a class's instances where every value is taken as it is; None where pydantic makes them all."""
    # Plugins of pydantic look at what its validators are given.
    if type(cls.__pydantic_validator__) is not SchemaValidator:
        return None
    shape = shape_of(cls.__pydantic_core_schema__)
    makes = shape[0] == "model" and shape[-1] is not None
    return Builder(shape, cls.__pydantic_validator__) if makes else None
