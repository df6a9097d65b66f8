"""Classes whose annotations name classes that are defined after them."""

from __future__ import annotations

from pydantic import BaseModel
from pydantic.errors import PydanticUndefinedAnnotation

from .errors import SchemaError
from .links import link_of_field

_COMPLETE: set[type[BaseModel]] = set()


def complete(cls: type[BaseModel]) -> None:
    """Makes sure that the class's annotations are evaluated, before they are looked at.

    Raises:
        SchemaError: one of them names what is not defined.
    """
    # A field may be of any model: pydantic never completes the base of all, which has no annotations to evaluate.
    if cls in _COMPLETE or cls is BaseModel:
        return
    if not cls.__pydantic_complete__:
        try:
            cls.model_rebuild()
        except PydanticUndefinedAnnotation as error:
            raise SchemaError(
                f"an annotation of {cls.__name__} names {error.name!r}, which is not defined: define or import it in "
                f"{cls.__module__} before the first use of {cls.__name__}"
            ) from error
    _COMPLETE.add(cls)
    for field in cls.model_fields.values():
        to = link_of_field(field)
        if to is not None:
            to.declared_in(cls.__module__)
