"""Rates as keys of a spec: so many a time."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, PlainValidator, WithJsonSchema

from datagen.problems import show

_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*([kM]?)\s*/\s*([sSmMhHdD])", re.ASCII)
_TIMES = {"": 1, "k": 1000, "M": 1_000_000}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_rate(given: Any) -> float:
    """Return how many a second a rate says: a number, or a text such as ``5/s``, ``900/H`` or ``2k/M`` (a minute).

    Raises ValueError when it is no rate.
    """
    if isinstance(given, int | float) and not isinstance(given, bool):
        rate = float(given)
    else:
        found = _RATE.fullmatch(given.strip()) if isinstance(given, str) else None
        if found is None:
            raise ValueError(f"must be a number a second, or a rate such as 5/s, 900/H or 20k/D, found {show(given)}")
        rate = float(found[1]) * _TIMES[found[2]] / _SECONDS[found[3].lower()]
    if not rate <= 1e9:
        raise ValueError(f"must be at most 1e9 a second, found {show(given)}")
    return rate


def _above_zero(rate: float) -> float:
    if rate <= 0:
        raise ValueError(f"must be above 0 and at most 1e9 a second, found {show(rate)}")
    return rate


def _not_below_zero(rate: float) -> float:
    if rate < 0:
        raise ValueError(f"must not be below 0, found {show(rate)}")
    return rate


def _schema(**least: float) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "maximum": 1e9} | least,
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*[kM]?\s*/\s*[sSmMhHdD]\s*$"},
            ]
        }
    )


# How many a second: above 0, or 0 too.
Rate = Annotated[float, PlainValidator(parse_rate), AfterValidator(_above_zero), _schema(exclusiveMinimum=0)]
RateOrNone = Annotated[float, PlainValidator(parse_rate), AfterValidator(_not_below_zero), _schema(minimum=0)]
