"""BSON's own types as pydantic fields."""

from __future__ import annotations

from typing import Annotated, Any

from bson import Decimal128, ObjectId
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


def python_number(value: Any) -> Any:
    """A single value that a query gives: decimals as Python's own, as a document's field would hold them."""
    return value.to_decimal() if isinstance(value, Decimal128) else value


def object_id_text(value: ObjectId) -> str:
    """What JSON holds of an id."""
    return str(value)


class _ObjectIdSchema:
    """An ObjectId, or its 24 hexadecimal digits; JSON holds the digits."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from_text = core_schema.no_info_after_validator_function(
            ObjectId, core_schema.str_schema(pattern="^[0-9a-fA-F]{24}$")
        )
        return core_schema.json_or_python_schema(
            json_schema=from_text,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(ObjectId), from_text]),
            serialization=core_schema.plain_serializer_function_ser_schema(object_id_text, when_used="json"),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-9a-fA-F]{24}$", "examples": ["5eb7cf5a86d9755df3a6c593"]}


PydanticObjectId = Annotated[ObjectId, _ObjectIdSchema]
