"""A source of arrivals in a run: when its workers come due, many times in advance, as the compiled walk reads it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from datagen.clock import NEVER
from datagen.draw import Floats, Integers, Keys, numbered
from datagen.engine.birth import Batches
from datagen.engine.rhythm import Rhythm
from datagen.plugin.arrival import BLOCK, OPEN, Arrival, Scope, TurnedAway, Unreadable

# As the struct in datagen/native/sources.pxd.
_NUMBERS = ("due", "until", "number", "total", "alive", "outside", "most")
_SMALL = ("awaited", "is_kept", "counts_from_birth", "when_full", "state", "turned", "pace", "crowd")
SOURCE = np.dtype(
    [*((name, "i8") for name in _NUMBERS), ("key", "u8"), ("first", "i8"), ("known", "i8")]
    + [(name, "i4") for name in _SMALL],
    align=True,
)
WAITS, DROPPED, TURNED = range(3)  # what becomes of who comes due when no place is free, as the walk has it


class Steady:
    """Base time that runs as time does."""

    def __init__(self, begin: int) -> None:
        self._begin = begin

    def times(self, base: Integers) -> Integers:
        return np.minimum(base, NEVER - self._begin) + self._begin

    def elapsed(self, time: int) -> int:
        return time - self._begin

    def factor(self, times: Integers) -> Floats:
        return np.ones(len(times))

    @property
    def stops(self) -> int:
        return NEVER


class Queue:
    """The workers of a source in the order in which they come due."""

    def __init__(self, source: Arrival, scope: Scope, keeps_batches: bool) -> None:
        """Take a source, what it knows of its run, and whether ``batches`` will be asked for."""
        self.batches = Batches(lambda instants: source.batches(instants, scope)) if keeps_batches else None
        self._source = source
        self._scope = scope
        self._stream = source.stream(scope)
        self._instant = 0  # number of the next one
        self._block = self._returned = np.zeros(0, np.int64)
        self._used = 0  # of the block
        self._fetched = self._stream.snapshot(), 0  # before the block

    def take(self, most: int) -> Integers:
        """Return when the next workers come due, or the gaps between them, in ns; (n,), at least one of them.

        When there are no more, it is ``NEVER``.
        """
        if len(self._returned):
            taken, self._returned = self._returned[:most], self._returned[most:]
            return taken
        if self._used == len(self._block):
            self._fetch()
        taken = self._block[self._used : self._used + most]
        self._used += len(taken)
        return taken

    @property
    def unreadable(self) -> Unreadable | None:
        """Return what the source has left out since it could not be read."""
        return self._stream.unreadable

    def give_back(self, taken: Integers) -> None:
        """Take back what was taken last."""
        self._returned = np.concatenate([taken, self._returned])

    def snapshot(self) -> Any:
        batches = None if self.batches is None else self.batches.snapshot()
        return [*self._fetched, self._used, self._returned, batches]

    def restore(self, snapshot: Any) -> None:
        state, self._instant, used, self._returned, batches = snapshot
        self._stream.restore(state)
        self._fetch()
        if self.batches is not None:
            self.batches.restore(batches)
        self._used = used

    def _fetch(self) -> None:
        """Make the next block of workers."""
        self._used = 0
        self._fetched = self._stream.snapshot(), self._instant
        while len(instants := self._stream.more()):
            numbers = np.arange(self._instant, self._instant + len(instants))
            self._instant += len(instants)
            self._block = self._source.workers(instants, numbers, self._scope)
            if len(self._block):
                if self.batches is not None:
                    self.batches.add(self._block)
                return
            self._fetched = self._stream.snapshot(), self._instant
        self._block = np.array([NEVER])


class Source:
    """A source in a run. Its row of a table, (1,) of SOURCE, and its times are what the walk reads, and counts in."""

    def __init__(
        self,
        declared: Arrival,
        scope: Callable[[int], Scope],
        row: npt.NDArray[Any],
        times: Integers,
        rhythm: Rhythm | None,
        keeps_batches: bool,
    ) -> None:
        """Take what makes its scope when it begins, what its gaps run at, if that is not time itself, and whether
        ``batches`` will be asked for.
        """
        self.declared = declared
        self._scope = scope
        self._row, self._times = row, times
        self._rhythm = rhythm
        self._keeps_batches = keeps_batches and declared.in_batches and not declared.measures
        self._begun: int | None = None
        self._queue: Queue
        self._targets: list[tuple[int, int]] = []  # to come
        row["due"] = row["until"] = NEVER
        row["total"] = declared.most or NEVER
        row["key"] = scope(0).key("worker")
        row["pace"] = -1
        self._open()

    @property
    def is_over(self) -> bool:
        """Return whether nobody comes any more and nobody is left."""
        row = self._row
        return self._begun is not None and row["due"][0] == NEVER and row["alive"][0] + row["outside"][0] == 0

    @property
    def left_out(self) -> int:
        """Return how many of its times lie before its begin or the start."""
        return 0 if self._begun is None else self.declared.left_out(self._scope(self._begun))

    @property
    def unreadable(self) -> Unreadable | None:
        """Return what it has left out since it could not be read."""
        return None if self._begun is None else self._queue.unreadable

    @property
    def is_awaited(self) -> bool:
        """Return whether another source waits for this one to be over."""
        return bool(self._row["awaited"][0])

    @is_awaited.setter
    def is_awaited(self, is_awaited: bool) -> None:
        self._row["awaited"] = is_awaited

    @property
    def known(self) -> Integers:
        """Return the numbers of the workers, (n,), about whose followers the walk knows."""
        first, known = self._row["first"][0], self._row["known"][0]
        return np.arange(first, first + known)

    @property
    def known_keys(self) -> Keys:
        """Return their keys, (n,)."""
        return numbered(self._row["key"][0], self.known)

    @property
    def next_change(self) -> int:
        """Return when another number of its workers is kept alive, in ns since the start."""
        return self._targets[0][0] if self._targets else NEVER

    @property
    def turns(self) -> bool:
        """Return whether the next change is one from a rate to a number of workers alive, or back."""
        numbers = [number for at, number in self._targets if at == self._targets[0][0]]  # of these the last one counts
        return bool(numbers) and (numbers[-1] == OPEN) == bool(self._row["is_kept"][0])

    def begin(self, at: int) -> None:
        """Begin at a time, in ns since the start."""
        scope = self._scope(at)
        self._begun = at
        self._queue = Queue(self.declared, scope, self._keeps_batches)
        self._targets = self.declared.targets(scope)
        if self.declared.counts_from_birth:
            self._come(max(at, 0))
        else:
            self._come_next()

    def end(self, at: int) -> None:
        """Let nobody come due any more from a time on."""
        self._row["until"] = at
        self._come(int(self._row["due"][0]))

    def supply(self) -> None:
        """Give the walk more times."""
        if self._row["is_kept"][0]:
            self._give(np.zeros(len(self._times), np.int64))  # a place that falls free is filled at once
        else:
            self._give(self._queue.take(len(self._times)))

    def reach(self, since: int, gap: int) -> None:
        """Find out when the next worker comes due, a gap of base time after a time up to which its pace is known."""
        assert self._rhythm is not None, "a pace of its own"
        while (due := self._rhythm.core.over(since, gap)) < 0:
            self._rhythm.extend(since)
        self._come(due)

    def change(self, now: int) -> None:
        """Keep another number of workers alive from now on, if it is time."""
        is_open = not self._row["is_kept"][0]
        number: int | None = None
        while self._targets and self._targets[0][0] <= now:
            number = self._targets.pop(0)[1]
        if number is None or now >= self._row["until"][0]:
            return
        if number != OPEN:
            if is_open:
                self._close(now)
            self._row["most"] = min(number, self.declared.max_workers or NEVER)
        elif not is_open:
            self._open()
            self._come_next()

    def batches(self, workers: Integers) -> Integers:
        """Return what ``Births`` has of the batches of workers (n,), (n, 3); 0 of those who are of none."""
        if self._begun is None or self._queue.batches is None:
            return np.zeros((len(workers), 3), np.int64)
        return self._queue.batches.of(workers)

    def forget(self) -> None:
        """Forget the batches whose workers are all born."""
        if self._begun is not None and self._queue.batches is not None:
            self._queue.batches.forget(int(self._row["number"][0]))

    def snapshot(self) -> list[Any]:
        """Return where it is, for ``restore``; its row is kept elsewhere."""
        if self._begun is None:
            return []
        return [self._begun, len(self._targets), self._ahead(), *self._queue.snapshot()]

    def restore(self, snapshot: list[Any]) -> None:
        """Go on from where a snapshot was taken, with the row as it was then."""
        if not snapshot:
            return
        self._begun, left, ahead, *queue = snapshot
        scope = self._scope(snapshot[0])
        self._queue = Queue(self.declared, scope, self._keeps_batches)
        self._queue.restore(queue)
        targets = self.declared.targets(scope)
        self._targets = targets[len(targets) - left :]
        self._give(ahead)

    def _come_next(self) -> None:
        """Let the next worker of the queue come due, of those who do so after the start, and after its begin."""
        taken = self._queue.take(BLOCK)
        first = max(self._begun or 0, 0)
        while taken[-1] < first:
            self._row["number"] += len(taken)
            taken = self._queue.take(BLOCK)
        early = int(np.searchsorted(taken, first))
        self._row["number"] += early
        due = int(taken[early])
        self._queue.give_back(taken[early + 1 :])
        self._row["known"] = 0
        self._row["first"] = self._row["number"]
        self._come(due)

    def _come(self, due: int) -> None:
        row = self._row
        row["due"] = due if due < row["until"][0] and row["number"][0] < row["total"][0] else NEVER

    def _give(self, times: Integers) -> None:
        self._times[: len(times)] = times
        self._row["first"], self._row["known"] = self._row["number"], len(times)

    def _ahead(self) -> Integers:
        """Return the times that the walk knows and has not used up."""
        row = self._row[0]
        return self._times[row["number"] - row["first"] : row["known"]].copy()

    def _open(self) -> None:
        """Let workers come as its instants say."""
        rule = self.declared.when_full
        row = self._row
        row["is_kept"], row["counts_from_birth"] = False, self.declared.counts_from_birth
        row["most"] = self.declared.max_workers or NEVER
        row["when_full"] = TURNED if isinstance(rule, TurnedAway) else DROPPED if rule == "drop" else WAITS

    def _close(self, now: int) -> None:
        """Let workers come whenever a place is free."""
        self._queue.give_back(np.concatenate([self._row["due"], self._ahead()]))
        self._row["is_kept"] = self._row["counts_from_birth"] = True
        self._row["when_full"] = WAITS
        self._row["known"] = 0
        self._row["first"] = self._row["number"]
        self._come(now)
