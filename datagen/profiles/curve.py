"""What the profiles ``points`` and ``steps`` share: factors at given times, once or again and again."""

from abc import abstractmethod
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from datagen.draw import Floats, Integers
from datagen.plugin.instant import At, Period, instant
from datagen.plugin.model import each_of, invalid
from datagen.plugin.profile import NONE, Profile, Scope, multiples
from datagen.problems import show
from datagen.profiles.calendar import factor
from datagen.zone import WEEK


def _pair(given: Any, info: Any) -> tuple[At, float]:
    if not isinstance(given, list | tuple) or len(given) != 2:
        raise invalid("value", [((), f"must be a time and a factor, found {show(given)}")])
    try:
        at = instant(given[0], info)
    except ValueError as error:
        raise invalid("value", [((0,), str(error))]) from error
    [made] = each_of(given[1:], factor)
    return at, made


def _values(given: Any, info: Any) -> tuple[tuple[At, float], ...]:
    if not isinstance(given, list | tuple) or not given:
        raise ValueError(f"must be a list of pairs of a time and a factor, found {show(given)}")
    return each_of(given, lambda pair: _pair(pair, info))


Values = Annotated[
    tuple[tuple[At, float], ...],
    PlainValidator(_values),
    WithJsonSchema({"type": "array", "minItems": 1, "items": {"type": "array", "minItems": 2, "maxItems": 2}}),
]


class Curve(Profile):
    """Factors at given times."""

    values: Values = Field(
        description="[time, factor] pairs, ascending; a time is ISO 8601 or an offset from the start"
    )
    repeat: Period | None = Field(None, description="after how long they come again, counted from the first one")

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        times = [at for at, _ in self.values]
        if len({at.form for at in times}) > 1:
            raise invalid("values", [(("values",), "all times must be of one form: with an offset, without, or +…")])
        for number in range(1, len(times)):
            if times[number].place <= times[number - 1].place:
                raise invalid("values", [(("values", number, 0), "must be later than the time before it")])
        if self.repeat is not None and times[-1].place - times[0].place >= self.repeat // 1000:
            raise invalid("values", [(("repeat",), "must be longer than from the first time to the last")])
        return self

    @property
    def weekly(self) -> bool:
        return self.repeat is not None and self.repeat <= WEEK * 1000

    @abstractmethod
    def between(self, at: Integers, times: Integers, factors: Floats) -> Floats:
        """Return the factors at times (n,) of factors given at times (m,)."""

    def speed(self, at: Integers, scope: Scope) -> Floats:
        times = self._times(scope)
        if self.repeat is not None:
            at = times[0] + (at - times[0]) % (self.repeat // 1000)
        return self.between(at, times, np.array([factor for _, factor in self.values]))

    def jumps(self, begin: int, end: int, scope: Scope) -> Integers:
        times = self._times(scope)
        if self.repeat is None:
            found = times if self.flat else NONE
        else:
            step = self.repeat // 1000
            each = times if self.flat else times[:1]
            found = np.concatenate([multiples(step, begin - at, end - at) + at for at in each.tolist()])
        return np.unique(found[(found >= begin) & (found < end)])

    def settled(self, scope: Scope) -> int | None:
        return int(self._times(scope)[-1]) if self.repeat is None else None

    def _times(self, scope: Scope) -> Integers:
        """Return the times; where a change of clocks would put one before another, it is at the same time."""
        times = [at.microseconds(scope.start, scope.zone) for at, _ in self.values]
        return np.maximum.accumulate(np.array(times, np.int64))
