"""What may be given to an expression, for type checkers.

A plainly annotated field is its value's type to a checker, and a mapped one a `MappedField`: both stand here.
"""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from bson import Binary, Decimal128, Int64, ObjectId, Regex, Timestamp

from .fields.expression import Expression, SortKey

if TYPE_CHECKING:
    from .mapped import MappedField

    Computed: TypeAlias = Expression | MappedField[Any]
else:
    Computed = Expression

Number: TypeAlias = int | float | decimal.Decimal | Decimal128 | Int64 | Computed | None
Whole: TypeAlias = int | Int64 | Computed | None
Text: TypeAlias = str | Computed | None
Truth: TypeAlias = bool | Computed | None
Moment: TypeAlias = datetime.date | ObjectId | Timestamp | Computed | None
Stamp: TypeAlias = Timestamp | Computed | None
Items: TypeAlias = Sequence[Any] | set[Any] | frozenset[Any] | Computed | None
Record: TypeAlias = Mapping[str, Any] | Computed | Any
Bytes: TypeAlias = bytes | Binary | Computed | None
Pattern: TypeAlias = re.Pattern[str] | Regex[str] | Computed | None
#: 1 or -1 for the values themselves, else sort keys.
Order: TypeAlias = int | str | SortKey | Mapping[str, int] | Sequence[Any] | Computed
