"""Whether a document may be written: its values may have been changed since pydantic validated them.

Types, constraints and the models' own "after" validators are checked, in nested models too. Functions that validate a
field are not run again: they were when the value was given, and one that changes values (a hash, a split) would be
run on its own result. Pydantic's `validate_assignment` runs them for values assigned later.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError, SchemaValidator

from .core_schemas import CoreSchema, definitions_of, inlined, model_inside, referred, validator_of, with_inner, wrapped
from .links import link_of_schema
from .per_class import per_class
from .plain_types import Fit, fit_of
from .schema import makes_ids

_MODELS = frozenset({"model", "model-fields"})
#: What turns one kind of value into another: their results need not be what they accept.
_CONVERTERS = frozenset({"function-after", "function-wrap", "function-plain", "chain", "json", "generator"})
#: What has no part in a check, or would run code for an instance that nobody sees.
_NOT_CHECKED = frozenset({"serialization", "metadata", "computed_fields", "post_init", "custom_init"})


def check(document: BaseModel) -> None:
    """Checks a document's values as they are now. A value of another type that pydantic can convert is converted.

    Raises:
        pydantic.ValidationError: a value is not what its field takes.
    """
    cls = type(document)
    fit, validator = fit_of_class(cls), _validator_of(cls)
    if fit is not None and fit.fits(document):
        return
    try:
        validator.validate_python(document, strict=True, by_name=True)
    except ValidationError:
        validator.validate_python(document, by_name=True, context=_Converting())


@per_class
def fit_of_class(cls: type[BaseModel]) -> Fit | None:
    """What sees quickly that a document is valid; None where only pydantic can tell."""
    return fit_of(checking(cls.__pydantic_core_schema__), "id" in cls.model_fields and makes_ids(cls))


@per_class
def _validator_of(cls: type[BaseModel]) -> SchemaValidator:
    """Pydantic's whole check."""
    schema: Any = cls.__pydantic_core_schema__
    return validator_of(_Conversions(schema).schema(schema), {"title": cls.__name__})


def checking(schema: Any) -> Any:
    """The core schema that takes an instance, looks into it, and calls no function of its fields."""
    return _Checks(schema).schema(schema)


class _Checks:
    """Makes the core schema of a class that of a check."""

    def __init__(self, whole: CoreSchema) -> None:
        self._definitions = definitions_of(whole)[1]

    def schema(self, schema: CoreSchema) -> CoreSchema:
        schema = inlined(schema, self._definitions)
        model = model_inside(schema)
        if model is not None:
            return self._of_model(model["cls"], self._model(schema))
        checked = _checked(schema, self.schema)
        return self._of_union(checked) if checked["type"] in ("union", "tagged-union") else checked

    def _model(self, schema: CoreSchema) -> CoreSchema:
        """The check of a model, and of what stands around it."""
        if schema["type"] == "model":
            return self._of_values({**_checked(schema, self.schema), "revalidate_instances": "always"})
        return _checked(schema, self._model)

    def _of_model(self, cls: type[BaseModel], checked: CoreSchema) -> CoreSchema:
        return checked

    def _of_values(self, checked: CoreSchema) -> CoreSchema:
        return checked

    def _of_union(self, checked: CoreSchema) -> CoreSchema:
        return checked


class _Conversions(_Checks):
    """Those of a check that may also convert what is not valid yet."""

    def _of_model(self, cls: type[BaseModel], checked: CoreSchema) -> CoreSchema:
        return wrapped(partial(_take, cls), checked)

    def _of_values(self, checked: CoreSchema) -> CoreSchema:
        return wrapped(_with_private, checked) if checked["cls"].__private_attributes__ else checked

    def _of_union(self, checked: CoreSchema) -> CoreSchema:
        return wrapped(_choose, checked)


def _checked(schema: CoreSchema, change: Callable[[CoreSchema], CoreSchema]) -> CoreSchema:
    kind, to = schema["type"], link_of_schema(schema)
    if to is not None:
        return referred(schema, dict(to.checking()))
    if kind in _CONVERTERS and not _is_model(schema):
        return referred(schema, {"type": "any"})
    if kind in ("function-before", "function-wrap"):
        return referred(schema, change(schema["schema"]))
    return with_inner({key: item for key, item in schema.items() if key not in _NOT_CHECKED}, change)


def _is_model(schema: dict[str, Any]) -> bool:
    """A validator of a whole model, perhaps around others of them."""
    inner = schema.get("schema")
    while isinstance(inner, dict) and inner.get("type", "").startswith("function-"):
        inner = inner.get("schema")
    return isinstance(inner, dict) and inner.get("type") in _MODELS


class _Converting(dict[str, Any]):
    """The context of a check that converts what it can."""

    #: Which of several models a dict is meant for cannot be told.
    in_union = False


def _take(cls: type[BaseModel], value: Any, check: Any, info: Any) -> Any:
    """A model, whose instances stay those that they are: what is converted is converted in them."""
    converting = info.context if isinstance(info.context, _Converting) else None
    if not isinstance(value, cls):
        if converting is not None and not converting.in_union:
            # Of these values nothing was validated yet.
            return cls.__pydantic_validator__.validate_python(value)
        raise PydanticCustomError("model_type", "Input should be an instance of {name}", {"name": cls.__name__})
    if converting is None:
        return check(value)
    in_union, converting.in_union = converting.in_union, False
    try:
        found = check(value)
    finally:
        converting.in_union = in_union
    vars(value).update(vars(found))
    object.__setattr__(value, "__pydantic_extra__", found.__pydantic_extra__)
    return value


def _with_private(value: Any, check: Any, _: Any) -> Any:
    """A model with private attributes: validators of the whole model, which see what is made here, may ask for them."""
    found = check(value)
    object.__setattr__(found, "__pydantic_private__", value.__pydantic_private__)
    return found


def _choose(value: Any, check: Any, info: Any) -> Any:
    """A union, whose models are given as instances."""
    if not isinstance(info.context, _Converting):
        return check(value)
    in_union, info.context.in_union = info.context.in_union, True
    try:
        return check(value)
    finally:
        info.context.in_union = in_union
