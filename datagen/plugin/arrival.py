"""What a source of arrivals is: when workers come due, and what they are born as.

A source says at which instants workers come due. How many at each, for how long, and what becomes of them under a limit
is the same for all kinds.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Protocol, Self

import numpy as np
from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from datagen import draw
from datagen.clock import NEVER
from datagen.draw import Floats, Integers, Keys
from datagen.moment import Moment
from datagen.plugin.dimension import AnyDimension, Dimension
from datagen.plugin.distribution import MOST_ITEMS, Distribution, check_length, check_whole
from datagen.plugin.incident import Stretches
from datagen.plugin.instant import At, Instant
from datagen.plugin.model import Model, Plugin, each_of, invalid, make_of_group
from datagen.plugin.profile import AnyProfile
from datagen.plugin.recording import Recorded, Recording
from datagen.plugin.week import Week
from datagen.problems import Path_, RunFailed, show
from datagen.records.reference import Reference
from datagen.zone import Zone

BLOCK = 2048  # instants that are computed at once,
MOST_AT_ONCE = 2**18  # or fewer, with so many workers together
_ONE = 2**20  # parts of a worker
_MOST_EMPTY = 10_000_000  # batches in a row, which take some seconds to look through
WORKER, BATCH = "worker", "batch"  # what expressions read of a birth,
BATCHES = ("number", "index", "size")  # and inside of a batch
OPEN = -1  # in place of a number of workers kept alive: their instants say when workers come


class Pace(Protocol):
    """Base time from the begin of a source."""

    def times(self, base: Integers) -> Integers:
        """Return when base times (n,), in ns, ascending, are over, in ns since the start; ``NEVER`` when never."""

    def elapsed(self, time: int) -> int:
        """Return the base time at a time, in ns."""

    def factor(self, times: Integers) -> Floats:
        """Return the factors of the profile (n,) at times (n,), in ns since the start."""

    @property
    def stops(self) -> int:
        """Return from when on base time is known to stand still for ever, in ns; ``NEVER`` where it is not."""


@dataclass(frozen=True)
class Scope:
    """What a source may know of its run. Times are ns of the simulation."""

    seed: int
    path: str  # the name path of its draws
    start: Moment
    zero: int  # µs since 1970: when the simulation begins, at the start or before
    zone: Zone
    begin: int  # its base time, beats and periods count from here
    until: int  # ``NEVER`` where that is not known
    pace: Pace
    incidents: Mapping[str, Stretches]
    scale: float = 1.0  # so many times more workers
    # Bytes of the records of workers by their numbers (n,), born at times (n,), of a source that ``measures``.
    lengths: Callable[[Integers, Integers], Integers] | None = None
    recording: Recording | None = None  # what it plays

    def key(self, what: str) -> np.uint64:
        """Return the key of draws for something."""
        return draw.purpose_key(self.seed, f"{self.path}{what}")

    def rows(self, numbers: Integers) -> Keys:
        """Return the row keys of workers, or of instants, by their numbers (n,)."""
        return draw.numbered(draw.numbered(self.key("worker"), numbers), np.zeros(len(numbers), np.int64))

    def counts(self, count: int | Distribution, what: str, numbers: Integers) -> Integers:
        """Return how many of something there are, by numbers (n,)."""
        if isinstance(count, int):
            return np.full(len(numbers), count)
        return count.length(self.rows(numbers), self.key(what))

    def units(self, what: str, numbers: Integers) -> Floats:
        """Draw numbers in [0, 1) for something, by numbers (n,)."""
        return draw.unit(draw.bits(self.rows(numbers), self.key(what)))


@dataclass(frozen=True)
class Unreadable:
    """What of a file could not be played, as far as it was read."""

    count: int
    first: tuple[int, ...]  # numbers of the first ones,
    unit: str  # which are such as lines


class Stream(ABC):
    """The instants of a source, in order, block by block. Where blocks are cut never changes an instant."""

    @property
    def unreadable(self) -> Unreadable | None:
        """Return what it has left out since it could not be read, if there is any."""
        return None

    @abstractmethod
    def more(self) -> Integers:
        """Return the next instants, (n,), ns since the start, ascending; none when there are none any more."""

    @abstractmethod
    def snapshot(self) -> Any:
        """Return where it is, for ``restore``."""

    @abstractmethod
    def restore(self, snapshot: Any) -> None:
        """Go on from where a snapshot was taken."""


class Counted(Stream):
    """Instants that follow from their numbers alone."""

    def __init__(self, times: Callable[[Integers], Integers], total: int | None = None) -> None:
        """Take what returns the instants of numbers (n,), which ascend, and how many there are, if they end."""
        self._times, self._total = times, NEVER if total is None else total
        self._next = 0

    def more(self) -> Integers:
        numbers = np.arange(self._next, min(self._next + BLOCK, self._total))
        self._next += len(numbers)
        return self._times(numbers) if len(numbers) else numbers

    def snapshot(self) -> int:
        return self._next

    def restore(self, snapshot: int) -> None:
        self._next = snapshot


class Batches(Stream):
    """Batches of workers, one each period, whose sizes follow from their numbers."""

    def __init__(
        self, scope: Scope, first: int, period: int, times: int | None, round_: Callable[[Floats], Floats]
    ) -> None:
        """Take when the first is and how far they are apart, in ns, how many there are if they end, and how a size is
        made whole.
        """
        self._round = round_
        self.scope, self._first, self._period = scope, first, period
        self._total = min(
            NEVER if times is None else times, max(min(scope.until, scope.pace.stops) - first - 1, -1) // period + 1
        )
        self._next = 0
        self._carried = 0  # parts of a worker

    @abstractmethod
    def sizes(self, numbers: Integers, begins: Integers) -> Floats:
        """Return the sizes of batches (n,), not yet whole, by their numbers (n,) and when they begin (n,)."""

    def instants(self, numbers: Integers, begins: Integers, sizes: Integers) -> Integers:
        """Return the instants of the workers in batches (n,), ascending."""
        return np.repeat(begins, sizes)

    def more(self) -> Integers:
        empty = 0  # batches in a row
        while len(numbers := np.arange(self._next, min(self._next + BLOCK, self._total))):
            begins = self._first + numbers * self._period
            sizes, carried = self._whole(self.sizes(numbers, begins))
            used = max(int(np.searchsorted(np.cumsum(sizes), MOST_AT_ONCE, "right")), 1)
            self._next, self._carried = self._next + used, int(carried[used - 1])
            if sizes[:used].any():
                return self.instants(numbers[:used], begins[:used], sizes[:used])
            empty += used
            none_left(empty)
        return numbers

    def _whole(self, sizes: Floats) -> tuple[Integers, Integers]:
        """Return whole sizes (n,), and how much of a worker is carried on behind each (n,): only where it is scaled."""
        if self.scope.scale == 1:
            return self._round(sizes).astype(np.int64), np.zeros(len(sizes), np.int64)
        sums = self._carried + np.cumsum(np.rint(sizes * self.scope.scale * _ONE).astype(np.int64))
        return np.diff(sums // _ONE, prepend=0), sums % _ONE

    def snapshot(self) -> list[int]:
        return [self._next, self._carried]

    def restore(self, snapshot: list[int]) -> None:
        self._next, self._carried = snapshot


def none_left(empty: int) -> None:
    """Raise RunFailed when so many batches without a worker follow one another that there is hardly ever one."""
    if empty > _MOST_EMPTY:
        raise RunFailed(f"looking for the next worker of a source: {empty} batches in a row have none")


def count_of(value: Any, info: Any) -> Any:
    """Return how many workers JSON says: a number, or a distribution. Raises ValueError when it is neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= MOST_ITEMS:
            raise ValueError(f"must be a whole number from 1 to {MOST_ITEMS}, or a distribution, found {show(value)}")
        return value
    if isinstance(value, float):
        raise ValueError(f"must be a whole number or a distribution, found {show(value)}")
    found: Distribution = check_length(check_whole(make_of_group("distribution", value, info)))
    if found.bounds().most < 1:
        raise ValueError("is never above 0, so there would never be a worker")
    return found


# How many workers: a number, or a distribution.
Count = Annotated[
    int | Distribution,
    PlainValidator(count_of),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": MOST_ITEMS}, {"group": "distribution"}]}),
]


class After(Model):
    """The time at which another source is through and its last worker has stopped."""

    after: str = Field(description="the name of that source")


class TurnedAway(Model):
    """What becomes of workers for whom no place is free."""

    state: str = Field(description="the state that they are born in, outside of the limit")


class Arrival(Plugin):
    """When workers come, and as what."""

    group: ClassVar[str] = "arrival"
    counts_from_birth: ClassVar[bool] = False  # its instants are gaps, each counted from the birth before it
    has_own_times: ClassVar[bool] = False  # which a volume does not change
    beats: ClassVar[bool] = False  # its workers come in batches, at distances from its begin that are known
    in_batches: ClassVar[bool] = False  # several workers at an instant are a batch, which expressions may read

    name: str | None = Field(None, min_length=1, description="name of the source; required where there are several")
    state: str | None = Field(None, description="the state that its workers begin in; the first without it")
    variables: list[AnyDimension] = Field([], description="variables that its workers have from birth on")
    from_: Instant | After | None = Field(
        None, alias="from", description='when it begins; the start without it; {"after": source} when that one is over'
    )
    until: Instant | After | None = Field(None, description="from when on nobody comes due any more")
    most: int | None = Field(None, ge=1, description="so many workers come due, then it is through")
    count: Count = Field(1, description="workers at each instant")
    max_workers: int | None = Field(None, ge=1, description="most of its workers alive at once")
    when_full: Literal["wait", "drop"] | TurnedAway = Field(
        "wait",
        description="what becomes of who comes due when no place is free: born when one is (wait), never (drop), or "
        'born elsewhere ({"state": name})',
    )

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        begin, end = self.from_, self.until
        if isinstance(begin, At) and isinstance(end, At) and begin.form == end.form and begin.place >= end.place:
            raise invalid("arrival", [(("until",), 'must be after "from"')])
        return self

    @property
    def never_waits(self) -> bool:
        """Return whether no time can pass from one worker to the next, for ever."""
        return False

    @property
    def measures(self) -> bool:
        """Return whether it has to know how long the records of its workers are."""
        return False

    @property
    def includes_until(self) -> bool:
        """Return whether somebody may still come due at ``until`` itself."""
        return False

    def waits_for(self) -> set[str]:
        """Return the names of the sources whose end it begins or ends at."""
        return {at.after for at in (self.from_, self.until) if isinstance(at, After)}

    @property
    def recorded(self) -> list[Recorded]:
        """Return the variables whose values it plays; its own ``variables`` may be made of them."""
        return []

    @property
    def at_birth(self) -> list[Dimension]:
        """Return the variables that its workers have from birth on, in the order in which they are set."""
        return [*self.recorded, *self.variables]

    def plays(self, columns: Callable[[str], list[str]]) -> list[str]:
        """Return the names of these; ``columns`` returns those of the columns of a table."""
        return [dimension.name for dimension in self.recorded]

    def tables(self) -> Iterator[tuple[Path_, str, str | None]]:
        """Yield the tables whose rows it takes, each with its path from here, and the column if it needs one."""
        return iter(())

    def bound(self, tables: Mapping[str, Reference]) -> Self:
        """Return it with the rows of the tables in place of their names. Raises TableProblem when they don't fit."""
        return self

    def recording(self, start: Moment, zero: int, zone: Zone) -> Recording | None:
        """Return what it plays in a run whose simulation begins at ``zero`` (µs since 1970), if it plays something."""
        return None

    @property
    def kept_alive(self) -> float:
        """Return how many workers are kept alive on average."""
        return 0.0

    @property
    def altogether(self) -> float | None:
        """Return how many workers there are of it, however long a run is; None when there are ever more."""
        return self.most

    @property
    def lasts(self) -> int | None:
        """Return how long after its begin it is through, in ns; None when it goes on."""
        return None

    def expected(self, times: Integers, scope: Scope) -> Floats | None:
        """Return how many instants are expected from its begin up to times (n,), in ns from then on; None: by its rate.

        None is right where the rate of an ordinary week holds at all times.
        """
        return None

    @abstractmethod
    def stream(self, scope: Scope) -> Stream:
        """Return its instants in a run."""

    def batches(self, instants: Integers, scope: Scope) -> Integers:
        """Return the numbers of the batches at instants (n,), if it is ``in_batches``."""
        raise NotImplementedError

    def rates(self, scope: Scope, week: Week) -> Floats:
        """Return how many instants a second there are on average in each minute of an ordinary week, (MINUTES,).

        ``from``, ``until`` and ``most`` don't count. It is 0 where there are only so many of them altogether.
        ``scope`` is that of a run that starts with the week.
        """
        return week.counted(self.stream(scope).more)

    def left_out(self, scope: Scope) -> int:
        """Return how many times that it was given lie before its begin or the start."""
        return 0

    def targets(self, scope: Scope) -> list[tuple[int, int]]:
        """Return from when on, in ns since the start, ascending, how many workers are kept alive, or ``OPEN``.

        None of it for a source whose instants always say when workers come.
        """
        return []

    def workers(self, instants: Integers, numbers: Integers, scope: Scope) -> Integers:
        """Return the instant of each worker, of instants (n,) with their numbers (n,)."""
        if self.count == 1:
            return instants
        counts = scope.counts(self.count, "count", numbers)
        if not self.counts_from_birth:
            return np.repeat(instants, counts)
        counts = np.maximum(counts, 1)
        gaps = np.zeros(int(counts.sum()), np.int64)
        gaps[np.cumsum(counts) - 1] = instants  # the gap follows the last of an instant
        return gaps


class Paced(Arrival):
    """A source whose pace may change with the time."""

    profile: AnyProfile | None = Field(
        None,
        description="how fast the clock of the source runs, by the time: a name of `profiles`, a profile, a number, or "
        "a list of these, which are multiplied",
    )


def _arrivals(value: Any, info: Any) -> Any:
    if isinstance(value, list) and not value:
        raise ValueError("must not be empty")
    if isinstance(value, list | tuple):
        return each_of(value, lambda part: make_of_group("arrival", part, info))
    return make_of_group("arrival", value, info)


_ANY: dict[str, Any] = {"group": "arrival"}
# One source, or several.
AnyArrivals = Annotated[
    Arrival | tuple[Arrival, ...],
    PlainValidator(_arrivals),
    WithJsonSchema({"anyOf": [_ANY, {"type": "array", "minItems": 1, "items": _ANY}]}),
]
