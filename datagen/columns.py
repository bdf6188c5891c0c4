"""From steps to records: every dimension makes one Arrow array for all rows of a batch at once.

Owns what the values of a run depend on besides the draws: pools (made before the run), counters (the one thing that
depends on order) and the store of variables. Knows nothing of how workers move or of what becomes of the records.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from datagen import draw
from datagen.arrays import as_json, common_type, maybe, plain, plain_type
from datagen.batch import MOST_ROWS, Batch, Layout, Part, Steps, is_maybe
from datagen.draw import Integers, Keys
from datagen.plan import Plan, Setter
from datagen.plugin import Dimension, PooledDimension
from datagen.population import Places
from datagen.problems import RunFailed, path_part
from datagen.store import CodeStore, Store, StoreReader

_FIRST_ROWS = 16
_BATCH_BYTES = 16_000_000
_MOST_PLACES = 4_000_000  # of lists and strings; each takes some 40 bytes while it is drawn


class Reader(Protocol):
    """Gives the current values of variables."""

    def read(self, variable: str, origin: Integers | None) -> pa.Array:
        """Read a variable for all rows of a batch, or for those numbered in ``origin``."""


@dataclass
class World:
    """What the values of a run share: the seed, the pools and the counters, each known by its name path."""

    seed: int
    pools: dict[str, pa.Array] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """The rows for which a dimension makes values: it draws from here, and has its nested dimensions made here."""

    keys: Keys  # (n,) row keys
    path: str
    world: World
    reader: Reader | None = None
    origin: Integers | None = None  # (n,) rows of the batch that these belong to; None: all, in order

    def __len__(self) -> int:
        return len(self.keys)

    def bits(self, purpose: str = "value") -> Keys:
        """Draw 64 random bits for each row; different purposes are independent."""
        return draw.bits(self.keys, draw.purpose_key(self.world.seed, f"{self.path}/{purpose}"))

    def unit(self, purpose: str = "value") -> draw.Floats:
        """Draw a number in [0, 1) for each row."""
        return draw.unit(self.bits(purpose))

    def at(self, rows: Integers) -> "Rows":
        """Give some of the rows."""
        origin = rows if self.origin is None else self.origin[rows]
        return Rows(self.keys[rows], self.path, self.world, self.reader, origin)

    def places(self, lengths: Integers) -> "Rows":
        """Give a row for each of the places 0..length of each row, place by place."""
        owner = np.repeat(np.arange(len(self)), lengths)
        place = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        places = self.at(owner)
        return Rows(
            draw.numbered(self.bits("place")[owner], place), self.path, self.world, places.reader, places.origin
        )

    def within(self, *names: str) -> "Rows":
        """Give the same rows at a place further down the name path."""
        path = "/".join(filter(None, (self.path, *map(path_part, names))))
        return Rows(self.keys, path, self.world, self.reader, self.origin)

    def make(self, dimension: Dimension) -> pa.Array:
        """Make the values of a nested dimension."""
        return make_values(dimension, self.within(dimension.name))

    def read(self, variable: str) -> pa.Array:
        """Give the value that a variable has for each row's worker."""
        if self.reader is None:
            raise RunFailed(f"{self.path}: a pool is made before the run, when no variable has a value")
        return self.reader.read(variable, self.origin)

    def count(self) -> int:
        """Give how many values this counter has made, and count these rows."""
        made = self.world.counters.get(self.path, 0)
        self.world.counters[self.path] = made + len(self)
        return made


def make_values(dimension: Dimension, rows: Rows) -> pa.Array:
    """Make the values of a dimension, missing ones and nulls among them."""
    if not dimension.percent_missing and not dimension.percent_nulls:
        return _present_values(dimension, rows)
    missing = rows.unit("missing") * 100 < dimension.percent_missing
    null = rows.unit("null") * 100 < dimension.percent_nulls
    there = ~(missing | null)
    made = _present_values(dimension, rows.at(np.flatnonzero(there)))
    inherits = is_maybe(plain_type(made.type))  # it reads a variable that may itself be missing
    if inherits:
        made = plain(made)
        missing[np.flatnonzero(there)[made.is_null().to_numpy(zero_copy_only=False)]] = True
        made = made.field(0)
    values = made.take(pa.array(np.cumsum(there) - 1, mask=~there))
    return maybe(values, missing) if inherits or dimension.percent_missing else values


def fresh_values(dimension: Dimension, rows: Rows) -> pa.Array:
    """Make new values, whatever pool there is.

    Raises RunFailed when a plug-in does not do what it should.
    """
    try:
        values = dimension.make(rows)
        if not isinstance(values, pa.Array):
            values = pa.array(values)
    except (RunFailed, MemoryError):
        raise
    except Exception as error:  # the code of a user's plug-in may raise anything
        raise RunFailed(f"making {rows.path}: {type(error).__name__}: {error}") from error
    if len(values) != len(rows):
        raise RunFailed(f"{rows.path}: {dimension.kind} made {len(values)} values for {len(rows)} rows")
    return values


def _present_values(dimension: Dimension, rows: Rows) -> pa.Array:
    if not isinstance(dimension, PooledDimension) or not dimension.cardinality:
        return fresh_values(dimension, rows)
    pool = rows.world.pools[rows.path]
    random = rows.bits("pick")
    picker = dimension.cardinality_distribution
    index = picker.index(random, len(pool)) if picker else draw.below(random, len(pool))
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32)), pool)


def too_many(lengths: Integers) -> bool:
    """Tell whether lists of these lengths should not be made all at once."""
    return len(lengths) > 1 and float(lengths.sum(dtype=np.float64)) > _MOST_PLACES


def in_halves(make: Callable[[Rows], pa.Array], rows: Rows) -> pa.Array:
    """Make the values of some rows, half of them at a time, so that memory is bounded by the longest value."""
    half = len(rows) // 2
    return pa.concat_arrays([make(rows.at(np.arange(half))), make(rows.at(np.arange(half, len(rows))))])


class Columns:
    """Makes batches of records from steps."""

    def __init__(self, plan: Plan, world: World) -> None:
        self._plan = plan
        self._world = world
        self._stores = {
            name: (CodeStore if all(_is_fixed(setter.dimension) for setter in plan.setters[name]) else Store)(kind)
            for name, kind in _variable_types(plan, world).items()
        }
        self._rows_next = _FIRST_ROWS
        self.layout = Layout(
            {name: {key: column.type for key, column in self._empty(name).items()} for name in plan.emitters}
        )

    def state(self) -> dict[str, Any]:
        """Give what later records depend on, for ``restore``: counters and variables."""
        stores = {name: store.state() for name, store in self._stores.items()}
        return {"rows_next": self._rows_next, "counters": dict(self._world.counters), "stores": stores}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what ``state`` gave."""
        self._rows_next = state["rows_next"]
        self._world.counters.update(state["counters"])
        for name, store in self._stores.items():
            store.restore(state["stores"][name])

    def batches(self, steps: Steps) -> Iterator[Batch]:
        """Make the records of the steps of a window, in batches of an efficient size."""
        start = 0
        while start < len(steps):
            stop = min(start + self._rows_next, len(steps))
            stop = self._before_own_reads(steps, start, stop) if self._plan.circular else stop
            batch = self._batch(steps.at(slice(start, stop)))
            start = stop
            if len(batch):
                fitting = int(len(batch) * _BATCH_BYTES / max(batch.nbytes, 1))
                self._rows_next = max(1, min(self._rows_next * 4, fitting, MOST_ROWS))
                yield batch
        for group, kept in enumerate(steps.keep):
            if kept is not None:
                for name in self._plan.groups[group]:
                    self._stores[name].keep(kept)

    def _empty(self, emitter: str) -> dict[str, pa.Array]:
        nothing = np.zeros(0, np.int64)
        reader = StoreReader(self._stores, lambda _: nothing.astype(np.int32))
        return self._columns(emitter, nothing, Rows(nothing.astype(np.uint64), "", self._world, reader))

    def _batch(self, steps: Steps) -> Batch:
        self._set_variables(steps)
        emitter_of = self._plan.emitter_of[steps.state]
        if not (emitter_of >= 0).all():
            emitting = np.flatnonzero(emitter_of >= 0)
            steps, emitter_of = steps.at(emitting), emitter_of[emitting]
        parts = []
        for number, name in enumerate(self._plan.emitters):
            own = emitter_of == number
            rows = np.flatnonzero(own)
            if len(rows):
                chosen = steps if len(rows) == len(steps) else steps.at(rows)
                reader = StoreReader(self._stores, partial(self._after, chosen))
                made = self._columns(name, chosen.time, Rows(chosen.keys, "", self._world, reader))
                parts.append(Part(name, rows, made))
        return Batch(steps.time, steps.worker, steps.step, tuple(parts), steps.time)

    def _columns(self, emitter: str, due: Integers, rows: Rows) -> dict[str, pa.Array]:
        milliseconds = pa.array((self._plan.start.microseconds + due // 1000) // 1000)
        columns = {"time": milliseconds.cast(pa.timestamp("ms", self._plan.start.zone))}
        place = rows.within("emitter", emitter)
        for dimension in self._plan.emitters[emitter].dimensions:
            columns[dimension.name] = place.make(dimension)
        return columns

    def _set_variables(self, steps: Steps) -> None:
        """Store the values that the steps set variables to, in time order."""
        rows_of = cache(lambda state: np.flatnonzero(steps.state == state))
        keys_of = cache(lambda state: steps.keys[rows_of(state)])
        rank_of = cache(lambda group: np.cumsum(self._plan.sets_group[group][steps.state]) - 1)
        for name in self._plan.variables_in_order(steps.state):
            made = []
            ranks = rank_of(self._plan.group_of[name])
            for setter in self._plan.setters[name]:
                rows = rows_of(setter.state)
                if len(rows):
                    place = Rows(keys_of(setter.state), "", self._world, self._reader_of(setter, steps, rows))
                    made.append((ranks[rows], place.within("state", setter.state_name).make(setter.dimension)))
            if made:
                self._stores[name].append(int(ranks[-1]) + 1, made)

    def _reader_of(self, setter: Setter, steps: Steps, rows: Integers) -> "StoreReader":
        """Let a setter read what was set before it: in its own state's list, or on earlier entries."""

        def positions(variable: str) -> Places:
            group = self._plan.group_of[variable]
            source = steps.after[group] if variable in setter.set_before else steps.before[group]
            assert source is not None, "the plan has the groups that are read like this"
            return source[rows]

        return StoreReader(self._stores, positions)

    def _after(self, steps: Steps, variable: str) -> Places:
        return steps.after[self._plan.group_of[variable]]

    def _before_own_reads(self, steps: Steps, start: int, stop: int) -> int:
        """End a batch before a step whose variables are made of values that the same batch sets.

        Only variables that read each other in a circle need this; it makes them slow, some 50 thousand records/s.
        """
        sets = self._plan.sets_variables[steps.state[start:stop]]
        if not sets.any():
            return stop
        first = int(np.argmax(sets))
        refused = steps.state[start:stop] != steps.state[start + first]
        for group in self._plan.former_groups:
            before = steps.before[group]
            assert before is not None, "the plan has the groups that are read like this"
            refused |= before[start:stop] >= self._stores[self._plan.groups[group][0]].size
        found = np.flatnonzero(refused & sets)
        return start + int(found[0]) if len(found) else stop


def _is_fixed(dimension: Dimension) -> bool:
    """Tell whether all values of a dimension come from one list."""
    pooled = isinstance(dimension, PooledDimension) and dimension.cardinality > 0
    return (pooled or dimension.fixed) and not dimension.percent_missing


def _variable_types(plan: Plan, world: World) -> dict[str, pa.DataType]:
    """Find the type of each variable by setting all of them for no rows until nothing changes.

    A variable whose type has no end, such as an object that holds its own former value, is kept as JSON text.
    """
    kinds: dict[str, pa.DataType] = dict.fromkeys(plan.setters, pa.null())
    endless: set[str] = set()
    nothing = np.zeros(0, np.int64)
    while True:
        for _ in range(len(kinds) + 1):
            reader = StoreReader(
                {name: Store(kind) for name, kind in kinds.items()}, lambda _: nothing.astype(np.int32)
            )
            rows = Rows(nothing.astype(np.uint64), "", world, reader)
            found = {
                name: common_type(
                    rows.within("state", setter.state_name).make(setter.dimension).type for setter in setters
                )
                for name, setters in plan.setters.items()
            }
            found |= {name: as_json(found[name]) for name in endless}
            if found == kinds:
                return kinds
            changed = {name for name in kinds if found[name] != kinds[name]}
            kinds = found
        endless |= changed
