"""The dimension ``previous``."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen.plugin.choice import together
from datagen.plugin.dimension import Dimension, Rows
from datagen.problems import Path_, show
from datagen.records.batch import Layout
from datagen.records.conversion import from_json
from datagen.records.expression.name import former, found_in, of_former, root
from datagen.records.text import as_milliseconds
from datagen.records.types import plain_type


class Previous(Dimension):
    """What the worker's last record of the same emitter had in a dimension: the image before a change, the last page.

    It may be any dimension of the record, also one that stands below, or with `a.b` a key inside one; of an object it is
    the whole object. In an [expression](expressions.md#names), `previous(price)` is the same, with null in the worker's
    first record, so that `price - previous(price)` is a difference.

    Example: {"type": "object", "name": "change", "dimensions": [{"type": "previous", "name": "from", "of": "time"}]}
    """

    kind: ClassVar[str] = "previous"
    of: str = Field(min_length=1, description="name of the dimension")
    default: Any = Field(None, description="the value in the first record of a worker, any JSON")

    def draws(self) -> bool:
        return False

    def names(self) -> Iterator[tuple[Path_, str]]:
        yield from super().names()
        yield ("of",), former(self.of)

    def misfits(self, layout: Layout, variables: Mapping[str, pa.DataType]) -> Iterator[tuple[Path_, str]]:
        yield from super().misfits(layout, variables)
        known = {name: pa.nulls(0, plain_type(type_)) for name, type_ in layout.emitters[""].items()}
        outer = root(known, former(self.of))
        if found_in(known, former(self.of)) is None:
            yield ("of",), f"{show(of_former(outer))} has no {show(former(self.of)[len(outer) + 1 :])} inside"

    def make(self, rows: Rows) -> pa.Array:
        name = former(self.of)
        known = rows.known([name])
        values = known[name] if name in known else found_in(known, name)
        values = pa.nulls(len(rows)) if values is None else as_milliseconds(values)
        if self.default is None:
            return values
        order = np.where(rows.past.is_first[rows.origins], len(rows), np.arange(len(rows)))
        return together([values, from_json([self.default])]).take(pa.array(order))
