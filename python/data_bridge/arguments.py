"""What may be given to an expression, for type checkers.

A plainly annotated field is its value's type to a checker, and a mapped one an expression of that type:
both stand here.
"""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from bson import Binary, Decimal128, Int64, ObjectId, Regex, Timestamp

from .fields.expression import Expression, SortKey

E = TypeVar("E")

#: A stored list, as a field may be annotated.
Listed: TypeAlias = list[E] | set[E] | frozenset[E] | tuple[E, ...]

Whole: TypeAlias = int | Int64 | Expression[int | None] | None
Real: TypeAlias = float | Expression[float | None] | None
Exact: TypeAlias = decimal.Decimal | Decimal128 | Expression[decimal.Decimal | Decimal128 | None]
Number: TypeAlias = (
    float | decimal.Decimal | Decimal128 | Expression[float | decimal.Decimal | Decimal128 | None] | None
)
Text: TypeAlias = str | Expression[str | None] | None
Truth: TypeAlias = bool | Expression[bool | None] | None
Day: TypeAlias = datetime.date | Expression[datetime.date | None] | None
Id: TypeAlias = ObjectId | str | Expression[ObjectId | None] | None
#: What has a day and a time: an ObjectId and a timestamp tell when they were made.
Moment: TypeAlias = (
    datetime.date | ObjectId | Timestamp | Expression[datetime.date | ObjectId | Timestamp | None] | None
)
Stamp: TypeAlias = Timestamp | Expression[Timestamp | None] | None
Items: TypeAlias = Sequence[E] | set[E] | frozenset[E] | Expression[Listed[E] | None] | None
Record: TypeAlias = Mapping[str, Any] | Expression[Any] | Any
Bytes: TypeAlias = bytes | Binary | Expression[bytes | Binary | None] | None
Pattern: TypeAlias = re.Pattern[str] | Regex[str] | Expression[re.Pattern[str] | Regex[str] | None] | None
#: 1 or -1 for the values themselves, else sort keys.
Order: TypeAlias = int | str | SortKey | Mapping[str, int] | Sequence[Any] | Expression[Any]
