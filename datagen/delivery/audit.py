"""Audits: what a run should have delivered, computed again, against what its targets hold.

A run is a pure function, so the records need no copy to be compared with. Of each record only a 64-bit hash is kept:
of ten million records, the chance that any two share one is 3 in a million.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from datagen.clock import NEVER
from datagen.delivery.lane import Lane
from datagen.delivery.last_state import LastState, StateFinding
from datagen.draw import Integers
from datagen.engine.run import Run
from datagen.plugin.target import Encoded, NotGivenBack, Undelivered, Unreadable
from datagen.problems import hidden, reason
from datagen.records.batch import Batch


@dataclass(frozen=True)
class Finding:
    """What an audit found of one target."""

    target: str
    expected: int
    found: int
    missing: int
    duplicated: int  # found more often than expected
    out_of_order: int  # found behind a record that should come after it
    unknown: int  # altered, or not of this run
    first_missing: int | None = None  # its number among the records of the target, from 0 on

    was_read: ClassVar[bool] = True
    decides: ClassVar[bool] = True  # whether an audit is to fail when it is not whole

    @property
    def is_whole(self) -> bool:
        """Return whether no expected record is missing."""
        return not self.missing

    def __str__(self) -> str:
        at = "" if self.first_missing is None else f" (the first is record {self.first_missing + 1})"
        return (
            f"{self.target}: {self.expected} expected, {self.found} found, {self.missing} missing{at}, "
            f"{self.duplicated} duplicated, {self.out_of_order} out of order, {self.unknown} altered or not of this run"
        )


@dataclass(frozen=True)
class Unread:
    """A target that could not be read, because that failed, or because its kind gives nothing back."""

    problem: str
    decides: bool  # whether that failed
    was_read: ClassVar[bool] = False
    is_whole: ClassVar[bool] = False

    def __str__(self) -> str:
        return self.problem


def audit(run: Run, lanes: Sequence[Lane], limits: Sequence[int | None]) -> "Iterator[Finding | StateFinding | Unread]":
    """Compare what each lane's target should hold, at most the first ``limit`` records, with what it does hold.

    Targets are read first: what they hold may tell them how records can be compared.
    """
    comparisons = [(_ByKey if lane.sink.is_keyed else _ByRecord)(lane) for lane in lanes]
    left = [NEVER if limit is None else limit for limit in limits]
    for batch, until in _whole(run):
        for number, lane in enumerate(lanes):
            for encoded in lane.encoder.encode(batch, until):
                wanted = encoded.slice(0, min(left[number], len(encoded)))
                left[number] -= len(wanted)
                comparisons[number].expect(wanted)
        if not any(left):
            break
    for comparison in comparisons:
        yield comparison.finding()


class _Comparison(ABC):
    """What a target holds, and should hold."""

    def __init__(self, lane: Lane) -> None:
        """Read the target."""
        self._lane = lane
        self._unread: Unread | None = None
        try:
            self.read()
        except (OSError, Undelivered, Unreadable) as error:
            text = hidden(f"reading {lane.target} back: {reason(error)}", lane.target.secrets())
            self._unread = Unread(text, not isinstance(error, NotGivenBack))

    @abstractmethod
    def read(self) -> None:
        """Read what the target holds. Raises OSError, Undelivered or Unreadable."""

    @abstractmethod
    def expect(self, encoded: Encoded) -> None:
        """Take records that it should have been given, in order."""

    @abstractmethod
    def found(self, target: str) -> Finding | StateFinding:
        """Compare both."""

    def finding(self) -> Finding | StateFinding | Unread:
        """Return what was found, or why nothing was."""
        return self._unread or self.found(str(self._lane.target))


class _ByRecord(_Comparison):
    """Compares each record, by its hash, and the order of those that have one."""

    def read(self) -> None:
        self._expected: list[Integers] = []
        self._found: list[Integers] = []
        self._streams: list[tuple[str, int]] = []  # of how many, one stretch after the other, is of which stream
        for stream, records in self._lane.sink.stored():
            self._found.append(_hashes(records))
            self._streams.append((stream, len(records)))

    def expect(self, encoded: Encoded) -> None:
        self._expected.append(_hashes(self._lane.sink.comparable(encoded)))

    def found(self, target: str) -> Finding:
        return compared(target, _joined(self._expected), _joined(self._found), self._streams)


class _ByKey(_Comparison):
    """Compares what each key has in the end."""

    def read(self) -> None:
        self._expected, self._found = LastState(), LastState()
        for kept in self._lane.sink.kept():
            self._found.take(kept)

    def expect(self, encoded: Encoded) -> None:
        self._expected.take(self._lane.sink.kept_of(encoded))

    def found(self, target: str) -> StateFinding:
        return self._expected.compared(target, self._found)


def _whole(run: Run) -> Iterator[tuple[Batch, int]]:
    with closing(run.crew):
        for window in run.windows():
            for batch in window.batches:
                yield batch, int(batch.due[-1])
    yield Batch.empty(), NEVER


def compared(target: str, expected: Integers, found: Integers, streams: Sequence[tuple[str, int]]) -> Finding:
    """Compare hashes of the expected records, in order, with those of the found ones.

    ``streams`` says of how many records, one stretch after the other, each has which name; a name that is empty stands
    for something without an order.
    """
    number = _numbers(expected, found)
    matched = number >= 0
    known = np.isin(found, expected)
    missing = np.setdiff1d(np.arange(len(expected)), number[matched], assume_unique=True)
    out_of_order = 0
    for name in {name for name, _ in streams if name}:
        belongs = np.repeat([other == name for other, _ in streams], [count for _, count in streams])
        sequence = number[belongs & matched]
        out_of_order += int((sequence < np.maximum.accumulate(sequence)).sum()) if len(sequence) else 0
    return Finding(
        target=target,
        expected=len(expected),
        found=len(found),
        missing=len(missing),
        duplicated=int((known & ~matched).sum()),
        out_of_order=out_of_order,
        unknown=int((~known).sum()),
        first_missing=int(missing[0]) if len(missing) else None,
    )


def _numbers(expected: Integers, found: Integers) -> Integers:
    """Return for each found record the number of the expected one that it is, -1 when it is none.

    Of records that are alike, the k-th found is the k-th expected.
    """
    by_hash = np.argsort(expected, kind="stable")
    ordered = expected[by_hash]
    order = np.argsort(found, kind="stable")
    first = np.searchsorted(ordered, found[order], "left")
    beyond = np.searchsorted(ordered, found[order], "right")
    begins = np.searchsorted(found[order], found[order], "left")
    candidate = first + np.arange(len(found)) - begins
    numbers = np.full(len(found), -1, np.int64)
    fits = candidate < beyond
    numbers[order[fits]] = by_hash[candidate[fits]]
    return numbers


def _hashes(records: Sequence[bytes]) -> npt.NDArray[np.int64]:
    """Hash records; about 0.2 µs each."""
    return np.fromiter(map(hash, records), np.int64, len(records))


def _joined(hashes: list[Integers]) -> Integers:
    return np.concatenate([np.zeros(0, np.int64), *hashes])
