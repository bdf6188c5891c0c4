"""The field generator ``geo``: where its points lie, how they are spread over a sphere, and what they look like."""

import itertools
import re
from math import asin, atan2, cos, degrees, radians, sin, sqrt

import numpy as np
import pytest
from scipy import stats

import datagen
from datagen import draw
from datagen.problems import InvalidInput
from tests.worlds import records_of, values_of, world

SIZE = 4000
RADIUS = 6371.0088  # km
BERLIN = {"circle": {"lat": 52.52, "lon": 13.405, "km": 15}}


def geo(within: dict, **keys: object) -> dict:
    return {"name": "v", "type": "geo", "within": within, "precision": 12, **keys}


def points(within: dict) -> tuple[np.ndarray, np.ndarray]:
    found = values_of(geo(within, format="array"), SIZE)
    lon, lat = np.array(found).T
    return lat, lon


def distance_and_bearing(lat: float, lon: float, to_lat: float, to_lon: float) -> tuple[float, float]:
    """By the haversine formula: the distance in km, and the direction in turns."""
    a, b, turn = radians(lat), radians(to_lat), radians(to_lon - lon)
    half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(turn / 2) ** 2
    bearing = atan2(sin(turn) * cos(b), cos(a) * sin(b) - sin(a) * cos(b) * cos(turn))
    return 2 * RADIUS * asin(sqrt(half)), degrees(bearing) / 360 % 1


def assert_even(values: np.ndarray) -> None:
    assert stats.kstest(values, "uniform").pvalue > 1e-4


def test_angles_are_those_of_the_library_to_the_last_digits() -> None:
    turns = np.linspace(-np.pi, np.pi, 20_001)
    found = draw.angle(np.sin(turns) * 3.5, np.cos(turns) * 3.5)
    assert np.abs(found - np.degrees(np.arctan2(np.sin(turns), np.cos(turns)))).max() < 1e-12
    assert draw.angle(np.zeros(3), np.array([0.0, 1.0, -1.0])).tolist() == [0, 0, 180]


@pytest.mark.parametrize(
    ("south", "west", "north", "east", "width"),
    [(-90, -180, 90, 180, 360), (40, -10, 70, 30, 40), (-20, 170, 10, -160, 30), (52.50, 13.30, 52.51, 13.31, 0.01)],
)
def test_points_of_a_box_are_even_on_the_sphere(
    south: float, west: float, north: float, east: float, width: float
) -> None:
    lat, lon = points({"box": {"south": south, "west": west, "north": north, "east": east}})
    assert south <= lat.min() <= lat.max() <= north
    assert -180 <= lon.min() <= lon.max() < 180
    low, high = sin(radians(south)), sin(radians(north))
    assert_even((np.sin(np.radians(lat)) - low) / (high - low))
    assert_even((lon - west) % 360 / width)


@pytest.mark.parametrize(
    ("lat", "lon", "km"), [(52.52, 13.405, 15), (-33, 179.9, 300), (89.9, 0, 100), (-90, 0, 5), (0, 0, 9000)]
)
def test_points_of_a_circle_are_even_on_the_sphere(lat: float, lon: float, km: float) -> None:
    found = [
        distance_and_bearing(lat, lon, *point)
        for point in zip(*points({"circle": {"lat": lat, "lon": lon, "km": km}}), strict=True)
    ]
    distances, bearings = np.array(found).T
    assert distances.max() <= km * (1 + 1e-9)
    assert_even((1 - np.cos(distances / RADIUS)) / (1 - cos(km / RADIUS)))  # the area of a cap
    assert_even(bearings)


def test_points_of_a_polygon_are_inside_and_even() -> None:
    """An L of five squares of 2 degrees: near the equator all of nearly the same size."""
    corners = [[0, 0], [6, 0], [6, 2], [2, 2], [2, 6], [0, 6]]
    lat, lon = points({"polygon": corners})
    squares = sorted(zip((lon // 2).tolist(), (lat // 2).tolist(), strict=True))
    wanted = [(0, 0), (0, 1), (0, 2), (1, 0), (2, 0)]
    assert set(squares) == set(wanted)
    areas = np.array([sin(radians(2 * y + 2)) - sin(radians(2 * y)) for _, y in wanted])
    assert stats.chisquare([squares.count(square) for square in wanted], areas / areas.sum() * SIZE).pvalue > 1e-4


def test_a_polygon_may_lie_across_the_date_line() -> None:
    _, lon = points({"polygon": [[170, 0], [190, 0], [180, 10]]})
    assert ((lon >= 170) | (lon <= -170)).all()
    assert 0.4 < (lon < 0).mean() < 0.6


def test_a_point_looks_as_the_format_says() -> None:
    made = {form: values_of(geo(BERLIN, format=form, precision=3), 50) for form in ("object", "array", "wkt")}
    for point, pair, text in zip(*made.values(), strict=True):
        assert list(point) == ["lat", "lon"]
        assert pair == [point["lon"], point["lat"]]
        assert text == f"POINT ({point['lon']} {point['lat']})"
        assert re.fullmatch(r"\d+\.\d{1,3} \d+\.\d{1,3}", text[7:-1])


def decoded(geohash: str) -> tuple[float, float]:
    """The middle of the cell of a geohash, as its inventor G. Niemeyer tells: each bit halves longitude or latitude."""
    cell = [[-180.0, 180.0], [-90.0, 90.0]]
    bits = "".join(f"{'0123456789bcdefghjkmnpqrstuvwxyz'.index(letter):05b}" for letter in geohash)
    for number, bit in enumerate(bits):
        low, high = cell[number % 2]
        cell[number % 2][1 - int(bit)] = (low + high) / 2
    return sum(cell[1]) / 2, sum(cell[0]) / 2


def test_a_geohash_is_that_of_its_point() -> None:
    everywhere = {"box": {"south": -90, "west": -180, "north": 90, "east": 180}}
    lat, lon = points(everywhere)
    found = np.array([decoded(text) for text in values_of(geo(everywhere, format="geohash"), SIZE)])
    assert np.abs(found[:, 0] - lat).max() <= 90 / 2**30 + 1e-12
    assert np.abs(found[:, 1] - lon).max() <= 180 / 2**30 + 1e-12


PLACES = {"places": {"rows": [{"name": "a", "lat": 52.5, "lon": 13.4}, {"name": "b", "lat": -33.0, "lon": 179.95}]}}
NAMES = {"lat": "lat", "lon": "lon"}


def test_points_around_places_are_even_in_circles_around_the_rows_of_their_records() -> None:
    around = {"table": "places", **NAMES, "km": 30, "as": "x"}
    row = {"name": "of", "type": "row", "table": "places", "as": "x"}
    point = {"name": "v", "type": "geo", "around": around, "precision": 12}
    found = records_of(world(row, point, tables=PLACES), SIZE)
    pairs = [(one["of"], one["v"]) for one in found]
    apart = [distance_and_bearing(of["lat"], of["lon"], at["lat"], at["lon"]) for of, at in pairs]
    distances, bearings = np.array(apart).T
    assert distances.max() <= 30 * (1 + 1e-9)
    assert_even((1 - np.cos(distances / RADIUS)) / (1 - cos(30 / RADIUS)))
    assert_even(bearings)
    assert 0.45 < sum(of["name"] == "a" for of, _ in pairs) / SIZE < 0.55
    assert {one["v"]["lon"] > 0 for one in found if one["of"]["name"] == "b"} == {True, False}


def test_points_around_places_follow_the_weights_and_what_must_match() -> None:
    rows = [{"of": "a", "lat": 1, "lon": 1, "w": 0}, {"of": "a", "lat": 2, "lon": 2, "w": 1}, {"of": "b", "lat": None}]
    tables = {"t": {"rows": rows, "weight": "w"}}
    around = {"table": "t", **NAMES, "km": 1, "match": {"of": "wanted"}}
    wanted = {"name": "wanted", "type": "enum", "values": ["a", "b", "c"]}
    point = {"name": "v", "type": "geo", "around": around, "format": "array", "precision": 0}
    found = {(one["wanted"], str(one["v"])) for one in records_of(world(wanted, point, tables=tables), 300)}
    assert found == {("a", "[2.0, 2.0]"), ("b", "None"), ("c", "None")}


def along(rows: list[dict], progress: str, *fields: dict, **keys: object) -> list:
    route = {"name": "v", "type": "geo", "along": {"table": "way", **NAMES, "progress": progress, **keys}}
    spec = world(*fields, route | {"precision": 10}, tables={"way": {"rows": rows}})
    return [(one["v"]["lat"], one["v"]["lon"]) if one["v"] else None for one in records_of(spec, 101)]


def test_a_point_along_a_route_has_gone_its_share_of_the_way() -> None:
    """The way is measured by another formula: from Berlin by Paris and across the date line to Auckland."""
    stops = [(52.52, 13.405), (48.857, 2.352), (64.15, -21.94), (-36.85, 174.76)]
    counter = {"name": "n", "type": "counter"}
    found = along([{"lat": lat, "lon": lon} for lat, lon in stops], "n / 100", counter)
    legs = [distance_and_bearing(*one, *other)[0] for one, other in itertools.pairwise(stops)]
    ends = np.cumsum([0.0, *legs])
    for share, at in zip(np.linspace(0, 1, 101), found, strict=True):
        leg = min(int(np.searchsorted(ends, share * ends[-1], side="right")) - 1, 2)
        gone, rest = (distance_and_bearing(*stop, *at)[0] for stop in (stops[leg], stops[leg + 1]))
        assert abs(ends[leg] + gone - share * ends[-1]) < 1e-3
        assert abs(gone + rest - legs[leg]) < 1e-3  # so it lies on the shortest way
    assert np.abs(np.array([found[0], found[-1]]) - [stops[0], stops[-1]]).max() < 1e-9


def test_a_table_may_hold_several_routes_and_progress_is_held_between_the_ends() -> None:
    rows = [{"of": "a", "lat": 0, "lon": 0}, {"of": "b", "lat": 5, "lon": 5}, {"of": "a", "lat": 0, "lon": 10}]
    of = {"name": "of", "type": "enum", "values": ["a", "b", "c"]}
    how = {"name": "how", "type": "enum", "values": [-1, 0.5, 7, None]}
    route = {"table": "way", **NAMES, "progress": "how", "match": {"of": "of"}}
    spec = world(of, how, {"name": "v", "type": "geo", "along": route, "format": "wkt"}, tables={"way": {"rows": rows}})
    found = {(one["of"], one["how"], one["v"]) for one in records_of(spec, 400)}
    points = {-1: "POINT (0.0 0.0)", 0.5: "POINT (5.0 0.0)", 7: "POINT (10.0 0.0)", None: None}
    assert found == {
        *(("a", how, point) for how, point in points.items()),
        *(("b", how, "POINT (5.0 5.0)" if how else None) for how in points),
        *(("c", how, None) for how in points),
    }


def test_what_is_no_place_is_told(generate) -> None:
    def said(column: object, **keys: object) -> str:
        rows = [{"lat": 1, "lon": 2}, {"lat": column, "lon": 3}]
        point = {"name": "v", "type": "geo", "along": {"table": "way", **NAMES, "progress": "0.5"} | keys}
        outcome = generate(world(point, tables={"way": {"rows": rows}}), "-n", 1)
        assert outcome.code
        return outcome.err

    assert 'column "lat" of table "way" has no numbers' in said("x")
    assert 'row 2 of table "way": "lat" is 91, and must be from -90 to 90' in said(91)
    assert 'row 2 of table "way" has no place, so no way leads there' in said(None)
    assert "emitters[0].dimensions[0].along.progress: is no number" in said(1, progress="'x'")
    assert 'no column "height"' in said(1, lat="height")
    two = world({"name": "v", "type": "geo", "within": BERLIN, "around": {"table": "way", "km": 1}})
    outcome = generate(two | {"tables": PLACES}, "--check")
    assert outcome.code == 2
    assert 'must have one of "within", "around" and "along"' in outcome.err


CORNERS = "must be a list of 3 corners or more, each [longitude, latitude], from -360 to 360 and from -90 to 90"


@pytest.mark.parametrize(
    ("within", "problem"),
    [
        ({}, 'within: must have one of "box", "circle" and "polygon"'),
        (BERLIN | {"polygon": [[0, 0], [1, 0], [0, 1]]}, 'within: must have one of "box", "circle" and "polygon"'),
        (
            {"box": {"south": 5, "west": 1, "north": 4, "east": 1}},
            'within.box: "south" (5) must not be above "north" (4)',
        ),
        (
            {"circle": {"lat": 1, "lon": 181, "km": 1}},
            "within.circle.lon: must be less than or equal to 180, found 181",
        ),
        ({"circle": {"lat": 1, "lon": 1, "km": 0}}, "within.circle.km: must be greater than 0, found 0"),
        ({"polygon": [[0, 0], [1, 0]]}, f"within.polygon: {CORNERS}"),
        ({"polygon": [[0, 91], [1, 0], [1, 1]]}, f"within.polygon: {CORNERS}"),
        (
            {"polygon": [[0, 0], [1, 1], [2, 2]]},
            "within.polygon: fills less than 0.001 of the box around it, so it would take too long to hit",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(within: dict, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        datagen.load(world(geo(within)))
    [found] = caught.value.problems
    assert f"{found.path}: {found.message}" == f"emitters[0].dimensions[0].{problem}"
