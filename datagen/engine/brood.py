"""What workers bring about others by, as tables by index."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datagen import draw
from datagen.draw import Integers, Keys
from datagen.engine.conditions import Programs
from datagen.engine.plan import Plan
from datagen.engine.scheme import STATE
from datagen.engine.tables import numbers_of
from datagen.problems import path_part
from datagen.records.expression import Expression


@dataclass(frozen=True)
class Spawns:
    """What the core reads of children."""

    begin: npt.NDArray[np.int32]  # (states + 1,) where the entries of each begin
    state: npt.NDArray[np.int32]  # (entries,) that the children begin in
    crowd: Integers  # (entries,) that these are of
    purpose: Keys  # (entries,) of their keys
    count: Integers  # (entries,) how many, where there are no instructions for it
    counts: npt.NDArray[np.int32]  # (entries, 2) begin and end of the instructions


def spawns_of(plan: Plan, programs: Programs, seed: int) -> Spawns:
    """Return what the states of a plan spawn."""
    numbers = numbers_of(plan.population.states)
    paths = ["/".join(map(path_part, (STATE, state.name, *one.names))) for state, one in plan.spawns]
    counts = [one.count for _, one in plan.spawns]
    return Spawns(
        begin=np.cumsum([0, *(len(state.entries) for state in plan.population.states)]).astype(np.int32),
        state=np.array([numbers[one.state] for _, one in plan.spawns], np.int32),
        crowd=np.array([plan.population.crowd_of(one.state) for _, one in plan.spawns], np.int64),
        purpose=np.array([draw.purpose_key(seed, plan.purpose(path)) for path in paths], np.uint64),
        count=np.array([0 if isinstance(count, Expression) else max(int(count), 0) for count in counts], np.int64),
        counts=programs.counts_of_children,
    )
