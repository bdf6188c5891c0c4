"""The source ``replay``: the workers of a recorded file, when its times say."""

import os
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from datagen.arrivals.playback import MOST_SAID, NO_TIME, SHIFT, Block, Player, Playing, Recorder
from datagen.clock import NEVER
from datagen.draw import Floats, Integers
from datagen.moment import Moment
from datagen.plugin.arrival import Arrival, Scope, Stream, Unreadable
from datagen.plugin.instant import Duration
from datagen.plugin.model import Model, Number, changed, invalid
from datagen.plugin.recording import Recorded
from datagen.plugin.table import TableProblem, TableRows
from datagen.plugin.table_file import FilePath, TableFile, unusable, valid_expression
from datagen.plugin.week import Week, nothing
from datagen.problems import Path_, RunFailed, counted, show
from datagen.records.blocks import BLOCK, LINE, Form
from datagen.records.reference import Reference
from datagen.records.strptime import ISO_TIMES, TIME, TimePattern, TimeReader, expression_of
from datagen.zone import Zone

_LEAP_YEAR = 2000  # has every day
_TABLE, _ROWS = "the table", Form("rows")  # whose columns have types


def _pattern(value: Any) -> TimePattern:
    is_pair = isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(part, str) for part in value)
    if not is_pair:
        raise ValueError(f"must be a list of a regular expression and a format, found {show(value)}")
    found, format_ = value
    expression_of(format_)
    return TimePattern(valid_expression(found), format_)


Pattern = Annotated[
    TimePattern,
    PlainValidator(_pattern),
    WithJsonSchema({"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "string"}}),
]


class RecordedTime(Model):
    """Where the time of a record stands."""

    column: str | None = Field(None, description="the column that says it; the line without it")
    patterns: list[Pattern] = Field(
        [],
        description="pairs of a regular expression, of which the group `time`, else the first, else all is the time, "
        "and a format: strptime codes, `epoch`, `epoch_ms`, `epoch_us`, `epoch_ns` or `iso`; the first that can be "
        "read counts. Without patterns a column holds times in ISO 8601",
    )


class Replay(Arrival, TableFile):
    """The records of a file, or the rows of a [table](tables.md), each as a worker, with the gaps of their times.

    The columns of a record are variables of its worker: of a file of lines it is `line`, and the named groups of the
    patterns. `shift` is how many seconds later it is played than it was recorded. A record that is earlier than one
    before it follows at once; one without a time that can be read is left out.

    Example: {"type": "replay", "path": "sales.csv", "time": {"column": "sold"}, "speed": 10}
    """

    kind: ClassVar[str] = "replay"
    has_own_times: ClassVar[bool] = True

    path: FilePath | None = Field(
        None, description="the file, relative to the spec; also as `.gz` or `.zst`; this or a `table` is required"
    )
    table: TableRows | None = Field(None, description="the name of a table, whose rows are the records")
    time: RecordedTime = Field(description="where the time of a record stands")
    speed: Number = Field(1, gt=0, description="how many times as fast it is played: 2 halves the gaps")
    times: int | None = Field(1, ge=1, description="how often it is played; null for ever")
    pause: Duration = Field(0, description="from the last record of one time to the first of the next, in seconds")
    clock: Literal["gaps", "recorded"] = Field(
        "gaps",
        description="`gaps`: the first record at the begin of the source, the others as much later as they were; "
        "`recorded`: each at its own time, those before the begin left out",
    )

    @model_validator(mode="after")
    def _can_be_played(self) -> Self:
        if (self.path is None) == (self.table is None):
            raise ValueError('either a "path" or a "table" is required')
        lines = list(self._contradictions())
        if self.path is not None and (problem := unusable(self.path)):
            lines.append((("path",), problem))
        if not lines and self.table is None:
            lines += self._unplayable()
        if lines:
            raise invalid(self.kind, lines)
        return self

    @property
    def _of(self) -> str:
        """Return the key that says what is played."""
        return "path" if self.table is None else "table"

    def _unplayable(self) -> Iterator[tuple[Path_, str]]:
        """Yield why what there is to play can't be."""
        try:
            yield from self._misnamed()
        except RunFailed as error:
            yield (self._of,), str(error).removeprefix("reading ").removeprefix(f"{_TABLE}: ")

    def _contradictions(self) -> Any:
        if self.count != 1:
            yield ("count",), "a replayed record is one worker"
        if self.time.column is None and not self.time.patterns:
            yield ("time",), '"patterns" is required where the line says the time, or a "column" of a table'
        if self.table is not None and self.time.column is None:
            yield ("time",), '"column" is required with a "table": which one has the time'
        if self.clock == "recorded":
            for key, neutral in (("speed", 1), ("times", 1), ("pause", 0)):
                if getattr(self, key) != neutral:
                    yield (key,), 'can\'t be with the clock "recorded", which plays each record at its own time'

    def _misnamed(self) -> Any:
        """Yield variables that there would be twice."""
        names = [*self._opening.columns, SHIFT]
        for name in dict.fromkeys(name for name in names if names.count(name) > 1):
            yield (self._of,), f"there are two variables {show(name)}: of a column, and of a group or the shift"
        for number, variable in enumerate(self.variables):
            if variable.name in names:
                yield ("variables", number, "name"), f"the replayed record has a variable {show(variable.name)} already"

    @cached_property
    def _opening(self) -> Block:
        """Return the first records that have a time. Raises RunFailed when there is none."""
        recorder = self._recorder(Zone(), _LEAP_YEAR)
        blocks = recorder.blocks()
        number = before = 0
        while (table := blocks.read(number)) is not None:
            block = recorder.block(table, before)
            if len(block):
                return block
            number, before = number + 1, block.end
        raise RunFailed(f"reading {recorder.path}: {NO_TIME}")

    def _recorder(self, zone: Zone, year: int, types: dict[str, pa.DataType] | None = None) -> Recorder:
        times = TimeReader(self.time.patterns or ISO_TIMES.patterns, zone, year)
        column = self.time.column or LINE
        if self.path is not None:
            return Recorder(self.path, self._form, column, times, self.types, types)
        assert isinstance(self.table, Reference), "bound"
        return Recorder(_TABLE, self._form, column, times, self.types, types, pa.table(dict(self.table.columns)))

    def oddities(self) -> Any:
        yield from super().oddities()
        if isinstance(self.table, str):
            return
        block = self._opening
        missing = len(block.left_out)
        if missing:
            unit = self._form.unit
            said = ", ".join(map(str, block.left_out[:MOST_SAID].tolist())) + (", …" if missing > MOST_SAID else "")
            of = f"of the first {counted(block.end, unit)}"
            yield (self._of,), f"{missing} {of} have no time that can be read and are left out: {said}"
        for number, pattern in enumerate(self.time.patterns):
            if pattern.is_by_row:
                path: Path_ = ("time", "patterns", number)
                yield path, "is searched for row by row, which is slow: RE2 knows no (?=, (?<= and no \\1"

    def by_row(self) -> Iterator[str]:
        for pattern in self.time.patterns:
            if pattern.is_by_row:
                yield f"pattern {show(pattern.found)} of the replay of {self.path or 'a table'}"

    def streams(self) -> list[str]:
        return [] if self.path is None else [self.path]

    def plays(self, columns: Callable[[str], list[str]]) -> list[str]:
        if not isinstance(self.table, str):
            return super().plays(columns)
        groups = [name for pattern in self.time.patterns for name in pattern.names]
        return [name for name in dict.fromkeys([*columns(self.table), *groups, SHIFT]) if name != TIME]

    def tables(self) -> Iterator[tuple[Path_, str, str | None]]:
        if isinstance(self.table, str):
            yield ("table",), self.table, None
            yield ("time", "column"), self.table, self.time.column

    def bound(self, tables: Mapping[str, Reference]) -> Self:
        if not isinstance(self.table, str):
            return self
        made = changed(self, table=tables[self.table])
        for path, text in made._unplayable():
            raise TableProblem(path, text)
        return made

    @property
    def recorded(self) -> list[Recorded]:
        types = {name: column.type for name, column in self._opening.columns.items()} | {SHIFT: pa.float64()}
        return [Recorded(name=name, type_=type_) for name, type_ in types.items() if name != TIME]

    @property
    def altogether(self) -> float | None:
        return None if self.times is None else float(min(self.times * self._records, self.most or NEVER))

    @property
    def _form(self) -> Form:
        return _ROWS if self.path is None else self.form(self.path)

    @cached_property
    def _records(self) -> int:
        """Return how many records there are; of one with several blocks as many as its first ones promise."""
        if self.path is None or self._recorder(Zone(), _LEAP_YEAR).blocks().read(1) is None:
            return len(self._opening)
        return round(len(self._opening) * os.path.getsize(self.path) / BLOCK)

    def rates(self, scope: Scope, week: Week) -> Floats:
        if self.times is not None:
            return nothing()
        span = float(np.ptp(self._opening.times)) / 1e6 / float(self.speed) + self.pause / 1e9
        return nothing() + (len(self._opening) / span if span else 0.0)

    def recording(self, start: Moment, zero: int, zone: Zone) -> Playing:
        year = 1970 + int(np.int64(start.microseconds).astype("M8[us]").astype("M8[Y]").astype(np.int64))
        types = {name: column.type for name, column in self._opening.columns.items()}
        return Playing(self._recorder(zone, year, types), self.times, zero)

    def stream(self, scope: Scope) -> Stream:
        assert isinstance(scope.recording, Playing), "its own"
        return _Schedule(self, scope.recording, scope)


class _Schedule(Stream):
    """When recorded times come round again."""

    def __init__(self, replay: Replay, playing: Playing, scope: Scope) -> None:
        self._player = Player(playing)
        self._unit = playing.recorder.form.unit
        self._keeps_time = replay.clock == "recorded"
        self._origin = scope.zero if self._keeps_time else playing.first_time
        self._speed = Fraction(str(replay.speed))
        self._pause = replay.pause
        self._round = 0
        self._begin = 0 if self._keeps_time else scope.begin  # of the round, ns since the start
        self._latest = -NEVER // 1000 if self._keeps_time else 0  # recorded time so far, µs since the origin

    @property
    def unreadable(self) -> Unreadable | None:
        player = self._player
        if not player.left_out:
            return None
        return Unreadable(player.left_out, tuple(player.first_left_out), self._unit)

    def more(self) -> Integers:
        while (block := self._player.next()) is not None:
            if self._player.round > self._round:
                self._begin = min(int(self._played(np.array([self._latest]))[0]) + self._pause, NEVER)
                self._round, self._latest = self._player.round, 0
            if len(block):
                since = np.maximum.accumulate(np.append(self._latest, block.times - self._origin))[1:]
                self._latest = int(since[-1])
                return self._played(since)
        return np.zeros(0, np.int64)

    def _played(self, since: Integers) -> Integers:
        """Return when recorded times (n,), in µs since the origin, are played, in ns since the start."""
        over, under = self._speed.numerator, self._speed.denominator
        most = (NEVER - max(self._begin, 0)) * over // under // 1000
        whole, rest = np.divmod(np.clip(since, -NEVER // 1000, min(most, NEVER // 1000)) * 1000, over)
        return self._begin + whole * under + rest * under // over

    def snapshot(self) -> list[Any]:
        return [self._player.snapshot(), self._round, self._begin, self._latest]

    def restore(self, snapshot: list[Any]) -> None:
        player, self._round, self._begin, self._latest = snapshot
        self._player.restore(player)
