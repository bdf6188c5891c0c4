"""The types of variables, which the values that states and sources set are kept in."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from datagen.engine.birth import Fact
from datagen.engine.plan import Plan
from datagen.engine.reader import Course, Look, RecordReader, no_events
from datagen.engine.setter import Setter
from datagen.engine.step import NO_BIRTHS
from datagen.engine.variables import Store, StoreReader
from datagen.plugin.dimension import Rows
from datagen.plugin.world import World
from datagen.records.types import as_json, common_type


def variable_types(
    plan: Plan, world: World, courses: Mapping[str, Course], known: Mapping[str, pa.DataType], look: Look
) -> dict[str, pa.DataType]:
    """Return the type of each variable: sets all of them for no rows, each after those that it reads.

    What else may be read is ``known`` by its type.

    Where some read each other in a circle, they are set again and again, until no type changes. A variable whose type
    never stops growing, such as an object that holds its own former value, is kept as JSON text.
    """
    stores: dict[str, Store] = {name: Store(pa.null()) for name in plan.setters}
    nothing = np.zeros(0, np.int64)
    variables = StoreReader(stores, lambda _: nothing.astype(np.int32))
    made_before = {name: pa.nulls(0, type_) for name, type_ in known.items()}
    reader = RecordReader(variables, no_events(plan.known_of_lives), courses, made_before, None, look)
    rows = Rows(nothing.astype(np.uint64), plan.path, world, reader)

    def type_of(name: str) -> pa.DataType:
        return common_type(made(setter).type for setter in plan.setters[name])

    def made(setter: Setter) -> pa.Array:
        if isinstance(setter.dimension, Fact):
            return setter.dimension.values(NO_BIRTHS, nothing)
        if setter.is_by_walk:
            return pa.array([], plan.calculated[setter.dimension.name])
        return rows.owned_by(*setter.path).make(setter.dimension)

    types: dict[str, pa.DataType] = dict.fromkeys(stores, pa.null())
    if plan.order is not None:
        for name in plan.order:
            types[name] = type_of(name)
            stores[name] = Store(types[name])
        return types
    endless: set[str] = set()
    while True:
        for _ in range(len(types) + 1):
            found = {name: type_of(name) for name in types}
            found |= {name: as_json(found[name]) for name in endless}
            if found == types:
                return types
            changed = {name for name in types if found[name] != types[name]}
            types = found
            stores |= {name: Store(type_) for name, type_ in types.items()}
        endless |= changed
