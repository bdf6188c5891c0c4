"""The fields of records that depend on the order of records: made batch after batch, and what they remember is kept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from datagen.draw import Integers
from datagen.engine.clocks import Clocks
from datagen.engine.code import Unprogrammable
from datagen.engine.draft import DraftPart
from datagen.engine.log import Log, Sight
from datagen.engine.memory import Back, Memory
from datagen.engine.plan import Plan
from datagen.engine.reader import Course, Events, RecordReader
from datagen.engine.recurrence import Recurrence, recurring
from datagen.engine.rounds import Round, Together, depths, looked_up, remembered, rounds
from datagen.engine.scheme import EMITTER
from datagen.engine.step import Steps
from datagen.engine.together import in_turn, one_by_one
from datagen.engine.variables import Positions
from datagen.plugin.dimension import Dimension, Failed, Rows
from datagen.plugin.lookup import Lookup
from datagen.plugin.order import follows_others
from datagen.plugin.world import World
from datagen.records.batch import TIME
from datagen.records.expression.name import former, of_former, root
from datagen.records.text import as_milliseconds
from datagen.records.types import plain

Before = Callable[[int], Positions]
Types = Mapping[tuple[str, str], pa.DataType]  # of the dimensions of emitters; those that are not known are null


class Ordered:
    """Makes the fields that depend on the order of records, and keeps what later ones take from earlier ones."""

    def __init__(self, plan: Plan, world: World, courses: Mapping[str, Course], types: Types) -> None:
        """Take the types in which dimensions are kept."""
        self._plan = plan
        self._world = world
        self._courses = courses
        self._rounds = rounds(plan)
        self.logs = {
            name: Log(self._types(name, looked_up(plan, name), types), *depth)
            for name, depth in depths(plan).items()
            if name in plan.emitters
        }
        self.memories = {owner: Memory(self._kept(owner, types)) for owner in plan.memories}

    def _kept(self, owner: tuple[str, ...], types: Types) -> dict[str, pa.DataType]:
        """Return what a memory is to keep of records."""
        kind, name, *_ = owner
        return self._types(name, remembered(self._plan, name), types) if kind == EMITTER else {}

    def _types(self, emitter: str, names: Sequence[str], types: Types) -> dict[str, pa.DataType]:
        """Return the types of dimensions of an emitter, and of the time."""
        time = {} if self._names(emitter, TIME) else {TIME: self._courses[TIME](np.zeros(0, np.int64)).type}
        return {name: time.get(name, types.get((emitter, name), pa.null())) for name in names}

    def kept_types(self, emitter: str | None) -> Mapping[str, pa.DataType]:
        """Return the types of what is kept of the records of an emitter."""
        memory = self.memories.get((EMITTER, emitter or ""))
        return {} if memory is None else memory.dimensions

    def back(self, owner: tuple[str, ...], before: Before, begin: int = 0) -> Back | None:
        """Return the way back from steps of an emitter or state, before which so many are in the batch.

        None where nobody looks back. ``before`` has the positions of what was there before each step, by group.
        """
        memory = self.memories.get(owner)
        return None if memory is None else Back(memory, before(self._plan.memories[owner]), memory.size + begin)

    def go_on(self, owner: tuple[str, ...], count: int, *, is_made: bool = True) -> None:
        """Let so many steps of an emitter or state be over; before the start no records are made."""
        if owner in self.memories:
            self.memories[owner].go_on(count, is_made=is_made)

    def see(self, steps: Steps) -> None:
        """Learn whose records steps make, and who stops when; before their variables are set."""
        emitter_of = self._plan.emitter_of[steps.state]
        for number, name in enumerate(self._plan.emitters):
            if name in self.logs:
                self.logs[name].see(steps.worker[emitter_of == number], steps.stops)
                if not len(steps):
                    self.logs[name].go_on(0, 0)

    def make(
        self, parts: dict[str, DraftPart], steps: Steps, sight: Sight, set_variable: Callable[[str], None] | None
    ) -> Failed:
        """Make the fields of the records of a batch of steps, by emitter; sets the variables that stand among them.

        Where none do, there is nothing to set them with. Records that are left out are taken from the parts; returns
        their rows, and why the first of each part is.
        """
        skipped: Failed = {}
        for part in parts.values():
            if not self._names(part.emitter, TIME):
                self._keep(part.emitter, TIME, self._courses[TIME](part.steps.time))
        for one in self._rounds:
            if isinstance(one, str):
                assert set_variable is not None, "variables stand among the fields"
                set_variable(one)
                continue
            if isinstance(one, Together):
                self._make_together(parts, one, sight)
            elif one.emitter in parts:
                self._make(parts[one.emitter], one, sight)
            for name, part in parts.items():
                if part.failed:
                    skipped |= {int(part.rows[place]): why for place, why in part.failed.items()}
                    parts[name] = part.without_failed()
        for part in parts.values():
            self.go_on((EMITTER, part.emitter), len(part.rows))
        for name, log in self.logs.items():
            log.go_on(len(parts[name].rows) if name in parts else 0, len(steps))
        return skipped

    def _keep(self, emitter: str, name: str, values: pa.Array) -> None:
        """Keep what the next records of an emitter have in a dimension, where somebody looks at it later."""
        memory, log = self.memories.get((EMITTER, emitter)), self.logs.get(emitter)
        if memory is not None and name in memory.dimensions:
            memory.append(former(name), values)
        if log is not None and name in log.dimensions:
            log.append(name, as_milliseconds(values))

    def _names(self, emitter: str, name: str) -> bool:
        return any(dimension.name == name for dimension in self._plan.emitters[emitter].fields)

    def _make_together(self, parts: dict[str, DraftPart], one: Together, sight: Sight) -> None:
        def make(piece: DraftPart, fields: tuple[Dimension, ...], begin: int) -> None:
            self._make_all(piece, fields, sight, begin)

        present = {name: parts[name] for name in one.fields if name in parts}
        made = in_turn(one, present, partial(self._rows, sight=sight)) if present else {}
        for name, own in (one_by_one(one, present, make) if made is None else made).items():
            parts[name].made.update(own)
            for field, values in own.items() if made is not None else ():
                self._keep(name, field, values)

    def _make(self, part: DraftPart, one: Round, sight: Sight) -> None:
        if not one.is_circle:
            self._make_all(part, one.dimensions, sight)
            return
        needed = self._needed(part, one, sight)
        looks_back = (needed >= 0).any()  # else it is one piece, which takes two thirds of the time live
        if looks_back and (values := self._followed(part, one, sight)) is not None:
            [dimension] = one.dimensions
            part.made[dimension.name] = values
            self._keep(part.emitter, dimension.name, values)
            return
        cuts, levels = _cuts(needed), _levels(needed) if self._may_come_in_any_order(one) else None
        if levels is None or levels.max(initial=0) + 1 >= len(cuts) - 1:
            part.made.update(self._made_in_pieces(part, one, sight, cuts))
            return
        order = np.argsort(levels, kind="stable")
        memory, group = self.memories[EMITTER, part.emitter], self._plan.memories[EMITTER, part.emitter]
        place = np.argsort(order).astype(np.int32)
        cuts = [0, *np.cumsum(np.bincount(levels)).tolist()]
        made = self._made_in_pieces(part.at_rows(order, group, memory.size, place), one, sight, cuts)
        for name, values in made.items():
            part.made[name] = values.take(pa.array(place))
            if name in memory.dimensions:
                memory.replace(former(name), part.made[name])

    def _followed(self, part: DraftPart, one: Round, sight: Sight) -> pa.Array | None:
        """Return the only dimension of a round, made by one record after the other; None where it can't be."""
        dimension, *others = one.dimensions
        expression, back = recurring(dimension), self.back((EMITTER, part.emitter), part.steps.before.__getitem__)
        if others or expression is None or back is None or dimension.name not in back.dimensions:
            return None
        try:
            rows, clocks = self._rows(part, dimension, sight), Clocks(self._plan, self._world.zone)
            return Recurrence(dimension.name, back, rows, clocks).values(expression)
        except Unprogrammable:
            return None

    def _may_come_in_any_order(self, one: Round) -> bool:
        """Return whether records need not come in their order to be made, as long as each worker's do.

        What they read of earlier records is in another order only where it is made in this round.
        """
        own = {dimension.name for dimension in one.dimensions}
        parts = [part for dimension in one.dimensions for _, part in dimension.whole()]
        formers = [of_former(name) for dimension in one.dimensions for _, name in dimension.all_names()]
        is_kept = any(name in log.dimensions for log in self._logs_of(one) for name in own)
        depends = any(map(follows_others, parts)) or not all(root(own, name) for name in formers if name)
        return not is_kept and not depends and (EMITTER, one.emitter) in self.memories

    def _logs_of(self, one: Round) -> list[Log]:
        return [self.logs[one.emitter]] if one.emitter in self.logs else []

    def _made_in_pieces(self, part: DraftPart, one: Round, sight: Sight, cuts: list[int]) -> dict[str, pa.Array]:
        """Return the dimensions of a round, made for some records after the other."""
        made: dict[str, list[pa.Array]] = {dimension.name: [] for dimension in one.dimensions}
        for low, high in pairwise(cuts):
            piece = part.between(low, high)
            self._make_all(piece, one.dimensions, sight, low)
            for name, arrays in made.items():
                arrays.append(plain(piece.made[name]))
        return {name: pa.concat_arrays(arrays) for name, arrays in made.items()}

    def _needed(self, part: DraftPart, one: Round, sight: Sight) -> Integers:
        """Return which record of the batch, (k,), each one looks at that must be made before it; below 0: none."""
        back = self.back((EMITTER, part.emitter), part.steps.before.__getitem__)
        needed = np.full(len(part.rows), -1) if back is None else back.back
        for dimension in one.dimensions:
            rows = self._rows(part, dimension, sight).within(dimension.name)
            for lookup, own in _lookups(dimension, rows):
                if own is None and lookup.emitter == part.emitter:  # which one depends on what is made
                    return np.arange(-1, len(needed) - 1)
                if own is not None and lookup.emitter == part.emitter:
                    numbers = lookup.numbers(own, own.seen(part.emitter))
                    needed = np.maximum(needed, numbers - self.logs[part.emitter].total)
        return needed

    def _make_all(self, part: DraftPart, fields: Sequence[Dimension], sight: Sight, begin: int = 0) -> None:
        """Make fields of some records, before which there are so many in the batch."""
        for dimension in fields:
            rows = replace(self._rows(part, dimension, sight, begin), failed=part.failed)
            part.made[dimension.name] = values = rows.make(dimension)
            self._keep(part.emitter, dimension.name, values)

    def _rows(self, part: DraftPart, dimension: Dimension, sight: Sight, begin: int = 0) -> Rows:
        """Return rows for which a dimension is made, of those above it."""
        names = self._above(part.emitter, dimension)
        above = {name: part.made[name] for name in names if name in part.made}
        steps = part.steps
        back, look = self.back((EMITTER, part.emitter), steps.before.__getitem__, begin), partial(sight.of, at=part.at)
        reader = RecordReader(part.variables, Events(steps), self._courses, above, back, look)
        return Rows(steps.keys, self._plan.path, self._world, reader).owned_by(EMITTER, part.emitter)

    def _above(self, emitter: str, dimension: Dimension) -> Iterator[str]:
        for other in self._plan.emitters[emitter].fields:
            if other is dimension:
                return
            yield other.name

    def keep(self, steps: Steps) -> None:
        """Forget what nobody can look back at any more after some steps."""
        for owner, group in self._plan.memories.items():
            kept = steps.keep[group] if steps.keep else None
            if kept is not None:
                self.memories[owner].keep(kept)

    def snapshot(self) -> dict[str, Any]:
        """Return all that is remembered, for ``restore``."""
        memories = {"/".join(owner): memory.snapshot() for owner, memory in self.memories.items()}
        return {"memories": memories, "logs": {name: log.snapshot() for name, log in self.logs.items()}}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Remember what was when a snapshot was taken."""
        for owner, memory in self.memories.items():
            memory.restore(snapshot["memories"]["/".join(owner)])
        for name, log in self.logs.items():
            log.restore(snapshot["logs"][name])


def _lookups(dimension: Dimension, rows: Rows | None) -> Iterator[tuple[Lookup, Rows | None]]:
    """Yield what looks up in a dimension, with the rows that it is made for; None where draws don't say which ones."""
    if isinstance(dimension, Lookup):
        yield dimension, rows if dimension.follows_draws else None
    for _, nested in dimension.nested():
        inner = None if rows is None or dimension.lengths else rows.within(nested.name)
        yield from _lookups(nested, inner)


def _levels(needed: Integers) -> Integers:
    """Return how many others must be made before each row (k,), one after the other; 50 ns a row."""
    levels: list[int] = []
    for before in needed.tolist():
        levels.append(levels[before] + 1 if before >= 0 else 0)
    return np.array(levels, np.int64)


def _cuts(back: Integers) -> list[int]:
    """Return where rows (k,) must be cut so that what each looks ``back`` at (k,) lies before its piece.

    It takes 50 ns a row.
    """
    cuts = [0]
    for row, before in enumerate(back.tolist()):
        if before >= cuts[-1]:
            cuts.append(row)
    return [*cuts, len(back)]
