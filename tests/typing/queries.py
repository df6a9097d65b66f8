"""Judged by mypy and pyright as it stands: a line marked `# error` must be refused, every other one accepted."""

from typing import Any, assert_type

from pydantic import BaseModel

from data_bridge import Count, Document, Group, Mapped


class User(Document):
    name: str
    age: Mapped[int]


class Name(BaseModel):
    name: str


async def documents() -> None:
    assert_type(await User.find(User.age > 5), list[User])
    assert_type(await User.find().sort(-User.age).skip(1).limit(2).fetch_links(), list[User])
    assert_type(await User.find_all().with_children().lazy().to_list(), list[User])
    assert_type(await User.find().first(), User | None)
    assert_type(await User.find().one(), User)
    assert_type(User.find().run_sync(), list[User])
    async for user in User.find(User.age > 5).comment("all"):
        assert_type(user, User)


async def single() -> None:
    assert_type(await User.find_one(User.age > 5), User | None)
    assert_type(await User.find_one().find(User.age > 5).sort(User.name).fetch_links().lazy(), User | None)
    assert_type(User.find_one().run_sync(), User | None)
    assert_type(await User.find_one().first(), User | None)
    assert_type(await User.find_one().project(Name), Name | None)
    assert_type(await User.find_one().project("name"), dict[str, Any] | None)


async def rows() -> None:
    assert_type(await User.find().project(Name), list[Name])
    assert_type(await User.find().project(Name).limit(3).to_list(), list[Name])
    assert_type(await User.find().project(User.age, "name", twice=User.age * 2), list[dict[str, Any]])
    assert_type(await User.aggregate([Group(by=User.name)], output=Name), list[Name])
    assert_type(await User.find().aggregate([], output=Name).to_list(), list[Name])
    assert_type(await User.aggregate([], Name).first(), Name | None)
    assert_type(await User.aggregate([Group(by=User.age, n=Count())]), list[dict[str, Any]])


async def refused() -> None:
    print((await User.find_one()).name)  # error
    print((await User.find()).name)  # error
    print((await User.find_one(User.age > 5).lazy()).age)  # error
    print([user.nam for user in await User.find()])  # error
    print([row.age for row in await User.find().project(Name)])  # error
    print([row["name"] for row in await User.aggregate([], output=Name)])  # error
