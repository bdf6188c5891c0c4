"""Variables that read each other in a circle, or their own former values: what of them the walk calculates itself.

It notes their values at each step, as it does with what it knows of workers, so that columns take them from there. The
others are made step by step, which is some hundred times slower.
"""

import pyarrow as pa

from datagen import graph
from datagen.engine.clocks import Clocks
from datagen.engine.code import ARROW, REAL, TRUTH, WHOLE, Constants, Unprogrammable
from datagen.engine.drawing import Drawing
from datagen.engine.known import Known
from datagen.engine.scheme import Scheme
from datagen.engine.setter import reads_of
from datagen.problems import RunFailed


def calculated(plan: Scheme) -> dict[str, pa.DataType]:
    """Return the variables in circles that the walk calculates, with their types.

    Where some look up records, there are none: values are then made among the fields of records.
    """
    if plan.looking_up.any():
        return {}
    reads = {name: [one for one in found if one in plan.declared] for name, found in reads_of(plan.declared).items()}
    groups = [group for group in graph.groups(reads) if len(group) > 1 or group[0] in reads[group[0]]]
    return {name: type_ for group in groups for name, type_ in _types(plan, sorted(group)).items()}


def _types(plan: Scheme, names: list[str]) -> dict[str, pa.DataType]:
    """Return the types of variables of one circle, none where the walk can't know one of them."""
    world, constants = plan.world(0), Constants()
    known = Known(plan, world, constants, Clocks(plan, world.zone), Drawing(plan.path, world, constants))
    try:
        sources = [known.variable(name) for name in names]
        codes = [known.setting(owner) for owner in range(plan.begins[1] + len(plan.spawns))]
    except (Unprogrammable, RunFailed):  # what is wrong with a pool or a table is told when it is made
        return {}
    follows_profiles = any(name == "factor" for code in codes for name, _ in code)  # which columns read more exactly
    if follows_profiles or any(one.values is not None or one.type not in (WHOLE, REAL, TRUTH) for one in sources):
        return {}
    return {name: ARROW[one.type] for name, one in zip(names, sources, strict=True)}
