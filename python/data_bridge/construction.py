"""Instances made of values that are of their fields' types already: what pydantic would make of them, in less time."""

from __future__ import annotations

from pydantic import BaseModel
from pydantic_core import SchemaValidator

from ._core import Builder, construct
from .plain_types import shape_of

__all__ = ["builder_of", "construct"]


def builder_of(cls: type[BaseModel]) -> Builder | None:
    """What makes a class's instances where every value is taken as it is; None where pydantic makes them all."""
    # A class may have a constructor of its own, and plugins of pydantic look at what its validators are given.
    if cls.__init__ is not BaseModel.__init__ or type(cls.__pydantic_validator__) is not SchemaValidator:
        return None
    shape = shape_of(cls.__pydantic_core_schema__)
    makes = shape[0] == "model" and shape[-1] is not None
    return Builder(shape, cls.__pydantic_validator__) if makes else None
