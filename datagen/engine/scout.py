"""How long the records of workers are who are still to come, for a source that fills its batches by bytes.

Such a worker emits one record, at its birth, that depends on nobody else (``datagen.language.lone`` sees to it). So it
can be made ahead of the walk, which has to know how many workers a batch has before it comes to them.
"""

from dataclasses import replace
from functools import cached_property
from threading import Event

import numpy as np
import pyarrow as pa

from datagen import draw
from datagen.draw import Integers
from datagen.engine.columns import Columns
from datagen.engine.plan import Plan
from datagen.engine.pool import Pools
from datagen.engine.step import Births, Steps
from datagen.plugin.arrival import Arrival, Scope
from datagen.problems import RunFailed
from datagen.records.batch import TIME
from datagen.records.expression.name import root

_AT_ONCE = 4096  # records


def measuring(plan: Plan, source: Arrival, scope: Scope) -> Scope:
    """Return the scope of a source with what tells how long records are, if it has to know that."""
    return replace(scope, lengths=Scout(plan, source, scope.seed).lengths) if source.measures else scope


class Scout:
    """Makes the records of a source's workers before they are born, to measure them."""

    def __init__(self, plan: Plan, source: Arrival, seed: int) -> None:
        self._plan, self._seed = plan, seed
        self._source = source
        self._state = plan.state_number(source.state)
        self._first, self._known = 0, np.zeros(0, np.int64)  # lengths of the workers from one on

    def lengths(self, numbers: Integers, times: Integers) -> Integers:
        """Return the bytes of the records, with their line feeds, of workers by their numbers (n,), born at times (n,).

        The numbers follow one another; times are ns of the simulation. Where records are no matter of their time many
        are measured at once, for later: a call takes a millisecond and 1 µs for each record.
        """
        if not self._is_timeless or not len(numbers):
            return self._measured(numbers, times)
        first, count = int(numbers[0]), len(numbers)
        if not self._first <= first <= first + count <= self._first + len(self._known):
            more = np.arange(first, first + max(count, _AT_ONCE))
            self._first, self._known = first, self._measured(more, np.repeat(times[:1], len(more)))
        return self._known[first - self._first :][:count]

    @cached_property
    def _is_timeless(self) -> bool:
        """Return whether records are as long at any time: that which is printed in front of them always is."""
        state, readings = self._plan.population.states[self._state], self._columns.times.readings
        emitter = self._plan.emitters[state.emitter or ""]
        fields = (*self._source.variables, *state.variables, *emitter.fields)
        names = [name for dimension in fields for _, name in dimension.all_names()]
        return emitter.incidents is None and not any(root([TIME, *readings], name) for name in names)

    def _measured(self, numbers: Integers, times: Integers) -> Integers:
        """Return the lengths of the records of workers, (n,), born at times (n,)."""
        columns, found = self._columns, [np.zeros(0, np.int64)]
        for draft in columns.drafts(self._births(numbers, times)):
            if draft.steps is not draft.emitting:
                text = "each of its workers must emit one record, and the text of one is none, or several"
                raise RunFailed(f"filling the beats of a source: {text}")
            batch = columns.made(draft)
            columns.learn(batch)
            found.append(np.diff(batch.json.ends, prepend=0))
        return np.concatenate(found)

    @cached_property
    def _columns(self) -> Columns:
        """Return what makes the records."""
        plan, seed = self._plan, self._seed
        pools = plan.pools or Pools(plan.population, seed, Event(), plan.times(seed).zone.name)
        return Columns(plan, pools.world())

    def _births(self, numbers: Integers, times: Integers) -> Steps:
        """Return the first steps of workers, whose values stand in stores where the walk would put them."""
        plan, count = self._plan, len(numbers)
        place = next(place for place, source in enumerate(plan.population.sources) if source.name == self._source.name)
        gives, sets = (plan.sets_group[:, [owner]] for owner in (len(plan.population.states) + place, self._state))
        each = gives + sets.astype(np.int64)  # values of a worker
        first = 1 + np.arange(count) * each  # position 0 is "never set"
        given = np.where(gives, first, 0).astype(np.int32)
        after = np.where(sets, first + gives, given).astype(np.int32)
        rows, zeros = np.arange(count), np.zeros(count, np.int64)
        keys = draw.purpose_key(self._seed, f"{plan.path_of(self._source)}worker")
        return Steps(
            time=times - plan.warm_up,
            worker=zeros,
            step=zeros,
            state=np.full(count, self._state, np.int32),
            keys=draw.numbered(draw.numbered(keys, numbers), zeros),
            after=tuple(after),
            keep=tuple(pa.array(np.arange(1 + count * own) == 0) for own in each.ravel().tolist()),
            before={group: given[group] for group in plan.former_groups},
            births=Births(rows, np.full(count, place, np.int32), numbers, given, np.zeros((count, 3), np.int64)),
        )
