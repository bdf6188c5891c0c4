"""The dimension ``case``."""

from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen.plugin.choice import made_by
from datagen.plugin.dimension import AnyDimension, Dimension, Rows
from datagen.plugin.distribution import Extent
from datagen.plugin.expression import AnyExpression
from datagen.plugin.model import Model


class When(Model):
    """What is made where a condition holds."""

    when: AnyExpression = Field(description="an expression: the condition")
    make: AnyDimension = Field(description="the field generator, whose name is not printed")


class Case(Dimension):
    """What the first case whose condition holds makes: fields that go together, such as a currency with its country.

    Example: {"type": "case", "name": "latency", "cases": [{"when": "worker % 10 = 0", "make": {"type": "int", "name": "slow", "distribution": {"type": "uniform", "min": 900, "max": 5000}}}], "default": {"type": "int", "name": "quick", "distribution": {"type": "uniform", "min": 5, "max": 50}}}
    """

    kind: ClassVar[str] = "case"
    cases: list[When] = Field(min_length=1, description="conditions, each with a field generator, in order")
    default: AnyDimension | None = Field(
        None, description="the field generator where no condition holds; null without it"
    )

    def extent(self) -> Extent:
        parts = [part.extent() for _, part in self.nested()]
        return Extent(max(part.mean for part in parts), max(part.most for part in parts))

    def make(self, rows: Rows) -> pa.Array:
        choice = np.full(len(rows), len(self.cases), np.int32)
        for number, case in reversed(list(enumerate(self.cases))):
            choice[rows.holding(case.when)] = number
        makers: list[Dimension] = [case.make for case in self.cases]
        return made_by([*makers, *([] if self.default is None else [self.default])], choice, rows)
