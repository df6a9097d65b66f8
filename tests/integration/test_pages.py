"""Pages by key: together they are the sorted query, whatever is stored; what cannot be paged is refused."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import Decimal128, Regex
from pydantic import BaseModel, ConfigDict, Field

from data_bridge import Document, EmbeddedDocument, Limit, Sort
from data_bridge.errors import CompileError


class Part(EmbeddedDocument):
    size: int = 0


class Ware(Document):
    id: int
    lvl: int = 5
    f: float = 0.0
    u: int | str | None = 0
    tags: list[int] = []
    parts: list[Part] = []
    by: dict[str, int | None] = {}
    any: Any = None


class Loose(Document):
    id: Any = None
    any: Any = None

    class Settings:
        name = "Ware"


class Lenient(Document):
    id: int
    n: int = 0

    class Settings:
        name = "Ware"
        on_invalid = "skip"


class Raw(Document):
    id: int
    n: int = 0

    class Settings:
        name = "Ware"
        on_invalid = "raw"


class Exact(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: int = Field(alias="_id")


@pytest.fixture
def stored(client: Any) -> Any:
    """Stores rows, whatever they hold, with their places as ids."""
    collection = client.pymongo()[client.database]["Ware"]

    async def put(*rows: dict[str, Any]) -> None:
        await collection.delete_many({})
        await collection.insert_many([{"_id": number, **row} for number, row in enumerate(rows)])

    return put


async def pages(query: Any, size: int = 2) -> list[list[Any]]:
    """The ids of each page's documents."""
    found: list[list[Any]] = []
    after = None
    while True:
        page = await query.paginate(size, after=after)
        found.append([row["_id"] if isinstance(row, dict) else row.id for row in page.items])
        after = page.next
        if after is None:
            return found
        assert len(found) < 50


NAN = math.nan
ORDERS: dict[str, list[dict[str, Any]]] = {
    "lvl": [{}, {}, {}, {"lvl": 1}, {"lvl": 7}],
    "f": [{"f": each} for each in (NAN, 1.0, NAN, -math.inf, 2.0, NAN, Decimal128("NaN"), math.inf)],
    "u": [{"u": each} for each in (1, "a", 2, "b", 3, None, "a")] + [{}],
    "by.a": [{"by": {"a": 1}}, {}, {"by": {}}, {"by": {"a": 0}}, {"by": {"a": None}}],
}


@pytest.mark.parametrize("path", ORDERS)
@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("size", [1, 2, 3, 100])
async def test_the_pages_are_the_query(stored: Any, path: str, sign: str, size: int) -> None:
    await stored(*ORDERS[path])
    query = Ware.find().sort(sign + path)
    whole = [each.id for each in await query.sort(sign + path, "_id")]
    found = await pages(query, size)
    assert [id for page in found for id in page] == whole
    assert all(len(page) == size for page in found[:-1])


async def test_values_of_any_type_are_paged_in_the_order_of_the_server(stored: Any) -> None:
    values = [3, "x", None, {"a": 1}, b"b", True, datetime(2020, 1, 1, tzinfo=UTC), 2.5, "", False, {"a": {}}]
    await stored(*({"any": value} for value in values))
    for order in ("any", "-any"):
        query = Ware.find().sort(order)
        assert [id for page in await pages(query) for id in page] == [
            each.id for each in await query.sort(order, "_id")
        ]


async def test_a_skip_is_before_the_first_page_and_a_limit_is_over_all_of_them(stored: Any) -> None:
    await stored(*({"lvl": number} for number in range(8)))
    query = Ware.find().sort(-Ware.lvl)
    assert await pages(query.skip(3)) == [[4, 3], [2, 1], [0]]
    assert await pages(query.limit(3)) == [[7, 6], [5]]
    assert await pages(query.limit(4)) == [[7, 6], [5, 4]]
    assert await pages(query.limit(1)) == [[7]]
    assert await pages(query.skip(6).limit(5)) == [[1, 0]]


async def test_a_projection_need_not_hold_the_order(stored: Any) -> None:
    await stored(*({"lvl": number, "u": 1} for number in range(3)), {})
    query = Ware.find().sort(-Ware.lvl)
    expected = [[2, 1], [0, 3]]
    assert await pages(query.project(Ware.id)) == expected
    assert await pages(query.project(Exact)) == expected
    assert await pages(query.project(lvl=False)) == expected
    assert await pages(query.project(lvl=Ware.f)) == expected
    page = await query.project(Ware.u, double=Ware.lvl * 2).paginate(1)
    assert page.items == [{"_id": 2, "u": 1, "double": 4}]
    assert (await query.project(u=False).paginate(1)).items == [{"_id": 2, "lvl": 2}]
    assert (await query.project(Ware.u, id=False).paginate(1)).items == [{"u": 1}]


async def test_what_does_not_fit_its_class_takes_its_place_in_a_page(stored: Any) -> None:
    await stored(*({"n": "x" if number in (1, 5) else number} for number in range(6)))
    assert await pages(Lenient.find()) == [[0], [2, 3], [4]]
    assert await pages(Lenient.find(), 1) == [[0], [], [2], [3], [4], []]
    assert await pages(Raw.find()) == [[0, 1], [2, 3], [4, 5]]
    assert await pages(Raw.find().sort(Raw.n)) == [[0, 2], [3, 4], [1, 5]]


@pytest.mark.parametrize("path", ["tags", "parts.size", "parts"])
async def test_an_order_by_a_list_is_refused(client: Any, path: str) -> None:
    with pytest.raises(CompileError, match="may be a list") as raised:
        Ware.find().sort(path).paginate(2)
    assert (raised.value.code, raised.value.path) == ("page_by_list", path)


async def test_a_list_that_is_stored_where_the_class_has_none_is_no_place_in_an_order(stored: Any) -> None:
    await stored({"any": 3}, {"any": [1, 9]}, {"any": 5})
    with pytest.raises(CompileError, match="is a list in a stored document"):
        await Ware.find().sort(Ware.any).paginate(2)
    with pytest.raises(CompileError, match="is a list in a stored document"):
        await Ware.find().sort(Ware.any).project(Ware.id).paginate(2)


async def test_no_page_begins_behind_a_pattern(stored: Any) -> None:
    await stored({"any": Regex("a")}, {"any": Regex("b")})
    with pytest.raises(CompileError, match="no page can begin behind Regex") as raised:
        await Ware.find().sort(Ware.any).project(Ware.id).paginate(1)
    assert (raised.value.code, raised.value.path) == ("page_by_value", "any")


@pytest.mark.parametrize("size", [0, -1, True, 2.0, "2", None])
async def test_a_page_has_a_document(client: Any, size: Any) -> None:
    with pytest.raises(CompileError, match="whole number of documents from 1"):
        Ware.find().paginate(size)


async def test_rows_of_a_pipeline_have_no_pages(client: Any) -> None:
    with pytest.raises(CompileError, match="rows of a pipeline") as raised:
        Ware.aggregate([Sort(lvl=1), Limit(5)]).paginate(2)
    assert raised.value.code == "page_of_pipeline"


async def test_a_cursor_is_of_the_query_that_gave_it(stored: Any) -> None:
    await stored(*({"lvl": number} for number in range(5)))
    query = Ware.find().sort(Ware.lvl)
    after = (await query.paginate(2)).next
    for other, wrong in ((Ware.find().sort(Ware.f), after), (query, "x"), (query, after[:-8]), (query.limit(2), after)):
        with pytest.raises(CompileError) as raised:
            other.paginate(2, after=wrong)
        assert raised.value.code == "bad_cursor"


async def test_an_index_serves_every_page(stored: Any, client: Any) -> None:
    await stored(*({"lvl": number // 3} for number in range(3000)))
    collection = client.pymongo()[client.database]["Ware"]
    await collection.create_index([("lvl", 1), ("_id", 1)])
    query = Ware.find().sort(Ware.lvl)
    after = None
    for _ in range(5):
        asked, _ = query._page(500, after)
        assert (await asked.explain()).documents_examined == 501
        after = (await query.paginate(500, after=after)).next


async def test_what_is_missing_and_what_is_null_are_one_place_of_an_index(client: Any) -> None:
    await Ware.collection().create_index([("any", 1), ("_id", -1)])
    await Ware.collection().insert_many([{"_id": None}, {"_id": False, "any": None}, {"_id": True}])
    query, after, ids = Loose.find().sort(Loose.any, -Loose.id), None, []
    for _ in range(3):
        page = await query.paginate(1, after=after)
        ids += [each.id for each in page.items]
        after = page.next
    assert (ids, after) == ([True, False, None], None)
