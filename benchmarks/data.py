"""The documents that every peer stores: nine fields, one a nested document, one a list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

COLLECTION = "people"
#: A view of the same documents, ten times over.
MANY = "many_people"
TIMES = 10
START = datetime(2020, 1, 1, tzinfo=UTC)


def row(number: int) -> dict[str, Any]:
    """The document of that number, as plain values."""
    return {
        "_id": number,
        "name": f"Person {number}",
        "email": f"person{number}@example.org",
        "age": 18 + number % 70,
        "score": number * 0.5,
        "active": number % 3 == 0,
        "created": START + timedelta(seconds=number),
        "address": {
            "street": f"Street {number % 500}",
            "city": f"City {number % 100}",
            "code": str(10_000 + number % 90_000),
        },
        "tags": [f"tag{number % 7}", f"tag{number % 11}", "all"],
    }


def aggregated(count: int) -> dict[str, tuple[int, float]]:
    """By city: how many of the first `count` documents there are, and their mean score."""
    found: dict[str, tuple[int, float]] = {}
    for number in range(count):
        document = row(number)
        people, total = found.get(document["address"]["city"], (0, 0.0))
        found[document["address"]["city"]] = people + 1, total + document["score"]
    return {city: (people, total / people) for city, (people, total) in found.items()}


def comparable(document: Mapping[str, Any]) -> dict[str, Any]:
    """A peer's document in one form for all: `_id` first, times in UTC."""
    out = dict(document)
    if "id" in out:
        out["_id"] = out.pop("id")
    created = out["created"]
    out["created"] = created.replace(tzinfo=UTC) if created.tzinfo is None else created.astimezone(UTC)
    return {name: out[name] for name in sorted(row(0))}
