"""What the delay of a state may be: a distribution, or one whose numbers are expressions."""

from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from datagen.plugin.computed import Computed, Tabled, described
from datagen.plugin.distribution import Distribution

_OF_FIELDS = "a table can only be in the distribution of a field int, float or decimal"


def _delay(value: Any, info: Any) -> Any:
    found = described(False, value, info)
    if isinstance(found, Tabled):
        raise ValueError(f"can't have its values in a table: {_OF_FIELDS}")
    return found


Delay = Distribution | Computed
AnyDelay = Annotated[Delay, PlainValidator(_delay), WithJsonSchema({"group": "number_distribution"})]
