"""What a fault is: a stage that does to a share of the records what pipelines do to them, and can say to which."""

from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field, PrivateAttr, WithJsonSchema, field_validator

from datagen.draw import Integers, unit
from datagen.plugin.distribution import Distribution
from datagen.plugin.stage import Scope, Stage
from datagen.problems import show
from datagen.records.batch import Batch, Layout, Part
from datagen.stages.held import nanoseconds

Label = Annotated[
    str | None,
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "string", "minLength": 1}]}),
]


class Fault(Stage):
    """Which records are chosen follows from the seed and from what they are: worker, step and the place of the stage
    among those of its kind in `through`. So the same fault in two targets chooses the same records.
    """

    label_name: ClassVar[str]
    share: int | float = Field(ge=0, le=1, description="share of the records that are chosen")
    label: Label = Field(None, description="true: mark every record in a dimension; or the name of that dimension")
    _scope: Scope = PrivateAttr()

    @field_validator("label", mode="before")
    @classmethod
    def _named(cls, label: object) -> object:
        return {True: cls.label_name, False: None}[label] if isinstance(label, bool) else label

    def prepare(self, layout: Layout, scope: Scope) -> list[str]:
        self._scope = scope
        if self.label in layout.names():
            return [f'there is a dimension {show(self.label)} already; give another name with "label"']
        return []

    def layout(self, layout: Layout) -> Layout:
        if self.label is None:
            return layout
        return Layout({name: columns | {self.label: pa.bool_()} for name, columns in layout.emitters.items()})

    def chosen(self, batch: Batch) -> npt.NDArray[np.bool_]:
        """Tell which records are chosen."""
        return unit(self._scope.bits(self._scope.keys(batch), "chosen")) < self.share

    def waits(self, batch: Batch, delay: Distribution) -> Integers:
        """Draw a time in ns for each record."""
        return nanoseconds(delay.real(self._scope.bits(self._scope.keys(batch), "delay")))

    def labelled(self, batch: Batch, marks: npt.NDArray[np.bool_]) -> Batch:
        """Mark records in the dimension of the label, if there is one."""
        if self.label is None:
            return batch
        parts = [
            Part(part.emitter, part.rows, part.columns | {self.label: pa.array(marks[part.rows])})
            for part in batch.parts
        ]
        return Batch(batch.due, batch.worker, batch.step, tuple(parts), batch.emitted)
