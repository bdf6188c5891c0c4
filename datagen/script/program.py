"""A template at work: in columns where it only puts values into a text, else as a loop over the records."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import repeat
from typing import Any

import pyarrow as pa
from jinja2 import Template, nodes
from jinja2.exceptions import UndefinedError

from datagen.plugin.dimension import Rows
from datagen.records.expression.moment import zone_of
from datagen.records.text import Piece, join
from datagen.records.types import is_optional
from datagen.records.values import python_values
from datagen.script import eventum
from datagen.script.closure import MAIN, Closure
from datagen.script.columns import Part, by_value, filtered, names_in, parts_of, shown
from datagen.script.dialect import EVENTUM
from datagen.script.environment import ROW, Row
from datagen.script.loop import ROWS, Failed, Rendering, looped
from datagen.script.memory import Memory
from datagen.script.printing import prints_values

Columns = Mapping[str, pa.Array]  # by name, each (n,)


class Program:
    """A template for the times of one zone."""

    def __init__(
        self, closure: Closure, constants: Mapping[str, Any], zone: str, *, strict: bool, memory: Collection[str] = ()
    ) -> None:
        """Take the template, the constants and the names of memories that it sees, and the zone."""
        self._closure, self._zone, self._strict = closure, zone, strict
        self._environment = closure.environment(zone_of(zone), strict=strict)
        self._memory = frozenset(memory)
        seen = eventum.GIVEN if closure.dialect is EVENTUM else self._environment.modules
        self._given = {**seen, **constants}
        self._whole: dict[tuple[str, ...], Template] = {}  # by the names that there are values for
        self._single: dict[tuple[int, bool], Template] = {}  # of parts: by their number, and whether they read a column

    def texts(self, columns: Columns, rows: Rows, failed: Failed, memories: Mapping[str, Memory]) -> pa.Array:
        """Return the text of each row, (n,), null for those that ``failed`` is told of, which may raise instead."""
        made = self._in_columns(columns, len(rows)) if self._parts is not None else None
        return pa.array(self.in_turn(columns, rows, failed, memories), pa.string()) if made is None else made

    @property
    def is_by_row(self) -> bool:
        """Return whether it does more than to put values into a text."""
        return self._parts is None

    @cached_property
    def _body(self) -> Sequence[nodes.Node]:
        return self._environment.parse(self._closure.files[MAIN].text).body

    @cached_property
    def _parts(self) -> list[Part] | None:
        """Return what its text consists of, if that is all, and each part reads one name at most."""
        parts = None if self._closure.draws else parts_of(self._body)
        names = [names_in(part) for part in parts or () if not isinstance(part, str)]
        return None if any(len(read) > 1 or read & self._memory for read in names) else parts

    def _in_columns(self, columns: Columns, size: int) -> pa.Array | None:
        """Return the texts; None where some part fails or is missing, which is told where the record is known."""
        try:
            pieces = [
                part if isinstance(part, str) else self._piece(number, part, columns)
                for number, part in enumerate(self._parts or ())
            ]
        except Exception:  # what a part calls may raise anything
            return None
        return join(pieces, size)

    def _piece(self, number: int, expression: nodes.Expr, columns: Columns) -> Piece:
        """Return what an expression writes. Raises what it raises, and UndefinedError for what may be missing."""
        name = next(iter(names_in(expression)), "")
        if name not in columns:
            return str(self._of_each(number, expression, "", pa.nulls(1))[0].as_py())  # the same for all records
        array = columns[name]
        if self._strict and is_optional(array.type):
            raise UndefinedError(f"{name} may be missing")
        is_name = isinstance(expression, nodes.Name)
        piece = shown(array, self._zone) if is_name else filtered(expression, array, self._zone)
        if piece is not None:
            return piece
        return by_value(array, lambda values: self._of_each(number, expression, name, values))

    def _of_each(self, number: int, expression: nodes.Expr, name: str, values: pa.Array) -> pa.Array:
        """Return the text that an expression makes of each value of a name; of none where that is empty."""
        key = number, bool(name)
        if key not in self._single:
            body = [nodes.Output([expression])]
            self._single[key] = looped(self._environment, body, [name] if name else [])
        template = self._single[key]
        found = python_values(values, self._zone, self._environment.undefined(name=name))
        rows = ((value,) for value in found) if name else repeat((), len(found))
        context = template.new_context({**self._given, ROW: Row(frozenset()), ROWS: rows})
        return pa.array(list(template.root_render_func(context)), pa.string())

    def in_turn(
        self, columns: Columns, rows: Rows, failed: Failed, memories: Mapping[str, Memory]
    ) -> Iterator[str | None]:
        """Yield the text of each row, as ``texts`` returns them, made as it is asked for."""
        names = tuple(sorted(columns))
        undefined = {name: self._environment.undefined(name=name) for name in names}
        values = {name: python_values(columns[name], self._zone, undefined[name]) for name in names}
        given = {**self._given, **memories}
        template, modules = self._template(names), self._environment.modules
        return Rendering(self._closure, template, names, values, rows, given, modules).texts(failed)

    def _template(self, names: tuple[str, ...]) -> Template:
        if names not in self._whole:
            whole = self._environment.get_template(MAIN) if self._closure.inherits else None
            # 10 fields take 1.5 µs where each is looked at before it is printed, and 0.9 without.
            own = self._environment.overlay(finalize=None) if prints_values(self._body, names) else self._environment
            self._whole[names] = whole or looped(own, self._body, names, once=not self._closure.may_remember)
        return self._whole[names]
