"""Where a run stands, kept outside of the process, so that the same command continues after a kill.

Two things are kept: a snapshot of the walk, taken now and then, and after every write how many records each target has
acknowledged. Records between the two are made again, for a run is a pure function, and those acknowledged are skipped.
So a snapshot counts only once every target has acknowledged all that was made before it.
"""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from datagen.clock import stopwatch
from datagen.delivery.lane import Lane
from datagen.delivery.sender import Standing
from datagen.delivery.snapshot import pack, unpack
from datagen.delivery.state_store import Damaged, Directory
from datagen.draw import new_seed
from datagen.problems import InvalidInput, Problem, RunFailed

_VERSION = 8
_WORDS = {
    "version": "version of this program",
    "sources": "plug-ins, or files that the spec names",
    "max_workers": "limit of workers",
    "scale": "number of times more workers",
    "end": "number of records or duration, or another end, at which stages released what they held",
    "targets": "targets or formats",
}
_SNAPSHOT_EVERY = 1.0  # seconds
_SHARE = 20  # a snapshot is not taken before this many times the seconds that the last one took


def open_journal(place: str, *, reads: bool = False) -> "Journal":
    """Open what was kept of a run in a directory; who only ``reads`` changes nothing, and needs a run to be there.

    Raises InvalidInput when that can't be.
    """
    journal = Journal(Directory(place, reads=reads), f"state {place}")
    if reads and journal.run is None:
        journal.close()
        raise journal.problem("holds no saved run")
    return journal


class Journal:
    """Where a run stands."""

    def __init__(self, store: Directory, source: str) -> None:
        """Read what an earlier run left.

        Raises InvalidInput when that can't be read.
        """
        self._store = store
        self._source = source
        self._lock = threading.Lock()
        self._lanes: Sequence[Lane] = ()
        self._offered: tuple[bytes, list[int]] | None = None
        self._next = 0.0
        self._went_live = False
        try:
            run = store.load("run")
            self.run: dict[str, Any] | None = None if run is None else json.loads(run)
            if self.run is not None and self.run["version"] != _VERSION:
                raise Damaged(f"run is of another version of this program ({self.run['version']})")
            self._id = new_seed() if self.run is None else self.run["id"]  # of this run alone, and no other's
            acknowledged = store.load("acknowledged", self._id)
            self._targets: list[dict[str, Any]] = [] if acknowledged is None else json.loads(acknowledged)
            snapshot = store.load("snapshot", self._id)
            self.snapshot: dict[str, Any] | None = None if snapshot is None else unpack(snapshot)
            self._check_that_all_is_there()
        except OSError as error:
            store.close()
            raise self.problem(f"can't be read: {error}") from error
        except Damaged as error:
            store.close()
            raise self.problem(f"{error}; begin a new run, with another state") from error

    def _check_that_all_is_there(self) -> None:
        """Raise Damaged when a file was removed or put back, so that the others are not about the same moment."""
        made = [] if self.snapshot is None else [lane["made"] for lane in self.snapshot["lanes"]]
        if made and not self._targets:
            raise Damaged("acknowledged is missing")
        if any(target["records"] < count for target, count in zip(self._targets, made, strict=False)):
            raise Damaged("acknowledged is older than snapshot")

    def problem(self, message: str) -> InvalidInput:
        """Make what says that the state does not fit."""
        return InvalidInput([Problem(message, self._source)])

    def check(self, run: dict[str, Any]) -> None:
        """Compare a run with the one whose state this is, if there is one.

        Raises InvalidInput when it is another.
        """
        known = {"version": _VERSION, **run} if self.run is None else self.run
        changed = [key for key, value in {"version": _VERSION, **run}.items() if known.get(key) != value]
        if changed:
            raise self.problem(
                f"belongs to a different run (different: {', '.join(_WORDS.get(key, key) for key in changed)}); "
                "continue with the command that began it, or give another place for the state"
            )

    def go_live(self) -> None:
        """Take the run from now on as one on the system's clock, whatever clock it was on."""
        if self.run is not None and self.run["clock"] != "system":
            self.run["clock"] = "system"
            self._went_live = True

    @property
    def reached(self) -> int:
        """Return how far every target is, in ns since the start."""
        return min((target["reached"] for target in self._targets), default=0)

    def begin(self, run: dict[str, Any], lanes: Sequence[Lane], asked: Mapping[str, str]) -> None:
        """Keep from now on where these lanes stand, who go on where they were.

        What was ``asked`` in relation to now is kept with the run. Raises InvalidInput when the state is that of
        another run, or can't be kept.
        """
        self.check(run)
        if self.run is None or self._went_live:
            kept = {"version": _VERSION, "id": self._id, "asked": asked, **run} if self.run is None else self.run
            try:
                self._store.save("run", json.dumps(kept).encode())
            except OSError as error:
                raise self.problem(f"can't be kept: {error.strerror or error}") from error
        self._lanes = lanes
        for lane, target in zip(lanes, self._targets, strict=False):
            lane.sender.standing = Standing(**target)
        for lane in lanes:
            lane.sender.acknowledged = self._save

    def counts(self, targets: int) -> list[int]:
        """Return how many records each target had acknowledged."""
        return [target["records"] for target in self._targets] or [0] * targets

    def is_due(self) -> bool:
        """Return whether it is time for a snapshot."""
        with self._lock:
            waits = self._offered is not None
        return not waits and stopwatch() >= self._next

    def offer(self, snapshot: Callable[[], dict[str, Any]]) -> None:
        """Take a snapshot, if it is time, and keep it once all targets have acknowledged what was made before it."""
        if not self.is_due():
            return
        began = stopwatch()
        offered = pack(snapshot()), [lane.encoder.made for lane in self._lanes]
        with self._lock:
            self._offered = offered
        seconds = stopwatch() - began
        self._next = began + max(_SNAPSHOT_EVERY, _SHARE * seconds)

    def close(self) -> None:
        """Let another run use the state."""
        self._store.close()

    def _save(self) -> None:
        with self._lock:
            standings = [lane.sender.standing for lane in self._lanes]
            try:
                self._store.save("acknowledged", json.dumps(list(map(asdict, standings))).encode(), self._id)
                if self._offered is not None:
                    snapshot, made = self._offered
                    if all(standing.records >= count for standing, count in zip(standings, made, strict=True)):
                        self._store.save("snapshot", snapshot, self._id)
                        self._offered = None
            except OSError as error:
                raise RunFailed(f"keeping the {self._source}: {error.strerror or error}") from error
