"""Distributions of seconds: delays, gaps, and what else lasts. Their numbers may be durations in words, such as 15M."""

from typing import Annotated, Any

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from datagen.moment import parse_duration
from datagen.plugin.distribution import Distribution
from datagen.plugin.model import Maker, make_of_group

# Keys that hold seconds where seconds are drawn; others, such as a shape, have no unit.
SECONDS_KEYS = ("value", "values", "min", "max", "mean", "mode", "median", "stddev", "scale", "plus", "least", "most")


def in_seconds(described: Any) -> Any:
    """Return what JSON describes with numbers of seconds where it has durations, also inside of what it is made of."""
    if isinstance(described, list):
        return [in_seconds(one) for one in described]
    if not isinstance(described, dict):
        return described
    made = {key: _number(described[key]) for key in SECONDS_KEYS if key in described}
    return described | made | ({"of": in_seconds(described["of"])} if "of" in described else {})


def _number(part: Any) -> Any:
    if isinstance(part, list):
        return [_number(one) for one in part]
    text = part.strip() if isinstance(part, str) else ""
    if not text[-1:].isalpha():
        return part  # a number is written as one
    try:
        seconds = parse_duration(text.removeprefix("-")) / 1e9
    except ValueError:
        return part  # a number, an expression, or what is told to be neither
    return -seconds if text.startswith("-") else seconds


def _seconds(value: Any, info: "ValidationInfo[Maker]") -> Any:
    return make_of_group("distribution", in_seconds(value), info)


_SCHEMA = WithJsonSchema({"group": "seconds_distribution"})
SecondsDistribution = Annotated[Distribution, PlainValidator(_seconds), _SCHEMA]
# One that a key may be without, but not null.
MaybeSecondsDistribution = Annotated[Distribution | None, PlainValidator(_seconds), _SCHEMA]
