"""Pools: the different values that a dimension with a cardinality picks from, made once before a run."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from datagen import draw
from datagen.engine.plan import all_reads
from datagen.language.population import Place
from datagen.plugin.dimension import PooledDimension, Rows, World, fresh_values
from datagen.problems import Path_
from datagen.records.text import json_text
from datagen.records.types import plain

_FIRST_TRIES = 1024
_MOST_TRIES_A_VALUE = 64  # to collect n equally likely values takes about n * (log(n) + 0.6) tries: 17 for n = 10**7
_PATIENCE = 20  # tries in vain, per value found, after which another value is taken not to exist: e**-20 if it did


def make_pools(found: Iterable[Place], world: World) -> list[tuple[Path_, str]]:
    """Make the pools of dimensions and of those inside them; give the places of pools that can't be filled, and why."""
    problems = []
    for place in found:
        inner = make_pools(place.nested(), world)
        problems += inner
        dimension = place.dimension
        if isinstance(dimension, PooledDimension) and dimension.cardinality and not inner and not all_reads(dimension):
            pool = _pool(place, dimension, world)
            world.pools[place.name_path] = pool
            if len(pool) < dimension.cardinality:
                message = f"could make only {len(pool)} different values for a cardinality of {dimension.cardinality}"
                problems.append(((*place.json_path, "cardinality"), message))
    return problems


def _pool(place: Place, dimension: PooledDimension, world: World) -> pa.Array:
    """Make the first different values, in the order of the tries, as many as can be found within a bound."""
    wanted = dimension.cardinality
    purpose = draw.purpose_key(world.seed, f"{place.name_path}/pool")
    values = text = None
    tried, in_vain, size = 0, 0, _FIRST_TRIES
    while True:
        keys = draw.numbered(np.full(1, purpose), np.arange(tried, tried + size))
        made = plain(fresh_values(dimension, Rows(keys, place.name_path, world)))
        values = made if values is None else pa.concat_arrays([values, made])
        text = json_text(made) if text is None else pa.concat_arrays([text, json_text(made)])
        before = len(values) - size
        codes = text.dictionary_encode().indices.to_numpy()
        first = pa.array(np.unique(codes, return_index=True)[1][:wanted])
        values, text = values.take(first), text.take(first)
        tried += size
        in_vain = 0 if len(values) > before else in_vain + size
        if len(values) == wanted or tried > _MOST_TRIES_A_VALUE * wanted + _FIRST_TRIES:
            return values
        if in_vain > _PATIENCE * len(values) + _FIRST_TRIES:
            return values
        size = min(2 * size, max(wanted, _FIRST_TRIES))
