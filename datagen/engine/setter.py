"""What sets a variable, what it reads, and what the walk has drawn ahead of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Integers, Keys
from datagen.engine.birth import Fact
from datagen.engine.knowable import is_expression, is_listed, is_time, taken_by
from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.listing import Listing
from datagen.plugin.model import changed
from datagen.plugin.order import lookups
from datagen.plugin.pooled import PooledDimension
from datagen.plugin.recipe import Recipe, recipe_of
from datagen.plugin.world import World
from datagen.problems import path_part
from datagen.records.conversion import as_type
from datagen.records.expression import Expression, parse
from datagen.records.expression.facets import LIST, facets_of
from datagen.records.expression.name import of_former, root
from datagen.records.types import plain, present

_NOW = parse("time")  # what a generator ``now`` calculates that makes it neither a text nor another time


@dataclass(frozen=True)
class Setter:
    """What sets a variable: a generator of a state or of a source of arrivals, or a birth."""

    owner: int  # number of the state, of the source behind all states, or of the spawn behind all sources
    path: tuple[str, ...]  # of the names of draws
    dimension: Dimension | Fact
    reads: frozenset[str]  # variables
    set_before: frozenset[str]  # those of them that stand before this one in its list
    is_by_walk: bool = False  # whether its values are those that the walk has noted

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

    @property
    def tests(self) -> dict[str, Expression]:
        """Return the expressions that say whether it makes a value, and whether it counts anew, by their keys."""
        found = {key: getattr(self.dimension, key, None) for key in ("when", "reset")}
        return {key: test for key, test in found.items() if test is not None}

    def is_noted(self, states: int) -> bool:
        """Return whether the walk can note its values: an expression of one of so many states."""
        return self.owner < states and is_expression(self.dimension)

    def noted(self) -> "Setter":
        """Return the same one, which takes its values from what the walk has noted."""
        return replace(self, reads=frozenset(), set_before=frozenset(), is_by_walk=True)

    @property
    def is_fixed(self) -> bool:
        """Return whether all values that it sets come from one list."""
        one = self.dimension
        return is_listed(one) and isinstance(one, Dimension) and not one.percent_missing and one.when is None

    def made(self, keys: Keys, path: str, world: World) -> pa.Array:
        """Return what it makes for some keys of steps, (n,); what is missing is null.

        Of lists it is only how long they are that counts.
        """
        if isinstance(self.dimension, Listing):
            return replace(self, dimension=self.dimension.skeleton()).whole(keys, path, world)
        return self.whole(keys, path, world)

    def whole(self, keys: Keys, path: str, world: World) -> pa.Array:
        """Return what it makes for some keys of steps, (n,), with all that is in lists; what is missing is null."""
        assert isinstance(self.dimension, Dimension), "a generator"
        dimension = changed(self.dimension, pick="draw") if taken_by(self.dimension) else self.dimension
        return present(Rows(keys, path, world).owned_by(*self.path).make(dimension))

    @property
    def cardinality(self) -> int:
        """Return how many values it has in its pool; 0: it has none."""
        return self.dimension.cardinality or 0 if isinstance(self.dimension, PooledDimension) else 0

    def choices(self, path: str, world: World) -> pa.Array:
        """Return the values of which it takes one each time; only where there is a list of them."""
        if self.cardinality:
            own = "/".join(filter(None, (path, *map(path_part, (*self.path, self.dimension.name)))))
            return plain(world.pools[own].first(self.cardinality)).slice(0, self.cardinality)
        return plain(self.made(np.zeros(0, np.uint64), path, world).dictionary)

    @property
    def is_constant(self) -> bool:
        """Return whether it always makes the same."""
        one = self.dimension
        return isinstance(one, Dimension) and one.kind == "constant" and not (one.percent_missing or one.percent_nulls)

    def recipe(self, path: str, world: World) -> Recipe | None:
        """Return how the core draws what it makes, where that is there; None where only Python can."""
        assert isinstance(self.dimension, Dimension), "a generator"
        return recipe_of(self.dimension, self._rows(path, world))

    def absences(self, path: str, world: World) -> dict[str, Any]:
        """Return how often what it makes is missing or null, and the keys of the draws that say so, by their names."""
        assert isinstance(self.dimension, Dimension), "a generator"
        rows, own = self._rows(path, world), self.dimension
        shares = {"percent_missing": own.percent_missing, "percent_nulls": own.percent_nulls}
        return {"missing": rows.key("missing"), "null": rows.key("null")} | shares

    def _rows(self, path: str, world: World) -> Rows:
        """Return no rows, for which it would make values."""
        return Rows(np.zeros(0, np.uint64), path, world).owned_by(*self.path).within(self.dimension.name)


@dataclass(frozen=True)
class Field:
    """A field generator of a variable, as the walk has it drawn ahead of time."""

    setter: Setter
    type: pa.DataType | None  # of the values; None where they are places in a list,
    begin: int = 0  # from here on
    is_length: bool = False  # of a list, in place of the list

    def values(self, keys: Keys, path: str, world: World) -> tuple[Integers, npt.NDArray[np.bool_]]:
        """Return the values for some keys of steps (n,), real ones by their bits, and where there are any."""
        made = self.setter.made(keys, path, world)
        if self.type is None:
            valid = made.indices.is_valid().to_numpy(zero_copy_only=False)
            places = made.indices.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
            return np.where(valid, places + self.begin, 0), np.ones(len(keys), bool)
        values = plain(made)
        if self.is_length:
            values = pc.list_value_length(facets_of(values)[LIST]).cast(pa.int64())
        return numbers_of(as_type(values, self.type))


def numbers_of(values: pa.Array) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """Return values (n,) as whole numbers, real ones by their bits, and where there are any."""
    valid = values.is_valid().to_numpy(zero_copy_only=False)
    numbers = values.fill_null(pa.scalar(0).cast(values.type)).to_numpy(zero_copy_only=False)
    type_ = np.float64 if values.type == pa.float64() else np.int64
    return np.ascontiguousarray(numbers.astype(type_)).view(np.int64), valid


def read_by(names: Collection[str], dimension: Dimension | Fact) -> frozenset[str]:
    """Return the variables that a generator reads, of all ``names`` of variables."""
    if isinstance(dimension, Fact):
        return frozenset()
    reads = frozenset(name for _, name in dimension.all_reads() if name in names)  # the others are rows that it holds
    return reads | {root(names, name) for _, name in dimension.all_names()} - {""}


def declared(
    owners: Iterable[tuple[tuple[str, ...], Sequence[Dimension | Fact]]], names: Collection[str], spawn: int
) -> dict[str, list[Setter]]:
    """Return the setters of each variable, by the name paths of owners and what these set.

    ``names`` are those of all variables, ``spawn`` is the number of the first owner that sets those of children.
    """
    found: dict[str, list[Setter]] = {}
    for owner, (path, variables) in enumerate(owners):
        before: set[str] = set()
        for dimension in variables:
            if owner >= spawn and copies(dimension):
                continue  # children have it as it is
            reads = read_by(names, dimension)
            setter = Setter(owner, path, dimension, reads, reads & before)
            found.setdefault(dimension.name, []).append(setter)
            before.add(dimension.name)
    return found


def reads_of(setters: Mapping[str, list[Setter]]) -> dict[str, list[str]]:
    """Return which variables each variable is made of, by the setters of all."""
    return {
        name: list(dict.fromkeys(read for setter in own for read in sorted(setter.reads)))
        for name, own in setters.items()
    }


def looks_back(dimension: Dimension | Fact) -> bool:
    """Return whether a field depends on what was made for the same worker before."""
    if isinstance(dimension, Fact):
        return False
    reads = any(of_former(name) is not None for _, name in dimension.all_names())
    return reads or any(part.remembers() for _, part in dimension.whole())


def copies(dimension: Dimension | Fact) -> bool:
    """Return whether it is the variable of its own name, as it is."""
    return isinstance(dimension, Dimension) and dimension.copies()


def looks_up(dimension: Dimension | Fact) -> bool:
    """Return whether it looks up records."""
    return isinstance(dimension, Dimension) and any(True for _ in lookups(dimension))
