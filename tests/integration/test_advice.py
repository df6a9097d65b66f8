"""Each piece of advice, on a real server: where it is given and where it is not."""

from typing import Annotated, Any

import pytest
from pymongo import IndexModel

from data_bridge import BackLink, Document, Explain, Indexed, Link, Lookup, Match, Query


class Writer(Document):
    name: Annotated[str, Indexed()]
    rank: int = 0
    works: list[BackLink["Work"]] = BackLink(original_field="writer")

    class Settings:
        name = "advice_writers"


class Work(Document):
    title: str
    name: Annotated[str, Indexed()] = "n"
    year: Annotated[int, Indexed()] = 0
    pages: int = 0
    genre: str = "g"
    code: str = "c"
    tags: list[str] = []
    score: int | None = None
    writer: Link[Writer] | None = None

    class Settings:
        name = "advice_works"
        indexes = [
            [("genre", 1), ("code", 1)],
            [("title", 1), ("tags", 1)],
        ]


@pytest.fixture
async def works(client: Any) -> None:
    await Work.sync_indexes()
    await Writer.sync_indexes()
    writer = await Writer(name="w").insert()
    await Work.insert_many(
        [Work(title=f"t{n % 5}", year=n, pages=n, tags=["a", f"b{n}"], writer=writer) for n in range(40)]
    )


async def kinds(query: Query[Any]) -> list[str]:
    return [advice.kind for advice in (await query.explain()).advice]


async def the(kind: str, query: Query[Any]) -> Any:
    found: Explain = await query.explain()
    chosen = [advice for advice in found.advice if advice.kind == kind]
    assert chosen, found
    return chosen[0]


@pytest.mark.usefixtures("works")
class TestAdvice:
    async def test_collection_scan_names_the_field(self) -> None:
        advice = await the("collection_scan", Work.find(Work.pages == 3))
        assert advice.code == "pages: Annotated[int, Indexed()]"
        optional = await the("collection_scan", Work.find(Work.score == 3))
        assert optional.code == "score: Annotated[int | None, Indexed()]"

    async def test_collection_scan_orders_keys_equality_sort_range(self) -> None:
        query = Work.find((Work.pages > 3) & (Work.score == 1)).sort(-Work.code)
        advice = await the("collection_scan", query)
        assert '[("score", 1), ("code", -1), ("pages", 1)]' in advice.code

    async def test_no_collection_scan_by_index_or_of_everything(self) -> None:
        assert await kinds(Work.find(Work.year == 3)) == []
        assert await kinds(Work.find()) == []

    async def test_each_branch_of_or_is_advised(self) -> None:
        found = await Work.find((Work.pages == 3) | (Work.score == 2)).explain()
        assert [advice.code.split(":")[0] for advice in found.advice] == ["pages", "score"]

    async def test_a_natural_hint_is_named(self) -> None:
        advice = await the("collection_scan", Work.find(Work.year == 3).hint({"$natural": 1}))
        assert "$natural" in advice.message

    async def test_an_index_that_is_read_whole_for_its_order(self) -> None:
        advice = await the("collection_scan", Work.find(Work.pages == 3).sort(Work.year))
        assert "year_1 is read from end to end" in advice.message
        assert '[("pages", 1), ("year", 1)]' in advice.code
        assert await kinds(Work.find().sort(Work.year)) == []

    async def test_following_the_advice_ends_it(self) -> None:
        query = Work.find((Work.pages > 3) & (Work.score == 1)).sort(-Work.code)
        await Work.collection().create_index([("score", 1), ("code", -1), ("pages", 1)])
        found = await query.explain()
        assert found.index == "score_1_code_-1_pages_1"
        assert found.advice == []

    async def test_what_a_plan_asks_first_counts_wherever_it_is_written(self) -> None:
        computed = {"$set": {"old": {"$add": ["$year", 1]}}}
        found = await the("collection_scan", Work.aggregate([computed, {"$match": {"pages": 3}}]))
        assert found.code == "pages: Annotated[int, Indexed()]"
        assert await kinds(Work.aggregate([computed, {"$match": {"old": 3}}])) == []

    async def test_memory_sort(self) -> None:
        advice = await the("memory_sort", Work.find(Work.year > 3).sort(Work.pages))
        assert '[("pages", 1), ("year", 1)]' in advice.code
        assert "memory_sort" not in await kinds(Work.find(Work.genre == "g").sort(Work.code))

    async def test_the_order_of_groups_needs_no_index(self) -> None:
        query = Work.aggregate([{"$group": {"_id": "$year", "pages": {"$sum": 1}}}, {"$sort": {"pages": 1}}])
        assert await kinds(query) == []

    async def test_predicates_behind_an_unindexed_link(self) -> None:
        query = Work.find(Work.writer.rank == 0).fetch_links(strategy="batch")  # type: ignore[union-attr]
        advice = await the("unindexed_links", query)
        assert advice.code == "writer: Annotated[Link[Writer] | None, Indexed()]"
        await Work.collection().create_index("writer")
        assert "unindexed_links" not in await kinds(query)

    async def test_back_links_that_are_fetched(self) -> None:
        query = Writer.find(Writer.name == "w").fetch_links()
        assert 'indexes = ["writer"]' in (await the("unindexed_links", query)).code
        assert "unindexed_links" not in await kinds(Writer.find(Writer.name == "w"))
        await Work.collection().create_index("writer")
        assert "unindexed_links" not in await kinds(query)

    async def test_joins_in_a_pipeline(self) -> None:
        def joined(foreign: str) -> Query[Any]:
            stages = [Match(Writer.name == "w"), Lookup(Work, local="rank", foreign=foreign, name="works")]
            return Writer.aggregate(stages)

        assert "advice_works" in (await the("unindexed_links", joined("pages"))).message
        assert await kinds(joined("year")) == []

    async def test_unanchored_pattern(self) -> None:
        advice = await the("loose_regex", Work.find(Work.name.contains("x")))
        assert advice.code == 'Work.find(Work.name.startswith("..."))'
        assert await kinds(Work.find(Work.name.startswith("x"))) == []

    async def test_case_insensitive_pattern(self) -> None:
        advice = await the("loose_regex", Work.find(Work.name.regex("^x", "i")))
        assert "strength" in advice.code
        narrowed = Work.find((Work.year == 3) & Work.name.regex("^x", "i")).hint("year_1")
        assert await kinds(narrowed) == []

    async def test_large_skip(self) -> None:
        assert "paginate" in (await the("large_skip", Work.find().sort(Work.year).skip(5000))).code
        assert "large_skip" not in await kinds(Work.find().sort(Work.year).skip(10))

    async def test_negation(self) -> None:
        for predicate in (Work.year != 3, Work.year.not_in([3, 4]), ~(Work.year == 3)):  # type: ignore[attr-defined]
            assert "what year must not be" in (await the("negation", Work.find(predicate))).message
        assert await kinds(Work.find((Work.year == 3) & (Work.pages != 2))) == []

    async def test_index_with_another_prefix(self) -> None:
        advice = await the("unusable_indexes", Work.find(Work.code == "c"))
        assert "genre_1_code_1" in advice.message
        assert "begins with genre" in advice.message
        assert await kinds(Work.find((Work.genre == "g") & (Work.code == "c"))) == []

    async def test_index_with_another_collation(self) -> None:
        french = Work.find(Work.name == "n").collation({"locale": "fr"})
        assert "collation" in (await the("unusable_indexes", french)).message
        await Work.collection().create_indexes([IndexModel("name", name="french", collation={"locale": "fr"})])
        assert (await french.explain()).index == "french"
        assert await kinds(french) == []
        # Numbers have no collation.
        assert await kinds(Work.find(Work.year == 3).collation({"locale": "fr"})) == []

    async def test_partial_index(self) -> None:
        await Work.collection().create_index("pages", partialFilterExpression={"score": {"$gt": 1}})
        advice = await the("unusable_indexes", Work.find(Work.pages == 3))
        assert "partial" in advice.message
        assert "score" in advice.message
        assert await kinds(Work.find((Work.pages == 3) & (Work.score > 1))) == []  # type: ignore[operator]

    async def test_sparse_index(self) -> None:
        await Work.collection().create_index("score", sparse=True)
        query = Work.find().sort(Work.score)
        assert "sparse" in (await the("unusable_indexes", query)).message
        assert await kinds(Work.find(Work.score == 3)) == []

    async def test_multikey_index_gives_no_order(self) -> None:
        query = Work.find(Work.title == "t1").sort(Work.tags)
        assert "multikey" not in str((await query.explain()).advice)
        advice = await the("unusable_indexes", Work.find({"title": "t1", "tags": {"$gte": "b"}}).sort(Work.tags))
        assert "multikey" in advice.message

    async def test_hidden_and_hashed_indexes(self) -> None:
        await Work.collection().create_indexes(
            [IndexModel([("pages", 1)], hidden=True), IndexModel([("score", "hashed")])]
        )
        assert "hidden" in (await the("unusable_indexes", Work.find(Work.pages == 3))).message
        ranged = Work.find(Work.score > 3)  # type: ignore[operator]
        assert "hashed" in (await the("unusable_indexes", ranged)).message
        assert await kinds(Work.find(Work.score == 3)) == []
