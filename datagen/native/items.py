"""States that do what they do for each item of a list: how many there are, and which one a worker has come to.

Sits between the walk and what calculates, which keeps both numbers of each worker; knows nothing of what the items are.
"""

import cython
from cython.cimports.datagen.native.machine import Machine

from datagen.native.fitting import check_items


@cython.final  # so that its methods are called directly
@cython.cclass
class Items:
    """Counts the items that workers go through."""

    def __init__(self, programs: object, machine: Machine) -> None:
        """Take where the instructions for how many there are begin and end, and what calculates.

        Raises ValueError when they don't fit together.
        """
        check_items(programs)
        self.counts, self.machine = programs.items, machine
        self.index, self.left = programs.item[0], programs.item[1]
        self.used = self.left >= 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def are_in(self, state: cython.int) -> cython.bint:
        """Return whether a state does what it does for each of some items."""
        return self.counts[state, 0] < self.counts[state, 1]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def are_left(self, slot: cython.int) -> cython.bint:
        """Return whether a worker has come to an item of its state, and is not through with all."""
        return self.used and self.machine.known[slot, self.left] > 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def begin(self, slot: cython.int, state: cython.int) -> cython.bint:
        """Let a worker begin with the first item of a state; return whether there is one."""
        count: cython.longlong = 0
        self.machine.run(self.counts[state, 0], self.counts[state, 1], slot, 0)
        if self.machine.holds[0]:
            count = self.machine.stack[0]
        self.machine.known[slot, self.left], self.machine.known[slot, self.index] = count, 0
        self.machine.has[slot, self.index] = count > 0
        return count > 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def go_on(self, slot: cython.int) -> cython.bint:
        """Let a worker be through with an item, if it had one, and go on with the next; return whether there is one."""
        if not self.are_left(slot):
            return False
        self.machine.known[slot, self.left] -= 1
        if self.machine.known[slot, self.left] == 0:
            return False
        self.machine.known[slot, self.index] += 1
        return True
