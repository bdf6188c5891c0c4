"""Rhythms: profiles at work in a run. How much base time has gone by, and when so much of it will have.

A profile, or a product of several, is evaluated at every whole minute of UTC and on both sides of every jump, made a
fixed-point number there, and linear between (``docs/decisions/0015``). The compiled core has a table of such pieces;
this module lays them, stretch by stretch, as far as they are asked for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from datagen.clock import NEVER, time_left
from datagen.draw import Floats, Integers
from datagen.moment import Moment
from datagen.native import rhythm as core
from datagen.plugin.profile import MOST_FACTOR, Product, Profile, Scope
from datagen.problems import RunFailed, path_part, show
from datagen.zone import DAY, MINUTE, WEEK

# As the struct in datagen/native/rhythm.pxd.
PIECE = np.dtype([("start", "i8"), ("base", "u8"), ("first", "i8"), ("last", "i8")])
_ONE = 2**30  # the factor 1
_DIGITS = 9  # of a factor that is read as a number: 1.1 is 1.1 again, and 10 times it is 11
_FIRST_STRETCH = DAY  # of the first table; each that follows is twice as long,
_LONGEST_STRETCH = 16 * DAY  # up to this where every minute is evaluated,
_LONGEST_FLAT = 128 * DAY  # and up to this where only jumps are
_AHEAD = 32 * DAY * 1000  # ns: as far as that a table is made longer for one span


class Origin(NamedTuple):
    """A time from which base time is counted, and the base time at it, modulo 2**64."""

    begin: int  # ns since the run's start
    mark: int


@dataclass(frozen=True)
class Course:
    """The factor of time that a product of profiles is in a run."""

    members: tuple[tuple[float | Profile, Scope], ...]  # in the order in which they are multiplied

    @classmethod
    def of(cls, product: Product, named: Mapping[str, Product], scope: Scope) -> "Course":
        """Return the course of a product, whose names are those of ``named`` profiles.

        ``scope.path`` is where it stands; what is drawn for a named profile is keyed by its name, wherever it is read.
        """
        return cls(tuple(_members(product, named, scope)))

    @cached_property
    def flat(self) -> bool:
        """Return whether the factor stays the same from one jump to the next."""
        return all(member.flat for member, _ in self._profiles)

    @property
    def _profiles(self) -> list[tuple[Profile, Scope]]:
        return [(member, scope) for member, scope in self.members if isinstance(member, Profile)]

    def factors(self, at: Integers) -> Integers:
        """Return the factors (n,) at times (n,) in µs since 1970, in 2**-30."""
        product = np.ones(len(at))
        for member, scope in self.members:
            product *= _speed(member, at, scope) if isinstance(member, Profile) else member
        return np.rint(np.clip(product, 0.0, MOST_FACTOR) * _ONE).astype(np.int64)

    def jumps(self, begin: int, end: int) -> Integers:
        """Return the times from ``begin`` until ``end`` at which any member may jump, ascending, each once."""
        found = [member.jumps(begin, end, scope) for member, scope in self._profiles]
        return np.unique(np.concatenate([np.zeros(0, np.int64), *found]).astype(np.int64, copy=False))

    @cached_property
    def settled(self) -> int | None:
        """Return from when on the factor is the same for ever, in µs since 1970; None when it may always change."""
        times = [member.settled(scope) for member, scope in self._profiles]
        ends = [
            time
            for time, (member, scope) in zip(times, self._profiles, strict=True)
            if time is not None and member.speed(np.array([time]), scope)[0] <= 0
        ]
        ends += [-NEVER for member, _ in self.members if member == 0]
        ends += [-NEVER] if self._is_silent else []
        ends += [max((time for time in times if time is not None), default=-NEVER)] if None not in times else []
        return min(ends, default=None)

    @property
    def _is_silent(self) -> bool:
        """Return whether the factor is 0 at all times of an ordinary week, and so for ever.

        Looked for in two weeks, one of which has every hour of the wall clock: to go through all time for it in vain
        would take half a minute.
        """
        weekly = [(member, scope) for member, scope in self._profiles if member.weekly]
        if not weekly:
            return False
        begin = weekly[0][1].start.microseconds // MINUTE * MINUTE
        week = Course(tuple(weekly))
        at = np.arange(begin, begin + 2 * WEEK, MINUTE)
        jumps = week.jumps(begin, begin + 2 * WEEK)
        return not week.factors(np.unique(np.concatenate([at, jumps, jumps - 1]))).any()

    @property
    def stops(self) -> int:
        """Return from when on the factor is known to be 0 for ever, in µs since 1970; ``NEVER`` where it is not."""
        return self.settled if self.settled is not None and self.ends_in_zero else NEVER

    @property
    def ends_in_zero(self) -> bool:
        """Return whether the factor is known to be 0 from some time on, for ever."""
        if self.settled is None:
            return False
        sure = max([self.settled, *(scope.start.microseconds for _, scope in self.members)])
        return not self.factors(np.array([sure])).any()

    def pieces(self, begin: int, end: int) -> tuple[Integers, Integers, Integers]:
        """Return pieces from one knot to another: when they begin (n,) with the end behind, and their factors (n,).

        These are the factors at their begin and at their end, in 2**-30. A whole minute or a jump is a knot; a piece
        of whole minutes stands for as many pieces, and has one factor.
        """
        if self.settled is not None and begin >= self.settled:
            at = _with_minutes(np.array([begin, end]))
            factors = np.repeat(self.factors(at[:1]), len(at) - 1)
            return at, factors, factors
        jumps = self.jumps(begin, end + 1)
        ends = np.array([begin, end])
        if self.flat:
            at = _with_minutes(np.concatenate([ends, jumps]))
        else:
            minutes = np.arange(-(-begin // MINUTE) * MINUTE, end, MINUTE)
            at = np.unique(np.concatenate([ends, jumps, minutes]))
        at = at[(at >= begin) & (at <= end)]
        first = self.factors(at)
        if self.flat:
            return at, first[:-1], first[:-1]
        last = first.copy()
        last[np.searchsorted(at, jumps)] = self.factors(jumps - 1)
        return at, first[:-1], last[1:]


def _speed(profile: Profile, at: Integers, scope: Scope) -> Floats:
    """Return the factors of a profile; raises RunFailed when these are not as many numbers as there are times."""
    made = profile.speed(at, scope)
    if (
        isinstance(made, np.ndarray)
        and made.shape == at.shape
        and made.dtype.kind in "fiu"
        and not np.isnan(made).any()
    ):
        return made
    raise RunFailed(f"reading a profile: {profile.kind} must make an array of {len(at)} numbers, and made {show(made)}")


def _with_minutes(at: Integers) -> Integers:
    """Return times with the whole minutes next to them, ascending, each once."""
    return np.unique(np.concatenate([at, at // MINUTE * MINUTE, -(-at // MINUTE) * MINUTE]))


def _members(product: Product, named: Mapping[str, Product], scope: Scope) -> Iterator[tuple[float | Profile, Scope]]:
    """Yield the numbers and profiles of a product; two of a kind draw for different purposes."""
    seen: dict[str, int] = {}
    for member in product.members:
        if isinstance(member, str):
            yield from _members(named[member], named, replace(scope, path=f"profile/{path_part(member)}"))
        elif isinstance(member, Profile):
            number = seen[member.kind] = seen.get(member.kind, -1) + 1
            yield member, replace(scope, path=f"{scope.path}/{member.kind}/{number}" if number else scope.path)
        else:
            yield float(member), scope


class Knot(NamedTuple):
    """A whole minute or a jump, in µs since 1970, and the base time at it."""

    time: int
    base: int


class Rhythm:
    """A course at work: base time, and the table of the compiled core, from a begin to the end of time.

    Times are ns since the run's start, and never before the begin. It belongs to one who asks for ``times`` in order,
    since the table forgets what is behind them.
    """

    def __init__(self, course: Course, start: int, begin: int = 0) -> None:
        """Take a course, the start of the run in µs since 1970, and where the table is to begin, in ns."""
        self._course = course
        self._start = start
        first = (start + begin // 1000) // MINUTE * MINUTE
        self._end = max((start + time_left(Moment(start)) // 1000) // MINUTE * MINUTE, first + MINUTE)
        self._stretch = _FIRST_STRETCH
        self._place(Knot(first, 0))

    def _place(self, knot: Knot) -> None:
        self._next = knot
        self._scout: Rhythm | None = None
        self._pieces = np.zeros(0, PIECE)
        self._lay()
        self.core = core.Rhythm(self._pieces, self.whole)

    @property
    def whole(self) -> bool:
        """Return whether the table reaches to the end of time."""
        return self._next.time >= self._end

    @property
    def ends_in_zero(self) -> bool:
        """Return whether base time is known to stand still from some time on."""
        return self._course.ends_in_zero

    @property
    def stops(self) -> int:
        """Return from when on base time is known to stand still for ever, in ns; ``NEVER`` where it is not."""
        stops = self._course.stops
        return stops if stops == NEVER else (max(stops, self._start) - self._start) * 1000

    def extend(self, keep: int) -> None:
        """Make the table longer; what is before ``keep`` (ns since the run's start) may be forgotten."""
        first = int(np.searchsorted(self._pieces["start"], keep, side="right")) - 1
        self._pieces = self._pieces[max(min(first, len(self._pieces) - 2), 0) :]
        self._lay()
        self.core.take(self._pieces, self.whole)

    def _lay(self) -> None:
        """Lay pieces behind those that there are."""
        end = min(-(-(self._next.time + self._stretch) // MINUTE) * MINUTE, self._end)
        if self._course.settled is not None:
            end = self._end if self._next.time >= self._course.settled else min(end, self._after_settling)
        at, first, last = self._course.pieces(self._next.time, end)
        room = np.empty(len(at), PIECE)
        count, reached = core.lay((at - self._start) * 1000, first, last, room, self._next.base)
        self._next = Knot(reached // 1000 + self._start, int(room["base"][count]))
        self._pieces = np.concatenate([self._pieces[:-1], room[: count + 1]])
        longest = _LONGEST_FLAT if self._course.flat else _LONGEST_STRETCH
        self._stretch = min(2 * self._stretch, longest)

    @property
    def _after_settling(self) -> int:
        """Return the first whole minute from which on the factor is known to be the same for ever."""
        settled = self._course.settled
        assert settled is not None, "a course that is never settled"
        return min(max(-(-settled // MINUTE) * MINUTE, self._next.time + MINUTE), self._end)

    def since(self, begin: int) -> "Since":
        """Return base time counted from a time, in ns; the table must not have forgotten it."""
        return Since(self, Origin(begin, int(self.marks(np.array([begin]))[0])))

    def marks(self, times: Integers) -> npt.NDArray[np.uint64]:
        """Return the base times at times (n,) in ns, counted from anywhere, modulo 2**64; leaves the table as it is."""
        out = np.empty(len(times), np.uint64)
        end = self.core.span()[1]
        is_held = (times <= end) | self.whole
        held = np.empty(int(is_held.sum()), np.uint64)
        self.core.marks(np.minimum(times[is_held], end), held)
        out[is_held] = held
        if not is_held.all():
            out[~is_held] = self._ahead(times[~is_held])
        return out

    def _ahead(self, times: Integers) -> npt.NDArray[np.uint64]:
        """Return the base times at times (n,) behind the table, from one of its own that is kept for the next ones."""
        first, last = int(times.min()), int(times.max())
        if self._scout is None or self._scout.core.span()[0] > first:
            self._scout = Rhythm(self._course, self._start)
            self._scout.restore(self._next._asdict())
        scout = self._scout
        while scout.core.span()[1] < last and not scout.whole:
            scout.extend(first)
        return scout.marks(times)

    def times(self, origin: Origin, base: Integers) -> Integers:
        """Return when base times (n,), ascending, that begin at an origin are over, in ns; ``NEVER`` when never.

        They count modulo 2**64: sums that outgrow 64 bits may go on below 0. The table forgets what is before a time
        that it had not reached.
        """
        out = np.empty(len(base), np.int64)
        done = 0
        while (done := done + self.core.times(*origin, base[done:], out[done:])) < len(base):
            self.extend(self.core.span()[1])  # what comes is behind it
        return out

    def over(self, time: int, span: int) -> int:
        """Return when a span of base time that begins at a time is over, in ns; ``NEVER`` when it never is.

        It is looked for far behind the table, which stays as it is.
        """
        found = self.core.over(time, span)
        if found >= 0:
            return found
        return int(Rhythm(self._course, self._start, time).since(time).times(np.array([span]))[0])

    def reached(self, time: int, span: int) -> int:
        """Return the same, of one who asks in order: the table is made longer where it does not have to be by much."""
        if time >= self.core.span()[1] and not self.whole:
            self.go_to(time)
        while (found := self.core.over(time, span)) < 0 and self.core.span()[1] < time + _AHEAD:
            self.extend(time)
        return found if found >= 0 else self.over(time, span)

    def go_to(self, time: int) -> None:
        """Begin the table at a time, in ns."""
        self._stretch, self._scout, self._pieces = _FIRST_STRETCH, None, np.zeros(0, PIECE)
        self._next = Knot((time // 1000 + self._start) // MINUTE * MINUTE, 0)
        self._lay()
        self.core.take(self._pieces, self.whole)

    def factor(self, times: Integers) -> Floats:
        """Return the factors (n,) at times (n,) in ns, in any order. Leaves the table as it is; any thread may ask."""
        at = times // 1000 + self._start
        out = np.empty(len(at))
        parts = at // _LONGEST_STRETCH
        for part in np.unique(parts).tolist():
            own = parts == part
            begin, end = int(at[own].min()) // MINUTE * MINUTE, int(at[own].max()) // MINUTE * MINUTE + MINUTE
            out[own] = self._between(times[own], *self._course.pieces(begin, end))
        return np.round(out, _DIGITS)

    def _between(self, times: Integers, at: Integers, first: Integers, last: Integers) -> Floats:
        """Return the factors at times (n,), which pieces hold."""
        starts = (at - self._start) * 1000
        place = np.searchsorted(starts, times, side="right") - 1
        share = (times - starts[place]) / (starts[place + 1] - starts[place])
        return (first[place] + (last - first)[place] * share) / _ONE

    def snapshot(self) -> dict[str, Any]:
        """Return where the table begins, for ``restore``."""
        piece = self._pieces[0]
        return {"time": int(piece["start"]) // 1000 + self._start, "base": int(piece["base"])}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Begin the table where another one began, with the same base time."""
        self._stretch = _FIRST_STRETCH
        self._place(Knot(snapshot["time"], snapshot["base"]))


@dataclass(frozen=True)
class Since:
    """Base time from a time on."""

    rhythm: Rhythm
    origin: Origin

    def times(self, base: Integers) -> Integers:
        """Return when base times (n,), in ns, ascending, are over, in ns; ``NEVER`` when they never are."""
        return self.rhythm.times(self.origin, base)

    def elapsed(self, time: int) -> int:
        """Return the base time from then to a time that is no earlier, in ns, modulo 2**64."""
        return (int(self.rhythm.marks(np.array([time]))[0]) - self.origin.mark) % 2**64

    def factor(self, times: Integers) -> Floats:
        """Return the factors (n,) at times (n,), in ns since the run's start."""
        return self.rhythm.factor(times)

    @property
    def stops(self) -> int:
        return self.rhythm.stops
