"""The stage ``filter``."""

from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator

from datagen.plugin.stage import EachBatch, RunningStage, Scope, Stage
from datagen.records.batch import Batch, Layout
from datagen.records.expression import Expression, Given, parse


class Filter(Stage):
    """Keeps only the records for which an expression over their dimensions is true.

    [Expressions](expressions.md) have their own page. A comparison with null is false, also with `!=` and `not in`. A
    dimension that is missing, or that the emitter does not have, reads as null.

    Example: {"type": "filter", "where": "time >= \\"2024-01-01T00:00:01\\" or time is null"}
    """

    kind: ClassVar[str] = "filter"
    where: str = Field(description="the expression")

    @field_validator("where")
    @classmethod
    def _is_an_expression(cls, text: str) -> str:
        parse(text)
        return text

    def misfits(self, layout: Layout, scope: Scope) -> list[str]:
        where = parse(self.where)
        problems = [f'"where": {text}' for text in where.check(layout)]
        if not problems and not where.is_condition(layout):
            problems = ['"where" is neither true nor false']
        return problems

    def begin(self, layout: Layout, scope: Scope) -> RunningStage:
        where = parse(self.where)
        zone = scope.start.zone or "UTC"
        return EachBatch(lambda batch: _passing(where, zone, batch))


def _passing(where: Expression, zone: str, batch: Batch) -> Batch:
    """Return the records for which an expression is true."""
    passes = np.zeros(len(batch), bool)
    for part in batch.parts:
        passes[part.rows] = where.holds(Given(part.columns, len(part.rows), zone)).to_numpy(zero_copy_only=False)
    return batch if passes.all() else batch.take(np.flatnonzero(passes))
