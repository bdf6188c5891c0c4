"""An ordinary week: what a source of arrivals makes in the long run, by the minute.

It has no holiday, no change of clocks and no incident. Knows nothing of a run, of limits or of what workers do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from datagen.draw import Floats, Integers
from datagen.moment import Moment
from datagen.plugin.distribution import Distribution, quantiles

BEGIN = Moment(978_307_200_000_000, "UTC")  # 2001-01-01, a Monday
MINUTES = 7 * 24 * 60
_MINUTE = 60 * 10**9  # ns
_WEEK = MINUTES * _MINUTE
_YEAR = 52 * _WEEK
_ENOUGH, _MOST = 2000, 50_000  # instants that are counted
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Week:
    """An ordinary week of a source."""

    factors: Floats  # (MINUTES,) of its profile, each the mean over a minute
    factor: Callable[[Integers], Floats]  # of its profile at times (n,), in ns since the week's begin
    recurring: Mapping[str, float]  # incidents that are drawn again and again: mean seconds from one to the next

    def beats(self, first: int, period: int, size: Callable[[float], float], shares: Floats) -> Floats:
        """Return how many workers a second come in each minute (MINUTES,) of batches, one each period (ns).

        ``size`` says how many a batch has, on average, where the profile has a factor; ``shares`` (n,) stand for when
        they come, as shares of the period.
        """
        count = min(max(_WEEK // period, 1), MINUTES)
        begins = first + np.arange(count) * max(period, _WEEK // MINUTES)
        factors, place = np.unique(self.factor(begins), return_inverse=True)
        sizes = np.array([size(factor) for factor in factors.tolist()])[place] / len(shares)
        at = begins[:, None] + (shares if period > 60 * _MINUTE else shares[:1]) * period
        weights = np.repeat(sizes * len(shares) / at.shape[1], at.shape[1])
        made = np.bincount((at.ravel() // _MINUTE % MINUTES).astype(np.int64), weights, MINUTES)
        return np.asarray(made * (MINUTES / count / (period / 1e9)))

    def counted(self, more: Callable[[], Integers]) -> Floats:
        """Return how many instants a second there are in each minute (MINUTES,): counted over whole weeks.

        ``more`` returns the next instants, (n,), ascending, ns; none when there are none any more. Where very many come
        in a week the mean of the first ones counts.
        """
        found = [np.zeros(0, np.int64)]
        known, last = 0, 0
        while (known < _ENOUGH or last < _WEEK) and known < _MOST and len(times := more()) and times[0] < _YEAR:
            found.append(times[times >= 0])
            known, last = known + len(found[-1]), int(times[-1])
        if known >= _MOST and last < _WEEK:
            return np.full(MINUTES, known / (last / 1e9))
        weeks = _YEAR // _WEEK if known < _ENOUGH else last // _WEEK
        times = np.concatenate(found)
        counts = np.bincount(times[times < weeks * _WEEK] // _MINUTE % MINUTES, minlength=MINUTES)
        return np.asarray(counts / (60.0 * weeks))


def lengths(count: int | Distribution) -> Floats:
    """Return whole numbers, at least 0, that stand for all draws of a number of something, (n,)."""
    return np.array([float(count)]) if isinstance(count, int) else np.maximum(quantiles(count, whole=True), 0.0)


def paired(values: Floats, low: float, high: float) -> Floats:
    """Return values (n,), or more of them, each times another number between two that are evenly spread."""
    many = values if len(values) > 1 else np.repeat(values, 1024)
    return many * (low + (high - low) * ((np.arange(len(many)) + 0.5) * _GOLDEN % 1))


def nothing(*_: Any) -> Floats:
    """Return that nobody comes in the long run, (MINUTES,)."""
    return np.zeros(MINUTES)
