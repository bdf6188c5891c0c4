"""What a distribution is: how numbers are drawn, for values, lengths, indices, delays and gaps."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property, partial
from math import erf, exp, pi, sqrt
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, NamedTuple, Self, TypeVar, Union, get_args, get_origin

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema, model_validator

from datagen import draw
from datagen.clock import NEVER
from datagen.draw import Floats, Integers, Keys
from datagen.native import waits
from datagen.plugin.columnar import Columnar, to_whole
from datagen.plugin.model import Number, Plugin, invalid, make_of_group
from datagen.plugin.truncation import BITS, LARGEST, Kept, kept
from datagen.problems import Path_, RunFailed, show

_QUANTILES = 1024
_CELLS = 512  # of each half
_OFTEN = 0.05
# Items of lists and characters of strings in one record; each takes up to 40 bytes while it is drawn, so 400 MB.
MOST_ITEMS = 10_000_000
_RARE = 2.0**-20
SMALLEST_WAIT = 0.5e-9  # seconds; what is shorter is rounded to 0 ns
# Keys that hold times where times are drawn.
MOMENT_KEYS = ("value", "min", "max", "mean", "mode", "least", "most")
_ELSEWHERE = "; an expression can only be a number of what a field generator draws, and of the delay of a state"
OF_TABLES = "a table can only be in the distribution of a field int, float or decimal"
_LONGEST = NEVER / 1e9  # seconds


class Extent(NamedTuple):
    """How large something is, in items and characters: on average, and but for one draw in a million."""

    mean: float
    most: float


class Bounds(NamedTuple):
    """Two numbers that no draw is below and above."""

    least: float
    most: float


class Linear(NamedTuple):
    """A distribution as ``offset + scale * x``, with x drawn from the standard form of a family."""

    family: int
    offset: float
    scale: float


class Distribution(Plugin):
    """How numbers are drawn.

    `least` and `most` truncate any of them: draws are those of the whole distribution that lie between the two, as if
    all others were drawn again. Where whole numbers are wanted, that comes before the rounding.
    """

    group: ClassVar[str] = "distribution"
    draws_times: ClassVar[bool] = True  # whether times in place of its numbers make sense

    least: Number | None = Field(None, description="no draw is below this")
    most: Number | None = Field(None, description="no draw is above this")

    @model_validator(mode="before")
    @classmethod
    def _has_no_texts(cls, data: Any) -> Any:
        texts = {key: text for key, text in data.items() if isinstance(text, str)} if isinstance(data, dict) else {}
        lines: list[tuple[Path_, str]] = [
            ((key,), f"must be a valid number, found {show(text)}{_ELSEWHERE}")
            for key, text in texts.items()
            if key in number_keys(cls)
        ]
        if "table" in texts and "values" in cls.model_fields:
            lines.append((("table",), f"can't be here: {OF_TABLES}"))
        if lines:
            raise invalid(cls.kind, lines)
        return data

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        lines = list(self.problems())
        try:
            if not lines and self._is_truncated and self._kept is None:
                lines.append(((), self._leaves_nothing()))
        except RunFailed as error:  # of a plug-in's sample
            lines.append(((), str(error)))
        if lines:
            raise invalid(self.kind, lines)
        return self

    def problems(self) -> Iterator[tuple[Path_, str]]:
        """Yield what is wrong about keys that are right by themselves, each with its path from here."""
        return iter(())

    @abstractmethod
    def sample(self, u: Floats) -> Floats:
        """Turn evenly distributed numbers in [0, 1), (n,), into draws, (n,), before truncation; a pure function.

        Where the number grows a draw must not fall, so that `least` and `most` are exact; see ``stretch``.
        """

    def stretch(self, u: Floats) -> Integers:
        """Return which of the stretches of [0, 1) numbers (n,) lie in, ascending from 0: draws may fall between two."""
        return np.zeros(len(u), np.int64)

    def stretches(self) -> int:
        """Return how many of these there are."""
        return 1

    def lowest(self) -> float:
        """Return a number that no sample is below."""
        return float("-inf")

    def highest(self) -> float:
        """Return a number that no sample is above."""
        return float("inf")

    def expected(self) -> float | None:
        """Return the mean of all samples; None where it is not known, or there is none."""
        return None

    def linear(self) -> Linear | None:
        """Return what the compiled core draws in place of ``sample``; None where only ``sample`` knows."""
        return None

    def evenly(self) -> tuple[int, int] | None:
        """Return the first and the count of the whole numbers that it draws where these are wanted, each equally
        likely; None when they are rounded real numbers.
        """
        return None

    @classmethod
    def in_columns(cls, given: Mapping[str, Any], inner: Callable[[Any], Columnar | None]) -> Columnar | None:
        """Return what draws with columns (n,) for its numbers; None where each row needs a distribution of its own.

        ``inner`` returns the same of a distribution among its keys.
        """
        return None

    def bounds(self) -> Bounds:
        """Return two numbers that no draw is outside of."""
        least = self.lowest() if self.least is None else max(self.lowest(), self.least)
        return Bounds(least, self.highest() if self.most is None else min(self.highest(), self.most))

    def in_core(self) -> Linear | None:
        """Return what the compiled core draws; None where it can't."""
        return None if self._is_truncated else self.linear()

    @property
    def _is_truncated(self) -> bool:
        return self.least is not None or self.most is not None

    @cached_property
    def _kept(self) -> Kept | None:
        if not self._is_truncated:
            return None
        with np.errstate(all="ignore"):
            return kept(self._sample, self.stretch, self.stretches(), *self.bounds())

    def _leaves_nothing(self) -> str:
        least, most = f'"least" ({self.least})', f'"most" ({self.most})'
        if self.least is None:
            where = f"below {most}"
        elif self.most is None:
            where = f"above {least}"
        elif self.least > self.most:
            return f"{least} must not be above {most}"
        else:
            where = f"between {least} and {most}"
        return f"hardly one draw in four billion lies {where}"

    def real(self, rows: Keys, purpose: np.uint64) -> Floats:
        """Draw real numbers (n,) for rows (n,)."""
        linear = self.in_core()
        return draw.real(*linear, rows, purpose) if linear else self.drawn(draw.unit(draw.bits(rows, purpose)))

    def drawn(self, u: Floats) -> Floats:
        """Return the draws of numbers (n,), without -0.0. Raises RunFailed when that is not n numbers."""
        if not self._is_truncated:
            return self._sample(u)
        assert self._kept is not None, "a truncation that was not checked"
        return np.clip(self._sample(self._kept.spread(u)), *self.bounds())

    def rounded(self, u: Floats, *, down: bool) -> Floats:
        """Return the whole draws of numbers (n,), not held inside bounds."""
        evenly = self.evenly()
        if evenly:
            return evenly[0] + np.floor(u * evenly[1])
        return np.floor(self.drawn(u)) if down else np.rint(self.drawn(u))

    def place(self, u: Floats) -> Integers:
        """Return which of the stretches of ``drawn`` numbers (n,) lie in."""
        return self.stretch(u if self._kept is None else self._kept.spread(u))

    def _sample(self, u: Floats) -> Floats:
        made = self.sample(u)
        if isinstance(made, np.ndarray) and made.shape == u.shape and made.dtype.kind in "fiu":
            return np.add(made, 0.0, dtype=np.float64)
        raise RunFailed(f"drawing: {self.kind} must make an array of {len(u)} numbers, and made {show(made)}")

    def whole(self, rows: Keys, purpose: np.uint64, least: int = draw.LEAST, most: int = draw.MOST) -> Integers:
        """Draw whole numbers, held between bounds: real ones, rounded to the nearest."""
        return self._integers(rows, purpose, least, most, down=False)

    def length(self, rows: Keys, purpose: np.uint64) -> Integers:
        """Draw lengths: real numbers, rounded down; below 0 counts as 0."""
        return self._integers(rows, purpose, 0, draw.MOST, down=True)

    def index(self, rows: Keys, purpose: np.uint64, size: int) -> Integers:
        """Draw indices into a list of ``size`` items, rounded down; what is outside counts as the first or last."""
        return self._integers(rows, purpose, 0, size - 1, down=True)

    def waits(self, rows: Keys, purpose: np.uint64) -> Integers:
        """Draw waits in whole ns: seconds, rounded to the nearest; below 0 counts as 0, beyond all time as ``NEVER``.

        What is not a number is -1.
        """
        linear = self.in_core()
        if linear:
            made = draw.column(len(rows), np.int64)
            waits.waits(*linear, rows, purpose, made)
            return made
        seconds = self.real(rows, purpose)
        rounded = np.rint(np.minimum(np.maximum(seconds, 0), NEVER / 1e9) * 1e9)
        return np.where(np.isnan(seconds), -1, rounded).astype(np.int64)

    def mean_wait(self) -> float:
        """Return the mean of the draws as a delay or gap, in seconds; what is below 0 counts as 0."""
        linear = self.in_core()
        if linear is not None and linear.family == draw.NORMAL and linear.scale:
            ratio = linear.offset / linear.scale
            share, density = (1 + erf(ratio / sqrt(2))) / 2, exp(-ratio * ratio / 2) / sqrt(2 * pi)
            return linear.offset * share + linear.scale * density
        mean = self.average()
        if mean is not None and self.bounds().least >= 0:
            return min(mean, _LONGEST)
        u, weights = _fine_cells()
        return float(np.clip(np.nan_to_num(self.drawn(u)), 0, _LONGEST) @ weights)

    def average(self) -> float | None:
        """Return the mean of the draws; None where it is not known, or there is none."""
        return None if self._is_truncated else self.expected()

    def _integers(self, rows: Keys, purpose: np.uint64, least: int, most: int, *, down: bool) -> Integers:
        evenly = self.evenly()
        if evenly:
            return draw.evenly(rows, purpose, *evenly, least, most)
        return to_whole(self.real(rows, purpose), least, most, down=down)

    def whole_numbers(self) -> int:
        """Return how many different whole numbers it draws, each about equally often; 0 when that is not known."""
        evenly = self.evenly()
        return evenly[1] if evenly else 0

    def extent(self) -> Extent:
        """Return how large its draws are as lengths."""
        evenly = np.append((np.arange(256) + 0.5) / 256, [_RARE, 1 - _RARE])
        with np.errstate(all="ignore"):
            lengths = np.maximum(np.nan_to_num(self.drawn(evenly)), 0.0)
        highest = max(float(self.bounds().most), 0.0)
        return Extent(float(lengths[:256].mean()), highest if np.isfinite(highest) else float(lengths.max()))

    def whole_at(self, places: Integers) -> Integers:
        """Return the whole numbers that it draws, by their places in order, of which there are ``places()``."""
        evenly = self.evenly()
        assert evenly is not None, "a distribution without places"
        return places + np.int64(evenly[0])

    def places(self) -> int:
        """Return how many places ``whole_at`` knows; 0 for a plug-in that only tells how many numbers it draws."""
        return self.whole_numbers() if self.evenly() else 0

    def problem_as_whole(self) -> str | None:
        """Return why whole numbers can't be drawn; None when they can."""
        return None


Drawing = TypeVar("Drawing", bound=Distribution | Columnar)


@cache
def number_keys(kind: type[Distribution]) -> dict[str, Any]:
    """Return the keys of a kind that hold a number, each with the type that this has."""
    fields = kind.model_fields.items()
    return {key: Annotated[field.annotation, field] for key, field in fields if is_number(field.annotation)}


def is_number(type_: Any) -> bool:
    """Return whether a key of a type holds a number."""
    if get_origin(type_) is Annotated:
        return is_number(get_args(type_)[0])
    if get_origin(type_) in (Union, UnionType):
        return all(one is NoneType or is_number(one) for one in get_args(type_))
    return type_ in (int, float)


def endless(distribution: Distribution) -> Iterator[tuple[Path_, str]]:
    """Yield a problem when the largest draws are too large for any floating-point number."""
    with np.errstate(all="ignore"):
        largest = distribution.sample(np.array([0.0, LARGEST]))
    if distribution.most is None and not np.isfinite(largest).all():
        yield (), 'its largest draws are beyond 1.8e308; "most" may hold them back'


def pick(picker: Distribution | None, rows: Keys, purpose: np.uint64, size: int) -> npt.NDArray[np.int32]:
    """Return indices (n,) into a list of a size: as a distribution draws them, or each equally likely without one."""
    index = picker.index(rows, purpose, size) if picker else draw.evenly(rows, purpose, 0, size)
    codes = draw.column(len(index), np.int32)
    codes[:] = index
    return codes


def quantiles(distribution: Distribution, *, whole: bool = False) -> Floats:
    """Return draws that stand for all, (1024,): those of evenly spread numbers, ``whole`` ones for an index.

    Their mean is that of the distribution to within a thousandth of it, for those built in without a heavy tail.
    """
    u = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    if not whole:
        return distribution.drawn(u)
    return to_whole(distribution.rounded(u, down=True), draw.LEAST, draw.MOST, down=True).astype(np.float64)


@cache
def _fine_cells() -> tuple[Floats, Floats]:
    """Return numbers that stand for all, and their weights: cells that get finer to 1, by the half of what is left."""
    halves = np.repeat(2.0 ** -np.arange(1, BITS), _CELLS)
    within = np.tile((np.arange(_CELLS) + 0.5) / _CELLS, BITS - 1)
    return 1 - halves * (2 - within), halves / _CELLS


def odd_index(distribution: object, size: int) -> str | None:
    """Return what is odd about an index into a list of a size; None when nothing is."""
    if not isinstance(distribution, Distribution) or size < 2:
        return None
    first, last = np.floor(distribution.bounds())
    unreached = int(min(max(first, 0), size - 1) + max(size - 1 - max(last, 0), 0))
    if unreached:
        return f"never picks {unreached} of the {size} values; indices go from 0 to {size - 1}"
    try:
        drawn = quantiles(distribution, whole=True)
    except RunFailed as error:
        return str(error)
    outside = float(((drawn < 0) | (drawn >= size)).mean())
    if outside > 0.5:
        return f"{outside:.0%} of the draws are outside of 0 to {size - 1}, and count as the first or the last value"
    return None


def odd_span(distribution: object) -> str | None:
    """Return what is odd about a length, a delay or a gap; None when nothing is."""
    try:
        drawn = quantiles(distribution) if isinstance(distribution, Distribution) else np.zeros(1)
    except RunFailed as error:
        return str(error)
    if np.isnan(drawn).any():
        return "some of the draws are not a number, which ends a run"
    below = float((drawn < 0).mean())
    return f"{below:.0%} of the draws are below 0, and count as 0" if below > _OFTEN else None


def check_whole(distribution: Drawing) -> Drawing:
    """Return the distribution; raises ValueError when whole numbers can't be drawn from it."""
    problem = distribution.problem_as_whole()
    if problem:
        raise ValueError(problem)
    return distribution


def check_length(distribution: Distribution) -> Distribution:
    """Return the distribution; raises ValueError when lengths drawn from it could be too large."""
    most = distribution.extent().most
    if most > MOST_ITEMS:
        raise ValueError(f"a length must not be above {MOST_ITEMS}, but could be {most:.3g}")
    return distribution


AnyDistribution = Annotated[
    Distribution,
    PlainValidator(partial(make_of_group, "distribution")),
    WithJsonSchema({"group": "distribution"}),
]
# One that a key may be without, but not null.
MaybeDistribution = Annotated[
    Distribution | None,
    PlainValidator(partial(make_of_group, "distribution")),
    WithJsonSchema({"group": "distribution"}),
]
WholeDistribution = Annotated[AnyDistribution, AfterValidator(check_whole)]
LengthDistribution = Annotated[WholeDistribution, AfterValidator(check_length)]
