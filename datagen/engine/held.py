"""The rows that workers hold: of which tables, and which of them records and variables read."""

from collections.abc import Callable, Mapping
from functools import cached_property

import pyarrow as pa

from datagen.language.population import Population
from datagen.records.expression import Expression
from datagen.records.expression.name import root
from datagen.records.reference import Reference


class HeldRows:
    """The resources of a population that are the rows of a table."""

    def __init__(self, population: Population, tables: Callable[[], Mapping[str, Reference]]) -> None:
        """Take also what makes the tables."""
        self._population, self._made = population, tables

    @cached_property
    def tables(self) -> dict[str, str]:
        """Return the tables, by the names of the resources."""
        return {name: one.rows for name, one in self._population.resources.items() if one.rows is not None}

    @property
    def looks(self) -> list[Expression]:
        """Return the expressions that say whether rows are available."""
        return [one.available for one in self._population.resources.values() if one.available is not None]

    @cached_property
    def rows(self) -> dict[str, pa.Array]:
        """Return the rows of those that fields or variables read, by the names of the resources."""
        if not self.tables:
            return {}
        places = [place.dimension for place in self._population.places()]
        read = {name for one in places for _, name in (*one.all_names(), *one.all_reads())}
        roots = {root(self.tables, name) for name in read}
        made = self._made()
        return {name: made[table].rows for name, table in self.tables.items() if name in roots}
