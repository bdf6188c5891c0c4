"""Volumes as keys of a spec: so many records, or bytes, a time, on average or in the highest minute of a week."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from datagen.plugin.rate import parse_rate
from datagen.problems import show

_BYTES = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGT]?)(i?)B\s*/\s*([sSmMhHdD])", re.ASCII)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGT]?)(i?)B", re.ASCII)
_MOST_BYTES = 10**12
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)
_PEAK = re.compile(r"\s+peak$", re.IGNORECASE)


@dataclass(frozen=True)
class Volume:
    """How much a run is to make."""

    amount: float  # records or bytes a second
    in_bytes: bool
    at_peak: bool  # in the highest minute of a week, else on average
    text: str  # as it was given

    def __str__(self) -> str:
        return self.text


def parse_volume(given: Any) -> Volume:
    """Return the volume that a number of records a second says, or a text such as ``5000/s`` or ``10GB/D peak``.

    Raises ValueError when it is none, or not above 0.
    """
    text = re.sub(r"\s+", " ", str(given)).strip()
    wanted = _PEAK.sub("", text)
    found = _BYTES.fullmatch(wanted)
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise ValueError(f"must be a text such as 5000/s or 10GB/D, found {show(given)}")
    if found:
        unit = 1024 if found[3] else 1000
        amount = float(found[1]) * unit ** _POWERS[found[2].lower()] / _SECONDS[found[4].lower()]
    else:
        try:
            amount = float(wanted) if _NUMBER.fullmatch(wanted) else parse_rate(wanted)
        except ValueError as error:
            raise ValueError(f"must be a volume such as 5000/s, 10GB/D or 2k/s peak, found {show(given)}") from error
    if not 0 < amount < float("inf"):
        raise ValueError(f"must be above 0, found {show(given)}")
    return Volume(amount, found is not None, wanted != text, text)


def _size(given: Any) -> int:
    found = _SIZE.fullmatch(given.strip()) if isinstance(given, str) else None
    if found:
        number = float(found[1]) * (1024 if found[3] else 1000) ** _POWERS[found[2].lower()]
    elif isinstance(given, int) and not isinstance(given, bool):
        number = given
    else:
        raise ValueError(f"must be a number of bytes, such as 1500 or 10MB, found {show(given)}")
    if not 1 <= number <= _MOST_BYTES:
        raise ValueError(f"must be from 1 byte to 1TB, found {show(given)}")
    return round(number)


# A number of bytes; in a spec also a text.
Size = Annotated[
    int,
    PlainValidator(_size),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": _MOST_BYTES},
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*[kKMGT]?i?B\s*$"},
            ]
        }
    ),
]
# How much: a text, or a number of records a second.
AnyVolume = Annotated[
    Volume,
    PlainValidator(parse_volume),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": 1e9},
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*([kKMGT]?i?B|[kM]?)\s*/\s*[sSmMhHdD](\s+peak)?\s*$"},
            ]
        }
    ),
]
