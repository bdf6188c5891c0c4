"""The dimension ``geo``."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from datagen.dimensions.places import Along, Around, Found
from datagen.dimensions.region import AnyPolygon, Box, Circle, Points
from datagen.draw import Floats, Integers, Keys
from datagen.native import draws
from datagen.plugin.dimension import Rows
from datagen.plugin.distribution import Extent
from datagen.plugin.model import Model
from datagen.plugin.pooled import PooledDimension
from datagen.plugin.token import of_width
from datagen.problems import Path_
from datagen.records.batch import Layout
from datagen.records.text import json_text

_LETTERS = np.frombuffer(b"0123456789bcdefghjkmnpqrstuvwxyz", np.uint8)
_LENGTH = 12  # letters of a geohash, of 5 bits each
# Steps that bring 32 bits to every other place, each with the bits that stay.
_SPREAD = [(16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F), (2, 0x3333333333333333),
           (1, 0x5555555555555555)]  # fmt: skip


class Within(Model):
    """Where the points lie: in a box, a circle or a polygon."""

    box: Box | None = Field(None, description="between two latitudes and two longitudes")
    circle: Circle | None = Field(None, description="around a point")
    polygon: AnyPolygon | None = Field(None, description="between corners, each [longitude, latitude]")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(part is not None for part in (self.box, self.circle, self.polygon)) != 1:
            raise ValueError('must have one of "box", "circle" and "polygon"')
        return self

    def points(self, random: Keys) -> Points:
        """Return points of random bits (n,)."""
        region = self.box or self.circle or self.polygon
        assert region is not None, "a region without a form"
        return region.points(random)


class Geo(PooledDimension):
    """A point on the earth, taken as a sphere: in a region each is equally likely.

    The region is `within` a `box` with `south`, `west`, `north`, `east` (across the date line where `west` is above `east`), a
    `circle` with `lat`, `lon`, `km`, or a `polygon`, a list of corners, each `[longitude, latitude]` as in GeoJSON.
    Or it lies `around` a place of a table: in a circle of `km` around the latitude and longitude of a row, which is drawn
    by the weights of the table. Or it lies `along` a route, which leads through the rows of a table in their order, as
    far as `progress` says; with `match`, a table holds several routes. As `format` says, a point is an object with `lat` and `lon`, an array `[lon, lat]`, a text such as
    `POINT (13.4 52.5)`, or a geohash of 12 letters.

    Example: {"type": "geo", "name": "position", "within": {"circle": {"lat": 52.52, "lon": 13.405, "km": 15}}, "precision": 5}
    """

    kind: ClassVar[str] = "geo"
    within: Within | None = Field(None, description="the region")
    around: Around | None = Field(None, description="the places around which it lies")
    along: Along | None = Field(None, description="the route on which it lies")
    format: Literal["object", "array", "wkt", "geohash"] = Field("object", description="what a point looks like")
    precision: int = Field(6, ge=0, le=15, description="digits after the point, of degrees; 6 are a tenth of a metre")

    def extent(self) -> Extent:
        return Extent(_LENGTH, 3 * _LENGTH)

    @model_validator(mode="after")
    def _lies_somewhere(self) -> Self:
        if sum(part is not None for part in (self.within, self.around, self.along)) != 1:
            raise ValueError('must have one of "within", "around" and "along"')
        return self

    def draws(self) -> bool:
        return self.along is None

    def picks(self) -> Iterator[tuple[Path_, str, str | None]]:
        yield from super().picks()
        for key, places in (("around", self.around), ("along", self.along)):
            if places is not None:
                yield from (((key, *path), table, column) for path, table, column in places.picks())

    def misfits(self, layout: Layout, variables: Mapping[str, pa.DataType]) -> Iterator[tuple[Path_, str]]:
        yield from super().misfits(layout, variables)
        progress = None if self.along is None else self.along.progress
        if progress is not None and not progress.check(layout) and not progress.is_number(layout):
            yield ("along", "progress"), "is no number"

    def row_label(self) -> tuple[str, str, Any] | None:
        return None if self.around is None else self.around.row().row_label()

    def make(self, rows: Rows) -> pa.Array:
        (lat, lon), absent = self._points(rows)
        shown = self._written(lat, lon)
        return pc.if_else(pa.array(absent), pa.scalar(None, shown.type), shown) if absent.any() else shown

    def _points(self, rows: Rows) -> Found:
        places = self.around or self.along
        if places is not None:
            return places.points(rows)
        assert self.within is not None, "a point that lies nowhere"
        return self.within.points(rows.bits()), np.zeros(len(rows), bool)

    def _written(self, lat: Floats, lon: Floats) -> pa.Array:
        lon = np.where(lon >= 180.0, lon - 360.0, np.where(lon < -180.0, lon + 360.0, lon))
        if self.format == "geohash":
            return _geohash(lat, lon)
        for values in (lat, lon):
            draws.round_off(values, 10.0**self.precision)
        return _shown((lat, lon), self.format)


def _shown(points: Points, form: str) -> pa.Array:
    lat, lon = map(pa.array, points)
    if form == "object":
        return pa.StructArray.from_arrays([lat, lon], ["lat", "lon"])
    if form == "array":
        ends = np.arange(len(lat) + 1, dtype=np.int32) * np.int32(2)
        return pa.ListArray.from_arrays(pa.array(ends), pa.array(np.stack(points[::-1], axis=1).ravel()))
    return pc.binary_join_element_wise("POINT (", json_text(lon), " ", json_text(lat), ")", "")


def _geohash(lat: Floats, lon: Floats) -> pa.Array:
    """Return the geohashes of points (n,): the halves of the world that each is in, longitude first, in turn."""
    bits = _every_other(lon, 360.0) << 1 | _every_other(lat, 180.0)
    letters = bits[:, None] >> np.arange(5 * _LENGTH - 5, -1, -5) & 31
    return of_width(np.ascontiguousarray(_LETTERS[letters]).reshape(-1), len(lat), _LENGTH)


def _every_other(degrees: Floats, span: float) -> Integers:
    """Return 30 bits of where degrees (n,) are in a span around 0, with a 0 in front of each."""
    cell = np.floor((degrees / span + 0.5) * 2.0**30)
    bits = np.minimum(cell, 2.0**30 - 1).astype(np.int64)
    for shift, staying in _SPREAD:
        bits = (bits | bits << shift) & staying
    return bits
