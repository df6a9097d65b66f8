"""`explain()` and the assertions on plans, on a real server."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest

from data_bridge import Avg, Document, Group, Indexed, Match, Set, Sort, Unwind, fn
from data_bridge.testing import assert_no_collection_scan, assert_uses_index


class Sale(Document):
    shop: Annotated[str, Indexed()]
    amount: int
    items: list[str] = []

    class Settings:
        name = "explained_sales"


@pytest.fixture
async def sales(client: Any) -> None:
    await Sale.sync_indexes()
    await Sale.insert_many([Sale(shop=f"s{n % 4}", amount=n, items=["x", "y"]) for n in range(40)])


@pytest.mark.usefixtures("sales")
class TestExplain:
    async def test_a_find(self) -> None:
        found = await Sale.find(Sale.shop == "s1").explain()
        assert found.index == "shop_1"
        assert (found.returned, found.keys_examined, found.documents_examined) == (10, 10, 10)
        assert [stage.name for stage in found.stages] == ["FETCH", "IXSCAN"]
        assert found.stages[1].bounds == {"shop": ['["s1", "s1"]']}
        assert found.milliseconds is not None
        assert all(stage.milliseconds is not None for stage in found.stages)
        assert 'IXSCAN shop_1 {shop: ["s1", "s1"]}' in str(found)
        assert not found.scans_collection

    async def test_an_aggregation_shows_every_stage(self) -> None:
        pipeline = [
            Match(Sale.shop == "s1"),
            Unwind(Sale.items),
            Set(double=fn.multiply(Sale.amount, 2)),
            Group(by=Sale.items, mean=Avg(Sale.amount)),
            Sort(mean=-1),
        ]
        found = await Sale.aggregate(pipeline).explain()
        names = [stage.name for stage in found.stages]
        assert names[0] == "$sort"
        assert "$unwind" in names
        assert any(name in ("$group", "GROUP") for name in names)
        assert names[-1] == "IXSCAN"
        assert (found.returned, found.index) == (2, "shop_1")
        assert all(stage.returned is not None for stage in found.stages if stage.name.startswith("$"))

    async def test_verbosity(self) -> None:
        query = Sale.find((Sale.shop == "s1") & (Sale.amount > 3))
        planned = await query.explain(verbosity="queryPlanner")
        assert planned.index == "shop_1"
        assert planned.documents_examined is None
        full = await query.explain(verbosity="allPlansExecution")
        assert full.documents_examined == 10
        assert "allPlansExecution" in (full.server or {})["executionStats"]
        with pytest.raises(ValueError, match="executionStats"):
            query.explain(verbosity="full").run_sync()

    async def test_nothing_is_sent(self) -> None:
        found = await Sale.find(Sale.shop.in_([])).explain()
        assert found.server is None
        assert found.stages == []
        assert "nothing is sent" in str(found)
        await assert_no_collection_scan(Sale.find(Sale.shop.in_([])))

    async def test_a_collection_that_is_not_there(self) -> None:
        class Nowhere(Document):
            name: str

        found = await Nowhere.find(Nowhere.name == "x").explain()
        assert [stage.name for stage in found.stages] == ["EOF"]
        assert found.advice == []

    async def test_as_data_and_as_a_page(self) -> None:
        found = await Sale.find(Sale.amount == 3).explain()
        data = json.loads(found.to_json())
        assert data["winning"]["stage"] == "COLLSCAN"
        assert data["advice"][0]["code"] == "amount: Annotated[int, Indexed()]"
        assert "collection scan" in found._repr_html_()
        assert "COLLSCAN" in found.to_mermaid()

    async def test_without_an_event_loop(self) -> None:
        assert Sale.find(Sale.shop == "s1").explain().run_sync().index == "shop_1"

    async def test_assertions_hold(self) -> None:
        await assert_no_collection_scan(Sale.find(Sale.shop == "s1"))
        assert_uses_index(Sale.find(Sale.shop == "s1"), "shop_1").run_sync()

    async def test_assertions_fail_with_the_plan(self) -> None:
        with pytest.raises(AssertionError, match=r"(?s)every document.*COLLSCAN.*amount: Annotated"):
            await assert_no_collection_scan(Sale.find(Sale.amount == 3))
        with pytest.raises(AssertionError, match=r"(?s)'amount_1'; indexes used: shop_1.*IXSCAN"):
            assert_uses_index(Sale.find(Sale.shop == "s1"), "amount_1").run_sync()
        with pytest.raises(AssertionError, match="indexes used: none"):
            await assert_uses_index(Sale.find(Sale.amount == 1), "amount_1")
