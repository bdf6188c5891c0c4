"""Fields of which no value comes twice, where it is known before a run that it wants more than there are."""

from collections.abc import Iterator

from datagen.engine.pool import Pools
from datagen.language.population import Place, Population
from datagen.problems import Path_, counted


def shortages(population: Population, pools: Pools, records: int | None) -> Iterator[tuple[Path_, str]]:
    """Yield the fields that have fewer values than a run has records, where all records are of their emitter."""
    if records is None or len(population.emitters) != 1:
        return
    for place in population.places():
        there = place.dimension.most_values(pools.world()) if _is_in_each(place) else None
        if there is not None and there < records:
            values = f"{counted(there, 'value')} of which none comes twice"
            yield (*place.json_path, "unique"), f"has {values}, and the run has {counted(records, 'record')}"


def _is_in_each(place: Place) -> bool:
    """Return whether a field has a value in every record of its emitter."""
    field = place.dimension
    return place.emitter is not None and field.when is None and not field.percent_missing and not field.percent_nulls
