"""From steps to records: every dimension makes one Arrow array for all rows of a batch at once.

Owns what values depend on besides the draws: counters, the only values that depend on the order of records, and the
stored values of variables. These are made in order, as drafts of batches; the rest of a draft may be made on any
thread. Knows nothing of how workers move or of what becomes of the records.
"""

import itertools
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from datagen.draw import Integers, Keys, Marks
from datagen.engine.birth import Fact
from datagen.engine.draft import Draft, DraftPart
from datagen.engine.log import Sight
from datagen.engine.memory import Back
from datagen.engine.objects import Shape, objects_of
from datagen.engine.ordered import Ordered
from datagen.engine.owners import Owners
from datagen.engine.plan import Plan
from datagen.engine.reader import Events, Look, RecordReader, no_events
from datagen.engine.recall import Recollection
from datagen.engine.scheme import EMITTER
from datagen.engine.setter import Setter
from datagen.engine.shapes import Shapes
from datagen.engine.step import Steps
from datagen.engine.texts import Texts, texts_of
from datagen.engine.times import printed_times
from datagen.engine.variable_types import variable_types
from datagen.engine.variables import Positions, Stored, StoreReader, store_of
from datagen.plugin.dimension import Dimension, Failed, Rows
from datagen.plugin.incident import labels
from datagen.plugin.labelled import Labelled
from datagen.plugin.world import World
from datagen.problems import Path_
from datagen.records.batch import MOST_ROWS, TIME, Batch, Layout, Part
from datagen.records.expression.name import former, root
from datagen.records.types import as_json, plain_type
from datagen.records.values import all_kept, from_kept

_FIRST_ROWS = 16
_BATCH_BYTES = 16_000_000


class Columns:
    """Makes batches of records from steps."""

    def __init__(self, plan: Plan, world: World, seen: Mapping[str, Shape] | None = None) -> None:
        """Take what values have shown of records that are objects, by emitter, where neither spec nor types say it."""
        self._plan = plan
        self.times = plan.times(world.seed)
        self._world, self._recollection = world, Recollection(plan, world.memories)
        self._types: dict[str, pa.DataType]  # of variables
        self._stores: dict[str, Stored]
        sources = enumerate(plan.population.sources, len(plan.population.states))
        owners = {source.name: owner for owner, source in sources}
        self._recorded = {owners[name]: recording.values() for name, recording in plan.recordings.items()}
        self._rows_next = _FIRST_ROWS
        self._records_a_step = 1.0  # or more, in the last batch: a text may be several records
        self._one_each = plan.population.one_each
        self._ordered: Ordered
        self.shapes = Shapes(printed_times(plan.start, _NOTHING).type, seen or {})
        types = self._dimension_types()
        hidden = {name: one.hidden(types[name], self.shapes.keys(name)) for name, one in plan.emitters.items()}
        whole = {name: one.whole for name, one in plan.emitters.items() if one.whole}
        notes = {name: one.notes() for name, one in plan.emitters.items()}
        self._own, self._shown = Layout(types, hidden, whole, notes), plan.population.shown
        self.layout = self._own.called(self._shown)

    def misfits(self) -> Iterator[tuple[Path_, str]]:
        """Yield what expressions can't do with the values that they read, each with its path in the JSON."""
        nothing = np.zeros(0, np.int64)
        variables = {name: course(nothing).type for name, course in self.times.readings.items()}
        variables |= self._plan.known_of_lives | self._types | self._recollection.types
        owner: Path_ = ()
        earlier: dict[str, pa.DataType] = {}
        types = self._own.emitters | self.shapes.beside
        for place in self._plan.population.places():
            if place.json_path[:2] != owner:
                owner, earlier = place.json_path[:2], {}
                if place.table is not None:
                    earlier = self._plan.population.tables[place.table].read_types(place.table, self._world)
            known = ChainMap(earlier, variables, self._former_types(place.emitter))
            names = {root(known, name) for _, name in place.dimension.all_names()} - {""}
            yield from place.misfits(Layout({"": {name: known[name] for name in sorted(names)}}), variables)
            if place.emitter is not None:
                name = place.dimension.name
                earlier[name] = types[place.emitter][name]
        yield from self.shapes.misfits(self._plan.population.emitters)

    @property
    def memories(self) -> Mapping[str, dict[str, Any]]:
        """Return what templates remember, by name path."""
        return self._world.memories

    def snapshot(self) -> dict[str, Any]:
        """Return what later records depend on, counters, variables and memories, for ``restore``."""
        stores = {name: store.snapshot() for name, store in self._stores.items()}
        recorded = {str(owner): values.snapshot() for owner, values in self._recorded.items()}
        return {
            "rows_next": self._rows_next,
            "records_a_step": self._records_a_step,
            "counters": dict(self._world.counters),
            "stores": stores,
            "recorded": recorded,
            "memories": all_kept(self._world.memories),
            "ordered": self._ordered.snapshot(),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go on from where a snapshot was taken."""
        self._rows_next, self._records_a_step = snapshot["rows_next"], snapshot["records_a_step"]
        self._world.counters.update(snapshot["counters"])
        self._world.memories.update({path: from_kept(values) for path, values in snapshot["memories"].items()})
        for name, store in self._stores.items():
            store.restore(snapshot["stores"][name])
        for owner, values in self._recorded.items():
            values.restore(snapshot["recorded"][str(owner)])
        self._ordered.restore(snapshot["ordered"])

    def drafts(self, steps: Steps, most: int | None = None) -> Iterator[Draft]:
        """Yield the records of a window's steps, in batches of an efficient size, as far as these are made in order.

        Of the steps behind those that give the ``most`` records nothing is made, which could use up what is unique.
        """
        self._recollection.look()
        start, end = 0, len(steps)
        if not end:
            self._ordered.see(steps)
        if most is not None and most < end and self._one_each:
            emitting = np.flatnonzero(self._plan.emitter_of[steps.state] >= 0)
            end = int(emitting[most - 1]) + 1 if len(emitting) >= most > 0 else end
        while start < end:
            stop = min(start + max(1, int(self._rows_next / self._records_a_step)), end)
            stop = self._before_own_reads(steps, start, stop) if self._plan.circular else stop
            draft = self._draft(steps.between(start, stop))
            self._records_a_step = max(len(draft) / (stop - start), 1.0)
            start = stop
            if len(draft) or len(draft.barren):
                yield draft
        self._clear(steps)

    def _clear(self, steps: Steps) -> None:
        """Forget the values of variables that nobody can read any more after some steps."""
        for names, kept in zip(self._plan.groups, steps.keep, strict=False):
            if kept is not None:
                for name in names:
                    self._stores[name].keep(kept)
        self._ordered.keep(steps)

    def settle(self, steps: Steps) -> None:
        """Set the variables of steps whose records nobody gets."""
        size = 1 if self._plan.circular else MOST_ROWS
        for start in range(0, len(steps), size):
            self._set_variables(steps.between(start, min(start + size, len(steps))))
        emitted = np.bincount(self._plan.emitter_of[steps.state] + 1, minlength=len(self._plan.emitters) + 1)
        for name, count in zip(self._plan.emitters, emitted[1:].tolist(), strict=True):
            self._ordered.go_on((EMITTER, name), count, is_made=False)
        self._clear(steps)

    def made(self, draft: Draft) -> Batch:
        """Return the batch of a draft. May be called by any thread."""
        parts = []
        for part in draft.parts:
            name = part.emitter
            known = self._own.hidden[name], self._own.whole.get(name), part.places
            parts.append(Part(self._shown[name], part.rows, self._columns(part), *known))
        steps = draft.steps
        return Batch(steps.time, steps.worker, steps.step, draft.keys(), tuple(parts), steps.time)

    def learn(self, batch: Batch, most: int = MOST_ROWS) -> None:
        """Choose the size of later batches, of so many rows at most, from one that was made."""
        fitting = int(len(batch) * _BATCH_BYTES / max(batch.nbytes, 1)) if len(batch) else most
        self._rows_next = max(1, min(self._rows_next * 4, fitting, most))

    def _dimension_types(self) -> dict[str, dict[str, pa.DataType]]:
        """Return the types of the columns of each emitter: makes them of no records.

        Where some are made of what a record before had, all are made again and again, until no type changes. What of a
        record is kept whose type never stops growing, such as an object that holds its own former value, is JSON text.
        """
        kept: dict[tuple[str, str], pa.DataType] = {}
        endless: set[tuple[str, str]] = set()
        for turn in itertools.count(1):
            self._ordered = Ordered(self._plan, self._world, self.times.readings, kept)
            look = partial(Sight(self._ordered.logs).of, at=_NOTHING)
            read = self._recollection.types
            self._types = variable_types(self._plan, self._world, self.times.readings, read, look)
            self._stores = {
                name: store_of(type_, is_fixed=all(one.is_fixed for one in self._plan.setters[name]))
                for name, type_ in self._types.items()
            }
            made = {name: self._empty(name) for name in self._plan.emitters}
            types = {name: {key: column.type for key, column in columns.items()} for name, columns in made.items()}
            read = {name: of | self.shapes.beside.get(name, {}) for name, of in types.items()}
            found = {(name, key): plain_type(type_) for name, of in read.items() for key, type_ in of.items()}
            found |= {place: as_json(found[place]) for place in endless}
            if found == kept or not (self._plan.memories or self._ordered.logs):
                break
            if turn % (len(found) + 2) == 0:
                endless |= {place for place in found if found[place] != kept[place]}
            kept = found
        return types

    def _empty(self, emitter: str) -> dict[str, pa.Array]:
        """Return the columns of no records."""
        nothing = np.zeros(0, np.int64)
        reader = StoreReader(self._stores, lambda _: nothing.astype(np.int32))
        made: dict[str, pa.Array] = {}
        back = self._ordered.back((EMITTER, emitter), lambda _: nothing.astype(np.int32))
        look = partial(Sight(self._ordered.logs).of, at=nothing)
        rows = self._rows(nothing.astype(np.uint64), no_events(self._plan.known_of_lives), reader, made, back, look)
        rows = rows.owned_by(EMITTER, emitter)
        for dimension in self._plan.emitters[emitter].fields:
            made[dimension.name] = rows.make(dimension)
        labels = self._labels(emitter, rows, nothing, made)
        described = self._plan.emitters[emitter]
        if described.text is not None:
            made[described.text.name] = Texts.of(made[described.text.name]).texts
        elif described.record is not None:
            columns = self.shapes.empty(described, described.record, made)
            beside = [field.name for field in described.dimensions if field.name not in columns]
            made = {name: made[name] for name in beside} | columns
        return self._times(emitter, nothing) | made | labels

    def _former_types(self, emitter: str | None) -> dict[str, pa.DataType]:
        """Return the types of what fields of an emitter may look back at, by their names in expressions."""
        return {former(name): type_ for name, type_ in self._ordered.kept_types(emitter).items()}

    def _draft(self, steps: Steps) -> Draft:
        every = steps
        emitter_of = self._plan.emitter_of[steps.state]
        emitting = np.flatnonzero(emitter_of >= 0)
        if len(emitting) < len(steps):
            steps, emitter_of = steps.at(emitting), emitter_of[emitting]
        self._ordered.see(every)
        if not self._plan.interleaves:
            self._set_variables(every)
        stores = self._stores if self._plan.interleaves else self._stores_now()
        parts = {}
        for number, name in enumerate(self._plan.emitters):
            rows = np.flatnonzero(emitter_of == number)
            if len(rows):
                chosen = steps if len(rows) == len(steps) else steps.at(rows)
                variables = StoreReader(stores, partial(self._after, chosen))
                parts[name] = DraftPart(name, rows, emitting[rows], chosen, variables, {})
        sight = Sight.over(self._ordered.logs, {name: part.at for name, part in parts.items()}, len(every))
        setting = self._setting(every, sight) if self._plan.interleaves else None
        skipped = self._ordered.make(parts, every, sight, setting and setting[1])
        if setting is not None:
            self._leave(setting[0])
            parts = {
                name: part.reading(StoreReader(self._stores_now(), partial(self._after, part.steps)))
                for name, part in parts.items()
            }
        for name, part in parts.items():
            if (source := self._plan.emitters[name].source) is not None and name not in self.shapes.unknown:
                parts[name] = self._with_several(part, source, skipped)
        return Draft.of(steps, parts.values(), skipped)

    def _with_several(self, part: DraftPart, source: Dimension, skipped: Failed) -> DraftPart:
        """Return an emitter's records as their source has made them; adds the rows that are left out to the others."""
        emitter = self._plan.emitters[part.emitter]
        rows = self._rows(part.steps.keys, Events(part.steps), part.variables, {})
        made = {name: array for name, array in part.made.items() if name != source.name}
        if emitter.text is not None:
            several = texts_of(emitter, source, part.made[source.name], rows)
        else:
            several = objects_of(self.shapes.objects[emitter.name], emitter, source, part.made[source.name], rows)
        if several.is_one_each(len(part.rows)):
            return replace(part, made=made, own=several.columns)
        skipped |= {int(part.rows[place]): why for place, why in several.failed.items()}
        return replace(part, made=made, several=several)

    def _stores_now(self) -> dict[str, Stored]:
        """Return the values of variables as they are now, for other threads."""
        return {name: copy(store) for name, store in self._stores.items()}

    def _rows(
        self,
        keys: Keys,
        events: Events,
        reader: StoreReader,
        made: dict[str, pa.Array],
        back: Back | None = None,
        look: Look | None = None,
    ) -> Rows:
        """Return rows for which dimensions are to be made, ``made`` being those that are already."""
        known = RecordReader(reader, events, self.times.readings, made, back, look)
        return Rows(keys, self._plan.path, self._world, known)

    def _columns(self, part: DraftPart) -> dict[str, pa.Array]:
        """Return all columns of an emitter's records; some of them are made already."""
        columns: dict[str, pa.Array] = {}
        steps = part.steps
        inside = self._rows(steps.keys, Events(steps), part.variables, columns)
        inside = inside.owned_by(EMITTER, part.emitter)
        emitter = self._plan.emitters[part.emitter]
        for dimension in emitter.dimensions:
            name = dimension.name
            columns[name] = part.made[name] if name in part.made else inside.make(dimension)
        labels = self._labels(part.emitter, inside, steps.time, columns)
        beside = {name: array for name, array in columns.items() if name not in part.own}
        return self._times(part.emitter, steps.time) | beside | part.own | labels

    def _times(self, emitter: str, due: Integers) -> dict[str, pa.Array]:
        """Return the column of the time, also under the name that the emitter gives it."""
        times = printed_times(self._plan.start, due)
        return {TIME: times, self._plan.emitters[emitter].time or TIME: times}

    def _labels(self, emitter: str, rows: Rows, due: Integers, made: dict[str, pa.Array]) -> dict[str, pa.Array]:
        """Return the columns of what is odd on purpose in those that are made, and of the incidents that are on."""
        found = {}
        for dimension in self._plan.emitters[emitter].dimensions:
            if isinstance(dimension, Labelled) and dimension.label is not None:
                found[dimension.label] = dimension.labels(rows, made[dimension.name])
        if (label := self._plan.emitters[emitter].incidents) is not None:
            found[label] = labels(self.times.incidents, self._plan.start.microseconds + due // 1000)
        return found

    def _set_variables(self, steps: Steps) -> None:
        """Store the values that births and the steps set variables to, in time order."""
        owners, set_variable = self._setting(steps, Sight(self._ordered.logs))
        for name in self._plan.variables_in_order(steps.state):
            set_variable(name)
        self._leave(owners)

    def _leave(self, owners: Owners) -> None:
        """Let all that steps set of variables be set."""
        for path, owner in self._plan.looking_back.items():
            self._ordered.go_on(path, owners.count(owner))

    def _setting(self, steps: Steps, sight: Sight) -> tuple[Owners, Callable[[str], None]]:
        """Return who sets variables among some steps, and what sets one of them; each is set after those it reads."""
        owners = Owners(self._plan, steps)
        given = {owner: self._recollection.of(owner, owners.count(owner)) for owner in self._recollection.owners}
        for owner, values in self._recorded.items():
            if owners.count(owner):
                given[owner] = values.of(owners.numbers(owner), owners.times(owner))

        def set_variable(name: str) -> None:
            group = self._plan.group_of[name]
            setters = [setter for setter in self._plan.setters[name] if owners.count(setter.owner)]
            if setters:
                known = (given.get(setter.owner, {}) for setter in setters)
                values = [self._values(*pair, owners, sight) for pair in zip(setters, known, strict=True)]
                positions = [owners.positions(setter.owner, group) for setter in setters]
                self._stores[name].append(list(zip(positions, values, strict=True)))

        return owners, set_variable

    def _values(self, setter: Setter, known: dict[str, pa.Array], owners: Owners, sight: Sight) -> pa.Array:
        """Return the values that a variable is set to; some of what it may read is ``known``."""
        if isinstance(setter.dimension, Fact):
            return setter.dimension.values(*owners.births(setter.owner))
        if setter.is_by_walk:
            return owners.noted(setter)
        reader = StoreReader(self._stores, partial(owners.read, setter))
        keys, events = owners.keys(setter.owner), owners.events(setter.owner)
        back = self._ordered.back(setter.path, partial(owners.before, setter.owner))
        look = partial(sight.of, at=owners.rows(setter.owner))
        return self._rows(keys, events, reader, known, back, look).owned_by(*setter.path).make(setter.dimension)

    def _after(self, steps: Steps, variable: str) -> Positions:
        return steps.after[self._plan.group_of[variable]]

    def _looks_up(self, steps: Steps, start: int, stop: int) -> Marks:
        """Return which steps of a batch, but the first, set variables that look up records."""
        states = len(self._plan.population.states)
        looking = self._plan.by_row(self._plan.looking_up, False)[steps.state[start:stop]]
        births = steps.births.between(start, stop)
        looking[births.row[self._plan.looking_up[states + births.source]]] = True
        looking[:1] = False
        return looking

    def _before_own_reads(self, steps: Steps, start: int, stop: int) -> int:
        """Return where a batch must stop: before a step whose variables are made of values that the same batch sets.

        Only variables that read each other in a circle need this, and are slow for it: some 50 thousand records/s.
        """
        state = steps.state[start:stop]
        sets = self._plan.sets_variables[state]
        refused = self._looks_up(steps, start, stop)
        if sets.any():
            others = state != state[int(np.argmax(sets))]
            for group in self._plan.former_groups - self._plan.given_groups:
                others |= steps.before[group][start:stop] >= self._stores[self._plan.groups[group][0]].size
            refused |= others & sets
        found = np.flatnonzero(refused)
        return start + int(found[0]) if len(found) else stop


_NOTHING = np.zeros(0, np.int64)
