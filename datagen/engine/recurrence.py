"""Expressions that read their own value in the worker's last record, such as a sum that grows.

The core's machine goes from one record to the next; what an expression reads beside that value is calculated in columns
before that. Else a batch is made in pieces, as many as a worker has records in it: with thirty workers, 7 µs a record
for each such field instead of 0.3.
"""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa

from datagen.engine.clocks import Clocks
from datagen.engine.code import ARROW, REAL, TRUTH, WHOLE, Constants, Part, Source, Unprogrammable, assembled, type_of
from datagen.engine.drawing import Drawing
from datagen.engine.memory import Back
from datagen.engine.program import Compiler
from datagen.engine.setter import numbers_of
from datagen.native.machine import Machine
from datagen.plugin.dimension import Dimension, Rows
from datagen.records.expression import Expression
from datagen.records.expression.facets import BOOLEAN, condition, spread
from datagen.records.expression.name import former, root
from datagen.records.expression.node import Given, Node, evaluated


class Recurrence(Compiler):
    """An expression for some records."""

    def __init__(self, name: str, back: Back, rows: Rows, clocks: Clocks) -> None:
        """Take the name of its value, the way back from the records, and these.

        Raises Unprogrammable where the value is no number and neither true nor false.
        """
        self._own = former(name)
        self._type = numeric(back.dimensions[name])
        self._back = back
        self._rows = rows
        self._numbers = Constants()
        self._columns = [back.before(self._own, back.dimensions[name])]  # what it was, and what is read beside it
        source = Source(self._type, ((_of("known", self._type), 0),))
        super().__init__({self._own: source}, self._numbers, rows.world.zone, clocks)

    def values(self, expression: Expression) -> pa.Array:
        """Return what it gives for each record, (n,); raises Unprogrammable where that can't be calculated so."""
        part = self.value(expression.tree, self._type)
        if part.type != self._type:
            raise Unprogrammable("is of another type than it was")
        code, argument, _ = assembled([(*part.code, (_of("keep", part.type), 0))])
        numbers, drawing = self._numbers, Drawing(self._rows.path, self._rows.world, self._numbers)
        machine = Machine(
            SimpleNamespace(
                recipes=drawing.recipes,
                code=code,
                argument=argument,
                whole=numbers.whole,
                real=numbers.whole.view(np.float64),
                valid=numbers.valid,
                facts=np.zeros(0, np.int64),
                cells=np.zeros(0, np.int64),
            ),
            None,
        )
        slots = self._slots()
        machine.house(slots)
        machine.follow(self._back.back)
        found = slots.known_real if part.type == REAL else slots.known
        return pa.array(found[:, 0], mask=slots.has[:, 0] == 0).cast(ARROW[part.type])

    def _slots(self) -> SimpleNamespace:
        """Return a place for each record, for what it reads: what it was before, and what is in columns."""
        known, has = (np.stack(one, axis=1) for one in zip(*map(numbers_of, self._columns), strict=True))
        drawn = np.zeros((0, 0, 0), np.int64)  # nothing
        return SimpleNamespace(
            known=known,
            known_real=known.view(np.float64),
            has=has.astype(np.uint8),
            drawn=drawn,
            drawn_real=drawn.view(np.float64),
            there=drawn.astype(np.uint8),
        )

    def _part(self, node: Node, wanted: str = REAL) -> Part:
        return self._column(node) if self._is_apart(node) else super()._part(node, wanted)

    def _truth(self, node: Node) -> Part:
        return self._column(node, is_truth=True) if self._is_apart(node) else super()._truth(node)

    def _listed(self, node: Node, is_truth: bool = False) -> Part | None:
        return None if node.names else super()._listed(node, is_truth)

    def _is_apart(self, node: Node) -> bool:
        """Return whether a node reads something, but not the value before."""
        return bool(node.names) and not any(root({self._own}, name) for name in node.names)

    def _column(self, node: Node, is_truth: bool = False) -> Part:
        """Return a part that reads what is calculated in columns, now."""
        rows = self._rows
        found = evaluated(node, Given(rows.known(node.names), len(rows), rows.world.zone))
        if is_truth:
            found = {BOOLEAN: condition(found)}
        made = spread(next(iter(found.values()), pa.scalar(None)), len(rows))
        if len(found) > 1:
            raise Unprogrammable("reads values of several types")
        self._columns.append(made)
        return Part(numeric(made.type), ((_of("known", numeric(made.type)), len(self._columns) - 1),))


def recurring(dimension: Dimension) -> Expression | None:
    """Return the expression of a field that is one and nothing else; None for other fields."""
    found = [expression for _, expression in dimension.expressions()]
    is_plain = not dimension.percent_missing and not dimension.percent_nulls
    return found[0] if dimension.kind == "expression" and is_plain and len(found) == 1 else None


def numeric(type_: pa.DataType) -> str:
    """Return the type of values that are numbers, true or false; raises Unprogrammable for others."""
    found = type_of(type_)
    if found not in (WHOLE, REAL, TRUTH):
        raise Unprogrammable("is neither a number nor true or false")
    return found


def _of(instruction: str, type_: str) -> str:
    """Return the name of an instruction for a type."""
    return f"{instruction} real" if type_ == REAL else instruction
