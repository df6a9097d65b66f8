"""Document classes that tests share."""

from __future__ import annotations

import enum
from typing import Annotated

from pydantic import Field

from data_bridge import Document, EmbeddedDocument, Indexed


class Role(enum.Enum):
    ADMIN = "admin"
    GUEST = "guest"


class Address(EmbeddedDocument):
    street: str
    city: str


class Item(EmbeddedDocument):
    name: str
    price: float
    count: int = 1


class User(Document):
    name: str
    email: Annotated[str, Indexed(unique=True)]
    age: Annotated[int, Field(ge=0)]
    address: Address
    tags: list[str] = []
    items: list[Item] = []
    role: Role = Role.GUEST
    nickname: str | None = None

    class Settings:
        name = "users"


def user(number: int, **changes: object) -> User:
    """A user who differs from others in everything that is unique."""
    values = {
        "name": f"user {number}",
        "email": f"{number}@example.org",
        "age": number % 90,
        "address": Address(street="Main", city="NYC" if number % 2 else "LA"),
        **changes,
    }
    return User(**values)  # type: ignore[arg-type]
