"""Aggregation expressions: conditional.

Written by `make generate` from `ir/catalog/expressions.toml`: change that.
"""

from __future__ import annotations

from typing import Any

from ..fields.nodes import listed
from ..fields.values import Value


def if_null(*values: Any) -> Value[Any]:
    """The first value that is neither null nor missing, else the last one.

    `$ifNull`, since MongoDB 2.2.
    """
    return listed("$ifNull", *values)
