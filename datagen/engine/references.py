"""The tables of a run: each is made once, when it is asked for, and is the same for all who pick from it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from threading import RLock

from datagen.language.population import Population
from datagen.plugin.table import TableProblem
from datagen.plugin.world import World
from datagen.problems import Path_, RunFailed, Unfillable, path_part
from datagen.records.reference import Reference


class References(Mapping[str, Reference]):
    """The rows of the tables, by name."""

    def __init__(self, population: Population, world: World) -> None:
        """Take the world that columns are made in; their counters are their own."""
        self._tables = population.tables
        self._world = replace(world, tables=self)
        self._made: dict[str, Reference] = {}
        self._begun: list[str] = []  # tables that are being made, each for the one before
        self._making = RLock()  # a table may be made of others

    def __getitem__(self, name: str) -> Reference:
        """Return the rows of a table. Raises Unfillable when they are not what they have to be."""
        if name not in self._made:
            with self._making:
                if name not in self._made:
                    self._made[name] = self._make(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def problems(self) -> dict[str, tuple[Path_, str]]:
        """Return the places of the tables that can't be made, by their name paths, and why; makes all of them."""
        problems = {}
        for name in self:
            try:
                self[name]
            except Unfillable as error:
                problems[f"table/{path_part(name)}"] = error.path, error.reason
        return problems

    def _make(self, name: str) -> Reference:
        if name in self._begun:
            way = " → ".join([*self._begun[self._begun.index(name) :], name])
            raise Unfillable(("tables", name), f"tables can't be made of each other ({way})", f"making table {name}")
        self._begun.append(name)
        try:
            return self._made_of_others(name)
        finally:
            self._begun.pop()

    def _made_of_others(self, name: str) -> Reference:
        try:
            return self._tables[name].reference(name, replace(self._world.of(name), counters={}))
        except TableProblem as problem:
            raise Unfillable(("tables", name, *problem.path), str(problem), f"making table {name}") from problem
        except Unfillable:
            raise
        except RunFailed as error:
            raise Unfillable(("tables", name), str(error), f"making table {name}") from error
