"""Playing a file or a table: its records block by block, with their times, for the walk and for the columns behind."""

import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from datagen.draw import Integers
from datagen.plugin.recording import RecordedValues, Recording
from datagen.problems import RunFailed, reason
from datagen.records.blocks import Blocks, Form
from datagen.records.cells import Misfit, column_of, typed, types_of
from datagen.records.strptime import TimeReader

SHIFT = "shift"
MOST_SAID = 5  # numbers of records
NO_TIME = "no record has a time that can be read"
_KEPT = 16  # blocks; the columns are no more than a window and some workers to come behind the walk


@dataclass(frozen=True)
class Block:
    """Records that have a time; n of them."""

    times: Integers  # (n,) µs since 1970
    columns: Mapping[str, pa.Array]  # each (n,)
    left_out: Integers  # (m,) the numbers of the records without a time
    end: int  # how many records there are up to here, those left out too

    def __len__(self) -> int:
        return len(self.times)


class Rows:
    """The rows of a table, read as the blocks of a file are: there is one."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def read(self, number: int) -> pa.Table | None:
        """Return a block by its number; None behind the last."""
        return None if number else self._table


@dataclass(frozen=True)
class Recorder:
    """How the records of a file, or the rows of a table, become times and values."""

    path: str  # what it is called in messages where there are rows
    form: Form
    column: str  # that says the time
    times: TimeReader
    given: Mapping[str, str] | str  # types
    types: Mapping[str, pa.DataType] | None = None  # of all columns, once they are known
    rows: pa.Table | None = None  # None: those of the file

    def blocks(self) -> Blocks | Rows:
        """Return what reads the blocks."""
        return Blocks(self.path, self.form) if self.rows is None else Rows(self.rows)

    def block(self, table: pa.Table, first: int) -> Block:
        """Return the records of a table; ``first`` is how many there were before."""
        values = column_of(table, self.column, self.path)
        rows, times, groups = self._times(values)
        end = first + table.num_rows
        left_out = np.setdiff1d(np.arange(first, end), rows + first) + self.form.first
        kept = table.take(pa.array(rows)) if len(left_out) else table
        for name, group in groups.items():
            kept = kept.append_column(name, group)
        if self.rows is not None:
            whole = kept.combine_chunks()
            return Block(times, {name: whole[name].chunk(0) for name in whole.column_names}, left_out, end)
        of_cells = self.form.is_of_cells
        types = types_of(kept, self.given, of_cells=of_cells) if self.types is None else self.types
        try:
            columns = typed(kept, types, keeps_empty=self.given == "text" or not of_cells)
        except Misfit as misfit:
            number = first + int(rows[misfit.row]) + self.form.first
            raise RunFailed(f"reading {self.path}: {self.form.unit} {number}: {misfit}") from misfit
        return Block(times, columns, left_out, end)

    def _times(self, values: pa.Array) -> tuple[Integers, Integers, dict[str, pa.Array]]:
        if pa.types.is_timestamp(values.type):
            rows = np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False))
            times = values.drop_null().cast(pa.int64()).to_numpy()
            return rows, times if values.type.tz else self.times.zone.instants(times), {}
        return self.times.read(values.cast(pa.string()))


class Player:
    """Goes through the blocks of what is played, round by round."""

    def __init__(self, playing: "Playing") -> None:
        self.round = 0
        self.left_out = 0  # records without a time, in the first round,
        self.first_left_out: list[int] = []  # and the numbers of the first ones
        self._playing = playing
        self._number = 0  # of the next block
        self._before = 0  # records
        self._blocks = playing.recorder.blocks()

    def next(self) -> Block | None:
        """Return the next block; None when all rounds are over."""
        while self._playing.times is None or self.round < self._playing.times:
            block = self._playing.block(self._number, self._before, self._blocks)
            if block is not None:
                if self.round == 0:
                    self._leave_out(block.left_out)
                self._number, self._before = self._number + 1, block.end
                return block
            self.round, self._number, self._before = self.round + 1, 0, 0
        return None

    def snapshot(self) -> list[Any]:
        """Return where it is, for ``restore``."""
        return [self.round, self._number, self._before, self.left_out, self.first_left_out]

    def restore(self, snapshot: list[Any]) -> None:
        """Go on from where a snapshot was taken."""
        self.round, self._number, self._before, self.left_out, self.first_left_out = snapshot

    def _leave_out(self, numbers: Integers) -> None:
        self.left_out += len(numbers)
        missing = MOST_SAID - len(self.first_left_out)
        self.first_left_out = [*self.first_left_out, *numbers[:missing].tolist()]


class Playing(Recording):
    """What is played in a run: the latest blocks are kept, for whoever comes behind."""

    def __init__(self, recorder: Recorder, times: int | None, zero: int) -> None:
        """Play so many ``times``, None is for ever, in a simulation that begins at ``zero`` (µs since 1970)."""
        self.recorder, self.times, self.zero = recorder, times, zero
        self._kept: OrderedDict[int, Block] = OrderedDict()
        self._count: int | None = None  # of blocks, once it is known
        self._state = self._looked()

    def block(self, number: int, before: int, blocks: Blocks | Rows) -> Block | None:
        """Return a block by its number; None behind the last.

        Raises RunFailed when a file can't be read any more, or was changed.
        """
        if number in self._kept:
            return self._kept[number]
        if number == self._count:
            return None
        table = blocks.read(number)
        if self._looked() != self._state:
            raise RunFailed(f"reading {self.recorder.path}: the file was changed while it is played")
        if table is None:
            self._count = number
            return None
        self._kept[number] = made = self.recorder.block(table, before)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return made

    @cached_property
    def first_time(self) -> int:
        """Return the time of the first record, in µs since 1970."""
        player = Player(self)
        while (block := player.next()) is not None and player.round == 0:
            if len(block):
                return int(block.times[0])
        raise RunFailed(f"reading {self.recorder.path}: {NO_TIME}")

    def values(self) -> RecordedValues:
        return _Values(self)

    def _looked(self) -> tuple[int, int, int] | None:
        """Return what tells that nobody has written to the file, if it is one."""
        if self.recorder.rows is not None:
            return None
        try:
            found = os.stat(self.recorder.path)
        except OSError as error:
            raise RunFailed(f"reading {self.recorder.path}: {reason(error)}") from error
        return found.st_ino, found.st_size, found.st_mtime_ns


class _Values(RecordedValues):
    def __init__(self, playing: Playing) -> None:
        self._playing = playing
        self._player = Player(playing)
        self._block: Block | None = None
        self._first = 0  # the number of the worker that the block begins with
        self._fetched = self._player.snapshot()  # before the block

    def of(self, numbers: Integers, births: Integers) -> dict[str, pa.Array]:
        parts: dict[str, list[pa.Array]] = {}
        done = 0
        while done < len(numbers):
            block = self._at(int(numbers[done]))
            stop = int(np.searchsorted(numbers, self._first + len(block)))
            rows = numbers[done:stop] - self._first
            played = self._playing.zero + births[done:stop] // 1000
            columns = {name: column.take(pa.array(rows)) for name, column in block.columns.items()}
            for name, part in (columns | {SHIFT: pa.array((played - block.times[rows]) / 1e6)}).items():
                parts.setdefault(name, []).append(part)
            done = stop
        return {name: pa.concat_arrays(arrays) for name, arrays in parts.items()}

    def snapshot(self) -> list[Any]:
        return [self._fetched, self._first]

    def restore(self, snapshot: list[Any]) -> None:
        self._fetched, self._first = snapshot
        self._player.restore(self._fetched)
        self._block = None

    def _at(self, number: int) -> Block:
        """Return the block that a worker is in."""
        while self._block is None or number >= self._first + len(self._block):
            self._first += 0 if self._block is None else len(self._block)
            self._fetched = self._player.snapshot()
            self._block = self._player.next()
            assert self._block is not None, "a worker of the walk"
        return self._block
