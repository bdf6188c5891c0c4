"""The stretches of time over which means are taken: the minutes of an ordinary week, or the parts of one run.

Curves over a timeline are arrays with a mean for each part, (parts,). Knows nothing of workers.
"""

from dataclasses import dataclass
from math import nan

import numpy as np

from datagen.draw import Floats
from datagen.plugin.week import MINUTES

_HOURS = 7 * 24
_FEWEST, _MOST = 1000, 32_768  # parts of a run,
_MOST_WITH_WARM_UP = 2**18  # and of one with what comes before it
_WHOLE = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60)  # minutes of a part that an hour has a whole number of


@dataclass(frozen=True)
class Timeline:
    """Parts of time that are all as long."""

    seconds: float  # of a part
    parts: int
    begin: float = 0.0  # seconds from Monday at midnight to its begin
    early: int = 0  # parts of a warm-up, which do not count
    comes_round: bool = False  # whether the first part follows the last

    @classmethod
    def of_run(cls, seconds: float, begin: float, warm_up: float) -> "Timeline":
        """Return that of a run of so many seconds, whose simulation begins so many after Monday at midnight."""
        part = seconds / _FEWEST
        if part >= 60:
            part = next((60.0 * minutes for minutes in _WHOLE if seconds / 60 / minutes <= _MOST), seconds / _MOST)
        part = max(part, (seconds + warm_up) / _MOST_WITH_WARM_UP)
        count = max(round(seconds / part), 1) if seconds else 1
        part = seconds / count or 1.0
        early = round(warm_up / part)
        if early > _MOST_WITH_WARM_UP:  # what lies long before a short run is left out
            early = _MOST_WITH_WARM_UP
            begin += warm_up - early * part
        return cls(part, count + early, begin, early)

    @property
    def edges(self) -> Floats:
        """Return where its parts begin and end, (parts + 1,), in seconds from its begin."""
        return np.arange(self.parts + 1, dtype=np.float64) * self.seconds

    def mean(self, curve: Floats) -> float:
        """Return the mean of a curve."""
        return float(curve[self.early :].mean())

    def most(self, curve: Floats) -> float:
        """Return the highest value of a curve."""
        return float(curve[self.early :].max())

    def later(self, curve: Floats, mean: float) -> Floats:
        """Return a curve of what happens some time later, exponentially distributed with a mean in seconds."""
        if not self.comes_round:
            return self._delayed(curve, mean)
        if mean < 1 or np.ptp(curve) == 0:
            return curve
        kept = np.exp(-self.seconds / mean)
        kernel = kept ** np.arange(self.parts) * (1 - kept) / (1 - kept**self.parts)
        return np.maximum(np.fft.irfft(np.fft.rfft(curve) * np.fft.rfft(kernel), self.parts), 0.0)

    def _delayed(self, curve: Floats, mean: float) -> Floats:
        """Return a curve of what happens later, where nothing is left over from before the first part."""
        if mean <= 0:
            return curve
        kept = np.exp(-self.seconds / mean)
        left = (1 - kept) * mean / self.seconds  # of what began somewhere in a part, at the part's end
        kernel = left * (1 - kept) * kept ** np.maximum(np.arange(self.parts) - 1.0, 0.0)
        kernel[0] = 1 - left
        size = 2 * self.parts
        return np.maximum(np.fft.irfft(np.fft.rfft(curve, size) * np.fft.rfft(kernel, size), size)[: self.parts], 0.0)

    def by_hour(self, curve: Floats) -> Floats:
        """Return the means of a curve over the hours of a week, (168,); NaN for those that it does not come to."""
        middles = self.begin + (np.arange(self.early, self.parts) + 0.5) * self.seconds
        hour = (middles // 3600 % _HOURS).astype(np.int64)
        counts = np.bincount(hour, minlength=_HOURS)
        sums = np.bincount(hour, curve[self.early :], _HOURS)
        return np.divide(sums, counts, out=np.full(_HOURS, nan), where=counts > 0)


WEEK = Timeline(60.0, MINUTES, comes_round=True)
