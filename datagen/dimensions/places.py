"""Points near the places that rows of a table say, or on the way from one to the next, on a sphere."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from datagen import draw
from datagen.dimensions.region import LARGEST, Points, around
from datagen.dimensions.row import Row
from datagen.draw import Floats, Integers, Marks
from datagen.plugin.dimension import Rows
from datagen.plugin.expression import AnyExpression
from datagen.plugin.model import Model
from datagen.plugin.namespace import TableName
from datagen.problems import Path_, RunFailed, show
from datagen.records.decimal import as_floats, is_decimal
from datagen.records.reference import Reference
from datagen.records.types import plain

_SMALL = 1e-12  # below this sine are two points the same, or as far from each other as can be

Found = tuple[Points, Marks]  # points (n,), and for which rows there is none


class Places(Model):
    """Rows of a table, each with a latitude and a longitude, in degrees."""

    table: TableName = Field(description="name of the table")
    lat: str = Field("latitude", description="name of the column with the latitudes")
    lon: str = Field("longitude", description="name of the column with the longitudes")
    match: dict[str, AnyExpression] = Field(
        {}, description="expressions by columns: only rows that are equal there, and null when there is none"
    )

    def picks(self) -> Iterator[tuple[Path_, str, str | None]]:
        """Yield the table and the columns that are read, each with its key."""
        yield ("table",), self.table, None
        yield from (((key,), self.table, column) for key, column in (("lat", self.lat), ("lon", self.lon)))
        yield from ((("match", column), self.table, column) for column in self.match)

    def _coordinates(self, table: Reference) -> Points:
        """Return where the rows of a table are, NaN where they do not say it. Raises RunFailed."""
        return table.once(
            f"places {self.lat} {self.lon}",
            lambda: (self._degrees(table, self.lat, 90.0), self._degrees(table, self.lon, 360.0)),
        )

    def _degrees(self, table: Reference, column: str, most: float) -> Floats:
        values = plain(table.columns[column])
        if not (pa.types.is_floating(values.type) or pa.types.is_integer(values.type) or is_decimal(values.type)):
            raise RunFailed(f"column {show(column)} of table {show(self.table)} has no numbers, which degrees are")
        floats = as_floats(values) if is_decimal(values.type) else values.cast(pa.float64())
        degrees = pc.fill_null(floats, np.nan).to_numpy(zero_copy_only=False)
        wrong = np.flatnonzero(np.abs(degrees) > most)
        if len(wrong):
            where = f"row {wrong[0] + 1} of table {show(self.table)}"
            raise RunFailed(f"{where}: {show(column)} is {degrees[wrong[0]]:g}, and must be from {-most:g} to {most:g}")
        return degrees


class Around(Places):
    """Points in circles around places, of which one is drawn for each."""

    km: float = Field(gt=0, le=LARGEST, description="radius of the circle around each")
    as_: str | None = Field(
        None, alias="as", min_length=1, description="fields of a record with the same table and label share a row"
    )

    def row(self) -> Row:
        """Return what picks the row of each."""
        return Row(name="around", table=self.table, match=self.match, **{"as": self.as_})  # type: ignore[arg-type]

    def points(self, rows: Rows) -> Found:
        """Return a point for each row, (n,)."""
        picked = self.row().picked(rows.within("around"))
        absent = picked.is_null().to_numpy(zero_copy_only=False)
        places = picked.fill_null(0).to_numpy()
        lats, lons = self._coordinates(rows.world.tables[self.table])
        lat, lon = (np.append(degrees, np.nan)[np.where(absent, -1, places)] for degrees in (lats, lons))
        absent = np.isnan(lat) | np.isnan(lon)
        return around(np.where(absent, 0.0, lat), np.where(absent, 0.0, lon), self.km, rows.bits()), absent


class Along(Places):
    """Points on the way from the first place to the last, by the shortest way from each to the next."""

    progress: AnyExpression = Field(
        description="an expression: how much of the way is behind, from 0 to 1; null where it is null"
    )

    def points(self, rows: Rows) -> Found:
        """Return a point for each row, (n,)."""
        table = rows.world.tables[self.table]
        key = f"route {self.lat} {self.lon} {sorted(self.match)}"
        route: Route = table.once(key, partial(self._route, table))
        grouping = table.grouping(tuple(self.match))
        begins, counts = grouping.of([rows.calculate(value) for value in self.match.values()], len(rows))
        done = _numbers(rows.calculate(self.progress))
        absent = (counts == 0) | np.isnan(done)
        begins = np.where(absent, 0, begins)
        found = route.at(begins, np.where(absent, 1, counts), np.clip(np.where(absent, 0.0, done), 0.0, 1.0))
        return found, absent

    def _route(self, table: Reference) -> "Route":
        lat, lon = self._coordinates(table)
        order = table.grouping(tuple(self.match)).order
        unknown = order[np.isnan(lat[order]) | np.isnan(lon[order])]
        if len(unknown):
            raise RunFailed(f"row {unknown[0] + 1} of table {show(self.table)} has no place, so no way leads there")
        return Route.through(lat[order], lon[order])


@dataclass(frozen=True)
class Route:
    """A way through points (n,), given as points of a sphere of radius 1, (n, 3)."""

    points: Floats
    lengths: Floats  # (n,) in degrees, from the first point to each

    @classmethod
    def through(cls, lat: Floats, lon: Floats) -> "Route":
        """Return the way through points, of latitudes and longitudes in degrees (n,)."""
        turns, up = lon / 360.0, draw.sine(lat / 360.0)
        out = draw.sine(0.25 - np.abs(lat) / 360.0)
        points = np.stack([out * draw.sine(turns + 0.25), out * draw.sine(turns), up], axis=1)
        steps = _apart(points[:-1], points[1:])[0]
        return cls(points, np.concatenate([[0.0], np.cumsum(steps)]))

    def at(self, begins: Integers, counts: Integers, done: Floats) -> Points:
        """Return points on parts of the way, each from a place on through so many points; ``done`` is from 0 to 1."""
        first, last = self.lengths[begins], self.lengths[begins + counts - 1]
        target = first + done * (last - first)
        step = np.searchsorted(self.lengths, target, side="right") - 1
        step = np.clip(step, begins, begins + np.maximum(counts - 2, 0))
        following = np.minimum(step + 1, begins + counts - 1)
        length = self.lengths[following] - self.lengths[step]
        part = np.divide(target - self.lengths[step], length, out=np.zeros(len(done)), where=length > 0)
        return _between(self.points[step], self.points[following], np.clip(part, 0.0, 1.0))


def _apart(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Return the angles between points of a sphere (n, 3) and others, in degrees, and their sines."""
    across = np.cross(one, other)
    sine = np.sqrt((across * across).sum(axis=1))
    return draw.angle(sine, np.ascontiguousarray((one * other).sum(axis=1))), sine


def _between(one: Floats, other: Floats, part: Floats) -> Points:
    """Return the points that are a part of the way (n,), from 0 to 1, behind one and before the other."""
    angle, sine = _apart(one, other)
    turns = angle / 360.0
    weights = draw.sine((1.0 - part) * turns), draw.sine(part * turns)
    close = sine < _SMALL
    near, far = (np.where(close, flat, weight) for flat, weight in zip((part < 0.5, part >= 0.5), weights, strict=True))
    x, y, z = (near[:, None] * one + far[:, None] * other).T
    return draw.angle(z.copy(), np.sqrt(x * x + y * y)), draw.angle(y.copy(), x.copy())


def _numbers(values: pa.Array) -> Floats:
    """Return numbers as floats, NaN where they are null."""
    values = plain(values)
    floats = as_floats(values) if is_decimal(values.type) else values.cast(pa.float64())
    return np.asarray(pc.fill_null(floats, np.nan).to_numpy(zero_copy_only=False))
