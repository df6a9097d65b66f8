"""Queries as text: `parse` reads what a query looks like in Python, and `str(query)` writes it;
`to_python` writes MQL as Python.

`parse('User.find((User.age > 25) & (User.address.city == "NYC"))', models=[User])` is the query that Python would
build. The text is never run as a program: every name in it is looked up in a table.
"""

from .limits import Limits
from .parse import parse
from .printer import to_python
from .statement import Statement

__all__ = ["Limits", "Statement", "parse", "to_python"]
