"""Columns from a real server: pyarrow and polars, of documents, families, projections and rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars
import pyarrow
import pytest
from pydantic import BaseModel

from data_bridge import Document, Link
from data_bridge.errors import CompileError, DecodeError, SchemaError
from data_bridge.pipeline import Count, Group


class Seller(Document):
    name: str

    class Settings:
        name = "column_sellers"


class Sale(Document):
    id: int
    amount: Decimal
    city: str
    note: str | None = None
    seller: Link[Seller] | None = None

    class Settings:
        name = "column_sales"
        is_root = True


class Online(Sale):
    url: Any = None


class Slim(BaseModel):
    city: str
    note: str | None = None


class ByCity(BaseModel):
    count: int


class Skipped(Document):
    id: int
    size: int

    class Settings:
        name = "column_skipped"
        on_invalid = "skip"


async def stored() -> Seller:
    seller = await Seller(name="Ann").insert()
    await Sale.insert_many(
        [Sale(id=number, amount=Decimal(number) / 4, city=f"city {number % 3}") for number in range(30)]
    )
    await Sale(id=30, amount=Decimal(1), city="far", seller=seller).insert()  # type: ignore[arg-type]
    await Online(id=31, amount=Decimal(2), city="net", url={"a": 1}).insert()
    return seller


async def test_documents_become_columns(client: Any) -> None:
    seller = await stored()
    query = Sale.find(sort=Sale.id, with_children=True).batch_size(10)
    documents = await query
    table = await query.to_arrow()
    assert isinstance(table, pyarrow.Table)
    assert table.column_names == ["id", "amount", "city", "note", "seller"]
    assert table["id"].to_pylist() == [each.id for each in documents]
    assert table["amount"].to_pylist() == [each.amount for each in documents]
    assert table["seller"].to_pylist()[30] == str(seller.id)
    assert query.to_arrow().run_sync() == table
    assert await query.lazy().to_arrow() == table
    frame = await query.to_polars()
    assert isinstance(frame, polars.DataFrame)
    assert frame["city"].to_list() == [each.city for each in documents]
    assert frame.filter(polars.col("city") == "far")["id"].to_list() == [30]
    assert (await Sale.find(Sale.id.in_([])).to_arrow()).num_rows == 0
    assert (await Sale.find_one(Sale.id == 3).to_arrow())["id"].to_pylist() == [3]


async def test_models_of_projections_and_rows(client: Any) -> None:
    await stored()
    slim = await Sale.find(Sale.id < 2, sort=Sale.id).project(Slim).to_arrow()
    assert slim.to_pylist() == [{"city": "city 0", "note": None}, {"city": "city 1", "note": None}]
    rows = Sale.aggregate([Group(by=Sale.city, count=Count())], output=ByCity)
    assert sorted((await rows.to_polars())["count"].to_list()) == [1, 10, 10, 10]
    with pytest.raises(CompileError, match="rows of no model have no types"):
        await Sale.aggregate([Group(by=Sale.city, count=Count())]).to_arrow()
    with pytest.raises(SchemaError, match=r"Online\.url may hold anything"):
        await Online.find().to_arrow()


async def test_what_does_not_fit_is_named_or_skipped(client: Any) -> None:
    await Sale.collection().insert_one({"_id": 7, "_class_id": "Sale", "amount": "much", "city": "x"})
    with pytest.raises(DecodeError) as refused:
        await Sale.find().to_arrow()
    assert (refused.value.document_id, refused.value.path) == (7, "amount")
    await Skipped.collection().insert_many([{"_id": 1, "size": 1}, {"_id": 2, "size": "large"}, {"_id": 3, "size": 3}])
    assert (await Skipped.find(sort=Skipped.id).to_arrow())["id"].to_pylist() == [1, 3]
