"""The stage ``filter``."""

from typing import ClassVar

import numpy as np
from pydantic import Field, PrivateAttr, field_validator

from datagen.plugin.stage import Scope, Stage
from datagen.records.batch import Batch, Layout
from datagen.records.expression import Expression, parse


class Filter(Stage):
    """Lets only those records pass for which an expression over their dimensions is true.

    Joined by `and`, `or`, `not` and parentheses: `=`, `!=`, `<`, `<=`, `>`, `>=`; `x in [1, 2]`, `x not in ["a"]`;
    `x is null`, `x is missing`, `exists(x)`; `contains(x, "a")` of a text or a list, `starts_with(x, "a")`,
    `ends_with(x, "a")`, `matches(x, "regular expression")`. Values: dimensions (`a.b` for a key inside one, any other
    name as `` `user-agent` ``), numbers, texts in double or single quotes, `true`, `false`,
    `time("2024-01-01T00:00:00Z")`, `lower(x)`, `upper(x)`, `length(x)`, and `+ - * / %`. A time is also compared with
    a text.

    A comparison with null is false, `!=` and `not in` too. A dimension that is missing, or that the emitter does not
    have, reads as null. What can't be calculated, such as 1 / 0, is null.

    Example: {"type": "filter", "where": "time >= \\"2024-01-01T00:00:01\\" or time is null"}
    """

    kind: ClassVar[str] = "filter"
    where: str = Field(description="the expression")
    _where: Expression = PrivateAttr()

    @field_validator("where")
    @classmethod
    def _is_an_expression(cls, text: str) -> str:
        parse(text)
        return text

    def prepare(self, layout: Layout, scope: Scope) -> list[str]:
        self._where = parse(self.where)
        problems = [f'"where": {text}' for text in self._where.check(layout)]
        if not problems and not self._where.is_condition(layout):
            problems = ['"where" is neither true nor false']
        return problems

    def through(self, batch: Batch, until: int) -> Batch:
        passes = np.zeros(len(batch), bool)
        for part in batch.parts:
            passes[part.rows] = self._where.holds(part.columns, len(part.rows)).to_numpy(zero_copy_only=False)
        return batch if passes.all() else batch.take(np.flatnonzero(passes))
