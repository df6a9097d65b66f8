"""Going through pydantic's core schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from pydantic import BaseModel
from pydantic_core import SchemaValidator

CoreSchema: TypeAlias = dict[str, Any]

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
        "extras_keys_schema",
        "lax_schema",
        "strict_schema",
        "json_schema",
        "python_schema",
        "steps",
    }
)


def validator_of(schema: Any, config: Any = None) -> SchemaValidator:
    """The validator of a core schema that was changed."""
    # Prebuilt validators would be those of the classes, unchanged.
    return SchemaValidator(schema, config, False)


def with_inner(schema: CoreSchema, change: Callable[[CoreSchema], CoreSchema]) -> CoreSchema:
    """The core schema with what `change` makes of those right inside it."""
    return {key: _changed(item, change) if key in _INNER else item for key, item in schema.items()}


def _changed(inner: Any, change: Callable[[CoreSchema], CoreSchema]) -> Any:
    if isinstance(inner, (list, tuple)):
        return type(inner)(_changed(item, change) for item in inner)
    if not isinstance(inner, dict):
        return inner
    # Fields and choices stand under their names, one of which may be "type".
    if isinstance(inner.get("type"), str):
        return change(inner)
    return {name: _changed(item, change) for name, item in inner.items()}


def within(schema: CoreSchema) -> Iterator[CoreSchema]:
    """A core schema and all inside it that is not inside a model."""
    found = [schema]
    while found:
        each = found.pop()
        yield each
        if each["type"] != "model":
            with_inner(each, lambda inner: found.append(inner) or inner)  # type: ignore[func-returns-value]


def model_inside(schema: CoreSchema) -> CoreSchema | None:
    """The schema of a model that stands in nothing but functions, such as validators of the whole model."""
    while schema["type"].startswith("function-") and "schema" in schema:
        schema = schema["schema"]
    return schema if schema["type"] == "model" else None


def inlined(schema: CoreSchema, definitions: list[CoreSchema]) -> CoreSchema:
    """A model that functions stand around, with the model itself where the schema only names it."""
    if schema["type"].startswith("function-") and "schema" in schema:
        inner = inlined(schema["schema"], definitions)
        if inner["type"] == "definition-ref":
            named = resolved(inner, definitions)
            inner = {key: item for key, item in named.items() if key != "ref"} if model_inside(named) else inner
        return {**schema, "schema": inner}
    return schema


def models_of(schema: CoreSchema, definitions: list[CoreSchema]) -> list[CoreSchema]:
    """The schemas of the models that a choice of a union may be."""
    schema = resolved(schema, definitions)
    if schema["type"] == "model":
        return [schema]
    if schema["type"] in ("union", "tagged-union"):
        choices = schema["choices"]
        each = (
            choices.values()
            if isinstance(choices, dict)
            else [choice[0] if isinstance(choice, tuple) else choice for choice in choices]
        )
        return [model for choice in each for model in models_of(choice, definitions)]
    return models_of(schema["schema"], definitions) if "schema" in schema else []


def fields_inside(model: CoreSchema) -> dict[str, CoreSchema]:
    """The fields of a model, by name; a model of a root has one field."""
    schema = model["schema"]
    if model.get("root_model"):
        return {"root": {"type": "model-field", "schema": schema}}
    while schema["type"].startswith("function-"):
        schema = schema["schema"]
    fields: dict[str, CoreSchema] = schema["fields"]
    return fields


def definitions_of(schema: CoreSchema) -> tuple[CoreSchema, list[CoreSchema]]:
    """A core schema without the definitions that it refers to, and these."""
    if schema["type"] != "definitions":
        return schema, []
    inner, definitions = schema["schema"], schema["definitions"]
    return resolved(inner, definitions), definitions


def resolved(schema: CoreSchema, definitions: list[CoreSchema]) -> CoreSchema:
    """The core schema itself, or the one that it only names."""
    if schema["type"] != "definition-ref":
        return schema
    return next(each for each in definitions if each.get("ref") == schema["schema_ref"])


def schema_of_model(cls: type[BaseModel]) -> CoreSchema | None:
    """What a class's core schema says of the model itself; None of a class that makes its own."""
    schema: Any = cls.__pydantic_core_schema__
    return model_inside(definitions_of(schema)[0])


def referred(schema: CoreSchema, instead: CoreSchema) -> CoreSchema:
    """What stands instead of a core schema, under the name by which others know that."""
    return {**instead, "ref": schema["ref"]} if "ref" in schema else instead


def wrapped(function: Callable[[Any, Any, Any], Any], schema: CoreSchema) -> CoreSchema:
    """A core schema in a function of a value, the validator of the schema, and what else is known."""
    inner = {key: item for key, item in schema.items() if key != "ref"}
    told = {"type": "with-info", "function": function}
    return referred(schema, {"type": "function-wrap", "function": told, "schema": inner})


def changed_first(change: Callable[[Any], Any], schema: CoreSchema) -> CoreSchema:
    """The core schema of what `change` makes of values."""
    inner = {key: item for key, item in schema.items() if key != "ref"}
    told = {"type": "no-info", "function": change}
    return referred(schema, {"type": "function-before", "function": told, "schema": inner})
