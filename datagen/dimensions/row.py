"""The dimension ``row``."""

from typing import ClassVar

import pyarrow as pa

from datagen.dimensions.picked import Picked
from datagen.plugin.dimension import Rows


class Row(Picked):
    """A whole row of a [table](tables.md), an object.

    As a variable it is the worker's own row: other field generators read its columns, `home.city` in an
    [expression](expressions.md), or with the `path` of a [variable](#variable).

    Example: {"type": "row", "name": "home", "table": "cities"}
    """

    kind: ClassVar[str] = "row"

    def make(self, rows: Rows) -> pa.Array:
        return pa.DictionaryArray.from_arrays(self.picked(rows), rows.world.tables[self.table].rows)
