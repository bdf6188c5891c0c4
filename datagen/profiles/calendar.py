"""What the profiles of the calendar share: names of days, times of a day, and tables of factors by a part of a date."""

import re
from abc import abstractmethod
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, PlainValidator, ValidationError, WithJsonSchema, field_validator

from datagen.draw import Floats, Integers
from datagen.plugin.incident import LONG_AGO
from datagen.plugin.model import each_of, invalid, without_comments
from datagen.plugin.profile import MOST_FACTOR, Factor, Scope, WallProfile, multiples
from datagen.problems import did_you_mean, show
from datagen.zone import DAY, HOUR, MINUTE, SECOND

DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])(?::([0-5][0-9]))?")


def weekday(wall: Integers) -> Integers:
    """Return the days of the week, 0 for Sunday, of times of the wall clock (n,)."""
    return (wall // DAY + 4) % 7  # 1970 began on a Thursday


def day_number(given: Any) -> int:
    """Return the number of a day of the week, given by name or number: 0 or 7 is Sunday. Raises ValueError."""
    text = str(given).strip().lower()
    if not isinstance(given, bool) and isinstance(given, int | str):
        if text in map(str, range(8)):
            return int(text) % 7
        found = [number for number, name in enumerate(DAYS) if len(text) >= 2 and text in (name, name[:3], name[:2])]
        if found:
            return found[0]
    near = did_you_mean(given, DAYS) if isinstance(given, str) else ""
    known = near if "did you mean" in near else "; days are 0 to 7 (0 and 7 are Sunday) or their names"
    raise ValueError(f"unknown day {show(given)}{known}")


_NUMBER = {"type": "integer", "minimum": 0, "maximum": 7}
Day = Annotated[
    int, PlainValidator(lambda given: day_number(given)), WithJsonSchema({"anyOf": [_NUMBER, {"type": "string"}]})
]


def factor(given: Any) -> float:
    """Return a factor of JSON. Raises ValidationError when it is none."""
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if not is_number or not 0 <= given <= MOST_FACTOR:
        raise invalid("factor", [((), f"must be a number from 0 to {MOST_FACTOR}, found {show(given)}")])
    return float(given)


def _time_of_day(given: Any) -> int:
    found = _TIME_OF_DAY.fullmatch(given.strip()) if isinstance(given, str) else None
    units = (HOUR, MINUTE, SECOND)
    since = sum(int(part or 0) * unit for part, unit in zip(found.groups(), units, strict=True)) if found else -1
    if not 0 <= since <= DAY:
        raise ValueError(f"must be a time of day such as 09:00, up to 24:00, found {show(given)}")
    return since


# µs since midnight; in a spec a text.
TimeOfDay = Annotated[int, PlainValidator(_time_of_day), WithJsonSchema({"type": "string", "pattern": "^[0-2][0-9]:"})]


class Table(WallProfile):
    """A factor for each value of a part of the date."""

    first: ClassVar[int] = 0  # the key of the first one
    size: ClassVar[int]
    step: ClassVar[int] = DAY  # µs between two times at which it may change

    factors: tuple[float, ...] = Field(description="{key: factor}, where a key that is missing is 1; or a list of all")

    @classmethod
    def number(cls, key: str) -> int:
        """Return the place of a key. Raises ValueError when there is none."""
        number = int(key) if key.strip().isdecimal() else -1
        if not cls.first <= number < cls.first + cls.size:
            raise ValueError(f"must be a number from {cls.first} to {cls.first + cls.size - 1}, found {show(key)}")
        return number - cls.first

    @abstractmethod
    def part(self, wall: Integers) -> Integers:
        """Return the places in the table of times of the wall clock (n,)."""

    @field_validator("factors", mode="plain", json_schema_input_type=dict[str, Factor] | list[Factor])
    @classmethod
    def _all(cls, given: Any) -> tuple[float, ...]:
        if isinstance(given, dict):
            return cls._of_table(without_comments(given))
        if not isinstance(given, list | tuple):
            raise ValueError(f"must be an object or a list, found {show(given)}")
        if len(given) != cls.size:
            raise ValueError(f"must have {cls.size} members, found {len(given)}")
        return each_of(given, factor)

    @classmethod
    def _of_table(cls, given: dict[str, Any]) -> tuple[float, ...]:
        if not given:
            raise ValueError("must not be empty")
        made = [1.0] * cls.size
        lines: list[tuple[tuple[str | int, ...], str]] = []
        known: dict[int, str] = {}
        for key, value in given.items():
            try:
                place = cls.number(key)
                if place in known:
                    raise ValueError(f"is the same as {show(known[place])}")
                known[place] = key
                made[place] = factor(value)
            except ValidationError as error:
                lines += [((key,), line["msg"]) for line in error.errors()]
            except ValueError as error:
                lines.append(((key,), str(error)))
        if lines:
            raise invalid("factors", lines)
        return tuple(made)

    def at_wall(self, wall: Integers) -> Floats:
        return np.array(self.factors)[self.part(wall)]

    def edges(self, begin: int, end: int) -> Integers:
        return multiples(self.step, begin, end)

    def settled(self, scope: Scope) -> int | None:
        return LONG_AGO if len({*self.factors}) == 1 else None
