"""What makes the records of a run, with what the first values of records that are objects of JSON say of their keys."""

import pyarrow as pa

from datagen.clock import NEVER, time_left
from datagen.engine.columns import Columns
from datagen.engine.objects import Shape, first_values, seen_columns
from datagen.engine.plan import Plan
from datagen.engine.pool import Pools
from datagen.engine.walk import Walk
from datagen.records.batch import Batch

_VALUES = 1000  # of each emitter, as docs/values.md says
_STEPS = 100_000  # after which an emitter that has fewer keeps those


def columns_of(plan: Plan, seed: int, pools: Pools) -> Columns:
    """Return what makes the records of a run; where its first values have to say what keys these have, they are made.

    They are those of the run without a limit of workers, so its options change nothing.
    """
    columns = Columns(plan, pools.world())
    if not columns.shapes.unknown:
        return columns
    found = _first(plan, seed, columns)
    seen = {
        name: Shape.told(seen_columns(values), columns.shapes.time, is_told=False) for name, values in found.items()
    }
    return Columns(plan, pools.world(), seen)


def _first(plan: Plan, seed: int, columns: Columns) -> dict[str, list[bytes | None]]:
    """Return the first values of the records whose keys are unknown, by emitter."""
    made = {state.emitter for state in plan.population.states}  # of others there never are any
    arrays: dict[str, list[pa.Array]] = {name: [] for name in columns.shapes.unknown if name in made}
    walk, end = Walk(plan, seed, NEVER), time_left(plan.start)
    steps = 0
    while steps < _STEPS and walk.next_time < end and not all(map(_suffices, arrays.values())):
        taken = walk.advance(end)
        for draft in columns.drafts(taken):
            steps += len(draft)
            columns.learn(Batch.empty(), most=_VALUES)
            for part in draft.parts:
                if part.emitter in arrays:
                    arrays[part.emitter].append(part.made[columns.shapes.unknown[part.emitter].name])
            if steps >= _STEPS or all(map(_suffices, arrays.values())):
                break
    return {name: first_values(iter(arrays.get(name, ())), _VALUES) for name in columns.shapes.unknown}


def _suffices(arrays: list[pa.Array]) -> bool:
    return sum(map(len, arrays)) >= _VALUES
