"""What sets a variable, and what it reads."""

from collections.abc import Collection
from dataclasses import dataclass

import pyarrow as pa

from datagen.draw import Keys
from datagen.engine.birth import Fact
from datagen.engine.knowable import is_by_worker, is_expression, is_time
from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.model import changed
from datagen.plugin.world import World
from datagen.records.expression import Expression, parse
from datagen.records.expression.name import root
from datagen.records.types import present

_NOW = parse("time")  # what a generator ``now`` calculates that makes it neither a text nor another time


@dataclass(frozen=True)
class Setter:
    """What sets a variable: a generator of a state or of a source of arrivals, or a birth."""

    owner: int  # number of the state, of the source behind all states, or of the spawn behind all sources
    path: tuple[str, ...]  # of the names of draws
    dimension: Dimension | Fact
    reads: frozenset[str]  # variables
    set_before: frozenset[str]  # those of them that stand before this one in its list

    @property
    def expression(self) -> Expression:
        """Return the expression that it calculates."""
        assert isinstance(self.dimension, Dimension), "a generator"
        if is_time(self.dimension):
            return _NOW
        return next(expression for path, expression in self.dimension.expressions() if path == ("value",))

    @property
    def names(self) -> frozenset[str]:
        """Return the names that its expression reads, none where it has none."""
        return self.expression.names if is_expression(self.dimension) else frozenset()

    def made(self, keys: Keys, path: str, world: World) -> pa.Array:
        """Return what it makes for some keys of steps, (n,); what is missing is null."""
        assert isinstance(self.dimension, Dimension), "a generator"
        dimension = changed(self.dimension, pick="draw") if is_by_worker(self.dimension) else self.dimension
        return present(Rows(keys, path, world).owned_by(*self.path).make(dimension))


def read_by(names: Collection[str], dimension: Dimension | Fact) -> frozenset[str]:
    """Return the variables that a generator reads, of all ``names`` of variables."""
    if isinstance(dimension, Fact):
        return frozenset()
    reads = frozenset(name for _, name in dimension.all_reads())
    return reads | {root(names, name) for _, name in dimension.all_names()} - {""}
