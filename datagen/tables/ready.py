"""What ready-made tables have in common: their columns are known before they are made."""

from collections.abc import Iterator
from typing import Self

from pydantic import model_validator

from datagen.plugin.model import invalid
from datagen.plugin.table import Table
from datagen.problems import Path_

OF_WEIGHT = "the column that says how often a row is drawn; null: all alike"


class ReadyTable(Table):
    """A table whose columns are known."""

    @model_validator(mode="after")
    def _has_what_is_named(self) -> Self:
        lines = [*self.misnamed(), *self.misfits()]
        if lines:
            raise invalid(self.kind, lines)
        return self

    def misfits(self) -> Iterator[tuple[Path_, str]]:
        """Yield what else is wrong about its keys, each with its path."""
        return iter(())
