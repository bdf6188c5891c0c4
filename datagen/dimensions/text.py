"""The dimension ``text``."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from datagen.plugin.dimension import Dimension, Rows
from datagen.problems import Path_
from datagen.records.batch import Layout
from datagen.records.pattern import TextPattern, names_in
from datagen.records.text import as_milliseconds, join


class Text(Dimension):
    """A text with values of the record in it: `{{name}}` stands for one, `{{a.b}}` for a key inside.

    It reads what an [expression](#expression) reads: fields that stand above it, variables, `time`. Null is the empty
    text. Filters change a value on its way, from left to right: `{{name|upper}}`, `lower`, `trim`, `default:x` (x where
    there is none), `.2f` and `05d` (numbers), `json`, `url`, `xml`, `csv` (written for such a text), and `%d/%b` (times,
    strftime codes; `%s` is the seconds since 1970, `%3f` the milliseconds).

    Example: {"type": "text", "name": "line", "value": "[{{time|%H:%M:%S}}] worker {{worker|03d}}"}
    """

    kind: ClassVar[str] = "text"
    value: str = Field(description="the text, with `{{name}}` where a value belongs")

    def draws(self) -> bool:
        return False

    def names(self) -> Iterator[tuple[Path_, str]]:
        yield from super().names()
        yield from ((("value",), name) for name in self.meant(names_in(self.value)))

    def misfits(self, layout: Layout, variables: Mapping[str, pa.DataType]) -> Iterator[tuple[Path_, str]]:
        yield from super().misfits(layout, variables)
        yield from (
            (("value",), text) for text in self._pattern(Layout({"": self.called_here(layout.emitters[""])})).problems
        )

    def make(self, rows: Rows) -> pa.Array:
        known = {name: as_milliseconds(values) for name, values in self.known_here(rows, names_in(self.value)).items()}
        pattern = self._pattern(Layout({"": {name: values.type for name, values in known.items()}}))
        return join(pattern.pieces(known), len(rows))

    def _pattern(self, layout: Layout) -> TextPattern:
        return TextPattern(self.value, layout, doubled=True)
