"""What the demo asks. Each function is shown as it stands here, then run, then its result is shown."""

from __future__ import annotations

from typing import Any

from data_bridge import Avg, Count, Group, Limit, Match, Max, Sort, Sum
from data_bridge.errors import DeleteDenied

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


async def across_two_links() -> Any:
    """Links: cities by the continent of their country, which is fetched with them"""
    query = City.find(City.country.continent.name == "Africa", City.population > 5_000_000)
    query = query.sort(-City.population).fetch_links(City.country.capital)
    rows = []
    for city in await query:
        country = city.country
        rows.append({"city": city.name, "country": country.name, "capital": country.capital.name})
    return rows, query.plan()


async def pages_across_links() -> Any:
    """Links: sorted pages of the cities of one continent"""
    query = City.find(City.country.continent.name == "Oceania").sort(-City.population)
    first = await query.paginate(3)
    second = await query.paginate(3, after=first.next)
    rows = []
    for number, page in enumerate([first, second], 1):
        rows += [{"page": number, "city": city.name, "people": city.population} for city in page.items]
    return rows, query.plan()


async def sorted_by_a_link() -> Any:
    """Links: countries in the order of their capitals' people"""
    query = Country.find(Country.continent.name == "South America")
    query = query.sort(-Country.capital.population).limit(5).fetch_links(Country.capital)
    rows = []
    for country in await query:
        capital = country.capital
        rows.append({"country": country.name, "capital": capital.name, "people": capital.population})
    return rows, query.plan()


async def back_link() -> Any:
    """Links back: a country's cities, in their own order"""
    cities = Country.cities.fetch(sort=-City.population, limit=4)
    query = Country.find_one(Country.name == "Iceland").fetch_links(cities)
    iceland = await query
    rows = [{"city": city.name, "population": city.population} for city in iceland.cities]
    return rows, query.plan()


async def largest_of_each() -> Any:
    """Links back: the two largest cities of each country of South America"""
    query = Country.find(Country.continent.name == "South America").sort(Country.name)
    query = query.fetch_links(Country.cities.fetch(sort=-City.population, limit=2))
    rows = []
    for country in await query:
        rows.append({"country": country.name, "largest": [city.name for city in country.cities]})
    return rows, query.plan()


async def neighbours() -> Any:
    """Lists of links: a country's neighbours and their capitals, a command for each level"""
    query = Country.find_one(Country.name == "Austria").fetch_links(Country.neighbours.capital)
    austria = await query
    rows = []
    for near in austria.neighbours:
        rows.append({"neighbour": near.name, "capital": near.capital.name, "people": near.population})
    return rows, query.plan()


async def by_neighbours() -> Any:
    """Lists of links: countries that have a neighbour on another continent"""
    in_europe = Country.continent.name == "Europe"
    query = Country.find(in_europe, Country.neighbours.continent.name == "Asia").sort(Country.name)
    rows = []
    for country in await query.fetch_links(Country.neighbours):
        in_asia = [near.name for near in country.neighbours if near.continent.id == "AS"]
        rows.append({"country": country.name, "neighbours in Asia": in_asia})
    return rows, query.plan()


async def denied() -> Any:
    """Deletion: a country that cities link to stays, and so does everything else"""
    france = await Country.get("FR")
    assert france is not None
    try:
        await france.delete()
    except DeleteDenied as error:
        return str(error)


async def explain_links() -> Any:
    """The server's own explanation of a query through two links, command by command"""
    in_oceania = City.country.continent.name == "Oceania"
    return await City.find(in_oceania, City.population > 1_000_000).explain()


async def counts() -> Any:
    """Count, exists, distinct"""
    return {
        "cities in Japan": await City.find(City.country == "JP").count(),
        "any city north of 75 degrees": await City.find(City.location.latitude > 75).exists(),
        "countries that speak French": await Country.find(Country.languages.contains("fr")).count(),
        "continents": await Country.distinct(Country.continent.name),
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
    across_two_links,
    pages_across_links,
    sorted_by_a_link,
    back_link,
    largest_of_each,
    neighbours,
    by_neighbours,
    denied,
    explain_links,
    counts,
    aggregation,
    update,
    delete,
    plan,
    explain_with_index,
    explain_without_index,
]
