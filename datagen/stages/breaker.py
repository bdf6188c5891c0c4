"""The stage ``corrupt`` at work on the records of one emitter: draws how each is broken, and breaks it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Floats, Integers, Keys, Marks, unit
from datagen.plugin.stage import Scope
from datagen.plugin.token import hexadecimal, octets
from datagen.records.batch import Part
from datagen.records.conversion import as_type
from datagen.records.types import JSON_TEXT, as_json, optional, plain_type
from datagen.stages.breakage import BREAKAGES, is_scalar, takes
from datagen.stages.inside import put, taken
from datagen.stages.replaced import replaced

EXTRA = pa.struct([pa.field("", pa.string())])  # a text that is mostly missing
_OCTETS = 4  # of it, as hexadecimal digits

Values = Mapping[str, pa.Array]
Edits = dict[str, list[tuple[Integers, pa.Array]]]  # by field: other values (k,) in some rows (k,)


@dataclass(frozen=True)
class Way:
    """Something that can be done to a record."""

    how: str
    fields: tuple[str, ...] = ()

    def fits(self, values: Values, size: int) -> Marks:
        """Return which of some records (size,), with these values, it would change."""
        own = [values[name] for name in self.fields]
        if self.how == "extra_field":
            return np.ones(size, bool)
        found = _differ(*own) if self.how == "swap" else takes(BREAKAGES[self.how], own[0])
        return found.to_numpy(zero_copy_only=False)


def path_in(columns: Collection[str], field: str) -> list[str]:
    """Return the name of the column that a field is, or is inside of, and the keys on the way; a whole name wins."""
    return [field] if field in columns else field.split(".")


def _differ(left: pa.Array, right: pa.Array) -> pa.Array:
    return pc.not_equal(left, right).fill_null(False)


def can_swap(left: pa.DataType, right: pa.DataType) -> bool:
    """Return whether values of two types can stand in each other's place."""
    return left == right and is_scalar(left)


class Breaker:
    """Breaks records of one emitter."""

    def __init__(
        self, ways: Sequence[Way], weights: Mapping[str, float], mixed: Collection[str], extra: str | None, scope: Scope
    ) -> None:
        """Take the weight of each kind of way, the fields that get JSON texts, and the name of an extra one, if any."""
        self._ways = ways
        self._kinds = list(weights)
        self._weights = np.array(list(weights.values()), np.float64)
        self._kind_of = np.array([self._kinds.index(way.how) for way in ways], np.int64)
        self._mixed = mixed
        self._extra = extra
        self._scope = scope

    def broken(self, part: Part, rows: Integers, keys: Keys) -> tuple[dict[str, pa.Array], Marks]:
        """Break some records (k,) of a part, with these keys (k,); return its columns, and which were broken (k,)."""
        fields = {name for way in self._ways for name in way.fields}
        paths = {name: path_in(part.columns, name) for name in fields}
        chosen = {root: part.columns[root].take(pa.array(rows)) for root, *_ in paths.values()}
        values = {name: taken(chosen[root], path) for name, (root, *path) in paths.items()}
        number = self._drawn(values, keys)
        edits: Edits = {name: [] for name in fields}
        for each, way in enumerate(self._ways):
            at = np.flatnonzero(number == each)
            if len(at) and way.fields:
                self._break(way, values, at, keys, edits, rows)
        columns = dict(part.columns)
        for name, (root, *path) in paths.items():
            columns[root] = put(columns[root], path, partial(self._column, name, edits=edits[name]))
        if self._extra is not None:
            at = np.flatnonzero(np.isin(number, [each for each, way in enumerate(self._ways) if not way.fields]))
            columns[self._extra] = self._added(len(part.rows), rows[at], keys[at])
        return columns, number >= 0

    def _drawn(self, values: Values, keys: Keys) -> Integers:
        """Return the number of the way in which each record (k,) is broken, -1 where none changes it."""
        if not self._ways or not len(keys):
            return np.full(len(keys), -1)
        fits = np.array([way.fits(values, len(keys)) for way in self._ways])
        kinds = np.array([fits[self._kind_of == kind].any(axis=0) for kind in range(len(self._kinds))])
        kind = _one_of(kinds * self._weights[:, None], unit(self._scope.bits(keys, "how")))
        fits &= self._kind_of[:, None] == kind
        return _one_of(fits.astype(np.float64), unit(self._scope.bits(keys, "field")))

    def _break(self, way: Way, values: Values, at: Integers, keys: Keys, edits: Edits, rows: Integers) -> None:
        """Add what a way makes of the records at some places (m,) among those that are broken."""
        own = [values[name].take(pa.array(at)) for name in way.fields]
        if way.how == "swap":
            made = own[::-1]
        else:
            made = [BREAKAGES[way.how].make(own[0], lambda purpose: self._scope.bits(keys[at], purpose))]
        for name, array in zip(way.fields, made, strict=True):
            edits[name].append((rows[at], array))

    def _column(self, name: str, column: pa.Array, edits: Sequence[tuple[Integers, pa.Array]]) -> pa.Array:
        """Return a column with all that was made for it."""
        if name in self._mixed:
            column = as_type(column, as_json(plain_type(column.type)))
            edits = [(rows, array if array.type == JSON_TEXT else as_type(array, JSON_TEXT)) for rows, array in edits]
        if not edits:
            return column
        type_ = edits[0][1].type
        values = pa.concat_arrays([array.cast(type_) for _, array in edits])
        return replaced(column, np.concatenate([rows for rows, _ in edits]), values)

    def _added(self, size: int, rows: Integers, keys: Keys) -> pa.Array:
        """Return a column (size,) that only some rows (m,) have."""
        missing = np.ones(size, bool)
        missing[rows] = False
        texts = hexadecimal(octets(self._scope.bits(keys, "extra").reshape(-1, 1), _OCTETS))
        return optional(replaced(pa.nulls(size, pa.string()), rows, texts), missing)


def _one_of(weights: npt.NDArray[np.float64], u: Floats) -> Integers:
    """Return which of m things is drawn in each column (m, k), by a number in [0, 1) (k,); -1 where all are 0."""
    sums = np.cumsum(weights, axis=0)
    number = (sums <= u * sums[-1]).sum(axis=0)
    return np.where(sums[-1] > 0, number, -1)
