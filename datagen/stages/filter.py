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
    dimension that is missing, or that the emitter does not have, reads as null. `profile('name')` and
    `incident('name')` are those of the time at which the record came to be, however late it comes.

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
        layout = _with_courses(layout, scope)
        problems = [f'"where": {text}' for text in where.check(layout)]
        if not problems and not where.is_condition(layout):
            problems = ['"where" is neither true nor false']
        return problems

    def begin(self, layout: Layout, scope: Scope) -> RunningStage:
        where = parse(self.where)
        return EachBatch(lambda batch: _passing(where, scope, batch))


def _with_courses(layout: Layout, scope: Scope) -> Layout:
    """Return what records look like with all that an expression may read of their time."""
    nothing = np.zeros(0, np.int64)
    types = {name: course(nothing).type for name, course in scope.courses.items()}
    return Layout({name: types | columns for name, columns in layout.emitters.items()})


def _passing(where: Expression, scope: Scope, batch: Batch) -> Batch:
    """Return the records for which an expression is true."""
    passes = np.zeros(len(batch), bool)
    read = where.names & scope.courses.keys()
    for part in batch.parts:
        came = batch.emitted[part.rows]
        columns = {name: scope.courses[name](came) for name in read} | part.columns
        passes[part.rows] = where.holds(Given(columns, len(part.rows), scope.zone)).to_numpy(zero_copy_only=False)
    return batch if passes.all() else batch.take(np.flatnonzero(passes))
