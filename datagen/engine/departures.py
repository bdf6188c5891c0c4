"""The times that workers of a state wait for: those at which others would be born of sources, one after the other.

Nobody is born of them. All workers of the state look at the same times, from their own place on.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from datagen.clock import NEVER
from datagen.draw import Integers, numbered
from datagen.engine.plan import Plan
from datagen.engine.source import Queue, Steady
from datagen.engine.times import Times
from datagen.language.delay import Times as Given
from datagen.language.state import State
from datagen.plugin.arrival import BLOCK, Pace, Paced
from datagen.plugin.instant import At
from datagen.problems import path_part
from datagen.zone import Zone


class Departure(NamedTuple):
    """A time that a worker waits for."""

    time: int  # ns of the simulation
    taken: int  # so many are taken with it
    source: str  # name of its source, "" without one
    key: int  # row key of who would be born


class Departures:
    """The times of the sources that a state waits for, merged: of those at one instant first who is listed first."""

    def __init__(self, plan: Plan, state: State, sources: tuple[Given, ...], times: Times, seed: int) -> None:
        path, zone = f"state/{path_part(state.name)}/delay/", times.zone_of(state.name)
        self._parts = [_Part(plan, given, path, times, seed, zone) for given in sources]
        self._first = 0  # number of the first one that is known
        self._known = np.zeros((3, 0), np.int64)  # times in ns of the simulation, sources, and numbers there

    def after(self, taken: int, now: int) -> Departure | None:
        """Return the next time that is not among the first ones, which are taken.

        It is now or later. None when there are no more. Who asks never asks for an earlier time than one before.
        """
        while True:
            gone = int(np.searchsorted(self._known[0], now))
            self._first, self._known = self._first + gone, self._known[:, gone:]
            place = max(taken - self._first, 0)
            if place < self._known.shape[1]:
                break
            if not self._extend():
                return None
        time, source, number = self._known[:, place].tolist()
        part = self._parts[source]
        return Departure(time, self._first + place + 1, part.name, part.key(number))

    def _extend(self) -> bool:
        """Know of more times; return whether there are any."""
        while True:
            late = min((part.known_until for part in self._parts), default=NEVER)
            found = [part.take_before(late) for part in self._parts]
            columns = [np.stack([own[0], np.full(own.shape[1], place), own[1]]) for place, own in enumerate(found)]
            merged = np.concatenate(columns, axis=1)
            if merged.shape[1]:
                merged = merged[:, np.argsort(merged[0], kind="stable")]
                self._known = np.concatenate([self._known, merged], axis=1)
                return True
            if late == NEVER:
                return False
            for part in self._parts:
                if part.known_until == late:
                    part.fetch()


class _Part:
    """The times of one source, as far as they are known and not taken."""

    def __init__(self, plan: Plan, given: Given, path: str, times: Times, seed: int, zone: Zone) -> None:
        source = given.arrival
        path = plan.purpose(path if source.name is None else f"{path}source/{path_part(source.name)}/")

        def time(at: object, default: int) -> int:
            return (at.microseconds(times.start, times.zone) - times.zero) * 1000 if isinstance(at, At) else default

        begin = time(source.from_, 0)
        self._until = time(source.until, NEVER) + source.includes_until
        pace: Pace = Steady(begin)
        if isinstance(source, Paced) and source.profile is not None:
            pace = times.rhythm(source.profile, f"{path}profile", min(begin, 0)).since(begin)
        scope = plan.scope(source, times, seed, pace, begin, self._until)
        scope = replace(scope, path=path, zone=zone, scale=1.0, recording=None)
        self._queue = Queue(source, scope, keeps_batches=False)
        self._first, self._only_times = max(begin, 0), given.only_times
        self._most = NEVER if source.most is None else source.most
        self._number, self._last = 0, -NEVER
        self._pending = np.zeros((2, 0), np.int64)
        self.name, self._key = source.name or "", scope.key("worker")
        self.known_until = 0  # all times before it are known
        self.fetch()

    def key(self, number: int) -> int:
        """Return the row key of a worker who would be born."""
        return int(numbered(numbered(self._key, np.array([number])), np.zeros(1, np.int64))[0])

    def take_before(self, time: int) -> Integers:
        """Return the times before one, and their numbers, (2, n), and forget them."""
        count = int(np.searchsorted(self._pending[0], time))
        taken, self._pending = self._pending[:, :count], self._pending[:, count:]
        return taken

    def fetch(self) -> None:
        """Know of more times."""
        block = self._queue.take(BLOCK)[: self._most - self._number]
        numbers = self._number + np.arange(len(block))
        self._number += len(block)
        is_over = not len(block) or self._number == self._most or bool(block[-1] >= self._until)
        self.known_until = NEVER if is_over else int(block[-1])
        kept = (block >= self._first) & (block < min(self._until, NEVER))
        if self._only_times:
            kept &= np.diff(block, prepend=self._last) > 0
            self._last = int(block[-1]) if len(block) else self._last
        self._pending = np.concatenate([self._pending, np.stack([block, numbers])[:, kept]], axis=1)
