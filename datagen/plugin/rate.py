"""Rates as keys of a spec: so many a time."""

import re
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from datagen.problems import show

_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*([kM]?)\s*/\s*([sSmMhHdD])", re.ASCII)
_TIMES = {"": 1, "k": 1000, "M": 1_000_000}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_rate(given: Any) -> float:
    """Return how many a second a rate says: a number, or a text such as ``5/s``, ``900/H`` or ``2k/M`` (a minute).

    Raises ValueError when it is no rate, or not above 0.
    """
    if isinstance(given, int | float) and not isinstance(given, bool):
        rate = float(given)
    else:
        found = _RATE.fullmatch(given.strip()) if isinstance(given, str) else None
        if found is None:
            raise ValueError(f"must be a number a second, or a rate such as 5/s, 900/H or 20k/D, found {show(given)}")
        rate = float(found[1]) * _TIMES[found[2]] / _SECONDS[found[3].lower()]
    if not 0 < rate <= 1e9:
        raise ValueError(f"must be above 0 and at most 1e9 a second, found {show(given)}")
    return rate


# How many a second.
Rate = Annotated[
    float,
    PlainValidator(parse_rate),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": 1e9},
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*[kM]?\s*/\s*[sSmMhHdD]\s*$"},
            ]
        }
    ),
]
