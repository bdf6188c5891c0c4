"""The stage ``filter``."""

from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator

from datagen.plugin.stage import EachBatch, RunningStage, Scope, Stage
from datagen.records.batch import Batch, Layout
from datagen.records.expression import Expression, parse


class Filter(Stage):
    """Keeps only the records for which an expression over their dimensions is true.

    Conditions are joined by `and`, `or`, `not` and parentheses. They are `=`, `!=`, `<`, `<=`, `>`, `>=`;
    `x in [1, 2]`, `x not in ["a"]`; `x is null`, `x is missing`, `exists(x)`; `contains(x, "a")` for a text or a list;
    `starts_with(x, "a")`, `ends_with(x, "a")`, `matches(x, "regular expression")`. Values are dimensions (`a.b` for a
    key inside one, other names as `` `user-agent` ``), numbers, texts in double or single quotes, `true`, `false`,
    `time("2024-01-01T00:00:00Z")`, `lower(x)`, `upper(x)`, `length(x)`, and what `+ - * / %` make of them. A time can
    also be compared with a text.

    A comparison with null is false, also with `!=` and `not in`. A dimension that is missing, or that the emitter does
    not have, reads as null. So does what can't be calculated, such as 1 / 0.

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
        return EachBatch(lambda batch: _passing(where, batch))


def _passing(where: Expression, batch: Batch) -> Batch:
    """Return the records for which an expression is true."""
    passes = np.zeros(len(batch), bool)
    for part in batch.parts:
        passes[part.rows] = where.holds(part.columns, len(part.rows)).to_numpy(zero_copy_only=False)
    return batch if passes.all() else batch.take(np.flatnonzero(passes))
