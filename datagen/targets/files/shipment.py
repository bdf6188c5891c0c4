"""Shipments: whole files that are put into their place together.

How a target writes files that can't be added to. What is in them is the business of the sinks built on it.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from datagen.plugin.formatter import LineWriter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Position, Sink, Undelivered
from datagen.problems import reason
from datagen.targets.files.mark import changed, mark_of_all, marks
from datagen.targets.files.naming import Names
from datagen.targets.files.place import Address, Place
from datagen.targets.files.rotation import Filled, Rotation


@dataclass(frozen=True)
class Series:
    """Files that are numbered: where they are, and when the next ones begin."""

    address: Address
    names: Names
    rotation: Rotation
    append: bool  # keep those of earlier runs


class Shipment(Sink):
    """Makes whole files and puts them into their place together; their records are acknowledged then, all at once.

    The files of one shipment share a number. What a broken-off shipment left is removed when the run goes on.
    """

    _place: Place
    _number: int  # of the last shipment that is complete

    def __init__(self, series: Series, writer: LineWriter, scope: Scope) -> None:
        super().__init__(writer, scope)
        self._series = series
        self._has_begun = False
        self._filled = Filled()
        self._made: list[tuple[str, Any]] = []  # names and contents of files that are not in their place yet
        self._mark = ""  # of the shipment that these are of
        self._marks = ""  # of the shipments of this run that are complete
        self._pending = 0

    @abstractmethod
    def _hold(self, encoded: Encoded) -> None:
        """Add records to the files under way."""

    @abstractmethod
    def _end(self) -> dict[str, Any]:
        """End the files under way; return their contents by path."""

    def _is_full(self) -> bool:
        """Return whether the files under way are to end, whatever the rotation says."""
        return False

    @property
    def pending(self) -> int:
        return self._pending

    def open(self, position: Position) -> None:
        """Go to the place; the first time, remove what comes after the position. Raises OSError or Undelivered."""
        self._place = Place(self._series.address)
        if not self._has_begun:  # else it failed, and all that is pending is still here
            if position is not None:
                self._check(position["files"], position["marks"])
            self._number = self._cleared(position)
            self._has_begun = True

    def _check(self, number: int, kept: str) -> None:
        """Raise Undelivered when the files of a shipment are not what the run has left; ``number`` is the last."""
        names, found = self._series.names, self._place.marks(self._series.names)
        files: dict[int, list[str]] = {}
        there = self._place.find(names)
        for _, shipment, name in there:
            files.setdefault(shipment, []).append(name)
        expected = list(marks(kept))
        for shipment, marked in enumerate(expected, number - len(expected) + 1):
            if mark_of_all((name, found[name]) for name in files.get(shipment, [])) != marked:
                paths = {path for path, _, _ in there}
                path = paths.pop() if len(paths) == 1 else f"{names.folder}…{names.suffix}"
                raise changed(names.name(path, shipment))
        self._marks = kept

    def _cleared(self, position: Position) -> int:
        """Remove the files that come after a position; return the number of the last one that stays."""
        there = self._place.find(self._series.names)
        number = 0 if position is None else int(position["files"])
        if position is None and self._series.append:
            number = max((found for _, found, _ in there), default=0)
        for _, found, name in there:
            if found > number:
                self._place.remove(name)
        return number

    def position(self) -> Position:
        return {"files": self._number, "marks": self._marks}

    def write(self, encoded: Encoded) -> None:
        """Hold records, and send files whenever they are full.

        Raises Undelivered with the number of records that are held or sent.
        """
        done = 0
        try:
            if self._made:
                self.finish()
            while done < len(encoded):
                room = self._series.rotation.room(self._filled, encoded.due, encoded.lines.ends, done)
                if room:
                    self._load(encoded.slice(done, done + room))
                    done += room
                if not room or self._filled.records == self._series.rotation.records or self._is_full():
                    self.finish()
        except (OSError, Undelivered) as error:
            raise Undelivered(reason(error), done, lasting=getattr(error, "lasting", False)) from error

    def _load(self, encoded: Encoded) -> None:
        """Hold records that belong to one shipment."""
        self._hold(encoded)
        self._pending += len(encoded)
        self._filled.add(len(encoded), encoded.lines.size, self._series.rotation.window(int(encoded.due[0])))

    def finish(self) -> None:
        """Put all pending records into their place. Can be called again after a failure.

        Raises OSError or Undelivered.
        """
        if not self._pending:
            return
        if not self._made:
            self._made = [(self._series.names.name(path, self._number + 1), data) for path, data in self._end().items()]
            self._mark = mark_of_all((name, self._place.mark(data)) for name, data in self._made)
            self._filled = Filled()
        while self._made:
            self._place.put(*self._made[0])
            del self._made[0]
        self._number += 1
        self._marks += self._mark
        self._pending = 0

    def close(self) -> None:
        """Keep what is pending: there is nothing to let go of."""
