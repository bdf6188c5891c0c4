"""Resources that are the rows of a table: which of them are free, since when, and who gets which.

A request says what a row is to have. Those that look for the same columns, and as many places, share an index: the rows
in groups that have the same there, those that are free of each in the order since when they are. So nobody looks
through rows. Knows nothing of events: who has got a row is told to whoever asks.
"""

import cython
import numpy as np
from cython.cimports.datagen.native.decision import Decision
from cython.cimports.datagen.native.fleet import Index, Link, Part
from cython.cimports.datagen.native.queues import Queues

from datagen.native.fitting import check, check_within

NOBODY = cython.declare(cython.int, -1)
NOWHERE = cython.declare(cython.int, -2)  # the line of who asks for what no row has; of a link, it is in no list
WHOLE = cython.declare(cython.int, 1)  # what the instructions of a part leave, but for the place itself
REAL = cython.declare(cython.int, 2)
NOW = cython.declare(cython.int, 6)  # as in the machine
OF_ROW = cython.declare(cython.int, 7)


@cython.final  # so that its methods are called directly
@cython.cclass
class Fleet:
    """Hands out rows to workers, in their order."""

    def __init__(self, tables: object, decision: Decision) -> None:
        """Take tables, which ``engine.fleet`` has made, and what calculates; raises ValueError if they don't fit."""
        self.used = len(tables.row) > 0
        self.decision = decision
        self.rows, self.kept, self.programs, self.always = tables.rows, tables.kept, tables.programs, tables.always
        self.recalls = tables.recalls
        self.indexes, self.index, self.wanted = tables.indexes, tables.index, tables.wanted
        self.parts, self.part, self.keys = tables.parts, tables.part, tables.keys
        self.numbers, self.reals = tables.numbers, tables.numbers.view("float64")
        self.members, self.begins, self.group = tables.members, tables.begins, tables.group
        self.row, self.link, self.head, self.tail = tables.row, tables.link, tables.head, tables.tail
        self.seen, self.version, self.free, self.waiting = tables.seen, tables.version, tables.free, tables.waiting
        self.queues = Queues(tables.roots)
        self.served = self.last = NOBODY
        for array, size in (
            (tables.kept, len(tables.free)),
            (tables.programs, len(tables.free)),
            (tables.recalls, len(tables.free)),
            (tables.wanted, len(tables.parts) - 1),
            (tables.members, tables.begins[len(tables.begins) - 1]),
            (tables.group, len(tables.link)),
            (tables.roots, len(tables.head)),
            (tables.begins, len(tables.head) + 1),
        ):
            check(len(array), size)
        check_within(tables.members, 0, max(len(tables.row), 1))
        check_within(tables.group, -1, len(tables.head))
        check_within(tables.wanted, -1, len(tables.index))
        self.restore(0, len(tables.row), np.argsort(tables.row["since"]))

    def house(self, slots: object) -> None:
        """Take the arrays that have a place for each slot; raises ValueError when they don't fit."""
        for array in (slots.post, slots.wants):
            check(len(array), len(slots.workers) if self.used else 0)
        self.queues.house(slots.post)
        self.held, self.wants = slots.held, slots.wants

    def restore(self, used: cython.int, changes: cython.longlong, order: object) -> None:
        """Go on with rows as they are, in the order since when, and with the workers in the slots that are used."""
        resource: cython.int
        row: cython.int
        at: cython.Py_ssize_t
        rows: cython.longlong[::1] = order
        self.changes = changes
        self.queues.restore(used if self.used else 0)
        for at in range(self.link.shape[0]):
            self.link[at].before = NOWHERE
        for at in range(self.head.shape[0]):
            self.head[at] = self.tail[at] = NOBODY
            self.seen[at] = -1
        for resource in range(self.free.shape[0]):
            if not self.has(resource):
                continue
            self.free[resource] = 0
            for at in range(rows.shape[0]):
                row = cython.cast(cython.int, rows[at])
                if self.rows[resource] <= row and row < self.rows[resource + 1] and self.row[row].is_open:
                    self.free[resource] += self.row[row].places
                    self._link(resource, row)

    def look(self, resource: cython.int, now: cython.longlong) -> None:
        """Read which rows of a resource are available, one after the other; what has become so is handed out."""
        row: cython.int
        group: cython.Py_ssize_t
        for row in range(self.rows[resource], self.rows[resource + 1]):
            self._look(resource, row, now)
        for index in range(self.indexes[resource], self.indexes[resource + 1]):
            for group in range(self.index[index].group, self.index[index].group + self.index[index].count):
                self.seen[group] = self.version[resource]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def has(self, resource: cython.int) -> cython.bint:
        """Return whether a resource is one of rows."""
        return self.kept[resource] >= 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def bear(self, slot: cython.int) -> cython.void:
        """Let a newborn wait for no row."""
        self.queues.post[slot].line = NOBODY

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def ask(
        self,
        slot: cython.int,
        resource: cython.int,
        request: cython.int,
        first: cython.longlong,
        ticket: cython.longlong,
        now: cython.longlong,
    ) -> cython.void:
        """Let a worker wait for a row, or have the one of those that match that has been free longest."""
        row: cython.int
        group: cython.int = self._group_of(slot, request)
        self.wants[slot] = self.index[self.wanted[request]].units
        self.waiting[resource] += 1
        if group == NOBODY:
            self.queues.post[slot].first, self.queues.post[slot].second = first, ticket
            self.queues.post[slot].line = NOWHERE
            return
        self.queues.add(group, slot, first, ticket)
        self._refresh(resource, group, now)
        row = self.head[group]
        if row != NOBODY and self.queues.post[slot].line != NOBODY:
            self._hand_out(resource, row, slot)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def give(self, slot: cython.int, resource: cython.int, now: cython.longlong) -> cython.void:
        """Take back the places that a worker has of a row, and hand them on if it is available."""
        kept: cython.int = self.kept[resource]
        row: cython.int = self.rows[resource] - 1 + cython.cast(cython.int, self.decision.machine.known[slot, kept])
        self._unlink(resource, row)
        self.row[row].places += self.held[slot, resource]
        if self.row[row].is_open:
            self.free[resource] += self.held[slot, resource]
        self.held[slot, resource] = 0
        self.decision.machine.known[slot, kept] = 0
        self.changes += 1
        self.row[row].since = self.changes
        if self.row[row].is_open:
            self._link(resource, row)
        self._look(resource, row, now)
        self._offer(resource, row)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def withdraw(self, slot: cython.int, resource: cython.int) -> cython.void:
        """Let a worker wait no longer."""
        if self.queues.post[slot].line >= 0:
            self.queues.remove(slot)
        self.queues.post[slot].line = NOBODY
        self.waiting[resource] -= 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def take_served(self) -> cython.int:
        """Return who has got a row first, and is not told of yet; NOBODY without any."""
        slot: cython.int = self.served
        if slot != NOBODY:
            self.served = self.queues.post[slot].right
        return slot

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _group_of(self, slot: cython.int, request: cython.int) -> cython.int:
        """Return the group of rows that have what a worker asks for; NOBODY where no row has."""
        index: cython.pointer(Index) = cython.address(self.index[self.wanted[request]])
        at: cython.int
        key: cython.longlong = 0
        place: cython.longlong
        low: cython.longlong = index.keys
        high: cython.longlong = index.keys + index.count
        middle: cython.longlong
        for at in range(self.parts[request], self.parts[request + 1]):
            self.decision.machine.run(self.part[at].begin, self.part[at].end, slot, 0)
            place = self._place(cython.address(self.part[at])) if self.decision.machine.holds[0] else -1
            if place < 0:
                return NOBODY
            key = key * self.part[at].count + place
        while low < high:
            middle = (low + high) >> 1
            if self.keys[middle] < key:
                low = middle + 1
            else:
                high = middle
        if low == index.keys + index.count or self.keys[low] != key:
            return NOBODY
        return index.group + cython.cast(cython.int, low - index.keys)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _place(self, part: cython.pointer(Part)) -> cython.longlong:
        """Return the place of a value, just calculated, among those of a column; -1 where it is none of them."""
        low: cython.longlong = part.values
        high: cython.longlong = part.values + part.count
        middle: cython.longlong
        if part.kind == WHOLE:
            while low < high:
                middle = (low + high) >> 1
                if self.numbers[middle] < self.decision.machine.stack[0]:
                    low = middle + 1
                else:
                    high = middle
            if low < part.values + part.count and self.numbers[low] == self.decision.machine.stack[0]:
                return low - part.values
            return -1
        if part.kind != REAL:
            return self.decision.machine.stack[0]
        while low < high:
            middle = (low + high) >> 1
            if self.reals[middle] < self.decision.machine.reals[0]:
                low = middle + 1
            else:
                high = middle
        if low < part.values + part.count and self.reals[low] == self.decision.machine.reals[0]:
            return low - part.values
        return -1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _refresh(self, resource: cython.int, group: cython.int, now: cython.longlong) -> cython.void:
        """Read which rows of a group are available, unless nothing can have changed since that was read."""
        at: cython.int
        row: cython.int
        if self.programs[resource, 0] == self.programs[resource, 1]:
            return
        if not self.always[resource] and self.seen[group] == self.version[resource]:
            return
        for at in range(self.begins[group], self.begins[group + 1]):
            row = self.members[at]
            if self.row[row].places > 0:
                self._look(resource, row, now)
        self.seen[group] = self.version[resource]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _look(self, resource: cython.int, row: cython.int, now: cython.longlong) -> cython.void:
        """Read whether a row is available; one that has become so is handed out."""
        is_open: cython.bint
        begin: cython.int = self.programs[resource, 0]
        end: cython.int = self.programs[resource, 1]
        if begin == end:
            return
        self.decision.facts[NOW], self.decision.facts[OF_ROW] = now, row - self.rows[resource] + 1
        self.decision.machine.run(begin, end, 0, 0)
        is_open = self.decision.machine.is_true()
        if is_open == self.row[row].is_open:
            return
        self.row[row].is_open = is_open
        if not is_open:
            self.free[resource] -= self.row[row].places
            self._unlink(resource, row)
            return
        self.changes += 1
        self.row[row].since = self.changes
        self.free[resource] += self.row[row].places
        self._link(resource, row)
        self._offer(resource, row)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _offer(self, resource: cython.int, row: cython.int) -> cython.void:
        """Give the free places of a row to those who are first of all whom it fits."""
        index: cython.int
        group: cython.int
        slot: cython.int
        first: cython.int
        while True:
            first = NOBODY
            for index in range(self.indexes[resource], self.indexes[resource + 1]):
                if self.link[self.index[index].links + row - self.rows[resource]].before == NOWHERE:
                    continue  # it is not free, or has too few places
                group = self.group[self.index[index].links + row - self.rows[resource]]
                slot = self.queues.root[group]
                if slot != NOBODY and (first == NOBODY or self.queues.is_before(slot, first)):
                    first = slot
            if first == NOBODY:
                return
            self._hand_out(resource, row, first)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _hand_out(self, resource: cython.int, row: cython.int, slot: cython.int) -> cython.void:
        """Give places of a row, as many as it waits for, to a worker in line."""
        self.queues.remove(slot)
        self.waiting[resource] -= 1
        self._unlink(resource, row)
        self.row[row].places -= self.wants[slot]
        self.free[resource] -= self.wants[slot]
        self.changes += 1
        self.row[row].since = self.changes
        self._link(resource, row)
        self.held[slot, resource] = cython.cast(cython.int, self.wants[slot])
        self.decision.machine.known[slot, self.kept[resource]] = row - self.rows[resource] + 1
        self.queues.post[slot].right = NOBODY
        if self.served == NOBODY:
            self.served = slot
        else:
            self.queues.post[self.last].right = slot
        self.last = slot

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _unlink(self, resource: cython.int, row: cython.int) -> cython.void:
        """Take a row out of all groups of free ones."""
        index: cython.int
        at: cython.longlong
        begin: cython.longlong
        link: cython.pointer(Link)
        group: cython.int
        row -= self.rows[resource]
        for index in range(self.indexes[resource], self.indexes[resource + 1]):
            begin = self.index[index].links
            at = begin + row
            link = cython.address(self.link[at])
            if link.before == NOWHERE:
                continue
            group = self.group[at]
            if link.before == NOBODY:
                self.head[group] = link.behind
            else:
                self.link[begin + link.before - self.rows[resource]].behind = link.behind
            if link.behind == NOBODY:
                self.tail[group] = link.before
            else:
                self.link[begin + link.behind - self.rows[resource]].before = link.before
            link.before = NOWHERE

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _link(self, resource: cython.int, row: cython.int) -> cython.void:
        """Put a row that is available behind all free ones of its groups, where it has enough places."""
        index: cython.int
        at: cython.longlong
        group: cython.int
        for index in range(self.indexes[resource], self.indexes[resource + 1]):
            at = self.index[index].links + row - self.rows[resource]
            group = self.group[at]
            if group == NOBODY or self.row[row].places < self.index[index].units:
                continue
            self.link[at].before, self.link[at].behind = self.tail[group], NOBODY
            if self.tail[group] == NOBODY:
                self.head[group] = row
            else:
                self.link[self.index[index].links + self.tail[group] - self.rows[resource]].behind = row
            self.tail[group] = row
