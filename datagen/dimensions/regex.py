"""The dimension ``regex``."""

from functools import cached_property
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from datagen.dimensions.matching import MOST_STEPS, refusals, ways_of
from datagen.dimensions.program import Writer
from datagen.dimensions.ways import FEWER, Way
from datagen.draw import Integers
from datagen.plugin.dimension import Rows
from datagen.plugin.distribution import Extent
from datagen.plugin.halves import in_halves, too_many
from datagen.plugin.model import invalid
from datagen.plugin.unique import UniqueDimension


class Regex(UniqueDimension):
    """A text that matches a regular expression, as Python's `re` reads it.

    Every way to match it is equally likely, so of `a|b{1,3}` a fourth of the texts is `a`. Branches that overlap count
    each: `ab|[a-c]b` makes `ab` twice as often as `bb`. (But those of a single character are a class: `a|a|b` is
    `[ab]`.) What has no end, `*`, `+` and `{2,}`, comes at most `most` times. A class that doesn't name its characters,
    such as `.`, `\\w` or `[^a]`, has those of the 95 printable ones of ASCII; `\\s` is the space.

    Not drawn are looking around, back references, possessive parts, flags, and anchors but for `^` at the begin and `$`
    at the end.

    Example: {"type": "regex", "name": "sku", "pattern": "[A-Z]{3}-[0-9]{4}(-(XS|S|M|L|XL))?"}
    """

    kind: ClassVar[str] = "regex"
    pattern: str = Field(min_length=1, description="the regular expression")
    most: int = Field(8, ge=1, le=MOST_STEPS, description="how often at most what has no end comes")

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Self:
        lines = list(refusals(self.pattern))
        try:
            if not lines and self._ways.lengths[1] == 0:
                lines = ["matches only the empty text"]
        except ValueError as error:
            lines = [str(error)]
        if lines:
            raise invalid(self.kind, [(("pattern",), line) for line in lines])
        return self

    @cached_property
    def _ways(self) -> Way:
        return ways_of(self.pattern, self.most)

    @cached_property
    def _writer(self) -> Writer:
        return Writer(self._ways)

    def why_not_unique(self) -> str | None:
        if not self._ways.is_clear:
            return "needs a pattern of which it is sure that no text matches in two ways, and is not of this one"
        if self._ways.count >= FEWER:
            return f"can only tell fewer than {FEWER} texts apart, and more match this pattern"
        return None

    def different_values(self) -> int:
        return self._ways.count if self._ways.is_clear else 0

    def range_size(self) -> int:
        return self.different_values() if self._ways.is_small else 0

    def of_range(self, places: Integers) -> pa.Array:
        return self._writer.numbered(places)

    def extent(self) -> Extent:
        shortest, longest = self._ways.lengths
        return Extent((shortest + longest) / 2, longest)

    def drawn(self, rows: Rows) -> pa.Array:
        if too_many(np.full(len(rows), self._ways.lengths[1])):
            return in_halves(self.drawn, rows)
        return self._writer.drawn(rows.keys, rows.key())
