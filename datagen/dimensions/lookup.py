"""The dimension ``lookup``."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from datagen import draw
from datagen.clock import NEVER
from datagen.draw import Floats, Integers, Marks
from datagen.native import passing, taken
from datagen.plugin.dimension import Rows
from datagen.plugin.distribution import MaybeDistribution
from datagen.plugin.expression import AnyExpression
from datagen.plugin.lookup import Lookup
from datagen.plugin.model import invalid
from datagen.plugin.world import Seen
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
        places = self._places(rows, seen)
        if isinstance(self.dimension, str):
            return seen.log.take(self.dimension, places)
        values = [seen.log.take(name, places) for name in self.dimension]
        fields = [pa.field(name, value.type) for name, value in zip(self.dimension, values, strict=True)]
        return pa.StructArray.from_arrays(values, fields=fields, mask=pa.array(places == 0))

    def numbers(self, rows: Rows, seen: Seen) -> Integers:
        counts = seen.before if self.among is None else np.minimum(seen.before, self.among)
        numbers = seen.before - 1 - self._counted(self._index(rows), counts)
        return np.where(counts > 0, numbers, -1) if counts.min(initial=1) == 0 else numbers

    def _places(self, rows: Rows, seen: Seen) -> Integers:
        """Return where the records are kept that rows look up, (n,); 0 for none."""
        if self.follows_draws:
            return seen.log.places(self.numbers(rows, seen))
        if self.sees_lives and not self.match:
            return self._of_lives(rows, seen)
        numbers, places = self._candidates(rows, seen)
        oldest = (
            np.maximum(seen.before - self.among, 0) if isinstance(self.among, int) else np.zeros(len(rows), np.int64)
        )
        order, low, high = self._sides(rows, seen, numbers, places, oldest)
        numbers, places = numbers[order], np.append(places[order], 0)
        index = self._index(rows)
        if not self.once and not self.sees_lives:
            return places[np.where(high > low, high - 1 - self._counted(index, high - low), -1)]
        taken_ = np.empty(len(rows), np.int64)
        tree, there = draw.column(len(numbers) + 1, np.int64), draw.column(len(numbers), np.uint8)
        stops = _stops(seen, numbers) if self.sees_lives else (low[:0], low[:0])
        taken.take(low, high, index, self._is_share, self.once, *stops, tree, there, taken_)
        if self.once:
            self._remember(rows, seen, np.sort(numbers[there.astype(bool)]))
        return places[taken_]

    def _of_lives(self, rows: Rows, seen: Seen) -> Integers:
        """Return the same where all records of workers alive come into question."""
        lives = seen.log.lives
        high = lives.before(seen.before)
        size = int(high.max(initial=0))
        if self.once:  # what it knows of lies behind these where no row is
            size = max(size, int(np.searchsorted(lives.numbers, seen.log.known.get(rows.path, 0))))
        numbers, there = lives.numbers[:size], np.ones(size, np.uint8)
        if self.once:
            there[:] = self._may_be_left(rows, seen, numbers)
        room = draw.column(5 * (max(size, len(lives.stops)) + 1), np.int32).reshape(5, -1)
        found = draw.column(len(rows), np.int32)
        known = lives.ends[:size], lives.stops
        passing.take(high, seen.step, self._index(rows), self._is_share, self.once, *known, there, room, found)
        if self.once:
            self._remember(rows, seen, numbers[there.astype(bool)])
        return np.append(lives.places, 0)[found]

    def _may_be_left(self, rows: Rows, seen: Seen, numbers: Integers) -> Marks:
        """Return which records, (n,) of their numbers, this field has not taken yet; it takes each once."""
        free = seen.log.free.get(rows.path, numbers[:0])
        return np.isin(numbers, free) | (numbers >= seen.log.known.get(rows.path, seen.log.first))

    def _remember(self, rows: Rows, seen: Seen, free: Integers) -> None:
        """Keep which records this field has not taken, (n,) of their numbers, of all that it has come to."""
        log = seen.log
        log.free[rows.path] = free
        log.known[rows.path] = max(log.known.get(rows.path, 0), int(seen.before.max(initial=0)))

    def _candidates(self, rows: Rows, seen: Seen) -> tuple[Integers, Integers]:
        """Return the numbers of the records that some row may take, ascending, and where they are kept."""
        log, end = seen.log, int(seen.before.max(initial=0))
        known = log.known.get(rows.path, log.first) if self.once else log.first
        fresh = np.arange(known, max(end, known))
        if not self.sees_lives:
            free = log.free.get(rows.path, fresh[:0]) if self.once else fresh[:0]
            numbers = np.concatenate([free[free >= log.first], fresh])
            return numbers, log.places(numbers)
        numbers = log.lives.numbers[: np.searchsorted(log.lives.numbers, max(end, known))]  # where no row is, too
        is_left = self._may_be_left(rows, seen, numbers) if self.once else np.ones(len(numbers), bool)
        return numbers[is_left], log.lives.places[: len(numbers)][is_left]

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

    def _sides(
        self, rows: Rows, seen: Seen, numbers: Integers, places: Integers, oldest: Integers
    ) -> tuple[Integers, Integers, Integers]:
        """Return records in an order in which those that each row looks at stand side by side, and from where to where."""
        before = seen.before
        if not self.match:
            return np.arange(len(numbers)), np.searchsorted(numbers, oldest), np.searchsorted(numbers, before)
        grouping = seen.log.grouping(list(self.match), places)
        begins, counts = grouping.of([rows.calculate(value) for value in self.match.values()], len(rows))
        group = np.searchsorted(grouping.starts, begins, side="right") - 1
        groups = np.repeat(np.arange(len(grouping.starts) - 1), np.diff(grouping.starts))
        size = int(max(before.max(initial=0), numbers.max(initial=0))) + 1
        ascending = groups * size + numbers[grouping.order]
        low, high = (np.searchsorted(ascending, group * size + bound) for bound in (oldest, before))
        return grouping.order, np.where(counts > 0, low, 0), np.where(counts > 0, high, 0)


def _stops(seen: Seen, numbers: Integers) -> tuple[Integers, Integers]:
    """Return before which of the rows (n,) the workers of some records (m,) stop, ascending, and places of records."""
    lives = seen.log.lives
    ends = lives.ends[np.searchsorted(lives.numbers, numbers)]
    row = np.searchsorted(seen.step, np.append(lives.stops, NEVER)[ends])
    order = np.argsort(row, kind="stable")[: int(np.count_nonzero(row < len(seen.step)))]
    return row[order], order
