"""Steps: entries of workers into states, the rows that pass from the walk to the columns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datagen.draw import Floats, Integers, Keys, Marks
from datagen.engine.named import Held, Named

Noted = Integers | Floats | Marks | Named | Held


class Room:
    """Room for the steps of a window, and for what is known of the births in it; the walk fills it."""

    def __init__(self, rows: int, sizes: Integers, notes: int) -> None:
        """Make room for so many steps, and ``notes`` of each; ``sizes`` (groups,) are those of the stores of values."""
        self.time, self.worker, self.step = (np.empty(rows, np.int64) for _ in range(3))
        self.state = np.empty(rows, np.int32)
        self.keys = np.empty(rows, np.uint64)
        self.after, self.before = (np.empty((len(sizes), rows), np.int32) for _ in range(2))
        # Births that the limit held back: when, and for how long; and births that set variables. A birth is a step.
        self.held_at, self.held_for = (np.empty(rows, np.int64) for _ in range(2))
        self.birth_row, self.birth_number = (np.empty(rows, np.int64) for _ in range(2))
        self.birth_source = np.empty(rows, np.int32)
        self.given = np.empty((len(sizes), rows), np.int32)
        # Workers who were dropped or turned away: when, and of which source.
        self.refused_at, self.refused_by = np.empty(rows, np.int64), np.empty(rows, np.int32)
        # Workers who stop, of those whose stop is noted: when, behind how many of the steps, and in which state if no
        # transition was left there, else -1.
        self.stop_time, self.stop_worker, self.stop_row = (np.empty(rows, np.int64) for _ in range(3))
        self.stop_state = np.empty(rows, np.int32)
        self.sizes = sizes
        # What is known of the worker at each step.
        self.noted = np.empty((notes, rows), np.int64)
        self.noted_real = self.noted.view(np.float64)

    def _noted(self, number: int, type_: pa.DataType, count: int) -> Noted:
        """Return the first values of a note."""
        values = (self.noted_real if type_ == pa.float64() else self.noted)[number, :count]
        return values.astype(np.bool_) if type_ == pa.bool_() else values

    def stops(self, count: int, warm_up: int) -> "Stops":
        """Return the first of who stops, by times after a warm-up (ns)."""
        time = self.stop_time[:count] - warm_up
        return Stops(time, self.stop_worker[:count], self.stop_state[:count], self.stop_row[:count])

    def steps(
        self, count: int, born: int, former_groups: Iterable[int], stops: "Stops", notes: Mapping[str, pa.DataType]
    ) -> "Steps":
        """Return the first steps, with the first births, and with what was set before them of some groups.

        The ``notes`` are given by their names and types.
        """
        return Steps(
            self.time[:count],
            self.worker[:count],
            self.step[:count],
            self.state[:count],
            self.keys[:count],
            tuple(self.after[:, :count]),
            {group: self.before[group, :count] for group in former_groups},
            births=Births(
                self.birth_row[:born],
                self.birth_source[:born],
                self.birth_number[:born],
                self.given[:, :born],
                np.zeros((born, 0), np.int64),
            ),
            stops=stops,
            noted={name: self._noted(number, type_, count) for number, (name, type_) in enumerate(notes.items())},
        )


@dataclass(frozen=True)
class Stops:
    """Workers who stop, of those who decide it only then, which are all where somebody looks at lives; n of them."""

    time: Integers  # (n,) ns since the start
    worker: Integers  # (n,)
    state: npt.NDArray[np.int32]  # (n,) that had no transition left; -1: the stop was one
    row: Integers  # (n,) how many of the steps come before; below 0 or above their number where others do, too


@dataclass(frozen=True)
class Births:
    """Births among steps that set variables; n of them, in order."""

    row: Integers  # (n,) which of the steps is the first of the worker
    source: npt.NDArray[np.int32]  # (n,)
    number: Integers  # (n,) of the worker in its source
    given: npt.NDArray[np.int32]  # (groups, n) positions of the values set at birth; 0 for those that were not
    batch: Integers  # (n, 3) number of the batch, place in it, its size; (n, 0) when nobody reads them

    def between(self, start: int, stop: int) -> "Births":
        """Return those in a range of the steps, by the rows there."""
        first, last = np.searchsorted(self.row, [start, stop])
        own = slice(first, last)
        return Births(self.row[own] - start, self.source[own], self.number[own], self.given[:, own], self.batch[own])


_NOBODY = np.zeros(0, np.int64)
NO_BIRTHS = Births(_NOBODY, _NOBODY.astype(np.int32), _NOBODY, np.zeros((0, 0), np.int32), np.zeros((0, 3), np.int64))
NO_STOPS = Stops(_NOBODY, _NOBODY, _NOBODY.astype(np.int32), _NOBODY)


@dataclass(frozen=True)
class Steps:
    """Entries of workers into states, in order of (time, worker, step); n rows."""

    time: Integers  # (n,) ns since the start
    worker: Integers  # (n,)
    step: Integers  # (n,)
    state: npt.NDArray[np.int32]  # (n,)
    keys: Keys  # (n,) row keys of (seed, worker, step)
    # Per variable group: positions in its store of the values that were set last, on this entry or earlier; and of the
    # values set last before this entry, for the groups that are read like that.
    after: tuple[npt.NDArray[np.int32], ...] = ()  # each (n,)
    before: Mapping[int, npt.NDArray[np.int32]] = field(default_factory=dict)  # each (n,)
    # Per group: which values to keep of its store once these steps are done, (values,); None for all of them.
    keep: tuple[pa.BooleanArray | None, ...] = ()
    births: Births = NO_BIRTHS
    stops: Stops = NO_STOPS  # of the whole window
    noted: Mapping[str, Noted] = field(default_factory=dict)  # what is known of the worker, by name: (n,)

    def __len__(self) -> int:
        return len(self.time)

    def keeping(self, keep: tuple[pa.BooleanArray | None, ...]) -> "Steps":
        """Return the same steps, with what to keep of the stores."""
        return replace(self, keep=keep)

    def telling(self, names: Mapping[str, pa.Array], rows: Mapping[str, pa.Array]) -> "Steps":
        """Return the same steps, of which is known, too, what states tell by name (states,), and which rows are held.

        Of resources that are ``rows`` the places of those are noted.
        """
        told: dict[str, Noted] = {name: Named(self.state, array) for name, array in names.items()}
        for name, array in rows.items():
            places = self.noted[name]
            assert isinstance(places, np.ndarray), "as the walk has noted them"
            told[name] = Held(places.astype(np.int64), array)
        return replace(self, noted={**self.noted, **told}) if told else self

    def bearing(self, births: Births) -> "Steps":
        """Return the same steps, with other births."""
        return replace(self, births=births)

    def between(self, start: int, stop: int) -> "Steps":
        """Return the rows of a range, without what to keep of the stores."""
        stops = replace(self.stops, row=self.stops.row - start)
        return replace(self.at(slice(start, stop)), births=self.births.between(start, stop), stops=stops)

    def at(self, rows: Integers | slice) -> "Steps":
        """Return some of the rows, without births, and without what to keep of the stores."""
        return Steps(
            self.time[rows],
            self.worker[rows],
            self.step[rows],
            self.state[rows],
            self.keys[rows],
            tuple(source[rows] for source in self.after),
            {group: source[rows] for group, source in self.before.items()},
            stops=self.stops,
            noted={name: values[rows] for name, values in self.noted.items()},
        )
