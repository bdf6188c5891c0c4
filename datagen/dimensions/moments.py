"""Distributions of times, for ``timestamp``: with times in place of numbers, which may be expressions."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import pyarrow as pa
from pydantic import ValidationError, ValidationInfo

from datagen.draw import Floats, Integers, Marks
from datagen.moment import Moment, parse_moment
from datagen.plugin.columnar import Columnar
from datagen.plugin.computed import Computed, numbers_in
from datagen.plugin.description import UNREADABLE, Lines, is_read, number_of, wrong
from datagen.plugin.dimension import Rows
from datagen.plugin.distribution import MOMENT_KEYS, Distribution, check_whole, number_keys
from datagen.plugin.model import Maker, invalid, make_of_group, maker_of, without_comments
from datagen.plugin.namespace import namespace_of
from datagen.problems import Path_
from datagen.records.batch import Layout
from datagen.records.expression import Expression
from datagen.records.expression.facets import TIME, facets_of
from datagen.records.expression.value import Literal
from datagen.records.text import offset_milliseconds

_FIRST = parse_moment("0001-01-01T00:00:00").milliseconds
_DAY = 24 * 3600 * 1000  # ms: more than any offset
_LAST = parse_moment("9999-12-31T23:59:59.999").milliseconds
_WRITTEN = re.compile(r"\s*\d{4}-.*|[\d\s.:/TtZz+-]*")  # what is meant as a time, and not as an expression


@dataclass(frozen=True)
class Moments:
    """A distribution of milliseconds since 1970, and the UTC offset that its times were written with, if any."""

    milliseconds: Distribution
    zone: str | None

    @property
    def size(self) -> int:
        """Return how many different times it draws at least; 0 when that is not known."""
        least, most = self.milliseconds.bounds()
        is_clipped = least < _FIRST + _DAY or most > _LAST - _DAY
        return 0 if is_clipped else self.milliseconds.whole_numbers()

    def places(self) -> int:
        """Return how many times there are for ``at``; 0 when that is not known."""
        return min(self.size, self.milliseconds.places())

    def at(self, places: Integers) -> pa.Array:
        """Return the times at some places, (n,)."""
        return _times(self.milliseconds.whole_at(places), self.zone)

    def times(self, rows: Rows) -> pa.Array:
        """Return a time for each row, (n,)."""
        return _times(_drawn(self.zone, self.milliseconds, rows), self.zone)


class ComputedMoments(Computed):
    """A distribution of times some of which are expressions; those that are not are expressions of a constant."""

    size = 0

    def __init__(self, described: Mapping[str, Any], maker: Maker, kind: type[Distribution], zone: str | None) -> None:
        super().__init__(described, maker, kind)
        self.zone = zone

    def places(self) -> int:
        return 0

    def misfits(self, layout: Layout) -> Iterator[tuple[Path_, str]]:
        for path, expression in self.expressions.items():
            fits, what = (expression.is_time, "time") if path[0] in MOMENT_KEYS else (expression.is_number, "number")
            if not expression.check(layout) and not fits(layout):
                yield path, f"is no {what}"

    def times(self, rows: Rows) -> pa.Array:
        """Return a time for each row, (n,), null where one of its expressions is.

        Those without an offset are read, and all are shown, with that of the others.
        """
        values = {path: rows.calculate(expression) for path, expression in self.expressions.items()}
        moments = {path: facets_of(found).get(TIME) for path, found in values.items() if path[0] in MOMENT_KEYS}
        zones = [found.type.tz for found in moments.values() if found is not None]
        zone = self.zone or next(filter(None, zones), None)
        columns = [
            _milliseconds(moments[path], zone, len(rows))
            if path in moments
            else numbers_in(found) * (1000 if path == ("stddev",) else 1)
            for path, found in values.items()
        ]
        made = np.zeros(len(rows), np.int64)
        there = self.fill(columns, rows, partial(_drawn, zone), made)
        return _times(made, zone, there)

    def told(self, error: ValidationError) -> str:
        text = re.sub(r"(?<=^stddev: ).*", "must not be below 0", super().told(error))
        zone = self.zone or "UTC"
        return re.sub(r"\((-?\d+)\)", lambda found: f"({Moment(1000 * int(found[1]), zone).text})", text)


def moments(described: Any, info: "ValidationInfo[Maker]") -> Moments | ComputedMoments:
    """Return the distribution that JSON with times in place of numbers describes."""
    if isinstance(described, Moments | ComputedMoments):
        return described
    described = without_comments(described)
    if not isinstance(described, dict):
        return Moments(check_whole(make_of_group("distribution", described, info)), None)
    lines: Lines = []
    read = {key: _read(described[key], (key,), lines, info) for key in MOMENT_KEYS if key in described}
    written = {key: one for key, one in read.items() if isinstance(one, Moment)}
    zone = next((one.zone for one in written.values()), None)
    lines += _disagreeing(described, written)
    kind = maker_of(info).kind_of("distribution", described)
    others = number_keys(kind).keys() - read.keys() if kind is not None else ()
    texts = {key: text for key in others if isinstance(text := described.get(key), str)}
    described = described | {key: number_of(text, (key,), lines, info) for key, text in texts.items()}
    if is_read([*read.values(), described]):
        return _computed(described | read, zone, lines, info)
    numbers = {key: one.milliseconds for key, one in written.items()}
    try:
        made = check_whole(make_of_group("distribution", described | numbers | _stddev(described), info))
    except ValidationError as error:
        raise invalid("timestamp", lines or [(line["loc"], line["msg"]) for line in error.errors()]) from error
    if lines:
        raise invalid("timestamp", lines)
    if not made.draws_times:
        raise _no_times(made.kind)
    return Moments(made, zone)


def _read(given: Any, path: Path_, lines: Lines, info: "ValidationInfo[Maker]") -> Moment | Expression:
    """Return the time or the expression that a key holds; add what is neither to the lines."""
    try:
        return parse_moment(given)
    except ValueError as error:
        text = str(error)
    if isinstance(given, str) and not _WRITTEN.fullmatch(given):
        try:
            return namespace_of(info).read(given)
        except ValueError as error:
            text += f", or an expression: {error}"
    lines.append((path, text))
    return UNREADABLE


def _disagreeing(described: Mapping[str, Any], written: Mapping[str, Moment]) -> Iterator[tuple[Path_, str]]:
    """Yield what does not go together of times that are written out."""
    zones = [moment.zone for moment in written.values()]
    if None in zones and any(zones):
        yield (), "either all of its times have an offset or none has"
    for low, high in (("min", "max"), ("least", "most")):
        if {low, high} <= written.keys() and written[low].microseconds > written[high].microseconds:
            yield (), f'"{low}" ({described[low]}) must not be above "{high}" ({described[high]})'


def _stddev(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the standard deviation in milliseconds, under its key, if there is one."""
    stddev = described.get("stddev")
    is_number = isinstance(stddev, int | float) and not isinstance(stddev, bool)
    return {"stddev": stddev * 1000} if is_number else {}  # type: ignore[operator]


def _computed(
    described: dict[str, Any], zone: str | None, lines: Lines, info: "ValidationInfo[Maker]"
) -> ComputedMoments:
    """Return the distribution with expressions, also for the times that are written out."""
    literals = {key: Expression(Literal(0, one)) for key, one in described.items() if isinstance(one, Moment)}
    described = described | literals | _stddev(described)
    kind = maker_of(info).kind_of("distribution", described)
    if kind is None:  # which is told
        return cast(ComputedMoments, make_of_group("distribution", described, info))
    if not kind.draws_times:
        raise _no_times(kind.kind)
    lines = [*wrong(kind, described, info), *lines]
    if lines:
        raise invalid("timestamp", lines)
    return ComputedMoments(described, maker_of(info), kind, zone)


def _no_times(kind: str) -> ValidationError:
    text = f"{kind} draws times from 1970 on; use uniform with min and max, triangular, or normal with a mean"
    return invalid("timestamp", [(("type",), text)])


def _milliseconds(moments: pa.Array | None, zone: str | None, size: int) -> Floats:
    """Return times as milliseconds since 1970, (n,), NaN where there is none; without an offset it is that of a zone."""
    if moments is None:
        return np.full(size, np.nan)
    ahead = offset_milliseconds(zone) if zone and moments.type.tz is None else 0
    there = moments.is_valid().to_numpy(zero_copy_only=False)
    microseconds = moments.cast(pa.int64()).fill_null(0).to_numpy()
    return np.where(there, microseconds // 1000 - ahead, np.nan)


def _drawn(zone: str | None, distribution: Distribution | Columnar, rows: Rows) -> Integers:
    """Draw milliseconds since 1970 (n,), held in the years that can be shown."""
    offset = offset_milliseconds(zone) if zone else 0
    return check_whole(distribution).whole(rows.keys, rows.key(), _FIRST - offset, _LAST - offset)


def _times(milliseconds: Integers, zone: str | None, there: Marks | None = None) -> pa.Array:
    return pa.array(milliseconds, mask=None if there is None else ~there).cast(pa.timestamp("ms", zone))
