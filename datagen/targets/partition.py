"""Partitions: by what the rows of a target are kept apart, the value of a dimension or a stretch of a time."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import pyarrow as pa
from pydantic import BeforeValidator, WithJsonSchema

from datagen.problems import did_you_mean, show

PERIODS = {"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d", "hour": "%Y-%m-%dT%H"}


def _is_period(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and str(*value.values()) in PERIODS


def _partition(value: Any) -> Any:
    """Take the name of a dimension, or an object with it and a period."""
    if isinstance(value, str) or _is_period(value):
        return value
    raise ValueError(
        f'must be the name of a dimension, or {{"time": "day"}} (or hour, month, year), found {show(value)}'
    )


Partition = Annotated[
    str | dict[str, str],
    BeforeValidator(_partition),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "additionalProperties": {"enum": list(PERIODS)},
                    "minProperties": 1,
                    "maxProperties": 1,
                },
            ]
        }
    ),
]


def named(partitions: Sequence[Partition]) -> list[tuple[str, str | None]]:
    """Return the name of each one's dimension, and of the period where it is a time cut short."""
    return [(part, None) if isinstance(part, str) else next(iter(part.items())) for part in partitions]


def unknown(partitions: Sequence[Partition], types: Mapping[str, pa.DataType]) -> list[str]:
    """Return why records with columns of these types can't be kept apart so."""
    found = []
    for name, period in named(partitions):
        if name not in types:
            found.append(f"partition_by: no emitter has {show(name)}{did_you_mean(name, list(types))}")
        elif pa.types.is_nested(types[name]):
            found.append(f"partition_by: {show(name)} is an object or a list")
        elif period is not None and not pa.types.is_timestamp(types[name]):
            found.append(f"partition_by: {show(name)} is not a time")
    return found
