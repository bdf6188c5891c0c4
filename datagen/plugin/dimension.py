"""What a dimension (field generator) is, the rows that it makes values for, and how its values are made.

Knows nothing of workers and their steps.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from datagen import draw
from datagen.draw import Integers
from datagen.plugin.distribution import Extent, odd_span
from datagen.plugin.expression import AnyExpression
from datagen.plugin.keyed_rows import KeyedRows
from datagen.plugin.model import inside, invalid, make_of_group, place_in_source
from datagen.plugin.reading import Reading
from datagen.plugin.world import NO_PAST, Past, Reader, Seen, World
from datagen.problems import Cancelled, Path_, RunFailed, path_part, show
from datagen.records.expression import Expression, Given
from datagen.records.expression.name import root, shown
from datagen.records.note import Note
from datagen.records.text import json_text
from datagen.records.types import is_optional, optional, plain, plain_type

_MANY = 100_000  # values
_KEYED = "keyed"  # the name path above all that is keyed by an expression
# Keys that say whether a value is picked from a pool, and which.
_OUTSIDE_OF_POOLS = ("when", "keyed_by", "cardinality_distribution")


class Dimension(Reading):
    """A field generator: one value for every record."""

    group: ClassVar[str] = "dimension"
    lengths: ClassVar[tuple[str, ...]] = ()  # keys of the distributions that say how much there is in a value
    fixed: ClassVar[bool] = False  # whether ``make`` returns dictionary arrays, all with one and the same dictionary

    name: str = Field(min_length=1, description="name of the field; inside a list it is not printed")
    percent_missing: float = Field(0, ge=0, le=100, description="percentage of records in which the key is left out")
    percent_nulls: float = Field(
        0, ge=0, le=100, description="percentage of null among the values that are not missing"
    )
    hidden: bool = Field(
        False, description="not printed; other fields can read it, and so can texts, keys, paths, stages and targets"
    )
    description: str | None = Field(
        None,
        min_length=1,
        description="what it is, in words: for schemas of records",
    )
    tags: list[Annotated[str, Field(min_length=1)]] = Field([], description="words for schemas, such as `personal`")
    when: AnyExpression | None = Field(None, description="an expression; where it is not true, the key is left out")
    keyed_by: AnyExpression | None = Field(
        None,
        description="an expression: the value follows from what this gives and from the field's name, in place of the "
        "worker and the step; so the same `user_id` has the same name wherever it occurs",
    )

    @abstractmethod
    def make(self, rows: "Rows") -> pa.Array:
        """Return one value for each row: an array of ``len(rows)`` values, of the same type for any rows."""

    def present(self, rows: "Rows") -> pa.Array:
        """Return a value for each row, (n,), where none is left out: a new one, or one of a pool."""
        return fresh_values(self, rows)

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        for key in ("percent_missing", "percent_nulls"):
            percent = getattr(self, key)
            if 0 < percent < 1:
                yield (key,), f"{percent} is {percent} of 100; write {100 * percent:g} if it is a share of all"
        spans = {key: odd_span(getattr(self, key)) for key in self.lengths}
        yield from (((key,), odd) for key, odd in spans.items() if odd)
        if self.keyed_by is not None and not self.draws():
            yield ("keyed_by",), "changes nothing: this value is not drawn"

    def note(self) -> Note:
        """Return what is said about it, for schemas."""
        return Note(self.description, tuple(self.tags))

    def draws(self) -> bool:
        """Return whether its own values are drawn; else they follow from what it reads, or are counted."""
        return True

    def copies(self) -> bool:
        """Return whether its value is that which the variable of its name has already."""
        is_plain = self.when is None and self.keyed_by is None and not self.percent_missing and not self.percent_nulls
        return self.kind == "variable" and is_plain

    def goes_in_order(self) -> bool:
        """Return whether values may depend on those made before in ways that nobody sees; they are made in order."""
        return not self.is_ours

    def counts(self) -> bool:
        """Return whether its own values depend on those that it has made before, or on how many."""
        return False

    def memories(self) -> Mapping[str, str]:
        """Return what it remembers by name, each with whose it is: ``template``, ``population`` or ``run``."""
        return {}

    def each_in_turn(self, rows: "Rows") -> Iterator[Any] | None:
        """Return what gives its values, one for each row as it is asked for; None where ``make`` makes all at once."""
        return None

    def as_made(self, values: list[Any]) -> pa.Array:
        """Return values that came ``each_in_turn`` as ``make`` returns them."""
        return pa.array(values)

    def most_values(self, world: World) -> int | None:
        """Return how many values it can make in a run, where none may come twice; None where there is no such end."""
        return None

    def remembers(self) -> bool:
        """Return whether its own values depend on those that it has made for the same worker before."""
        return False

    def of_workers(self) -> Iterator[Path_]:
        """Yield its keys that only mean something for a worker, each with its path from here."""
        return iter(())

    def whole(self) -> "Iterator[tuple[Path_, Dimension]]":
        """Yield it and all dimensions inside, each with its path from here."""
        yield (), self
        yield from self._below

    @cached_property
    def _below(self) -> "list[tuple[Path_, Dimension]]":  # asked for some hundred times before a run
        return [((*path, *inner), part) for path, nested in self.nested() for inner, part in nested.whole()]

    @model_validator(mode="after")
    def _tells_nested_apart(self) -> Self:
        """Nested dimensions are told apart by their names, which key their draws and counters."""
        names: set[str] = set()
        lines: list[tuple[Path_, str]] = []
        for path, nested in self.nested():
            if nested.name in names:
                lines.append(((*path, "name"), f"the name {show(nested.name)} is taken already; names must be unique"))
            names.add(nested.name)
        if self.keyed_by is not None and any(part.counts() for _, part in self.whole()):
            text = "can't be where values are counted: the same key would not give the same value"
            lines.append((("keyed_by",), text))
        if lines:
            raise invalid(self.kind, lines)
        return self

    def unfit_for_pools(self) -> Iterator[tuple[Path_, str]]:
        """Yield why its values can't be drawn by a key alone, without a worker and a record, each with its path."""
        for path, name in self.all_reads():
            yield path, f"variable {show(name)} can't be read here: a pool is made before the run"
        for path, name in (*self.sure_names(), *self.all_doubts()):
            if not path or path[0] not in _OUTSIDE_OF_POOLS:
                yield path, f"{show(shown(name))} can't be read here: a pool is made before the run"
        for path, part in self.whole():
            for key in part.of_workers():
                yield (*path, *key), "can't be in a pool, which is made before there are workers"
        for path, part in self.whole():
            if path and getattr(part, "unique", False):
                yield (*path, "unique"), "can't be in a pool, for which more values are tried than it has"
        for path, part in self.whole():
            if getattr(part, "on_error", "stop") == "skip":
                yield (*path, "on_error"), 'can\'t be "skip" in a pool, which is made before there are records'

    def rarely_repeats(self) -> bool:
        """Return whether nearly every value is a new one."""
        return self.different_values() > _MANY

    def nested(self) -> "Iterator[tuple[Path_, Dimension]]":
        """Yield the dimensions among the keys of this one, each with its path from here."""
        return iter(self._nested_ones)

    @cached_property
    def _nested_ones(self) -> "list[tuple[Path_, Dimension]]":
        return list(inside(self, Dimension, Dimension))  # type: ignore[type-abstract]

    def different_values(self) -> int:
        """Return how many different values it can make at least; 0 when only trying can tell."""
        return 0

    def extent(self) -> Extent:
        """Return how many items and characters a value has, itself included; nested values are taken as all there."""
        parts = [part.extent() for _, part in self.nested()]
        return Extent(1 + sum(part.mean for part in parts), 1 + sum(part.most for part in parts))


AnyDimension = Annotated[
    Dimension, PlainValidator(partial(make_of_group, "dimension")), WithJsonSchema({"group": "dimension"})
]


Failed = dict[int, Callable[[], RunFailed]]  # rows, each with what tells why something has failed for it


@dataclass(frozen=True)
class Rows(KeyedRows):
    """The rows for which a dimension makes values; it takes its draws and the values of nested dimensions from here."""

    reader: Reader | None = None
    origin: Integers | None = None  # (n,) rows of the batch that these belong to; None: all, in order
    owner: str = ""  # name path of the whole record, or of all that is set together
    failed: Failed | None = None  # rows of the batch that are left out; None: none can be

    def at(self, rows: Integers) -> "Rows":
        """Return some of the rows, given by their indices (m,)."""
        origin = rows if self.origin is None else self.origin[rows]
        return replace(self, keys=self.keys[rows], origin=origin)

    def items(self, lengths: Integers) -> "Rows":
        """Return a row for each item of the lists of these rows; ``lengths`` (n,)."""
        keys = draw.item_keys(self.keys, self.key("place"), lengths)
        origin = None
        if self.reader is not None:
            origin = np.repeat(np.arange(len(self)) if self.origin is None else self.origin, lengths)
        return replace(self, keys=keys, origin=origin)

    def within(self, *names: str) -> "Rows":
        """Return the same rows further down the name path, so that other values are drawn for them."""
        return replace(self, path="/".join(filter(None, (self.path, *map(path_part, names)))))

    def owned_by(self, *names: str) -> "Rows":
        """Return the same rows for all that an emitter, a state, a source or a table makes."""
        rows = self.within(*names)
        return replace(rows, owner=rows.path, world=self.world.of(names[1] if len(names) > 1 else ""))

    def shared(self, name: str) -> "Rows":
        """Return the same rows for draws that dimensions of one record share under a name."""
        return replace(self, path=f"{self.owner}/{path_part(name)}")

    def make(self, dimension: Dimension) -> pa.Array:
        """Return the values of a nested dimension, (n,)."""
        return make_values(dimension, self.within(dimension.name))

    def read(self, variable: str) -> pa.Array:
        """Return the value that a variable has for the worker of each row, (n,). Raises RunFailed in a pool."""
        if self.reader is None:
            raise RunFailed(f"{self.path}: a pool is made before the run, when no variable has a value")
        return self.reader.read(variable, self.origin)

    def steps(self) -> Integers:
        """Return the number of the worker's step for each row, (n,). Raises RunFailed in a pool."""
        if self.reader is None:
            raise RunFailed(f"{self.path}: a pool is made before the run, when no worker has made a step")
        return self.reader.steps(self.origin)

    def described(self, row: int) -> str:
        """Return which record a row belongs to, in words."""
        if self.reader is None:
            return f"value {row + 1} that was tried for a pool"
        return self.reader.described(row if self.origin is None else int(self.origin[row]))

    @property
    def past(self) -> Past:
        """Return what was made for the workers of these rows before."""
        return NO_PAST if self.reader is None else self.reader.past

    def seen(self, emitter: str) -> Seen:
        """Return the records of an emitter, as they are seen from these rows. Raises RunFailed in a pool."""
        if self.reader is None:
            raise RunFailed(f"{self.path}: a pool is made before the run, when there are no records")
        return self.reader.seen(emitter, self.origin)

    @property
    def origins(self) -> Integers:
        """Return which rows of the batch these belong to, (n,) ascending."""
        return np.arange(len(self)) if self.origin is None else self.origin

    def known(self, names: Iterable[str]) -> dict[str, pa.Array]:
        """Return the values, (n,), that hold what names stand for: each by itself or what is before one of its dots."""
        if self.reader is None:
            return {}
        roots = {root(self.reader.names(), name) for name in names} - {""}
        return {name: self.reader.look_up(name, self.origin) for name in sorted(roots)}

    def calculate(self, expression: Expression) -> pa.Array:
        """Return what an expression gives, (n,)."""
        return expression.values(self._given(expression))

    def holding(self, expression: Expression) -> draw.Marks:
        """Return for which rows an expression is true, (n,)."""
        return expression.holds(self._given(expression)).to_numpy(zero_copy_only=False)

    def _given(self, expression: Expression) -> Given:
        return Given(self.known(expression.names), len(self), self.world.zone)

    def keyed(self, dimension: Dimension, by: Expression) -> "Rows":
        """Return rows whose draws for a dimension follow from what an expression gives, in place of worker and step."""
        keys = draw.text_keys(json_text(self.calculate(by)))
        return replace(self, keys=keys, path=keyed_path(dimension), owner=_KEYED)

    def count(self) -> int:
        """Return how many values the counter at this name path made so far; from now on these rows are among them."""
        made = self.world.counters.get(self.path, 0)
        self.set_count(made + len(self))
        return made

    def set_count(self, made: int) -> None:
        """Let the counter at this name path have made so many values."""
        self.world.counters[self.path] = made


def keyed_path(dimension: Dimension) -> str:
    """Return the name path of what is drawn for a dimension that is keyed by an expression: the same everywhere."""
    return f"{_KEYED}/{path_part(dimension.name)}"


def make_values(dimension: Dimension, rows: Rows) -> pa.Array:
    """Return the values of a dimension, (n,), with those that are missing or null."""
    if dimension.when is None:
        return _drawn_values(dimension, rows)
    there = rows.holding(dimension.when)
    made = _drawn_values(dimension, rows.at(np.flatnonzero(there)))
    made = plain(made) if is_optional(plain_type(made.type)) else made
    placed = made.take(pa.array(np.cumsum(there) - 1, mask=~there))
    return placed if is_optional(made.type) else optional(placed, ~there)


def _drawn_values(dimension: Dimension, rows: Rows) -> pa.Array:
    """Return the values of a dimension, (n,), whether or not it is wanted in all of these rows."""
    if dimension.keyed_by is not None:
        rows = rows.keyed(dimension, dimension.keyed_by)
    if not dimension.percent_missing and not dimension.percent_nulls:
        return dimension.present(rows)
    purposes = rows.key("missing"), rows.key("null")
    shares = dimension.percent_missing, dimension.percent_nulls
    missing, absent, there, places = draw.absences(rows.keys, purposes, shares)
    made = dimension.present(rows.at(there))
    inherits = is_optional(plain_type(made.type))  # it reads a variable that may itself be missing
    if inherits:
        made = plain(made)
        missing[there[made.is_null().to_numpy(zero_copy_only=False)]] = True
        made = made.field(0)
    values = made.take(pa.array(places, mask=absent))
    return optional(values, missing) if inherits or dimension.percent_missing else values


def fresh_values(dimension: Dimension, rows: Rows) -> pa.Array:
    """Return new values, (n,), not from a pool.

    Raises RunFailed when a plug-in raises an exception or makes too many or too few values.
    """
    try:
        made = dimension.make(rows)
        values = made if isinstance(made, pa.Array) else pa.array(made)
    except (RunFailed, Cancelled, MemoryError):
        raise
    except Exception as error:  # the code of a user's plug-in may raise anything
        where = place_in_source(error)
        raise RunFailed(f"making {rows.path}: {type(error).__name__}: {error}{where}") from error
    if len(values) != len(rows):
        raise RunFailed(f"{rows.path}: {dimension.kind} made {len(values)} values for {len(rows)} rows")
    return values
