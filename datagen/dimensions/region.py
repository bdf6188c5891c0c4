"""Regions of the earth, taken as a sphere, and points in them, each equally likely. All angles are in degrees."""

from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from datagen import draw
from datagen.draw import Floats, Integers, Keys, Marks
from datagen.plugin.model import Model

_RADIUS = 6371.0088  # km, the mean one of the earth (IUGG)
LARGEST = 20_000.0  # km: to the other side of the earth it is 15 more
_GRID = 64
_LEAST = 0.001  # of its box, which a polygon must fill

Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Points = tuple[Floats, Floats]  # latitudes (n,) and longitudes (n,)


class Box(Model):
    """What lies between two latitudes and two longitudes; where `west` is above `east`, across the date line."""

    south: Latitude = Field(description="least latitude")
    west: Longitude = Field(description="longitude where it begins, going east")
    north: Latitude = Field(description="greatest latitude")
    east: Longitude = Field(description="longitude where it ends")

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if self.south > self.north:
            raise ValueError(f'"south" ({self.south:g}) must not be above "north" ({self.north:g})')
        return self

    def points(self, random: Keys) -> Points:
        """Return points of random bits (n,)."""
        width = self.east - self.west + (360.0 if self.west > self.east else 0.0)
        return _between((self.south, self.north), (self.west, width), *_units(random, 0))


class Circle(Model):
    """What is no farther than so many km from a point."""

    lat: Latitude = Field(description="latitude of its middle")
    lon: Longitude = Field(description="longitude of its middle")
    km: float = Field(gt=0, le=LARGEST, description="its radius")

    def points(self, random: Keys) -> Points:
        """Return points of random bits (n,)."""
        return around(np.array([self.lat]), np.array([self.lon]), self.km, random)


def around(lat: Floats, lon: Floats, km: float, random: Keys) -> Points:
    """Return points in circles around others, (n,) or one for all, of random bits (n,).

    The height above a plane is even, and so is the direction.
    """
    u, turn = _units(random, 0)
    height = 2.0 * _sine(km / (2.0 * _RADIUS) * (180.0 / np.pi)) ** 2 * u  # below the pole of the circle
    out, up = np.sqrt(height * (2.0 - height)), 1.0 - height
    north, east = out * draw.sine(turn + 0.25), out * draw.sine(turn)
    sine, cosine = draw.sine(lat / 360.0), draw.sine((90.0 - np.abs(lat)) / 360.0)
    axis, ahead = up * sine + north * cosine, up * cosine - north * sine
    return draw.angle(axis, np.sqrt(ahead * ahead + east * east)), lon + draw.angle(east, ahead)


class Polygon:
    """What lies between corners, whose edges are straight lines on a map with even degrees."""

    def __init__(self, corners: list[list[float]]) -> None:
        """Take corners, each a longitude and a latitude.

        Raises ValueError when it is so thin that it would take too long to hit.
        """
        lons, lats = np.array(corners, np.float64).T
        self._corners = lons, lats
        even = np.arange(_GRID * _GRID)
        share = self._holds(*self._in_box((even % _GRID + 0.5) / _GRID, (even // _GRID + 0.5) / _GRID)).mean()
        if share < _LEAST:
            raise ValueError(f"fills less than {_LEAST} of the box around it, so it would take too long to hit")

    def _in_box(self, first: Floats, second: Floats) -> Points:
        """Return the points of the box around it that numbers in [0, 1) stand for."""
        lons, lats = self._corners
        return _between((lats.min(), lats.max()), (lons.min(), lons.max() - lons.min()), first, second)

    def _holds(self, lat: Floats, lon: Floats) -> Marks:
        """Return which points are inside: a line from there to the east crosses an odd number of edges."""
        inside = np.zeros(len(lat), bool)
        lons, lats = self._corners
        for x, y, x_next, y_next in zip(lons, lats, np.roll(lons, -1), np.roll(lats, -1), strict=True):
            if y != y_next:
                crosses = (y > lat) != (y_next > lat)
                inside ^= crosses & (lon < x + (lat - y) / (y_next - y) * (x_next - x))
        return inside

    def points(self, random: Keys) -> Points:
        """Return points of random bits (n,): the first of those in the box around it that are inside."""
        lat, lon = np.zeros(len(random)), np.zeros(len(random))
        left: Integers = np.arange(len(random))
        turn = 0
        while len(left):
            tried = self._in_box(*_units(random[left], turn))
            inside = self._holds(*tried)
            lat[left[inside]], lon[left[inside]] = tried[0][inside], tried[1][inside]
            left = left[~inside]
            turn += 1
        return lat, lon


def _polygon(value: Any) -> Polygon:
    if isinstance(value, Polygon):
        return value
    if not isinstance(value, list) or len(value) < 3 or not all(map(_is_corner, value)):
        text = "must be a list of 3 corners or more, each [longitude, latitude], from -360 to 360 and from -90 to 90"
        raise ValueError(text)
    return Polygon(value)


def _is_corner(value: Any) -> bool:
    is_pair = isinstance(value, list) and len(value) == 2 and all(type(part) in (int, float) for part in value)
    return is_pair and abs(value[0]) <= 360 and abs(value[1]) <= 90


_NUMBERS = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
AnyPolygon = Annotated[
    Polygon, PlainValidator(_polygon), WithJsonSchema({"type": "array", "items": _NUMBERS, "minItems": 3})
]


def _between(lats: tuple[float, float], lons: tuple[float, float], first: Floats, second: Floats) -> Points:
    """Return points between two latitudes, and from a longitude on: the sine of a latitude is even on a sphere."""
    low, high = _sine(lats[0]), _sine(lats[1])
    sine = low + first * (high - low)
    lat = draw.angle(sine, np.sqrt((1.0 - sine) * (1.0 + sine)))
    return np.clip(lat, *lats), lons[0] + second * lons[1]


def _units(random: Keys, turn: int) -> tuple[Floats, Floats]:
    """Return two numbers in [0, 1) for each row, other ones each turn."""
    first, second = (draw.numbered(random, np.full(len(random), 2 * turn + place)) for place in (0, 1))
    return draw.unit(first), draw.unit(second)


def _sine(degrees: float) -> float:
    return float(draw.sine(np.array([degrees / 360.0]))[0])
