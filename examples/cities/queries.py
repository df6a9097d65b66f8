"""What the demo asks. Each function is shown as it stands here, then run, then its result is shown."""

from __future__ import annotations

from typing import Any

from data_bridge import Avg, Count, Group, Limit, Match, Max, Sort, Sum

from .models import City, Country


async def by_id() -> Any:
    """One document by its id"""
    return await City.get(2988507)


async def filters() -> Any:
    """A filter: & | ~ over nested and list fields"""
    in_tropics = City.location.latitude.between(-23.4, 23.4)
    high_or_huge = (City.population > 8_000_000) | City.tags.contains("capital")
    query = City.find(in_tropics & high_or_huge & ~City.country.in_(["IN", "ID", "NG"]))
    return await query.sort(-City.population).to_list()


async def prefix() -> Any:
    """Text: names that start with a prefix"""
    return await City.find(City.name.startswith("San ")).sort(-City.population).limit(5).to_list()


async def other_names() -> Any:
    """Text: an element of a list"""
    return await City.find(City.alternate_names.contains("Wien")).to_list()


async def largest() -> Any:
    """Sort, limit and projection: only the named fields are sent"""
    query = City.find(City.country == "BR").sort(-City.population, City.name).limit(5)
    return await query.project(City.name, City.population, City.location.timezone).to_list()


async def through_a_link() -> Any:
    """Links: cities by fields of their country, which is fetched with them"""
    query = City.find((City.country.continent == "AF") & City.country.languages.contains("fr-CM"))
    found = await query.sort(-City.population).limit(5).fetch_links(City.country)
    return [{"city": city.name, "country": city.country.name, "capital": city.country.capital} for city in found]


async def back_links() -> Any:
    """Links back: the two largest cities of each country of South America"""
    countries = Country.find(Country.continent == "SA").sort(Country.name)
    largest = Country.cities.fetch(sort=-City.population, limit=2)
    return [
        {"country": country.name, "largest": [city.name for city in country.cities]}
        for country in await countries.fetch_links(largest)
    ]


async def plan_of_links() -> Any:
    """The plan of a query through a link: ids first, which the link's index serves"""
    query = City.find(City.country.population > 100_000_000, City.population > 5_000_000)
    return query.sort(-City.population).limit(5).fetch_links(City.country).plan()


async def counts() -> Any:
    """Count, exists, distinct"""
    return {
        "cities in Japan": await City.find(City.country == "JP").count(),
        "any city north of 75 degrees": await City.find(City.location.latitude > 75).exists(),
        "countries that speak French": await Country.find(Country.languages.contains("fr")).count(),
        "continents": await Country.distinct(Country.continent),
    }


async def aggregation() -> Any:
    """Aggregation: large cities by time zone"""
    return await City.aggregate(
        [
            Match(City.population > 100_000),
            Group(
                by=City.location.timezone,
                cities=Count(),
                people=Sum(City.population),
                largest=Max(City.population),
                mean_latitude=Avg(City.location.latitude),
            ),
            Sort(people=-1),
            Limit(6),
        ]
    ).to_list()


async def update() -> Any:
    """Update of many documents, in one command"""
    await City.find(City.population >= 1_000_000).update(City.tags.push("metropolis"))
    return await City.find(City.tags.contains("metropolis")).count()


async def delete() -> Any:
    """Delete of many documents"""
    before = await City.count()
    await City.find((City.population < 6_000) & ~City.tags.contains("capital")).delete()
    return {"before": before, "after": await City.count()}


async def plan() -> Any:
    """The plan of a query, which needs no server"""
    query = City.find((City.country == "FR") | (City.country == "DE") | (City.country == "IT"))
    return query.find(City.population > 500_000).sort(-City.population).limit(3).plan()


async def explain_with_index() -> Any:
    """The server's own explanation, with the index on the country"""
    return await City.find(City.country == "IS").explain()


async def explain_without_index() -> Any:
    """The same query, when it may not use the index"""
    return await City.find(City.country == "IS").hint({"$natural": 1}).explain()


ALL = [
    by_id,
    filters,
    prefix,
    other_names,
    largest,
    through_a_link,
    back_links,
    plan_of_links,
    counts,
    aggregation,
    update,
    delete,
    plan,
    explain_with_index,
    explain_without_index,
]
