"""Shapes on the earth and on a plane: GeoJSON models, which documents may hold, and the flat shapes of old indexes.

Longitude comes first everywhere, as in GeoJSON (RFC 7946).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from .errors import CompileError


def _position(given: Sequence[float]) -> list[float]:
    longitude, latitude = given[0], given[1]
    if not -180 <= longitude <= 180:
        raise ValueError(f"longitude {longitude} is not between -180 and 180; longitude comes first")
    if not -90 <= latitude <= 90:
        raise ValueError(f"latitude {latitude} is not between -90 and 90; longitude comes first")
    return list(given)


def _ring(given: list[list[float]]) -> list[list[float]]:
    if given[0] != given[-1]:
        raise ValueError(f"a ring ends where it begins: {given[0]} and {given[-1]} differ")
    if len({tuple(position) for position in given}) < 3:
        raise ValueError("a ring has three different positions or more")
    return given


Position = Annotated[list[float], Field(min_length=2, max_length=3), AfterValidator(_position)]
Line = Annotated[list[Position], Field(min_length=2)]
Ring = Annotated[list[Position], Field(min_length=4), AfterValidator(_ring)]
Rings = Annotated[list[Ring], Field(min_length=1)]


class _Geometry(BaseModel):
    """A GeoJSON geometry: `Polygon([...])` or `Polygon(coordinates=[...])`."""

    model_config = ConfigDict(frozen=True)

    def __init__(self, coordinates: Any = None, /, **data: Any) -> None:
        super().__init__(**({"coordinates": coordinates} if coordinates is not None else {}), **data)


class Point(_Geometry):
    """A position: `Point(longitude, latitude)`."""

    type: Literal["Point"] = "Point"
    coordinates: Position

    def __init__(self, longitude: float | None = None, latitude: float | None = None, /, **data: Any) -> None:
        super().__init__(None if longitude is None else [longitude, latitude], **data)


class LineString(_Geometry):
    """A line through two positions or more."""

    type: Literal["LineString"] = "LineString"
    coordinates: Line


class Polygon(_Geometry):
    """An outline, and holes in it: rings of positions, each closed by its first."""

    type: Literal["Polygon"] = "Polygon"
    coordinates: Rings


class MultiPoint(_Geometry):
    """Several positions."""

    type: Literal["MultiPoint"] = "MultiPoint"
    coordinates: Annotated[list[Position], Field(min_length=1)]


class MultiLineString(_Geometry):
    """Several lines."""

    type: Literal["MultiLineString"] = "MultiLineString"
    coordinates: Annotated[list[Line], Field(min_length=1)]


class MultiPolygon(_Geometry):
    """Several polygons."""

    type: Literal["MultiPolygon"] = "MultiPolygon"
    coordinates: Annotated[list[Rings], Field(min_length=1)]


Single = Annotated[
    Point | LineString | Polygon | MultiPoint | MultiLineString | MultiPolygon, Field(discriminator="type")
]


class GeometryCollection(BaseModel):
    """Several geometries of any kind."""

    model_config = ConfigDict(frozen=True)

    type: Literal["GeometryCollection"] = "GeometryCollection"
    geometries: Annotated[list[Single], Field(min_length=1)]

    def __init__(self, geometries: Any = None, /, **data: Any) -> None:
        super().__init__(**({"geometries": geometries} if geometries is not None else {}), **data)


Geometry = Annotated[
    Point | LineString | Polygon | MultiPoint | MultiLineString | MultiPolygon | GeometryCollection,
    Field(discriminator="type"),
]
_ANY: TypeAdapter[Any] = TypeAdapter(Geometry)


class _Flat:
    """A shape on a plane, for `within` only."""

    operator: ClassVar[str]

    def __init__(self, operand: list[Any]) -> None:
        self.operand = operand


class Box(_Flat):
    """A rectangle between its bottom left and top right corners."""

    operator = "$box"

    def __init__(self, bottom_left: Sequence[float], top_right: Sequence[float]) -> None:
        super().__init__([_pair(bottom_left), _pair(top_right)])


class Circle(_Flat):
    """A circle, its radius in the units of the coordinates."""

    operator = "$center"

    def __init__(self, center: Sequence[float], radius: float) -> None:
        super().__init__([_pair(center), _distance("radius", radius)])


class SphereCircle(_Flat):
    """A circle on a sphere, its radius in radians: kilometers divided by 6378.1."""

    operator = "$centerSphere"

    def __init__(self, center: Sequence[float], radius: float) -> None:
        super().__init__([_pair(center), _distance("radius", radius)])


class FlatPolygon(_Flat):
    """A polygon of flat points, closed by itself."""

    operator = "$polygon"

    def __init__(self, points: Sequence[Sequence[float]]) -> None:
        if len(points) < 3:
            raise _bad(f"a polygon has three points or more, not {len(points)}")
        super().__init__([_pair(point) for point in points])


def geojson(given: Any) -> dict[str, Any]:
    """A geometry as plain GeoJSON, checked.

    Raises:
        CompileError: it is no GeoJSON geometry: a ring is open, a position out of range, ...
    """
    if isinstance(given, _Flat):
        raise _bad(f"{type(given).__name__} is a flat shape, which only within() takes", "give a GeoJSON geometry")
    if isinstance(given, BaseModel):
        return given.model_dump()
    if not isinstance(given, Mapping):
        raise _bad(f"{given!r} is not a GeoJSON geometry", "give Point(longitude, latitude), Polygon([...]), ...")
    try:
        _ANY.validate_python(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        raise _bad(f"not a GeoJSON geometry: {first['msg']} (at {'.'.join(map(str, first['loc']))})") from None
    return dict(given)


def shape(given: Any) -> dict[str, Any]:
    """What a geo operator takes: `{"$geometry": ...}`, or a flat shape under its own name."""
    if isinstance(given, _Flat):
        return {given.operator: given.operand}
    return {"$geometry": geojson(given)}


def near(point: Any, max_distance: float | None, min_distance: float | None) -> dict[str, Any]:
    """The operand of `$near` and `$nearSphere`."""
    if isinstance(point, (list, tuple)):
        raise _bad(f"{list(point)} is a flat pair", "give Point(longitude, latitude) and distances in meters")
    plain = geojson(point)
    if plain["type"] != "Point":
        raise _bad(f"nearness is to a Point, not to a {plain['type']}")
    operand: dict[str, Any] = {"$geometry": plain}
    if max_distance is not None:
        operand["$maxDistance"] = _distance("max_distance", max_distance)
    if min_distance is not None:
        operand["$minDistance"] = _distance("min_distance", min_distance)
    return operand


def _pair(given: Sequence[float]) -> list[float]:
    if len(given) != 2 or not all(isinstance(each, (int, float)) for each in given):
        raise _bad(f"a flat point is a pair of numbers, not {given!r}")
    return list(given)


def _distance(name: str, given: float) -> float:
    if given < 0:
        raise _bad(f"{name} is {given}: a distance is not below 0")
    return given


def _bad(message: str, hint: str | None = None) -> CompileError:
    return CompileError(message, code="bad_geometry", hint=hint)
