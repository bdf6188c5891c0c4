"""Who is alive, where, and when: arrivals, the limit, delays and transitions become steps. Knows nothing of fields.

The future is computed window by window; which windows never changes a step. Since every draw is keyed, a worker's life
relative to its birth is known before it is born. So a window takes the lives of all who may be in it, lets the newcomers
in one after the other under the limit, and sorts their steps by time.
"""

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datagen import draw
from datagen.batch import Steps
from datagen.draw import Floats, Integers, Keys
from datagen.plan import Plan

NEVER = 2**62  # ns, 146 years after the start: no run gets there

_FEWEST_ROWS = 32768  # steps of a window: enough to make numpy's overhead small, few enough for the cache
_MOST_ELEMENTS = 262144
_FIRST_SPAN = 1_000_000  # ns
_STALE = 65536  # values that a store may hold for nobody before it is cleared


@dataclass
class _Lanes:
    """Living workers in order of their number, each with the step that it takes next; n of them."""

    worker: Integers  # (n,)
    key: Keys  # (n,) key of the worker
    step: Integers  # (n,) number of the next step
    state: npt.NDArray[np.int32]  # (n,) state entered then, or stop
    time: Integers  # (n,) when, ns since the start
    stored: list[Integers]  # per variable group (n,): where the store has the values set last

    def __len__(self) -> int:
        return len(self.worker)


@dataclass
class _Paths:
    """Steps of lanes, each lane's up to its stop or its first step at or after the window's end; n of them, in no order.

    Their *places* are in order of lane and rank.
    """

    lane: Integers  # (n,)
    rank: Integers  # (n,) 0, 1, … within the lane
    state: npt.NDArray[np.int32]  # (n,)
    time: Integers  # (n,)
    key: Keys  # (n,) row keys
    counts: Integers  # (lanes,) steps of each lane
    starts: Integers  # (lanes,) place of each lane's first step
    place: Integers  # (n,)
    at: Integers  # (n,) which step has a place


class Walk:
    """The walk of all workers."""

    def __init__(self, plan: Plan, seed: int, max_workers: int) -> None:
        self._plan = plan
        self._seed = seed
        self._most = max_workers
        self._stop = plan.transitions.stop
        groups = len(plan.groups)
        nothing = np.zeros(0, np.int64)
        self._alive = _Lanes(
            nothing, nothing.astype(np.uint64), nothing, nothing.astype(np.int32), nothing, [nothing] * groups
        )
        self._sizes = [1] * groups  # of the stores; place 0 is "never set"
        self._spawned = 0
        self._due = 0  # the next spawn is not before this
        self._span = _FIRST_SPAN
        self._newcomers = 64  # guess of how many are born in a window
        self._pace = 4.0  # guess of how many steps a lane takes in a window

        self._gap_purpose = draw.purpose_key(seed, "interarrival")
        self._delay_purpose = draw.purpose_key(seed, "delay")
        self._transition_purpose = draw.purpose_key(seed, "transition")

    @property
    def next_time(self) -> int:
        """Give a time, ns since the start, before which nothing happens."""
        first = int(self._alive.time.min()) if len(self._alive) else NEVER
        return first if len(self._alive) >= self._most else min(first, self._due)

    @property
    def alive(self) -> int:
        """Give how many workers are alive."""
        return len(self._alive)

    def advance(self, limit: int) -> Steps:
        """Walk on through one window, at most to a time (ns since the start, not included)."""
        first = self.next_time
        end = min(limit, first + self._span)
        births, gaps = self._candidates(end)
        lanes = self._with_newcomers(births)
        paths, end = self._paths(lanes, first, end)
        stops = self._stop_times(lanes, paths)
        born, end = self._admit(births, gaps, stops, end)
        living = len(self._alive) + len(born)
        if (born != births[: len(born)]).any():
            shift = np.zeros(len(lanes), np.int64)
            shift[len(self._alive) : living] = born - births[: len(born)]
            paths.time += shift[paths.lane]
        steps = self._leave(lanes, paths, living, first, end)
        self._spawned += len(born)
        self._adapt(len(steps), end - first, len(born))
        return steps

    def _candidates(self, end: int) -> tuple[Integers, Integers]:
        """Give when the next workers are born if the limit does not hold them back, before ``end``, and their gaps."""
        workers = np.arange(self._spawned, self._spawned + self._newcomers)
        keys = draw.numbered(draw.worker_keys(self._seed, workers), np.zeros(1, np.int64))
        gaps = _nanoseconds(self._plan.spec.interarrival.real(draw.bits(keys, self._gap_purpose)))
        births = self._due + np.concatenate([[0], _running_sum(gaps[:-1])])
        count = int(np.searchsorted(births, end))
        return births[:count], gaps[:count]

    def _with_newcomers(self, births: Integers) -> _Lanes:
        alive = self._alive
        workers = np.arange(self._spawned, self._spawned + len(births))
        zeros = np.zeros(len(births), np.int64)
        return _Lanes(
            np.concatenate([alive.worker, workers]),
            np.concatenate([alive.key, draw.worker_keys(self._seed, workers)]),
            np.concatenate([alive.step, zeros]),
            np.concatenate([alive.state, zeros.astype(np.int32)]),
            np.concatenate([alive.time, births]),
            [np.concatenate([stored, zeros]) for stored in alive.stored],
        )

    def _paths(self, lanes: _Lanes, first: int, end: int) -> tuple[_Paths, int]:
        """Let the lanes whose next step is in the window walk to its end, which is moved up when that is too far."""
        lane = np.flatnonzero((lanes.time < end) & (lanes.state < self._stop))
        key, step, state, time = lanes.key[lane], lanes.step[lane], lanes.state[lane], lanes.time[lane]
        rank = np.zeros(len(lane), np.int64)
        pieces = []
        elements = 0
        while len(lane):
            length = int(max(1, min(self._pace, _MOST_ELEMENTS // len(lane))))
            states, times, keys = self._block(key, step, state, time, length)
            there = np.ones(states.shape, bool)
            np.logical_and(states[:-1] < self._stop, times[:-1] < end, out=there[1:])
            goes_on = there[-1] & (states[-1] < self._stop) & (times[-1] < end)
            there[-1] &= ~goes_on
            taken = np.flatnonzero(there)
            ranks = (rank + np.arange(length + 1)[:, None]).ravel()
            lanes_of = np.tile(lane, length + 1)
            pieces.append((lanes_of[taken], ranks[taken], states.ravel()[taken], times.ravel()[taken], keys.ravel()[taken]))
            on = np.flatnonzero(goes_on)
            lane, key, rank, step = lane[on], key[on], rank[on] + length, step[on] + length
            state, time = states[-1, on], times[-1, on]
            elements += states.size
            if elements > 4 * _MOST_ELEMENTS and len(time) and time.min() > first:
                end = int(time.min())
                pieces.append((lane, rank, state, time, draw.numbered(key, step)))
                break
        return _placed(pieces, len(lanes)), end

    def _block(
        self, key: Keys, step: Integers, state: npt.NDArray[np.int32], time: Integers, length: int
    ) -> tuple[npt.NDArray[np.int32], Integers, Keys]:
        """Walk lanes on by a number of steps; give states, times and row keys of steps 0..length, (length + 1, lanes)."""
        keys = draw.numbered(key, step + np.arange(length + 1)[:, None])
        rows = self._plan.transitions.rows(draw.bits(keys[:-1], self._transition_purpose))
        states = np.empty(keys.shape, np.int32)
        states[0] = state
        for number in range(length):
            states[number + 1] = self._plan.transitions.follow(rows[number], states[number])
        delays = self._delays(keys[:-1], states[:-1])
        times = np.empty(keys.shape, np.int64)
        times[0] = time
        times[1:] = time + _running_sum(delays)
        return states, times, keys

    def _delays(self, keys: Keys, states: npt.NDArray[np.int32]) -> Integers:
        delays = np.zeros(states.size)
        flat_states, flat_keys = states.ravel(), keys.ravel()
        for distribution, factors in self._plan.delays:
            one = len(self._plan.delays) == 1
            chosen = slice(None) if one else np.flatnonzero(factors[flat_states])
            random = draw.bits(flat_keys[chosen], self._delay_purpose)
            delays[chosen] = factors[flat_states[chosen]] * distribution.real(random)
        return _nanoseconds(delays).reshape(states.shape)

    def _stop_times(self, lanes: _Lanes, paths: _Paths) -> Integers:
        """Give when each lane stops, as far as that is known."""
        times = np.where(lanes.state == self._stop, lanes.time, NEVER)
        stops = np.flatnonzero(paths.state == self._stop)
        times[paths.lane[stops]] = paths.time[stops]
        return times

    def _admit(self, births: Integers, gaps: Integers, stops: Integers, end: int) -> tuple[Integers, int]:
        """Let newcomers in under the limit; give their births, and where the window ends for want of more newcomers."""
        if not len(births):
            return births, end
        old = len(self._alive)
        lives = stops[old:] - births
        # Those who stop at birth count until 1 ns later: this test may then refuse, but never lets one in too many.
        ends = np.sort(np.concatenate([stops[:old], np.maximum(stops[old:], births + 1)]))
        occupied = old + np.arange(len(births)) - np.searchsorted(ends, births, "right")
        if (occupied < self._most).all():
            self._due = int(births[-1] + gaps[-1])
            return births, min(end, self._due + 1)
        return self._admit_one_by_one(gaps, stops[:old], np.where(stops[old:] < end, lives, NEVER), end)

    def _admit_one_by_one(self, gaps: Integers, stops: Integers, lives: Integers, end: int) -> tuple[Integers, int]:
        """The rule of the limit, word for word; about 0.4 µs a worker."""
        places = self._most - len(self._alive)
        ends = np.sort(stops[stops < end]).tolist()
        born: list[int] = []
        due = self._due
        for gap, life in zip([*gaps.tolist(), 0], [*lives.tolist(), 0], strict=True):
            while ends and ends[0] <= due:
                heapq.heappop(ends)
                places += 1
            if not places:
                if not ends:
                    break
                due = heapq.heappop(ends)
                places = 1
            if due >= end:
                break
            if len(born) == len(gaps):
                end = due + 1
                break
            born.append(due)
            places -= 1
            if due + life < end:
                heapq.heappush(ends, due + life)
            due += gap
        self._due = due
        return np.array(born, np.int64), end

    def _leave(self, lanes: _Lanes, paths: _Paths, living: int, first: int, end: int) -> Steps:
        """Take the steps before the end out of the paths, in time order, and keep where everyone is then."""
        old = paths.time < end
        past = np.flatnonzero(old if living == len(lanes) else old & (paths.lane < living))
        below = np.bincount(paths.lane[past], minlength=living)
        taken = past[paths.state[past] < self._stop]
        order = _time_order(paths.time[taken], paths.place[taken], first, end)
        rows = paths.at[order]
        lane = paths.lane[rows]
        after, before, stored = self._sources(lanes, paths, below, order, living)
        steps = Steps(
            paths.time[rows],
            lanes.worker[lane],
            lanes.step[lane] + paths.rank[rows],
            paths.state[rows],
            paths.key[rows],
            after,
            before,
        )
        counts = paths.counts[:living]
        waits = (lanes.time[:living] >= end) | (lanes.state[:living] < self._stop)
        survives = np.where(counts > 0, below < counts, waits)
        moved = np.flatnonzero((counts > 0) & survives)
        front = paths.at[paths.starts[moved] + below[moved]]
        lanes.state[moved], lanes.time[moved] = paths.state[front], paths.time[front]
        lanes.step[moved] += below[moved]
        left = np.flatnonzero(survives)
        self._alive = _Lanes(
            lanes.worker[left],
            lanes.key[left],
            lanes.step[left],
            lanes.state[left],
            lanes.time[left],
            [places[left] for places in stored],
        )
        return self._with_keep(steps)

    def _sources(
        self, lanes: _Lanes, paths: _Paths, below: Integers, order: Integers, living: int
    ) -> tuple[tuple[Integers, ...], tuple[Integers | None, ...], list[Integers]]:
        """Give, for each variable group, where the values are that were set last on each step, before it, by each lane.

        ``order`` has the places of the steps, in time order.
        """
        befores: list[Integers | None] = []
        afters, stored = [], []
        walked = np.flatnonzero(below)
        last_step = paths.starts[walked] + below[walked] - 1
        for group, sets in enumerate(self._plan.sets_group):
            old = lanes.stored[group][:living]
            source = np.zeros(len(paths.lane), np.int64)
            setting = order if sets[: self._stop].all() else order[sets[paths.state[paths.at[order]]]]
            source[setting] = np.arange(self._sizes[group], self._sizes[group] + len(setting))
            self._sizes[group] += len(setting)
            if setting is not order:
                # What was stored before the window is at the first step of a lane that does not set it.
                begins = paths.starts[walked]
                begins_unset = source[begins] == 0
                source[begins[begins_unset]] = -1 - old[walked[begins_unset]]
                last = np.where(source != 0, np.arange(len(source)), 0)
                np.maximum.accumulate(last, out=last)
                source = source[last]
                source = np.where(source < 0, -1 - source, source)
            befores.append(None)
            if group in self._plan.former_groups:
                before = np.concatenate([[0], source[:-1]])
                before[paths.starts[walked]] = old[walked]
                befores[group] = before[order]
            now = old.copy()
            now[walked] = source[last_step]
            afters.append(source[order])
            stored.append(now)
        return tuple(afters), tuple(befores), stored

    def _with_keep(self, steps: Steps) -> Steps:
        """Say which stored values nobody needs any more, once they are many."""
        keep: list[Integers | None] = []
        for group, size in enumerate(self._sizes):
            if size <= 2 * len(self._alive) + _STALE:
                keep.append(None)
                continue
            places, number = np.unique(np.append(self._alive.stored[group], 0), return_inverse=True)
            self._alive.stored[group] = number[:-1]
            self._sizes[group] = len(places)
            keep.append(places)
        return Steps(
            steps.time, steps.worker, steps.step, steps.state, steps.keys, steps.after, steps.before, tuple(keep)
        )

    def _adapt(self, rows: int, span: int, born: int) -> None:
        """Choose the next window's size from what this one held."""
        wanted = max(_FEWEST_ROWS, len(self._alive) // 4)
        growth = min(max(wanted / max(rows, 1), 0.25), 4.0)
        self._span = int(min(max(span * growth, 1), NEVER))
        newcomers = 2 * born if born == self._newcomers else born + born // 4 + 1
        self._newcomers = min(newcomers, _MOST_ELEMENTS)
        self._pace = max(1.0, min(rows / max(len(self._alive) + born, 1), _MOST_ELEMENTS))


def _nanoseconds(seconds: Floats) -> Integers:
    """Round times to whole nanoseconds; below 0 counts as 0, and what is beyond all time is never."""
    return np.rint(np.minimum(np.maximum(seconds * 1e9, 0), NEVER)).astype(np.int64)


def _running_sum(values: Integers) -> Integers:
    """Sum along the first axis; what exceeds all time stays at never."""
    sums = np.cumsum(values, axis=0)
    if values.size and int(values.max()) > NEVER // len(values):
        sums[np.cumsum(values.astype(np.float64), axis=0) >= NEVER] = NEVER
    return sums


def _time_order(time: Integers, place: Integers, first: int, end: int) -> Integers:
    """Give the places of rows in order of (time, place).

    Both are packed into one integer and sorted: 7 ns a row, sorting by two keys takes more than 90.
    """
    bits = int(place.max(initial=0)).bit_length()
    if (end - first) >> (63 - bits):
        return place[np.lexsort((place, time))]
    packed = ((time - first) << bits) | place
    packed.sort()
    return packed & ((1 << bits) - 1)


def _placed(pieces: list[tuple[npt.NDArray[np.generic], ...]], lanes: int) -> _Paths:
    nothing = np.zeros(0, np.int64)
    empty = (nothing, nothing, nothing.astype(np.int32), nothing, nothing.astype(np.uint64))
    lane, rank, state, time, key = (np.concatenate(parts) for parts in zip(empty, *pieces, strict=True))
    counts = np.bincount(lane, minlength=lanes)
    starts = np.cumsum(counts) - counts
    place = starts[lane] + rank
    at = np.empty_like(place)
    at[place] = np.arange(len(place))
    return _Paths(lane, rank, state, time, key, counts, starts, place, at)
