"""Who waits for others: what they have in common, and in which order they came.

That stands in their rank, which is in no line meanwhile. Knows nothing of what becomes of them.
"""

import cython
from cython.cimports.datagen.native.decision import Decision
from cython.cimports.datagen.native.draws import mix
from cython.cimports.datagen.native.heaps import Heaps

NOBODY = cython.declare(cython.int, -1)
GATHERING = cython.declare(cython.int, -2)  # in place of a line: who waits for others, with something in common,
ALONE = cython.declare(cython.int, -3)  # or with null


@cython.final  # so that its methods are called directly
@cython.cclass
class Gathering:
    """Finds who has the same in common, by a hash of that."""

    def __init__(self, heads: object, lines: Heaps, decision: Decision) -> None:
        """Take room for who came last, by the hash, the ranks of workers, and what calculates."""
        self.heads, self.lines, self.decision = heads, lines, decision

    def house(self, slots: object) -> None:
        """Take the arrays that have a place for each slot."""
        self.workers = slots.workers

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def wait(
        self, slot: cython.int, state: cython.int, begin: cython.int, end: cython.int, ticket: cython.longlong
    ) -> cython.longlong:
        """Let a worker wait in a state, with what instructions leave; return how many have the same in common."""
        other: cython.int
        count: cython.longlong = 1
        self.lines.rank[slot].first, self.lines.rank[slot].second = 0, ticket
        self.lines.rank[slot].heap = GATHERING
        if begin < end:
            self.decision.machine.run(begin, end, slot, 0)
            if self.decision.machine.holds[0]:
                self.lines.rank[slot].first = self.decision.machine.stack[0]
            else:
                self.lines.rank[slot].heap = ALONE
        self.add(slot, state)
        other = self.lines.rank[slot].place
        while other != NOBODY:
            count += self.has(other, state, self.lines.rank[slot].first, self.lines.rank[slot].heap)
            other = self.lines.rank[other].place
        return count

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def add(self, slot: cython.int, state: cython.int) -> cython.void:
        """Let a worker be the last of those who may have the same in common."""
        head: cython.int = self._head(slot, state)
        self.lines.rank[slot].place = self.heads[head]
        self.heads[head] = slot

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def forget(self, slot: cython.int, state: cython.int) -> cython.void:
        """Let a worker wait for others no longer."""
        head: cython.int = self._head(slot, state)
        other: cython.int = self.heads[head]
        if other == slot:
            self.heads[head] = self.lines.rank[slot].place
        else:
            while self.lines.rank[other].place != slot:
                other = self.lines.rank[other].place
            self.lines.rank[other].place = self.lines.rank[slot].place
        self.lines.rank[slot].heap = NOBODY

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _head(self, slot: cython.int, state: cython.int) -> cython.int:
        """Return where those begin who may have the same in common as a worker."""
        key: cython.ulonglong = cython.cast(cython.ulonglong, self.lines.rank[slot].first)
        mixed: cython.ulonglong = mix(key + cython.cast(cython.ulonglong, state))
        return cython.cast(cython.int, mixed & cython.cast(cython.ulonglong, self.heads.shape[0] - 1))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def has(self, slot: cython.int, state: cython.int, key: cython.longlong, heap: cython.int) -> cython.bint:
        """Return whether a worker who waits for others does so in a state, and has the same in common with them."""
        is_same: cython.bint = self.lines.rank[slot].first == key and self.lines.rank[slot].heap == heap
        return is_same and self.workers[slot].state == state
