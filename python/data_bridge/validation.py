"""Whether a document may be written: its values may have been changed since pydantic validated them.

Types, constraints and the models' own "after" validators are checked, in nested models too. Functions that validate a
field are not run again: they were when the value was given, and one that changes values (a hash, a split) would be
run on its own result. Pydantic's `validate_assignment` runs them for values assigned later.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import SchemaValidator

from .per_class import per_class
from .plain_types import Fit, fit_of
from .schema import makes_ids

_MODELS = frozenset({"model", "model-fields"})
#: What turns one kind of value into another: their results need not be what they accept.
_CONVERTERS = frozenset({"function-after", "function-wrap", "function-plain", "chain", "json", "generator"})
#: The keys of a core schema that hold other core schemas.
_INNER = frozenset(
    {
        "schema",
        "fields",
        "choices",
        "definitions",
        "items_schema",
        "keys_schema",
        "values_schema",
        "extras_schema",
        "lax_schema",
        "strict_schema",
        "json_schema",
        "python_schema",
    }
)

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
    except ValidationError as wrong:
        converted = validator.validate_python(document, strict=False, by_name=True)
        for problem in wrong.errors(include_url=False, include_context=False, include_input=False):
            name = str(problem["loc"][0]) if problem["loc"] else ""
            if name in vars(converted):
                vars(document)[name] = vars(converted)[name]


@per_class
def fit_of_class(cls: type[BaseModel]) -> Fit | None:
    """What sees quickly that a document is valid; None where only pydantic can tell."""
    return fit_of(_checking(cls.__pydantic_core_schema__), "id" in cls.model_fields and makes_ids(cls))


@per_class
def _validator_of(cls: type[BaseModel]) -> SchemaValidator:
    """Pydantic's whole check."""
    # Prebuilt validators would be those of the classes, with the functions.
    return SchemaValidator(_checking(cls.__pydantic_core_schema__), None, False)


def _checking(schema: Any) -> Any:
    """The core schema that takes an instance, looks into it, and calls no function of its fields."""
    if isinstance(schema, (list, tuple)):
        return type(schema)(_checking(item) for item in schema)
    if not isinstance(schema, dict):
        return schema
    kind = schema.get("type")
    referred = {"ref": schema["ref"]} if "ref" in schema else {}
    if kind in _CONVERTERS and not _is_model(schema):
        return {"type": "any", **referred}
    if kind in ("function-before", "function-wrap"):
        return {**_checking(schema["schema"]), **referred}
    kept = {key: item for key, item in schema.items() if key not in _NOT_CHECKED}
    for key in _INNER & kept.keys():
        inner = kept[key]
        by_name = key in ("fields", "choices") and isinstance(inner, dict)
        kept[key] = {name: _checking(item) for name, item in inner.items()} if by_name else _checking(inner)
    if kind == "model":
        kept["revalidate_instances"] = "always"
    return kept


def _is_model(schema: dict[str, Any]) -> bool:
    """A validator of a whole model, perhaps around others of them."""
    inner = schema.get("schema")
    while isinstance(inner, dict) and inner.get("type", "").startswith("function-"):
        inner = inner.get("schema")
    return isinstance(inner, dict) and inner.get("type") in _MODELS
