"""Field generators that run the code of users, which may fail for a record."""

from collections.abc import Callable
from typing import Literal

from pydantic import Field

from datagen.plugin.dimension import Dimension, Rows
from datagen.problems import RunFailed


class Fallible(Dimension):
    """A field generator that may fail for a record."""

    on_error: Literal["stop", "skip"] = Field(
        "stop",
        description="what comes of it when this fails for a record: the run `stop`s, or `skip`: there is no record, "
        "and the last line of the run says how many there were",
    )

    def goes_in_order(self) -> bool:
        return (
            self.on_error == "skip" or super().goes_in_order()
        )  # so that it is known in order how many records there are

    def fail(self, rows: Rows, row: int, error: Callable[[], RunFailed]) -> None:
        """Leave out the record of a row, or raise the error where the run is to stop; rows fail in ascending order."""
        if self.on_error == "stop" or rows.failed is None:
            raise error()
        rows.failed.setdefault(row if rows.origin is None else int(rows.origin[row]), error)


def may_be_skipped(dimension: Dimension) -> bool:
    """Return whether a record is left out where this fails for it."""
    return isinstance(dimension, Fallible) and dimension.on_error == "skip"
