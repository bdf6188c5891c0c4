"""The sources of arrivals: whose worker comes next, and when, under the limits of each crowd and of each source.

A crowd is the workers of one population. Owns the counts of workers alive; knows nothing of slots, states and draws.
When a source's workers come due is computed elsewhere, many times in advance.
"""

import cython
from cython.cimports.datagen.native.rhythm import Rhythm
from cython.cimports.datagen.native.sources import Crowd

from datagen.native.fitting import check_within

NEVER = cython.declare(cython.longlong, 1 << 62)  # ns, as in datagen.clock
NOBODY = cython.declare(cython.int, -1)
UNBORN = cython.declare(cython.longlong, 1 << 61)  # as in children
CROWD = cython.declare(cython.int, 44)

# What becomes of a worker who comes due when no place is free: ``engine.source`` has the same numbers.
WAITS = cython.declare(cython.int, 0)  # born when one is
DROPPED = cython.declare(cython.int, 1)  # never born
TURNED = cython.declare(cython.int, 2)  # born into another state, outside of the limit


@cython.final  # so that its methods are called directly
@cython.cclass
class Pace:
    """A rhythm that gaps run at, and those of the paces behind it, by their numbers."""

    def __init__(self, rhythm: Rhythm, behind: object) -> None:
        """Take a rhythm, and the pace behind it or None."""
        self.rhythm, self.behind = rhythm, behind

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def reached(self, number: cython.int, time: cython.longlong, span: cython.longlong) -> cython.longlong:
        """Return what the rhythm of a pace says."""
        if number == 0:
            return self.rhythm.reached(time, span)
        return self.behind.reached(number - 1, time, span)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def factor(self, number: cython.int, time: cython.longlong) -> cython.double:
        """Return the factor of the rhythm of a pace."""
        if number == 0:
            return self.rhythm.factor(time)
        return self.behind.factor(number - 1, time)


@cython.final  # so that its methods are called directly
@cython.cclass
class Sources:
    """The next worker of each source, and the first of these."""

    def __init__(self, pace: object) -> None:
        """Take the first of the paces, or None."""
        self.pace = pace
        self.alive = self.outside = self.refused = 0

    def house(self, source: object, times: object, crowd: object) -> None:
        """Take the sources, in order of their crowds and names, room for their times, and the crowds.

        Raises ValueError if they don't fit.
        """
        if len(source) != len(times):
            raise ValueError(f"{len(times)} in place of {len(source)}")
        check_within(source["crowd"], 0, len(crowd))
        self.source, self.times, self.crowd = source, times, crowd

    def note(self, refused_at: object, refused_by: object) -> None:
        """Take room to note who is dropped or turned away; raises ValueError if there is none."""
        if not 0 < len(refused_at) == len(refused_by):
            raise ValueError(f"{len(refused_by)} in place of {len(refused_at)}")
        self.refused_at, self.refused_by, self.refused = refused_at, refused_by, 0

    def limit(self, crowd: cython.int, most: cython.longlong, now: cython.longlong) -> None:
        """Let a crowd have another limit from a time on; who waited for a place comes then at the earliest."""
        if most > self.crowd[crowd].most:
            self.crowd[crowd].opened = max(self.crowd[crowd].opened, now)
        self.crowd[crowd].most = most
        self.choose()

    def restore(self) -> None:
        """Count who is alive anew, and find out who comes next: after each change of a source from outside."""
        place: cython.int
        for place in range(self.crowd.shape[0]):
            self.crowd[place].alive = self.crowd[place].outside = 0
        self.alive = self.outside = 0
        self.ended = self.beyond = NOBODY
        for place in range(self.source.shape[0]):
            if self.source[place].known > self.times.shape[1] or self.source[place].first > self.source[place].number:
                raise ValueError("times of other workers than those that come")
            self.alive += self.source[place].alive
            self.outside += self.source[place].outside
            self.crowd[self.source[place].crowd].alive += self.source[place].alive
            self.crowd[self.source[place].crowd].outside += self.source[place].outside
        self.choose()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def is_full(self, place: cython.int) -> cython.bint:
        """Return whether a limit leaves no place for a worker of a source."""
        crowd: cython.pointer(Crowd) = cython.address(self.crowd[self.source[place].crowd])
        return crowd.alive >= crowd.most or self.source[place].alive >= self.source[place].most

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def choose(self) -> cython.void:
        """Find out who comes next.

        Of those at the same time that is who is of the first crowd, of these who came due first, and then whose
        source's name is first.
        """
        place: cython.int
        due: cython.longlong
        time: cython.longlong
        first: cython.longlong = NEVER
        crowd: cython.int = NOBODY  # of the comer so far
        self.coming, self.comer, self.blocked = NEVER, NOBODY, False
        for place in range(self.source.shape[0]):
            due = time = self.source[place].due
            if self.source[place].when_full == WAITS:
                if self.is_full(place):
                    self.blocked = True
                    continue
                time = max(due, self.crowd[self.source[place].crowd].opened)
            if due < NEVER and (
                time < self.coming or (time == self.coming and due < first and self.source[place].crowd == crowd)
            ):
                self.coming, self.comer, first, crowd = time, place, due, self.source[place].crowd

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def pass_on(self, place: cython.int, birth: cython.longlong) -> cython.void:
        """Go on to the worker of a source who follows the one that came at a time."""
        due: cython.longlong = self.times[place, self.source[place].number - self.source[place].first]
        if self.source[place].counts_from_birth and self.source[place].pace < 0:
            due = min(birth + due, NEVER)
        elif self.source[place].counts_from_birth:
            self.since, self.gap = birth, due
            due = self.pace.reached(self.source[place].pace, birth, due)
            if due < 0:
                self.beyond, due = place, NEVER
        self.source[place].number += 1
        if due >= self.source[place].until or self.source[place].number >= self.source[place].total:
            due = NEVER
        self.source[place].due = due
        self._look_whether_ended(place, birth)
        self.choose()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def refuse(self, place: cython.int) -> cython.void:
        """Note that there was no place for the worker who comes."""
        self.refused_at[self.refused] = self.coming
        self.refused_by[self.refused] = place
        self.refused += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def is_noted_full(self) -> cython.bint:
        """Return whether there is no room to note another who is refused."""
        return self.refused == self.refused_at.shape[0]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def enter(self, place: cython.int, is_outside: cython.bint) -> cython.void:
        """Count in a worker who is born, under the limit or outside of it."""
        crowd: cython.pointer(Crowd) = cython.address(self.crowd[self.source[place].crowd])
        crowd.number += 1
        if is_outside:
            self.outside += 1
            crowd.outside += 1
            self.source[place].outside += 1
        else:
            self.alive += 1
            crowd.alive += 1
            self.source[place].alive += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def leave(self, origin: cython.int, time: cython.longlong) -> cython.void:
        """Count out a worker who stops: of the source ``origin``, or of ``~origin`` if born outside of the limit."""
        crowd: cython.pointer(Crowd) = cython.address(self.crowd[self.source[max(origin, ~origin)].crowd])
        if origin < 0:
            self.outside -= 1
            crowd.outside -= 1
            self.source[~origin].outside -= 1
            self._look_whether_ended(~origin, time)
            return
        self.alive -= 1
        crowd.alive -= 1
        self.source[origin].alive -= 1
        crowd.opened = time
        self._look_whether_ended(origin, time)
        if self.blocked:
            self.choose()

    # Workers of no source, by their numbers.

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def number_of_child(self, number: cython.longlong) -> cython.longlong:
        """Return the number that a child gets at birth, by the one that stands for it before."""
        return self.crowd[(number & ~UNBORN) >> CROWD].number

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def bear_child(self, number: cython.longlong) -> cython.void:
        """Count in a child that is born."""
        self.crowd[number >> CROWD].number += 1
        self.crowd[number >> CROWD].children += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def lose_child(self, number: cython.longlong) -> cython.void:
        """Count out a child that stops."""
        self.crowd[number >> CROWD].children -= 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def fellows(self, number: cython.longlong) -> cython.longlong:
        """Return how many workers are alive of the crowd of one who is born."""
        crowd: cython.pointer(Crowd) = cython.address(self.crowd[number >> CROWD])
        return crowd.alive + crowd.outside + crowd.children

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _look_whether_ended(self, place: cython.int, time: cython.longlong) -> cython.void:
        """Note a source that is awaited when nobody comes of it any more and nobody is left."""
        if (
            self.source[place].awaited
            and self.source[place].due == NEVER
            and self.source[place].alive + self.source[place].outside == 0
        ):
            self.ended, self.ended_at = place, time
