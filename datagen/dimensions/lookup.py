"""The dimension ``lookup``."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from datagen import draw
from datagen.draw import Floats, Integers
from datagen.native import taken
from datagen.plugin.dimension import Rows
from datagen.plugin.distribution import MaybeDistribution
from datagen.plugin.expression import AnyExpression
from datagen.plugin.lookup import Lookup
from datagen.plugin.model import invalid
from datagen.plugin.world import Log, Seen
from datagen.problems import Path_, show

_USUAL = 100_000
_MOST = 10_000_000


ALIVE = "alive"


def _among(value: Any) -> int | str | None:
    match value:
        case "all":
            return None
        case "alive":
            return ALIVE
        case {"recent": int(count)} if len(value) == 1 and not isinstance(count, bool) and 1 <= count <= _MOST:
            return count
    text = f'must be "all", "alive" or such as {{"recent": {_USUAL}}}, of 1 to {_MOST} records, found {show(value)}'
    raise ValueError(text)


Among = Annotated[
    int | str | None,
    PlainValidator(_among),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": ["all", ALIVE]},
                {
                    "type": "object",
                    "properties": {"recent": {"type": "integer", "minimum": 1, "maximum": _MOST}},
                    "required": ["recent"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]


class EarlierRecord(Lookup):
    """What a record that was emitted before had: the order that a payment is for, the session that a click belongs to.

    It looks at the records of an `emitter` that stand before this one in the run, whoever's they are and whatever
    stages do with them, and takes one: by default each of the last 100 000 is equally likely. So what it refers to is
    there, and it is null where there is none yet. `"dimension": ["id", "total"]` makes an object of several, all of
    one record; so do fields with the same `as`. `time` is the time of the record.

    A `distribution` is an index that counts from the newest record, which is 0; with `relative` it is a share, from
    0, the newest, to 1, the oldest. `match` looks only at records that are equal there. With `once`, this field takes
    each record only once: an order is shipped once. As a variable, a worker keeps what it has looked up.

    Example: {"type": "lookup", "name": "earlier", "emitter": "record", "dimension": "time", "distribution": {"type": "exponential", "mean": 20}}
    """

    kind: ClassVar[str] = "lookup"
    dimension: str | list[str] = Field(min_length=1, description="name of the dimension, or of several")
    among: Among = Field(
        _USUAL,
        description='which records can be found: `{"recent": 5000}`, so many of the last ones, `"all"`, or `"alive"`, '
        "those of workers that have not stopped",
        json_schema_extra={"default": {"recent": _USUAL}},  # as it is written
    )
    distribution: MaybeDistribution = Field(
        None, description="index of the record, 0 for the newest; without it, each is equally likely"
    )
    relative: bool = Field(False, description="whether the distribution is a share, 0 for the newest and 1 the oldest")
    match: dict[str, AnyExpression] = Field(
        {}, description="expressions by dimensions: only records that are equal there, and null when there is none"
    )
    once: bool = Field(False, description="whether each record is taken only once by this field")
    as_: str | None = Field(
        None, alias="as", min_length=1, description="fields of a record with the same emitter and label share a record"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        lines: list[tuple[Path_, str]] = []
        if self.relative and self.distribution is None:
            lines.append((("relative",), 'needs a "distribution", of the share'))
        if self.distribution is not None and not self.relative and (problem := self.distribution.problem_as_whole()):
            lines.append((("distribution",), problem))
        if self.once and self.as_ is not None:
            text = 'can\'t be with "once", as each field would take a record of its own; look several up in one object'
            lines.append((("as",), text))
        if isinstance(self.dimension, list) and len(set(self.dimension)) < len(self.dimension):
            lines.append((("dimension",), "names must be unique"))
        if lines:
            raise invalid(self.kind, lines)
        return self

    @property
    def depth(self) -> int | None:
        return 0 if isinstance(self.among, str) else self.among

    @property
    def sees_lives(self) -> bool:
        return self.among == ALIVE

    @property
    def follows_draws(self) -> bool:
        return not self.once and not self.match and not self.sees_lives

    def looked_up(self) -> Iterator[tuple[Path_, str]]:
        if isinstance(self.dimension, str):
            yield ("dimension",), self.dimension
        else:
            yield from ((("dimension", place), name) for place, name in enumerate(self.dimension))
        yield from ((("match", name), name) for name in self.match)

    def row_label(self) -> tuple[str, str, Any] | None:
        picking = (self.among, self.distribution, self.relative, self.match)
        return None if self.as_ is None else (f"lookup:{self.emitter}", self.as_, picking)

    def make(self, rows: Rows) -> pa.Array:
        seen = rows.seen(self.emitter)
        numbers = self.numbers(rows, seen)
        if isinstance(self.dimension, str):
            return seen.log.take(self.dimension, numbers)
        values = [seen.log.take(name, numbers) for name in self.dimension]
        fields = [pa.field(name, value.type) for name, value in zip(self.dimension, values, strict=True)]
        return pa.StructArray.from_arrays(values, fields=fields, mask=pa.array(numbers < 0))

    def numbers(self, rows: Rows, seen: Seen) -> Integers:
        before = seen.before
        oldest = np.maximum(before - self.among, 0) if isinstance(self.among, int) else np.zeros(len(rows), np.int64)
        index = self._index(rows)
        if self.follows_draws:
            return np.where(before > oldest, before - 1 - self._counted(index, before - oldest), -1)
        numbers, low, high = self._places(rows, seen.log, self._candidates(rows, seen), oldest, before)
        if not self.once and not self.sees_lives:
            return np.append(numbers, -1)[np.where(high > low, high - 1 - self._counted(index, high - low), -1)]
        places = np.empty(len(rows), np.int64)
        tree, there = draw.column(len(numbers) + 1, np.int64), draw.column(len(numbers), np.uint8)
        stops = _stops(seen, numbers) if self.sees_lives else (before[:0], before[:0])
        taken.take(low, high, index, self._is_share, self.once, *stops, tree, there, places)
        if self.once:
            seen.log.free[rows.path] = np.sort(numbers[there.astype(bool)])
            seen.log.known[rows.path] = max(seen.log.known.get(rows.path, 0), int(before.max(initial=0)))
        return np.append(numbers, -1)[places]

    def _candidates(self, rows: Rows, seen: Seen) -> Integers:
        """Return the numbers of the records that some row may take, ascending."""
        log, end = seen.log, int(seen.before.max(initial=0))
        known = log.known.get(rows.path, log.first) if self.once else log.first
        fresh = np.arange(known, max(end, known))
        free = log.free.get(rows.path, fresh[:0]) if self.once else fresh[:0]
        if not self.sees_lives:
            return np.concatenate([free[free >= log.first], fresh])
        numbers = log.lives.numbers[: np.searchsorted(log.lives.numbers, max(end, known))]  # where no row is, too
        return numbers[np.isin(numbers, free) | (numbers >= known)] if self.once else numbers

    @property
    def _is_share(self) -> bool:
        return self.relative or self.distribution is None

    def _index(self, rows: Rows) -> Floats:
        """Return an index for each row, (n,), from the newest record on, or a share of how many there are."""
        drawn = rows if self.as_ is None else rows.shared(f"lookup:{self.emitter}").within(self.as_)
        if self.distribution is None:
            return drawn.unit("pick")
        if self.relative:
            return np.maximum(self.distribution.real(drawn.keys, drawn.key("pick")), 0.0)
        return self.distribution.index(drawn.keys, drawn.key("pick"), 2**53).astype(np.float64)

    def _counted(self, index: Floats, counts: Integers) -> Integers:
        """Return indices (n,) below how many there are (n,)."""
        scaled = np.floor(index * counts) if self._is_share else index
        return np.minimum(scaled, counts - 1).astype(np.int64)

    def _places(
        self, rows: Rows, log: Log, numbers: Integers, oldest: Integers, before: Integers
    ) -> tuple[Integers, Integers, Integers]:
        """Return numbers of records in an order in which those that each row looks at stand side by side, and where."""
        if not self.match:
            return numbers, np.searchsorted(numbers, oldest), np.searchsorted(numbers, before)
        grouping = log.grouping(list(self.match), numbers)
        begins, counts = grouping.of([rows.calculate(value) for value in self.match.values()], len(rows))
        numbers = numbers[grouping.order]
        group = np.searchsorted(grouping.starts, begins, side="right") - 1
        groups = np.repeat(np.arange(len(grouping.starts) - 1), np.diff(grouping.starts))
        size = int(max(before.max(initial=0), numbers.max(initial=0))) + 1
        ascending = groups * size + numbers
        low, high = (np.searchsorted(ascending, group * size + bound) for bound in (oldest, before))
        return numbers, np.where(counts > 0, low, 0), np.where(counts > 0, high, 0)


def _stops(seen: Seen, numbers: Integers) -> tuple[Integers, Integers]:
    """Return before which of the rows (n,) the workers of some records (m,) stop, ascending, and places of records."""
    lives = seen.log.lives
    row = np.searchsorted(seen.step, lives.ends[np.searchsorted(lives.numbers, numbers)])
    order = np.argsort(row, kind="stable")[: int(np.count_nonzero(row < len(seen.step)))]
    return row[order], order
