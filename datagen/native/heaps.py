"""Heaps of workers, each in the order of two numbers: who is first in a line, whose patience ends first.

A worker, known by its slot, is in one of the heaps at most. Anybody can be taken out, wherever it stands.
"""

import cython

from datagen.native.fitting import check

NOBODY = cython.declare(cython.int, -1)


@cython.final  # so that its methods are called directly
@cython.cclass
class Heaps:
    """Binary heaps, of which each worker knows its place."""

    def __init__(self, heaps: object) -> None:
        """Take room for the sizes of heaps, (heaps,)."""
        self.size = heaps

    def house(self, rank: object, who: object) -> None:
        """Take the arrays that have a place for each slot; raises ValueError when they don't fit."""
        check(len(rank), len(who))
        check(who.shape[1], len(self.size))
        self.rank, self.who = rank, who

    def restore(self, used: cython.int) -> None:
        """Put the workers in the slots that are used into the heaps that they are in."""
        slot: cython.int
        heap: cython.int
        for heap in range(self.size.shape[0]):
            self.size[heap] = 0
        for slot in range(used):
            heap = self.rank[slot].heap
            if heap >= 0:
                self.add(heap, slot, self.rank[slot].first, self.rank[slot].second)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def top(self, heap: cython.int) -> cython.int:
        """Return who is first; NOBODY where nobody is."""
        return self.who[0, heap] if self.size[heap] > 0 else NOBODY

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def add(self, heap: cython.int, slot: cython.int, first: cython.longlong, second: cython.longlong) -> cython.void:
        """Put a worker into a heap, by two numbers."""
        self.rank[slot].first, self.rank[slot].second = first, second
        self.size[heap] += 1
        self._rise(slot, heap, self.size[heap] - 1)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def remove(self, slot: cython.int) -> cython.void:
        """Take a worker out of the heap that it is in, if it is in one."""
        heap: cython.int = self.rank[slot].heap
        place: cython.longlong = self.rank[slot].place
        last: cython.int
        if heap < 0:
            return
        self.rank[slot].heap = NOBODY
        self.size[heap] -= 1
        if place == self.size[heap]:
            return
        last = self.who[self.size[heap], heap]
        if place > 0 and self._is_before(last, self.who[(place - 1) >> 1, heap]):
            self._rise(last, heap, place)
        else:
            self._sink(last, heap, place)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _is_before(self, slot: cython.int, other: cython.int) -> cython.bint:
        """Return whether one comes before another."""
        if self.rank[slot].first != self.rank[other].first:
            return self.rank[slot].first < self.rank[other].first
        return self.rank[slot].second < self.rank[other].second

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _put(self, slot: cython.int, heap: cython.int, place: cython.longlong) -> cython.void:
        self.who[place, heap] = slot
        self.rank[slot].heap, self.rank[slot].place = heap, cython.cast(cython.int, place)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _rise(self, slot: cython.int, heap: cython.int, place: cython.longlong) -> cython.void:
        """Put a worker to a place, or above those there that come after it."""
        while place > 0 and self._is_before(slot, self.who[(place - 1) >> 1, heap]):
            self._put(self.who[(place - 1) >> 1, heap], heap, place)
            place = (place - 1) >> 1
        self._put(slot, heap, place)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _sink(self, slot: cython.int, heap: cython.int, place: cython.longlong) -> cython.void:
        """Put a worker to a place, or below those there that come before it."""
        below: cython.longlong = 2 * place + 1
        while below < self.size[heap]:
            if below + 1 < self.size[heap] and self._is_before(self.who[below + 1, heap], self.who[below, heap]):
                below += 1
            if self._is_before(slot, self.who[below, heap]):
                break
            self._put(self.who[below, heap], heap, place)
            place = below
            below = 2 * place + 1
        self._put(slot, heap, place)
