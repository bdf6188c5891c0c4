"""Where the measurements of one run of the benchmark take place, and how large they are."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from bench.process import Ran

PLACES = ("a file", "/dev/null")

T = TypeVar("T")


@dataclass(frozen=True)
class Setting:
    """A directory to write to, and by which number the full size is divided."""

    directory: Path
    scale: int = 1

    def size(self, records: int) -> int:
        """Return how many records are made where a full run makes that many."""
        return records // self.scale

    def repeat(self, measure: Callable[[], T]) -> list[T]:
        """Return what is measured each time: three times, once where it is only tried."""
        return [measure() for _ in range(3 if self.scale == 1 else 1)]

    def save(self, name: str, document: dict[str, Any]) -> str:
        """Write a document; return its path."""
        path = self.directory / name
        path.write_text(json.dumps(document))
        return str(path)

    def fresh(self, name: str) -> str:
        """Return a path where no file is, so that nobody is charged for deleting it."""
        path = self.directory / name
        path.unlink(missing_ok=True)
        return str(path)

    def output(self, place: str) -> str:
        """Return where to write, for one of ``PLACES``."""
        path = self.fresh("output.json")
        return path if place == PLACES[0] else os.devnull


def middle(runs: Sequence[Ran]) -> Ran:
    """Return the run of median time."""
    return sorted(runs)[len(runs) // 2]


def ratio(these: Sequence[float], those: Sequence[float]) -> float:
    """Return the median of the ratios of figures that were measured in pairs."""
    return median(this / that for this, that in zip(these, those, strict=True))
