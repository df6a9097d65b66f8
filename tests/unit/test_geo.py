"""Geometries: what is GeoJSON and what is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from data_bridge import Document, Near, geo
from data_bridge.errors import CompileError

RING = [[0, 0], [1, 0], [1, 1], [0, 0]]


class Place(Document):
    where: geo.Point
    area: geo.Geometry | None = None


@pytest.mark.parametrize(
    "geometry",
    [
        geo.Point(1, 2),
        geo.LineString([[0, 0], [1, 1]]),
        geo.Polygon([RING]),
        geo.MultiPoint([[0, 0]]),
        geo.MultiLineString([[[0, 0], [1, 1]]]),
        geo.MultiPolygon([[RING]]),
        geo.GeometryCollection([geo.Point(1, 2), geo.Polygon([RING])]),
    ],
    ids=lambda geometry: geometry.type,
)
def test_every_geometry_is_geojson(geometry: Any) -> None:
    plain = geo.geojson(geometry)
    assert plain["type"] == type(geometry).__name__
    assert geo.geojson(plain) == plain
    assert Place(where=geo.Point(0, 0), area=plain).area == geometry


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: geo.Point(181, 0), "longitude 181.0 is not between -180 and 180"),
        (lambda: geo.Point(0, 91), "latitude 91.0 is not between -90 and 90"),
        (lambda: geo.LineString([[0, 0]]), "at least 2 items"),
        (lambda: geo.Polygon([[[0, 0], [1, 0], [1, 1], [0, 1]]]), "a ring ends where it begins"),
        (lambda: geo.Polygon([[[0, 0], [1, 0], [0, 0]]]), "at least 4 items"),
        (lambda: geo.Polygon([[[0, 0], [1, 0], [1, 0], [0, 0]]]), "three different positions"),
        (lambda: Place(where=geo.Polygon([RING])), "Input should be"),
    ],
)
def test_models_refuse_what_is_no_geometry(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said.replace("(", r"\(")):
        make()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Place.where.within({"type": "Polygon", "coordinates": [RING[:-1]]}), "not a GeoJSON geometry"),
        (lambda: Place.where.within({"$where": "1"}), "not a GeoJSON geometry"),
        (lambda: Place.where.within("x"), "is not a GeoJSON geometry"),
        (lambda: Place.where.intersects(geo.Box((0, 0), (1, 1))), "is a flat shape, which only within() takes"),
        (lambda: Place.where.near_sphere(geo.Polygon([RING])), "nearness is to a Point"),
        (lambda: Place.where.near_sphere([1, 2]), "is a flat pair"),
        (lambda: Place.where.near([1, 2]), "is a flat pair"),  # type: ignore[call-overload]
        (lambda: Near(Place.where, [1, 2]), "is a flat pair"),
        (lambda: Place.where.near(0, 0, max_distance=-1), "max_distance is -1"),
        (lambda: geo.FlatPolygon([(0, 0), (1, 1)]), "three points or more"),
        (lambda: geo.Box((0,), (1, 1)), "a flat point is a pair"),
        (lambda: geo.Circle((0, 0), -1), "radius is -1"),
    ],
)
def test_predicates_refuse_what_is_no_geometry(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(CompileError) as raised:
        make()
    assert said in str(raised.value)


def test_geometries_as_mql() -> None:
    def mql(predicate: Any) -> Any:
        return predicate.__ir__.to_mql()["where"]

    point = {"type": "Point", "coordinates": [1.0, 2.0]}
    assert mql(Place.where.near(1, 2, 5, 3)) == {"$near": {"$geometry": point, "$maxDistance": 5, "$minDistance": 3}}
    assert mql(Place.where.within(geo.Box((0, 0), (1, 1)))) == {"$geoWithin": {"$box": [[0, 0], [1, 1]]}}
    assert mql(Place.where.within(geo.SphereCircle((0, 0), 1))) == {"$geoWithin": {"$centerSphere": [[0, 0], 1]}}
