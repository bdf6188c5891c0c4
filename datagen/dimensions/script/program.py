"""A template at work: in columns where it only puts values into a text, else as a loop over the records."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa
from jinja2 import Template, nodes

from datagen.dimensions.script.closure import MAIN, Closure
from datagen.dimensions.script.columns import Part, by_value, filtered, names_in, parts_of, shown
from datagen.dimensions.script.environment import ROW, Row
from datagen.dimensions.script.loop import ROWS, Failed, Rendering, looped
from datagen.dimensions.script.memory import Memory
from datagen.plugin.dimension import Rows
from datagen.records.expression.moment import zone_of
from datagen.records.text import Piece, join
from datagen.records.types import is_optional
from datagen.records.values import python_values

Columns = Mapping[str, pa.Array]  # by name, each (n,)


class Program:
    """A template for the times of one zone."""

    def __init__(self, closure: Closure, constants: Mapping[str, Any], zone: str, *, strict: bool) -> None:
        self._closure, self._zone, self._strict = closure, zone, strict
        self._environment = closure.environment(zone_of(zone), strict=strict)
        self._constants = constants
        self._given = {**self._environment.modules, **constants}
        self._templates: dict[tuple[str, ...], Template] = {}  # by the names that there are values for

    def texts(self, columns: Columns, rows: Rows, failed: Failed, memories: Mapping[str, Memory]) -> pa.Array:
        """Return the text of each row, (n,); it may read and change memories. Null for those that ``failed`` is told of, which may raise instead."""
        made = self._in_columns(columns, len(rows)) if self._parts is not None else None
        return self._row_by_row(columns, rows, failed, memories) if made is None else made

    @property
    def is_by_row(self) -> bool:
        """Return whether it does more than to put values into a text."""
        return self._parts is None

    @cached_property
    def _body(self) -> Sequence[nodes.Node]:
        return self._environment.parse(self._closure.files[MAIN].text).body

    @cached_property
    def _parts(self) -> list[Part] | None:
        parts = parts_of(self._body)
        plain = not self._closure.draws and parts is not None
        return (
            parts if plain and all(isinstance(part, str) or len(names_in(part)) == 1 for part in parts or ()) else None
        )

    def _in_columns(self, columns: Columns, size: int) -> pa.Array | None:
        """Return the texts; None where it has to be rendered row by row: something fails, or a name is unknown."""
        pieces: list[Piece] = []
        for number, part in enumerate(self._parts or ()):
            try:
                piece = part if isinstance(part, str) else self._piece(number, part, columns)
            except Exception:  # comes again where the record is known
                return None
            if piece is None:
                return None
            pieces.append(piece)
        return join(pieces, size)

    def _piece(self, number: int, expression: nodes.Expr, columns: Columns) -> Piece | None:
        [name] = names_in(expression)
        array = columns.get(name)
        if array is None or (self._strict and is_optional(array.type)):
            return None
        is_name = isinstance(expression, nodes.Name)
        piece = shown(array, self._zone) if is_name else filtered(expression, array, self._zone)
        if piece is not None:
            return piece
        template = self._expressions.setdefault(number, looped(self._environment, [nodes.Output([expression])], [name]))
        return by_value(array, lambda values: self._of_each(template, name, values))

    @cached_property
    def _expressions(self) -> dict[int, Template]:
        return {}

    def _of_each(self, template: Template, name: str, values: pa.Array) -> pa.Array:
        """Return the text that an expression makes of each value."""
        rows = zip(python_values(values, self._zone, self._environment.undefined(name=name)))
        context = template.new_context({**self._given, ROW: Row(frozenset()), ROWS: rows})
        return pa.array(list(template.root_render_func(context)), pa.string())

    def _row_by_row(self, columns: Columns, rows: Rows, failed: Failed, memories: Mapping[str, Memory]) -> pa.Array:
        names = tuple(sorted(columns))
        undefined = {name: self._environment.undefined(name=name) for name in names}
        values = {name: python_values(columns[name], self._zone, undefined[name]) for name in names}
        rendering = Rendering(self._closure, self._template(names), names, values, rows, {**self._given, **memories})
        return pa.array(rendering.texts(failed), pa.string())

    def _template(self, names: tuple[str, ...]) -> Template:
        if names not in self._templates:
            whole = self._environment.get_template(MAIN) if self._closure.inherits else None
            self._templates[names] = whole or looped(self._environment, self._body, names)
        return self._templates[names]
