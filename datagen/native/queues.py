"""Very many lines of workers, each in the order of two numbers: who is first of those who ask for the same.

A line is a tree in the slots of those who stand in it, a skew heap (D. D. Sleator, R. E. Tarjan, 1986): so lines take
no memory of their own, and anybody can be taken out, wherever it stands.
"""

import cython

NOBODY = cython.declare(cython.int, -1)


@cython.final  # so that its methods are called directly
@cython.cclass
class Queues:
    """Skew heaps; a worker, known by its slot, is in one of them at most."""

    def __init__(self, root: object) -> None:
        """Take room for who is first in each line, (lines,)."""
        self.root = root

    def house(self, post: object) -> None:
        """Take the array that has a place for each slot."""
        self.post = post

    def restore(self, used: cython.int) -> None:
        """Put the workers in the slots that are used into the lines that they stand in."""
        slot: cython.int
        line: cython.int
        for line in range(self.root.shape[0]):
            self.root[line] = NOBODY
        for slot in range(used):
            if self.post[slot].line >= 0:
                self.add(self.post[slot].line, slot, self.post[slot].first, self.post[slot].second)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def add(self, line: cython.int, slot: cython.int, first: cython.longlong, second: cython.longlong) -> cython.void:
        """Put a worker into a line, by two numbers."""
        self.post[slot].first, self.post[slot].second, self.post[slot].line = first, second, line
        self.post[slot].left = self.post[slot].right = NOBODY
        self._put(line, NOBODY, NOBODY, self._merged(self.root[line], slot))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def remove(self, slot: cython.int) -> cython.void:
        """Take a worker out of the line that it is in."""
        line: cython.int = self.post[slot].line
        above: cython.int = self.post[slot].above
        self._put(line, above, slot, self._merged(self.post[slot].left, self.post[slot].right))
        self.post[slot].line = NOBODY

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def is_before(self, slot: cython.int, other: cython.int) -> cython.bint:
        """Return whether one comes before another."""
        if self.post[slot].first != self.post[other].first:
            return self.post[slot].first < self.post[other].first
        return self.post[slot].second < self.post[other].second

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _merged(self, one: cython.int, other: cython.int) -> cython.int:
        """Return the first of two trees made one: their right edges merged, all left and right changed there."""
        first: cython.int = NOBODY
        above: cython.int = NOBODY
        rest: cython.int
        while one != NOBODY and other != NOBODY:
            if self.is_before(other, one):
                one, other = other, one
            rest = self.post[one].right
            self.post[one].right = self.post[one].left
            self.post[one].above = above
            if above == NOBODY:
                first = one
            else:
                self.post[above].left = one
            above, one = one, rest
        one = other if one == NOBODY else one
        if above == NOBODY:
            return one
        self.post[above].left = one
        if one != NOBODY:
            self.post[one].above = above
        return first

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _put(self, line: cython.int, above: cython.int, former: cython.int, slot: cython.int) -> cython.void:
        """Put a tree where another one was, below a worker or at the root."""
        if above == NOBODY:
            self.root[line] = slot
        elif self.post[above].left == former:
            self.post[above].left = slot
        else:
            self.post[above].right = slot
        if slot != NOBODY:
            self.post[slot].above = above
