"""What a run is made of: a population as tables by index, with what the walk calculates of its variables."""

from functools import cached_property

import pyarrow as pa

from datagen.engine.circle import calculated
from datagen.engine.scheme import Scheme


class Plan(Scheme):
    """A population with its start time, as tables by index."""

    @cached_property
    def calculated(self) -> dict[str, pa.DataType]:
        return calculated(self)
