"""The dimension ``lookup``."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from datagen import draw
from datagen.clock import NEVER
from datagen.draw import Codes, Floats, Integers, Marks
from datagen.native import passing, taken
from datagen.plugin.computed import DrawsNumbers, Unknown, indices, real
from datagen.plugin.description import MaybeNumberDistribution
from datagen.plugin.dimension import Rows
from datagen.plugin.distribution import Distribution
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


class EarlierRecord(DrawsNumbers, Lookup):
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
    distribution: MaybeNumberDistribution = Field(
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
        by_index = self.distribution if isinstance(self.distribution, Distribution) and not self.relative else None
        if by_index is not None and (problem := by_index.problem_as_whole()):
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
        return not (self.once or self.match or self.sees_lives or isinstance(self.distribution, Unknown))

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
        return self._last(self._oldest(seen), seen.before, self._index(rows)[0])

    def _oldest(self, seen: Seen) -> Integers:
        """Return the number of the oldest record that each row (n,) looks at."""
        return np.maximum(seen.before - self.among, 0) if isinstance(self.among, int) else np.zeros_like(seen.before)

    def _places(self, rows: Rows, seen: Seen) -> Codes:
        """Return where the records are kept that rows look up, (n,); 0 for none."""
        if self.follows_draws:
            return seen.log.places(self.numbers(rows, seen))
        if self.sees_lives and not self.match and not isinstance(self.distribution, Unknown):
            return self._of_lives(rows, seen)
        numbers, places = self._candidates(rows, seen)
        order, low, high = self._sides(rows, seen, numbers, places)
        numbers, places = numbers[order], np.append(places[order], np.int32(0))
        index, is_known = self._index(rows)
        high = high if is_known is None else np.where(is_known, high, low)
        if not self.once and not self.sees_lives:
            return places[self._last(low, high, index)]
        taken_ = np.empty(len(rows), np.int64)
        tree, there = draw.column(len(numbers) + 1, np.int64), draw.column(len(numbers), np.uint8)
        stops = _stops(seen, numbers) if self.sees_lives else (low[:0], low[:0])
        taken.take(low, high, index, self._is_share, self.once, *stops, tree, there, taken_)
        if self.once:
            self._remember(rows, seen, np.sort(numbers[there.astype(bool)]))
        return places[taken_]

    def _of_lives(self, rows: Rows, seen: Seen) -> Codes:
        """Return the same where all records of workers alive come into question."""
        lives = seen.log.lives
        size = self._lives_known(rows, seen)
        numbers, there = lives.numbers[:size], np.ones(size, np.uint8)
        if self.once:
            there[:] = self._may_be_left(rows, seen, numbers)
        room = draw.column(4 * (max(size, len(lives.stops)) + 1), np.int32).reshape(4, -1)
        tree, words = draw.column(size // 512 + 3, np.int32), draw.column(size // 64 + 32, np.uint64)
        line = tree, words, draw.column(len(words), np.int16)
        found, known = draw.column(len(rows), np.int32), (lives.ends[:size], lives.stops, lives.places[:size])
        high, index = lives.before(seen.before), self._index(rows)[0]
        passing.take(high, seen.step, index, self._is_share, self.once, *known, there, room, line, found)
        if self.once:
            self._remember(rows, seen, numbers[there.astype(bool)])
        return found

    def _lives_known(self, rows: Rows, seen: Seen) -> int:
        """Return how many records of lives there are before the last row, or were where this field was asked last."""
        known = seen.log.known.get(rows.path, 0) if self.once else 0
        return int(np.searchsorted(seen.log.lives.numbers, max(int(seen.before.max(initial=0)), known)))

    def _may_be_left(self, rows: Rows, seen: Seen, numbers: Integers) -> Marks:
        """Return which records, (n,) of their numbers, this field has not taken yet; it takes each once."""
        free = seen.log.free.get(rows.path, numbers[:0])
        return np.isin(numbers, free) | (numbers >= seen.log.known.get(rows.path, 0))

    def _remember(self, rows: Rows, seen: Seen, free: Integers) -> None:
        """Keep which records this field has not taken, (n,) of their numbers, of all that it has come to."""
        log = seen.log
        log.free[rows.path] = free
        log.known[rows.path] = max(log.known.get(rows.path, 0), int(seen.before.max(initial=0)))

    def _candidates(self, rows: Rows, seen: Seen) -> tuple[Integers, Codes]:
        """Return the numbers of the records that some row may take, ascending, and where they are kept."""
        log, end = seen.log, int(seen.before.max(initial=0))
        if self.sees_lives:
            size = self._lives_known(rows, seen)
            numbers, places = log.lives.numbers[:size], log.lives.places[:size]
            is_left = self._may_be_left(rows, seen, numbers) if self.once else slice(None)
            return numbers[is_left], places[is_left]
        known = max(log.known.get(rows.path, 0), log.first) if self.once else log.first
        fresh = np.arange(known, max(end, known))
        free = log.free.get(rows.path, fresh[:0]) if self.once else fresh[:0]
        numbers = np.concatenate([free[free >= log.first], fresh])
        return numbers, log.places(numbers)

    @property
    def _is_share(self) -> bool:
        return self.relative or self.distribution is None

    def _index(self, rows: Rows) -> tuple[Floats, Marks | None]:
        """Return an index for each row, (n,), from the newest record on, or a share of how many there are.

        And where there is any; None is everywhere.
        """
        drawn = rows if self.as_ is None else rows.shared(f"lookup:{self.emitter}").within(self.as_)
        if self.distribution is None:
            return drawn.unit("pick"), None
        if self.relative:
            share, there = real(self.distribution, drawn, "pick")
            return np.maximum(share, 0.0), there
        index, there = indices(self.distribution, drawn, "pick", 2**53)
        return index.astype(np.float64), there

    def _last(self, low: Integers, high: Integers, index: Floats) -> Integers:
        """Return the number of an index from ``low`` to before ``high`` (n,), the last one first; -1 for none."""
        found = draw.column(len(index), np.int64)
        passing.last(low, high, index, self._is_share, found)
        return found

    def _sides(self, rows: Rows, seen: Seen, numbers: Integers, places: Codes) -> tuple[Integers, Integers, Integers]:
        """Return records in an order in which those that each row looks at stand side by side, and from where to where."""
        oldest, before = self._oldest(seen), seen.before
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
