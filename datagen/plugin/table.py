"""What a table is: rows of reference data, the same everywhere in a run, that field generators pick from.

A declaration says where the rows come from; in a run they are a ``Reference``.
"""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema

from datagen.draw import Floats
from datagen.plugin.dimension import Dimension
from datagen.plugin.expression import AnyExpression
from datagen.plugin.model import Maker, Model, Named, Plugin, make_of_group
from datagen.plugin.namespace import namespace_of
from datagen.plugin.shared import StartOfRow, type_of_start
from datagen.plugin.world import World
from datagen.problems import Path_, did_you_mean, show
from datagen.records.batch import TIME, Layout
from datagen.records.decimal import is_decimal
from datagen.records.expression import Expression, Given
from datagen.records.expression.facets import NUMBER, facets_of
from datagen.records.reference import Reference
from datagen.records.types import plain

# Keys that say which kind a table without a type is, the first that it has.
KINDS_BY_KEY = {"path": "file", "rows": "rows", "size": "made", "per": "made", "columns": "rows"}

Columns = dict[str, pa.Array]


class TableProblem(ValueError):
    """The rows of a table are not what they have to be; ``path`` is the key that asks for it."""

    def __init__(self, path: Path_, text: str) -> None:
        super().__init__(text)
        self.path = path


def _named(value: Any, info: "ValidationInfo[Maker]") -> str | Reference:
    if isinstance(value, Reference):
        return value
    if not isinstance(value, str) or not value:
        raise ValueError(f"must be the name of a table, found {show(value)}")
    return namespace_of(info).meant("tables", value)


# The name of a table; once that is made, its rows.
TableRows = Annotated[str | Reference, PlainValidator(_named), WithJsonSchema({"type": "string", "minLength": 1})]


class Emission(Model):
    """How the rows of a table are records."""

    emitter: str = Field(min_length=1, description="name of the emitter that the records are of; no other has it")
    time: str | None = Field(
        TIME, min_length=1, description="what the time of a record, the start of the run, is called; null: not printed"
    )


class Table(Plugin):
    """Rows of reference data."""

    group: ClassVar[str] = "table"

    where: AnyExpression | None = Field(
        None, description="an expression over the columns; rows where it holds are kept"
    )
    weight: str | None = Field(None, description="the column that says how often a row is drawn, beside the others")
    unique: list[str] = Field([], description="columns that together are different in every row; this is checked")
    emit: Emission | None = Field(
        None, description="send all rows as records at the start, before those of workers; without it they are data"
    )
    shared: Named[StartOfRow] = Field(
        {},
        description="values of each row that all workers see and that states `set`: a number or boolean to start with, "
        "or an expression over the columns",
    )

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names of the columns."""

    @abstractmethod
    def columns(self, name: str, world: World) -> Columns:
        """Return the columns of all rows, before any are left out, for the table of a name in a spec."""

    def dimensions(self) -> list[Dimension]:
        """Return the field generators that make the columns."""
        return []

    def read_types(self, name: str, world: World) -> dict[str, pa.DataType]:
        """Return the types of what its field generators may read, for the table of a name in a spec."""
        return {key: column.type for key, column in world.tables[name].columns.items()}

    def tables(self) -> Iterator[tuple[Path_, str]]:
        """Yield the names of the tables that this one is made of, each with its path from here."""
        for number, dimension in enumerate(self.dimensions()):
            yield from ((("columns", number, *path), name) for path, name, _ in dimension.all_picks())

    def reference(self, name: str, world: World) -> Reference:
        """Return the rows, for the table of a name in a spec. Raises TableProblem."""
        columns = {key: plain(column) for key, column in self.columns(name, world).items()}
        if self.where is not None:
            columns = self._kept(self.where, columns, world)
        if not len(next(iter(columns.values()))):
            raise TableProblem(("where",) if self.where is not None else (), "no row is left, and a table needs one")
        reference = Reference(columns, self._weights(columns), self._started(columns, world))
        self._check_unique(reference)
        return reference

    def _kept(self, where: Expression, columns: Columns, world: World) -> Columns:
        """Return the rows for which an expression is true."""
        layout = Layout({"": {key: column.type for key, column in columns.items()}})
        problems = where.check(layout)
        if not problems and not where.is_condition(layout):
            problems = ["is neither true nor false"]
        if problems:
            raise TableProblem(("where",), problems[0].replace("no emitter has", "there is no column"))
        holds = where.holds(Given(columns, len(next(iter(columns.values()))), world.zone))
        return {key: column.filter(holds) for key, column in columns.items()}

    def misnamed(self) -> Iterator[tuple[Path_, str]]:
        """Yield the columns that keys name and there are not."""
        known = self.names()
        named: list[tuple[Path_, str]] = [(("weight",), self.weight)] if self.weight is not None else []
        named += [(("unique", number), name) for number, name in enumerate(self.unique)]
        for path, name in named:
            if name not in known:
                yield path, f"there is no column {show(name)}{did_you_mean(name, known)}"
        for name in self.shared:
            if name in known:
                yield ("shared", name), f"there is a column {show(name)} already; give the shared value another name"
            elif "." in name:
                yield ("shared", name), f"must not have a dot in its name, found {show(name)}"

    def _started(self, columns: Columns, world: World) -> Columns:
        """Return the shared values of all rows at the start."""
        size = len(next(iter(columns.values())))
        layout = Layout({"": {key: column.type for key, column in columns.items()}})
        return {
            name: self._start(name, start, Given(columns, size, world.zone), layout)
            for name, start in self.shared.items()
        }

    @staticmethod
    def _start(name: str, start: int | float | bool | Expression, given: Given, layout: Layout) -> pa.Array:
        if not isinstance(start, Expression):
            return pa.array(np.full(given.size, start), type_of_start(start))
        for problem in start.check(layout):
            raise TableProblem(("shared", name), problem.replace("no emitter has", "there is no column"))
        values = plain(start.values(given))
        if values.type not in (pa.int64(), pa.float64(), pa.bool_()):
            is_exact = "; count in its smallest unit, as whole numbers" if is_decimal(values.type) else ""
            raise TableProblem(("shared", name), f"is neither a number nor true or false{is_exact}")
        if values.null_count:
            row = int(np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))[0])
            raise TableProblem(("shared", name), f"is null in row {row + 1}; write coalesce({name}, 0), say")
        return values

    def _weights(self, columns: Columns) -> Floats | None:
        if self.weight is None:
            return None
        numbers = facets_of(columns[self.weight]).get(NUMBER)
        if numbers is None:
            raise TableProblem(("weight",), f"column {show(self.weight)} holds no numbers")
        weights = pc.fill_null(numbers.cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False)
        wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
        if len(wrong):
            text = f"weights must be numbers from 0 on; row {wrong[0] + 1} has {weights[wrong[0]]:g}"
            raise TableProblem(("weight",), text)
        if not weights.sum():
            raise TableProblem(("weight",), "must not be 0 in every row")
        return np.asarray(weights)

    def _check_unique(self, reference: Reference) -> None:
        if self.unique:
            grouping = reference.grouping(tuple(self.unique))
            twice = np.flatnonzero(np.diff(grouping.starts) > 1)
            if len(twice):
                first, second = grouping.order[grouping.starts[twice[0]] :][:2] + 1
                text = f"rows {first} and {second} have the same {', '.join(map(show, self.unique))}"
                raise TableProblem(("unique",), text)


def _table(described: Any, info: "ValidationInfo[Maker]") -> Any:
    """Return the table that JSON describes; that of a file, of rows and one to be made need no type."""
    if isinstance(described, dict) and "type" not in described:
        kind = next((kind for key, kind in KINDS_BY_KEY.items() if key in described), None)
        if kind is None:
            raise ValueError('needs "path", "rows", "size" or "per", or the "type" of one that is ready-made')
        described = {"type": kind, **described}
    return make_of_group("table", described, info)


AnyTable = Annotated[Table, PlainValidator(_table), WithJsonSchema({"group": "table"})]
