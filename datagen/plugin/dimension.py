"""What a dimension (field generator) is, the rows that it makes values for, and how all its values are made.

Owns what the values of a run depend on besides the draws: pools and counters. Knows nothing of workers and their steps.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, ClassVar, Protocol, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from datagen import draw
from datagen.draw import Integers, Keys
from datagen.plugin.distribution import WholeDistribution
from datagen.plugin.model import Plugin, make_of_group
from datagen.problems import Path_, RunFailed, path_part
from datagen.records.types import is_maybe, maybe, plain, plain_type

MOST_IN_POOL = 10_000_000
_MOST_PLACES = 4_000_000  # of lists and strings; each takes some 40 bytes while it is drawn


class Dimension(Plugin):
    """A field generator: one value for every record."""

    group: ClassVar[str] = "dimension"
    fixed: ClassVar[bool] = False  # whether ``make`` gives dictionary arrays, all with one and the same dictionary

    name: str = Field(min_length=1, description="name of the field; inside a list it is not printed")
    percent_missing: float = Field(0, ge=0, le=100, description="percentage of records in which the key is left out")
    percent_nulls: float = Field(
        0, ge=0, le=100, description="percentage of null among the values that are not missing"
    )

    @abstractmethod
    def make(self, rows: "Rows") -> pa.Array:
        """Make one value for each row; an array of ``len(rows)`` values whose type does not depend on the rows."""

    def nested(self) -> "Iterator[tuple[Path_, Dimension]]":
        """Give the dimensions among the keys of this one, with where they stand."""
        for key in type(self).model_fields:
            value = getattr(self, key)
            for index, part in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(part, Dimension):
                    yield (key, index) if isinstance(value, list) else (key,), part

    def reads(self) -> tuple[str, ...]:
        """Give the variables that this dimension reads itself (not those that its nested ones read)."""
        return ()


AnyDimension = Annotated[
    Dimension, PlainValidator(partial(make_of_group, "dimension")), WithJsonSchema({"group": "dimension"})
]


class PooledDimension(Dimension):
    """A field generator that can pick its values from a pool made before the run."""

    cardinality: int = Field(0, ge=0, le=MOST_IN_POOL, description="size of the pool of different values; 0: no pool")
    cardinality_distribution: WholeDistribution | None = Field(
        None, description="index into the pool; required with a cardinality"
    )
    uniform_by_default: ClassVar[bool] = False

    @model_validator(mode="after")
    def _has_a_picker(self) -> Self:
        if self.cardinality and not self.cardinality_distribution and not self.uniform_by_default:
            raise ValueError('"cardinality_distribution" is required with a "cardinality"')
        return self


class Reader(Protocol):
    """Gives the current values of variables."""

    def read(self, variable: str, origin: Integers | None) -> pa.Array:
        """Read a variable for all rows of a batch, or for those numbered in ``origin``."""


@dataclass
class World:
    """What the values of a run share: the seed, the pools and the counters, each known by its name path."""

    seed: int
    pools: dict[str, pa.Array] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """The rows for which a dimension makes values: it draws from here, and has its nested dimensions made here."""

    keys: Keys  # (n,) row keys
    path: str
    world: World
    reader: Reader | None = None
    origin: Integers | None = None  # (n,) rows of the batch that these belong to; None: all, in order

    def __len__(self) -> int:
        return len(self.keys)

    def bits(self, purpose: str = "value") -> Keys:
        """Draw 64 random bits for each row; different purposes are independent."""
        return draw.bits(self.keys, draw.purpose_key(self.world.seed, f"{self.path}/{purpose}"))

    def unit(self, purpose: str = "value") -> draw.Floats:
        """Draw a number in [0, 1) for each row."""
        return draw.unit(self.bits(purpose))

    def at(self, rows: Integers) -> "Rows":
        """Give some of the rows."""
        origin = rows if self.origin is None else self.origin[rows]
        return Rows(self.keys[rows], self.path, self.world, self.reader, origin)

    def places(self, lengths: Integers) -> "Rows":
        """Give a row for each of the places 0..length of each row, place by place."""
        owner = np.repeat(np.arange(len(self)), lengths)
        place = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        places = self.at(owner)
        return Rows(
            draw.numbered(self.bits("place")[owner], place), self.path, self.world, places.reader, places.origin
        )

    def within(self, *names: str) -> "Rows":
        """Give the same rows at a place further down the name path."""
        path = "/".join(filter(None, (self.path, *map(path_part, names))))
        return Rows(self.keys, path, self.world, self.reader, self.origin)

    def make(self, dimension: Dimension) -> pa.Array:
        """Make the values of a nested dimension."""
        return make_values(dimension, self.within(dimension.name))

    def read(self, variable: str) -> pa.Array:
        """Give the value that a variable has for each row's worker."""
        if self.reader is None:
            raise RunFailed(f"{self.path}: a pool is made before the run, when no variable has a value")
        return self.reader.read(variable, self.origin)

    def count(self) -> int:
        """Give how many values this counter has made, and count these rows."""
        made = self.world.counters.get(self.path, 0)
        self.world.counters[self.path] = made + len(self)
        return made


def make_values(dimension: Dimension, rows: Rows) -> pa.Array:
    """Make the values of a dimension, missing ones and nulls among them."""
    if not dimension.percent_missing and not dimension.percent_nulls:
        return _present_values(dimension, rows)
    missing = rows.unit("missing") * 100 < dimension.percent_missing
    null = rows.unit("null") * 100 < dimension.percent_nulls
    there = ~(missing | null)
    made = _present_values(dimension, rows.at(np.flatnonzero(there)))
    inherits = is_maybe(plain_type(made.type))  # it reads a variable that may itself be missing
    if inherits:
        made = plain(made)
        missing[np.flatnonzero(there)[made.is_null().to_numpy(zero_copy_only=False)]] = True
        made = made.field(0)
    values = made.take(pa.array(np.cumsum(there) - 1, mask=~there))
    return maybe(values, missing) if inherits or dimension.percent_missing else values


def fresh_values(dimension: Dimension, rows: Rows) -> pa.Array:
    """Make new values, whatever pool there is.

    Raises RunFailed when a plug-in does not do what it should.
    """
    try:
        values = dimension.make(rows)
        if not isinstance(values, pa.Array):
            values = pa.array(values)
    except (RunFailed, MemoryError):
        raise
    except Exception as error:  # the code of a user's plug-in may raise anything
        raise RunFailed(f"making {rows.path}: {type(error).__name__}: {error}") from error
    if len(values) != len(rows):
        raise RunFailed(f"{rows.path}: {dimension.kind} made {len(values)} values for {len(rows)} rows")
    return values


def _present_values(dimension: Dimension, rows: Rows) -> pa.Array:
    if not isinstance(dimension, PooledDimension) or not dimension.cardinality:
        return fresh_values(dimension, rows)
    pool = rows.world.pools[rows.path]
    random = rows.bits("pick")
    picker = dimension.cardinality_distribution
    index = picker.index(random, len(pool)) if picker else draw.below(random, len(pool))
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32)), pool)


def too_many(lengths: Integers) -> bool:
    """Tell whether lists of these lengths should not be made all at once."""
    return len(lengths) > 1 and float(lengths.sum(dtype=np.float64)) > _MOST_PLACES


def in_halves(make: Callable[[Rows], pa.Array], rows: Rows) -> pa.Array:
    """Make the values of some rows, half of them at a time, so that memory is bounded by the longest value."""
    half = len(rows) // 2
    return pa.concat_arrays([make(rows.at(np.arange(half))), make(rows.at(np.arange(half, len(rows))))])
