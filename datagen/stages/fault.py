"""What a fault is: a stage that does to a share of the records what pipelines do to them, and can say to which."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field, WithJsonSchema, field_validator

from datagen.draw import unit
from datagen.plugin.stage import Scope, Stage
from datagen.problems import Path_, show
from datagen.records.batch import Batch, Layout

Label = Annotated[
    str | None,
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "string", "minLength": 1}]}),
]


class Fault(Stage):
    """Which records a fault chooses depends only on the seed, on the record (its worker and step), and on whether the
    stage is the first, second, … of its kind in `through`. So the same fault in two targets chooses the same records.
    """

    label_name: ClassVar[str]
    share: int | float = Field(ge=0, le=1, description="share of the records that are chosen, from 0 to 1")
    label: Label = Field(
        None, description="true: add a dimension that marks these records; a text: the same, under that name"
    )

    @field_validator("label", mode="before")
    @classmethod
    def _named(cls, label: object) -> object:
        return {True: cls.label_name, False: None}[label] if isinstance(label, bool) else label

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        yield from super().oddities()
        if self.share == 0:
            yield ("share",), "0 chooses no record"

    def misfits(self, layout: Layout, scope: Scope) -> list[str]:
        if self.label in layout.names():
            return [f'there is a dimension {show(self.label)} already; give another name with "label"']
        return []

    def layout(self, layout: Layout, scope: Scope) -> Layout:
        if self.label is None:
            return layout
        emitters = {name: columns | {self.label: pa.bool_()} for name, columns in layout.emitters.items()}
        return replace(layout, emitters=emitters)

    def chosen(self, batch: Batch, scope: Scope) -> npt.NDArray[np.bool_]:
        """Return which records are chosen."""
        return unit(scope.bits(batch.key, "chosen")) < self.share

    def labelled(self, batch: Batch, marks: npt.NDArray[np.bool_]) -> Batch:
        """Mark records in the dimension of the label, if there is one."""
        if self.label is None:
            return batch
        parts = [replace(part, columns=part.columns | {self.label: pa.array(marks[part.rows])}) for part in batch.parts]
        return replace(batch, parts=tuple(parts))
