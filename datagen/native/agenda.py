"""The events to come: of each worker one, in order of (time, worker number).

Owns the order and the records of workers alive, by slot; knows nothing of states, limits and draws.
"""

import cython
from cython.cimports.datagen.native.agenda import fetch_ahead

NEVER = cython.declare(cython.longlong, 1 << 62)  # ns, as in datagen.clock
MOST_SLOTS = cython.declare(cython.longlong, 1 << 31)  # whose numbers have 32 bits
NOBODY = cython.declare(cython.int, -1)
ALL_TIME = cython.declare(cython.int, 62)  # bits: all time is in one day
WIDER = cython.declare(cython.int, 4)  # bits more for a day that is too short
FAR = cython.declare(cython.int, 16)  # so many days ahead what is known of workers is fetched into the cache
NEAR = cython.declare(cython.int, 8)
DAYS_A_MOVE = cython.declare(cython.longlong, 16)  # that may be looked at for each event that is moved


@cython.final  # so that its methods are called directly
@cython.cclass
class Agenda:
    """The next event of each worker.

    The events up to the end of today are in a heap, later ones in a calendar (R. Brown, Calendar queues, 1988): a list
    for each of the next days, and one for all beyond. With some events a day the heap stays tiny: a step takes 68 ns
    with 10,000 workers, where a heap of all takes 120.
    """

    def __init__(self, day: object) -> None:
        """Take room for a calendar, (days,)."""
        self.day = day

    def house(self, slots: object) -> None:
        """Take the arrays that have a place for each slot; raises ValueError when there are more than numbers."""
        if len(slots.workers) >= MOST_SLOTS:
            raise ValueError("more slots than there are numbers for")
        self.workers, self.behind, self.stored = slots.workers, slots.behind, slots.stored
        self.when, self.who = slots.when, slots.who

    def fill(self, used: cython.int) -> None:
        """Take it that workers are in the first slots, so many, and in no others."""
        self.used, self.empty = used, NOBODY

    def schedule(self, shift: cython.int, days: cython.int, is_apart: cython.const[cython.uchar][::1]) -> None:
        """Put the events of all workers into a calendar of so many days, a power of two, each of 2**shift ns.

        Who waits for others has none: its time is NEVER; and some, (slots in use,), are ``apart``, who go before all.
        Raises ValueError when that is of another length, or there is no room for the days.
        """
        if not 0 < days <= self.day.shape[0] or days.bit_count() != 1:
            raise ValueError(f"{days} days are no power of two, or more than {self.day.shape[0]}")
        if len(is_apart) != self.used:
            raise ValueError(f"{len(is_apart)} in place of {self.used}")
        slot: cython.int
        first: cython.longlong = NEVER
        for slot in range(self.used):
            if self.workers[slot].state >= 0 and self.workers[slot].time < first:
                first = self.workers[slot].time
        self.shift, self.days, self.today = shift, days - 1, first >> shift
        self.near = self.far = self.beyond = self.moved = 0
        self.later = NOBODY
        for slot in range(days):
            self.day[slot] = NOBODY
        for slot in range(self.used):
            if self.workers[slot].state >= 0 and self.workers[slot].time < NEVER and not is_apart[slot]:
                self.add(slot)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def has_slot(self) -> cython.bint:
        """Return whether there is an empty slot."""
        return self.empty != NOBODY or self.used < self.workers.shape[0]

    def next_slot(self) -> cython.int:
        """Return the empty slot that is taken next."""
        return self.used if self.empty == NOBODY else self.empty

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def take_slot(self) -> cython.int:
        """Return an empty slot, which is one no longer."""
        slot: cython.int = self.empty
        if slot == NOBODY:
            slot = self.used
            self.used += 1
        else:
            self.empty = self.behind[slot]
        return slot

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def leave_slot(self, slot: cython.int) -> cython.void:
        """Empty the slot of a worker, who has no event."""
        self.workers[slot].state, self.workers[slot].number = NOBODY, NOBODY
        self.behind[slot] = self.empty
        self.empty = slot

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def move(self, slot: cython.int) -> cython.void:
        """Move the first event, that of a worker, to the worker's new time."""
        self.moved += 1
        if self.workers[slot].time >> self.shift <= self.today:
            self._sink(slot)
        else:
            self.take()
            self.add(slot)

    # The heap: each place has four below it, which are neighbours in memory.

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _is_before(self, time: cython.longlong, slot: cython.int, place: cython.longlong) -> cython.bint:
        """Return whether an event comes before the one at a place of the heap."""
        if time != self.when[place]:
            return time < self.when[place]
        return self.workers[slot].number < self.workers[self.who[place]].number

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _sink(self, slot: cython.int) -> cython.void:
        """Put the event of a worker in place of that at the top of the heap."""
        time: cython.longlong = self.workers[slot].time
        place: cython.longlong = 0
        below: cython.longlong = 1
        other: cython.longlong
        while below < self.near:
            for other in range(below + 1, min(below + 4, self.near)):
                if self._is_before(self.when[other], self.who[other], below):
                    below = other
            if self._is_before(time, slot, below):
                break
            self.when[place], self.who[place] = self.when[below], self.who[below]
            place = below
            below = 4 * place + 1
        self.when[place], self.who[place] = time, slot

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def take(self) -> cython.void:
        """Take the event at the top out of the heap."""
        self.near -= 1
        if self.near > 0:
            self._sink(self.who[self.near])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def add(self, slot: cython.int) -> cython.void:
        """Add the event of a worker to the heap, or to the calendar when it is not of today."""
        time: cython.longlong = self.workers[slot].time
        date: cython.longlong = time >> self.shift
        place: cython.longlong
        if date > self.today:
            self.far += 1
            if date - self.today <= self.days:
                self.behind[slot] = self.day[date & self.days]
                self.day[date & self.days] = slot
            else:
                self.beyond += 1
                self.behind[slot] = self.later
                self.later = slot
            return
        place = self.near
        self.near += 1
        while place > 0 and self._is_before(time, slot, (place - 1) >> 2):
            self.when[place], self.who[place] = self.when[(place - 1) >> 2], self.who[(place - 1) >> 2]
            place = (place - 1) >> 2
        self.when[place], self.who[place] = time, slot

    # The calendar.

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def next(self) -> cython.longlong:
        """Return when the next event is, which then stands at the top of the heap; ``NEVER`` without any."""
        slot: cython.int
        while self.near == 0 and self.far > 0:
            if self.far == self.beyond:
                self._begin_year(self._first_beyond())
            else:
                self.today += 1
                if self.today & self.days == 0:
                    self._begin_year(self.today << self.shift)
            slot = self.day[self.today & self.days]
            self.day[self.today & self.days] = NOBODY
            self._fetch()
            self.far -= self._add_all(slot)
        return self.when[0] if self.near > 0 else NEVER

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _begin_year(self, time: cython.longlong) -> cython.void:
        """Go to a day, from which on the calendar has room, and enter the events beyond that are of its days now.

        Days become longer when few events were moved in the year that is over, so that looking through its days, and at
        those beyond, is never most of the work: with a million workers asleep, ten awake would cost 10 ms a step.
        """
        slot: cython.int
        behind: cython.int
        place: cython.Py_ssize_t
        if self.shift < ALL_TIME and self.moved < self.beyond + (self.days + 1) // DAYS_A_MOVE:
            self.shift = min(self.shift + WIDER, ALL_TIME)
            for place in range(self.days + 1):
                slot = self.day[place]
                self.day[place] = NOBODY
                while slot != NOBODY:
                    behind = self.behind[slot]
                    self.behind[slot] = self.later
                    self.later = slot
                    self.beyond += 1
                    slot = behind
        self.today = time >> self.shift
        self.moved = 0
        slot = self.later
        self.later = NOBODY
        self.far -= self.beyond
        self.beyond = 0
        self._add_all(slot)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _add_all(self, slot: cython.int) -> cython.longlong:
        """Add the events of the workers in a list; return how many there are."""
        count: cython.longlong = 0
        behind: cython.int
        while slot != NOBODY:
            behind = self.behind[slot]
            self.add(slot)
            slot = behind
            count += 1
        return count

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _fetch(self) -> cython.void:
        """Let the first worker of a day to come, and the second of one that is nearer, be on the way into the cache.

        Of many workers hardly any is there: to wait for one after the other, as each tells the next, takes 180 ns each.
        """
        slot: cython.int = self.day[(self.today + FAR) & self.days]
        if slot != NOBODY:
            self._fetch_worker(slot)
        slot = self.day[(self.today + NEAR) & self.days]
        if slot != NOBODY and self.behind[slot] != NOBODY:
            self._fetch_worker(self.behind[slot])

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def _fetch_worker(self, slot: cython.int) -> cython.void:
        fetch_ahead(cython.address(self.workers[slot].time))
        fetch_ahead(cython.address(self.workers[slot].origin))  # which may be in the next line
        fetch_ahead(cython.address(self.behind[slot]))
        if self.stored.shape[1] > 0:
            fetch_ahead(cython.address(self.stored[slot, 0]))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _first_beyond(self) -> cython.longlong:
        """Return the first time among the events beyond the days of the calendar."""
        first: cython.longlong = NEVER
        slot: cython.int = self.later
        while slot != NOBODY:
            first = min(first, self.workers[slot].time)
            slot = self.behind[slot]
        return first
