"""What a pilot measures of where workers go: shares of transitions by condition, stays, and waits for resources.

From shares that are right on average follow visits that are, whatever the conditions read: what enters a state is what
leaves others for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from datagen.clock import NEVER, time_left
from datagen.draw import Floats, Integers
from datagen.engine.crowd import Limits
from datagen.engine.plan import Plan
from datagen.engine.step import Steps
from datagen.engine.waiting import Line, Waiting, asks
from datagen.engine.walk import Walk
from datagen.engine.watched import Watched, watched, with_cradles
from datagen.language.population import Population
from datagen.moment import Moment
from datagen.plugin.model import changed
from datagen.plugin.registry import always
from datagen.problems import RunFailed

_MOST_STEPS = 200_000
_GLANCES = 2000  # at the resources, at times as far from each other; fewer where they would be
_MUCH = 4_000_000  # workers to look at in all
_GROWS = 0.02  # of those who come to a line: if so many more stay in it, it grows for ever,
_FULL = 0.95  # as long as so much of the resource is in use
_PERIODS = (7 * 86_400 * 10**9, 86_400 * 10**9)  # ns after which profiles come again


def has_conditions(population: Population) -> bool:
    """Return whether some transitions are by condition."""
    return any(state.is_conditional for state in population.states)


def has_late_delays(population: Population) -> bool:
    """Return whether how long workers stay in some states follows from the instant at which that begins."""
    return any(state.follows_the_instant for state in population.states)


def has_counted_children(population: Population) -> bool:
    """Return whether how many children workers have is said by expressions."""
    return any(True for state in population.states for _ in state.counts())


@dataclass(frozen=True)
class Shares:
    """A pilot of a population: without a limit of workers, or with that of the population where they wait."""

    population: Population
    start: Moment
    scale: float = 1.0
    seed: int = 0

    @property
    def settled(self) -> Population:
        """Return the population with probabilities that are always the same: measured where conditions say them.

        So are delays that follow from the instant.
        """
        if not has_conditions(self.population) and not has_late_delays(self.population):
            return self.population
        numbers = {state.name: number for number, state in enumerate(self.population.states)}
        states = []
        for number, state in enumerate(self.population.states):
            ways = state.ways
            if state.is_conditional:
                found = self._counts[number, [numbers.get(way.next, len(numbers)) for way in ways]]
                found = np.ones(len(ways)) if not found.any() else found
                nexts = [way.next for way in ways]
                found = found / np.array([nexts.count(name) for name in nexts])  # who goes there, whichever way it is
                stays = self._counts[number, -1] if all(name in numbers for name in nexts) else 0.0  # with no way left
                shares = [*found.tolist(), *([stays] if stays else [])]
                ways = [changed(way, when=None, probability=0.0) for way in ways]
                ways += [changed(ways[0], next="stop")] if stays else []
                ways = [changed(way, probability=p / sum(shares)) for way, p in zip(ways, shares, strict=True)]
            if state.follows_the_instant:
                state = changed(state, delay=always(self._mean_stay(number)), delay_profile=None)
            states.append(changed(state, transitions=ways, next=None, ordered=False))
        return changed(self.population, states=states)

    @property
    def fault(self) -> str:
        """Return why the pilot could not go on; "" when it could."""
        return self._taken.fault

    @property
    def waiting(self) -> Waiting:
        """Return how long workers have waited for resources, in the second half of the pilot if it has no end.

        And how many items they have gone through.
        """
        states = self.population.states
        items = np.ones(len(states))
        seconds, served, late = np.zeros(len(states)), np.ones(len(states)), np.zeros(len(states))
        taken, first = self._taken, self._second_half
        entered = np.zeros(len(states))  # in that time
        grows: set[str] = set()
        for number, door in self._watched.doors.items():
            came = np.flatnonzero(taken.is_at(door))
            went = came[taken.follows[came]] + 1  # in the order of workers, the row behind
            waited = taken.time[went] - taken.time[went - 1]
            exits = self._watched.exits.get(number)
            left = taken.is_at(exits)[went] if exits is not None else np.zeros(len(went), bool)
            if states[number].each is not None and (passed := len(went) - int(left.sum())):
                items[number] = taken.is_at(number).sum() / passed
            is_late = taken.time[went] >= first
            entered[number] = (taken.time[came] >= first).sum()
            if not is_late.any() or not entered[number]:
                continue
            seconds[number] = waited[is_late].mean() / 1e9
            gone = min(float(is_late.sum() / entered[number]), 1.0)
            full = {request.resource for request in states[number].requests} & self._full
            gone = gone if full and gone < 1 - _GROWS else 1.0
            grows |= full if gone < 1 else set()
            late[number] = gone * left[is_late].mean()
            served[number] = gone - late[number]
        lines = self._lines(entered, grows) if self.population.resources else {}
        return Waiting(seconds, served, late, items, lines, is_measured=True)

    def _lines(self, entered: Floats, grows: set[str]) -> dict[str, Line]:
        """Return what becomes of resources, by how many workers entered each state (states,)."""
        _, used, waiting, capacities = self._glances
        made = {}
        for place, name in enumerate(self.population.resources):
            asked = sum(
                int(entered[number])
                for number, state in enumerate(self.population.states)
                if name in {request.resource for request in state.requests}
            )
            each = asked / max((self._end - self._second_half) / 1e9, 1e-9)
            seconds = float(waiting[place]) / each if asked else 0.0  # J. Little, 1961
            capacity, busy = float(capacities[place]), float(used[place])
            made[name] = Line(capacity, busy, float(waiting[place]), seconds, name in grows)
        return made

    def children(self, state: int, place: int) -> float:
        """Return how many children an entry of a state has brought about for each visit, over the time of waits."""
        late = self._taken.time >= self._second_half
        visits = int((late & self._taken.is_at(state)).sum())
        return int((late & self._taken.is_at(self._cradled[1][state, place])).sum()) / max(visits, 1)

    @cached_property
    def _cradled(self) -> tuple[Population, dict[tuple[int, int], int]]:
        return with_cradles(self.population)

    @cached_property
    def _watched(self) -> Watched:
        return watched(self._cradled[0])

    def _walk(self) -> Walk:
        own = self.population.populations
        limits: Limits = self.population.max_workers or NEVER
        if own and limits == NEVER:
            limits = {name: one.max_workers or NEVER for name, one in own.items()}
        limits = limits if asks(self.population) else NEVER
        return Walk(Plan(self._watched.population, self.start, scale=self.scale), self.seed, limits)

    @cached_property
    def _taken(self) -> "_Taken":
        walk, end = self._walk(), time_left(self.start)
        steps, made = [], 0
        fault = ""
        try:
            while made < _MOST_STEPS and walk.next_time < end:
                steps.append(walk.advance(end))
                made += len(steps[-1])
        except RunFailed as error:
            is_grave = asks(self.population) or has_late_delays(self.population)
            fault = str(error) if is_grave else ""  # else what was counted is good enough
        if walk.is_deadlocked:
            fault = f"walking on: nothing can happen any more{walk.who_waits()}"
        return _Taken.of(steps, len(self._watched.population.states), walk.alive, walk.next_time >= end, fault)

    @property
    def _end(self) -> int:
        return int(self._taken.time.max(initial=0))

    @cached_property
    def _second_half(self) -> int:
        """Return from when on it is measured, in ns: for half of it, or for whole weeks or days that are less."""
        half = self._end // 2
        period = next((period for period in _PERIODS if half >= period), 1)
        return 0 if self._taken.is_over else self._end - half // period * period

    @cached_property
    def _full(self) -> set[str]:
        """Return the resources of which next to nothing is free."""
        free, _, _, capacities = self._glances
        full = (free <= (1 - _FULL) * capacities).tolist()
        return {name for name, is_full in zip(self.population.resources, full, strict=True) if is_full}

    @cached_property
    def _glances(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Return how many units of each resource are free on average, and in use, how many wait, and all there are."""
        walk, seen = self._walk(), []
        count = min(_GLANCES, max(_MUCH // max(self._taken.alive, 1), 20))
        for time in np.linspace(self._second_half, self._end, count + 1)[1:].astype(np.int64).tolist():
            while walk.next_time < time and not (self.fault and walk.next_time >= self._end):
                walk.advance(time)
            seen.append(walk.shared)
        free, used, waiting = np.array(seen, np.float64).mean(axis=0)
        return free, used, waiting, walk.capacities.astype(np.float64)

    def _mean_stay(self, number: int) -> float:
        """Return how many seconds workers stay in a state, of those whose stay has ended."""
        taken = self._taken
        own = np.flatnonzero(taken.is_at(number) & (taken.left < NEVER))
        return float((taken.left[own] - taken.time[own]).mean() / 1e9) if len(own) else 0.0

    @cached_property
    def _counts(self) -> Floats:
        """Return how many workers went from each state to each, (states, states + 1), behind all the stop."""
        taken, stop = self._taken, len(self.population.states)
        state = taken.state.copy()
        for number, door in self._watched.doors.items():
            state[taken.state == door] = number
        counts = np.zeros((len(self._watched.population.states), stop + 1))
        if len(state):
            here = np.flatnonzero(taken.follows)
            # Behind its door a state is entered, and again for each item; who has none goes on from the door.
            stays = np.isin(state[here], [*self._watched.doors]) & (taken.state[here + 1] == state[here])
            here = here[(state[here + 1] < stop) & ~stays]
            np.add.at(counts, (state[here], state[here + 1]), 1)
            last = np.flatnonzero(~taken.follows)
            gone = state[last][np.isin(taken.worker[last], taken.gone)]
            counts[:, stop] += np.bincount(gone, minlength=len(counts))
        return counts[:stop]


@dataclass(frozen=True)
class _Taken:
    """The steps of a pilot, worker by worker; n of them."""

    time: Integers  # (n,) ns
    worker: Integers  # (n,)
    state: Integers  # (n,)
    follows: npt.NDArray[np.bool_]  # (n,) whether the next row is the worker's next step
    left: Integers  # (n,) ns: when the worker leaves the state, ``NEVER`` where that is not known
    gone: Integers  # workers who stopped as a condition said
    alive: int  # workers in the end
    is_over: bool
    fault: str

    @classmethod
    def of(cls, steps: Sequence[Steps], stop: int, alive: int, is_over: bool, fault: str) -> "_Taken":
        """Return steps, without births alone."""
        steps = [taken.at(np.flatnonzero(taken.state < stop)) for taken in steps]
        none = [np.zeros(0, np.int64)]
        time, worker, state = (
            np.concatenate(none + [getattr(taken, name) for taken in steps]) for name in ("time", "worker", "state")
        )
        order = np.argsort(worker, kind="stable")
        time, worker, state = time[order], worker[order], state[order]
        follows = np.append(worker[1:] == worker[:-1], False)[: len(worker)]
        gone, gone_at = (
            np.concatenate(none + [getattr(taken.stops, name) for taken in steps]) for name in ("worker", "time")
        )
        left = np.full(len(time), NEVER)
        left[:-1][follows[:-1]] = time[1:][follows[:-1]]
        last = np.flatnonzero(~follows)
        by_worker = np.argsort(gone, kind="stable")
        found = np.minimum(np.searchsorted(gone[by_worker], worker[last]), max(len(gone) - 1, 0))
        stops = last[gone[by_worker][found] == worker[last]] if len(gone) else last[:0]
        left[stops] = gone_at[by_worker][found[np.isin(last, stops)]] if len(gone) else 0
        return cls(time, worker, state, follows, left, gone, alive, is_over, fault)

    def is_at(self, state: int) -> npt.NDArray[np.bool_]:
        """Return which steps are those into a state, (n,)."""
        return self.state == state
