"""Judged by mypy and pyright as it stands: a line marked `# error` must be refused, every other one accepted."""

from uuid import UUID, uuid4

from bson import ObjectId
from pydantic import Field

from data_bridge import Document, Link, Mapped, mapped


class Author(Document):
    name: Mapped[str]


class Numbered(Document):
    # Pyright wants a default where the base has one; to pydantic it is none.
    id: int = Field(default=...)
    author: Link[Author]


class Keyed(Document):
    id: UUID = Field(default_factory=uuid4)


class Told(Document):
    id: Mapped[str] = mapped("?")


def queries(ids: list[ObjectId]) -> None:
    Author.find(Author.id.in_(ids)).sort(-Author.id)
    Author.find(Author.id == ids[0])
    Numbered.find(Numbered.author.id.in_(ids))
    Told.find(Told.id.startswith("a"))
    Told.find(Told.id.startswth("a"))  # error


def values(author: Author, numbered: Numbered) -> None:
    _: int = numbered.id
    __: str = numbered.id  # error
    Author(id=ObjectId(), name="Ann")
    Numbered(id=1, author=author)
    Keyed()
